//! Names the content to request from a registry: a host, a repository with an image, and a tag or digest.

use url::Url;

/// The name of the image in the scope if only a repository is known. Google checks the permission on the repository, so
/// that the image need not exist.
const PROBE_IMAGE: &str = "kubectl-gcr-secret-probe";

/// The access that the credential must allow.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Action {
    /// Pull images.
    #[default]
    Pull,
    /// Pull and push images.
    Push,
}

/// The content to request from a registry.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct PullTarget {
    /// `HOST` or `HOST:PORT`.
    pub host: String,
    /// The path of the image without the host, for the scope; `None` if only the credential is checked.
    pub repository: Option<String>,
    /// The tag or digest of the manifest to get; `None` to request no manifest.
    pub reference: Option<String>,
    /// The access that the credential must allow.
    pub action: Action,
}

impl PullTarget {
    /// Asks only whether the host accepts the credential.
    #[must_use]
    pub fn host(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            repository: None,
            reference: None,
            action: Action::Pull,
        }
    }

    /// Asks for access to a path of the host: `PROJECT/REPOSITORY`, `PROJECT` on a `gcr.io` host, or an image below it.
    #[must_use]
    pub fn repository(host: &str, path: &str, action: Action) -> Self {
        let path = path.trim_matches('/');
        if path.is_empty() {
            return Self::host(host);
        }
        let is_domain = |part: &str| part.contains('.');
        // A project `example.com:p` is written as two parts.
        let project_parts = 1 + usize::from(path.split('/').next().is_some_and(is_domain));
        let is_gcr = host == "gcr.io" || host.ends_with(".gcr.io");
        let repository_parts = if is_gcr {
            project_parts
        } else {
            project_parts + 1
        };
        let repository = if path.split('/').count() > repository_parts {
            path.to_owned()
        } else {
            format!("{path}/{PROBE_IMAGE}")
        };
        Self {
            host: host.to_owned(),
            repository: Some(repository),
            reference: None,
            action,
        }
    }

    /// Asks for the manifest of an image too.
    #[must_use]
    pub fn image(host: &str, path: &str, reference: &str) -> Self {
        Self {
            host: host.to_owned(),
            repository: Some(path.to_owned()),
            reference: Some(reference.to_owned()),
            action: Action::Pull,
        }
    }

    /// Returns the scope of the token: `repository:NAME:pull`.
    pub(super) fn scope(&self) -> Option<String> {
        let actions = match self.action {
            Action::Pull => "pull",
            Action::Push => "pull,push",
        };
        let repository = self.repository.as_ref()?;
        Some(format!("repository:{repository}:{actions}"))
    }

    /// Returns a URL below `/v2/`. Plain HTTP is used only for loopback hosts with a port.
    pub(super) fn url(&self, path: &str) -> Option<Url> {
        let is_local = ["localhost:", "127.0.0.1:", "[::1]:"]
            .iter()
            .any(|host| self.host.starts_with(host));
        let scheme = if is_local { "http" } else { "https" };
        let mut url = Url::parse(&format!("{scheme}://{}/", self.host)).ok()?;
        // A host with a path or a user would reach another server.
        if url.path() != "/" || !url.username().is_empty() || url.query().is_some() {
            return None;
        }
        url.set_path(&format!("/v2/{path}"));
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(host: &str, path: &str) -> String {
        PullTarget::repository(host, path, Action::Pull)
            .scope()
            .unwrap()
    }

    #[test]
    fn scope_of_repository_names_an_image() {
        for (host, path, expected) in [
            ("gcr.io", "p", "repository:p/kubectl-gcr-secret-probe:pull"),
            ("gcr.io", "p/app", "repository:p/app:pull"),
            (
                "eu.gcr.io",
                "example.com/p",
                "repository:example.com/p/kubectl-gcr-secret-probe:pull",
            ),
            (
                "us-docker.pkg.dev",
                "p/r/",
                "repository:p/r/kubectl-gcr-secret-probe:pull",
            ),
            (
                "us-docker.pkg.dev",
                "p/r/app/web",
                "repository:p/r/app/web:pull",
            ),
        ] {
            assert_eq!(scope(host, path), expected, "{host}/{path}");
        }
        let push = PullTarget::repository("gcr.io", "p/a", Action::Push);
        assert_eq!(push.scope().as_deref(), Some("repository:p/a:pull,push"));
        assert_eq!(
            PullTarget::repository("gcr.io", "/", Action::Pull),
            PullTarget::host("gcr.io")
        );
    }

    #[test]
    fn url_is_encrypted_except_for_loopback() {
        let url = |host: &str| PullTarget::host(host).url("").map(|it| it.to_string());
        assert_eq!(url("gcr.io").as_deref(), Some("https://gcr.io/v2/"));
        assert_eq!(
            url("127.0.0.1:5000").as_deref(),
            Some("http://127.0.0.1:5000/v2/")
        );
        assert_eq!(
            url("127.0.0.1.example.com").as_deref(),
            Some("https://127.0.0.1.example.com/v2/")
        );
        for host in ["gcr.io/x", "u@gcr.io", "gcr.io?x", ""] {
            assert_eq!(url(host), None, "{host}");
        }
    }
}

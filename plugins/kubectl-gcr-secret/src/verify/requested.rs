//! The content to request from a registry: a host, a repository or an image.

use gcr_core::domain::registry_host::{RegistryHost, RegistryOwner};
use gcr_google::keyring::{ImageName, ImageNameError};
use gcr_google::registry::{Action, PullTarget};
use kubectl_plugin::{UsageError, parse_each};

/// The content to request from a registry, with its name in output lines.
#[derive(Clone, Debug)]
pub(crate) struct Requested {
    /// The name: as much of it as the user gave.
    pub(crate) label: String,
    /// The host and path without tag, by which kubelet looks up credentials; only the host if no path is known.
    pub(crate) repository: String,
    /// The request to the registry.
    pub(crate) target: PullTarget,
}

impl Requested {
    /// Returns what `--registry` and `--image` ask for.
    ///
    /// # Errors
    /// Fails for an invalid host or image, and for hosts that are not Google's unless `allow_any_host`.
    pub(crate) fn of_flags(
        registries: &[String],
        images: &[String],
        allow_any_host: bool,
    ) -> Result<Vec<Self>, UsageError> {
        let mut requested = Vec::new();
        for registry in parse_each::<RegistryHost>(registries)? {
            ensure_allowed(&registry, allow_any_host)?;
            requested.push(Self::of_entry(registry.as_str()));
        }
        for image in images {
            let found =
                Self::of_image(image).map_err(|error| UsageError::new(error.to_string()))?;
            let host: RegistryHost = kubectl_plugin::parse_one(&found.target.host)?;
            ensure_allowed(&host, allow_any_host)?;
            requested.push(found);
        }
        Ok(requested)
    }

    /// Returns what an entry of a Docker config, `HOST` or `HOST/PATH`, is for.
    pub(crate) fn of_entry(name: &str) -> Self {
        let bare = name
            .strip_prefix("https://")
            .or_else(|| name.strip_prefix("http://"))
            .unwrap_or(name);
        let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
        // Docker clients wrote the version of the API into keys.
        let path = match path.trim_end_matches('/') {
            "v1" | "v2" => "",
            path => path,
        };
        let label = if path.is_empty() {
            host.to_owned()
        } else {
            format!("{host}/{path}")
        };
        Self {
            // An entry for a repository ends in a slash, so that it does not match others that begin with the same name.
            repository: if path.is_empty() {
                label.clone()
            } else {
                format!("{label}/")
            },
            target: PullTarget::repository(host, path, Action::Pull),
            label,
        }
    }

    /// Returns an image with its manifest.
    ///
    /// # Errors
    /// Fails for a name that kubelet refuses.
    pub(crate) fn of_image(image: &str) -> Result<Self, ImageNameError> {
        let name = ImageName::parse(image)?;
        let repository = name.repository;
        let (host, path) = repository.split_once('/').unwrap_or((&repository, ""));
        Ok(Self {
            label: image.to_owned(),
            target: PullTarget::image(host, path, name.reference),
            repository,
        })
    }

    /// Returns the repository of an image without its tag.
    ///
    /// # Errors
    /// Fails for a name that kubelet refuses.
    pub(crate) fn of_repository(image: &str) -> Result<Self, ImageNameError> {
        let repository = ImageName::parse(image)?.repository;
        let (host, path) = repository.split_once('/').unwrap_or((&repository, ""));
        Ok(Self {
            label: repository.clone(),
            target: PullTarget::repository(host, path, Action::Pull),
            repository,
        })
    }

    /// Returns whether the request names only a host.
    pub(crate) fn is_host(&self) -> bool {
        self.target.repository.is_none()
    }

    /// Returns whether the host is one of Google's registries.
    pub(crate) fn is_google(&self) -> bool {
        let host: Result<RegistryHost, _> = self.target.host.parse();
        host.is_ok_and(|host| host.owner() != RegistryOwner::Foreign)
    }
}

fn ensure_allowed(host: &RegistryHost, allow_any_host: bool) -> Result<(), UsageError> {
    if allow_any_host || host.owner() != RegistryOwner::Foreign {
        return Ok(());
    }
    Err(UsageError::new(format!(
        "{host} is not a Google registry host; pass --allow-any-host to send it the credential"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_is_read_without_scheme_and_version() {
        for (entry, label, is_host) in [
            ("gcr.io", "gcr.io", true),
            ("https://gcr.io/v2/", "gcr.io", true),
            ("gcr.io/project/", "gcr.io/project", false),
        ] {
            let requested = Requested::of_entry(entry);
            assert_eq!(
                (requested.label.as_str(), requested.is_host()),
                (label, is_host)
            );
        }
    }

    #[test]
    fn repository_ends_in_a_slash_as_its_entry_does() {
        let requested = Requested::of_entry("gcr.io/project/images");
        assert_eq!(requested.label, "gcr.io/project/images");
        assert_eq!(requested.repository, "gcr.io/project/images/");
        assert_eq!(Requested::of_entry("gcr.io").repository, "gcr.io");
    }

    #[test]
    fn foreign_host_needs_its_flag() {
        let foreign = ["registry.example.com".to_owned()];
        assert!(Requested::of_flags(&foreign, &[], false).is_err());
        assert!(Requested::of_flags(&foreign, &[], true).is_ok());
        assert!(Requested::of_flags(&[], &["ubuntu".to_owned()], false).is_err());
    }
}

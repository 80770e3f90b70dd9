//! Names repositories of Artifact Registry, and finds the repository that serves an image path.

use std::fmt;
use std::str::FromStr;

use super::name_error::NameError;
use super::path_segment::segment;
use super::project::ProjectId;

/// The `gcr.io` hosts and the location of the repository of the same name that serves them (gcloud's `upgrade_util`).
const GCR_HOSTS: [(&str, &str); 4] = [
    ("gcr.io", "us"),
    ("us.gcr.io", "us"),
    ("eu.gcr.io", "europe"),
    ("asia.gcr.io", "asia"),
];

/// A location of Artifact Registry: a region such as `europe-west1`, or `us`, `europe` or `asia`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Location(String);

/// A repository of Artifact Registry.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RepositoryName {
    /// The project.
    pub project: ProjectId,
    /// The location.
    pub location: Location,
    /// The ID within project and location; `gcr.io` for the repository behind the host `gcr.io`.
    pub id: String,
}

impl Location {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Location {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        // Google opens regions several times per year, so only the form is checked.
        let is_name = text.starts_with(|it: char| it.is_ascii_lowercase())
            && text.len() <= 63
            && text
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
        if is_name {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::new(
                "location",
                text,
                "it is not a name such as europe-west1",
            ))
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl RepositoryName {
    /// Creates the name of a repository.
    ///
    /// # Errors
    /// Fails if the ID contains a character that is not allowed in one.
    pub fn new(project: ProjectId, location: Location, id: &str) -> Result<Self, NameError> {
        let is_id = id.starts_with(|it: char| it.is_ascii_lowercase())
            && id.len() <= 63
            && id
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b"-.".contains(&it));
        if !is_id {
            let reason =
                "it must have 1 to 63 characters from a-z, 0-9 and '-', and start with a letter";
            return Err(NameError::new("repository ID", id, reason));
        }
        Ok(Self {
            project,
            location,
            id: id.to_owned(),
        })
    }

    /// Returns the repository that serves a path of a registry host: `HOST/PROJECT/REPOSITORY[/IMAGE]` for Artifact
    /// Registry, `HOST/PROJECT[/IMAGE]` for the `gcr.io` hosts. `default_project` stands in for a missing project of a
    /// `gcr.io` host.
    ///
    /// `path` has no leading slash, tag or digest. A project `example.com:p` is written as the two parts `example.com/p`.
    ///
    /// # Errors
    /// Fails for hosts of other registries and for paths that name no repository.
    pub fn of_registry(
        host: &str,
        path: &str,
        default_project: Option<&ProjectId>,
    ) -> Result<Self, NameError> {
        let invalid = |reason| NameError::new("registry", &format!("{host}/{path}"), reason);
        let mut parts = path
            .trim_end_matches('/')
            .split('/')
            .filter(|it| !it.is_empty());
        let project = match parts.next() {
            Some(domain) if domain.contains('.') => {
                let name = parts
                    .next()
                    .ok_or_else(|| invalid("the project is incomplete"))?;
                Some(format!("{domain}:{name}").parse()?)
            }
            Some(name) => Some(name.parse()?),
            None => None,
        };
        if let Some((_, location)) = GCR_HOSTS.iter().find(|(name, _)| *name == host) {
            let project = project
                .or_else(|| default_project.cloned())
                .ok_or_else(|| invalid("it names no project"))?;
            return Self::new(project, location.parse()?, host);
        }
        let location = artifact_registry_location(host).ok_or_else(|| {
            invalid(
                "the host is neither LOCATION-docker.pkg.dev nor a gcr.io host with repositories",
            )
        })?;
        match (project, parts.next()) {
            (Some(project), Some(id)) => Self::new(project, location.parse()?, id),
            _ => Err(invalid(
                "it names no repository; write HOST/PROJECT/REPOSITORY",
            )),
        }
    }

    /// Returns the resource name: `projects/P/locations/L/repositories/R`.
    #[must_use]
    pub fn resource(&self) -> String {
        format!(
            "projects/{}/locations/{}/repositories/{}",
            self.project, self.location, self.id
        )
    }

    /// Returns the resource name with its segments encoded for a URL.
    #[must_use]
    pub fn path(&self) -> String {
        format!(
            "{}/repositories/{}",
            self.location_path(),
            segment(&self.id)
        )
    }

    /// Returns the location's resource name with its segments encoded for a URL.
    #[must_use]
    pub fn location_path(&self) -> String {
        let project = segment(self.project.as_str());
        format!(
            "projects/{project}/locations/{}",
            segment(self.location.as_str())
        )
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.resource())
    }
}

/// Returns the location of `LOCATION-docker.pkg.dev` or `docker.LOCATION.rep.pkg.dev`.
fn artifact_registry_location(host: &str) -> Option<&str> {
    let location = host.strip_suffix("-docker.pkg.dev");
    let regional = || host.strip_prefix("docker.")?.strip_suffix(".rep.pkg.dev");
    location.or_else(regional)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(host: &str, path: &str) -> Result<String, String> {
        RepositoryName::of_registry(host, path, None)
            .map(|name| name.resource())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn repository_of_registry_path_is_found() {
        for (host, path, expected) in [
            ("gcr.io", "p", "projects/p/locations/us/repositories/gcr.io"),
            (
                "gcr.io",
                "p/app/web",
                "projects/p/locations/us/repositories/gcr.io",
            ),
            (
                "us.gcr.io",
                "p",
                "projects/p/locations/us/repositories/us.gcr.io",
            ),
            (
                "eu.gcr.io",
                "p/",
                "projects/p/locations/europe/repositories/eu.gcr.io",
            ),
            (
                "asia.gcr.io",
                "p",
                "projects/p/locations/asia/repositories/asia.gcr.io",
            ),
            (
                "gcr.io",
                "example.com/p/a",
                "projects/example.com:p/locations/us/repositories/gcr.io",
            ),
            (
                "europe-west1-docker.pkg.dev",
                "p/images",
                "projects/p/locations/europe-west1/repositories/images",
            ),
            (
                "us-docker.pkg.dev",
                "p/r/a/b",
                "projects/p/locations/us/repositories/r",
            ),
            (
                "docker.us-east1.rep.pkg.dev",
                "p/r",
                "projects/p/locations/us-east1/repositories/r",
            ),
            (
                "us-docker.pkg.dev",
                "example.com/p/r",
                "projects/example.com:p/locations/us/repositories/r",
            ),
        ] {
            assert_eq!(
                resource(host, path).as_deref(),
                Ok(expected),
                "{host}/{path}"
            );
        }
    }

    #[test]
    fn default_project_stands_in_on_gcr_hosts_only() {
        let project = "p".parse().unwrap();
        let name = RepositoryName::of_registry("gcr.io", "", Some(&project)).unwrap();
        assert_eq!(
            name.resource(),
            "projects/p/locations/us/repositories/gcr.io"
        );
        assert!(RepositoryName::of_registry("us-docker.pkg.dev", "", Some(&project)).is_err());
    }

    #[test]
    fn registry_without_repository_is_an_error() {
        for (host, path, reason) in [
            ("gcr.io", "", "it names no project"),
            (
                "us-docker.pkg.dev",
                "p",
                "it names no repository; write HOST/PROJECT/REPOSITORY",
            ),
            ("gcr.io", "example.com", "the project is incomplete"),
            (
                "mirror.gcr.io",
                "p/r",
                "the host is neither LOCATION-docker.pkg.dev nor a gcr.io host with repositories",
            ),
            (
                "docker.io",
                "p/r",
                "the host is neither LOCATION-docker.pkg.dev nor a gcr.io host with repositories",
            ),
        ] {
            assert_eq!(
                resource(host, path),
                Err(format!("invalid registry \"{host}/{path}\": {reason}"))
            );
        }
        assert!(resource("us-docker.pkg.dev", "p/r$").is_err());
    }

    #[test]
    fn path_encodes_the_colon_of_a_project() {
        let name = RepositoryName::of_registry("gcr.io", "example.com/p", None).unwrap();
        assert_eq!(
            name.path(),
            "projects/example.com%3Ap/locations/us/repositories/gcr.io"
        );
    }
}

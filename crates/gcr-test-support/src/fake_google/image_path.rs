//! Finds the repository that a registry host's path names. Every gcr.io host is served by one repository of that name.

use super::artifact_registry::location_of_gcr_host;
use super::authorization::Resource;

/// An image, without tag or digest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ImagePath {
    pub(super) project: String,
    pub(super) location: String,
    pub(super) repository: String,
    image: String,
}

impl ImagePath {
    /// Parses the name in a path or scope: `P/I` at gcr.io hosts, `P/R/I` elsewhere. A project that belongs to a domain
    /// takes two segments (`example.com/p`).
    ///
    /// # Errors
    /// The number of segments, if it is too small.
    pub(super) fn parse(host: &str, name: &str) -> Result<Self, usize> {
        let count = name.split('/').count();
        let mut segments = name.splitn(2, '/');
        let first = segments.next().unwrap_or_default();
        let rest = segments.next().ok_or(count)?;
        let (project, rest) = if first.contains('.') {
            let (second, rest) = rest.split_once('/').ok_or(count)?;
            (format!("{first}:{second}"), rest)
        } else {
            (first.to_owned(), rest)
        };
        let (location, repository, image) = match location_of_gcr_host(host) {
            Some(location) => (location.to_owned(), host.to_owned(), rest),
            None => {
                let (repository, image) = rest.split_once('/').ok_or(count)?;
                (
                    location_of(host).ok_or(count)?,
                    repository.to_owned(),
                    image,
                )
            }
        };
        Ok(Self {
            project,
            location,
            repository,
            image: image.to_owned(),
        })
    }

    /// Returns the name under which the real registry stores the image. It is the same for all hosts that reach it.
    pub(super) fn stored_name(&self) -> String {
        let project = self.project.replace(':', "/");
        format!(
            "{}/{project}/{}/{}",
            self.location, self.repository, self.image
        )
    }

    pub(super) fn resource(&self) -> Resource {
        Resource::Repository(
            self.project.clone(),
            self.location.clone(),
            self.repository.clone(),
        )
    }
}

/// Returns the location in `LOCATION-docker.pkg.dev` and `docker.LOCATION.rep.pkg.dev`.
fn location_of(host: &str) -> Option<String> {
    let plain = host.strip_suffix("-docker.pkg.dev");
    let regional = || host.strip_prefix("docker.")?.strip_suffix(".rep.pkg.dev");
    plain.or_else(regional).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_at_both_names_of_a_repository_returns_same_stored_name() {
        let old = ImagePath::parse("gcr.io", "p/a/b").unwrap();
        let new = ImagePath::parse("us-docker.pkg.dev", "p/gcr.io/a/b").unwrap();
        assert_eq!(old, new);
        assert_eq!(old.stored_name(), "us/p/gcr.io/a/b");
        let scoped = ImagePath::parse("eu.gcr.io", "example.com/p/a").unwrap();
        assert_eq!(
            (scoped.project.as_str(), scoped.location.as_str()),
            ("example.com:p", "europe")
        );
        let regional = ImagePath::parse("docker.europe-west1.rep.pkg.dev", "p/r/a").unwrap();
        assert_eq!(
            (regional.location.as_str(), regional.repository.as_str()),
            ("europe-west1", "r")
        );
    }

    #[test]
    fn parse_with_too_few_segments_returns_their_number() {
        assert_eq!(ImagePath::parse("gcr.io", "p"), Err(1));
        assert_eq!(ImagePath::parse("us-docker.pkg.dev", "p/r"), Err(2));
    }
}

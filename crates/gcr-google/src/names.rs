//! Validates the names of Google's resources: projects, service accounts, keys, repositories.
//!
//! The rules only keep a name from changing the meaning of a URL or of a printed command. Google decides whether a name is
//! valid otherwise, and its error says why.

mod name_error;
mod path_segment;
mod project;
mod repository;

use std::fmt;
use std::str::FromStr;

pub use name_error::NameError;
pub use path_segment::segment;
pub use project::ProjectId;
pub use repository::{Location, RepositoryName};

/// The email address of a service account: `gcr-pull@my-project.iam.gserviceaccount.com`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ServiceAccountEmail(String);

/// The ID of a service account key, 40 hexadecimal digits.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId(String);

impl ServiceAccountEmail {
    /// Returns the address of the account `id` of a project. For the project `example.com:p`, the domain is
    /// `p.example.com.iam.gserviceaccount.com`.
    ///
    /// # Errors
    /// Fails if `id` is not a valid account ID, and if `project` is a number, which no address contains.
    pub fn of(id: &str, project: &ProjectId) -> Result<Self, NameError> {
        if project.is_number() {
            let reason = "it is a project number, which the address of a service account does not contain; pass the project ID";
            return Err(NameError::new("project ID", project.as_str(), reason));
        }
        let domain = match project.as_str().split_once(':') {
            Some((domain, name)) => format!("{name}.{domain}"),
            None => project.as_str().to_owned(),
        };
        let is_id = (6..=30).contains(&id.len())
            && id.starts_with(|it: char| it.is_ascii_lowercase())
            && !id.ends_with('-')
            && id
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
        if !is_id {
            let reason = "it must have 6 to 30 characters from a-z, 0-9 and '-', start with a letter and not end with '-'";
            return Err(NameError::new("service account", id, reason));
        }
        format!("{id}@{domain}.iam.gserviceaccount.com").parse()
    }

    /// Returns the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the part before the `@`: the account ID.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }

    /// Returns the member of a policy that stands for the account: `serviceAccount:EMAIL`.
    #[must_use]
    pub fn member(&self) -> String {
        format!("serviceAccount:{}", self.0)
    }

    /// Returns whether the domain is one of those that Google reserves for service accounts.
    #[must_use]
    pub fn has_domain_of_google(&self) -> bool {
        self.0.ends_with(".gserviceaccount.com")
    }

    /// Returns the project that an address of the form `ID@PROJECT.iam.gserviceaccount.com` names. Only accounts with such an
    /// address can be created: Google itself creates the others, such as `…@developer.gserviceaccount.com`.
    #[must_use]
    pub fn project(&self) -> Option<ProjectId> {
        let (_, domain) = self.0.split_once('@')?;
        let name = domain.strip_suffix(".iam.gserviceaccount.com")?;
        match name.split_once('.') {
            Some((name, domain)) => format!("{domain}:{name}").parse().ok(),
            None => name.parse().ok(),
        }
    }
}

impl FromStr for ServiceAccountEmail {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let invalid = |reason| Err(NameError::new("service account", text, reason));
        let Some((name, domain)) = text.split_once('@') else {
            return invalid("it is not an email address");
        };
        let is_word = |it: u8| it.is_ascii_alphanumeric() || b"-._".contains(&it);
        if name.is_empty() || !domain.contains('.') || text.len() > 253 {
            return invalid("it is not an email address");
        }
        if !name.bytes().all(is_word) || !domain.bytes().all(is_word) {
            return invalid(
                "it contains a character that is not allowed in the address of an account",
            );
        }
        if name.starts_with('-') {
            return invalid("it starts with '-'");
        }
        Ok(Self(text.to_owned()))
    }
}

impl KeyId {
    /// Returns the ID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_id =
            (1..=64).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_alphanumeric());
        if is_id {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::new(
                "key ID",
                text,
                "it is not a word of letters and digits",
            ))
        }
    }
}

impl fmt::Display for ServiceAccountEmail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_encodes_everything_that_could_end_it() {
        assert_eq!(
            segment("a@b.iam.gserviceaccount.com"),
            "a@b.iam.gserviceaccount.com"
        );
        assert_eq!(segment("example.com:p"), "example.com%3Ap");
        assert_eq!(segment("a/b?c#d%e:f g"), "a%2Fb%3Fc%23d%25e%3Af%20g");
    }

    #[test]
    fn project_id_accepts_domains_and_numbers() {
        for text in ["my-project", "example.com:my-project", "123456789012"] {
            assert_eq!(text.parse::<ProjectId>().unwrap().as_str(), text);
        }
        for text in ["", ":", "a b", "a/b", "A", "a;b", "-a", "x:", "a\u{1b}"] {
            assert!(text.parse::<ProjectId>().is_err(), "{text}");
        }
    }

    #[test]
    fn email_of_domain_scoped_project_swaps_the_parts() {
        for (project, email) in [
            ("my-project", "gcr-pull@my-project.iam.gserviceaccount.com"),
            (
                "example.com:p",
                "gcr-pull@p.example.com.iam.gserviceaccount.com",
            ),
        ] {
            let project: ProjectId = project.parse().unwrap();
            let account = ServiceAccountEmail::of("gcr-pull", &project).unwrap();
            assert_eq!(account.as_str(), email);
            assert_eq!(account.project(), Some(project));
            assert_eq!(account.id(), "gcr-pull");
            assert_eq!(account.member(), format!("serviceAccount:{email}"));
        }
        let other: ServiceAccountEmail = "1-compute@developer.gserviceaccount.com".parse().unwrap();
        assert_eq!(other.project(), None);
        assert!(other.has_domain_of_google());
        for address in ["a@example.com", "a@gserviceaccount.com.example.com"] {
            let other: ServiceAccountEmail = address.parse().unwrap();
            assert!(!other.has_domain_of_google(), "{address}");
        }
    }

    #[test]
    fn project_number_is_in_no_address() {
        let number = "123456789012".parse().unwrap();
        let error = ServiceAccountEmail::of("gcr-pull", &number).unwrap_err();
        assert!(error.to_string().contains("pass the project ID"), "{error}");
    }

    #[test]
    fn invalid_account_is_refused() {
        let project = "p".parse().unwrap();
        for id in [
            "",
            "short",
            "Gcr-pull",
            "1gcr-pull",
            "gcr-pull-",
            &"a".repeat(31),
        ] {
            assert!(ServiceAccountEmail::of(id, &project).is_err(), "{id}");
        }
        for email in [
            "", "x", "@a.b", "a@b", "a@b.c/d", "a b@c.d", "--x@a.b", "a@b@c.d", "$(x)@a.b",
        ] {
            assert!(email.parse::<ServiceAccountEmail>().is_err(), "{email}");
        }
    }
}

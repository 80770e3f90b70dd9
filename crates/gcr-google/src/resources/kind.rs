//! The kinds of Google's objects and their outcomes.

use gcr_core::engine::{ObjectKind, Outcome};

/// An API of a project.
pub const SERVICE: ObjectKind = kind(10, "service", "Service");
/// A repository of Artifact Registry.
pub const REPOSITORY: ObjectKind = kind(20, "repository", "Repository");
/// A service account of IAM. Not called `serviceaccount`, which is an object of Kubernetes.
pub const IAM_ACCOUNT: ObjectKind = kind(30, "iamaccount", "IAMAccount");
/// A role of the service account on a repository.
pub const IAM_BINDING: ObjectKind = kind(40, "iambinding", "IAMBinding");
/// A key of the service account.
pub const KEY: ObjectKind = kind(50, "key", "Key");
/// An access token of the service account.
pub const ACCESS_TOKEN: ObjectKind = kind(51, "accesstoken", "AccessToken");
/// A registry that must accept the credential.
pub const REGISTRY: ObjectKind = kind(60, "registry", "Registry");

/// The API was enabled.
pub const ENABLED: Outcome = Outcome::changed(10, "enabled");
/// The role was granted.
pub const GRANTED: Outcome = Outcome::changed(20, "granted");
/// The token was issued.
pub const ISSUED: Outcome = Outcome::changed(30, "issued");
/// The object did not exist and was created. Equals the outcome of a Secret, so that the summary counts them together.
pub const CREATED: Outcome = Outcome::changed(100, "created");
/// The registry accepts the credential.
pub const VERIFIED: Outcome = Outcome::changed(120, "verified");
/// The key was disabled.
pub const DISABLED: Outcome = Outcome::changed(125, "disabled");
/// The object was deleted. Equals the outcome of a Secret, so that the summary counts them together.
pub const DELETED: Outcome = Outcome::changed(103, "deleted");

const fn kind(rank: u8, singular: &'static str, kind: &'static str) -> ObjectKind {
    ObjectKind {
        rank,
        singular,
        kind,
        unchanged: "unchanged",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_count_together_with_those_of_secrets() {
        assert_eq!(CREATED, gcr_core::resources::secret::CREATED);
        assert_eq!(DELETED, gcr_core::resources::secret_deletion::DELETED);
    }
}

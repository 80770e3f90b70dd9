//! The keys, and what kubectl makes of them.

/// Key file of `puller@example-project.iam.gserviceaccount.com`.
pub const KEY: &str = include_str!("../../../../tests/fixtures/google-keys/key.json");

/// Another key of the same account.
pub const ROTATED_KEY: &str =
    include_str!("../../../../tests/fixtures/google-keys/rotated-key.json");

/// Returns the `auth` that kubectl 1.37.2 writes for [`KEY`] with the user `_json_key` and the password `"$(cat
/// key.json)"`.
pub fn key_auth() -> &'static str {
    include_str!("../../../../tests/fixtures/google-keys/key.auth").trim_end()
}

/// The complete Secret, as JSON, that kubectl 1.37.2 creates from [`KEY`] for `gcr.io`.
pub const KUBECTL_SECRET: &str =
    include_str!("../../../../tests/fixtures/google-keys/docker-registry-secret.json");

/// The account of both keys.
pub const ACCOUNT: &str = "puller@example-project.iam.gserviceaccount.com";

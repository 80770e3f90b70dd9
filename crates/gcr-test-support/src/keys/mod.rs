//! Service account keys that open nothing (see `tests/fixtures/google-keys/README.md`), and what kubectl makes of
//! them. Made by other programs than ours, so that ours can be held against them.

mod canary;

pub use canary::{Canary, canary};

/// A key file: `puller@example-project.iam.gserviceaccount.com`.
pub const KEY: &str = include_str!("../../../../tests/fixtures/google-keys/key.json");

/// Another key of the same account.
pub const ROTATED_KEY: &str =
    include_str!("../../../../tests/fixtures/google-keys/rotated-key.json");

/// The `auth` that kubectl 1.37.2 writes for [`KEY`] given as `"$(cat key.json)"` to the user `_json_key`.
pub fn key_auth() -> &'static str {
    include_str!("../../../../tests/fixtures/google-keys/key.auth").trim_end()
}

/// The whole Secret that kubectl 1.37.2 makes of [`KEY`] for `gcr.io`, as JSON.
pub const KUBECTL_SECRET: &str =
    include_str!("../../../../tests/fixtures/google-keys/docker-registry-secret.json");

/// The account of both keys.
pub const ACCOUNT: &str = "puller@example-project.iam.gserviceaccount.com";

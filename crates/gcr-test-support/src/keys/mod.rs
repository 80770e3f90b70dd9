//! Provides service account keys without access to anything (see `tests/fixtures/google-keys/README.md`) and the Secret
//! that kubectl creates from them. Other programs generated them, so they can verify the plugins' output.

mod canary;
mod fixtures;

pub use canary::{Canary, canary};
pub use fixtures::{ACCOUNT, KEY, KUBECTL_SECRET, ROTATED_KEY, key_auth};

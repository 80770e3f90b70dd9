//! Holds the keyring and the parsers of image names against the code of kubelet and containerd: random Secrets and images,
//! answered by both.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

mod image_names;
mod keyring;
mod questions;

/// Set by `cargo xtask soak`.
const SOAK: &str = "GCR_SOAK";

/// Returns the number of questions: the first, or the second in the long form that `cargo xtask soak` selects.
fn count((short, long): (usize, usize)) -> usize {
    #[expect(
        clippy::disallowed_methods,
        reason = "`cargo xtask soak` chooses the form of the test; the product reads no such variable"
    )]
    let is_long = std::env::var_os(SOAK).is_some();
    if is_long { long } else { short }
}

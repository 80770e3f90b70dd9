//! How long it goes on, and what is told meanwhile.

use std::sync::OnceLock;

/// Set by `cargo xtask soak`.
const SOAK: &str = "GCR_SOAK";

/// Whether this is the long form.
fn is_long() -> bool {
    static LONG: OnceLock<bool> = OnceLock::new();
    *LONG.get_or_init(|| std::env::var_os(SOAK).is_some())
}

/// How many rounds: of the short form, and of the long one.
pub(crate) fn rounds(short: usize, long: usize) -> usize {
    if is_long() { long } else { short }
}

/// Tells whoever watches the long form.
#[expect(clippy::print_stdout, reason = "the figures are what a soak is for")]
pub(crate) fn print_figures(line: &str) {
    if is_long() {
        println!("  {line}");
    }
}

/// The least, the middle and the most of some figures, for a line.
pub(crate) fn min_median_max(mut figures: Vec<usize>) -> String {
    figures.sort_unstable();
    match figures.as_slice() {
        [] => "none".to_owned(),
        all => format!(
            "{} / {} / {}",
            all[0],
            all[all.len() / 2],
            all[all.len() - 1]
        ),
    }
}

//! Chooses the number of rounds and prints figures in the long form.

use std::sync::OnceLock;

/// Set by `cargo xtask soak`.
const SOAK: &str = "GCR_SOAK";

/// Returns whether this is the long form.
pub(crate) fn is_long() -> bool {
    static LONG: OnceLock<bool> = OnceLock::new();
    *LONG.get_or_init(|| std::env::var_os(SOAK).is_some())
}

/// Returns the number of rounds in the short or the long form.
pub(crate) fn rounds(short: usize, long: usize) -> usize {
    if is_long() { long } else { short }
}

/// Prints a line in the long form.
#[expect(clippy::print_stdout, reason = "the long form exists to print figures")]
pub(crate) fn print_figures(line: &str) {
    if is_long() {
        println!("  {line}");
    }
}

/// Formats minimum, median and maximum.
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

//! Formats the summary: the number of objects by outcome. Pure text.

use crate::ledger::Outcome;

/// Formats counts in the order of [`Outcome::ALL`]: `998 created, 2 configured, 0 failed, 0 unknown, 0 not started`. Omits
/// zero counts, except of the last three outcomes.
pub(super) fn line(counts: [u64; Outcome::ALL.len()]) -> String {
    Outcome::ALL
        .into_iter()
        .zip(counts)
        .filter(|(outcome, count)| *count > 0 || !outcome.is_success())
        .map(|(outcome, count)| format!("{count} {}", outcome.as_str()))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn summary_always_contains_unsuccessful_outcomes() {
        assert_eq!(line([0; 8]), "0 failed, 0 unknown, 0 not started");
        assert_eq!(
            line([998, 2, 0, 999, 0, 1, 0, 0]),
            "998 created, 2 configured, 999 patched, 1 failed, 0 unknown, 0 not started"
        );
    }
}

//! Formats the summary: the number of objects by outcome. Pure text.

use crate::engine::Outcome;
use crate::engine::ledger::Counts;

/// Formats counts: `998 created, 2 configured, 0 failed, 0 unknown, 0 not started`. Omits zero counts, except of the last three
/// outcomes.
pub(super) fn line(mut counts: Counts) -> String {
    for outcome in [Outcome::Failed, Outcome::Unknown, Outcome::NotStarted] {
        counts.entry(outcome).or_default();
    }
    counts
        .into_iter()
        .filter(|(outcome, count)| *count > 0 || !outcome.is_success())
        .map(|(outcome, count)| format!("{count} {}", outcome.as_str()))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::secret::{CONFIGURED, CREATED};
    use crate::resources::service_account::PATCHED;

    #[test]
    fn summary_always_contains_unsuccessful_outcomes() {
        assert_eq!(line(Counts::new()), "0 failed, 0 unknown, 0 not started");
        let counts = [
            (PATCHED, 999),
            (Outcome::Failed, 1),
            (CONFIGURED, 2),
            (CREATED, 998),
        ];
        assert_eq!(
            line(counts.into()),
            "998 created, 2 configured, 999 patched, 1 failed, 0 unknown, 0 not started"
        );
    }
}

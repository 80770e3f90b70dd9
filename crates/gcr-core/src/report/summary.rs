//! Formats the summary: the number of objects by outcome. Pure text.

use crate::engine::Outcome;
use crate::engine::ledger::Counts;

/// Formats counts: `998 created, 2 configured, 0 failed, 0 unknown, 0 not started`. Omits zero counts, except of the last three
/// outcomes. `unchanged` is the word for [`Outcome::Unchanged`].
pub(super) fn line(mut counts: Counts, unchanged: &str) -> String {
    for outcome in [Outcome::Failed, Outcome::Unknown, Outcome::NotStarted] {
        counts.entry(outcome).or_default();
    }
    counts
        .into_iter()
        .filter(|(outcome, count)| *count > 0 || !outcome.is_success())
        .map(|(outcome, count)| match outcome {
            Outcome::Unchanged => format!("{count} {unchanged}"),
            outcome => format!("{count} {}", outcome.as_str()),
        })
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
        assert_eq!(
            line(Counts::new(), "unchanged"),
            "0 failed, 0 unknown, 0 not started"
        );
        let counts = [
            (PATCHED, 999),
            (Outcome::Failed, 1),
            (CONFIGURED, 2),
            (CREATED, 998),
        ];
        assert_eq!(
            line(counts.into(), "unchanged"),
            "998 created, 2 configured, 999 patched, 1 failed, 0 unknown, 0 not started"
        );
        assert_eq!(
            line([(Outcome::Unchanged, 2)].into(), "read"),
            "2 read, 0 failed, 0 unknown, 0 not started"
        );
    }
}

//! Compares the clock of a server with that of this machine.
//!
//! A token expires by the clock of its issuer, whatever the clock of this machine says. Each response states the server's time in
//! its `Date` header (RFC 9110 section 6.6.1), to the second.

use jiff::{SignedDuration, Timestamp};

/// The clock of a server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ServerClock {
    /// How far the server's clock is ahead of that of this machine.
    offset: SignedDuration,
}

impl ServerClock {
    /// Returns the clock of a server whose response has this `Date` header; `local` is the time of this machine at which it
    /// was true at the latest. Without a valid date, the clocks count as equal.
    #[must_use]
    pub fn of_date(date: Option<&str>, local: Timestamp) -> Self {
        let date = date.and_then(parse_date);
        let offset = date.map(|date| date.duration_since(local));
        Self {
            offset: offset.unwrap_or_default(),
        }
    }

    /// Returns the server's time at the time `local` of this machine.
    #[must_use]
    pub fn at(&self, local: Timestamp) -> Timestamp {
        local.saturating_add(self.offset).unwrap_or(local)
    }
}

/// Returns the time in a `Date` header.
#[must_use]
pub fn parse_date(date: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(date.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time_at(date: Option<&str>, local: &str, asked: &str) -> String {
        let clock = ServerClock::of_date(date, local.parse().unwrap());
        clock.at(asked.parse().unwrap()).to_string()
    }

    #[test]
    fn date_header_sets_the_clock() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        for (local, expected) in [
            ("1994-11-06T07:49:37Z", "2026-01-01T13:00:00Z"),
            ("1994-11-06T08:50:37Z", "2026-01-01T11:59:00Z"),
        ] {
            assert_eq!(time_at(date, local, "2026-01-01T12:00:00Z"), expected);
        }
    }

    #[test]
    fn missing_or_invalid_date_leaves_the_clock() {
        for date in [None, Some("yesterday"), Some("")] {
            let noon = "2026-01-01T12:00:00Z";
            assert_eq!(time_at(date, "1994-11-06T08:50:37Z", noon), noon);
        }
    }
}

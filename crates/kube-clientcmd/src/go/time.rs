//! Parses times like Go's `time.Parse(time.RFC3339, …)`, with which client-go reads an exec plugin's `expirationTimestamp`
//! (apimachinery `meta/v1/time.go`).
//!
//! The format is RFC 3339 with Go's deviations. Go also accepts one digit for the hour, a comma before the fraction, and an
//! offset of up to 24 hours and 60 minutes. It accepts no leap second, no lower-case letters, and only `T` between date and
//! time.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// Parses a time; `None` if it is invalid. Returns [`Timestamp::MAX`] for later times, because some programs use the end of
/// the year 9999 for "never".
pub fn parse(text: &str) -> Option<Timestamp> {
    let mut rest = text;
    let year = digits(&mut rest, 4)?;
    let month = digits(after(&mut rest, '-')?, 2)?;
    let day = digits(after(&mut rest, '-')?, 2)?;
    let hour_at = after(&mut rest, 'T')?;
    let hour = digits(hour_at, 2).or_else(|| digits(hour_at, 1))?;
    let minute = digits(after(&mut rest, ':')?, 2)?;
    let second = digits(after(&mut rest, ':')?, 2)?;
    let nanosecond = fraction(&mut rest);
    let offset = offset(&mut rest)?;
    if !rest.is_empty() || second > 59 {
        return None;
    }
    let small = |number: i32| i8::try_from(number).ok();
    let civil = DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        nanosecond,
    );
    let civil = civil.ok()?;
    // The last days of the year 9999 are later than `Timestamp::MAX`.
    let time = Offset::UTC
        .to_timestamp(civil)
        .and_then(|time| time.checked_sub(offset));
    Some(time.unwrap_or(Timestamp::MAX))
}

/// Takes exactly `count` digits from `rest`.
fn digits(rest: &mut &str, count: usize) -> Option<i32> {
    let (digits, left) = rest.split_at_checked(count)?;
    if !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    *rest = left;
    digits.parse().ok()
}

/// Takes `separator` from `rest`.
fn after<'a, 'b>(rest: &'a mut &'b str, separator: char) -> Option<&'a mut &'b str> {
    *rest = rest.strip_prefix(separator)?;
    Some(rest)
}

/// Takes a fraction of a second from `rest` and returns it in nanoseconds, rounded down. Takes nothing if no digit follows the
/// point or comma.
fn fraction(rest: &mut &str) -> i32 {
    let Some(digits) = rest.strip_prefix(['.', ',']) else {
        return 0;
    };
    let end = digits
        .find(|it: char| !it.is_ascii_digit())
        .unwrap_or(digits.len());
    if end == 0 {
        return 0;
    }
    *rest = &digits[end..];
    let nanoseconds = format!("{:0<9}", &digits[..end.min(9)]);
    nanoseconds.parse().unwrap_or_default()
}

/// Takes the offset from UTC from `rest`.
fn offset(rest: &mut &str) -> Option<SignedDuration> {
    if let Some(left) = rest.strip_prefix('Z') {
        *rest = left;
        return Some(SignedDuration::ZERO);
    }
    let (sign, left) = match rest.split_at_checked(1)? {
        ("+", left) => (1, left),
        ("-", left) => (-1, left),
        _ => return None,
    };
    *rest = left;
    let hours = digits(rest, 2).filter(|it| *it <= 24)?;
    let minutes = digits(after(rest, ':')?, 2).filter(|it| *it <= 60)?;
    let seconds = i64::from(hours * 3600 + minutes * 60);
    Some(SignedDuration::from_secs(sign * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<String> {
        parse(text).map(|time| time.to_string())
    }

    // The results of kubectl 1.37.2.

    #[test]
    fn parse_with_time_that_go_accepts_succeeds() {
        for (text, time) in [
            ("2099-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
            ("2099-01-01T00:00:00.5Z", "2099-01-01T00:00:00.5Z"),
            ("2099-01-01T00:00:00,25Z", "2099-01-01T00:00:00.25Z"),
            (
                "2099-01-01T00:00:00.1234567891Z",
                "2099-01-01T00:00:00.123456789Z",
            ),
            ("2099-01-01T1:00:00Z", "2099-01-01T01:00:00Z"),
            ("2099-01-01T00:00:00+01:00", "2098-12-31T23:00:00Z"),
            ("2099-01-01T00:00:00-24:60", "2099-01-02T01:00:00Z"),
            ("0000-01-01T00:00:00+24:60", "-000001-12-30T23:00:00Z"),
        ] {
            assert_eq!(at(text).as_deref(), Some(time), "{text}");
        }
    }

    #[test]
    fn parse_with_time_beyond_range_returns_max() {
        for never in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9-23:00"] {
            assert_eq!(parse(never), Some(Timestamp::MAX), "{never}");
        }
    }

    #[test]
    fn parse_with_time_that_go_rejects_fails() {
        for text in [
            "",
            "tomorrow",
            " 2099-01-01T00:00:00Z",
            "2099-01-01 00:00:00Z",
            "2099-01-01t00:00:00Z",
            "2099-01-01_00:00:00Z",
            "20990101T000000Z",
            "2099-1-1T00:00:00Z",
            "2099-02-29T00:00:00Z",
            "2099-01-01T00:00Z",
            "2099-01-01T24:00:00Z",
            "2099-01-01T00:00:60Z",
            "2099-01-01T00:00:00",
            "2099-01-01T00:00:00z",
            "2099-01-01T00:00:00.Z",
            "2099-01-01T00:00:00+01",
            "2099-01-01T00:00:00+0100",
            "2099-01-01T00:00:00+25:00",
            "2099-01-01T00:00:00+01:00:00",
            "2099-01-01T00:00:00Z[UTC]",
            "+002099-01-01T00:00:00Z",
            "2099-01-01T00:00:00é",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}

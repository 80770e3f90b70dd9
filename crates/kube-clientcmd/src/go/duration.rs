//! Parses durations in Go's format, which kubectl uses.

use std::time::Duration;

use super::quote::go_quoted;

/// Parses a duration such as `300ms`, `1.5h`, `2h45m` or `0` like Go's `time.ParseDuration`. Returns `None` for invalid text,
/// and for negative durations.
pub fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    if text.is_empty() {
        return None;
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, tail) = rest.split_at(number);
        let unit = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        if !digits.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let value: f64 = digits.parse().ok()?;
        total = total.checked_add(Duration::try_from_secs_f64(value * seconds).ok()?)?;
        rest = tail;
    }
    // Go's durations are limited to 2^63 - 1 nanoseconds, about 292 years.
    (total.as_nanos() <= i64::MAX as u128).then_some(total)
}

/// Returns Go's message for a text that [`parse`] rejects.
pub fn parse_error(text: &str) -> String {
    let quoted = go_quoted(text.as_bytes());
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let is_number = text.len() > unit.len() && text.starts_with(|c: char| c.is_ascii_digit());
    let unit_end = unit
        .find(|c: char| c.is_ascii_digit() || c == '.')
        .unwrap_or(unit.len());
    match &unit[..unit_end] {
        "" if is_number => format!("time: missing unit in duration {quoted}"),
        "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h" => {
            format!("time: invalid duration {quoted}")
        }
        unit if is_number => format!(
            "time: unknown unit {} in duration {quoted}",
            go_quoted(unit.as_bytes())
        ),
        _ => format!("time: invalid duration {quoted}"),
    }
}

/// Parses the value of `--request-timeout`: a duration, or a bare number of seconds (client-go `clientcmd/helpers.go`,
/// `ParseTimeout`).
pub fn parse_timeout(text: &str) -> Option<Duration> {
    text.parse()
        .map(Duration::from_secs)
        .ok()
        .or_else(|| parse(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_error_returns_message_of_go() {
        assert_eq!(parse_error("x"), "time: invalid duration \"x\"");
        assert_eq!(parse_error(""), "time: invalid duration \"\"");
        assert_eq!(parse_error("30"), "time: missing unit in duration \"30\"");
        assert_eq!(
            parse_error("30y"),
            "time: unknown unit \"y\" in duration \"30y\""
        );
    }

    #[test]
    fn parse_with_duration_that_go_accepts_succeeds() {
        assert_eq!(parse("300ms"), Some(Duration::from_millis(300)));
        assert_eq!(parse("1.5h"), Some(Duration::from_secs(5400)));
        assert_eq!(parse("2h45m"), Some(Duration::from_secs(9900)));
        assert_eq!(parse(".5s"), Some(Duration::from_millis(500)));
        assert_eq!(parse("0"), Some(Duration::ZERO));
    }

    #[test]
    fn parse_with_text_that_go_rejects_returns_none() {
        for text in [
            "",
            "10",
            "s",
            ".s",
            "1x",
            "-1s",
            "1s ",
            "1.2.3s",
            "99999999999999999999h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn parse_timeout_with_bare_number_returns_seconds() {
        assert_eq!(parse_timeout("7"), Some(Duration::from_secs(7)));
        assert_eq!(parse_timeout("7m"), Some(Duration::from_secs(420)));
        assert_eq!(parse_timeout("seven"), None);
    }
}

//! Durations as Go, and so kubectl, writes them.

use std::time::Duration;

use super::go_quote::go_quoted;

/// Reads `300ms`, `1.5h`, `2h45m`, `0`: Go's `time.ParseDuration`, without negative values.
/// `None` for anything else.
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
    // Go counts nanoseconds in 64 bits: 292 years.
    (total.as_nanos() <= i64::MAX as u128).then_some(total)
}

/// What Go says of a text that [`parse`] refuses.
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

/// Reads `--request-timeout`: a duration, or a bare number of seconds (client-go `clientcmd/helpers.go`,
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
    fn complains_as_go_does() {
        assert_eq!(parse_error("x"), "time: invalid duration \"x\"");
        assert_eq!(parse_error(""), "time: invalid duration \"\"");
        assert_eq!(parse_error("30"), "time: missing unit in duration \"30\"");
        assert_eq!(
            parse_error("30y"),
            "time: unknown unit \"y\" in duration \"30y\""
        );
    }

    #[test]
    fn reads_what_go_reads() {
        assert_eq!(parse("300ms"), Some(Duration::from_millis(300)));
        assert_eq!(parse("1.5h"), Some(Duration::from_secs(5400)));
        assert_eq!(parse("2h45m"), Some(Duration::from_secs(9900)));
        assert_eq!(parse(".5s"), Some(Duration::from_millis(500)));
        assert_eq!(parse("0"), Some(Duration::ZERO));
    }

    #[test]
    fn refuses_what_go_refuses() {
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
    fn a_bare_number_is_seconds_for_a_timeout() {
        assert_eq!(parse_timeout("7"), Some(Duration::from_secs(7)));
        assert_eq!(parse_timeout("7m"), Some(Duration::from_secs(420)));
        assert_eq!(parse_timeout("seven"), None);
    }
}

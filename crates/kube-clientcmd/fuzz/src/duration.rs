//! Checks the parser of Go durations: parsed values survive formatting and parsing, and errors are a single line.

use std::time::Duration;

use kube_clientcmd::go::duration::{parse, parse_error, parse_timeout};

/// The number of seconds from which the parser's `f64` is no longer exact.
const EXACT: u64 = 1 << 52;
const NANOSECOND: Duration = Duration::from_nanos(1);

/// Parses the input as a duration, and checks the result.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let Some(duration) = parse(text) else {
        let message = parse_error(text);
        assert!(message.starts_with("time: "), "{message}");
        assert!(!message.contains(char::is_control), "{message:?}");
        return;
    };
    assert_eq!(parse_timeout(text), Some(duration));
    // The longer text does not parse if it exceeds Go's maximum.
    if let Some(longer) = parse(&format!("{text}1ns")) {
        assert_eq!(longer, duration + NANOSECOND);
    }
    if duration.as_secs() < EXACT {
        let formatted = format!("{}s{}ns", duration.as_secs(), duration.subsec_nanos());
        assert_eq!(parse(&formatted), Some(duration), "{formatted}");
    }
}

//! Go's durations: what is read can be written and read again, and what is not read is complained of in one line.

use std::time::Duration;

use gcr_core::domain::go_duration::{parse_error, parse, parse_timeout};

/// From here on a number of seconds is not exact as the `f64` it is read as.
const EXACT: u64 = 1 << 52;
const NANOSECOND: Duration = Duration::from_nanos(1);

/// Reads the input as a duration.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let Some(read) = parse(text) else {
        let said = parse_error(text);
        assert!(said.starts_with("time: "), "{said}");
        assert!(!said.contains(char::is_control), "{said:?}");
        return;
    };
    assert_eq!(parse_timeout(text), Some(read));
    // Where nothing is left to add a nanosecond to, there is no answer.
    if let Some(more) = parse(&format!("{text}1ns")) {
        assert_eq!(more, read + NANOSECOND);
    }
    if read.as_secs() < EXACT {
        let written = format!("{}s{}ns", read.as_secs(), read.subsec_nanos());
        assert_eq!(parse(&written), Some(read), "{written}");
    }
}

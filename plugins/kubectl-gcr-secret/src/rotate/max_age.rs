//! Parses the value of `--max-age`: a Go duration, which may begin with weeks and days.

use std::time::Duration;

use kube_clientcmd::escape_control::escape_control;
use kube_clientcmd::go::duration;
use kubectl_plugin::UsageError;

const DAY: u64 = 24 * 60 * 60;

/// Parses an age such as `90d`, `2w`, `1d12h` or `36h`.
///
/// # Errors
/// Fails for other texts.
pub(super) fn parse(text: &str) -> Result<Duration, UsageError> {
    let invalid = || {
        UsageError::new(format!(
            "invalid --max-age \"{}\": it must be a duration such as 90d, 2w or 36h",
            escape_control(text)
        ))
    };
    let mut total = Duration::ZERO;
    let mut rest = text;
    for (unit, days) in [('w', 7), ('d', 1)] {
        let Some((number, after)) = rest.split_once(unit) else {
            continue;
        };
        let number: u64 = number.parse().map_err(|_| invalid())?;
        let seconds = number.checked_mul(days * DAY).ok_or_else(invalid)?;
        total = total
            .checked_add(Duration::from_secs(seconds))
            .ok_or_else(invalid)?;
        rest = after;
    }
    if !rest.is_empty() || text.is_empty() {
        let tail = duration::parse(rest).ok_or_else(invalid)?;
        total = total.checked_add(tail).ok_or_else(invalid)?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_is_a_go_duration_with_days_and_weeks() {
        for (text, hours) in [
            ("90d", 90 * 24),
            ("2w", 14 * 24),
            ("1w1d", 8 * 24),
            ("1d12h", 36),
            ("36h", 36),
            ("0s", 0),
        ] {
            let expected = Duration::from_secs(hours * 3600);
            assert_eq!(parse(text).ok(), Some(expected), "{text}");
        }
        for text in [
            "",
            "90",
            "d",
            "-1d",
            "1d-1h",
            "1x",
            "99999999999999999999d",
            "1h1d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

//! Reads the `details` of an API error (AIP-193): a list of messages, of which each names its type.

use std::time::Duration;

use serde_json::Value;

/// The used parts of the details.
#[derive(Clone, Debug, Default)]
pub(super) struct Details {
    /// `ErrorInfo.reason`.
    pub(super) reason: String,
    /// `ErrorInfo.metadata.service`.
    pub(super) service: String,
    /// `ErrorInfo.metadata.permission`.
    pub(super) permission: String,
    /// `ErrorInfo.metadata.resource`.
    pub(super) resource: String,
    /// `PreconditionFailure.violations[].type`.
    pub(super) violations: Vec<String>,
    /// `RetryInfo.retryDelay`.
    pub(super) retry_delay: Option<Duration>,
}

impl Details {
    pub(super) fn parse(details: &[Value]) -> Self {
        let mut parsed = Self::default();
        for detail in details {
            let kind = detail["@type"].as_str().unwrap_or_default();
            match kind.rsplit('.').next().unwrap_or_default() {
                "ErrorInfo" => {
                    let metadata = |name: &str| text(&detail["metadata"][name]);
                    parsed.reason = text(&detail["reason"]);
                    parsed.service = metadata("service");
                    parsed.permission = metadata("permission");
                    parsed.resource = metadata("resource");
                }
                "PreconditionFailure" => {
                    let violations = detail["violations"].as_array().into_iter().flatten();
                    let kinds = violations.map(|violation| text(&violation["type"]));
                    parsed.violations.extend(kinds);
                }
                "RetryInfo" => parsed.retry_delay = duration(&text(&detail["retryDelay"])),
                _ => {}
            }
        }
        parsed
    }

    /// Returns the details with each text cleaned.
    pub(super) fn map(&self, clean: impl Fn(&str) -> String) -> Self {
        Self {
            reason: clean(&self.reason),
            service: clean(&self.service),
            permission: clean(&self.permission),
            resource: clean(&self.resource),
            violations: self.violations.iter().map(|it| clean(it)).collect(),
            retry_delay: self.retry_delay,
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Parses the JSON form of `google.protobuf.Duration`: seconds with an `s`, such as `1.5s`.
fn duration(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_of_protobuf_is_seconds() {
        assert_eq!(duration("1.5s"), Some(Duration::from_millis(1500)));
        for invalid in ["", "s", "-1s", "NaNs", "1e400s", "5", "1m"] {
            assert_eq!(duration(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn details_of_unexpected_shape_are_ignored() {
        let details = serde_json::json!([1, "x", null, {"@type": 3}, {"@type": "a.ErrorInfo", "reason": 7},
            {"@type": "PreconditionFailure", "violations": {"type": "x"}}]);
        let parsed = Details::parse(details.as_array().unwrap());
        assert!(parsed.reason.is_empty() && parsed.violations.is_empty());
    }
}

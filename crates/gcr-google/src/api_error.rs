//! Reads the error responses of Google in their three formats, and explains them.
//!
//! | server | format |
//! |---|---|
//! | APIs | `{"error":{"code":403,"message":"…","status":"PERMISSION_DENIED","details":[…]}}` (AIP-193) |
//! | token endpoints | `{"error":"invalid_grant","error_description":"…"}` (RFC 6749 section 5.2) |
//! | registries | `{"errors":[{"code":"DENIED","message":"…"}]}` (OCI distribution specification, error codes) |
//!
//! A response in none of them, such as a proxy's HTML page, becomes `HTTP STATUS: text`.

mod details;
mod reason;

use std::fmt;
use std::time::Duration;

use gcr_core::domain::redactor::Redactor;
use http::StatusCode;
use serde::Deserialize;

use crate::response_text::printable;
use details::Details;
pub use reason::Reason;

/// An error response. The texts are redacted, capped and printable.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: String,
    message: String,
    reason: Reason,
    retry_delay: Option<Duration>,
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Option<ErrorField>,
    #[serde(default)]
    error_description: Option<String>,
    #[serde(default)]
    error_subtype: Option<String>,
    #[serde(default)]
    errors: Option<Vec<RegistryError>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorField {
    Api {
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        status: Option<String>,
        #[serde(default)]
        details: Vec<serde_json::Value>,
    },
    OAuth(String),
}

#[derive(Deserialize)]
struct RegistryError {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl ApiError {
    /// Reads an error response in any of the formats.
    #[must_use]
    pub fn parse(status: StatusCode, body: &[u8], redactor: &Redactor) -> Self {
        let clean = |text: &str| printable(redactor, text.as_bytes());
        let parsed: Body = serde_json::from_slice(body).unwrap_or_default();
        if let Some(ErrorField::Api {
            message,
            status: code,
            details,
        }) = parsed.error
        {
            let details = Details::parse(&details);
            let code = clean(&code.unwrap_or_default());
            let message = clean(&message.unwrap_or_default());
            return Self {
                status,
                reason: Reason::of_api(status, &code, &message, &details.map(clean)),
                retry_delay: details.retry_delay,
                code,
                message,
            };
        }
        if let Some(ErrorField::OAuth(code)) = parsed.error {
            let code = clean(&code);
            let message = clean(&parsed.error_description.unwrap_or_default());
            let subtype = parsed.error_subtype.unwrap_or_default();
            return Self::of(
                status,
                Reason::of_token_endpoint(&code, &message, &subtype),
                code,
                message,
            );
        }
        if let Some(first) = parsed.errors.and_then(|errors| errors.into_iter().next()) {
            let code = clean(&first.code.unwrap_or_default());
            let message = clean(&first.message.unwrap_or_default());
            return Self::of(status, Reason::of_status(status), code, message);
        }
        Self::of(
            status,
            Reason::of_status(status),
            String::new(),
            text(body, redactor),
        )
    }

    /// Creates an error from the `error` of a long-running operation (`google.rpc.Status`).
    #[must_use]
    pub fn of_operation(error: &serde_json::Value, redactor: &Redactor) -> Self {
        let code = error["code"].as_i64().unwrap_or(2);
        let (status, name) = rpc_status(code);
        let clean = |text: &str| printable(redactor, text.as_bytes());
        let message = clean(error["message"].as_str().unwrap_or_default());
        let details = Details::parse(error["details"].as_array().map_or(&[], Vec::as_slice));
        Self {
            status,
            code: name.to_owned(),
            reason: Reason::of_api(status, name, &message, &details.map(clean)),
            message,
            retry_delay: None,
        }
    }

    fn of(status: StatusCode, reason: Reason, code: String, message: String) -> Self {
        Self {
            status,
            code,
            message,
            reason,
            retry_delay: None,
        }
    }

    /// Returns the HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the code in the body, such as `PERMISSION_DENIED`, `invalid_grant` or `MANIFEST_UNKNOWN`; empty if the body
    /// has none.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the server's message, or the text of a body in an unknown format.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the reason, by which callers decide.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Returns the pause that the server asks for (`google.rpc.RetryInfo`).
    #[must_use]
    pub fn retry_delay(&self) -> Option<Duration> {
        self.retry_delay
    }
}

impl fmt::Display for ApiError {
    /// Writes `STATUS: message`, as gcloud does.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() {
            write!(formatter, "HTTP {}", self.status.as_u16())?;
        } else {
            formatter.write_str(&self.code)?;
        }
        if self.message.is_empty() {
            return Ok(());
        }
        write!(formatter, ": {}", self.message)
    }
}

impl std::error::Error for ApiError {}

/// Returns the text of a body in an unknown format. HTML pages come from proxies and load balancers; only their title is
/// shown.
fn text(body: &[u8], redactor: &Redactor) -> String {
    let start = String::from_utf8_lossy(&body[..body.len().min(4096)]);
    let lower = start.to_ascii_lowercase();
    if !lower.trim_start().starts_with('<') {
        return printable(redactor, body);
    }
    let title = lower.find("<title>").zip(lower.find("</title>"));
    match title {
        Some((begin, end)) if begin + 7 < end => {
            let title = start.get(begin + 7..end).unwrap_or_default();
            format!("an HTML page: {}", printable(redactor, title.as_bytes()))
        }
        _ => "an HTML page".to_owned(),
    }
}

/// Returns the HTTP status and the name of a `google.rpc.Code`.
fn rpc_status(code: i64) -> (StatusCode, &'static str) {
    match code {
        1 => (StatusCode::REQUEST_TIMEOUT, "CANCELLED"),
        3 => (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT"),
        4 => (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED"),
        5 => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        6 => (StatusCode::CONFLICT, "ALREADY_EXISTS"),
        7 => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
        8 => (StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED"),
        9 => (StatusCode::BAD_REQUEST, "FAILED_PRECONDITION"),
        10 => (StatusCode::CONFLICT, "ABORTED"),
        13 => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        14 => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        16 => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
    }
}

#[cfg(test)]
mod tests;

//! Builds the fake's responses, and errors in the three dialects of Google's servers.

use serde_json::{Value, json};

/// A complete response before faults are applied.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// Result of a handler. Both sides are responses; `Err` lets a handler return early with `?`.
pub(super) type Answer = Result<Reply, Reply>;

/// Media type of Google's JSON responses.
pub(super) const JSON: &str = "application/json; charset=UTF-8";

impl Reply {
    /// Returns a response with any media type.
    pub(super) fn new(status: u16, media: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", media.into())],
            body: body.into(),
        }
    }

    /// Returns a 200 with JSON.
    pub(super) fn json(value: &Value) -> Self {
        Self::new(200, JSON, format!("{value:#}\n"))
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Returns an error of Google's APIs (`google.rpc.Status` in JSON) with details.
pub(super) fn api_error(code: u16, status: &str, message: &str, details: &[Value]) -> Reply {
    let mut error = json!({"code": code, "message": message, "status": status});
    if !details.is_empty() {
        error["details"] = details.into();
    }
    Reply::new(code, JSON, format!("{:#}\n", json!({"error": error})))
}

/// Returns a 404 of an API.
pub(super) fn not_found(message: &str) -> Reply {
    api_error(404, "NOT_FOUND", message, &[])
}

/// Returns a 400 `INVALID_ARGUMENT`.
pub(super) fn invalid_argument(message: &str) -> Reply {
    api_error(400, "INVALID_ARGUMENT", message, &[])
}

/// Returns a `google.rpc.ErrorInfo`.
pub(super) fn error_info(reason: &str, domain: &str, metadata: Value) -> Value {
    json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": domain, "metadata": metadata})
}

/// Returns an error of the OAuth token endpoint (RFC 6749 section 5.2).
pub(super) fn oauth_error(code: u16, error: &str, description: &str) -> Reply {
    let body = json!({"error": error, "error_description": description});
    Reply::new(code, JSON, format!("{body:#}"))
}

/// Returns an error of a registry (OCI distribution specification, "Error Codes").
pub(super) fn registry_error(status: u16, code: &str, message: &str) -> Reply {
    let body = json!({"errors": [{"code": code, "message": message}]});
    Reply::new(status, "application/json", body.to_string())
}

/// Returns the HTML page that Google's front end sends for a path that no API serves.
pub(super) fn unknown_path(path: &str) -> Reply {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n  <p>The requested URL <code>{path}</code> was not found on this server.\n"
    );
    Reply::new(404, "text/html; charset=UTF-8", page)
}

//! Decodes and classifies error responses of the API server.
//!
//! Callers use predicates ([`ApiError::is_not_found`]), never the text. A body that is not a `Status` (a load
//! balancer's HTML, a plain 503) gets client-go's message. This module escapes control characters in text from the
//! server.

use http::StatusCode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use serde_json::Value;

use crate::domain::server_message::escape_lines;
use kube_clientcmd::escape_control::escape_control;
use kube_clientcmd::go::quote::go_quoted;

/// An error response: an HTTP status of 400 or more with the content of its `Status` body.
///
/// The fields are those of `metav1.Status` (apimachinery `meta/v1/types.go`).
#[derive(Debug, Clone)]
pub struct ApiError {
    /// The HTTP status.
    pub code: StatusCode,
    /// `reason` of the Status, for example `NotFound`; empty if the server sent none.
    pub reason: String,
    /// `message` of the Status, with control characters escaped. Lines after the first are indented.
    pub message: String,
    /// `details.kind`: the resource (`secrets`) or kind (`Secret`).
    pub kind: String,
    /// `details.name`.
    pub name: String,
    /// `details.causes`.
    pub causes: Vec<Cause>,
    /// Whether the body was a `Status`; the response of a proxy is not.
    pub has_status_body: bool,
}

/// One entry of `details.causes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The type of the cause, for example `FieldManagerConflict`.
    pub reason: String,
    /// The field path.
    pub field: String,
    /// The server's message, with control characters escaped. Lines after the first are indented.
    pub message: String,
}

/// Decodes a body with `"kind": "Status"`. The kind is checked first because k8s-openapi's type also accepts an object
/// without a kind, such as a proxy's own JSON.
fn decode_status(body: &[u8]) -> Option<Status> {
    let body: Value = serde_json::from_slice(body).ok()?;
    (body["kind"] == "Status").then(|| serde_json::from_value(body).ok())?
}

/// The cause of an eviction that a budget refuses (`policy/v1`, `DisruptionBudgetCause`).
const DISRUPTION_BUDGET: &str = "DisruptionBudget";

/// Maximum length of the quoted part of a body that is not a Status, in bytes (client-go `rest/request.go`).
const MAX_QUOTED: usize = 2048;

impl ApiError {
    /// Decodes an error response. `content_type` is its header; `subject` is `method resource [name]`, which client-go
    /// puts into its messages.
    pub fn read(code: StatusCode, content_type: Option<&str>, body: &[u8], subject: &str) -> Self {
        let Some(status) = decode_status(body) else {
            return Self::without_status(code, quoted_body(content_type, body), subject);
        };
        let details = status.details.unwrap_or_default();
        let text = |text: Option<String>| escape_control(&text.unwrap_or_default()).into_owned();
        let lines = |text: Option<String>| escape_lines(&text.unwrap_or_default());
        Self {
            code,
            reason: text(status.reason),
            message: lines(status.message),
            kind: text(details.kind),
            name: text(details.name),
            causes: details
                .causes
                .unwrap_or_default()
                .into_iter()
                .map(|cause| Cause {
                    reason: text(cause.reason),
                    field: text(cause.field),
                    message: lines(cause.message),
                })
                .collect(),
            has_status_body: true,
        }
    }

    /// Returns whether a PodDisruptionBudget refuses the eviction: a 429 that says nothing about the server's load.
    pub fn is_refused_by_budget(&self) -> bool {
        let mut causes = self.causes.iter();
        causes.any(|cause| cause.reason == DISRUPTION_BUDGET)
    }

    /// Returns the error for a redirect. The client never follows one: it would send the token and the body to another
    /// server.
    pub fn redirect(code: StatusCode, server: &str, location: Option<&str>) -> Self {
        let location = escape_control(location.unwrap_or("an address it does not name"));
        Self {
            code,
            reason: String::new(),
            message: format!(
                "{server} redirects to {location}, which is not followed: give the right address with --server or in the kubeconfig"
            ),
            kind: String::new(),
            name: String::new(),
            causes: Vec::new(),
            has_status_body: false,
        }
    }

    /// Returns the error for a response without a Status, in client-go's words (`NewGenericServerResponse`,
    /// apimachinery `api/errors`).
    fn without_status(code: StatusCode, quoted: &[u8], subject: &str) -> Self {
        let mut words = subject.splitn(3, ' ');
        let method = words.next().unwrap_or_default();
        let (kind, name) = (words.next(), words.next());
        let text = escape_lines(&String::from_utf8_lossy(quoted));
        let (reason, message) = match code.as_u16() {
            400 => ("BadRequest", "the server rejected our request for an unknown reason".to_owned()),
            401 => ("Unauthorized", "the server has asked for the client to provide credentials".to_owned()),
            403 => ("Forbidden", text.clone()),
            404 => ("NotFound", "the server could not find the requested resource".to_owned()),
            405 => ("MethodNotAllowed", "the server does not allow this method on the requested resource".to_owned()),
            406 if matches!(quoted, b"" | b"unknown") => (
                "NotAcceptable",
                "the server was unable to respond with a content type that the client supports".to_owned(),
            ),
            406 => ("NotAcceptable", text.clone()),
            409 if method == "post" => ("AlreadyExists", "the server reported a conflict".to_owned()),
            409 => ("Conflict", "the server reported a conflict".to_owned()),
            415 => ("UnsupportedMediaType", text.clone()),
            422 => ("Invalid", "the server rejected our request due to an error in our request".to_owned()),
            429 => (
                "TooManyRequests",
                "the server has received too many requests and has asked us to try again later".to_owned(),
            ),
            503 => ("ServiceUnavailable", "the server is currently unable to handle the request".to_owned()),
            504 => (
                "Timeout",
                "the server was unable to return a response in the time allotted, but may still be processing the request"
                    .to_owned(),
            ),
            500.. => (
                "InternalError",
                format!("an error on the server ({}) has prevented the request from succeeding", go_quoted(quoted)),
            ),
            other => ("", format!("the server responded with the status code {other} but did not return more information")),
        };
        Self {
            code,
            reason: reason.to_owned(),
            message: format!("{message} ({subject})"),
            kind: kind.unwrap_or_default().to_owned(),
            name: name.unwrap_or_default().to_owned(),
            causes: vec![Cause {
                reason: "UnexpectedServerResponse".to_owned(),
                field: String::new(),
                message: text,
            }],
            has_status_body: false,
        }
    }

    /// Returns whether the object or its namespace does not exist.
    pub fn is_not_found(&self) -> bool {
        self.code == StatusCode::NOT_FOUND
    }

    /// Returns whether the namespace does not exist.
    pub fn is_namespace_not_found(&self) -> bool {
        self.is_not_found() && self.has_status_body && self.kind == "namespaces"
    }

    /// Returns whether the namespace is being deleted and rejects new objects (`core/v1/types.go`,
    /// `NamespaceTerminatingCause`).
    pub fn is_namespace_terminating(&self) -> bool {
        let terminating = |cause: &Cause| cause.reason == "NamespaceTerminating";
        self.is_forbidden() && self.causes.iter().any(terminating)
    }

    /// Returns whether the object changed since it was read, or another field manager owns a field.
    pub fn is_conflict(&self) -> bool {
        self.code == StatusCode::CONFLICT
    }

    /// Returns whether the caller lacks a permission, or admission control rejected the request.
    pub fn is_forbidden(&self) -> bool {
        self.code == StatusCode::FORBIDDEN
    }

    /// Returns whether the server did not accept the credential.
    pub fn is_unauthorized(&self) -> bool {
        self.code == StatusCode::UNAUTHORIZED
    }

    /// Returns the name of the admission webhook that the server could not call, for a webhook whose `failurePolicy` is `Fail`
    /// (apiserver `admission/plugin/webhook/errors/statuserror.go`, `ToStatusErr`).
    pub fn failed_webhook(&self) -> Option<String> {
        let failed = "failed calling webhook ";
        let is_error = self.code == StatusCode::INTERNAL_SERVER_ERROR && self.has_status_body;
        let (_, named) = self.message.split_once(failed).filter(|_| is_error)?;
        quoted_word(named)
    }

    /// Returns whether the object failed validation.
    pub fn is_invalid(&self) -> bool {
        self.code == StatusCode::UNPROCESSABLE_ENTITY
    }

    /// Returns whether a cause names exactly this field.
    pub fn names_field(&self, field: &str) -> bool {
        self.causes.iter().any(|cause| cause.field == field)
    }

    /// Returns the fields that other managers own: (manager, field). Empty for a conflict of versions.
    ///
    /// The manager is the quoted word of the cause's message, the only place where the server names it
    /// (structured-merge-diff, `merge/conflict.go`: `conflict with %q`).
    pub fn manager_conflicts(&self) -> Vec<(String, String)> {
        self.causes
            .iter()
            .filter(|cause| cause.reason == "FieldManagerConflict")
            .map(|cause| {
                let manager = quoted_word(&cause.message);
                (
                    manager.unwrap_or_else(|| "another manager".to_owned()),
                    cause.field.clone(),
                )
            })
            .collect()
    }

    /// Returns the message as kubectl prints it: one line, or several for several invalid fields
    /// (kubectl `cmd/util/helpers.go`, `StandardErrorMessage` and `checkErr`).
    pub fn error_text(&self) -> String {
        if self.reason == "Unauthorized" {
            return format!(
                "error: You must be logged in to the server ({})",
                self.message
            );
        }
        if self.reason == "Invalid" {
            return self.invalid();
        }
        if self.reason.is_empty() {
            format!("Error from server: {}", self.message)
        } else {
            format!("Error from server ({}): {}", self.reason, self.message)
        }
    }

    /// Returns the message for failed validation: each cause once, in one line or in a list.
    fn invalid(&self) -> String {
        let subject = if !self.kind.is_empty() || !self.name.is_empty() {
            let name = go_quoted(self.name.as_bytes());
            format!("The {} {name} is invalid", self.kind)
        } else if self.causes.is_empty() && !self.message.is_empty() {
            format!("The request is invalid: {}", self.message)
        } else {
            "The request is invalid".to_owned()
        };
        let mut lines: Vec<String> = Vec::new();
        for cause in &self.causes {
            let line = format!("{}: {}", cause.field, cause.message);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        match lines.as_slice() {
            [] => subject,
            [one] => format!("{subject}: {one}"),
            several => format!("{subject}: \n* {}", several.join("\n* ")),
        }
    }
}

/// Returns the part of a body without a known type that client-go quotes: the beginning of text, `unknown` for other
/// types.
fn quoted_body<'a>(content_type: Option<&str>, body: &'a [u8]) -> &'a [u8] {
    let is_text = content_type.is_none_or(|value| {
        let value = value.trim_start().as_bytes();
        value
            .get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"text/"))
    });
    if is_text {
        body[..body.len().min(MAX_QUOTED)].trim_ascii()
    } else {
        b"unknown"
    }
}

/// Returns the first word in quotes, as Go's `%q` writes it.
fn quoted_word(text: &str) -> Option<String> {
    let mut characters = text.split_once('"')?.1.chars();
    let mut word = String::new();
    loop {
        match characters.next()? {
            '"' => return Some(word),
            '\\' => word.push(characters.next()?),
            other => word.push(other),
        }
    }
}

#[cfg(test)]
mod tests;

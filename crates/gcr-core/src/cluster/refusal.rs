//! What a server answered when it said no, and what that means.
//!
//! Callers ask by meaning ([`Refusal::is_not_found`]), never by the text. Bodies that are no `Status` (a load
//! balancer's HTML, a plain 503) get the words client-go has for them. Text from the server is made printable here.

use http::StatusCode;
use serde::Deserialize;

use crate::domain::printable::printable;

/// A refusal: an HTTP status of 400 or more with what its `Status` body said.
///
/// Source of the fields: `metav1.Status` in apimachinery's `meta/v1/types.go`.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The HTTP status.
    pub code: StatusCode,
    /// `reason` of the Status, for example `NotFound`; empty when the server gave none.
    pub reason: String,
    /// `message` of the Status, printable.
    pub message: String,
    /// `details.kind`: the resource (`secrets`) or kind (`Secret`) it is about.
    pub kind: String,
    /// `details.name`.
    pub name: String,
    /// `details.causes`.
    pub causes: Vec<Cause>,
    /// Whether the body was a `Status`; a proxy's answer is not.
    pub from_api_server: bool,
}

/// One cause of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The kind of trouble, for example `FieldManagerConflict`.
    pub reason: String,
    /// The field path.
    pub field: String,
    /// What the server says of it, printable.
    pub message: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    kind: String,
    reason: Option<String>,
    message: Option<String>,
    details: Option<Details>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Details {
    name: Option<String>,
    kind: Option<String>,
    causes: Option<Vec<StatusCause>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StatusCause {
    reason: Option<String>,
    message: Option<String>,
    field: Option<String>,
}

/// How much of a body that is no Status is quoted, in characters.
const QUOTED: usize = 2048;

impl Refusal {
    /// Reads a refusal from a reply; `subject` is `verb resource [name]`, which client-go puts into its own words.
    pub fn read(code: StatusCode, body: &[u8], subject: &str) -> Self {
        let status = serde_json::from_slice::<Status>(body)
            .ok()
            .filter(|status| status.kind == "Status");
        let Some(status) = status else {
            return Self::without_status(code, body, subject);
        };
        let details = status.details.unwrap_or_default();
        let text = |text: Option<String>| printable(&text.unwrap_or_default()).into_owned();
        Self {
            code,
            reason: text(status.reason),
            message: text(status.message),
            kind: text(details.kind),
            name: text(details.name),
            causes: details
                .causes
                .unwrap_or_default()
                .into_iter()
                .map(|cause| Cause {
                    reason: text(cause.reason),
                    field: text(cause.field),
                    message: text(cause.message),
                })
                .collect(),
            from_api_server: true,
        }
    }

    /// client-go's words for an answer without a Status (`NewGenericServerResponse`, apimachinery `api/errors`).
    fn without_status(code: StatusCode, body: &[u8], subject: &str) -> Self {
        let said: String = String::from_utf8_lossy(body)
            .trim()
            .chars()
            .take(QUOTED)
            .collect();
        let said = printable(&said).into_owned();
        let (reason, message) = match code.as_u16() {
            400 => ("BadRequest", "the server rejected our request for an unknown reason".to_owned()),
            401 => ("Unauthorized", "the server has asked for the client to provide credentials".to_owned()),
            403 => ("Forbidden", if said.is_empty() { "forbidden".to_owned() } else { said }),
            404 => ("NotFound", "the server could not find the requested resource".to_owned()),
            405 => ("MethodNotAllowed", "the server does not allow this method on the requested resource".to_owned()),
            409 => ("Conflict", "the server reported a conflict".to_owned()),
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
                format!("an error on the server ({said:?}) has prevented the request from succeeding"),
            ),
            other => ("", format!("the server responded with the status code {other} but did not return more information")),
        };
        Self {
            code,
            reason: reason.to_owned(),
            message: format!("{message} ({subject})"),
            kind: String::new(),
            name: String::new(),
            causes: Vec::new(),
            from_api_server: false,
        }
    }

    /// The object, or the namespace it should be in, is not there.
    pub fn is_not_found(&self) -> bool {
        self.code == StatusCode::NOT_FOUND
    }

    /// The namespace itself is not there.
    pub fn is_namespace_not_found(&self) -> bool {
        self.is_not_found() && self.kind == "namespaces"
    }

    /// The object changed since it was read, or another field manager holds a field.
    pub fn is_conflict(&self) -> bool {
        self.code == StatusCode::CONFLICT
    }

    /// The caller may not do this, or admission refused it.
    pub fn is_forbidden(&self) -> bool {
        self.code == StatusCode::FORBIDDEN
    }

    /// The server does not know the caller.
    pub fn is_unauthorized(&self) -> bool {
        self.code == StatusCode::UNAUTHORIZED
    }

    /// The namespace is being deleted and takes nothing new.
    pub fn is_namespace_terminating(&self) -> bool {
        self.causes
            .iter()
            .any(|cause| cause.reason == "NamespaceTerminating")
    }

    /// The object failed validation.
    pub fn is_invalid(&self) -> bool {
        self.code == StatusCode::UNPROCESSABLE_ENTITY
    }

    /// Validation refused this very field.
    pub fn names_field(&self, field: &str) -> bool {
        self.causes.iter().any(|cause| cause.field == field)
    }

    /// The fields other managers hold, each with its manager's name. Empty for a conflict of versions.
    ///
    /// The name is the quoted word of the cause's message, the only place where the server gives it
    /// (structured-merge-diff, `merge/conflict.go`: `conflict with %q`).
    pub fn manager_conflicts(&self) -> Vec<(String, String)> {
        self.causes
            .iter()
            .filter(|cause| cause.reason == "FieldManagerConflict")
            .map(|cause| {
                (
                    cause
                        .message
                        .split('"')
                        .nth(1)
                        .unwrap_or("another manager")
                        .to_owned(),
                    cause.field.clone(),
                )
            })
            .collect()
    }

    /// As kubectl words it, the whole line and for several invalid fields several
    /// (kubectl `cmd/util/helpers.go`, `StandardErrorMessage` and `checkErr`).
    pub fn wording(&self) -> String {
        if self.is_unauthorized() {
            let reason = if self.from_api_server && self.message == "Unauthorized" {
                "Unauthorized"
            } else {
                &self.message
            };
            return format!("error: You must be logged in to the server ({reason})");
        }
        if self.is_invalid() && !self.causes.is_empty() {
            let subject = format!("The {} {:?} is invalid", self.kind, self.name);
            let said: Vec<String> = self
                .causes
                .iter()
                .map(|cause| format!("{}: {}", cause.field, cause.message))
                .collect();
            return match said.as_slice() {
                [one] => format!("{subject}: {one}"),
                several => format!("{subject}: \n* {}", several.join("\n* ")),
            };
        }
        if self.reason.is_empty() {
            format!("Error from server: {}", self.message)
        } else {
            format!("Error from server ({}): {}", self.reason, self.message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Recorded from kube-apiserver 1.37.2: a server-side apply over a Secret that `kubectl create` made.
    const CONFLICT: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Apply failed with 1 conflict: conflict with \"kubectl-create\" using v1: .data..dockerconfigjson","reason":"Conflict","details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"kubectl-create\" using v1","field":".data..dockerconfigjson"}]},"code":409}"#;

    #[test]
    fn a_conflict_names_manager_and_field() {
        let refusal = Refusal::read(
            StatusCode::CONFLICT,
            CONFLICT.as_bytes(),
            "patch secrets gcr-io",
        );
        assert!(refusal.is_conflict());
        assert_eq!(
            refusal.manager_conflicts(),
            [(
                "kubectl-create".to_owned(),
                ".data..dockerconfigjson".to_owned()
            )]
        );
    }

    #[test]
    fn a_plain_text_503_gets_client_gos_words() {
        let refusal = Refusal::read(
            StatusCode::SERVICE_UNAVAILABLE,
            b"apiserver is shutting down",
            "patch secrets gcr-io",
        );
        assert_eq!(
            refusal.wording(),
            "Error from server (ServiceUnavailable): the server is currently unable to handle the request (patch secrets gcr-io)"
        );
    }

    #[test]
    fn a_load_balancers_page_is_quoted_with_its_controls_visible() {
        let refusal = Refusal::read(
            StatusCode::BAD_GATEWAY,
            b"<html>\x1b[31m</html>",
            "get secrets x",
        );
        assert!(refusal.message.contains("<html>^["), "{}", refusal.message);
        assert!(!refusal.message.contains('\x1b'));
    }

    #[test]
    fn one_invalid_field_is_one_line_and_several_are_a_list() {
        let body = |causes: &str| {
            format!(
                r#"{{"kind":"Status","message":"m","reason":"Invalid","details":{{"name":"x","kind":"Secret","causes":[{causes}]}},"code":422}}"#
            )
        };
        let one = r#"{"reason":"FieldValueInvalid","message":"Invalid value: \"a\": field is immutable","field":"type"}"#;
        let read = |causes: &str| {
            Refusal::read(
                StatusCode::UNPROCESSABLE_ENTITY,
                body(causes).as_bytes(),
                "patch secrets x",
            )
        };
        assert_eq!(
            read(one).wording(),
            r#"The Secret "x" is invalid: type: Invalid value: "a": field is immutable"#
        );
        assert!(read(one).names_field("type"));
        assert_eq!(
            read(&format!("{one},{one}")).wording(),
            "The Secret \"x\" is invalid: \n* type: Invalid value: \"a\": field is immutable\n* type: Invalid value: \"a\": field is immutable"
        );
    }
}

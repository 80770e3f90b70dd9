//! Checks that a 2xx response follows the Kubernetes API: JSON, of an object with a kind. A proxy may respond with its
//! login page, which does not confirm a write.
//!
//! The messages are kubectl's for the same responses, but never quote the body: it may be a Secret.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use serde_json::value::RawValue;

use kube_clientcmd::escape_control::escape_control;

/// The result of the check of a 2xx response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ResponseCheck {
    /// The response is valid.
    Valid,
    /// The body is a `Status` that reports an error, with this code, despite the HTTP status (client-go
    /// `rest.Result.Get`).
    ErrorStatus(StatusCode),
    /// The response is not one of the Kubernetes API. Contains the line to print.
    Invalid(String),
}

/// The members of an object. This check looks at the kind only; callers decode the rest.
type Object<'a> = BTreeMap<String, &'a RawValue>;

/// Checks a response to `method`.
pub(super) fn check(
    method: &Method,
    status: StatusCode,
    content_type: Option<&str>,
    body: &[u8],
) -> ResponseCheck {
    if status == StatusCode::NO_CONTENT {
        return ResponseCheck::Valid;
    }
    let media = content_type.unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.is_empty() && !media.eq_ignore_ascii_case("application/json") {
        return ResponseCheck::Invalid(format!(
            "error: serializer for {} doesn't exist",
            escape_control(media)
        ));
    }
    let object: Object<'_> = match serde_json::from_slice(body) {
        Ok(object) => object,
        Err(error) if error.is_eof() => {
            return ResponseCheck::Invalid("error: unexpected end of JSON input".to_owned());
        }
        Err(error) => {
            return ResponseCheck::Invalid(format!(
                "error: invalid response from the server (line {}, column {})",
                error.line(),
                error.column()
            ));
        }
    };
    match object.get("kind").map(|kind| kind.get()) {
        None => ResponseCheck::Invalid(
            "error: Object 'Kind' is missing in the server's response".to_owned(),
        ),
        Some(r#""Status""#) => check_status(method, body),
        Some(_) => ResponseCheck::Valid,
    }
}

/// Checks a `Status`: only a deletion and an eviction, which is a POST, are confirmed by one.
fn check_status(method: &Method, body: &[u8]) -> ResponseCheck {
    match serde_json::from_slice::<Status>(body) {
        Ok(Status { status, code, .. }) if status.as_deref() != Some("Success") => {
            let code = code.and_then(|code| u16::try_from(code).ok());
            let code = code.filter(|code| (400..600).contains(code));
            let code = code.and_then(|code| StatusCode::from_u16(code).ok());
            ResponseCheck::ErrorStatus(code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        }
        Ok(_) if method == Method::DELETE || method == Method::POST => ResponseCheck::Valid,
        _ => ResponseCheck::Invalid(
            "error: invalid response from the server (a Status, and no object)".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_object_with_kind_is_valid() {
        let check = |content_type, body: &str| {
            check(
                &Method::PATCH,
                StatusCode::OK,
                content_type,
                body.as_bytes(),
            )
        };
        let json = Some("application/json; charset=utf-8");
        assert_eq!(
            check(json, r#"{"kind":"Secret","data":{}}"#),
            ResponseCheck::Valid
        );
        assert_eq!(check(None, r#"{"kind":"Secret"}"#), ResponseCheck::Valid);
        // The messages of kubectl 1.37.2, which quotes the last body.
        for (content_type, body, line) in [
            (
                Some("text/html"),
                "<html>login</html>",
                "error: serializer for text/html doesn't exist",
            ),
            (json, "", "error: unexpected end of JSON input"),
            (None, "", "error: unexpected end of JSON input"),
            (
                json,
                r#"{"kind":"Secr"#,
                "error: unexpected end of JSON input",
            ),
            (
                json,
                r#"{"a":1}"#,
                "error: Object 'Kind' is missing in the server's response",
            ),
            (
                json,
                r#"["Secret"]"#,
                "error: invalid response from the server (line 1, column 0)",
            ),
        ] {
            assert_eq!(
                check(content_type, body),
                ResponseCheck::Invalid(line.to_owned())
            );
        }
    }

    #[test]
    fn failure_status_is_error_and_success_status_confirms_deletion_only() {
        let check = |method, body: &str| check(&method, StatusCode::OK, None, body.as_bytes());
        let status = |rest: &str| format!(r#"{{"kind":"Status","metadata":{{}}{rest}}}"#);
        let error = status(r#","status":"Failure","code":403"#);
        let success = status(r#","status":"Success""#);
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let refused = ResponseCheck::ErrorStatus(StatusCode::FORBIDDEN);
            assert_eq!(check(method.clone(), &error), refused, "{method}");
            // No code, or a code that contradicts the failure.
            for rest in [
                r#","status":"Failure""#,
                r#","code":200"#,
                r#","code":301"#,
                r#","code":-1"#,
                r#","status":null"#,
                "",
            ] {
                let refused = ResponseCheck::ErrorStatus(StatusCode::INTERNAL_SERVER_ERROR);
                assert_eq!(
                    check(method.clone(), &status(rest)),
                    refused,
                    "{method} {rest}"
                );
            }
        }
        assert_eq!(check(Method::DELETE, &success), ResponseCheck::Valid);
        assert!(matches!(
            check(Method::PATCH, &success),
            ResponseCheck::Invalid(_)
        ));
    }
}

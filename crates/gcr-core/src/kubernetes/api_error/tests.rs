//! Tests error responses of real servers and kubectl's messages for them.

use super::*;

// Recorded from kube-apiserver 1.37.2: a server-side apply to a Secret created with `kubectl create`.
const CONFLICT: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Apply failed with 1 conflict: conflict with \"kubectl-create\" using v1: .data..dockerconfigjson","reason":"Conflict","details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"kubectl-create\" using v1","field":".data..dockerconfigjson"}]},"code":409}"#;

#[test]
fn quoted_word_with_escaped_quote_is_unescaped() {
    let word = quoted_word(r#"conflict with "fl\"ux" using v1"#);
    assert_eq!(word.as_deref(), Some("fl\"ux"));
    assert_eq!(quoted_word("conflict"), None);
}

#[test]
fn apply_conflict_yields_manager_and_field() {
    let api_error = ApiError::read(
        StatusCode::CONFLICT,
        Some("application/json"),
        CONFLICT.as_bytes(),
        "patch secrets gcr-io",
    );
    assert!(api_error.is_conflict());
    assert_eq!(
        api_error.manager_conflicts(),
        [(
            "kubectl-create".to_owned(),
            ".data..dockerconfigjson".to_owned()
        )]
    );
}

/// Compares with the output of `kubectl get serviceaccount default` 1.37.2 for the same responses.
#[test]
fn response_without_status_gets_client_go_message() {
    let html = b"<html>\n\x1b[31mBad \"Gateway\"</html>\n";
    let (text, page, json) = (
        Some("text/plain"),
        Some("text/html"),
        Some("application/json"),
    );
    for (code, content_type, body, error_text) in [
        (
            503,
            text,
            &b"apiserver is shutting down"[..],
            "Error from server (ServiceUnavailable): the server is currently unable to handle the request (get serviceaccounts default)",
        ),
        (
            502,
            page,
            html,
            r#"Error from server (InternalError): an error on the server ("<html>\n\x1b[31mBad \"Gateway\"</html>") has prevented the request from succeeding (get serviceaccounts default)"#,
        ),
        (
            500,
            json,
            br#"{"kind":"Status","apiVer"#,
            r#"Error from server (InternalError): an error on the server ("unknown") has prevented the request from succeeding (get serviceaccounts default)"#,
        ),
        (
            500,
            None,
            b"",
            r#"Error from server (InternalError): an error on the server ("") has prevented the request from succeeding (get serviceaccounts default)"#,
        ),
        (
            403,
            None,
            b"",
            "Error from server (Forbidden):  (get serviceaccounts default)",
        ),
        (
            403,
            json,
            br#"{"a":1}"#,
            "Error from server (Forbidden): unknown (get serviceaccounts default)",
        ),
        (
            422,
            text,
            b"what",
            r#"The serviceaccounts "default" is invalid: : what"#,
        ),
    ] {
        let code = StatusCode::from_u16(code).unwrap();
        let api_error = ApiError::read(code, content_type, body, "get serviceaccounts default");
        assert_eq!(api_error.error_text(), error_text);
    }
}

#[test]
fn invalid_fields_are_printed_in_one_line_or_as_list() {
    let body = |causes: &str| {
        format!(
            r#"{{"kind":"Status","message":"m","reason":"Invalid","details":{{"name":"x","kind":"Secret","causes":[{causes}]}},"code":422}}"#
        )
    };
    let one = r#"{"reason":"FieldValueInvalid","message":"Invalid value: \"a\": field is immutable","field":"type"}"#;
    let read = |causes: &str| {
        ApiError::read(
            StatusCode::UNPROCESSABLE_ENTITY,
            Some("application/json"),
            body(causes).as_bytes(),
            "patch secrets x",
        )
    };
    assert_eq!(
        read(one).error_text(),
        r#"The Secret "x" is invalid: type: Invalid value: "a": field is immutable"#
    );
    assert!(read(one).names_field("type"));
    assert_eq!(
        read(&format!("{one},{one}")).error_text(),
        read(one).error_text()
    );
    let other = r#"{"message":"Required value","field":"data"}"#;
    assert_eq!(
        read(&format!("{one},{other}")).error_text(),
        "The Secret \"x\" is invalid: \n* type: Invalid value: \"a\": field is immutable\n* data: Required value"
    );
}

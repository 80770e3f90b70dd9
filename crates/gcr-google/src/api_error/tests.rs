//! Tests the formats with responses as Google sends them.

use proptest::prelude::*;

use super::*;

fn parse(status: u16, body: &str) -> ApiError {
    ApiError::parse(
        StatusCode::from_u16(status).unwrap(),
        body.as_bytes(),
        &Redactor::default(),
    )
}

fn info(status: u16, code: &str, reason: &str, metadata: &str) -> ApiError {
    parse(
        status,
        &format!(
            r#"{{"error":{{"code":{status},"message":"m","status":"{code}","errors":[{{"domain":"global"}}],"details":[
            {{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"{reason}","domain":"googleapis.com","metadata":{metadata}}},
            {{"@type":"type.googleapis.com/google.rpc.Help","links":[]}}]}}}}"#
        ),
    )
}

#[test]
fn api_error_is_shown_as_gcloud_shows_it() {
    let error = parse(
        403,
        r#"{"error":{"code":403,"message":"Permission 'artifactregistry.repositories.get' denied on resource '//artifactregistry.googleapis.com/projects/p' (or it may not exist).","status":"PERMISSION_DENIED"}}"#,
    );
    assert_eq!(
        error.to_string(),
        "PERMISSION_DENIED: Permission 'artifactregistry.repositories.get' denied on resource '//artifactregistry.googleapis.com/projects/p' (or it may not exist)."
    );
    assert_eq!(
        error.reason().hint().as_deref(),
        Some("grant the caller a role with artifactregistry.repositories.get")
    );
}

#[test]
fn error_info_decides_the_reason() {
    let disabled = info(
        403,
        "PERMISSION_DENIED",
        "SERVICE_DISABLED",
        r#"{"service":"artifactregistry.googleapis.com","consumer":"projects/1"}"#,
    );
    assert_eq!(
        disabled.reason().hint().as_deref(),
        Some("enable the API: gcloud services enable artifactregistry.googleapis.com")
    );
    let denied = info(
        403,
        "PERMISSION_DENIED",
        "IAM_PERMISSION_DENIED",
        r#"{"permission":"iam.serviceAccounts.create","resource":"projects/p"}"#,
    );
    assert_eq!(
        *denied.reason(),
        Reason::PermissionDenied {
            permission: "iam.serviceAccounts.create".to_owned(),
            resource: "projects/p".to_owned()
        }
    );
    for (reason, expected) in [
        ("ACCESS_TOKEN_EXPIRED", Reason::AccessTokenExpired),
        (
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            Reason::AccessTokenScopeInsufficient,
        ),
        (
            "ACCESS_TOKEN_TYPE_UNSUPPORTED",
            Reason::AccessTokenTypeUnsupported,
        ),
        ("CREDENTIALS_MISSING", Reason::Unauthenticated),
        ("ACCOUNT_STATE_INVALID", Reason::AccountStateInvalid),
        ("UREQ_PROJECT_BILLING_NOT_FOUND", Reason::BillingDisabled),
        ("CONSUMER_INVALID", Reason::ConsumerInvalid),
        ("RATE_LIMIT_EXCEEDED", Reason::RateLimitExceeded),
        ("USER_PROJECT_DENIED", Reason::UserProjectDenied),
    ] {
        let error = info(401, "UNAUTHENTICATED", reason, "{}");
        assert_eq!(*error.reason(), expected, "{reason}");
        assert!(error.reason().hint().is_some(), "{reason}");
    }
}

#[test]
fn forbidden_key_and_tenth_key_are_told_apart() {
    let forbidden = parse(
        400,
        r#"{"error":{"code":400,"message":"Key creation is not allowed on this service account.","status":"FAILED_PRECONDITION","details":[{"@type":"type.googleapis.com/google.rpc.PreconditionFailure","violations":[{"type":"constraints/iam.disableServiceAccountKeyCreation","subject":"projects/p/serviceAccounts/e?configvalue=e","description":"Key creation is not allowed on this service account."}]}]}}"#,
    );
    let constraint = "constraints/iam.disableServiceAccountKeyCreation".to_owned();
    assert_eq!(
        *forbidden.reason(),
        Reason::OrganizationPolicy { constraint }
    );
    let limit = parse(
        400,
        r#"{"error":{"code":400,"message":"Precondition check failed.","status":"FAILED_PRECONDITION"}}"#,
    );
    assert_eq!(*limit.reason(), Reason::FailedPrecondition);
    let older = parse(
        429,
        r#"{"error":{"code":429,"message":"Maximum number of keys on account reached.","status":"RESOURCE_EXHAUSTED"}}"#,
    );
    assert_eq!(*older.reason(), Reason::FailedPrecondition);
}

#[test]
fn messages_without_details_decide_by_keyword() {
    for (status, code, message, expected) in [
        (
            409,
            "ABORTED",
            "There were concurrent policy changes.",
            Reason::Aborted,
        ),
        (
            409,
            "ALREADY_EXISTS",
            "Service account x already exists",
            Reason::AlreadyExists,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "Service account x does not exist.",
            Reason::MemberNotFound,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "Another activation or deactivation is in progress for project",
            Reason::ActivationInProgress,
        ),
        (404, "NOT_FOUND", "x", Reason::NotFound),
        (
            400,
            "FAILED_PRECONDITION",
            "Billing account for project '1' is not found.",
            Reason::BillingDisabled,
        ),
        (503, "UNAVAILABLE", "x", Reason::Unavailable),
    ] {
        let body =
            format!(r#"{{"error":{{"code":{status},"message":"{message}","status":"{code}"}}}}"#);
        assert_eq!(*parse(status, &body).reason(), expected, "{message}");
    }
}

#[test]
fn retry_info_sets_the_delay() {
    let error = parse(
        429,
        r#"{"error":{"code":429,"message":"q","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"}]}}"#,
    );
    assert_eq!(error.retry_delay(), Some(Duration::from_millis(1500)));
}

#[test]
fn token_endpoint_error_keeps_description() {
    let error = parse(
        400,
        r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#,
    );
    assert_eq!(error.to_string(), "invalid_grant: Invalid JWT Signature.");
    assert_eq!(*error.reason(), Reason::InvalidGrant);
    let login = parse(
        400,
        r#"{"error":"invalid_grant","error_description":"reauth related error (invalid_rapt)","error_subtype":"invalid_rapt"}"#,
    );
    assert_eq!(*login.reason(), Reason::ReauthenticationRequired);
    let revoked =
        r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#;
    assert_eq!(
        *parse(400, revoked).reason(),
        Reason::ReauthenticationRequired
    );
    let disabled =
        r#"{"error":"disabled_client","error_description":"The OAuth client was disabled."}"#;
    assert_eq!(*parse(401, disabled).reason(), Reason::AccountStateInvalid);
}

#[test]
fn registry_error_keeps_code_and_message() {
    let error = parse(
        404,
        r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"Failed to fetch \"T\""}]}"#,
    );
    assert_eq!(error.code(), "MANIFEST_UNKNOWN");
    assert_eq!(error.to_string(), "MANIFEST_UNKNOWN: Failed to fetch \"T\"");
}

#[test]
fn other_bodies_become_text() {
    assert_eq!(
        parse(412, "Container Registry is\ndeprecated").to_string(),
        "HTTP 412: Container Registry is\\ndeprecated"
    );
    assert_eq!(
        parse(502, "<html><head><TITLE>502 Bad Gateway</TITLE>").to_string(),
        "HTTP 502: an HTML page: 502 Bad Gateway"
    );
    assert_eq!(parse(502, "<html>").to_string(), "HTTP 502: an HTML page");
    assert_eq!(parse(500, "").to_string(), "HTTP 500");
    assert_eq!(parse(500, "[]").to_string(), "HTTP 500: []");
    assert_eq!(
        parse(500, r#"{"errors":[]}"#).to_string(),
        r#"HTTP 500: {"errors":[]}"#
    );
}

#[test]
fn echoed_secret_is_redacted_in_every_format() {
    let redactor = Redactor::default();
    redactor.add_secret("ya29.an-access-token-of-the-operator");
    for body in [
        r#"{"error":{"code":400,"message":"bad ya29.an-access-token-of-the-operator","status":"ya29.an-access-token-of-the-operator","details":[{"@type":"x.ErrorInfo","reason":"IAM_PERMISSION_DENIED","metadata":{"permission":"ya29.an-access-token-of-the-operator"}}]}}"#,
        r#"{"error":"ya29.an-access-token-of-the-operator","error_description":"ya29.an-access-token-of-the-operator"}"#,
        r#"{"errors":[{"code":"X","message":"ya29.an-access-token-of-the-operator"}]}"#,
        "ya29.an-access-token-of-the-operator",
        "<title>ya29.an-access-token-of-the-operator</title>",
    ] {
        let error = ApiError::parse(StatusCode::BAD_REQUEST, body.as_bytes(), &redactor);
        let shown = format!("{error} {error:?} {:?}", error.reason().hint());
        assert!(!shown.contains("an-access-token"), "{shown}");
    }
}

#[test]
fn operation_error_has_the_status_of_its_code() {
    let error = serde_json::json!({"code": 9, "message": "m", "details": [
        {"@type": "x.ErrorInfo", "reason": "UREQ_PROJECT_BILLING_NOT_FOUND"}]});
    let error = ApiError::of_operation(&error, &Redactor::default());
    assert_eq!(error.to_string(), "FAILED_PRECONDITION: m");
    assert_eq!(*error.reason(), Reason::BillingDisabled);
}

proptest! {
    #[test]
    fn any_body_becomes_one_printable_line(status in 400u16..600, body in prop::collection::vec(any::<u8>(), 0..400)) {
        let error = ApiError::parse(StatusCode::from_u16(status).unwrap(), &body, &Redactor::default());
        prop_assert!(!error.to_string().contains(char::is_control));
    }

    #[test]
    fn any_json_in_error_fields_becomes_one_printable_line(message in "\\PC*|.*", code in ".*", shape in 0usize..3) {
        let body = match shape {
            0 => serde_json::json!({"error": {"message": message, "status": code, "details": [{"@type": code, "reason": message}]}}),
            1 => serde_json::json!({"error": code, "error_description": message}),
            _ => serde_json::json!({"errors": [{"code": code, "message": message}]}),
        };
        let error = parse(400, &body.to_string());
        prop_assert!(!error.to_string().contains(char::is_control));
        prop_assert!(error.to_string().chars().count() < 20_000);
    }
}

//! Tests the verdicts with responses as Google sends them.

use gcr_core::domain::redactor::Redactor;

use super::*;

fn error(status: u16, body: &str) -> ApiError {
    let status = StatusCode::from_u16(status).unwrap();
    ApiError::parse(status, body.as_bytes(), &Redactor::default())
}

#[test]
fn key_refusals_say_what_is_wrong_with_the_key() {
    for (status, code, description, expected) in [
        (
            400,
            "invalid_grant",
            "Invalid JWT Signature.",
            Some(Verdict::KeyRevoked),
        ),
        (
            400,
            "invalid_grant",
            "Invalid grant: account not found",
            Some(Verdict::AccountDeleted),
        ),
        (
            401,
            "disabled_client",
            "The OAuth client was disabled.",
            Some(Verdict::AccountDisabled),
        ),
        (
            400,
            "invalid_grant",
            "Invalid grant: account disabled",
            Some(Verdict::AccountDisabled),
        ),
        (
            400,
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
            Some(Verdict::ClockSkew),
        ),
        (400, "invalid_scope", "x", None),
        (503, "internal_failure", "Backend Error", None),
    ] {
        let body = format!(r#"{{"error":"{code}","error_description":"{description}"}}"#);
        assert_eq!(
            of_key_refusal(&error(status, &body)),
            expected,
            "{description}"
        );
    }
    assert_eq!(of_key_refusal(&error(502, "<html>")), None);
}

#[test]
fn registry_errors_have_verdicts() {
    let denied = r#"{"errors":[{"code":"DENIED","message":"Permission \"artifactregistry.repositories.downloadArtifacts\" denied on resource \"projects/p/locations/us/repositories/r\" (or it may not exist)"}]}"#;
    let unauthenticated = r#"{"errors":[{"code":"DENIED","message":"Unauthenticated request. Unauthenticated requests do not have permission \"artifactregistry.repositories.downloadArtifacts\" on resource \"x\" (or it may not exist)"}]}"#;
    let disabled = r#"{"errors":[{"code":"DENIED","message":"Artifact Registry API has not been used in project 1 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/artifactregistry.googleapis.com/overview?project=1 then retry."}]}"#;
    let missing = r#"{"errors":[{"code":"DENIED","message":"gcr.io repo does not exist. Creating on push requires the artifactregistry.repositories.createOnPush permission"}]}"#;
    for (status, body, expected) in [
        (
            401,
            r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication failed"}]}"#,
            Verdict::Unauthorized,
        ),
        (
            401,
            r#"{"errors":[{"code":"UNKNOWN","message":"Unable to parse json key."}]}"#,
            Verdict::NotAKey,
        ),
        (403, denied, Verdict::PermissionDenied),
        (403, unauthenticated, Verdict::NoCredentialForHost),
        (403, disabled, Verdict::ApiDisabled),
        (403, missing, Verdict::RepositoryNotFound),
        (
            404,
            r#"{"errors":[{"code":"NAME_UNKNOWN","message":"Repository \"r\" not found"}]}"#,
            Verdict::RepositoryNotFound,
        ),
        (
            404,
            r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"Failed to fetch \"t\""}]}"#,
            Verdict::ImageNotFound,
        ),
        (
            400,
            r#"{"errors":[{"code":"NAME_INVALID","message":"invalid number of path components: 1"}]}"#,
            Verdict::Unrecognized,
        ),
        (
            412,
            "Container Registry is deprecated and shutting down",
            Verdict::NotMigrated,
        ),
        (503, "<html>", Verdict::RegistryBusy),
        (429, "", Verdict::RegistryBusy),
        (418, "", Verdict::Unrecognized),
        (404, "", Verdict::Unrecognized),
    ] {
        assert_eq!(
            of_registry_error(&error(status, body), false),
            expected,
            "{status} {body}"
        );
    }
    let refused = error(
        401,
        r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication failed"}]}"#,
    );
    assert_eq!(of_registry_error(&refused, true), Verdict::TokenExpired);
}

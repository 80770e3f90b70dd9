//! Tests `verify` with the replies of Google and of hostile registries.

use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use serde_json::json;

use crate::fixture::assert_output;
use crate::registry::{HOST, Registry};

#[test]
fn refused_key_says_why() {
    let registry = Registry::new();
    let verdict = || registry.verdict("_json_key", &registry.key);
    assert_eq!(verdict(), "ok");
    registry.google.set_account_disabled(&registry.email, true);
    assert_eq!(verdict(), "account-disabled");
    registry.google.set_account_disabled(&registry.email, false);
    registry.google.advance_clock(7200);
    assert_eq!(verdict(), "clock-skew");
    registry.google.advance_clock(-7200);
    registry.google.disable_keys(&registry.email);
    assert_eq!(verdict(), "key-revoked");
    registry.google.remove_account(&registry.email);
    assert_eq!(verdict(), "account-deleted");
}

#[test]
fn revoked_key_is_named_in_its_line() {
    let registry = Registry::new();
    registry.google.disable_keys(&registry.email);
    registry.create_secret(HOST, "_json_key", &registry.key);
    let id = &registry.google.keys_of(&registry.email)[0].0[..7];
    let line = format!(
        "secret/gcr-io key-revoked: {HOST}: the key {id}… was deleted, disabled or has expired (invalid_grant: Invalid JWT Signature)"
    );
    assert_output(&registry.verify(&[]), 1, &[&line], &[]);
}

#[test]
fn unusable_passwords_are_told_apart() {
    let registry = Registry::new();
    assert_eq!(registry.verdict("_json_key", "{}"), "not-a-key");
    assert_eq!(registry.verdict("_json_key_base64", "%%%"), "bad-encoding");
    assert_eq!(
        registry.verdict("someone", "hunter2-hunter2"),
        "unauthorized"
    );
    let token = registry
        .google
        .issue_token("user:operator@example.com", 600);
    assert_eq!(registry.verdict("oauth2accesstoken", &token), "ok");
    registry.google.advance_clock(700);
    assert_eq!(
        registry.verdict("oauth2accesstoken", &token),
        "token-expired"
    );
}

#[test]
fn replies_of_registry_become_verdicts() {
    let registry = Registry::new();
    let denied = |message: &str| CannedError::registry(403, "DENIED", message);
    for (reply, expected) in [
        (
            denied(
                "Permission \"artifactregistry.repositories.downloadArtifacts\" denied on resource \"x\" (or it may not exist)",
            ),
            "permission-denied",
        ),
        (
            denied(
                "Unauthenticated request. Unauthenticated requests do not have permission \"x\"",
            ),
            "no-credential-for-host",
        ),
        (
            denied(
                "Artifact Registry API has not been used in project 1 before or it is disabled.",
            ),
            "api-disabled",
        ),
        (
            denied(
                "gcr.io repo does not exist. Creating on push requires the artifactregistry.repositories.createOnPush permission",
            ),
            "repository-not-found",
        ),
        (
            CannedError::registry(404, "NAME_UNKNOWN", "Repository \"x\" not found"),
            "repository-not-found",
        ),
        (CannedError::not_migrated("demo-project"), "not-migrated"),
        (CannedError::unavailable(), "registry-busy"),
        (CannedError::captive_portal(), "unrecognized"),
        (
            CannedError::new(418, "text/plain", "I am a teapot"),
            "unrecognized",
        ),
    ] {
        registry.google.clear_faults();
        registry
            .google
            .inject(Rule::on("registry.token"), Fault::Respond(reply.clone()));
        assert_eq!(
            registry.verdict("_json_key", &registry.key),
            expected,
            "{reply:?}"
        );
    }
    registry.google.clear_faults();
    registry
        .google
        .inject(Rule::on("registry.ping"), Fault::Reset);
    assert_eq!(
        registry.verdict("_json_key", &registry.key),
        "registry-unreachable"
    );
}

#[test]
fn missing_role_is_permission_denied() {
    let registry = Registry::new();
    registry
        .google
        .set_repository_policy("us", "images", json!({}));
    assert_eq!(
        registry.verdict("_json_key", &registry.key),
        "permission-denied"
    );
}

#[test]
fn hostile_replies_get_no_credential_and_do_not_hang() {
    let registry = Registry::new();
    for fault in [
        Fault::Echo,
        Fault::Huge(200 << 20),
        Fault::Truncated,
        Fault::Respond(CannedError::bad_gateway().header("location", "https://evil.example/")),
    ] {
        for method in ["registry.token", "registry.ping"] {
            registry.google.clear_faults();
            registry.google.inject(Rule::on(method), fault.clone());
            let verdict = registry.verdict("_json_key", &registry.key);
            assert_ne!(verdict, "ok", "{fault:?} {method}");
        }
    }
    registry.google.clear_faults();
    let challenge = CannedError::registry(401, "UNAUTHORIZED", "x");
    for realm in [
        "https://evil.example/token",
        "http://us-docker.pkg.dev/v2/token",
        "https://oauth2.googleapis.com/token",
    ] {
        registry.google.clear_faults();
        let reply = challenge
            .clone()
            .header("www-authenticate", &format!("Bearer realm=\"{realm}\""));
        registry
            .google
            .inject(Rule::on("registry.ping"), Fault::Respond(reply));
        registry.google.reset_requests();
        assert_eq!(
            registry.verdict("_json_key", &registry.key),
            "unrecognized",
            "{realm}"
        );
        assert_eq!(registry.google.count("registry.token"), 0);
    }
}

#[test]
fn slow_registry_ends_with_the_timeout() {
    let registry = Registry::new();
    registry.create_secret(HOST, "oauth2accesstoken", registry.google.operator_token());
    registry
        .google
        .inject(Rule::on("registry.ping"), Fault::Hang);
    let output = registry.verify(&["--timeout", "200ms"]).exits(1);
    assert!(
        output
            .stdout
            .starts_with("secret/gcr-io registry-unreachable: "),
        "{output}"
    );
    assert!(output.elapsed.as_secs() < 10, "{output}");
}

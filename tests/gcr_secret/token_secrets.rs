//! `list` and `describe` of a Secret with an access token, and of Secrets that the plugin does not manage.

use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::list::{column, list};
use crate::pull_secrets::docker_config;

const ACCOUNT: &str = "puller@demo-project.iam.gserviceaccount.com";
const EXPIRES: &str = "2030-01-02T03:04:05Z";

/// Returns a namespace with a Secret as `setup --credential token` writes it.
fn with_token() -> Fixture {
    let fixture = Fixture::new("token");
    let config = docker_config(&[("gcr.io", "oauth2accesstoken", "ya29.token-of-the-test")]);
    let mut secret = Fixture::pull_secret("gcr-io", &config);
    secret["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "kubectl-gcr-secret"});
    secret["metadata"]["annotations"] = json!({
        "kubectl-gcr-secret/registries": "gcr.io",
        "kubectl-gcr-secret/credential": "access-token",
        "kubectl-gcr-secret/account": ACCOUNT,
        "kubectl-gcr-secret/expires": EXPIRES,
    });
    fixture.create_object(secret);
    fixture
}

#[test]
fn list_shows_type_and_expiry_of_token() {
    let fixture = with_token();
    let output = list(&fixture).args(["-o", "wide"]).run().success();
    for (header, value) in [
        ("TYPE", "access-token"),
        ("EXPIRES", EXPIRES),
        ("ACCOUNT", ACCOUNT),
        ("KEY-ID", "<none>"),
    ] {
        assert_eq!(column(&output, header), [value], "{output}");
    }
    let json = list(&fixture).args(["-o", "json"]).run().success();
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["items"][0]["expires"], EXPIRES);
}

#[test]
fn describe_shows_expiry_of_token_and_no_exchange_of_a_key() {
    let fixture = with_token();
    let words = ["describe", "gcr-io", "-n", &fixture.namespace];
    let text = fixture.session.gcr_secret(words).run().success().stdout;
    let field = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim)
            .unwrap_or_else(|| panic!("no {name} in\n{text}"))
    };
    assert_eq!(field("Expires"), EXPIRES);
    assert_eq!(field("Credential"), "access-token");
    assert_eq!(field("Verify Checks"), "gcr.io: parse, challenge, token");
    assert!(!text.contains("ya29"), "{text}");
}

#[test]
fn unmanaged_secret_shows_only_hosts_of_google() {
    let fixture = Fixture::new("unmanaged");
    let entries = [
        ("docker.io", "user", "password-password"),
        ("https://gcr.io/v2/", "_json_key", "{}"),
        ("europe-west1-docker.pkg.dev", "_json_key", "{}"),
    ];
    fixture.create_pull_secret("mixed", &docker_config(&entries));
    fixture.create_pull_secret("others", &docker_config(&entries[..1]));
    fixture.create_pull_secret("undecodable", r#"{"auths":[]}"#);
    let output = list(&fixture).arg("--unmanaged").run().success();
    assert_eq!(column(&output, "NAME"), ["mixed", "others", "undecodable"]);
    assert_eq!(
        column(&output, "REGISTRIES"),
        ["europe-west1-docker.pkg.dev,gcr.io", "<none>", "<none>"]
    );
    assert!(!output.stdout.contains("docker.io"), "{output}");
}

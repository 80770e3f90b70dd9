//! A new token goes to the registries of the old one, and nothing else in the Secret changes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::fixture::{DIGEST, Fixture, HOST, OLD_TOKEN, REGISTRIES, docker_config, token_in};

#[test]
fn registries_stay_with_their_order() {
    let fixture = Fixture::new("refresh-registries");
    fixture.set_up(&[
        "--lifetime=15m",
        "--registry=us.gcr.io",
        "--create-repository",
    ]);
    let before = fixture.docker_config("gcr-io");
    let hosts = fixture.annotation("gcr-io", REGISTRIES);
    fixture.refresh([""; 0]).run().success();
    let after = fixture.docker_config("gcr-io");
    let names = |config: &Value| -> Vec<String> {
        config["auths"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(names(&before), names(&after));
    assert_eq!(names(&after).len(), 2);
    assert_eq!(fixture.annotation("gcr-io", REGISTRIES), hosts);
    assert!(fixture.annotation("gcr-io", DIGEST).is_some());
}

#[test]
fn entries_of_other_owners_and_other_tokens_are_kept() {
    let fixture = Fixture::new("refresh-merged");
    let entry = |pair: &str| json!({"auth": STANDARD.encode(pair), "email": "kept@example.com"});
    let key = entry("_json_key:{}");
    let robot = entry("robot:password-of-another-registry");
    let other = entry("oauth2accesstoken:ya29.token-of-another-account-0123");
    let ours = json!({"auth": STANDARD.encode(format!("oauth2accesstoken:{OLD_TOKEN}"))});
    let config = json!({
        "auths": {HOST: ours, "gcr.io": ours, "eu.gcr.io": key, "docker.io": robot, "us.gcr.io": other},
        "credHelpers": {"x.example": "y"},
    });
    let mut secret = fixture.secret_json("gcr-io", 1);
    secret["data"][".dockerconfigjson"] = json!(STANDARD.encode(config.to_string()));
    secret["metadata"]["annotations"][REGISTRIES] =
        json!(format!("{HOST},gcr.io,eu.gcr.io,docker.io,us.gcr.io"));
    fixture.apply(&secret);
    fixture.refresh([""; 0]).run().success();
    let after = fixture.docker_config("gcr-io");
    let auths = &after["auths"];
    for (host, entry) in [
        ("eu.gcr.io", &key),
        ("docker.io", &robot),
        ("us.gcr.io", &other),
    ] {
        assert_eq!(&auths[host], entry, "{host}");
    }
    assert_eq!(after["credHelpers"], config["credHelpers"]);
    assert_eq!(token_in(&auths[HOST]), token_in(&auths["gcr.io"]));
    assert_ne!(token_in(&auths[HOST]), OLD_TOKEN);
    assert_eq!(fixture.annotation("gcr-io", DIGEST), None);
    // The next run finds the same entries.
    fixture.refresh(["--all"]).run().success();
    let again = fixture.docker_config("gcr-io");
    assert_eq!(again["auths"].as_object().map(|it| it.len()), Some(5));
    assert_eq!(again["auths"]["us.gcr.io"], other);
}

#[test]
fn labels_annotations_and_data_of_other_managers_are_kept() {
    let fixture = Fixture::new("refresh-foreign-fields");
    fixture.add_secret("gcr-io", 1);
    let foreign = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "gcr-io", "namespace": fixture.namespace,
            "labels": {"team": "a"}, "annotations": {"note": "kept"}},
    });
    fixture.apply_as("other", &foreign);
    fixture.refresh([""; 0]).run().success();
    let metadata = &fixture.secret("gcr-io")["metadata"];
    assert_eq!(metadata["labels"]["team"], "a");
    assert_eq!(metadata["annotations"]["note"], "kept");
}

#[test]
fn secret_without_the_token_of_its_annotation_is_named() {
    let fixture = Fixture::new("refresh-no-token");
    let mut secret = fixture.secret_json("gcr-io", 1);
    let config = json!({"auths": {HOST: {"auth": STANDARD.encode("_json_key:{}")}}});
    secret["data"][".dockerconfigjson"] = json!(STANDARD.encode(config.to_string()));
    fixture.apply(&secret);
    let output = fixture.refresh([""; 0]).run().exits(1);
    assert!(
        output
            .stderr
            .contains("error: secret \"gcr-io\" contains no access token, although"),
        "{output}"
    );
    assert_eq!(docker_config(&fixture.secret("gcr-io")), config);
    assert_eq!(fixture.google.count("generateAccessToken"), 0);
}

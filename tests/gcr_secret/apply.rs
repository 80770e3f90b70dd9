//! The outcomes `created`, `configured` and `unchanged`, compared with the state of the server.

use gcr_test_support::keys;
use serde_json::json;

use crate::fixture::{Fixture, assert_output, resource_version};

#[test]
fn second_run_is_unchanged() {
    let fixture = Fixture::new("apply");
    let first = fixture.create_via_kubectl().run();
    assert_output(&first, 0, &["secret/gcr-io created"], &[]);
    let made = fixture.secret();

    let second = fixture.create_via_kubectl().run();
    assert_output(&second, 0, &["secret/gcr-io unchanged"], &[]);
    assert_eq!(fixture.secret(), made);
}

#[test]
fn new_key_replaces_old_key() {
    let fixture = Fixture::new("apply");
    fixture.create().run().success();
    let made = fixture.secret();

    let output = fixture
        .create_without_key()
        .args(["--key-file", "rotated-key.json"])
        .run();
    assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
    let changed = fixture.secret();
    assert_eq!(changed["metadata"]["uid"], made["metadata"]["uid"]);
    assert_ne!(resource_version(&changed), resource_version(&made));
    assert_ne!(changed["data"], made["data"]);
    let rotated: serde_json::Value = serde_json::from_str(keys::ROTATED_KEY).unwrap();
    assert_eq!(
        changed["metadata"]["annotations"]["kubectl-gcr-secret/key-id"],
        rotated["private_key_id"]
    );
}

/// The server records the time of a change in whole seconds, so several writes within one second are the difficult case.
#[test]
fn outcomes_within_same_second_are_correct() {
    let fixture = Fixture::new("apply");
    let mut before = None;
    let keys = [
        "key.json",
        "key.json",
        "rotated-key.json",
        "rotated-key.json",
    ];
    for key in keys.iter().cycle().take(12) {
        let output = fixture
            .create_without_key()
            .args(["--key-file", key])
            .run()
            .success();
        let secret = fixture.secret();
        let word = match &before {
            None => "created",
            Some(before) if before == resource_version(&secret) => "unchanged",
            Some(_) => "configured",
        };
        assert_output(&output, 0, &[&format!("secret/gcr-io {word}")], &[]);
        before = Some(resource_version(&secret).to_owned());
    }
}

#[test]
fn removed_label_and_annotation_are_restored() {
    let fixture = Fixture::new("apply");
    fixture.create().run().success();
    for args in [
        ["label", "app.kubernetes.io/managed-by-"],
        ["annotate", "kubectl-gcr-secret/account-"],
    ] {
        fixture.kubectl([args[0], "secret", "gcr-io", args[1]]);
        let output = fixture.create().run();
        assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
    }
    let metadata = &fixture.secret()["metadata"];
    assert_eq!(
        metadata["labels"],
        json!({"app.kubernetes.io/managed-by": "kubectl-gcr-secret"})
    );
    assert_eq!(
        metadata["annotations"]["kubectl-gcr-secret/account"],
        keys::ACCOUNT
    );
}

#[test]
fn labels_and_annotations_of_others_are_kept() {
    let fixture = Fixture::new("apply");
    fixture.create().run().success();
    fixture.kubectl(["label", "secret", "gcr-io", "team=payments"]);
    fixture.kubectl(["annotate", "secret", "gcr-io", "example.com/ticket=7"]);
    let output = fixture
        .create_without_key()
        .args(["--key-file", "rotated-key.json"])
        .run();
    assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
    let metadata = &fixture.secret()["metadata"];
    assert_eq!(metadata["labels"]["team"], "payments");
    assert_eq!(metadata["annotations"]["example.com/ticket"], "7");
}

#[test]
fn concurrent_creates_create_one_secret() {
    let fixture = Fixture::new("apply");
    let running: Vec<_> = (0..4).map(|_| fixture.create().spawn()).collect();
    let args: Vec<String> = running
        .into_iter()
        .map(|one| one.wait().success().stdout)
        .collect();
    let created = |word: &&String| *word == "secret/gcr-io created\n";
    assert_eq!(args.iter().filter(created).count(), 1, "{args:?}");
    assert_eq!(
        fixture.docker_config("gcr-io")["auths"]["gcr.io"]["auth"],
        keys::key_auth()
    );
}

#[test]
fn secret_name_with_resource_prefix_is_accepted() {
    let fixture = Fixture::new("apply");
    for (name, line) in [
        ("team-pull", "secret/team-pull created"),
        ("secret/team-pull", "secret/team-pull unchanged"),
        ("secrets/team-pull", "secret/team-pull unchanged"),
    ] {
        assert_output(&fixture.create().args([name]).run(), 0, &[line], &[]);
    }
    assert_eq!(fixture.find("secret/gcr-io"), None);
}

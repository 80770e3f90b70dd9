//! The words of the report, `created`, `configured` and `unchanged`: each true, by what the server holds.

use gcr_test_support::keys;
use serde_json::json;

use crate::setting::{Setting, assert_said, version};

#[test]
fn a_second_run_changes_nothing() {
    let setting = Setting::new("apply");
    let first = setting.typed().run();
    assert_said(&first, 0, &["secret/gcr-io created"], &[]);
    let made = setting.secret();

    let second = setting.typed().run();
    assert_said(&second, 0, &["secret/gcr-io unchanged"], &[]);
    assert_eq!(setting.secret(), made);
}

#[test]
fn a_new_key_is_written_in_the_old_ones_place() {
    let setting = Setting::new("apply");
    setting.create().run().success();
    let made = setting.secret();

    let output = setting
        .bare()
        .args(["--key-file", "rotated-key.json"])
        .run();
    assert_said(&output, 0, &["secret/gcr-io configured"], &[]);
    let changed = setting.secret();
    assert_eq!(changed["metadata"]["uid"], made["metadata"]["uid"]);
    assert_ne!(version(&changed), version(&made));
    assert_ne!(changed["data"], made["data"]);
    let rotated: serde_json::Value = serde_json::from_str(keys::ROTATED_KEY).unwrap();
    assert_eq!(
        changed["metadata"]["annotations"]["kubectl-gcr-secret/key-id"],
        rotated["private_key_id"]
    );
}

/// The server keeps the time of a change in whole seconds, so what happens within one is where a word can be wrong.
#[test]
fn the_words_stay_true_within_the_same_second() {
    let setting = Setting::new("apply");
    let mut before = None;
    let keys = [
        "key.json",
        "key.json",
        "rotated-key.json",
        "rotated-key.json",
    ];
    for key in keys.iter().cycle().take(12) {
        let output = setting.bare().args(["--key-file", key]).run().success();
        let secret = setting.secret();
        let word = match &before {
            None => "created",
            Some(before) if before == version(&secret) => "unchanged",
            Some(_) => "configured",
        };
        assert_said(&output, 0, &[&format!("secret/gcr-io {word}")], &[]);
        before = Some(version(&secret).to_owned());
    }
}

#[test]
fn what_somebody_changed_of_ours_is_put_back_and_reported() {
    let setting = Setting::new("apply");
    setting.create().run().success();
    for words in [
        ["label", "app.kubernetes.io/managed-by-"],
        ["annotate", "kubectl-gcr-secret/account-"],
    ] {
        setting.kubectl([words[0], "secret", "gcr-io", words[1]]);
        let output = setting.create().run();
        assert_said(&output, 0, &["secret/gcr-io configured"], &[]);
    }
    let metadata = &setting.secret()["metadata"];
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
fn what_others_added_stays() {
    let setting = Setting::new("apply");
    setting.create().run().success();
    setting.kubectl(["label", "secret", "gcr-io", "team=payments"]);
    setting.kubectl(["annotate", "secret", "gcr-io", "example.com/ticket=7"]);
    let output = setting
        .bare()
        .args(["--key-file", "rotated-key.json"])
        .run();
    assert_said(&output, 0, &["secret/gcr-io configured"], &[]);
    let metadata = &setting.secret()["metadata"];
    assert_eq!(metadata["labels"]["team"], "payments");
    assert_eq!(metadata["annotations"]["example.com/ticket"], "7");
}

#[test]
fn several_at_once_make_one_secret() {
    let setting = Setting::new("apply");
    let running: Vec<_> = (0..4).map(|_| setting.create().spawn()).collect();
    let words: Vec<String> = running
        .into_iter()
        .map(|one| one.wait().success().stdout)
        .collect();
    let created = |word: &&String| *word == "secret/gcr-io created\n";
    assert_eq!(words.iter().filter(created).count(), 1, "{words:?}");
    assert_eq!(
        setting.config("gcr-io")["auths"]["gcr.io"]["auth"],
        keys::key_auth()
    );
}

#[test]
fn the_name_may_be_written_with_its_kind() {
    let setting = Setting::new("apply");
    for (word, said) in [
        ("team-pull", "secret/team-pull created"),
        ("secret/team-pull", "secret/team-pull unchanged"),
        ("secrets/team-pull", "secret/team-pull unchanged"),
    ] {
        assert_said(&setting.create().args([word]).run(), 0, &[said], &[]);
    }
    assert_eq!(setting.find("secret/gcr-io"), None);
}

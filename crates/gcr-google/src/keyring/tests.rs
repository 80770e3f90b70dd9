//! Compares the answers with those of kubelet's own code, and with examples.

use std::collections::BTreeSet;

use proptest::prelude::*;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::*;

/// One question per line with the answer of `tests/control-plane/kubelet-lookup` at 1.37.2: image, Secrets, repository, and
/// secret, user and password of each credential in order. `random` marks answers whose order differed between runs.
const ANSWERS: &str = include_str!("tests/kubelet-answers.jsonl");

fn keyring(secrets: &[&str]) -> Result<Keyring, UndecodableSecret> {
    let secrets = secrets
        .iter()
        .map(|text| (SecretFormat::DockerConfigJson, text.as_bytes()));
    Keyring::new(secrets)
}

/// Returns what kubelet would answer: the repository, and secret, user and password of each credential in order.
fn answer(image: &str, secrets: &[&str]) -> (Option<String>, Option<Vec<String>>) {
    let Ok(ImageName { repository, .. }) = ImageName::parse(image) else {
        return (None, None);
    };
    let found = keyring(secrets).ok().map(|keyring| {
        let found = keyring.matching(&repository);
        let shown = found.iter().map(|entry| {
            let login = &entry.login;
            format!(
                "{} {} {}",
                entry.secret,
                login.username,
                login.password.expose_secret()
            )
        });
        shown.collect()
    });
    (Some(repository), found)
}

#[test]
fn answers_are_those_of_kubelet() {
    let mut count = 0;
    for line in ANSWERS.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let secrets: Vec<&str> = case["secrets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap())
            .collect();
        let (repository, found) = answer(case["image"].as_str().unwrap(), &secrets);
        assert_eq!(repository.as_deref(), case["repository"].as_str(), "{line}");
        let Some(expected) = case["creds"].as_array() else {
            assert_eq!(found, None, "{line}");
            continue;
        };
        let expected: Vec<String> = expected
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect();
        let found = found.unwrap_or_else(|| panic!("{line}"));
        if case["random"] == true {
            // Two spellings of one key.
            let sets: [BTreeSet<_>; 2] = [found.iter().collect(), expected.iter().collect()];
            assert_eq!(sets[0], sets[1], "{line}");
        } else {
            assert_eq!(found, expected, "{line}");
        }
        count += 1;
    }
    assert!(count > 100, "{count}");
}

#[test]
fn longer_paths_come_first_and_prefixes_ignore_segments() {
    let config = r#"{"auths":{"gcr.io":{"username":"host"},"gcr.io/pro":{"username":"prefix"},"*.io":{"username":"glob"},
        "gcr.io/project/app":{"username":"path"},"eu.gcr.io":{"username":"other"},"https://gcr.io/v2/":{"username":"v2"}}}"#;
    let keyring = keyring(&[config]).unwrap();
    let found = keyring.matching("gcr.io/project/app");
    let names: Vec<&str> = found.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names[..2], ["gcr.io/project/app", "gcr.io/pro"]);
    assert_eq!(names[4], "*.io");
    assert_eq!(names.len(), 5);
}

#[test]
fn one_undecodable_secret_fails_all() {
    let good = r#"{"auths":{"gcr.io":{"username":"a","password":"b"}}}"#;
    for bad in [
        "{",
        "[]",
        r#"{"auths":[]}"#,
        r#"{"auths":{"x":{"auth":"YQ=="}}}"#,
        r#"{"auths":{"x":{"username":1}}}"#,
    ] {
        assert_eq!(
            keyring(&[good, bad]).unwrap_err(),
            UndecodableSecret { secret: 1 },
            "{bad}"
        );
    }
    assert!(keyring(&[good, "", "{}", "null"]).is_ok());
}

#[test]
fn dockercfg_holds_the_entries_alone() {
    let data = br#"{"gcr.io":{"auth":"YTpiOmM="}}"#;
    let keyring = Keyring::new([(SecretFormat::Dockercfg, data.as_slice())]).unwrap();
    let entry = &keyring.entries()[0];
    assert_eq!(entry.login.username, "a");
    assert_eq!(entry.login.password.expose_secret(), "b:c");
}

proptest! {
    #[test]
    fn any_data_is_decoded_or_refused(data in prop::collection::vec(any::<u8>(), 0..200), image in "\\PC*") {
        let _ = Keyring::new([(SecretFormat::DockerConfigJson, data.as_slice())]);
        let _ = ImageName::parse(&image);
    }

    #[test]
    fn any_key_is_compared(key in "\\PC{0,30}", image in "[a-z.*:/\\[\\]%@0-9]{0,30}") {
        let config = serde_json::json!({"auths": {key: {"username": "u"}}}).to_string();
        let _ = keyring(&[&config]).unwrap().matching(&image);
    }
}

//! `--merge`: the other hosts of an existing Secret stay, in their order and to the byte.

use gcr_test_support::keys;
use serde_json::json;

use crate::setting::{Setting, assert_said, one_error, version};

/// A config as other tools write it: an unknown member, an entry in an order and a form of its own.
const OTHERS: &str = r#"{"credHelpers":{"x.example":"helper"},"auths":{"z.example":{"username":"u","password":"p","email":"e","auth":"dTpw"},"a.example":{"auth":"dTpw"},"gcr.io":{"auth":"b2xkOm9sZA=="}}}"#;

#[test]
fn other_hosts_stay_behind_ours_in_their_order() {
    let setting = Setting::new("merge");
    put_config(&setting, OTHERS);
    let output = setting.typed().args(["--merge", "--force-conflicts"]).run();
    assert_said(&output, 0, &["secret/gcr-io configured"], &[]);
    let auth = keys::key_auth();
    let text = setting.config_text("gcr-io");
    assert!(
        text.starts_with(&format!(
            r#"{{"auths":{{"gcr.io":{{"auth":"{auth}"}},"z.example":{{"username":"u","password":"p","email":"e","auth":"dTpw"}},"a.example":{{"auth":"dTpw"}}}}"#
        )),
        "{text}"
    );
    assert_eq!(
        setting.config("gcr-io")["credHelpers"],
        json!({"x.example": "helper"})
    );
    assert_eq!(
        setting.secret()["metadata"]["annotations"]["kubectl-gcr-secret/registries"],
        "gcr.io,z.example,a.example"
    );
}

#[test]
fn a_second_merge_changes_nothing() {
    let setting = Setting::new("merge");
    put_config(&setting, OTHERS);
    let words = ["--merge", "--force-conflicts"];
    setting.create().args(words).run().success();
    let made = setting.secret();
    let output = setting.create().args(words).run();
    assert_said(&output, 0, &["secret/gcr-io unchanged"], &[]);
    assert_eq!(setting.secret(), made);
}

#[test]
fn hosts_add_up_over_several_merges() {
    let setting = Setting::new("merge");
    for (host, word, registries) in [
        ("gcr.io", "created", "gcr.io"),
        ("us.gcr.io", "configured", "us.gcr.io,gcr.io"),
        ("eu.gcr.io", "configured", "eu.gcr.io,us.gcr.io,gcr.io"),
    ] {
        let output = setting.create().args(["--merge", "--registry", host]).run();
        assert_said(&output, 0, &[&format!("secret/gcr-io {word}")], &[]);
        assert_eq!(
            setting.secret()["metadata"]["annotations"]["kubectl-gcr-secret/registries"],
            registries
        );
    }
    let auth = json!({"auth": keys::key_auth()});
    assert_eq!(
        setting.config("gcr-io"),
        json!({"auths": {"eu.gcr.io": auth, "us.gcr.io": auth, "gcr.io": auth}})
    );
}

#[test]
fn a_merge_under_a_dry_run_says_what_it_would_do_and_does_nothing() {
    let setting = Setting::new("merge");
    setting.create().run().success();
    let made = setting.secret();
    let words = ["--merge", "--registry=us.gcr.io", "--dry-run=server"];
    let output = setting.create().args(words).run();
    assert_said(
        &output,
        0,
        &["secret/gcr-io configured (server dry run)"],
        &[],
    );
    assert_eq!(version(&setting.secret()), version(&made));
    let output = setting
        .create()
        .args(["--merge", "x", "--dry-run=server"])
        .run();
    assert_said(&output, 0, &["secret/x created (server dry run)"], &[]);
    assert_eq!(setting.find("secret/x"), None);
}

#[test]
fn a_client_dry_run_refuses_to_print_other_peoples_credentials() {
    let setting = Setting::new("merge");
    put_config(&setting, OTHERS);
    let output = setting.create().args(["--merge", "--dry-run=client"]).run();
    assert_eq!(
        one_error(&output),
        "error: --merge cannot be used with --dry-run=client: it would print other people's credentials"
    );
}

#[test]
fn a_config_that_cannot_be_decoded_stops_it() {
    let setting = Setting::new("merge");
    for config in [r#"{"auths":[]}"#, r#"{"auths":{"a.example":"x"}}"#] {
        put_config(&setting, config);
        let made = setting.secret();
        let output = setting
            .create()
            .args(["--merge", "--force-conflicts"])
            .run();
        assert_said(
            &output,
            1,
            &[],
            &[
                r#"error: secret "gcr-io" holds a docker config that cannot be decoded, so its other hosts cannot be kept"#,
            ],
        );
        assert_eq!(setting.secret(), made);
        setting.kubectl(["delete", "secret", "gcr-io"]);
    }
}

#[test]
fn without_force_a_merge_conflicts_as_any_apply_does() {
    let setting = Setting::new("merge");
    put_config(&setting, OTHERS);
    let output = setting.create().args(["--merge"]).run();
    assert_said(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" is held by "kubectl-create" (.data..dockerconfigjson)"#,
            "hint: it was made by hand; --force-conflicts takes the fields over",
        ],
    );
}

#[test]
fn merges_side_by_side_lose_no_host() {
    let setting = Setting::new("merge");
    let hosts = ["gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io"];
    let running = hosts.map(|host| {
        let words = ["--merge", "--registry", host];
        setting.create().args(words).spawn()
    });
    for one in running {
        one.wait().success();
    }
    let config = setting.config("gcr-io");
    for host in hosts {
        assert_eq!(config["auths"][host]["auth"], keys::key_auth(), "{host}");
    }
}

#[track_caller]
fn put_config(setting: &Setting, config: &str) {
    let from = format!("--from-literal=.dockerconfigjson={config}");
    let type_ = "--type=kubernetes.io/dockerconfigjson";
    setting.kubectl(["create", "secret", "generic", "gcr-io", type_, &from]);
}

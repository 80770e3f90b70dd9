//! `--merge`: the other hosts of an existing Secret are kept byte for byte and in order.

use gcr_test_support::keys;
use serde_json::json;

use crate::fixture::{Fixture, assert_output, resource_version, single_error};

/// A docker config of another tool, with an unknown field, unsorted hosts and additional entry fields.
const OTHERS: &str = r#"{"credHelpers":{"x.example":"helper"},"auths":{"z.example":{"username":"u","password":"p","email":"e","auth":"dTpw"},"a.example":{"auth":"dTpw"},"gcr.io":{"auth":"b2xkOm9sZA=="}}}"#;

#[test]
fn other_hosts_are_kept_in_order_after_new_host() {
    let fixture = Fixture::new("merge");
    put_config(&fixture, OTHERS);
    let output = fixture
        .create_via_kubectl()
        .args(["--merge", "--force-conflicts"])
        .run();
    assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
    let auth = keys::key_auth();
    let text = fixture.docker_config_text("gcr-io");
    assert!(
        text.starts_with(&format!(
            r#"{{"auths":{{"gcr.io":{{"auth":"{auth}"}},"z.example":{{"username":"u","password":"p","email":"e","auth":"dTpw"}},"a.example":{{"auth":"dTpw"}}}}"#
        )),
        "{text}"
    );
    assert_eq!(
        fixture.docker_config("gcr-io")["credHelpers"],
        json!({"x.example": "helper"})
    );
    assert_eq!(
        fixture.secret()["metadata"]["annotations"]["kubectl-gcr-secret/registries"],
        "gcr.io,z.example,a.example"
    );
}

#[test]
fn second_merge_is_unchanged() {
    let fixture = Fixture::new("merge");
    put_config(&fixture, OTHERS);
    let args = ["--merge", "--force-conflicts"];
    fixture.create().args(args).run().success();
    let made = fixture.secret();
    let output = fixture.create().args(args).run();
    assert_output(&output, 0, &["secret/gcr-io unchanged"], &[]);
    assert_eq!(fixture.secret(), made);
}

#[test]
fn several_merges_accumulate_hosts() {
    let fixture = Fixture::new("merge");
    for (host, word, registries) in [
        ("gcr.io", "created", "gcr.io"),
        ("us.gcr.io", "configured", "us.gcr.io,gcr.io"),
        ("eu.gcr.io", "configured", "eu.gcr.io,us.gcr.io,gcr.io"),
    ] {
        let output = fixture.create().args(["--merge", "--registry", host]).run();
        assert_output(&output, 0, &[&format!("secret/gcr-io {word}")], &[]);
        assert_eq!(
            fixture.secret()["metadata"]["annotations"]["kubectl-gcr-secret/registries"],
            registries
        );
    }
    let auth = json!({"auth": keys::key_auth()});
    assert_eq!(
        fixture.docker_config("gcr-io"),
        json!({"auths": {"eu.gcr.io": auth, "us.gcr.io": auth, "gcr.io": auth}})
    );
}

#[test]
fn merge_in_server_dry_run_reports_outcome_without_write() {
    let fixture = Fixture::new("merge");
    fixture.create().run().success();
    let made = fixture.secret();
    let args = ["--merge", "--registry=us.gcr.io", "--dry-run=server"];
    let output = fixture.create().args(args).run();
    assert_output(
        &output,
        0,
        &["secret/gcr-io configured (server dry run)"],
        &[],
    );
    assert_eq!(resource_version(&fixture.secret()), resource_version(&made));
    let output = fixture
        .create()
        .args(["--merge", "x", "--dry-run=server"])
        .run();
    assert_output(&output, 0, &["secret/x created (server dry run)"], &[]);
    assert_eq!(fixture.find("secret/x"), None);
}

#[test]
fn merge_with_client_dry_run_is_rejected() {
    let fixture = Fixture::new("merge");
    put_config(&fixture, OTHERS);
    let output = fixture.create().args(["--merge", "--dry-run=client"]).run();
    assert_eq!(
        single_error(&output),
        "error: --merge cannot be used with --dry-run=client: it would print other people's credentials"
    );
}

#[test]
fn merge_with_undecodable_config_fails() {
    let fixture = Fixture::new("merge");
    for config in [r#"{"auths":[]}"#, r#"{"auths":{"a.example":"x"}}"#] {
        put_config(&fixture, config);
        let made = fixture.secret();
        let output = fixture
            .create()
            .args(["--merge", "--force-conflicts"])
            .run();
        assert_output(
            &output,
            1,
            &[],
            &[
                r#"error: secret "gcr-io" holds a docker config that cannot be decoded, so its other hosts cannot be kept"#,
            ],
        );
        assert_eq!(fixture.secret(), made);
        fixture.kubectl(["delete", "secret", "gcr-io"]);
    }
}

#[test]
fn merge_without_force_conflicts() {
    let fixture = Fixture::new("merge");
    put_config(&fixture, OTHERS);
    let output = fixture.create().args(["--merge"]).run();
    assert_output(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" is held by "kubectl-create" (.data..dockerconfigjson)"#,
            "hint: it was made by hand; pass --force-conflicts to take over its fields",
        ],
    );
}

#[test]
fn concurrent_merges_keep_all_hosts() {
    let fixture = Fixture::new("merge");
    let hosts = ["gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io"];
    let running = hosts.map(|host| {
        let args = ["--merge", "--registry", host];
        fixture.create().args(args).spawn()
    });
    for one in running {
        one.wait().success();
    }
    let config = fixture.docker_config("gcr-io");
    for host in hosts {
        assert_eq!(config["auths"][host]["auth"], keys::key_auth(), "{host}");
    }
}

#[track_caller]
fn put_config(fixture: &Fixture, config: &str) {
    let from = format!("--from-literal=.dockerconfigjson={config}");
    let type_ = "--type=kubernetes.io/dockerconfigjson";
    fixture.kubectl(["create", "secret", "generic", "gcr-io", type_, &from]);
}

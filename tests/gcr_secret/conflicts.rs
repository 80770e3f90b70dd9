//! Field managers: a conflict names the other one and says what to do, and only `--force-conflicts` takes over.

use gcr_test_support::keys;
use serde_json::json;

use crate::setting::{Setting, assert_said, version};

#[test]
fn a_secret_made_by_hand_is_left_alone_and_its_manager_named() {
    let setting = Setting::new("conflicts");
    setting.made_by_hand("gcr-io");
    let made = setting.secret();

    let output = setting.typed().run();
    assert_said(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" is held by "kubectl-create" (.data..dockerconfigjson)"#,
            "hint: it was made by hand; --force-conflicts takes the fields over",
        ],
    );
    assert_eq!(setting.secret(), made);

    let output = setting.typed().args(["--force-conflicts"]).run();
    assert_said(&output, 0, &["secret/gcr-io configured"], &[]);
    assert_eq!(
        setting.config("gcr-io"),
        json!({"auths": {"gcr.io": {"auth": keys::key_auth()}}})
    );
    let output = setting.typed().run();
    assert_said(&output, 0, &["secret/gcr-io unchanged"], &[]);
}

#[test]
fn whoever_edits_by_hand_is_somebody_by_hand() {
    let setting = Setting::new("conflicts");
    for manager in ["kubectl-edit", "kubectl-patch"] {
        setting.create().args(["--force-conflicts"]).run().success();
        let patch = r#"{"data":{".dockerconfigjson":"e30="}}"#;
        let field_manager = format!("--field-manager={manager}");
        setting.kubectl(["patch", "secret", "gcr-io", "-p", patch, &field_manager]);
        let output = setting.create().run();
        assert_said(
            &output,
            1,
            &[],
            &[
                &format!(
                    r#"error: secret "gcr-io" is held by "{manager}" (.data..dockerconfigjson)"#
                ),
                "hint: it was made by hand; --force-conflicts takes the fields over",
            ],
        );
    }
}

#[test]
fn another_applier_is_said_to_put_it_back() {
    let setting = Setting::new("conflicts");
    applied_by(&setting, "flux");
    let made = setting.secret();

    let output = setting.create().run();
    assert_said(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" is held by "flux" (.data..dockerconfigjson)"#,
            "hint: flux manages this Secret and may put it back; change it there, or take it over with --force-conflicts",
        ],
    );
    assert_eq!(setting.secret(), made);

    let output = setting.create().args(["--force-conflicts"]).run();
    assert_said(&output, 0, &["secret/gcr-io configured"], &[]);
}

#[test]
fn what_we_applied_under_another_name_is_a_conflict_too() {
    let setting = Setting::new("conflicts");
    let under = ["--field-manager", "platform-team"];
    setting.create().args(under).run().success();
    let output = setting
        .bare()
        .args(["--key-file", "rotated-key.json"])
        .run();
    assert!(
        output.code == Some(1) && output.stderr.contains(r#"held by "platform-team""#),
        "{output}"
    );
}

#[test]
fn the_same_content_is_no_conflict() {
    let setting = Setting::new("conflicts");
    setting.create().run().success();
    let made = setting.secret();
    let output = setting.create().args(["--field-manager", "second"]).run();
    assert_said(&output, 0, &["secret/gcr-io configured"], &[]);
    assert_ne!(version(&setting.secret()), version(&made));
    assert_eq!(setting.secret()["data"], made["data"]);
}

#[test]
fn a_copy_left_by_kubectl_apply_is_warned_of_with_a_command_that_removes_it() {
    let setting = Setting::new("conflicts");
    applied_by_client(&setting);
    let warning = format!(
        "Warning: secret \"gcr-io\" keeps a copy of a key in an annotation that kubectl apply left; remove it with: \
         kubectl annotate secret gcr-io -n {} kubectl.kubernetes.io/last-applied-configuration-",
        setting.namespace
    );

    let output = setting.create().run();
    assert_said(
        &output,
        1,
        &[],
        &[
            &warning,
            r#"error: secret "gcr-io" is held by "kubectl-client-side-apply" (.data..dockerconfigjson)"#,
            "hint: it was made by hand; --force-conflicts takes the fields over",
        ],
    );

    let typed = warning.split("remove it with: ").nth(1).unwrap();
    setting.session.shell(typed).run().success();
    assert_eq!(last_applied(&setting), None);
}

#[test]
fn force_conflicts_removes_that_copy() {
    let setting = Setting::new("conflicts");
    applied_by_client(&setting);
    assert!(last_applied(&setting).is_some());

    let trial = setting
        .create()
        .args(["--force-conflicts", "--dry-run=server"])
        .run();
    assert_said(
        &trial,
        0,
        &["secret/gcr-io configured (server dry run)"],
        &[],
    );
    assert!(last_applied(&setting).is_some());

    let output = setting.create().args(["--force-conflicts"]).run();
    assert_said(&output, 0, &["secret/gcr-io configured"], &[]);
    assert_eq!(last_applied(&setting), None);
    let output = setting.create().args(["--force-conflicts"]).run();
    assert_said(&output, 0, &["secret/gcr-io unchanged"], &[]);
}

#[test]
fn a_copy_on_a_secret_of_ours_is_warned_of_too() {
    let setting = Setting::new("conflicts");
    setting.create().run().success();
    let key = "kubectl.kubernetes.io/last-applied-configuration";
    setting.kubectl(["annotate", "secret", "gcr-io", &format!("{key}={{}}")]);
    let output = setting.create().run();
    assert!(
        output.code == Some(0)
            && output.stdout == "secret/gcr-io unchanged\n"
            && output
                .stderr
                .starts_with("Warning: secret \"gcr-io\" keeps a copy of a key"),
        "{output}"
    );
}

fn manifest(setting: &Setting) -> String {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "gcr-io", "namespace": setting.namespace},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": "eyJhdXRocyI6e319"},
    })
    .to_string()
}

#[track_caller]
fn applied_by(setting: &Setting, manager: &str) {
    let words = [
        "apply",
        "--server-side",
        "--field-manager",
        manager,
        "-f",
        "-",
    ];
    let apply = setting.cluster.kubectl(words);
    apply.stdin(manifest(setting)).run().success();
}

#[track_caller]
fn applied_by_client(setting: &Setting) {
    let apply = setting.cluster.kubectl(["apply", "-f", "-"]);
    apply.stdin(manifest(setting)).run().success();
}

#[track_caller]
fn last_applied(setting: &Setting) -> Option<String> {
    let secret = setting.secret();
    secret["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
        .as_str()
        .map(String::from)
}

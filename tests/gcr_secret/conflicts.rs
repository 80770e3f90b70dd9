//! Field manager conflicts: the error names the other manager and a remedy, and only `--force-conflicts` takes the fields over.

use gcr_test_support::keys;
use serde_json::json;

use crate::fixture::{Fixture, assert_output, resource_version};

#[test]
fn secret_created_by_kubectl_conflicts() {
    let fixture = Fixture::new("conflicts");
    fixture.create_docker_registry_secret("gcr-io");
    let made = fixture.secret();

    let output = fixture.create_via_kubectl().run();
    assert_output(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" is held by "kubectl-create" (.data..dockerconfigjson)"#,
            "hint: it was made by hand; pass --force-conflicts to take over its fields",
        ],
    );
    assert_eq!(fixture.secret(), made);

    let output = fixture
        .create_via_kubectl()
        .args(["--force-conflicts"])
        .run();
    assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
    assert_eq!(
        fixture.docker_config("gcr-io"),
        json!({"auths": {"gcr.io": {"auth": keys::key_auth()}}})
    );
    let output = fixture.create_via_kubectl().run();
    assert_output(&output, 0, &["secret/gcr-io unchanged"], &[]);
}

#[test]
fn kubectl_edit_and_patch_count_as_interactive_managers() {
    let fixture = Fixture::new("conflicts");
    for manager in ["kubectl-edit", "kubectl-patch"] {
        fixture.create().args(["--force-conflicts"]).run().success();
        let patch = r#"{"data":{".dockerconfigjson":"e30="}}"#;
        let field_manager = format!("--field-manager={manager}");
        fixture.kubectl(["patch", "secret", "gcr-io", "-p", patch, &field_manager]);
        let output = fixture.create().run();
        assert_output(
            &output,
            1,
            &[],
            &[
                &format!(
                    r#"error: secret "gcr-io" is held by "{manager}" (.data..dockerconfigjson)"#
                ),
                "hint: it was made by hand; pass --force-conflicts to take over its fields",
            ],
        );
    }
}

#[test]
fn people_and_one_time_tools_can_be_taken_over_from() {
    let fixture = Fixture::new("conflicts");
    let by_hand = "it was made by hand; pass --force-conflicts to take over its fields";
    for (manager, hint) in [
        ("kubectl-replace", by_hand),
        ("kubectl-label", by_hand),
        ("node-fetch", by_hand),
        ("Mozilla", by_hand),
        (
            "velero-server",
            "velero-server wrote it once and does not restore it; pass --force-conflicts to take over its fields",
        ),
    ] {
        fixture.create().args(["--force-conflicts"]).run().success();
        let patch = r#"{"data":{".dockerconfigjson":"e30="}}"#;
        let field_manager = format!("--field-manager={manager}");
        fixture.kubectl(["patch", "secret", "gcr-io", "-p", patch, &field_manager]);
        let output = fixture.create().run();
        let error =
            format!(r#"error: secret "gcr-io" is held by "{manager}" (.data..dockerconfigjson)"#);
        assert_output(&output, 1, &[], &[&error, &format!("hint: {hint}")]);
    }
    fixture.kubectl(["delete", "secret", "gcr-io"]);
    applied_by(&fixture, "kubectl");
    let output = fixture.create().run();
    let error = r#"error: secret "gcr-io" is held by "kubectl" (.data..dockerconfigjson)"#;
    assert_output(&output, 1, &[], &[error, &format!("hint: {by_hand}")]);
}

#[test]
fn secret_without_recorded_managers_can_be_taken_over() {
    let fixture = Fixture::new("conflicts");
    fixture.create_docker_registry_secret("gcr-io");
    let patch = r#"{"metadata":{"managedFields":[{}]}}"#;
    fixture.kubectl(["patch", "secret", "gcr-io", "--type=merge", "-p", patch]);
    let output = fixture.create().run();
    assert_output(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" is held by "before-first-apply" (.data..dockerconfigjson)"#,
            "hint: the server has no record of its managers, so no controller is known to restore it; pass --force-conflicts to take over its fields",
        ],
    );
    fixture.create().args(["--force-conflicts"]).run().success();
}

#[test]
fn conflict_with_other_applier_warns_of_restore() {
    let fixture = Fixture::new("conflicts");
    applied_by(&fixture, "flux");
    let made = fixture.secret();

    let output = fixture.create().run();
    assert_output(
        &output,
        1,
        &[],
        &[
            r#"error: secret "gcr-io" is held by "flux" (.data..dockerconfigjson)"#,
            "hint: flux manages this Secret and may restore it; change it there, or pass --force-conflicts to take it over",
        ],
    );
    assert_eq!(fixture.secret(), made);

    let output = fixture.create().args(["--force-conflicts"]).run();
    assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
}

#[test]
fn own_secret_with_other_field_manager_conflicts() {
    let fixture = Fixture::new("conflicts");
    let manager = ["--field-manager", "platform-team"];
    fixture.create().args(manager).run().success();
    let output = fixture
        .create_without_key()
        .args(["--key-file", "rotated-key.json"])
        .run();
    assert!(
        output.code == Some(1) && output.stderr.contains(r#"held by "platform-team""#),
        "{output}"
    );
}

#[test]
fn same_content_with_other_field_manager_is_no_conflict() {
    let fixture = Fixture::new("conflicts");
    fixture.create().run().success();
    let made = fixture.secret();
    let output = fixture.create().args(["--field-manager", "second"]).run();
    assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
    assert_ne!(resource_version(&fixture.secret()), resource_version(&made));
    assert_eq!(fixture.secret()["data"], made["data"]);
}

#[test]
fn last_applied_annotation_is_warned_of_with_removal_command() {
    let fixture = Fixture::new("conflicts");
    applied_by_client(&fixture);
    let warning = format!(
        "Warning: secret \"gcr-io\" keeps a copy of a key in an annotation that kubectl apply left; remove it with: \
         kubectl annotate secret gcr-io -n {} kubectl.kubernetes.io/last-applied-configuration-",
        fixture.namespace
    );

    let output = fixture.create().run();
    assert_output(
        &output,
        1,
        &[],
        &[
            &warning,
            r#"error: secret "gcr-io" is held by "kubectl-client-side-apply" (.data..dockerconfigjson)"#,
            "hint: it was made by hand; pass --force-conflicts to take over its fields",
        ],
    );

    let typed = warning.split("remove it with: ").nth(1).unwrap();
    fixture.session.shell(typed).run().success();
    assert_eq!(last_applied(&fixture), None);
}

#[test]
fn force_conflicts_removes_last_applied_annotation() {
    let fixture = Fixture::new("conflicts");
    applied_by_client(&fixture);
    assert!(last_applied(&fixture).is_some());

    let trial = fixture
        .create()
        .args(["--force-conflicts", "--dry-run=server"])
        .run();
    assert_output(
        &trial,
        0,
        &["secret/gcr-io configured (server dry run)"],
        &[],
    );
    assert!(last_applied(&fixture).is_some());

    let output = fixture.create().args(["--force-conflicts"]).run();
    assert_output(&output, 0, &["secret/gcr-io configured"], &[]);
    assert_eq!(last_applied(&fixture), None);
    let output = fixture.create().args(["--force-conflicts"]).run();
    assert_output(&output, 0, &["secret/gcr-io unchanged"], &[]);
}

#[test]
fn last_applied_annotation_on_own_secret_is_warned_of() {
    let fixture = Fixture::new("conflicts");
    fixture.create().run().success();
    let key = "kubectl.kubernetes.io/last-applied-configuration";
    fixture.kubectl(["annotate", "secret", "gcr-io", &format!("{key}={{}}")]);
    let output = fixture.create().run();
    assert!(
        output.code == Some(0)
            && output.stdout == "secret/gcr-io unchanged\n"
            && output
                .stderr
                .starts_with("Warning: secret \"gcr-io\" keeps a copy of a key"),
        "{output}"
    );
}

fn manifest(fixture: &Fixture) -> String {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "gcr-io", "namespace": fixture.namespace},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": "eyJhdXRocyI6e319"},
    })
    .to_string()
}

#[track_caller]
fn applied_by(fixture: &Fixture, manager: &str) {
    let args = [
        "apply",
        "--server-side",
        "--field-manager",
        manager,
        "-f",
        "-",
    ];
    let apply = fixture.cluster.kubectl(args);
    apply.stdin(manifest(fixture)).run().success();
}

#[track_caller]
fn applied_by_client(fixture: &Fixture) {
    let apply = fixture.cluster.kubectl(["apply", "-f", "-"]);
    apply.stdin(manifest(fixture)).run().success();
}

#[track_caller]
fn last_applied(fixture: &Fixture) -> Option<String> {
    let secret = fixture.secret();
    secret["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
        .as_str()
        .map(String::from)
}

#[test]
fn secret_of_helm_release_taken_over_has_warning() {
    let fixture = Fixture::new("conflicts");
    fixture.create_docker_registry_secret("gcr-io");
    let label = "app.kubernetes.io/managed-by=Helm";
    fixture.kubectl(["label", "secret", "gcr-io", label]);
    let release = "meta.helm.sh/release-name=web";
    fixture.kubectl(["annotate", "secret", "gcr-io", release]);
    let output = fixture.create().args(["--force-conflicts"]).run();
    let warning = "Warning: secret \"gcr-io\" belongs to the Helm release \"web\", whose next upgrade fails or restores it; \
                   take the Secret out of the chart, and set the annotation helm.sh/resource-policy to keep in the chart \
                   first, so that Helm does not delete it";
    assert_output(&output, 0, &["secret/gcr-io configured"], &[warning]);
    let output = fixture.create().args(["--force-conflicts"]).run();
    assert_output(&output, 0, &["secret/gcr-io unchanged"], &[]);
}

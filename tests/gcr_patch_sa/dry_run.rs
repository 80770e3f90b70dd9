//! `--dry-run`: it writes nothing, and its manifest can be applied without losing entries.

use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output};

#[test]
fn client_dry_run_writes_nothing_and_marks_line() {
    let fixture = Fixture::new("dry-run");
    let before = fixture.get_account("default");
    let output = fixture.via_kubectl(&["--dry-run=client"]).run().success();
    assert_output(&output, "serviceaccount/default patched (dry run)\n", "");
    assert_eq!(fixture.get_account("default"), before);
}

#[test]
fn server_dry_run_writes_nothing_and_marks_line() {
    let fixture = Fixture::new("dry-run");
    let before = fixture.get_account("default");
    let output = fixture.via_kubectl(&["--dry-run=server"]).run().success();
    assert_output(
        &output,
        "serviceaccount/default patched (server dry run)\n",
        "",
    );
    assert_eq!(fixture.get_account("default"), before);
}

#[test]
fn dry_run_without_change_reports_no_change() {
    let fixture = Fixture::new("dry-run");
    fixture.set_pull_secrets("default", json!([{"name": "gcr-io"}]));
    for (flag, suffix) in [("client", "dry run"), ("server", "server dry run")] {
        let output = fixture
            .via_kubectl(&[&format!("--dry-run={flag}")])
            .run()
            .success();
        assert_output(
            &output,
            &format!("serviceaccount/default patched (no change) ({suffix})\n"),
            "",
        );
    }
}

#[test]
fn client_dry_run_sends_no_patch_and_server_dry_run_one() {
    let fixture = Fixture::new("dry-run");
    let count = |flag: &str| {
        let output = fixture.direct(&[flag, "-v", "6"]).run().success();
        output.stderr.matches("PATCH ").count()
    };
    assert_eq!(count("--dry-run=client"), 0);
    assert_eq!(count("--dry-run=server"), 1);
}

#[test]
fn dry_run_without_value_is_client_dry_run_with_kubectls_warning() {
    let fixture = Fixture::new("dry-run");
    let before = fixture.get_account("default");
    let output = fixture.via_kubectl(&["--dry-run"]).run().success();
    assert_output(
        &output,
        "serviceaccount/default patched (dry run)\n",
        "Warning: --dry-run is deprecated and can be replaced with --dry-run=client.\n",
    );
    assert_eq!(fixture.get_account("default"), before);
}

#[test]
fn removal_dry_run_writes_nothing() {
    let fixture = Fixture::new("dry-run");
    fixture.set_pull_secrets("default", json!([{"name": "gcr-io"}, {"name": "theirs"}]));
    let before = fixture.get_account("default");
    for (flag, suffix) in [("client", "dry run"), ("server", "server dry run")] {
        let output = fixture
            .via_kubectl(&["--remove", &format!("--dry-run={flag}")])
            .run()
            .success();
        assert_output(
            &output,
            &format!("serviceaccount/default patched ({suffix})\n"),
            "",
        );
        let output = fixture
            .via_kubectl(&["--remove", &format!("--dry-run={flag}"), "-o", "json"])
            .run()
            .success();
        let shown: Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(shown["imagePullSecrets"], json!([{"name": "theirs"}]));
    }
    assert_eq!(fixture.get_account("default"), before);
}

/// Returns the manifest of a client dry run on a ServiceAccount with other entries.
#[track_caller]
fn manifest(fixture: &Fixture, format: &str) -> String {
    fixture.set_pull_secrets(
        "default",
        json!([{"name": "b"}, {}, {"name": "b"}, {"name": "a"}]),
    );
    fixture
        .via_kubectl(&["--dry-run=client", "-o", format])
        .run()
        .success()
        .stdout
}

#[test]
fn manifest_contains_whole_list_and_read_version() {
    let fixture = Fixture::new("dry-run");
    let shown: Value = serde_json::from_str(&manifest(&fixture, "json")).unwrap();
    let stored = fixture.get_account("default");
    assert_eq!(
        shown["imagePullSecrets"],
        json!([{"name": "b"}, {}, {"name": "b"}, {"name": "a"}, {"name": "gcr-io"}])
    );
    for field in ["name", "namespace", "resourceVersion", "uid"] {
        assert_eq!(
            shown["metadata"][field], stored["metadata"][field],
            "{field}"
        );
    }
    assert_eq!(shown["kind"], "ServiceAccount");
    assert_eq!(shown["apiVersion"], "v1");
    assert_eq!(
        stored["imagePullSecrets"],
        json!([{"name": "b"}, {}, {"name": "b"}, {"name": "a"}])
    );
}

#[test]
fn manifest_written_by_kubectl_keeps_other_entries() {
    for (verb, format) in [("replace", "json"), ("replace", "yaml"), ("apply", "yaml")] {
        let fixture = Fixture::new("dry-run");
        let manifest = manifest(&fixture, format);
        fixture
            .cluster
            .kubectl([verb, "-f", "-"])
            .stdin(manifest)
            .run()
            .success();
        assert_eq!(
            fixture.pull_secrets("default"),
            json!([{"name": "b"}, {}, {"name": "b"}, {"name": "a"}, {"name": "gcr-io"}]),
            "kubectl {verb} of {format}"
        );
    }
}

#[test]
fn outdated_manifest_is_rejected_with_conflict() {
    let fixture = Fixture::new("dry-run");
    let manifest = manifest(&fixture, "yaml");
    fixture.set_pull_secrets("default", json!([{"name": "newer"}]));
    let output = fixture
        .cluster
        .kubectl(["replace", "-f", "-"])
        .stdin(manifest)
        .run()
        .exits(1);
    assert!(
        output.stderr.starts_with("Error from server (Conflict): "),
        "{output}"
    );
    assert_eq!(fixture.pull_secrets("default"), json!([{"name": "newer"}]));
}

#[test]
fn client_dry_run_of_missing_account_fails() {
    let fixture = Fixture::new("dry-run");
    let output = fixture
        .via_kubectl(&["missing", "--dry-run=client"])
        .run()
        .exits(1);
    assert_output(
        &output,
        "",
        "Error from server (NotFound): serviceaccounts \"missing\" not found\n",
    );
}

#[test]
fn server_dry_run_prints_resulting_object() {
    let fixture = Fixture::new("dry-run");
    fixture.set_pull_secrets("default", json!([{"name": "theirs"}]));
    let version = fixture.resource_version("default");
    let output = fixture
        .via_kubectl(&["--dry-run=server", "-o", "json"])
        .run()
        .success();
    let shown: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(
        shown["imagePullSecrets"],
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
    assert_eq!(fixture.resource_version("default"), version);
}

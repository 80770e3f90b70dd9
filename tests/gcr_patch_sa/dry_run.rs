//! Dry runs: nothing is written, and the manifest that is shown may be put back without harm.

use serde_json::{Value, json};

use crate::place::{Place, says};

#[test]
fn a_client_dry_run_writes_nothing_and_says_so() {
    let place = Place::new("dry-run");
    let before = place.stored("default");
    let output = place.typed(&["--dry-run=client"]).run().success();
    says(&output, "serviceaccount/default patched (dry run)\n", "");
    assert_eq!(place.stored("default"), before);
}

#[test]
fn a_server_dry_run_writes_nothing_and_says_so() {
    let place = Place::new("dry-run");
    let before = place.stored("default");
    let output = place.typed(&["--dry-run=server"]).run().success();
    says(
        &output,
        "serviceaccount/default patched (server dry run)\n",
        "",
    );
    assert_eq!(place.stored("default"), before);
}

#[test]
fn where_nothing_would_change_both_say_so() {
    let place = Place::new("dry-run");
    place.put("default", json!([{"name": "gcr-io"}]));
    for (flag, suffix) in [("client", "dry run"), ("server", "server dry run")] {
        let output = place.typed(&[&format!("--dry-run={flag}")]).run().success();
        says(
            &output,
            &format!("serviceaccount/default patched (no change) ({suffix})\n"),
            "",
        );
    }
}

#[test]
fn a_dry_run_asks_the_server_no_more_than_it_says() {
    let place = Place::new("dry-run");
    let count = |flag: &str| {
        let output = place.called(&[flag, "-v", "6"]).run().success();
        output.stderr.matches("PATCH ").count()
    };
    assert_eq!(count("--dry-run=client"), 0);
    assert_eq!(count("--dry-run=server"), 1);
}

#[test]
fn a_bare_dry_run_is_the_clients_with_kubectls_warning() {
    let place = Place::new("dry-run");
    let before = place.stored("default");
    let output = place.typed(&["--dry-run"]).run().success();
    says(
        &output,
        "serviceaccount/default patched (dry run)\n",
        "Warning: --dry-run is deprecated and can be replaced with --dry-run=client.\n",
    );
    assert_eq!(place.stored("default"), before);
}

#[test]
fn removal_has_its_dry_runs_too() {
    let place = Place::new("dry-run");
    place.put("default", json!([{"name": "gcr-io"}, {"name": "theirs"}]));
    let before = place.stored("default");
    for (flag, suffix) in [("client", "dry run"), ("server", "server dry run")] {
        let output = place
            .typed(&["--remove", &format!("--dry-run={flag}")])
            .run()
            .success();
        says(
            &output,
            &format!("serviceaccount/default patched ({suffix})\n"),
            "",
        );
        let output = place
            .typed(&["--remove", &format!("--dry-run={flag}"), "-o", "json"])
            .run()
            .success();
        let shown: Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(shown["imagePullSecrets"], json!([{"name": "theirs"}]));
    }
    assert_eq!(place.stored("default"), before);
}

/// The manifest of a client dry run on an account that holds others' entries.
#[track_caller]
fn manifest(place: &Place, format: &str) -> String {
    place.put(
        "default",
        json!([{"name": "b"}, {}, {"name": "b"}, {"name": "a"}]),
    );
    place
        .typed(&["--dry-run=client", "-o", format])
        .run()
        .success()
        .stdout
}

#[test]
fn the_manifest_holds_the_whole_list_and_the_version_that_was_read() {
    let place = Place::new("dry-run");
    let shown: Value = serde_json::from_str(&manifest(&place, "json")).unwrap();
    let stored = place.stored("default");
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
fn the_manifest_put_back_by_kubectl_keeps_the_others_entries() {
    for (verb, format) in [("replace", "json"), ("replace", "yaml"), ("apply", "yaml")] {
        let place = Place::new("dry-run");
        let manifest = manifest(&place, format);
        place
            .cluster
            .kubectl([verb, "-f", "-"])
            .stdin(manifest)
            .run()
            .success();
        assert_eq!(
            place.entries("default"),
            json!([{"name": "b"}, {}, {"name": "b"}, {"name": "a"}, {"name": "gcr-io"}]),
            "kubectl {verb} of {format}"
        );
    }
}

#[test]
fn a_manifest_that_has_grown_old_is_refused_rather_than_put_back() {
    let place = Place::new("dry-run");
    let manifest = manifest(&place, "yaml");
    place.put("default", json!([{"name": "newer"}]));
    let output = place
        .cluster
        .kubectl(["replace", "-f", "-"])
        .stdin(manifest)
        .run()
        .exits(1);
    assert!(
        output.stderr.starts_with("Error from server (Conflict): "),
        "{output}"
    );
    assert_eq!(place.entries("default"), json!([{"name": "newer"}]));
}

#[test]
fn an_account_that_cannot_be_read_is_an_error_in_a_client_dry_run_too() {
    let place = Place::new("dry-run");
    let output = place.typed(&["nobody", "--dry-run=client"]).run().exits(1);
    says(
        &output,
        "",
        "Error from server (NotFound): serviceaccounts \"nobody\" not found\n",
    );
}

#[test]
fn a_server_dry_run_shows_what_the_server_would_hold() {
    let place = Place::new("dry-run");
    place.put("default", json!([{"name": "theirs"}]));
    let version = place.version("default");
    let output = place
        .typed(&["--dry-run=server", "-o", "json"])
        .run()
        .success();
    let shown: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(
        shown["imagePullSecrets"],
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
    assert_eq!(place.version("default"), version);
}

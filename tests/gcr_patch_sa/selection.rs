//! The selection of ServiceAccounts by name, `--all` or label selector.

use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output};

/// Sorts the lines, whose order depends on when each ServiceAccount is done.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

fn labelled(fixture: &Fixture, name: &str, team: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": fixture.namespace, "labels": {"team": team}}})
}

#[test]
fn all_flag_patches_every_account_of_namespace() {
    let fixture = Fixture::new("selection");
    fixture.create_account("builder", json!([{"name": "theirs"}]));
    fixture.create_account("ready", json!([{"name": "gcr-io"}]));
    let output = fixture.via_kubectl(&["--all"]).run().success();
    assert_eq!(
        sorted(&output.stdout),
        [
            "serviceaccount/builder patched",
            "serviceaccount/default patched",
            "serviceaccount/ready patched (no change)"
        ],
        "{output}"
    );
    assert_eq!(output.stderr, "");
    assert_eq!(
        fixture.pull_secrets("builder"),
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
    assert_eq!(fixture.pull_secrets("default"), json!([{"name": "gcr-io"}]));
}

#[test]
fn selector_patches_only_matching_accounts() {
    let fixture = Fixture::new("selection");
    fixture.cluster.create(vec![
        labelled(&fixture, "one", "payments"),
        labelled(&fixture, "two", "payments"),
        labelled(&fixture, "other", "search"),
    ]);
    for selector in ["team=payments", "team in (payments),team!=search"] {
        let output = fixture.via_kubectl(&["-l", selector]).run().success();
        let names: Vec<_> = sorted(&output.stdout)
            .into_iter()
            .map(|line| line.split(' ').next().unwrap())
            .collect();
        assert_eq!(
            names,
            ["serviceaccount/one", "serviceaccount/two"],
            "{output}"
        );
    }
    assert_eq!(fixture.pull_secrets("one"), json!([{"name": "gcr-io"}]));
    assert_eq!(fixture.pull_secrets("two"), json!([{"name": "gcr-io"}]));
    assert_eq!(fixture.pull_secrets("other"), Value::Null);
    assert_eq!(fixture.pull_secrets("default"), Value::Null);
}

#[test]
fn selector_without_match_is_reported_as_by_kubectl() {
    let fixture = Fixture::new("selection");
    let output = fixture.via_kubectl(&["-l", "team=none"]).run().success();
    let args = format!("No resources found in {} namespace.\n", fixture.namespace);
    assert_output(&output, "", &args);
    let kubectl = fixture
        .cluster
        .kubectl(["get", "sa", "-l", "team=none", "-n", &fixture.namespace])
        .run();
    assert_eq!((output.code, output.stderr), (kubectl.code, kubectl.stderr));
}

#[test]
fn selector_in_missing_namespace_fails() {
    let fixture = Fixture::new("selection");
    for args in [["-l", "team=none"], ["--all", "--remove"], ["--all", "-q"]] {
        let output = fixture
            .session
            .gcr_patch_sa(args)
            .args(["-n", "no-such-namespace"])
            .run()
            .exits(1);
        assert_output(
            &output,
            "",
            "Error from server (NotFound): namespaces \"no-such-namespace\" not found\n",
        );
    }
}

#[test]
fn names_all_flag_and_selector_are_mutually_exclusive() {
    let fixture = Fixture::new("selection");
    for args in [
        &["default", "--all"][..],
        &["default", "-l", "a=b"],
        &["--all", "--selector", "a=b"],
        &["default", "--all", "-l", "a=b"],
    ] {
        let output = fixture.direct(args).run().exits(1);
        assert_output(
            &output,
            "",
            "error: only one of SERVICEACCOUNT, --all or --selector may be given\n",
        );
    }
    assert_eq!(fixture.pull_secrets("default"), Value::Null);
}

#[test]
fn boolean_flags_accept_values() {
    let fixture = Fixture::new("selection");
    let output = fixture
        .direct(&["default", "--all=false", "--remove=false"])
        .run()
        .success();
    assert_output(&output, "serviceaccount/default patched\n", "");
}

#[test]
fn accounts_of_several_list_pages_are_all_patched() {
    let fixture = Fixture::new("selection");
    let names: Vec<_> = (0..600).map(|index| format!("sa-{index:03}")).collect();
    let accounts = names.iter().map(|name| labelled(&fixture, name, "many"));
    fixture.cluster.create(accounts.collect());
    let output = fixture.direct(&["-l", "team=many"]).run().success();
    let expected: Vec<_> = names
        .iter()
        .map(|name| format!("serviceaccount/{name} patched"))
        .collect();
    assert_eq!(sorted(&output.stdout), expected);
    let again = fixture.direct(&["--all"]).run().success();
    let unchanged = again.stdout.matches(" patched (no change)\n").count();
    assert_eq!((unchanged, again.stdout.lines().count()), (600, 601));
}

//! Which accounts: names, all of a namespace, or those with a label.

use serde_json::{Value, json};

use crate::place::{Place, says};

/// Lines come as each account ends, in no order.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

fn labelled(place: &Place, name: &str, team: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": place.namespace, "labels": {"team": team}}})
}

#[test]
fn all_means_every_account_of_the_namespace() {
    let place = Place::new("selection");
    place.account("builder", json!([{"name": "theirs"}]));
    place.account("ready", json!([{"name": "gcr-io"}]));
    let output = place.typed(&["--all"]).run().success();
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
        place.entries("builder"),
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
    assert_eq!(place.entries("default"), json!([{"name": "gcr-io"}]));
}

#[test]
fn a_selector_takes_those_with_the_label_alone() {
    let place = Place::new("selection");
    place.cluster.create(vec![
        labelled(&place, "one", "payments"),
        labelled(&place, "two", "payments"),
        labelled(&place, "other", "search"),
    ]);
    for selector in ["team=payments", "team in (payments),team!=search"] {
        let output = place.typed(&["-l", selector]).run().success();
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
    assert_eq!(place.entries("one"), json!([{"name": "gcr-io"}]));
    assert_eq!(place.entries("two"), json!([{"name": "gcr-io"}]));
    assert_eq!(place.entries("other"), Value::Null);
    assert_eq!(place.entries("default"), Value::Null);
}

#[test]
fn a_selector_that_matches_nothing_says_so_as_kubectl_does() {
    let place = Place::new("selection");
    let output = place.typed(&["-l", "team=nobody"]).run().success();
    let words = format!("No resources found in {} namespace.\n", place.namespace);
    says(&output, "", &words);
    let kubectl = place
        .cluster
        .kubectl(["get", "sa", "-l", "team=nobody", "-n", &place.namespace])
        .run();
    assert_eq!((output.code, output.stderr), (kubectl.code, kubectl.stderr));
}

#[test]
fn a_selector_in_a_mistyped_namespace_is_an_error() {
    let place = Place::new("selection");
    for words in [
        ["-l", "team=nobody"],
        ["--all", "--remove"],
        ["--all", "-q"],
    ] {
        let output = place
            .session
            .gcr_patch_sa(words)
            .args(["-n", "no-such-namespace"])
            .run()
            .exits(1);
        says(
            &output,
            "",
            "Error from server (NotFound): namespaces \"no-such-namespace\" not found\n",
        );
    }
}

#[test]
fn names_all_and_a_selector_exclude_each_other() {
    let place = Place::new("selection");
    for words in [
        &["default", "--all"][..],
        &["default", "-l", "a=b"],
        &["--all", "--selector", "a=b"],
        &["default", "--all", "-l", "a=b"],
    ] {
        let output = place.called(words).run().exits(1);
        says(
            &output,
            "",
            "error: names, --all and --selector exclude each other\n",
        );
    }
    assert_eq!(place.entries("default"), Value::Null);
}

#[test]
fn a_switch_takes_a_value_as_kubectls_do() {
    let place = Place::new("selection");
    let output = place
        .called(&["default", "--all=false", "--remove=false"])
        .run()
        .success();
    says(&output, "serviceaccount/default patched\n", "");
}

#[test]
fn more_accounts_than_one_page_holds_are_all_found() {
    let place = Place::new("selection");
    let names: Vec<_> = (0..600).map(|index| format!("sa-{index:03}")).collect();
    let accounts = names.iter().map(|name| labelled(&place, name, "many"));
    place.cluster.create(accounts.collect());
    let output = place.called(&["-l", "team=many"]).run().success();
    let expected: Vec<_> = names
        .iter()
        .map(|name| format!("serviceaccount/{name} patched"))
        .collect();
    assert_eq!(sorted(&output.stdout), expected);
    let again = place.called(&["--all"]).run().success();
    let unchanged = again.stdout.matches(" patched (no change)\n").count();
    assert_eq!((unchanged, again.stdout.lines().count()), (600, 601));
}

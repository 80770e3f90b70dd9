//! Several namespaces in one run: where each line belongs, the closing count, and failures that stop nobody else.

use serde_json::json;

use crate::place::{Place, says};

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn each_line_names_its_namespace_and_the_last_counts() {
    let places = [(); 3].map(|()| Place::new("namespaces"));
    places[1].put("default", json!([{"name": "gcr-io"}]));
    let [one, two, three] = places.each_ref().map(|place| place.namespace.as_str());
    let output = places[0]
        .session
        .kubectl(["gcr-patch-sa", "-n", &format!("{one},{two},{three}")])
        .run()
        .success();
    let mut expected = [
        format!("serviceaccount/default patched -n {one}"),
        format!("serviceaccount/default patched (no change) -n {two}"),
        format!("serviceaccount/default patched -n {three}"),
    ];
    expected.sort_unstable();
    assert_eq!(sorted(&output.stdout), expected);
    assert_eq!(
        output.stderr,
        "2 patched, 1 unchanged, 0 failed, 0 unknown, 0 not started\n"
    );
    for place in &places {
        assert_eq!(place.entries("default"), json!([{"name": "gcr-io"}]));
    }
}

#[test]
fn a_dry_run_is_said_before_the_namespace() {
    let (one, two) = (Place::new("namespaces"), Place::new("namespaces"));
    let both = format!("{},{}", one.namespace, two.namespace);
    let output = one
        .session
        .gcr_patch_sa(["--dry-run=server", "-n", &both])
        .run()
        .success();
    let mut expected = [&one, &two].map(|place| {
        format!(
            "serviceaccount/default patched (server dry run) -n {}",
            place.namespace
        )
    });
    expected.sort_unstable();
    assert_eq!(sorted(&output.stdout), expected);
}

#[test]
fn a_failure_stops_nobody_else_and_the_exit_code_is_1() {
    let (one, two) = (Place::new("namespaces"), Place::new("namespaces"));
    let list = format!("{},no-such-namespace,{}", one.namespace, two.namespace);
    let output = one
        .session
        .kubectl(["gcr-patch-sa", "-n", &list])
        .run()
        .exits(1);
    assert_eq!(output.stdout.lines().count(), 2, "{output}");
    assert_eq!(
        output.stderr,
        "Error from server (NotFound): namespaces \"no-such-namespace\" not found -n no-such-namespace\n\
         2 patched, 1 failed, 0 unknown, 0 not started\n"
    );
    for place in [&one, &two] {
        assert_eq!(place.entries("default"), json!([{"name": "gcr-io"}]));
    }
}

#[test]
fn of_several_accounts_in_one_namespace_each_fails_alone() {
    let place = Place::new("namespaces");
    let output = place.typed(&["nobody", "default"]).run().exits(1);
    // A single namespace: no place, no count.
    says(
        &output,
        "serviceaccount/default patched\n",
        "Error from server (NotFound): serviceaccounts \"nobody\" not found\n",
    );
}

#[test]
fn a_namespace_listed_twice_is_worked_on_once() {
    let place = Place::new("namespaces");
    let namespace = &place.namespace;
    let output = place
        .session
        .gcr_patch_sa(["-n", &format!("{namespace},{namespace}")])
        .run()
        .success();
    assert_eq!(output.stdout.lines().count(), 1, "{output}");
    assert_eq!(place.entries("default"), json!([{"name": "gcr-io"}]));
}

#[test]
fn of_two_namespace_flags_the_last_wins() {
    let (one, two) = (Place::new("namespaces"), Place::new("namespaces"));
    let output = one
        .session
        .kubectl(["gcr-patch-sa", "-n", &one.namespace, "--namespace"])
        .arg(&two.namespace)
        .run()
        .success();
    says(&output, "serviceaccount/default patched\n", "");
    assert_eq!(one.entries("default"), serde_json::Value::Null);
    assert_eq!(two.entries("default"), json!([{"name": "gcr-io"}]));
}

#[test]
fn a_terminating_namespace_that_was_named_is_a_failure() {
    let place = Place::without_secret("namespaces");
    // It cannot go while this is there.
    place.cluster.create(vec![json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "namespace": place.namespace, "finalizers": ["example.com/held"]}})]);
    place
        .cluster
        .kubectl(["delete", "namespace", &place.namespace, "--wait=false"])
        .run()
        .success();
    gcr_test_support::wait_until("its accounts are gone", || {
        place
            .cluster
            .get_opt("serviceaccount/default", &place.namespace)
            .is_none()
    });
    // Nothing new comes into it, so there is nothing to wait for.
    let output = place.typed(&["--timeout", "10m"]).run().exits(1);
    says(
        &output,
        "",
        "error: serviceaccounts \"default\" not found, and its namespace is being terminated\n",
    );
}

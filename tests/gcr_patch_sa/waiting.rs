//! Accounts that are not there yet: which are waited for, for how long, and what is not waited for.

use std::time::Duration;

use gcr_test_support::{ControlPlane, wait_until};
use serde_json::{Value, json};

use crate::place::{Place, put_secret, says};

const SHORT: Duration = Duration::from_secs(5);

/// A namespace whose account `default` is gone and cannot come back: a quota without a controller refuses it.
fn without_default(prefix: &str) -> Place {
    let place = Place::new(prefix);
    let none = json!({"count/serviceaccounts": "0"});
    place.cluster.create(vec![
        json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "no-accounts", "namespace": place.namespace}, "spec": {"hard": none}}),
    ]);
    // What a quota's controller would write; admission goes by it.
    place
        .cluster
        .kubectl([
            "patch",
            "resourcequota",
            "no-accounts",
            "--subresource=status",
        ])
        .args(["--type=merge", "-n", &place.namespace, "-p"])
        .arg(json!({"status": {"hard": none, "used": none}}).to_string())
        .run()
        .success();
    // The server learns of the quota a moment after it was made.
    wait_until("the quota refuses", || {
        let output = place
            .cluster
            .kubectl(["create", "serviceaccount", "probe", "--dry-run=server"])
            .args(["-n", &place.namespace])
            .run();
        output.code == Some(1)
    });
    place
        .cluster
        .kubectl(["delete", "serviceaccount", "default", "-n"])
        .arg(&place.namespace)
        .run()
        .success();
    place
}

fn let_default_come(place: &Place) {
    place
        .cluster
        .kubectl(["delete", "resourcequota", "no-accounts", "-n"])
        .arg(&place.namespace)
        .run()
        .success();
    wait_until("the account default can be made", || {
        place
            .cluster
            .kubectl(["create", "serviceaccount", "default", "-n"])
            .arg(&place.namespace)
            .run();
        place
            .cluster
            .get_opt("serviceaccount/default", &place.namespace)
            .is_some()
    });
}

#[test]
fn a_namespace_made_this_very_moment_is_no_trouble() {
    let cluster = ControlPlane::shared();
    let session = cluster.session();
    for _ in 0..20 {
        let name = cluster.create_namespace_unready("waiting");
        let output = session.gcr_patch_sa(["-n", &name, "-q"]).run().success();
        says(
            &output,
            "",
            "Warning: secret \"gcr-io\" is not there: pods that refer to it cannot pull until it is made\n",
        );
        assert_eq!(
            cluster.get("serviceaccount/default", &name)["imagePullSecrets"],
            json!([{"name": "gcr-io"}])
        );
    }
}

#[test]
fn all_accounts_of_a_namespace_made_this_very_moment_include_default() {
    let cluster = ControlPlane::shared();
    let session = cluster.session();
    for _ in 0..10 {
        let name = cluster.create_namespace_unready("waiting");
        let output = session.gcr_patch_sa(["-n", &name, "--all"]).run().success();
        assert_eq!(
            output.stdout, "serviceaccount/default patched\n",
            "{output}"
        );
    }
}

#[test]
fn default_is_waited_for_without_being_told() {
    for words in [&["-v", "6"][..], &["--all", "-v", "6"]] {
        let place = without_default("waiting");
        let running = place.typed(words).spawn();
        wait_until("it looked and found no account", || {
            running
                .stderr_so_far()
                .matches("/serviceaccounts/default 404 in ")
                .count()
                >= 2
        });
        let_default_come(&place);
        let output = running.wait().success();
        assert_eq!(
            output.stdout, "serviceaccount/default patched\n",
            "{output}"
        );
        assert_eq!(place.entries("default"), json!([{"name": "gcr-io"}]));
    }
}

#[test]
fn default_that_never_comes_is_not_found_in_the_end() {
    let place = without_default("waiting");
    let output = place.called(&["--timeout", "1500ms"]).run().exits(1);
    says(
        &output,
        "",
        "Error from server (NotFound): serviceaccounts \"default\" not found\n",
    );
    assert!(output.elapsed >= Duration::from_millis(1500), "{output}");
    assert!(
        output.elapsed < Duration::from_millis(1500) + SHORT,
        "{output}"
    );
}

#[test]
fn a_timeout_of_0_does_not_wait() {
    let place = without_default("waiting");
    let output = place.called(&["--timeout", "0", "-v", "6"]).run().exits(1);
    assert_eq!(output.stdout, "");
    let looks = output
        .stderr
        .matches("/serviceaccounts/default 404")
        .count();
    assert_eq!(looks, 1, "{output}");
    assert!(
        output
            .stderr
            .ends_with("Error from server (NotFound): serviceaccounts \"default\" not found\n"),
        "{output}"
    );
}

#[test]
fn the_time_is_for_the_whole_run() {
    let places = [without_default("waiting"), without_default("waiting")];
    let both = format!("{},{}", places[0].namespace, places[1].namespace);
    let output = places[0]
        .session
        .gcr_patch_sa(["default", "a", "b", "c", "--timeout", "2s", "-n", &both])
        .run()
        .exits(1);
    assert_eq!(output.stdout, "");
    assert_eq!(
        output.stderr.matches(" not found -n ").count(),
        8,
        "{output}"
    );
    assert!(
        output
            .stderr
            .ends_with("\n8 failed, 0 unknown, 0 not started\n"),
        "{output}"
    );
    assert!(output.elapsed >= Duration::from_secs(2), "{output}");
    assert!(output.elapsed < Duration::from_secs(2) + SHORT, "{output}");
}

#[test]
fn another_account_is_not_waited_for() {
    let place = Place::new("waiting");
    let output = place.typed(&["late", "-v", "6"]).run().exits(1);
    let looks = output.stderr.matches("/serviceaccounts/late 404").count();
    assert_eq!(looks, 1, "{output}");
    assert!(
        output
            .stderr
            .ends_with("Error from server (NotFound): serviceaccounts \"late\" not found\n"),
        "{output}"
    );
}

#[test]
fn another_account_is_waited_for_where_that_was_asked() {
    let place = Place::new("waiting");
    let running = place
        .typed(&["late", "default", "--timeout", "50s", "-v", "6"])
        .spawn();
    // The one that is there does not wait for the other.
    wait_until("it did the one and looked for the other twice", || {
        running.stdout_so_far() == "serviceaccount/default patched\n"
            && running
                .stderr_so_far()
                .matches("/serviceaccounts/late 404 in ")
                .count()
                >= 2
    });
    assert_eq!(place.entries("default"), json!([{"name": "gcr-io"}]));
    place.account("late", json!([{"name": "theirs"}]));
    let output = running.wait().success();
    assert_eq!(
        output.stdout,
        "serviceaccount/default patched\nserviceaccount/late patched\n"
    );
    assert_eq!(
        place.entries("late"),
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
}

#[test]
fn a_mistyped_namespace_is_not_found_at_once() {
    let session = ControlPlane::shared().session();
    for words in [
        &[][..],
        &["--timeout", "50s"],
        &["late", "--timeout", "50s"],
    ] {
        let output = session
            .kubectl(["gcr-patch-sa", "-n", "no-such-namespace"])
            .args(words)
            .run()
            .exits(1);
        says(
            &output,
            "",
            "Error from server (NotFound): namespaces \"no-such-namespace\" not found\n",
        );
        assert!(output.elapsed < SHORT, "{output}");
    }
}

#[test]
fn one_late_account_does_not_hold_up_other_namespaces() {
    let late = without_default("waiting");
    let cluster = late.cluster;
    let names: Vec<_> = cluster.create_namespaces("waiting", 3);
    for name in &names {
        put_secret(cluster, name, "gcr-io");
    }
    let list = format!("{},{}", late.namespace, names.join(","));
    let running = late
        .session
        .gcr_patch_sa(["-n", &list, "--timeout", "50s"])
        .spawn();
    wait_until("the others are done", || {
        running.stdout_so_far().lines().count() == 3
    });
    assert_eq!(
        cluster.get_opt("serviceaccount/default", &late.namespace),
        None::<Value>
    );
    let_default_come(&late);
    let output = running.wait().success();
    assert_eq!(
        output.stdout.lines().last(),
        Some(format!("serviceaccount/default patched -n {}", late.namespace).as_str()),
        "{output}"
    );
    assert_eq!(
        output.stderr,
        "4 patched, 0 failed, 0 unknown, 0 not started\n"
    );
}

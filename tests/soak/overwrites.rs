//! Runs the plugin while another client repeatedly overwrites the list, as `kubectl patch` does, and asserts that every
//! reported outcome is true.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gcr_test_support::fault_proxy::{FaultProxy, Route};
use gcr_test_support::{ControlPlane, TestCluster, wait_until};
use serde_json::{Value, json};

use crate::rounds::{print_figures, rounds};

/// Returns the versions of an account in a watch's output, oldest first.
fn versions(output: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(output)
        .into_iter::<Value>()
        .map_while(Result::ok)
        .collect()
}

/// Replaces the complete list of the account `builder`.
#[track_caller]
fn overwrite(cluster: &TestCluster, namespace: &str, entry: &str) {
    let patch = json!({"imagePullSecrets": [{"name": entry}]}).to_string();
    cluster
        .kubectl([
            "patch",
            "serviceaccount",
            "builder",
            "--type=merge",
            "-n",
            namespace,
            "-p",
        ])
        .arg(patch)
        .run()
        .success();
}

#[test]
fn patch_during_overwrites_is_reported_truthfully() {
    let cluster = ControlPlane::shared();
    // Latency gives the other client time to write between the plugin's read and write.
    let route = Route::new().latency(Duration::from_millis(40));
    let proxy = FaultProxy::start(cluster, route).unwrap_or_else(|error| panic!("{error}"));
    let session = proxy.session();
    let namespace = cluster.create_namespace("overwrites");
    let metadata = |name: &str| json!({"name": name, "namespace": namespace});
    cluster.create(vec![
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata("gcr-io")}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata("builder"),
            "imagePullSecrets": [{"name": "overwrite-0"}]}),
    ]);
    let watch = cluster
        .kubectl(["get", "sa", "builder", "-w", "-o", "json", "-n", &namespace])
        .spawn();
    wait_until("the watch has started", || {
        !versions(&watch.stdout_so_far()).is_empty()
    });

    let runs = rounds(30, 1000);
    let (mut patched, mut unchanged, mut failures) = (0, 0, 0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let overwrites = scope.spawn(|| {
            for round in 1.. {
                overwrite(cluster, &namespace, &format!("overwrite-{round}"));
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        for _ in 0..runs {
            // A run that gets a conflict on every attempt may fail, but must report it.
            let output = session.gcr_patch_sa(["builder", "-n", &namespace]).run();
            match (output.code, output.stdout.as_str()) {
                (Some(0), "serviceaccount/builder patched\n") => patched += 1,
                (Some(0), "serviceaccount/builder patched (no change)\n") => unchanged += 1,
                (Some(1), "") if output.stderr.contains("(Conflict)") => failures += 1,
                _ => panic!("{output}"),
            }
        }
        done.store(true, Ordering::Relaxed);
        overwrites
            .join()
            .expect("the overwriting client does not panic");
    });
    overwrite(cluster, &namespace, "the-end");
    wait_until("the watch has seen the last write", || {
        watch.stdout_so_far().contains("the-end")
    });

    let versions = versions(&watch.stdout_so_far());
    let mut written = 0;
    for pair in versions.windows(2) {
        let [before, after] = [&pair[0], &pair[1]].map(|version| &version["imagePullSecrets"]);
        if after[1] == json!({"name": "gcr-io"}) {
            // The entry at that moment, and the plugin's entry.
            assert_eq!(*after, json!([before[0], {"name": "gcr-io"}]));
            written += 1;
        }
    }
    assert_eq!(written, patched, "{unchanged} were unchanged");
    // The test proves nothing if no conflict occurred.
    let attempts = proxy.traffic().request_count("patch", "serviceaccounts");
    let conflicts = attempts.saturating_sub(patched as u64);
    assert!(
        patched >= 2 && conflicts > 0,
        "{patched} patched, {unchanged} unchanged, {conflicts} conflicts"
    );
    print_figures(&format!(
        "{runs} runs while kubectl patch overwrote the list {} times: {patched} patched, as seen by the watch, {unchanged} \
         unchanged, {failures} failed; {conflicts} conflicts",
        versions.len() - written - 1
    ));
}

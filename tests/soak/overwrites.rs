//! Somebody overwrites the list again and again, as `kubectl patch` does: what we say of our writes was true each time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gcr_test_support::fault_proxy::{FaultProxy, Route};
use gcr_test_support::{ControlPlane, TestCluster, wait_until};
use serde_json::{Value, json};

use crate::rounds::{print_figures, rounds};

/// The versions of an account in a watch's output, oldest first.
fn versions(output: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(output)
        .into_iter::<Value>()
        .map_while(Result::ok)
        .collect()
}

/// Replaces the whole list of the account `builder`.
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
fn every_patched_was_true_while_somebody_kept_overwriting_the_list() {
    let cluster = ControlPlane::shared();
    // On a long way there is time to be overtaken between a read and the write.
    let route = Route::new().latency(Duration::from_millis(40));
    let proxy = FaultProxy::start(cluster, route).unwrap_or_else(|error| panic!("{error}"));
    let session = proxy.session();
    let namespace = cluster.create_namespace("hostile");
    let metadata = |name: &str| json!({"name": name, "namespace": namespace});
    cluster.create(vec![
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata("gcr-io")}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata("builder"),
            "imagePullSecrets": [{"name": "hostile-0"}]}),
    ]);
    let watch = cluster
        .kubectl(["get", "sa", "builder", "-w", "-o", "json", "-n", &namespace])
        .spawn();
    wait_until("the watch has begun", || {
        !versions(&watch.stdout_so_far()).is_empty()
    });

    let runs = rounds(30, 1000);
    let (mut patched, mut unchanged, mut conflicts) = (0, 0, 0);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let overwrites = scope.spawn(|| {
            for turn in 1.. {
                overwrite(cluster, &namespace, &format!("hostile-{turn}"));
                if over.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        for _ in 0..runs {
            // One that is always overtaken may give up, but must say so.
            let output = session.gcr_patch_sa(["builder", "-n", &namespace]).run();
            match (output.code, output.stdout.as_str()) {
                (Some(0), "serviceaccount/builder patched\n") => patched += 1,
                (Some(0), "serviceaccount/builder patched (no change)\n") => unchanged += 1,
                (Some(1), "") if output.stderr.contains("(Conflict)") => conflicts += 1,
                _ => panic!("{output}"),
            }
        }
        over.store(true, Ordering::Relaxed);
        overwrites.join().expect("the hostile writer");
    });
    overwrite(cluster, &namespace, "the-end");
    wait_until("the watch saw the end", || {
        watch.stdout_so_far().contains("the-end")
    });

    let versions = versions(&watch.stdout_so_far());
    let mut written = 0;
    for pair in versions.windows(2) {
        let [before, after] = [&pair[0], &pair[1]].map(|version| &version["imagePullSecrets"]);
        if after[1] == json!({"name": "gcr-io"}) {
            // What stood there at that very moment, and ours.
            assert_eq!(*after, json!([before[0], {"name": "gcr-io"}]));
            written += 1;
        }
    }
    assert_eq!(written, patched, "{unchanged} were unchanged");
    // The overwriting came in between, or this has shown nothing.
    let tries = proxy.traffic().request_count("patch", "serviceaccounts");
    let overtaken = tries.saturating_sub(patched as u64);
    assert!(
        patched >= 2 && overtaken > 0,
        "{patched} patched, {unchanged} unchanged, overtaken {overtaken} times"
    );
    print_figures(&format!(
        "{runs} runs while kubectl patch overwrote the list {} times: {patched} patched, as the watch saw them, {unchanged} \
         unchanged, {conflicts} given up; overtaken {overtaken} times",
        versions.len() - written - 1
    ));
}

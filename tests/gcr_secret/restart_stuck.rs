//! Tests `create --restart-stuck` with the pods of real Deployments, which the controllers recreate.

use std::time::Duration;

use gcr_test_support::{Deployment, PolicyRule};
use serde_json::json;

use crate::fixture::{Fixture, assert_output};
use crate::stuck_pods::IMAGE;

const ARGS: [&str; 4] = [
    "--registry",
    "us-docker.pkg.dev",
    "--attach",
    "--restart-stuck",
];

fn deployment(fixture: &Fixture, name: &str, image: &str) -> Deployment<'static> {
    let (cluster, namespace) = (fixture.cluster, &fixture.namespace);
    let deployment = Deployment::create(cluster, namespace, name, (image, 2), json!({}));
    deployment.fail_pulls(false);
    deployment
}

#[test]
fn stuck_pods_are_replaced_once_their_account_lists_the_secret() {
    let fixture = Fixture::new("restart");
    let web = deployment(&fixture, "web", IMAGE);
    let other = deployment(&fixture, "other", "docker.io/library/busybox");
    let (old, kept) = (web.pod_names(), other.pod_names());
    let output = fixture.create().args(ARGS).run().success();
    for name in &old {
        assert!(
            output.stdout.contains(&format!("pod/{name} evicted\n")),
            "{output}"
        );
    }
    let lines = output.stdout.lines().count();
    assert_eq!((lines, output.stderr.as_str()), (4, ""), "{output}");
    web.wait_for_pull_secrets(2, &["gcr-io"]);
    // An image of another host needs another Secret.
    assert_eq!(other.pod_names(), kept);
    // New pods have the Secret, so that nothing is left to do.
    web.fail_pulls(false);
    let again = fixture.create().args(ARGS).run();
    let lines = [
        "secret/gcr-io unchanged",
        "serviceaccount/default patched (no change)",
    ];
    assert_output(&again, 0, &lines, &[]);
}

#[test]
fn second_run_finishes_what_a_first_one_attached() {
    let fixture = Fixture::new("restart");
    let web = deployment(&fixture, "web", IMAGE);
    fixture.create().args(&ARGS[..3]).run().success();
    assert_eq!(web.pods()[0]["spec"]["imagePullSecrets"], json!(null));
    fixture.create().args(ARGS).run().success();
    web.wait_for_pull_secrets(2, &["gcr-io"]);
}

#[test]
fn pods_that_a_new_one_does_not_mend_are_named() {
    let fixture = Fixture::new("restart");
    let (cluster, namespace) = (fixture.cluster, &fixture.namespace);
    let own = json!({"imagePullSecrets": [{"name": "mine"}]});
    let own = Deployment::create(cluster, namespace, "own", (IMAGE, 1), own);
    own.fail_pulls(false);
    let name = own.pod_names().remove(0);
    fixture.create_object(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"},
        "spec": {"containers": [{"name": "web", "image": IMAGE}]}}),
    );
    let status = json!({"status": {"phase": "Pending", "containerStatuses": [{"name": "web", "image": "", "imageID": "",
        "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull"}}}]}});
    let patch = [
        "patch",
        "pod",
        "bare",
        "--subresource=status",
        "--type=merge",
        "-p",
    ];
    let status = status.to_string();
    fixture.kubectl(patch.iter().copied().chain([status.as_str()]));
    let output = fixture.create().args(ARGS).run().success();
    for line in [
        "Warning: pod/bare was not evicted: no controller recreates it\n".to_owned(),
        format!(
            "Warning: pod/{name} was not evicted: it lists its own pull secrets, which its ServiceAccount's do not replace\n"
        ),
    ] {
        assert!(output.stderr.contains(&line), "{output}");
    }
    assert!(!output.stdout.contains("evicted"), "{output}");
    fixture.get("pod/bare");
    assert_eq!(own.pod_names(), [name]);
}

#[test]
fn dry_runs_evict_nothing() {
    let fixture = Fixture::new("restart");
    let web = deployment(&fixture, "web", IMAGE);
    let names = web.pod_names();
    for (flag, suffix) in [
        ("--dry-run=client", "(dry run)"),
        ("--dry-run=server", "(server dry run)"),
    ] {
        let output = fixture.create().args(ARGS).arg(flag).run().success();
        let line = format!("pod/{} evicted {suffix}\n", names[0]);
        assert!(output.stdout.contains(&line), "{output}");
        assert_eq!(web.pod_names(), names, "{flag}");
    }
}

#[test]
fn budget_refuses_until_it_allows_the_eviction() {
    let fixture = Fixture::new("restart");
    let (cluster, namespace) = (fixture.cluster, &fixture.namespace);
    let web = Deployment::create(cluster, namespace, "web", (IMAGE, 1), json!({}));
    // The server asks budgets only about pods that run.
    web.fail_pulls(true);
    web.protect(1);
    let name = web.pod_names().remove(0);
    let short = fixture
        .create()
        .args(ARGS)
        .args(["--timeout", "1s"])
        .run()
        .exits(1);
    let line = format!(
        "error: pod {name:?} was not evicted: a PodDisruptionBudget refuses it: The disruption budget web needs 1 healthy pods and has 1 currently\n"
    );
    assert_eq!(short.stderr, line, "{short}");
    assert!(short.elapsed < Duration::from_secs(6), "{short}");
    assert_eq!(web.pod_names(), [name.as_str()]);
    let running = fixture
        .create()
        .args(ARGS)
        .args(["--timeout", "30s"])
        .spawn();
    std::thread::sleep(Duration::from_millis(1500));
    web.unprotect();
    let output = running.wait().success();
    assert!(
        output.stdout.ends_with(&format!("pod/{name} evicted\n")),
        "{output}"
    );
    web.wait_for_pull_secrets(1, &["gcr-io"]);
}

#[test]
fn missing_right_to_evict_is_named() {
    let fixture = Fixture::new("restart");
    let web = deployment(&fixture, "web", IMAGE);
    let base = [
        PolicyRule::new("get,patch,create", "secrets"),
        PolicyRule::new("get,patch", "serviceaccounts"),
    ];
    let with_pods = [&base[..], &[PolicyRule::new("list,get", "pods")]].concat();
    for (rules, expected) in [
        (
            &base[..],
            r#"hint: grant this Role rule: {"apiGroups":[""],"resources":["pods"],"verbs":["list","get"]}"#,
        ),
        (
            &with_pods,
            r#"hint: grant this Role rule: {"apiGroups":[""],"resources":["pods/eviction"],"verbs":["create"]}"#,
        ),
    ] {
        let user = fixture.cluster.user().allow(&fixture.namespace, rules);
        let session = user.session();
        session.file("key.json", gcr_test_support::keys::KEY, 0o600);
        let words = ["create", "--key-file", "key.json", "-n", &fixture.namespace];
        let output = session.gcr_secret(words).args(ARGS).run().exits(1);
        assert!(output.stderr.contains(expected), "{output}");
        assert!(
            output.stdout.contains("serviceaccount/default patched"),
            "{output}"
        );
    }
    assert_eq!(web.pods()[0]["spec"]["imagePullSecrets"], json!(null));
}

#[test]
fn flag_without_accounts_is_refused() {
    let fixture = Fixture::new("restart");
    let output = fixture.create().arg("--restart-stuck").run();
    let error = "error: --restart-stuck requires --attach or --serviceaccount";
    assert_output(&output, 1, &[], &[error]);
}

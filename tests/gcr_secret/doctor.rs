//! Tests `doctor`: the causes in the cluster, each with its sentence, its command and its exit code.

use gcr_test_support::PolicyRule;
use serde_json::{Value, json};

use crate::pull_secrets::docker_config;
use crate::registry::{HOST, Registry};
use crate::stuck_pods::{IMAGE, StuckPod};

#[test]
fn pod_older_than_its_secret_is_explained_as_documented() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_stuck_pod(&StuckPod::default());
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.attach(&["gcr-io"]);
    let namespace = &registry.fixture.namespace;
    let expected = format!(
        "pod/web-7d4b9c-x2x9k, container web, image {IMAGE}
  the pod has no pull secret: it was created before ServiceAccount default listed gcr-io
  fix: kubectl gcr-secret doctor web-7d4b9c-x2x9k --restart -n {namespace}
"
    );
    let output = registry.doctor(&[]).exits(1);
    assert_eq!(output.stdout, expected, "{output}");
    let found = &registry.diagnoses(&["web-7d4b9c-x2x9k"])[0];
    assert_eq!(found["cause"], "pod-predates-secret");
    assert_eq!(found["matches"], json!([]));
}

#[test]
fn namespace_without_stuck_pod_has_no_problem() {
    let registry = Registry::new();
    let output = registry.doctor(&[]).success();
    assert_eq!(output.stderr, "No resources found\n");
    assert_eq!(registry.diagnoses(&[]), Vec::<Value>::new());
    let error = registry.doctor(&["absent"]).exits(1);
    assert_eq!(
        error.stderr,
        "Error from server (NotFound): pods \"absent\" not found\n"
    );
}

#[test]
fn missing_references_are_told_apart() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_stuck_pod(&StuckPod::default());
    registry.assert_diagnosis([
        "no-pull-secret",
        "neither the pod nor ServiceAccount default lists a pull secret",
        "kubectl gcr-secret create gcr-io --key-file key.json --registry us-docker.pkg.dev --attach",
    ]);
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.assert_diagnosis([
        "no-pull-secret",
        "neither the pod nor ServiceAccount default lists a pull secret",
        "kubectl gcr-patch-sa default --secret gcr-io",
    ]);
    registry.attach(&["absent"]);
    registry.assert_diagnosis([
        "secret-missing",
        "Secret absent does not exist, and kubelet skips it",
        "kubectl gcr-secret create absent --key-file key.json --registry us-docker.pkg.dev",
    ]);
}

#[test]
fn unusable_secrets_are_told_apart() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_stuck_pod(&StuckPod {
        secrets: &["gcr-io"],
        ..StuckPod::default()
    });
    registry.fixture.kubectl([
        "create",
        "secret",
        "generic",
        "gcr-io",
        "--from-literal=a=b",
    ]);
    registry.assert_diagnosis([
        "secret-wrong-type",
        "Secret gcr-io has type Opaque, and kubelet ignores it",
        "kubectl gcr-secret create gcr-io --key-file key.json --registry us-docker.pkg.dev --recreate --force-conflicts",
    ]);
    registry.fixture.kubectl(["delete", "secret", "gcr-io"]);
    let broken = json!({"auths": {"gcr.io": {"auth": "bm8tY29sb24="}}}).to_string();
    registry.fixture.create_pull_secret("gcr-io", &broken);
    registry.assert_diagnosis([
        "secret-undecodable",
        "kubelet cannot decode Secret gcr-io, and therefore pulls nothing for the pod, whatever its other Secrets contain",
        "kubectl gcr-secret create gcr-io --key-file key.json --registry us-docker.pkg.dev --force-conflicts",
    ]);
    registry.fixture.kubectl(["delete", "secret", "gcr-io"]);
    registry.create_secret("eu.gcr.io", "_json_key", &registry.key);
    registry.assert_diagnosis([
        "no-entry-for-host",
        "Secret gcr-io has no entry for us-docker.pkg.dev/demo-project/images/web; its nearest entry is eu.gcr.io",
        "kubectl gcr-secret create gcr-io --key-file key.json --registry us-docker.pkg.dev --merge --force-conflicts",
    ]);
    registry.fixture.kubectl(["delete", "secret", "gcr-io"]);
    let config = docker_config(&[
        ("gcr.io", "a", "b"),
        ("us-docker.pkg.dev/demo-project/other/", "a", "b"),
    ]);
    registry.fixture.create_pull_secret("gcr-io", &config);
    let [cause, message, _] = registry.diagnosis(&[]);
    assert_eq!(cause, "no-entry-for-host");
    assert!(
        message.ends_with("its nearest entry is us-docker.pkg.dev/demo-project/other/"),
        "{message}"
    );
}

#[test]
fn own_pull_secrets_hide_those_of_account() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_stuck_pod(&StuckPod {
        secrets: &["mine"],
        ..StuckPod::default()
    });
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.attach(&["gcr-io"]);
    registry.assert_diagnosis([
        "own-pull-secrets",
        "the pod lists its own pull secrets (mine), so that kubelet ignores those of ServiceAccount default (gcr-io)",
        r#"kubectl patch deployment/web --type=json -p '[{"op":"remove","path":"/spec/template/spec/imagePullSecrets"}]'"#,
    ]);
}

#[test]
fn image_is_checked_for_account_without_pod() {
    let registry = Registry::new();
    registry.serve_images();
    let ask = ["--image", IMAGE];
    let [cause, message, _] = registry.diagnosis(&ask);
    assert_eq!(
        (cause.as_str(), message.as_str()),
        (
            "no-pull-secret",
            "ServiceAccount default lists no pull secret"
        )
    );
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.attach(&["gcr-io"]);
    let output = registry.doctor(&ask).success();
    let expected = format!(
        "serviceaccount/default, image {IMAGE}\n  the registry accepts the credential and has the image\n"
    );
    assert_eq!(output.stdout, expected);
    registry
        .fixture
        .kubectl(["create", "serviceaccount", "builder"]);
    let [cause, _, fix] =
        registry.diagnosis(&[&ask[..], &["--serviceaccount", "builder"]].concat());
    assert_eq!(
        (cause.as_str(), fix.as_str()),
        (
            "no-pull-secret",
            "kubectl gcr-patch-sa builder --secret gcr-io"
        )
    );
    let error = registry
        .doctor(&["--image", IMAGE, "--serviceaccount", "absent"])
        .exits(1);
    assert_eq!(
        error.stderr,
        "Error from server (NotFound): serviceaccounts \"absent\" not found\n"
    );
}

#[test]
fn secret_that_may_not_be_read_is_named() {
    let registry = Registry::new();
    registry.create_stuck_pod(&StuckPod {
        secrets: &["gcr-io"],
        ..StuckPod::default()
    });
    let user = registry.fixture.cluster.user();
    let rules = [PolicyRule::new("list", "pods,serviceaccounts")];
    let user = user.allow(&registry.fixture.namespace, &rules);
    let session = user.session();
    let words = ["doctor", "-n", &registry.fixture.namespace];
    let output = session
        .gcr_secret(words)
        .envs(registry.google.environment())
        .run()
        .exits(1);
    assert!(
        output
            .stdout
            .contains("\n  Secret gcr-io cannot be read: Error from server (Forbidden): "),
        "{output}"
    );
}

#[test]
fn contradicting_flags_are_refused() {
    let registry = Registry::new();
    for (args, error) in [
        (
            &["--serviceaccount", "x"][..],
            "error: --serviceaccount requires --image\n",
        ),
        (
            &["web", "--image", "x"],
            "error: --image cannot be used with POD, --selector or --restart\n",
        ),
        (
            &["web", "-l", "a=b"],
            "error: name cannot be provided when a selector is specified\n",
        ),
        (
            &["-l", ""],
            "error: --selector is empty; omit it to select every pod\n",
        ),
    ] {
        let output = registry.doctor(args).exits(1);
        assert_eq!(output.stderr, error);
    }
}

#[test]
fn lists_replace_requests_per_pod() {
    let registry = Registry::new();
    registry.serve_images();
    registry.create_secret(HOST, "_json_key", &registry.key);
    for index in 0..12 {
        let name = format!("web-{index}");
        let owner = Some(("StatefulSet", "web"));
        registry.create_stuck_pod(&StuckPod {
            name: &name,
            owner,
            secrets: &["gcr-io"],
            ..StuckPod::default()
        });
    }
    let output = registry.doctor(&["-v=6", "-o", "name"]).success();
    let requests: Vec<&str> = output
        .stderr
        .lines()
        .filter(|line| line.contains("/api/v1/"))
        .collect();
    assert_eq!(output.stdout.lines().count(), 12, "{output}");
    assert_eq!(requests.len(), 3, "{output}");
    assert_eq!(registry.google.count("registry.content"), 1);
}

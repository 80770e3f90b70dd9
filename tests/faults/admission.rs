//! Admission policies and webhooks that reject, change or fail writes. A write is a success only if the object in the response
//! matches the request.

use gcr_test_support::fault_proxy::{CannedResponse, FaultProxy, Rule};
use gcr_test_support::{ControlPlane, Output, Session, TestCluster, keys, wait_until};
use serde_json::{Value, json};

/// A namespace with the account `builder`, behind a proxy that acts as admission control.
struct Fixture {
    cluster: &'static TestCluster,
    namespace: String,
    proxy: FaultProxy,
    session: Session,
}

impl Fixture {
    #[track_caller]
    fn new() -> Self {
        let cluster = ControlPlane::shared();
        let namespace = cluster.create_namespace("admission");
        cluster.create(vec![account(&namespace, json!([{"name": "theirs"}]))]);
        let proxy = FaultProxy::new(cluster);
        let session = proxy.session();
        session.file("key.json", keys::KEY, 0o600);
        Self {
            cluster,
            namespace,
            proxy,
            session,
        }
    }

    fn create(&self) -> Output {
        let args = ["create", "--key-file=key.json", "-n", &self.namespace];
        self.session.gcr_secret(args).run()
    }

    fn patch(&self, args: &[&str]) -> Output {
        let session = self.session.gcr_patch_sa(["builder", "-n"]);
        session.arg(&self.namespace).args(args).run()
    }
}

fn account(namespace: &str, list: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "imagePullSecrets": list,
        "metadata": {"name": "builder", "namespace": namespace}})
}

#[track_caller]
fn assert_failed(output: &Output, error: &str) {
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(1), ""),
        "{output}"
    );
    let is_other = |line: &&str| !line.starts_with("Warning: secret \"gcr-io\" not found");
    let mut lines = output.stderr.lines().filter(is_other);
    assert_eq!(lines.next(), Some(error), "{output}");
    let hint = "hint: an admission policy or webhook changes it; change the policy, or exclude this object from it";
    assert_eq!(lines.next(), Some(hint), "{output}");
}

#[test]
fn rejection_of_several_lines_keeps_its_lines() {
    let fixture = Fixture::new();
    let message = "admission webhook \"policy\" denied the request:\n\nrequire-team:\n\tadd the label\u{1b}[2J team\n";
    let denied = CannedResponse::status(403, "Forbidden", message);
    fixture.proxy.answer(Rule::on("patch", "secrets"), denied);
    let args = [
        "create",
        "--key-file=key.json",
        "--report=report.jsonl",
        "-n",
    ];
    let run = fixture.session.gcr_secret(args).arg(&fixture.namespace);
    let output = run.run().exits(1);
    let lines = [
        "Error from server (Forbidden): admission webhook \"policy\" denied the request:",
        "  require-team:",
        "    add the label^[[2J team",
    ];
    let printed: Vec<&str> = output.stderr.lines().take(3).collect();
    assert_eq!(printed, lines, "{output}");
    let report = fixture.session.work().join("report.jsonl");
    let report = std::fs::read_to_string(report).expect("the report");
    let line: Value = serde_json::from_str(&report).expect("one JSON line");
    assert_eq!(line["reason"], lines.join("\n"));
}

#[test]
fn account_whose_list_admission_replaces_fails() {
    for (args, stored, error) in [
        (
            &[][..],
            json!([{"name": "platform"}, {}]),
            "its imagePullSecrets are now \"platform\", \"\", without \"gcr-io\"",
        ),
        (
            &["--dry-run=server"],
            json!([]),
            "its imagePullSecrets are now empty, without \"gcr-io\"",
        ),
        (
            &["--remove", "--secret=theirs"],
            json!([{"name": "theirs"}]),
            "its imagePullSecrets are now \"theirs\", still with \"theirs\"",
        ),
    ] {
        let fixture = Fixture::new();
        let rule = Rule::on("patch", "serviceaccounts");
        fixture.proxy.change_request(rule, move |patch| {
            patch["imagePullSecrets"] = stored.clone();
        });
        let output = fixture.patch(args);
        let error = format!(
            "error: serviceaccount \"builder\" differs from the request after the write: {error}"
        );
        assert_failed(&output, &error);
    }
}

#[test]
fn account_under_mutating_policy_of_the_cluster_fails() {
    let fixture = Fixture::new();
    let (cluster, name) = (fixture.cluster, fixture.namespace.clone());
    let policy = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name}, "spec": {"failurePolicy": "Fail", "reinvocationPolicy": "Never",
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}},
            "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"],
                "resources": ["serviceaccounts"]}]},
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression":
            "[JSONPatch{op: \"replace\", path: \"/imagePullSecrets\", value: [Object.imagePullSecrets{name: \"platform\"}]}]"}}]}});
    let binding = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name}, "spec": {"policyName": name}});
    cluster.create(vec![policy, binding]);
    let updated_list = || {
        let args = ["annotate", "serviceaccount", "builder", "a=b", "-n", &name];
        let update = cluster
            .kubectl(args)
            .args(["--overwrite", "--dry-run=server"]);
        update
            .args(["-o", "jsonpath={.imagePullSecrets[*].name}"])
            .run()
    };
    wait_until("the policy changes updates", || {
        updated_list().stdout == "platform"
    });
    let output = fixture.patch(&[]);
    for kind in ["mutatingadmissionpolicybinding", "mutatingadmissionpolicy"] {
        cluster.kubectl(["delete", kind, &name]).run().success();
    }
    assert_failed(
        &output,
        "error: serviceaccount \"builder\" differs from the request after the write: its imagePullSecrets are now \"platform\", \
         without \"gcr-io\"",
    );
    let stored = cluster.get("serviceaccount/builder", &name);
    assert_eq!(stored["imagePullSecrets"], json!([{"name": "platform"}]));
}

#[test]
fn secret_that_admission_changes_fails_without_showing_data() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 5] = [
        (
            |secret| {
                secret["type"] = json!("Opaque");
            },
            "its type is now \"Opaque\"",
        ),
        (
            |secret| {
                secret["data"][".dockerconfigjson"] = json!("eyJhdXRocyI6e319");
            },
            "its .dockerconfigjson is another one",
        ),
        (
            |secret| {
                secret["type"] = json!("Opaque");
                secret["data"] = json!({"other": "aHVudGVyMg=="});
            },
            "its type is now \"Opaque\"",
        ),
        (
            |secret| {
                secret["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("platform");
            },
            "its label app.kubernetes.io/managed-by is now \"platform\"",
        ),
        (
            |secret| {
                secret["metadata"]["annotations"]
                    .as_object_mut()
                    .map(|annotations| annotations.remove("kubectl-gcr-secret/registries"));
            },
            "its annotation kubectl-gcr-secret/registries is missing",
        ),
    ];
    for (change, error) in cases {
        let fixture = Fixture::new();
        let rule = Rule::on("patch", "secrets");
        fixture.proxy.change_request(rule, change);
        let output = fixture.create();
        let error =
            format!("error: secret \"gcr-io\" differs from the request after the write: {error}");
        assert_failed(&output, &error);
        assert!(
            !output.stderr.contains("hunter2") && !output.stderr.contains("aHVudGVy"),
            "{output}"
        );
    }
}

#[test]
fn secret_to_which_admission_adds_labels_succeeds() {
    let fixture = Fixture::new();
    fixture
        .proxy
        .change_response(Rule::on("patch", "secrets"), |secret| {
            secret["metadata"]["labels"]["team"] = json!("payments");
            secret["metadata"]["annotations"]["checked"] = json!("yes");
        });
    assert_eq!(fixture.create().success().stdout, "secret/gcr-io created\n");
}

#[test]
fn webhook_that_is_down_is_tried_once_for_most_objects_and_named_once() {
    let cluster = ControlPlane::shared();
    let proxy = FaultProxy::new(cluster);
    let message = "Internal error occurred: failed calling webhook \"policy.example\": failed to call webhook: Post \
                   \"https://policy.kube-system.svc:443/\": dial tcp 10.0.0.1:443: connect: connection refused";
    let down = CannedResponse::status(500, "InternalError", message);
    proxy.answer(Rule::on("patch", "secrets"), down);
    let session = proxy.session();
    session.file("key.json", keys::KEY, 0o600);
    const COUNT: u64 = 200;
    let names: Vec<String> = (0..COUNT).map(|at| format!("webhook-{at:03}")).collect();
    let args = ["create", "--key-file=key.json", "-n", &names.join(",")];
    let output = session.gcr_secret(args).run().exits(1);
    let lines: Vec<&str> = output.stderr.lines().rev().take(2).collect();
    assert_eq!(
        lines,
        [
            format!("{COUNT} failed, 0 unknown, 0 not started").as_str(),
            &format!(
                "hint: (for {COUNT}) the admission webhook \"policy.example\" does not work, so the server refuses all \
                 writes that it has to check; repair the webhook or remove its configuration"
            ),
        ],
        "{output}"
    );
    // At most 64 namespaces are active at a time, and only the first of them have five attempts.
    let requests = proxy.traffic().request_count("patch", "secrets");
    assert!(requests <= 64 * 5 + (COUNT - 64), "{requests}\n{output}");
}

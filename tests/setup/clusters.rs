//! Several clusters, nodes of Google's own clusters, and projects beside that of the account.

use std::path::Path;

use gcr_test_support::fault_proxy::{CannedResponse, FaultProxy, Rule};
use gcr_test_support::{PolicyRule, Session};
use serde_json::{Value, json};

use crate::fixture::{EMAIL, Fixture, REGISTRY};

/// Returns a session whose kubeconfig has the contexts `one` and `two`: the cluster itself, and the proxy in front of it.
fn session_with_two_contexts(fixture: &Fixture, proxy: &FaultProxy) -> Session {
    let session = fixture.cluster.session();
    let mut config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "one",
        "clusters": [], "users": [], "contexts": []});
    let files = [
        ("one", fixture.cluster.kubeconfig()),
        ("two", proxy.kubeconfig()),
    ];
    for (name, file) in files {
        let [cluster, user] = cluster_and_user(&session, file);
        let entries = [
            ("clusters", json!({"name": name, "cluster": cluster})),
            ("users", json!({"name": name, "user": user})),
            (
                "contexts",
                json!({"name": name, "context": {"cluster": name, "user": name}}),
            ),
        ];
        for (list, entry) in entries {
            config[list].as_array_mut().expect("a list").push(entry);
        }
    }
    session.file(session.kubeconfig(), config.to_string(), 0o600);
    session
}

fn cluster_and_user(session: &Session, kubeconfig: &Path) -> [Value; 2] {
    let args = ["config", "view", "--raw", "--minify", "-o", "json"];
    let view = session.kubectl(args).env("KUBECONFIG", kubeconfig);
    let view: Value = serde_json::from_str(&view.run().success().stdout).expect("JSON");
    [&view["clusters"][0]["cluster"], &view["users"][0]["user"]].map(Value::clone)
}

#[test]
fn clusters_share_one_key() {
    let fixture = Fixture::prepared("setup-clusters");
    let proxy = FaultProxy::new(fixture.cluster);
    let session = session_with_two_contexts(&fixture, &proxy);
    let setup = || {
        session
            .gcr_secret(["setup", "--registry", REGISTRY, "--contexts=one,two"])
            .args(["-n", &fixture.namespace])
            .envs(fixture.google.operator_environment())
            .run()
            .success()
    };
    let output = setup();
    let key = fixture.key();
    let created = output.stdout.matches("secret/gcr-io ").count();
    assert_eq!(created, 2, "{output}");
    for line in [
        format!("key/{key} created\n"),
        format!("-n {} --context one\n", fixture.namespace),
        format!("-n {} --context two\n", fixture.namespace),
    ] {
        assert!(output.stdout.contains(&line), "{line}\n{output}");
    }
    let output = setup();
    assert!(
        output.stdout.contains(&format!("key/{key} unchanged\n")),
        "{output}"
    );
    fixture.assert_complete();
}

#[test]
fn unreachable_cluster_does_not_hold_up_the_other() {
    let fixture = Fixture::prepared("setup-half");
    let proxy = FaultProxy::new(fixture.cluster);
    let session = session_with_two_contexts(&fixture, &proxy);
    drop(proxy);
    let output = session
        .gcr_secret(["setup", "--registry", REGISTRY, "--contexts=one,two"])
        .args(["-n", &fixture.namespace])
        .envs(fixture.google.operator_environment())
        .run()
        .failure();
    assert!(output.stderr.contains("--context two"), "{output}");
    // The key is in use, so that it stays.
    fixture.assert_complete();
}

#[test]
fn nodes_of_gke_are_mentioned_before_a_key_is_made() {
    let fixture = Fixture::prepared("setup-gke");
    let proxy = FaultProxy::new(fixture.cluster);
    let nodes = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "1"},
        "items": [{"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "gke-1",
            "labels": {"cloud.google.com/gke-nodepool": "default-pool"}}}]});
    let nodes = CannedResponse::new(200, "application/json", &nodes.to_string());
    let rule = Rule::on("list", "nodes");
    proxy.answer(rule, nodes);
    let session = proxy.session();
    let setup = || {
        session
            .gcr_secret(["setup", "--registry", REGISTRY, "-n", &fixture.namespace])
            .envs(fixture.google.operator_environment())
    };
    let note = "nodes of GKE can pull without a Secret, with their own service account: gcloud artifacts repositories \
                add-iam-policy-binding images --location=europe-west1 --project=demo-project \
                --member=serviceAccount:NODE_SERVICE_ACCOUNT --role=roles/artifactregistry.reader";
    let output = setup().arg("--dry-run=client").run().success();
    assert!(output.stderr.contains(note), "{output}");
    // The user's wish is still obeyed, and a key that exists needs no note.
    let output = setup().run().success();
    assert!(output.stderr.contains(note), "{output}");
    fixture.assert_complete();
    let output = setup().run().success();
    assert!(!output.stderr.contains("GKE"), "{output}");
}

#[test]
fn nodes_that_may_not_be_listed_are_not_mentioned() {
    let fixture = Fixture::prepared("setup-no-nodes");
    let user = fixture.cluster.user().allow(
        &fixture.namespace,
        &[
            PolicyRule::new("get,create,patch", "secrets"),
            PolicyRule::new("get,patch", "serviceaccounts"),
        ],
    );
    let output = user
        .session()
        .gcr_secret(["setup", "--registry", REGISTRY, "-n", &fixture.namespace])
        .envs(fixture.google.operator_environment())
        .run()
        .success();
    assert_eq!(output.stderr, "", "{output}");
    fixture.assert_complete();
}

#[test]
fn account_is_bound_in_the_project_of_the_registry() {
    let fixture = Fixture::prepared("setup-projects");
    fixture.google.add_project("app-project");
    fixture.google.grant_on_project(
        "app-project",
        "roles/owner",
        gcr_test_support::fake_google::OPERATOR,
    );
    let output = fixture
        .setup(["--project", "app-project", "--iam-account", "puller-of-app"])
        .run()
        .success();
    let email = "puller-of-app@app-project.iam.gserviceaccount.com";
    for line in [
        "service/iam.googleapis.com enabled\n".to_owned(),
        "service/artifactregistry.googleapis.com in demo-project unchanged\n".to_owned(),
        format!("iamaccount/{email} created\n"),
        "iambinding/roles/artifactregistry.reader on repositories/images granted\n".to_owned(),
    ] {
        assert!(output.stdout.contains(&line), "{line}\n{output}");
    }
    let policy = fixture.google.repository_policy("europe-west1", "images");
    assert!(policy.to_string().contains(email), "{policy}");
    assert_eq!(fixture.google.keys_of(email).len(), 1);
    assert_eq!(fixture.google.keys_of(EMAIL), []);
}

#[test]
fn log_names_method_url_status_and_time_only() {
    let fixture = Fixture::prepared("setup-log");
    let output = fixture.setup(["-v=6"]).run().success();
    let requests: Vec<&str> = output
        .stderr
        .lines()
        .filter(|line| line.contains(" https://") && line.ends_with(" milliseconds"))
        .collect();
    let expected = fixture.google.requests();
    let hosts = requests
        .iter()
        .filter(|line| line.contains("googleapis.com/") || line.contains("pkg.dev/"));
    assert_eq!(hosts.count(), expected.len(), "{output}");
    for line in requests {
        let words: Vec<&str> = line.rsplitn(6, ' ').collect();
        let [_, time, _, status, url, method] = words.as_slice() else {
            panic!("{line}")
        };
        assert!(
            time.parse::<u64>().is_ok() && status.parse::<u16>().is_ok(),
            "{line}"
        );
        assert!(url.starts_with("https://") && !url.contains('?'), "{line}");
        assert!(
            method.ends_with("GET") || method.ends_with("POST") || method.ends_with("PATCH"),
            "{line}"
        );
    }
    assert!(
        !output.stderr.contains("Bearer") && !output.stderr.contains("authorization"),
        "{output}"
    );
}

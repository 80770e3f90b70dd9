//! `describe`: its text and objects, what it reads, and the permissions it needs.

use std::time::Duration;

use gcr_test_support::fault_proxy::{Fault, FaultProxy, Rule};
use gcr_test_support::{Invocation, PolicyRule, Session};
use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output};
use crate::registry::{HOST, REPOSITORY, Registry, finding};

const ACCOUNT: &str = "puller@example-project.iam.gserviceaccount.com";

fn describe_in(session: &Session, namespace: &str) -> Invocation {
    session.gcr_secret(["describe", "gcr-io", "-n", namespace])
}

fn describe(fixture: &Fixture) -> Invocation {
    describe_in(&fixture.session, &fixture.namespace)
}

/// Returns a namespace with a Secret that an account, a pod and an event refer to, and whose label another manager owns.
fn described() -> Fixture {
    let fixture = Fixture::new("describe");
    fixture
        .create()
        .args(["--attach", "--registry=gcr.io,eu.gcr.io"])
        .run()
        .success();
    let label = "app.kubernetes.io/managed-by=kubectl-gcr-secret";
    fixture.kubectl(["label", "secret", "gcr-io", "team=a"]);
    fixture.kubectl(["label", "secret", "gcr-io", label, "--overwrite"]);
    fixture.kubectl(["annotate", "secret", "gcr-io", "note=first\nsecond"]);
    fixture.create_pod("web", &["gcr-io"]);
    fixture.create_object(json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "type": "Warning",
        "reason": "Rotated", "message": "a message", "count": 3, "source": {"component": "tool"},
        "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-02T00:00:00Z",
        "involvedObject": {"kind": "Secret", "name": "gcr-io", "namespace": fixture.namespace},
    }));
    fixture
}

/// Returns the text after a field's name.
fn field<'a>(text: &'a str, name: &str) -> &'a str {
    let lines = text.lines();
    let values = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    values
        .map(str::trim)
        .next()
        .unwrap_or_else(|| panic!("no {name} in\n{text}"))
}

#[test]
fn text_shows_credential_users_managers_and_events() {
    let fixture = described();
    let args = ["gcr-secret", "describe", "gcr-io", "-n", &fixture.namespace];
    let output = fixture.session.kubectl(args).run().success();
    assert_eq!(output.stderr, "");
    let text = &output.stdout;
    for (name, expected) in [
        ("Name", "gcr-io"),
        ("Namespace", fixture.namespace.as_str()),
        ("Labels", "app.kubernetes.io/managed-by=kubectl-gcr-secret"),
        ("Annotations", "note: first..."),
        ("Registries", "gcr.io"),
        ("Account", ACCOUNT),
        ("Credential", "json-key"),
        ("Expires", "<none>"),
        ("Service Accounts", "default"),
        ("Pods", "web"),
        ("Verify Checks", "gcr.io: parse, key, challenge, token"),
    ] {
        assert_eq!(field(text, name), expected, "{text}");
    }
    assert!(text.contains("\n                   eu.gcr.io\n"), "{text}");
    assert!(field(text, "Created").ends_with(" +0000"), "{text}");
    let line = |start: &str| {
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with(start));
        let words = line.unwrap_or_default().split_whitespace();
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let ours = line("kubectl-gcr-secret  ");
    assert_eq!((ours[1].as_str(), ours[3].as_str()), ("Apply", "<none>"));
    assert_eq!(
        line("kubectl-label")[3],
        "<none>",
        "the value that we set has not changed: {text}"
    );
    let event = line("Warning");
    assert_eq!(event[..2], ["Warning", "Rotated"]);
    assert!(
        event.ends_with(&["tool", "a", "message"].map(str::to_owned)),
        "{event:?}"
    );
    let key = fixture.docker_config_text("gcr-io");
    assert!(
        !text.contains(&key[40..80]) && !text.contains("auth"),
        "{text}"
    );
}

#[test]
fn managers_of_our_fields_are_named_as_conflicts() {
    let fixture = Fixture::new("describe");
    fixture.create_docker_registry_secret("gcr-io");
    let text = describe(&fixture).run().success().stdout;
    let manager = text.lines().find(|line| line.contains("kubectl-create"));
    let manager = manager.unwrap_or_else(|| panic!("{text}"));
    assert!(
        manager
            .trim_end()
            .ends_with(".type, .data..dockerconfigjson"),
        "{text}"
    );
    let conflict = fixture.create().run().exits(1);
    assert!(
        conflict
            .stderr
            .contains(r#""kubectl-create" (.data..dockerconfigjson)"#),
        "{conflict}"
    );
    assert_eq!(field(&text, "Service Accounts"), "<none>");
    assert_eq!(field(&text, "Events"), "<none>");
}

#[test]
fn copy_of_the_secret_is_masked() {
    let fixture = Fixture::new("describe");
    let manifest = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gcr-io"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": r#"{"auths":{"gcr.io":{"auth":"c2VjcmV0OnNlY3JldA=="}}}"#}});
    let args = ["apply", "-f", "-", "-n", &fixture.namespace];
    fixture
        .cluster
        .kubectl(args)
        .stdin(manifest.to_string())
        .run()
        .success();
    for args in [&[][..], &["-o", "json"]] {
        let output = describe(&fixture).args(args).run().success();
        assert!(
            output.stdout.contains("last-applied-configuration"),
            "{output}"
        );
        assert!(!output.stdout.contains("c2Vjc"), "{output}");
    }
}

#[test]
fn objects_have_the_documented_shape() {
    let fixture = described();
    let output = describe(&fixture).args(["-o", "json"]).run().success();
    let mut printed: Value = serde_json::from_str(&output.stdout).unwrap();
    let stored = fixture.secret();
    let conflicts: Vec<Value> = printed["fieldManagers"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .map(|it| {
            assert!(it["time"].take().is_string() && it["operation"].is_string());
            it["conflicts"].take()
        })
        .collect();
    assert!(conflicts.iter().all(Value::is_array), "{conflicts:?}");
    assert!(printed["context"].take().is_string());
    printed["fieldManagers"] = json!([]);
    assert_eq!(
        printed,
        json!({
            "apiVersion": "kubectl-gcr-secret/v1",
            "kind": "PullSecretDescription",
            "metadata": {
                "name": "gcr-io",
                "namespace": fixture.namespace,
                "uid": stored["metadata"]["uid"],
                "creationTimestamp": stored["metadata"]["creationTimestamp"],
                "labels": stored["metadata"]["labels"],
                "annotations": stored["metadata"]["annotations"],
            },
            "context": null,
            "managed": true,
            "registries": ["gcr.io", "eu.gcr.io"],
            "account": ACCOUNT,
            "keyId": stored["metadata"]["annotations"]["kubectl-gcr-secret/key-id"],
            "credential": "json-key",
            "expires": null,
            "fieldManagers": [],
            "usedBy": ["default"],
            "pods": ["web"],
            "events": [{"type": "Warning", "reason": "Rotated", "message": "a message",
                "component": "tool", "count": 3, "lastSeen": "2026-01-02T00:00:00Z"}],
            "verify": [
                {"registry": "gcr.io", "steps": ["parse", "key", "challenge", "token"]},
                {"registry": "eu.gcr.io", "steps": ["parse", "key", "challenge", "token"]},
            ],
        })
    );
    let name = describe(&fixture).args(["-o", "name"]).run();
    assert_output(&name, 0, &["secret/gcr-io"], &[]);
}

#[test]
fn verify_takes_the_steps_that_describe_names() {
    let registry = Registry::new();
    let namespace = &registry.fixture.namespace;
    let session = &registry.fixture.session;
    for (file, args) in [
        ("--key-file=puller.json", &[][..]),
        ("--access-token-file=token", &["--force-conflicts"]),
    ] {
        session.file("token", "ya29.a-token-that-no-registry-knows", 0o600);
        let create = ["create", file, "--registry", HOST, "-n", namespace];
        session.gcr_secret(create).args(args).run().success();
        let described = describe(&registry.fixture)
            .args(["-o", "json"])
            .run()
            .success();
        let described: Value = serde_json::from_str(&described.stdout).unwrap();
        let verified = finding(&registry.verify(&["--registry", REPOSITORY, "-o", "json"]));
        let steps = verified["steps"].as_array().unwrap().iter();
        let steps: Vec<&Value> = steps.map(|step| &step["name"]).collect();
        assert_eq!(
            described["verify"],
            json!([{"registry": HOST, "steps": steps}]),
            "{verified}"
        );
    }
}

#[test]
fn missing_secret_is_an_error_only_in_named_namespaces() {
    let fixture = described();
    let other = fixture.cluster.create_namespace("describe");
    let missing = describe_in(&fixture.session, &other).run();
    let error = r#"Error from server (NotFound): secrets "gcr-io" not found"#;
    assert_output(&missing, 1, &[], &[error]);
    let both = describe_in(&fixture.session, &format!("{},{other}", fixture.namespace)).run();
    assert_eq!(
        (both.code, both.stderr),
        (Some(1), format!("{error} -n {other}\n"))
    );
    for namespace in [&fixture.namespace, &other] {
        let label = format!("described={other}");
        fixture
            .cluster
            .kubectl(["label", "namespace", namespace, &label])
            .run()
            .success();
    }
    let selector = format!("described={other}");
    let args = ["describe", "gcr-io", "--namespace-selector", &selector];
    let output = fixture.session.gcr_secret(args).run().success();
    assert_eq!(output.stderr, "");
    assert_eq!(output.stdout.matches("Name: ").count(), 1, "{output}");
    assert_eq!(field(&output.stdout, "Namespace"), fixture.namespace);
}

#[test]
fn several_descriptions_are_separated_as_by_kubectl() {
    let fixture = described();
    let other = fixture.cluster.create_namespace("describe");
    let args = ["create", "--key-file=key.json", "-n", &other];
    fixture.session.gcr_secret(args).run().success();
    let both = format!("{},{other}", fixture.namespace);
    let output = describe_in(&fixture.session, &both).run().success();
    let parts: Vec<_> = output.stdout.split("\n\n\n").collect();
    assert_eq!(parts.len(), 2, "{output}");
    assert_eq!(field(parts[1], "Namespace"), other);
}

#[test]
fn secret_data_is_not_requested() {
    let fixture = described();
    let proxy = FaultProxy::new(fixture.cluster);
    let metadata = Rule::on("get", "secrets").header("accept", "as=PartialObjectMetadata");
    let metadata = proxy.inject(metadata, Fault::Delay(Duration::ZERO));
    let session = proxy.session();
    describe_in(&session, &fixture.namespace).run().success();
    assert_eq!(proxy.hits(metadata), 1);
    let traffic = proxy.traffic();
    assert_eq!(traffic.request_count("get", "secrets"), 1);
    assert_eq!(traffic.request_count("list", "secrets"), 0);
}

#[test]
fn exact_role_is_sufficient_and_each_rule_is_needed() {
    let fixture = described();
    let rules = ["secrets", "serviceaccounts", "pods", "events"];
    let run = |granted: &[&str]| {
        let rule = |resource: &&str| match *resource {
            "secrets" => PolicyRule::new("get", "secrets").resource_names("gcr-io"),
            resource => PolicyRule::new("list", resource),
        };
        let granted: Vec<_> = granted.iter().map(rule).collect();
        let user = fixture.cluster.user().allow(&fixture.namespace, &granted);
        describe_in(&user.session(), &fixture.namespace).run()
    };
    assert_eq!(run(&rules).success().stderr, "");
    for missing in rules {
        let granted: Vec<_> = rules.into_iter().filter(|it| *it != missing).collect();
        let output = run(&granted).exits(1);
        let start =
            format!(r#"hint: grant this Role rule: {{"apiGroups":[""],"resources":["{missing}"],"#);
        let hint = output.stderr.lines().last().unwrap_or_default();
        assert!(hint.starts_with(&start), "{output}");
        let name = match missing {
            "secrets" => {
                assert_eq!(output.stdout, "");
                continue;
            }
            "serviceaccounts" => "Service Accounts",
            "pods" => "Pods",
            _ => "Events",
        };
        assert_eq!(field(&output.stdout, name), "<unknown>");
    }
}

//! Tests `verify` with several Secrets, hosts and registries, and the objects of each kind of finding.

use gcr_test_support::Output;
use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use serde_json::{Value, json};

use crate::fixture::assert_output;
use crate::pull_secrets::docker_config;
use crate::registry::{HOST, REPOSITORY, Registry};

/// Returns the findings of JSON output.
#[track_caller]
fn findings(output: &Output) -> Vec<Value> {
    let list: Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{output}"));
    list["items"].as_array().expect("a list").clone()
}

#[test]
fn each_secret_and_each_of_its_hosts_has_a_line() {
    let registry = Registry::new();
    let key = registry.key.as_str();
    let two = [
        ("eu.gcr.io", "_json_key", key),
        (REPOSITORY, "_json_key", key),
    ];
    let one = [("gcr.io", "_json_key", "{}")];
    let fixture = &registry.fixture;
    fixture.create_pull_secret("a", &docker_config(&one));
    fixture.create_pull_secret("b", &docker_config(&two));
    let output = registry.verify(&["b", "a"]).exits(1);
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    lines.sort_unstable();
    let refused = "secret/a not-a-key: gcr.io: the password is no service account key (the password has no \"type\")";
    let ok = format!("secret/b ok: {REPOSITORY}");
    assert_eq!(lines, [refused, "secret/b ok: eu.gcr.io", &ok], "{output}");
    let ok = registry.verify(&["b"]);
    assert_eq!((ok.code, ok.stdout.lines().count()), (Some(0), 2), "{ok}");
}

#[test]
fn registries_are_asked_at_the_same_time() {
    let registry = Registry::new();
    let token = registry.google.operator_token();
    let hosts = ["gcr.io", "eu.gcr.io", "asia.gcr.io", HOST];
    let entries = hosts.map(|host| (host, "oauth2accesstoken", token));
    let config = docker_config(&entries);
    registry.fixture.create_pull_secret("gcr-io", &config);
    registry
        .google
        .inject(Rule::on("registry.ping"), Fault::Hang);
    let output = registry.verify(&["--timeout", "2s"]).exits(1);
    assert_eq!(output.stdout.lines().count(), 4, "{output}");
    let is_unreachable =
        |line: &str| line.contains(" registry-unreachable: ") && line.contains("2 seconds");
    assert!(output.stdout.lines().all(is_unreachable), "{output}");
    assert!(output.elapsed.as_millis() < 5000, "{output}");
}

#[test]
fn objects_have_the_same_keys_for_every_source() {
    let registry = Registry::new();
    let keys = |value: &Value| -> Vec<String> {
        let object = value.as_object().expect("an object");
        object.keys().cloned().collect()
    };
    let found =
        |args: &[&str]| findings(&registry.verify(&[args, &["-o", "json"]].concat())).remove(0);
    registry.create_secret(HOST, "_json_key", &registry.key);
    let complete = keys(&found(&[]));
    registry
        .fixture
        .kubectl(["create", "secret", "generic", "opaque"]);
    for (args, verdict) in [
        (&["opaque"][..], "bad-encoding"),
        (&["--registry", "eu.gcr.io"], "no-credential-for-host"),
        (
            &["--key-file", "puller.json", "--registry", REPOSITORY],
            "ok",
        ),
        (
            &["--image", "us-docker.pkg.dev/demo-project/images/web:1"],
            "image-not-found",
        ),
        (
            &["--image", "us-docker.pkg.dev/demo-project/other/web:1"],
            "permission-denied",
        ),
    ] {
        let found = found(args);
        assert_eq!(found["verdict"], verdict);
        assert_eq!(keys(&found), complete, "{verdict}");
        for step in found["steps"].as_array().expect("a list") {
            assert_eq!(
                keys(step),
                ["name", "seconds", "status", "text"],
                "{verdict}"
            );
        }
    }
}

#[test]
fn image_that_the_registry_does_not_know_fails_only_with_its_flag() {
    let registry = Registry::new();
    registry.create_secret(REPOSITORY, "_json_key", &registry.key);
    let unknown = CannedError::registry(404, "MANIFEST_UNKNOWN", "manifest unknown");
    registry
        .google
        .inject(Rule::on("registry.token"), Fault::Respond(unknown));
    let line = format!(
        "secret/gcr-io image-not-found: {REPOSITORY}: the image or tag does not exist; the credential works (MANIFEST_UNKNOWN: manifest unknown)"
    );
    assert_output(&registry.verify(&[]), 0, &[&line], &[]);
    let image = format!("{REPOSITORY}/web:1");
    let output = registry.verify(&["--image", &image]).exits(1);
    assert!(output.stdout.contains(" image-not-found: "), "{output}");
}

#[test]
fn token_is_asked_for_exactly_the_repository() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    let image = format!("{REPOSITORY}/team/web:1");
    for (args, scope, manifests) in [
        (
            ["--image", &image],
            "repository:demo-project/images/team/web:pull",
            1,
        ),
        (
            ["--registry", REPOSITORY],
            "repository:demo-project/images/kubectl-gcr-secret-probe:pull",
            0,
        ),
    ] {
        registry.google.reset_requests();
        registry.verify(&args);
        let requests = registry.google.requests();
        let of = |method: &str| {
            requests
                .iter()
                .filter(|it| it.method == method)
                .collect::<Vec<_>>()
        };
        let scopes: Vec<_> = of("registry.token")
            .iter()
            .flat_map(|it| it.query.clone())
            .filter(|(name, _)| name == "scope")
            .collect();
        assert_eq!(
            scopes,
            [("scope".to_owned(), scope.to_owned())],
            "{requests:?}"
        );
        assert_eq!(of("registry.content").len(), manifests, "{requests:?}");
        // The registry's challenge is read before any credential is sent to it.
        let order: Vec<_> = requests.iter().map(|it| it.method.as_str()).collect();
        let at = |method| order.iter().position(|it| *it == method);
        assert!(at("registry.ping") < at("registry.token"), "{order:?}");
    }
}

#[test]
fn realm_on_another_host_of_google_gets_no_credential() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    for realm in [
        "https://oauth2.googleapis.com/token",
        "https://storage.googleapis.com/v2/token",
    ] {
        let challenge = CannedError::registry(401, "UNAUTHORIZED", "x");
        let challenge = challenge.header("www-authenticate", &format!("Bearer realm=\"{realm}\""));
        registry.google.clear_faults();
        registry
            .google
            .inject(Rule::on("registry.ping"), Fault::Respond(challenge));
        for args in [&[][..], &["--allow-any-host"]] {
            registry.google.reset_requests();
            let output = registry.verify(args).exits(1);
            let line = format!("secret/gcr-io unrecognized: {HOST}: ");
            assert!(output.stdout.starts_with(&line), "{output}");
            let sent = registry.google.requests().into_iter();
            let sent: Vec<_> = sent
                .filter(|it| realm.ends_with(&it.path) && it.verb == "GET")
                .collect();
            assert!(sent.is_empty(), "{sent:?}");
            assert!(
                !json!(output.stdout).to_string().contains("ya29"),
                "{output}"
            );
        }
    }
}

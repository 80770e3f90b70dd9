//! Tests `verify`: the sources of credentials, the requests, and the output.

use serde_json::json;

use crate::fixture::{Fixture, assert_output};
use crate::pull_secrets::docker_config;
use crate::registry::{HOST, REPOSITORY, Registry, finding};

#[test]
fn working_secret_is_ok_and_json_names_each_step() {
    let registry = Registry::new();
    registry.create_secret(REPOSITORY, "_json_key", &registry.key);
    let line = format!("secret/gcr-io ok: {REPOSITORY}");
    assert_output(&registry.verify(&[]), 0, &[&line], &[]);
    assert_output(&registry.verify(&["-q"]), 0, &[], &[]);
    assert_output(
        &registry.verify(&["-o", "name"]),
        0,
        &["secret/gcr-io"],
        &[],
    );
    let finding = finding(&registry.verify(&["-o", "json"]).success());
    let keys: Vec<&String> = finding.as_object().unwrap().keys().collect();
    let expected = [
        "account",
        "apiVersion",
        "context",
        "entry",
        "keyId",
        "kind",
        "message",
        "namespace",
        "registry",
        "source",
        "steps",
        "user",
        "verdict",
    ];
    assert_eq!(keys, expected);
    assert_eq!(finding["source"], "secret/gcr-io");
    assert_eq!(finding["account"], registry.email.as_str());
    assert_eq!(finding["namespace"], registry.fixture.namespace.as_str());
    assert_eq!(finding["registry"], REPOSITORY);
    let steps = finding["steps"].as_array().unwrap();
    let names: Vec<_> = steps
        .iter()
        .map(|step| (step["name"].as_str().unwrap(), step["status"].as_u64()))
        .collect();
    let expected = [
        ("parse", None),
        ("key", Some(200)),
        ("challenge", Some(401)),
        ("token", Some(200)),
    ];
    assert_eq!(names, expected);
    for step in steps {
        let keys: Vec<&String> = step.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["name", "seconds", "status", "text"]);
    }
}

#[test]
fn json_has_the_documented_shape() {
    let registry = Registry::new();
    registry.google.disable_keys(&registry.email);
    registry.create_secret("us-docker.pkg.dev", "_json_key", &registry.key);
    let page = include_str!("../../docs/output.md");
    let section = page.split("## `verify -o json|yaml`").nth(1).unwrap();
    let example = section.split("```json\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let mut documented: serde_json::Value = serde_json::from_str(example).unwrap();
    let mut found = finding(&registry.verify(&["-o", "json"]).exits(1));
    // The differences between the example and this registry.
    let documented_id = documented["keyId"].as_str().unwrap()[..7].to_owned();
    let id = found["keyId"].as_str().unwrap()[..7].to_owned();
    let message = documented["message"].as_str().unwrap();
    documented["message"] = message.replace(&documented_id, &id).into();
    for key in [
        "context",
        "namespace",
        "registry",
        "entry",
        "account",
        "keyId",
    ] {
        assert!(found[key].is_string(), "{key}");
        documented[key] = found[key].clone();
    }
    for step in found["steps"].as_array_mut().unwrap() {
        assert!(step["seconds"].is_f64());
        step["seconds"] = 0.0.into();
    }
    for step in documented["steps"].as_array_mut().unwrap() {
        step["seconds"] = 0.0.into();
    }
    assert_eq!(found, documented);
}

#[test]
fn missing_image_fails_only_if_image_was_asked_for() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    let image = format!("{REPOSITORY}/web:1.2");
    let line = format!("secret/gcr-io image-not-found: {image}: ");
    let output = registry.verify(&["--image", &image]).exits(1);
    assert!(output.stdout.starts_with(&line), "{output}");
    registry
        .verify(&["--registry", &format!("{REPOSITORY}/web")])
        .success();
}

#[test]
fn secret_without_entry_for_host_is_named() {
    let registry = Registry::new();
    registry.create_secret("eu.gcr.io", "_json_key", &registry.key);
    let line = "secret/gcr-io no-credential-for-host: gcr.io: it has no entry for gcr.io";
    assert_output(&registry.verify(&["--registry", "gcr.io"]), 1, &[line], &[]);
    assert_eq!(registry.google.requests().len(), 0);
}

#[test]
fn secret_that_kubelet_cannot_use_is_bad_encoding() {
    let registry = Registry::new();
    let broken = json!({"auths": {"gcr.io": {"auth": "bm8tY29sb24="}}}).to_string();
    registry.fixture.create_pull_secret("gcr-io", &broken);
    let line = "secret/gcr-io bad-encoding: kubelet cannot decode the Secret, so that every pull that uses it fails";
    assert_output(&registry.verify(&[]), 1, &[line], &[]);
    registry
        .fixture
        .kubectl(["create", "secret", "generic", "other"]);
    let line = "secret/other bad-encoding: the Secret has type Opaque and no Docker config, so that kubelet ignores it";
    assert_output(&registry.verify(&["other"]), 1, &[line], &[]);
}

#[test]
fn absent_secret_is_error_unless_namespaces_were_selected() {
    let registry = Registry::new();
    let error = "Error from server (NotFound): secrets \"gcr-io\" not found";
    assert_output(&registry.verify(&[]), 1, &[], &[error]);
    let namespace = &registry.fixture.namespace;
    let label = format!("kubernetes.io/metadata.name={namespace}");
    let words = ["verify", "--namespace-selector", &label];
    let command = registry.fixture.session.gcr_secret(words);
    let output = command.envs(registry.google.environment()).run();
    assert_output(&output, 0, &[], &["No resources found"]);
}

#[test]
fn files_are_checked_without_a_cluster() {
    let registry = Registry::new();
    let config = docker_config(&[(HOST, "_json_key", &registry.key)]);
    let session = gcr_test_support::Session::without_cluster();
    session.file("key.json", &registry.key, 0o600);
    session.file("config.json", config, 0o600);
    session.file("broken.json", "{}", 0o600);
    session.file("token", registry.google.operator_token(), 0o600);
    let run = |args: &[&str]| {
        let command = session.gcr_secret(["verify"]).args(args);
        command.envs(registry.google.environment()).run()
    };
    let at = ["--registry", REPOSITORY];
    let cases = [
        (
            vec!["--key-file", "key.json"],
            "file/key.json ok: gcr.io".to_owned(),
            0,
        ),
        (
            [&["--key-file", "key.json"], &at[..]].concat(),
            format!("file/key.json ok: {REPOSITORY}"),
            0,
        ),
        (
            [&["--access-token-file", "token"], &at[..]].concat(),
            format!("file/token ok: {REPOSITORY}"),
            0,
        ),
        (
            vec!["--docker-config", "config.json"],
            format!("file/config.json ok: {HOST}"),
            0,
        ),
    ];
    for (args, line, code) in cases {
        assert_output(&run(&args), code, &[&line], &[]);
    }
    let broken = run(&["--key-file", "broken.json"]).exits(1);
    assert!(
        broken
            .stdout
            .starts_with("file/broken.json not-a-key: gcr.io: "),
        "{broken}"
    );
}

#[test]
fn equal_credentials_share_one_handshake() {
    let registry = Registry::new();
    let cluster = registry.fixture.cluster;
    let names = cluster.create_namespaces("verify-many", 24);
    let config = docker_config(&[(REPOSITORY, "_json_key", &registry.key)]);
    let secrets = names.iter().map(|name| {
        let mut secret = Fixture::pull_secret("gcr-io", &config);
        secret["metadata"]["namespace"] = name.as_str().into();
        secret
    });
    cluster.create(secrets.collect());
    let words = ["verify", "-n", &names.join(",")];
    let command = registry.fixture.session.gcr_secret(words);
    let output = command.envs(registry.google.environment()).run().success();
    let expected: Vec<String> = names
        .iter()
        .map(|name| format!("secret/gcr-io ok: {REPOSITORY} -n {name}"))
        .collect();
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, expected);
    assert_eq!(registry.google.count("registry.token"), 1);
    assert_eq!(registry.google.count("registry.ping"), 1);
}

#[test]
fn images_of_pods_are_asked_for_once_each() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    for (pod, image) in [
        ("a", format!("{REPOSITORY}/web:1")),
        ("b", format!("{REPOSITORY}/web:2")),
        ("c", format!("{HOST}/demo-project/other/app")),
        ("d", "docker.io/library/busybox".to_owned()),
    ] {
        registry.fixture.create_object(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod},
            "spec": {"containers": [{"name": "main", "image": image}]}}),
        );
    }
    let output = registry.verify(&["--from-pods"]).exits(1);
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{output}");
    assert_eq!(lines[0], format!("secret/gcr-io ok: {REPOSITORY}/web"));
    let denied = format!("secret/gcr-io permission-denied: {HOST}/demo-project/other/app: ");
    assert!(lines[1].starts_with(&denied), "{output}");
}

#[test]
fn foreign_host_gets_nothing_without_its_flag() {
    let registry = Registry::new();
    registry.create_secret("registry.example.com", "someone", "hunter2-hunter2");
    let output = registry.verify(&[]);
    let note = "secret/gcr-io skipped: registry.example.com: not a registry of Google (use --allow-any-host to check it) -n ";
    assert!(output.stderr.starts_with(note), "{output}");
    let line = "secret/gcr-io no-credential-for-host: it has no entry for a registry of Google\n";
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), line));
    let error = registry.verify(&["--registry", "registry.example.com"]);
    let text = "error: registry.example.com is not a Google registry host; pass --allow-any-host to send it the credential";
    assert_output(&error, 1, &[], &[text]);
}

#[test]
fn contradicting_flags_are_refused() {
    let registry = Registry::new();
    for (args, error) in [
        (
            &["--key-file", "key.json", "--docker-config", "x"][..],
            "error: only one of --key-file, --access-token-file or --docker-config may be given",
        ),
        (
            &["name", "--key-file", "key.json"],
            "error: NAME cannot be used with --key-file, --access-token-file or --docker-config",
        ),
        (
            &["--from-pods", "--key-file", "key.json"],
            "error: --from-pods cannot be used with --key-file, --access-token-file or --docker-config",
        ),
        (
            &["--image", "Gcr.io/P/x"],
            "error: invalid image name \"Gcr.io/P/x\"",
        ),
    ] {
        assert_output(&registry.verify(args), 1, &[], &[error]);
    }
}

#[test]
fn create_with_refused_credential_writes_nothing() {
    let registry = Registry::new();
    let create = |args: &[&str]| {
        let words = [
            "create",
            "-n",
            &registry.fixture.namespace,
            "--registry",
            REPOSITORY,
            "--verify",
        ];
        let command = registry.fixture.session.gcr_secret(words).args(args);
        command.envs(registry.google.environment()).run()
    };
    let refused = create(&["--key-file", "key.json"]).exits(1);
    let start = format!("error: {REPOSITORY}/: account-deleted: ");
    let start = start.replace("/:", ":");
    assert!(refused.stderr.starts_with(&start), "{refused}");
    assert!(
        refused.stderr.ends_with("; nothing was written\n"),
        "{refused}"
    );
    assert_eq!(registry.fixture.find("secret/gcr-io"), None);
    let created = create(&["--key-file", "puller.json"]);
    assert_output(&created, 0, &["secret/gcr-io created"], &[]);
}

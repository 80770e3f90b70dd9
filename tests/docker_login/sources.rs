//! Where the credential comes from, and its proof.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::ControlPlane;
use serde_json::{Value, json};

use crate::fixture::{Fixture, HOST, REGISTRY, entry};

#[test]
fn refused_credential_is_not_written() {
    let fixture = Fixture::new();
    fixture.google.add_repository("europe-west1", "private");
    let other = format!("{HOST}/demo-project/private");
    let args = ["--key-file=key.json", "--registry", &other];
    let output = fixture.command(args).run().exits(1);
    assert!(
        output
            .stderr
            .starts_with(&format!("error: {other}: permission-denied: "))
            && output.stderr.trim_end().ends_with("nothing was written"),
        "{output}"
    );
    assert!(!fixture.file().exists());
    fixture
        .google
        .disable_keys("puller@demo-project.iam.gserviceaccount.com");
    let output = fixture.login([""; 0]).run().exits(1);
    assert!(output.stderr.contains("key-revoked"), "{output}");
    assert!(!fixture.file().exists());
}

#[test]
fn verify_false_sends_nothing() {
    let fixture = Fixture::new();
    fixture.login(["--verify=false"]).run().success();
    assert!(fixture.google.requests().is_empty());
}

#[test]
fn access_token_is_written_with_a_warning() {
    let fixture = Fixture::new();
    let email = "serviceAccount:puller@demo-project.iam.gserviceaccount.com";
    let token = fixture.google.issue_token(email, 3600);
    let args = ["--access-token-file=-", "--registry", REGISTRY];
    let output = fixture
        .command(args)
        .stdin(format!("{token}\n"))
        .run()
        .success();
    assert_eq!(
        output.stderr,
        "Warning: an access token usually expires within an hour; log in again after that\n"
    );
    let auth = STANDARD.encode(format!("oauth2accesstoken:{token}"));
    assert_eq!(fixture.config()["auths"][HOST], entry(&auth));
}

#[test]
fn exactly_one_source_is_required() {
    let fixture = Fixture::new();
    for (args, error) in [
        (
            &[][..],
            "error: one of --key-file, --access-token-file or --from-secret is required",
        ),
        (
            &["--key-file=key.json", "--from-secret=x"],
            "error: only one of --key-file",
        ),
        (
            &["--key-file=key.json", "--dry-run=server"],
            "error: --dry-run=server is not supported",
        ),
        (
            &["--key-file=key.json", "--registry=docker.io"],
            "error: docker.io is not a Google registry host",
        ),
        (
            &["--key-file=absent.json"],
            "error: open absent.json: no such file or directory",
        ),
    ] {
        let output = fixture.command(args).run().failure();
        assert!(output.stderr.starts_with(error), "{output}");
    }
    assert!(!fixture.file().exists());
}

#[test]
fn dry_run_proves_and_writes_nothing() {
    let fixture = Fixture::new();
    let output = fixture.login(["--dry-run=client"]).run().success();
    assert_eq!(output.stdout, fixture.line(HOST, "added (dry run)"));
    assert!(!fixture.session.home().join(".docker").exists());
    fixture.login([""; 0]).run().success();
    let output = fixture
        .login(["--dry-run=client", "-o", "json"])
        .run()
        .success();
    let value: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(
        value,
        json!({"apiVersion": "kubectl-gcr-secret/v1", "kind": "DockerConfigEntry",
            "file": fixture.file().display().to_string(), "host": HOST, "username": "_json_key", "result": "unchanged"})
    );
    let output = fixture
        .login(["-q", "--report=report.jsonl"])
        .run()
        .success();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
    let report = std::fs::read_to_string(fixture.session.work().join("report.jsonl")).unwrap();
    let line: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (&line["kind"], &line["name"], &line["result"]),
        (
            &json!("DockerConfigEntry"),
            &json!(HOST),
            &json!("unchanged")
        )
    );
}

#[test]
fn secret_gives_each_host_its_credential() {
    let cluster = ControlPlane::shared();
    let fixture = Fixture::in_session(cluster.session());
    let namespace = cluster.create_namespace("docker-login");
    let other = STANDARD.encode("_json_key:{}");
    let robot = STANDARD.encode("robot:password");
    let config = json!({"auths": {
        format!("{REGISTRY}/"): entry(&fixture.auth()), "gcr.io": entry(&other), "docker.io": entry(&robot),
    }});
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "gcr-io", "namespace": namespace},
        "data": {".dockerconfigjson": STANDARD.encode(config.to_string())},
    });
    cluster.create(vec![secret]);
    let args = ["--from-secret=gcr-io", "-n", &namespace];
    let output = fixture
        .command(args)
        .args(["--registry", REGISTRY])
        .run()
        .success();
    assert_eq!(output.stdout, fixture.line(HOST, "added"), "{output}");
    assert_eq!(
        fixture.config(),
        json!({"auths": {HOST: entry(&fixture.auth())}})
    );
    // Without a registry: the hosts of Google.
    let output = fixture.command(args).arg("--verify=false").run().success();
    assert!(
        output.stdout.contains(&fixture.line("gcr.io", "added")),
        "{output}"
    );
    let expected = json!({"auths": {HOST: entry(&fixture.auth()), "gcr.io": entry(&other)}});
    assert_eq!(fixture.config(), expected);
    for (more, error) in [
        (
            &["--registry=eu.gcr.io"][..],
            "error: secret \"gcr-io\" has no entry for eu.gcr.io",
        ),
        (
            &["-n", "default", "--from-secret=absent"],
            "Error from server (NotFound): secrets \"absent\" not found",
        ),
    ] {
        let output = fixture.command(args).args(more).run().exits(1);
        assert!(output.stderr.starts_with(error), "{output}");
    }
    assert_eq!(fixture.config(), expected);
    let user = cluster.user();
    let session = user.session();
    let refused = session
        .gcr_secret(["docker-login"])
        .args(args)
        .run()
        .exits(1);
    assert!(
        refused.stderr.contains("hint: grant this Role rule: {\"apiGroups\":[\"\"],\"resources\":[\"secrets\"],\"resourceNames\":[\"gcr-io\"],\"verbs\":[\"get\"]}"),
        "{refused}"
    );
    let printed = fixture.session.gcr_secret(["rbac", "docker-login"]);
    let printed = printed.args(args).run().success();
    let role = &cluster.objects_of(&printed.stdout)[0];
    let rules = json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["gcr-io"], "verbs": ["get"]}]);
    assert_eq!(role["rules"], rules);
    let user = cluster.user().allow_role(role);
    let session = user.session();
    session
        .gcr_secret(["docker-login", "--verify=false"])
        .args(args)
        .run()
        .success();
}

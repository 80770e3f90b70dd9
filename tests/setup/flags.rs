//! Each flag of the command line.

use gcr_test_support::fake_google::{OPERATOR, PROJECT};
use serde_json::{Value, json};

use crate::fixture::{EMAIL, Fixture, REGISTRY, project_summary};

#[test]
fn default_registry_and_created_repository_are_those_of_the_tutorial() {
    let fixture = Fixture::new("setup-tutorial");
    let args = [
        "--create-repository",
        "--project",
        PROJECT,
        "-n",
        &fixture.namespace,
    ];
    let output = fixture.command(args).run().success();
    assert!(
        output.stdout.contains(
            "repository/projects/demo-project/locations/us/repositories/gcr.io created\n"
        ) && output
            .stdout
            .contains("registry/gcr.io/demo-project verified\n"),
        "{output}"
    );
    let config: Value = serde_json::from_str(&fixture.docker_config()).unwrap();
    assert!(
        config["auths"]["gcr.io"].is_object(),
        "hosts of another form"
    );
    let summary = project_summary(&fixture.google);
    assert!(
        summary["repositories"]["us/gcr.io"].is_object(),
        "{summary}"
    );
}

#[test]
fn location_and_repository_name_the_registry_as_gcloud_does() {
    let fixture = Fixture::prepared("setup-location");
    let args = [
        "--location",
        "europe-west1",
        "--repository",
        "images",
        "-n",
        &fixture.namespace,
    ];
    let output = fixture.command(args).run().success();
    assert!(
        output
            .stdout
            .contains(&format!("registry/{REGISTRY} verified\n")),
        "{output}"
    );
    fixture.assert_complete();
}

#[test]
fn image_names_the_registry() {
    let fixture = Fixture::prepared("setup-image");
    let image = format!("{REGISTRY}/app:1.0");
    let output = fixture
        .command(["--image", &image, "-n", &fixture.namespace])
        .run()
        .success();
    assert!(
        output
            .stdout
            .contains(&format!("registry/{REGISTRY} verified\n")),
        "{output}"
    );
    let config: Value = serde_json::from_str(&fixture.docker_config()).unwrap();
    assert!(config["auths"]["europe-west1-docker.pkg.dev"].is_object());
}

#[test]
fn several_registries_get_one_key_and_a_binding_each() {
    let fixture = Fixture::prepared("setup-several");
    fixture.google.add_repository("us", "images");
    let other = "us-docker.pkg.dev/demo-project/images";
    let output = fixture.setup(["--registry", other]).run().success();
    for line in [
        "iambinding/roles/artifactregistry.reader on projects/demo-project/locations/us/repositories/images granted\n",
        "iambinding/roles/artifactregistry.reader on projects/demo-project/locations/europe-west1/repositories/images granted\n",
        "registry/us-docker.pkg.dev/demo-project/images verified\n",
    ] {
        assert!(output.stdout.contains(line), "{line}\n{output}");
    }
    fixture.assert_complete();
}

#[test]
fn account_role_and_secret_can_be_named() {
    let fixture = Fixture::prepared("setup-named");
    let args = [
        "other-secret",
        "--iam-account",
        "builder-push",
        "--role",
        "writer",
    ];
    let output = fixture.setup(args).run().success();
    assert!(
        output
            .stdout
            .contains("iamaccount/builder-push@demo-project.iam.gserviceaccount.com created\n")
            && output.stdout.contains(
                "iambinding/roles/artifactregistry.writer on repositories/images granted\n"
            )
            && output.stdout.contains("secret/other-secret created\n"),
        "{output}"
    );
    // The writer's role covers the reader's.
    let args = [
        "other-secret",
        "--iam-account",
        "builder-push@demo-project.iam.gserviceaccount.com",
    ];
    let output = fixture.setup(args).run().success();
    assert!(
        output.stdout.contains(
            "iambinding/roles/artifactregistry.reader on repositories/images unchanged\n"
        ),
        "{output}"
    );
}

#[test]
fn attach_can_be_turned_off_or_directed() {
    let fixture = Fixture::prepared("setup-attach");
    let output = fixture.setup(["--attach=false"]).run().success();
    assert!(!output.stdout.contains("serviceaccount/"), "{output}");
    assert_eq!(fixture.pull_secrets(), Value::Null);
    let builder = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "builder", "namespace": fixture.namespace}});
    fixture.cluster.create(vec![builder]);
    let output = fixture
        .setup(["--serviceaccount", "builder"])
        .run()
        .success();
    assert!(
        output.stdout.ends_with("serviceaccount/builder patched\n"),
        "{output}"
    );
    assert_eq!(fixture.pull_secrets(), Value::Null);
}

#[test]
fn verify_turned_off_sends_no_request_to_the_registry() {
    let fixture = Fixture::prepared("setup-unverified");
    let output = fixture.setup(["--verify=false"]).run().success();
    assert!(!output.stdout.contains("registry/"), "{output}");
    let requests = fixture.google.requests();
    assert!(
        requests.iter().all(|it| !it.host.ends_with("pkg.dev")),
        "{requests:?}"
    );
    fixture.assert_complete();
}

#[test]
fn token_replaces_the_key_and_says_when_it_expires() {
    let fixture = Fixture::prepared("setup-token");
    fixture
        .google
        .enforce("iam.disableServiceAccountKeyCreation");
    let output = fixture.setup([""; 0]).run().failure();
    assert!(
        output.stderr.contains("FAILED_PRECONDITION")
            && output.stderr.contains("--credential token"),
        "{output}"
    );
    assert!(fixture.secret().is_none());
    fixture
        .google
        .grant_on_account(EMAIL, "roles/iam.serviceAccountTokenCreator", OPERATOR);
    let args = ["--credential", "token", "--lifetime", "30m"];
    let output = fixture.setup(args).run().success();
    assert!(
        output
            .stdout
            .contains(&format!("accesstoken/{EMAIL} issued\n")),
        "{output}"
    );
    assert!(
        output.stderr.contains("kubectl gcr-secret refresh"),
        "{output}"
    );
    let secret = fixture.secret().unwrap();
    let annotations = &secret["metadata"]["annotations"];
    assert_eq!(annotations["kubectl-gcr-secret/credential"], "access-token");
    assert_eq!(annotations["kubectl-gcr-secret/account"], EMAIL);
    let expires = annotations["kubectl-gcr-secret/expires"].as_str().unwrap();
    assert!(
        expires.ends_with('Z') && expires.starts_with("20"),
        "{expires}"
    );
    assert_eq!(fixture.google.count("keys.create"), 1);
    // A lifetime that Google refuses is Google's error.
    let output = fixture
        .setup(["--credential", "token", "--lifetime", "13h"])
        .run()
        .failure();
    assert!(output.stderr.contains("INVALID_ARGUMENT"), "{output}");
}

#[test]
fn only_a_token_needs_the_api_for_tokens() {
    let fixture = Fixture::new("setup-token-api");
    fixture.google.add_repository("europe-west1", "images");
    let (email, _) = fixture.google.add_key("gcr-pull");
    let role = "roles/iam.serviceAccountTokenCreator";
    fixture.google.grant_on_account(&email, role, OPERATOR);
    let line = "service/iamcredentials.googleapis.com ";
    let output = fixture.setup([""; 0]).run().success();
    assert!(!output.stdout.contains(line), "{output}");
    for result in ["enabled", "unchanged"] {
        let args = ["token-secret", "--credential=token"];
        let output = fixture.setup(args).run().success();
        let expected = format!("{line}{result}\n");
        assert!(output.stdout.contains(&expected), "{output}");
    }
    let services = project_summary(&fixture.google)["services"].to_string();
    assert!(services.contains("iamcredentials"), "{services}");
}

#[test]
fn objects_of_google_are_in_the_report_and_not_in_the_objects() {
    let fixture = Fixture::prepared("setup-report");
    let output = fixture
        .setup(["-o", "json", "--report", "report.jsonl"])
        .run()
        .success();
    let object: Value = serde_json::from_str(&output.stdout).unwrap();
    let kinds: Vec<&Value> = object["items"]
        .as_array()
        .map_or(vec![&object["kind"]], |items| {
            items.iter().map(|it| &it["kind"]).collect()
        });
    assert_eq!(kinds, ["Secret", "ServiceAccount"], "{output}");
    assert!(
        output
            .stderr
            .contains(&format!("iamaccount/{EMAIL} created\n")),
        "{output}"
    );
    let report = std::fs::read_to_string(fixture.session.work().join("report.jsonl")).unwrap();
    let lines: Vec<Value> = report
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let account = lines
        .iter()
        .find(|line| line["kind"] == "IAMAccount")
        .unwrap();
    assert_eq!(
        *account,
        json!({"context": null, "namespace": null, "project": PROJECT, "kind": "IAMAccount", "name": EMAIL, "result": "created", "reason": null})
    );
    assert!(
        lines
            .iter()
            .any(|line| line["kind"] == "Secret" && line.get("project").is_none())
    );
    let output = fixture.setup(["-q"]).run().success();
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("", ""),
        "{output}"
    );
}

#[test]
fn many_namespaces_get_one_key_and_a_summary() {
    let fixture = Fixture::prepared("setup-many");
    let other = fixture.cluster.create_namespace("setup-many");
    let both = format!("{},{other}", fixture.namespace);
    let args = ["--registry", REGISTRY, "-n", &both];
    let output = fixture.command(args).run().success();
    assert!(
        output
            .stderr
            .ends_with("0 failed, 0 unknown, 0 not started\n"),
        "{output}"
    );
    for namespace in [&fixture.namespace, &other] {
        assert!(
            output
                .stdout
                .contains(&format!("secret/gcr-io created -n {namespace}\n")),
            "{output}"
        );
    }
    fixture.key();
    let output = fixture.command(args).run().success();
    assert!(
        output
            .stderr
            .ends_with("1 verified, 10 unchanged, 0 failed, 0 unknown, 0 not started\n"),
        "{output}"
    );
}

#[test]
fn contradicting_flags_are_usage_errors() {
    let fixture = Fixture::new("setup-usage");
    for (args, error) in [
        (
            &["--dry-run=server"][..],
            "error: --dry-run=server is not supported",
        ),
        (
            &["--lifetime", "1h"],
            "error: --lifetime requires --credential=token",
        ),
        (
            &["--credential", "token", "--new-key"],
            "error: --new-key cannot be used",
        ),
        (
            &["--credential", "x"],
            "error: Invalid credential value (x)",
        ),
        (&["--role", "owner"], "error: Invalid role value (owner)"),
        (
            &["--location", "us"],
            "error: --location and --repository must be given together",
        ),
        (
            &["--attach=false", "--serviceaccount", "a"],
            "error: --serviceaccount cannot be used",
        ),
        (
            &["--registry", "docker.io/library"],
            "error: invalid registry",
        ),
        (
            &["--registry", "us-docker.pkg.dev/p"],
            "error: invalid registry",
        ),
    ] {
        let output = fixture.command(args).run().failure();
        assert!(output.stderr.starts_with(error), "{output}");
    }
    assert!(fixture.google.requests().is_empty());
}

//! A client dry run writes nothing, and prints commands that do the same by hand.

use crate::fixture::{EMAIL, Fixture, REGISTRY, project_summary};

#[test]
fn dry_run_writes_nothing_and_prints_the_commands() {
    let fixture = Fixture::new("setup-dry");
    let before = project_summary(&fixture.google);
    let output = fixture
        .setup(["--dry-run=client", "--create-repository"])
        .run()
        .success();
    let namespace = &fixture.namespace;
    for line in [
        "service/artifactregistry.googleapis.com enabled (dry run)   # gcloud services enable artifactregistry.googleapis.com --project=demo-project",
        "repository/projects/demo-project/locations/europe-west1/repositories/images created (dry run)   # gcloud artifacts repositories create images --repository-format=docker --location=europe-west1 --project=demo-project --description='Images, created by kubectl gcr-secret setup'",
        &format!(
            "iamaccount/{EMAIL} created (dry run)   # gcloud iam service-accounts create gcr-pull --project=demo-project --display-name='Pulls images for Kubernetes' --description='Created by kubectl gcr-secret setup'"
        ),
        &format!(
            "iambinding/roles/artifactregistry.reader on repositories/images granted (dry run)   # gcloud artifacts repositories add-iam-policy-binding images --location=europe-west1 --project=demo-project --member=serviceAccount:{EMAIL} --role=roles/artifactregistry.reader"
        ),
        &format!(
            "key/{EMAIL} created (dry run)   # gcloud iam service-accounts keys create gcr-pull-key.json --iam-account={EMAIL} --project=demo-project"
        ),
        &format!(
            "secret/gcr-io created (dry run)   # kubectl gcr-secret create gcr-io --key-file=gcr-pull-key.json --registry={REGISTRY}/ -n {namespace} --context=admin"
        ),
        &format!(
            "serviceaccount/default patched (dry run)   # kubectl gcr-patch-sa default --secret=gcr-io --field-manager=kubectl-gcr-secret -n {namespace} --context=admin"
        ),
    ] {
        assert!(
            output.stdout.lines().any(|it| it == line),
            "{line}\n{output}"
        );
    }
    assert_eq!(project_summary(&fixture.google), before);
    assert!(fixture.google.requests().iter().all(|it| it.is_read()));
    assert!(fixture.secret().is_none());
}

#[test]
fn dry_run_of_a_finished_set_up_prints_no_command_of_gcloud() {
    let fixture = Fixture::prepared("setup-dry-again");
    fixture.setup([""; 0]).run().success();
    let output = fixture.setup(["--dry-run=client"]).run().success();
    assert!(
        !output.stdout.contains("gcloud") && !output.stdout.contains("--key-file"),
        "{output}"
    );
    assert!(
        output
            .stdout
            .contains(&format!("key/{} unchanged (dry run)\n", fixture.key())),
        "{output}"
    );
}

#[test]
fn dry_run_with_token_gets_no_token() {
    let fixture = Fixture::prepared("setup-dry-token");
    let output = fixture
        .setup(["--dry-run=client", "--credential=token"])
        .run()
        .success();
    assert!(
        output.stdout.contains(&format!("accesstoken/{EMAIL} issued (dry run)   # gcloud auth print-access-token --impersonate-service-account={EMAIL} --lifetime=3600s > gcr-pull-token\n"))
            && output.stdout.contains("--access-token-file=gcr-pull-token"),
        "{output}"
    );
    assert_eq!(fixture.google.count("generateAccessToken"), 0);
}

#[test]
fn manifest_of_a_dry_run_contains_no_key() {
    let fixture = Fixture::prepared("setup-dry-manifest");
    let output = fixture
        .setup(["--dry-run=client", "-o", "yaml"])
        .run()
        .success();
    assert!(
        output.stdout.contains(".dockerconfigjson: \"***\""),
        "{output}"
    );
    assert!(
        output
            .stdout
            .contains(&format!("kubectl-gcr-secret/account: {EMAIL}")),
        "{output}"
    );
}

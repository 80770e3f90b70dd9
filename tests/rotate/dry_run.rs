//! A client dry run writes nothing and prints the commands that do the same by hand.

use gcr_test_support::fake_google::RecordedRequest;

use crate::fixture::{EMAIL, Fixture, REGISTRY};

#[test]
fn dry_run_prints_each_step_with_its_command() {
    let fixture = Fixture::new("rotate-dry-run", 1);
    let (namespace, old) = (&fixture.namespaces[0], &fixture.old);
    let output = fixture.rotate(["--dry-run=client"]).run().success();
    let account = format!("--iam-account={EMAIL} --project=demo-project");
    let keys = "gcloud iam service-accounts keys";
    let expected = [
        format!("key/{EMAIL} created (dry run)   # {keys} create gcr-pull-key.json {account}"),
        format!(
            "secret/gcr-io configured (dry run)   # kubectl gcr-secret create gcr-io --key-file=gcr-pull-key.json --registry={REGISTRY}/ -n {namespace} --context=admin"
        ),
        format!("key/{old} disabled (dry run)   # {keys} disable {old} {account}"),
        format!("key/{old} deleted (dry run)   # {keys} delete {old} {account}"),
    ];
    assert_eq!(
        output.stdout.lines().collect::<Vec<_>>(),
        expected,
        "{output}"
    );
    fixture.assert_untouched();
    let requests = fixture.google.requests();
    assert!(
        requests.iter().all(RecordedRequest::is_read),
        "{requests:?}"
    );
}

#[test]
fn server_dry_run_is_refused() {
    let fixture = Fixture::new("rotate-server-dry-run", 1);
    let output = fixture.rotate(["--dry-run=server"]).run().exits(1);
    assert!(output.stderr.contains("Google has no dry run"), "{output}");
    assert_eq!(fixture.google.requests().len(), 0);
}

//! Tests `--restart-stuck` with the pods of real Deployments, which the controllers recreate.

use gcr_test_support::Deployment;
use serde_json::json;

use crate::fixture::{Fixture, assert_output};

#[test]
fn stuck_pods_of_the_changed_accounts_are_replaced() {
    let fixture = Fixture::new("restart");
    let (cluster, namespace) = (fixture.cluster, &fixture.namespace);
    fixture.create_account("builder", json!([]));
    let deployment = |name, account| {
        let spec = json!({"serviceAccountName": account});
        let image = ("gcr.io/p/app:1", 1);
        let deployment = Deployment::create(cluster, namespace, name, image, spec);
        deployment.fail_pulls(false);
        deployment
    };
    let (web, job) = (deployment("web", "default"), deployment("job", "builder"));
    let (old, kept) = (web.pod_names(), job.pod_names());
    let output = fixture.direct(&["--restart-stuck"]).run().success();
    let lines = format!("serviceaccount/default patched\npod/{} evicted\n", old[0]);
    assert_output(&output, &lines, "");
    web.wait_for_pull_secrets(1, &["gcr-io"]);
    assert_eq!(job.pod_names(), kept);
    fixture
        .direct(&["--all", "--restart-stuck"])
        .run()
        .success();
    job.wait_for_pull_secrets(1, &["gcr-io"]);
}

#[test]
fn removal_restarts_nothing() {
    let fixture = Fixture::new("restart");
    let output = fixture
        .direct(&["--remove", "--restart-stuck"])
        .run()
        .exits(1);
    assert_output(
        &output,
        "",
        "error: --restart-stuck cannot be used with --remove\n",
    );
}

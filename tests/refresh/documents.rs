//! The CronJob of `docs/rotation.md`, as it is written there.

use gcr_test_support::documented_job::DocumentedJob;
use gcr_test_support::{ControlPlane, Options};
use serde_json::json;

use crate::fixture::{ACCOUNT, Fixture, OLD_TOKEN, docker_config, token_in};

#[test]
fn documented_cron_job_renews_tokens_with_the_documented_roles() {
    // All namespaces of a cluster: no other test may use it.
    let plane = ControlPlane::dedicated(Options::new());
    let fixture = Fixture::in_cluster(&plane, "refresh-docs");
    let (email, _) = fixture.google.add_key("job-pull");
    let other = plane.create_namespace("refresh-docs");
    for namespace in [&fixture.namespace, &other] {
        let mut secret = fixture.secret_json("gcr-io", 1);
        secret["metadata"]["namespace"] = json!(namespace);
        secret["metadata"]["annotations"][ACCOUNT] = json!(email);
        fixture.apply(&secret);
    }
    let tokens = || {
        [&fixture.namespace, &other].map(|namespace| {
            let config = docker_config(&plane.get("secret/gcr-io", namespace));
            token_in(&config["auths"][crate::fixture::HOST])
        })
    };
    let page = "docs/rotation.md";
    let job = DocumentedJob::create(&plane, &fixture.google, page, "gcr-secret-refresh");
    assert!(job.args.contains(&"-A".to_owned()), "{:?}", job.args);
    // Without the documented role of Google nothing changes.
    job.command(&job.args).run().exits(1);
    assert_eq!(tokens(), [OLD_TOKEN, OLD_TOKEN]);
    let role = "roles/iam.serviceAccountTokenCreator";
    fixture.google.grant_on_account(&email, role, &job.member);
    let output = job.command(&job.args).run().success();
    let [first, second] = tokens();
    assert!(first == second && first != OLD_TOKEN, "{output}");
    fixture.google.reset_requests();
    job.command(&job.args).run().success();
    let requests = fixture.google.requests();
    assert!(requests.is_empty(), "{requests:?}");
}

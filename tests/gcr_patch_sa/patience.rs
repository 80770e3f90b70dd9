//! A server that stops answering for a while: tries are repeated, and `-v 2` shows them.

use gcr_test_support::{ControlPlane, Options, wait_until};
use serde_json::json;

use crate::place::account;

#[test]
fn a_server_that_pauses_is_asked_again_and_the_job_is_done() {
    let server = ControlPlane::dedicated(Options::new().throwaway());
    let namespace = server.create_namespace("patience");
    let session = server.session();
    // Waiting for an account, it asks again and again.
    let running = session
        .gcr_patch_sa(["late", "-n", &namespace, "--timeout", "50s"])
        .args(["--request-timeout", "500ms", "-v", "6"])
        .spawn();
    wait_until("it has had an answer", || {
        running.stderr_so_far().contains("/late 404 in ")
    });
    server.pause();
    wait_until("it tries again", || {
        running.stderr_so_far().contains("; again in ")
    });
    server.resume();
    server.create(vec![account(
        &namespace,
        "late",
        json!([{"name": "theirs"}]),
    )]);
    let output = running.wait().success();
    assert_eq!(output.stdout, "serviceaccount/late patched\n", "{output}");
    assert!(
        output.stderr.lines().any(|line| line.starts_with("GET /api/v1/namespaces/")
            && line.contains(
                ": Unable to connect to the server: no answer within 0.5s (--request-timeout); again in 0."
            )),
        "{output}"
    );
    assert_eq!(
        server.get("serviceaccount/late", &namespace)["imagePullSecrets"],
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
}

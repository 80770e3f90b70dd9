//! A server that stops responding for a while: the requests are retried, and `-v` shows each retry.

use gcr_test_support::{ControlPlane, Options, wait_until};
use serde_json::json;

use crate::fixture::service_account;

#[test]
fn paused_server_is_retried_until_patch_succeeds() {
    let server = ControlPlane::dedicated(Options::new().throwaway());
    let namespace = server.create_namespace("retries");
    let session = server.session();
    // The plugin repeats the read while it waits for the ServiceAccount.
    let running = session
        .gcr_patch_sa(["late", "-n", &namespace, "--timeout", "50s"])
        .args(["--request-timeout", "500ms", "-v", "6"])
        .spawn();
    wait_until("the plugin has received a response", || {
        running.stderr_so_far().contains("/late 404 in ")
    });
    server.pause();
    wait_until("the plugin retries", || {
        running.stderr_so_far().contains("; retrying in ")
    });
    server.resume();
    server.create(vec![service_account(
        &namespace,
        "late",
        json!([{"name": "theirs"}]),
    )]);
    let output = running.wait().success();
    assert_eq!(output.stdout, "serviceaccount/late patched\n", "{output}");
    assert!(
        output.stderr.lines().any(|line| line.starts_with("GET /api/v1/namespaces/")
            && line.contains(
                ": Unable to connect to the server: no answer within 0.5s (--request-timeout); retrying in 0."
            )),
        "{output}"
    );
    assert_eq!(
        server.get("serviceaccount/late", &namespace)["imagePullSecrets"],
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
}

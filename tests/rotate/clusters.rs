//! Several clusters, of which one may be dead.

use gcr_test_support::fault_proxy::{CannedResponse, Fault, Rule};
use gcr_test_support::{FaultProxy, Session};

use crate::fixture::Fixture;

/// Adds the context `second`, whose server is `server`.
#[track_caller]
fn add_context(session: &Session, server: &str) -> String {
    let config = |args: &[&str]| {
        session
            .kubectl(["config"])
            .args(args)
            .run()
            .success()
            .stdout
    };
    let first = config(&["current-context"]).trim().to_owned();
    let user = config(&[
        "view",
        "--minify",
        "-o",
        "jsonpath={.contexts[0].context.user}",
    ]);
    config(&["set-cluster", "second", "--server", server]);
    config(&[
        "set-context",
        "second",
        "--cluster=second",
        "--user",
        user.trim(),
    ]);
    first
}

#[test]
fn dead_cluster_keeps_the_old_key_enabled() {
    let fixture = Fixture::new("rotate-dead", 2);
    let first = add_context(&fixture.session, "https://127.0.0.1:1");
    let contexts = format!("{first},second");
    let output = fixture
        .session
        .gcr_secret(["rotate", "--contexts", &contexts, "-n", &fixture.scope()])
        .envs(fixture.google.operator_environment())
        .run()
        .exits(1);
    let old = &fixture.old;
    assert!(
        output.stderr.contains(&format!(
            "error: key {old} stays enabled: the Secrets --context second could not be read"
        )),
        "{output}"
    );
    assert!(fixture.keys().contains(&(old.clone(), false)), "{output}");
    assert_eq!(fixture.carried().len(), 2);
    assert!(!fixture.carried().contains(old), "{output}");
    // Without the dead cluster the rotation is finished.
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

#[test]
fn cluster_that_fails_during_the_writes_is_finished_later() {
    let fixture = Fixture::new("rotate-dies", 2);
    let proxy = FaultProxy::new(fixture.cluster);
    proxy.inject(
        Rule::on("patch", "secrets").skip(1),
        Fault::Replace(CannedResponse::bad_gateway()),
    );
    let output = proxy
        .session()
        .gcr_secret(["rotate", "-n", &fixture.scope()])
        .envs(fixture.google.operator_environment())
        .run()
        .exits(1);
    assert!(
        output
            .stderr
            .contains(&format!("error: key {} stays enabled: ", fixture.old)),
        "{output}"
    );
    assert!(fixture.keys().iter().all(|(_, disabled)| !disabled));
    proxy.clear_faults();
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

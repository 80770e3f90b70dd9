//! Tests repeated conflicts, each caused by a real concurrent write: the plugin reads and writes again, up to a limit.

use gcr_test_support::fault_proxy::Fault;
use gcr_test_support::{Report, Stored};

use crate::scenario::{ACCOUNT, SECRET, Scenario};

#[test]
fn account_with_six_concurrent_writes_is_patched() {
    let scenario = Scenario::one("conflicts");
    let rule = scenario.fault("serviceaccounts", 6, Fault::ConcurrentWrite);
    let output = scenario.create().run().success();
    assert_eq!(scenario.proxy.hits(rule), 6, "{output}");
    let retry_line = format!(
        "namespace/{}: changed since it was read; retrying in ",
        scenario.faulty
    );
    assert_eq!(output.stderr.matches(&retry_line).count(), 6, "{output}");
    let report = Report::parse(&output);
    let stored = Stored::fetch(scenario.cluster);
    report.assert_matches(&stored, &scenario.objects());
    assert_eq!(
        report.outcome(&scenario.faulty, ACCOUNT),
        Some("patched"),
        "{output}"
    );
    // The label of the concurrent writer is kept.
    let account = stored.get(&(scenario.faulty.clone(), ACCOUNT.into()));
    assert!(account.is_some_and(|it| it["metadata"]["labels"]["touched"].is_string()));
    scenario.assert_rerun_converges(&report, &stored);
}

#[test]
fn account_with_endless_concurrent_writes_fails_with_conflict() {
    let scenario = Scenario::one("conflicts");
    scenario.fault("serviceaccounts", usize::MAX, Fault::ConcurrentWrite);
    let output = scenario.create().run().exits(1);
    let report = Report::parse(&output);
    let stored = Stored::fetch(scenario.cluster);
    report.assert_matches(&stored, &scenario.objects());
    assert_eq!(report.count_of("failed"), 1, "{output}");
    assert!(output.stderr.contains("(Conflict)"), "{output}");
    scenario.assert_rerun_converges(&report, &stored);
}

#[test]
fn merge_with_six_concurrent_writes_keeps_all_registries() {
    let scenario = Scenario::one("conflicts");
    scenario
        .create_without_proxy()
        .args(["--registry=eu.gcr.io"])
        .run()
        .success();
    let rule = scenario.fault("secrets", 6, Fault::ConcurrentWrite);
    let output = scenario.create().args(["--merge"]).run().success();
    assert_eq!(scenario.proxy.hits(rule), 6, "{output}");
    let report = Report::parse(&output);
    let stored = Stored::fetch(scenario.cluster);
    report.assert_matches(&stored, &scenario.objects());
    assert_eq!(
        report.outcome(&scenario.faulty, SECRET),
        Some("configured"),
        "{output}"
    );
    let secret = stored
        .get(&(scenario.faulty.clone(), SECRET.into()))
        .expect("the Secret exists");
    assert_eq!(
        secret["metadata"]["annotations"]["kubectl-gcr-secret/registries"],
        "gcr.io,eu.gcr.io"
    );
    let rerun = scenario
        .create_without_proxy()
        .args(["--merge"])
        .run()
        .success();
    assert_eq!(Report::parse(&rerun).count_of("unchanged"), 4, "{rerun}");
    let now = Stored::fetch(scenario.cluster);
    for object in scenario.objects() {
        assert_eq!(
            stored.resource_version(&object),
            now.resource_version(&object),
            "{object:?}"
        );
    }
}

//! Storms of conflicts, each by a real write just before ours: read again and done again, until that is no use.

use gcr_test_support::fault_proxy::Fault;
use gcr_test_support::{Report, Stored};

use crate::scenario::{ACCOUNT, SECRET, Scenario};

#[test]
fn an_account_that_somebody_keeps_changing_is_patched_all_the_same() {
    let scenario = Scenario::one("storm");
    let rule = scenario.fault("serviceaccounts", 6, Fault::ConcurrentWrite);
    let output = scenario.create().run().success();
    assert_eq!(scenario.proxy.hits(rule), 6, "{output}");
    let again = format!(
        "namespace/{}: changed since it was read; again in ",
        scenario.faulty
    );
    assert_eq!(output.stderr.matches(&again).count(), 6, "{output}");
    let report = Report::parse(&output);
    let stored = Stored::fetch(scenario.cluster);
    report.assert_matches(&stored, &scenario.objects());
    assert_eq!(
        report.outcome(&scenario.faulty, ACCOUNT),
        Some("patched"),
        "{output}"
    );
    // Their label is still there.
    let account = stored.get(&(scenario.faulty.clone(), ACCOUNT.into()));
    assert!(account.is_some_and(|it| it["metadata"]["labels"]["touched"].is_string()));
    scenario.assert_rerun_converges(&report, &stored);
}

#[test]
fn an_account_that_is_always_changed_first_fails_in_the_end() {
    let scenario = Scenario::one("storm");
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
fn a_merge_into_a_secret_that_somebody_keeps_changing_keeps_all_of_it() {
    let scenario = Scenario::one("storm");
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
        .expect("it is there");
    assert_eq!(
        secret["metadata"]["annotations"]["kubectl-gcr-secret/registries"],
        "gcr.io,eu.gcr.io"
    );
    let again = scenario
        .create_without_proxy()
        .args(["--merge"])
        .run()
        .success();
    assert_eq!(Report::parse(&again).count_of("unchanged"), 4, "{again}");
    let now = Stored::fetch(scenario.cluster);
    for object in scenario.objects() {
        assert_eq!(
            stored.resource_version(&object),
            now.resource_version(&object),
            "{object:?}"
        );
    }
}

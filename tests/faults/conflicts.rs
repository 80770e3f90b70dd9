//! Storms of conflicts, each by a real write just before ours: read again and done again, until that is no use.

use gcr_test_support::fault_proxy::Fault;
use gcr_test_support::{Report, Stored};

use crate::trial::{ACCOUNT, SECRET, Trial};

#[test]
fn an_account_that_somebody_keeps_changing_is_patched_all_the_same() {
    let trial = Trial::one("storm");
    let rule = trial.fault("serviceaccounts", 6, Fault::Overtaken);
    let output = trial.create().run().success();
    assert_eq!(trial.proxy.met(rule), 6, "{output}");
    let again = format!(
        "namespace/{}: changed since it was read; again in ",
        trial.bad
    );
    assert_eq!(output.stderr.matches(&again).count(), 6, "{output}");
    let report = Report::read(&output);
    let stored = Stored::look(trial.cluster);
    report.is_true(&stored, &trial.objects());
    assert_eq!(
        report.word(&trial.bad, ACCOUNT),
        Some("patched"),
        "{output}"
    );
    // Their label is still there.
    let account = stored.get(&(trial.bad.clone(), ACCOUNT.into()));
    assert!(account.is_some_and(|it| it["metadata"]["labels"]["touched"].is_string()));
    trial.second_run(&report, &stored);
}

#[test]
fn an_account_that_is_always_changed_first_fails_in_the_end() {
    let trial = Trial::one("storm");
    trial.fault("serviceaccounts", usize::MAX, Fault::Overtaken);
    let output = trial.create().run().exits(1);
    let report = Report::read(&output);
    let stored = Stored::look(trial.cluster);
    report.is_true(&stored, &trial.objects());
    assert_eq!(report.counted("failed"), 1, "{output}");
    assert!(output.stderr.contains("(Conflict)"), "{output}");
    trial.second_run(&report, &stored);
}

#[test]
fn a_merge_into_a_secret_that_somebody_keeps_changing_keeps_all_of_it() {
    let trial = Trial::one("storm");
    trial
        .create_directly()
        .args(["--registry=eu.gcr.io"])
        .run()
        .success();
    let rule = trial.fault("secrets", 6, Fault::Overtaken);
    let output = trial.create().args(["--merge"]).run().success();
    assert_eq!(trial.proxy.met(rule), 6, "{output}");
    let report = Report::read(&output);
    let stored = Stored::look(trial.cluster);
    report.is_true(&stored, &trial.objects());
    assert_eq!(
        report.word(&trial.bad, SECRET),
        Some("configured"),
        "{output}"
    );
    let secret = stored
        .get(&(trial.bad.clone(), SECRET.into()))
        .expect("it is there");
    assert_eq!(
        secret["metadata"]["annotations"]["kubectl-gcr-secret/registries"],
        "gcr.io,eu.gcr.io"
    );
    let again = trial.create_directly().args(["--merge"]).run().success();
    assert_eq!(Report::read(&again).counted("unchanged"), 4, "{again}");
    let now = Stored::look(trial.cluster);
    for object in trial.objects() {
        assert_eq!(stored.version(&object), now.version(&object), "{object:?}");
    }
}

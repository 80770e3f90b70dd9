//! Every fault of the table, met by the Secret and by the ServiceAccount.

use gcr_test_support::{Output, Report, Stored};

use crate::cases::{CASES, Case, End};
use crate::side_by_side::side_by_side;
use crate::trial::{ACCOUNT, SECRET, Trial};

#[test]
fn every_fault_of_a_secret_ends_as_promised() {
    every_fault("secrets", SECRET);
}

#[test]
fn every_fault_of_an_account_ends_as_promised() {
    every_fault("serviceaccounts", ACCOUNT);
}

#[track_caller]
fn every_fault(resource: &str, object: &str) {
    let trials = Trial::several("fault", CASES.len());
    let outputs = side_by_side(CASES.len(), |at| met(&CASES[at], &trials[at], resource));
    let stored = Stored::look(trials[0].cluster);
    let again = trials.iter().map(|trial| trial.create_directly().run());
    let again: Vec<_> = again.collect();
    let now = Stored::look(trials[0].cluster);
    let rows = CASES.iter().zip(&trials).zip(&outputs).zip(&again);
    for (((case, trial), (output, met)), again) in rows {
        let report = Report::read(output);
        report.is_true(&stored, &trial.objects());
        ended(case, trial, object, (output, &report));
        let tries = trial.visible_retries(output, resource);
        let last = usize::from(!matches!(case.end, End::Done));
        assert_eq!(tries, met - last, "retries of {}\n{output}", case.name);
        trial.finished(&report, &stored, again, &now);
    }
}

/// The run, and how many requests have met the fault.
fn met(case: &Case, trial: &Trial, resource: &str) -> (Output, usize) {
    let fault = (case.fault)(trial.proxy.url());
    let rule = trial.fault(resource, case.times, fault);
    let output = trial.create().arg(case.time_limit()).run();
    let met = trial.proxy.met(rule);
    assert_eq!(met, case.times, "{}\n{output}", case.name);
    assert_eq!(trial.proxy.traffic().requests("patch", ""), 0, "{output}");
    (output, met)
}

/// That the object ended as the row says, what hangs on it did likewise, and the other namespace was not held up.
#[track_caller]
fn ended(case: &Case, trial: &Trial, object: &str, (output, report): (&Output, &Report)) {
    let (word, other) = match object {
        SECRET => ("created", ACCOUNT),
        _ => ("patched", SECRET),
    };
    let name = case.name;
    assert_eq!(
        report.word(&trial.good, SECRET),
        Some("created"),
        "{name}\n{output}"
    );
    assert_eq!(
        report.word(&trial.good, ACCOUNT),
        Some("patched"),
        "{name}\n{output}"
    );
    let counts = ["failed", "unknown", "not started"].map(|word| report.counted(word));
    // An account whose Secret failed is not started; a Secret is not the account's concern.
    let unstarted = u64::from(object == SECRET);
    let (code, counted, error) = match case.end {
        End::Done => (0, [0, 0, 0], None),
        End::Failed(error) => (1, [1, 0, unstarted], Some(error)),
        End::Unknown(error) => (1, [0, 1, unstarted], Some(error)),
    };
    assert_eq!(
        (output.code, counts),
        (Some(code), counted),
        "{name}\n{output}"
    );
    match error {
        None => assert_eq!(
            report.word(&trial.bad, object),
            Some(word),
            "{name}\n{output}"
        ),
        Some(error) => {
            let place = format!(" -n {}", trial.bad);
            let lines = output.stderr.lines().filter(|line| line.ends_with(&place));
            let lines: Vec<_> = lines.filter(|line| !line.starts_with("Warning")).collect();
            assert_eq!(lines.len(), 1, "{name}: one line\n{output}");
            assert!(
                format!("{} -n ", lines[0]).contains(error),
                "{name}\n{output}"
            );
        }
    }
    assert!(
        error.is_some() || report.word(&trial.bad, other).is_some(),
        "{name}\n{output}"
    );
}

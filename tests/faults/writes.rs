//! Every fault of the table, met by the Secret and by the ServiceAccount.

use gcr_test_support::{Output, Report, Stored};

use crate::cases::{CASES, Case, Expected};
use crate::concurrency::run_concurrently;
use crate::scenario::{ACCOUNT, SECRET, Scenario};

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
    let trials = Scenario::many("fault", CASES.len());
    let outputs = run_concurrently(CASES.len(), |at| met(&CASES[at], &trials[at], resource));
    let stored = Stored::fetch(trials[0].cluster);
    let again = trials
        .iter()
        .map(|scenario| scenario.create_without_proxy().run());
    let again: Vec<_> = again.collect();
    let now = Stored::fetch(trials[0].cluster);
    let rows = CASES.iter().zip(&trials).zip(&outputs).zip(&again);
    for (((case, scenario), (output, met)), again) in rows {
        let report = Report::parse(output);
        report.assert_matches(&stored, &scenario.objects());
        ended(case, scenario, object, (output, &report));
        let tries = scenario.visible_retries(output, resource);
        let last = usize::from(!matches!(case.expected, Expected::Succeeds));
        assert_eq!(tries, met - last, "retries of {}\n{output}", case.name);
        scenario.assert_converged(&report, &stored, again, &now);
    }
}

/// The run, and how many requests have met the fault.
fn met(case: &Case, scenario: &Scenario, resource: &str) -> (Output, usize) {
    let fault = (case.fault)(scenario.proxy.url());
    let rule = scenario.fault(resource, case.times, fault);
    let output = scenario.create().arg(case.time_limit()).run();
    let met = scenario.proxy.hits(rule);
    assert_eq!(met, case.times, "{}\n{output}", case.name);
    assert_eq!(
        scenario.proxy.traffic().request_count("patch", ""),
        0,
        "{output}"
    );
    (output, met)
}

/// That the object ended as the row says, what hangs on it did likewise, and the other namespace was not held up.
#[track_caller]
fn ended(case: &Case, scenario: &Scenario, object: &str, (output, report): (&Output, &Report)) {
    let (word, other) = match object {
        SECRET => ("created", ACCOUNT),
        _ => ("patched", SECRET),
    };
    let name = case.name;
    assert_eq!(
        report.outcome(&scenario.healthy, SECRET),
        Some("created"),
        "{name}\n{output}"
    );
    assert_eq!(
        report.outcome(&scenario.healthy, ACCOUNT),
        Some("patched"),
        "{name}\n{output}"
    );
    let counts = ["failed", "unknown", "not started"].map(|word| report.count_of(word));
    // An account whose Secret failed is not started; a Secret is not the account's concern.
    let unstarted = u64::from(object == SECRET);
    let (code, counted, error) = match case.expected {
        Expected::Succeeds => (0, [0, 0, 0], None),
        Expected::Fails(error) => (1, [1, 0, unstarted], Some(error)),
        Expected::Unknown(error) => (1, [0, 1, unstarted], Some(error)),
    };
    assert_eq!(
        (output.code, counts),
        (Some(code), counted),
        "{name}\n{output}"
    );
    match error {
        None => assert_eq!(
            report.outcome(&scenario.faulty, object),
            Some(word),
            "{name}\n{output}"
        ),
        Some(error) => {
            let place = format!(" -n {}", scenario.faulty);
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
        error.is_some() || report.outcome(&scenario.faulty, other).is_some(),
        "{name}\n{output}"
    );
}

//! Injects every fault into the writes of the Secret and of the ServiceAccount.

use gcr_test_support::{Output, Report, Stored};

use crate::cases::{CASES, Case, Expected};
use crate::concurrency::run_concurrently;
use crate::scenario::{ACCOUNT, SECRET, Scenario};

#[test]
fn secret_write_with_each_fault_has_expected_outcome() {
    check_every_fault("secrets", SECRET);
}

#[test]
fn account_write_with_each_fault_has_expected_outcome() {
    check_every_fault("serviceaccounts", ACCOUNT);
}

#[track_caller]
fn check_every_fault(resource: &str, object: &str) {
    let scenarios = Scenario::many("fault", CASES.len());
    let outputs = run_concurrently(CASES.len(), |at| {
        run_with_fault(&CASES[at], &scenarios[at], resource)
    });
    let stored = Stored::fetch(scenarios[0].cluster);
    let reruns = scenarios
        .iter()
        .map(|scenario| scenario.create_without_proxy().run());
    let reruns: Vec<_> = reruns.collect();
    let now = Stored::fetch(scenarios[0].cluster);
    let rows = CASES.iter().zip(&scenarios).zip(&outputs).zip(&reruns);
    for (((case, scenario), (output, hits)), rerun) in rows {
        let report = Report::parse(output);
        report.assert_matches(&stored, &scenario.objects());
        assert_outcome(case, scenario, object, (output, &report));
        let retries = scenario.visible_retries(output, resource);
        let final_failure = usize::from(!matches!(case.expected, Expected::Succeeds));
        assert_eq!(
            retries,
            hits - final_failure,
            "retries of {}\n{output}",
            case.name
        );
        scenario.assert_converged(&report, &stored, rerun, &now);
    }
}

/// Runs a command whose write gets a fault. Returns its output and the number of requests that got the fault.
fn run_with_fault(case: &Case, scenario: &Scenario, resource: &str) -> (Output, usize) {
    let fault = (case.fault)(scenario.proxy.url());
    let rule = scenario.fault(resource, case.times, fault);
    let output = scenario.create().arg(case.time_limit()).run();
    let hits = scenario.proxy.hits(rule);
    assert_eq!(hits, case.times, "{}\n{output}", case.name);
    assert_eq!(
        scenario.proxy.traffic().request_count("patch", ""),
        0,
        "{output}"
    );
    (output, hits)
}

/// Asserts the expected outcome of the object and of the object that depends on it, and that the other namespace was
/// written.
#[track_caller]
fn assert_outcome(
    case: &Case,
    scenario: &Scenario,
    object: &str,
    (output, report): (&Output, &Report),
) {
    let (success, other) = match object {
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
    let counts = ["failed", "unknown", "not started"].map(|outcome| report.count_of(outcome));
    // An account is not started if its Secret failed. The Secret does not depend on the account.
    let not_started = u64::from(object == SECRET);
    let (code, counted, expected_error) = match case.expected {
        Expected::Succeeds => (0, [0, 0, 0], None),
        Expected::Fails(expected_error) => (1, [1, 0, not_started], Some(expected_error)),
        Expected::Unknown(expected_error) => (1, [0, 1, not_started], Some(expected_error)),
    };
    assert_eq!(
        (output.code, counts),
        (Some(code), counted),
        "{name}\n{output}"
    );
    match expected_error {
        None => assert_eq!(
            report.outcome(&scenario.faulty, object),
            Some(success),
            "{name}\n{output}"
        ),
        Some(expected_error) => {
            let suffix = format!(" -n {}", scenario.faulty);
            let lines = output.stderr.lines().filter(|line| line.ends_with(&suffix));
            let lines: Vec<_> = lines.filter(|line| !line.starts_with("Warning")).collect();
            assert_eq!(lines.len(), 1, "{name}: one line\n{output}");
            assert!(
                format!("{} -n ", lines[0]).contains(expected_error),
                "{name}\n{output}"
            );
        }
    }
    assert!(
        expected_error.is_some() || report.outcome(&scenario.faulty, other).is_some(),
        "{name}\n{output}"
    );
}

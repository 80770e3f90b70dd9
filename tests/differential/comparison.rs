//! Compares the runs of kubectl and the plugin, and describes the differences.

use std::fmt::Write as _;

use crate::case::{Case, Expected};
use crate::fixture::{Fixture, Program};
use crate::observation::Observation;

/// Runs a case with kubectl and the plugin. Returns a description of the failed expectations, or `None`.
pub(crate) fn find_differences(case: &Case) -> Option<String> {
    let fixture = Fixture::new(case);
    let [kubectl, plugin] = [Program::Kubectl, Program::Plugin].map(|program| fixture.run(program));
    let mut failures = unmet_expectations(&kubectl, &case.expected, "kubectl");
    match &case.declared_difference {
        None => failures.extend(differences(&kubectl, &plugin)),
        Some(declared_difference) => {
            failures.extend(unmet_expectations(
                &plugin,
                &declared_difference.expected,
                "the plugin",
            ));
            if differences(&kubectl, &plugin).is_empty() {
                failures.push(format!(
                    "the declared difference does not exist: {}",
                    declared_difference.reason
                ));
            }
        }
    }
    // The plugin may start an exec plugin once more after a 401, but never more often than kubectl.
    let limit = 1 + usize::from(case.behaviour.rejects_credentials());
    if plugin.script_starts > limit.min(kubectl.script_starts) {
        failures.push(format!(
            "the plugin starts the exec plugin {} times, kubectl {} times",
            plugin.script_starts, kubectl.script_starts
        ));
    }
    (!failures.is_empty()).then(|| describe(case, &failures, &kubectl, &plugin))
}

/// Lists the aspects in which two runs differ.
fn differences(kubectl: &Observation, plugin: &Observation) -> Vec<String> {
    let mut differences = Vec::new();
    let pairs = [
        ("reached", kubectl.reached == plugin.reached),
        ("identity", kubectl.identities == plugin.identities),
        (
            "exec plugin input",
            kubectl.script_notes == plugin.script_notes,
        ),
        ("stderr", kubectl.stderr == plugin.stderr),
        ("warnings", kubectl.warnings == plugin.warnings),
        ("stdout", kubectl.stdout == plugin.stdout),
        ("exit code", kubectl.code == plugin.code),
        (
            "changed files",
            kubectl.changed_files == plugin.changed_files,
        ),
    ];
    for (aspect, _) in pairs.iter().filter(|(_, same)| !same) {
        differences.push(format!("{aspect} differs"));
    }
    differences
}

/// Lists the expectations of the case that a run does not meet.
fn unmet_expectations(run: &Observation, expected: &Expected, program: &str) -> Vec<String> {
    let mut unmet = Vec::new();
    if let Some(reached) = &expected.reached
        && run.reached != *reached
    {
        unmet.push(format!("{program} must reach {reached:?}"));
    }
    if let Some(warnings) = &expected.warnings
        && run.warnings != *warnings
    {
        unmet.push(format!("{program} must warn {warnings:?}"));
    }
    if let Some(stderr) = &expected.stderr
        && run.stderr != *stderr
    {
        unmet.push(format!("{program} must print {stderr:?}"));
    }
    if let Some(files) = &expected.changed_files
        && !run.changed_files.keys().eq(files)
    {
        unmet.push(format!("{program} must change the files {files:?}"));
    }
    if expected.code.is_some_and(|code| run.code != Some(code)) {
        unmet.push(format!("{program} must exit with {:?}", expected.code));
    }
    unmet
}

fn describe(
    case: &Case,
    failures: &[String],
    kubectl: &Observation,
    plugin: &Observation,
) -> String {
    let mut text = format!("\n● {}\n", case.name);
    for failure in failures {
        let _ = writeln!(text, "  ! {failure}");
    }
    for (program, run) in [("kubectl", kubectl), ("plugin", plugin)] {
        let _ = writeln!(
            text,
            "  {program:8} exit {:?}  reached {:?}",
            run.code, run.reached
        );
        for line in run.raw_stderr.lines() {
            let _ = writeln!(text, "           | {line}");
        }
        for line in &run.script_notes {
            let _ = writeln!(text, "           exec plugin: {line}");
        }
    }
    if kubectl.changed_files != plugin.changed_files {
        for (program, run) in [("kubectl", kubectl), ("plugin", plugin)] {
            for (file, content) in &run.changed_files {
                let _ = writeln!(text, "  {program} leaves {file}: {content}");
            }
        }
    }
    if kubectl.stdout != plugin.stdout {
        let _ = writeln!(
            text,
            "  stdout {:?} and {:?}",
            kubectl.stdout, plugin.stdout
        );
    }
    text
}

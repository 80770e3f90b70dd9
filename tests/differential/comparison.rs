//! What counts as a difference, and how one is shown.

use std::fmt::Write as _;

use crate::case::{Case, Wanted};
use crate::evidence::Evidence;
use crate::setting::{Program, Setting};

/// Runs a case with both; what differs, or `None`.
pub(crate) fn differ(case: &Case) -> Option<String> {
    let setting = Setting::new(case);
    let [kubectls, ours] = [Program::Kubectl, Program::Ours].map(|program| setting.run(program));
    let mut complaints = against(&kubectls, &case.wanted, "kubectl");
    match &case.deliberate {
        None => complaints.extend(between(&kubectls, &ours)),
        Some(deliberate) => {
            complaints.extend(against(&ours, &deliberate.wanted, "ours"));
            if between(&kubectls, &ours).is_empty() {
                complaints.push(format!("there is no difference for: {}", deliberate.reason));
            }
        }
    }
    let most = 1 + usize::from(case.behaviour.refuses_credentials());
    if ours.starts > most.min(kubectls.starts) {
        complaints.push(format!(
            "ours starts the plugin {} times, kubectl {}",
            ours.starts, kubectls.starts
        ));
    }
    (!complaints.is_empty()).then(|| show(case, &complaints, &kubectls, &ours))
}

/// In what two runs differ.
fn between(kubectls: &Evidence, ours: &Evidence) -> Vec<String> {
    let mut differ = Vec::new();
    let pairs = [
        ("reached", kubectls.reached == ours.reached),
        ("as whom", kubectls.identities == ours.identities),
        ("plugin", kubectls.told_plugin == ours.told_plugin),
        ("said", kubectls.said == ours.said),
        ("warned", kubectls.warned == ours.warned),
        ("printed", kubectls.printed == ours.printed),
        ("exit code", kubectls.code == ours.code),
        ("files afterwards", kubectls.wrote == ours.wrote),
    ];
    for (what, _) in pairs.iter().filter(|(_, same)| !same) {
        differ.push(format!("{what} differs"));
    }
    differ
}

/// In what a run is not as the table says.
fn against(run: &Evidence, wanted: &Wanted, whose: &str) -> Vec<String> {
    let mut missed = Vec::new();
    if let Some(reached) = &wanted.reached
        && run.reached != *reached
    {
        missed.push(format!("{whose} is to reach {reached:?}"));
    }
    if let Some(warned) = &wanted.warned
        && run.warned != *warned
    {
        missed.push(format!("{whose} is to warn {warned:?}"));
    }
    if let Some(said) = &wanted.said
        && run.said != *said
    {
        missed.push(format!("{whose} is to say {said:?}"));
    }
    if let Some(files) = &wanted.wrote
        && !run.wrote.keys().eq(files)
    {
        missed.push(format!("{whose} is to write {files:?}"));
    }
    if wanted.code.is_some_and(|code| run.code != Some(code)) {
        missed.push(format!("{whose} is to exit with {:?}", wanted.code));
    }
    missed
}

fn show(case: &Case, complaints: &[String], kubectls: &Evidence, ours: &Evidence) -> String {
    let mut text = format!("\n● {}\n", case.name);
    for complaint in complaints {
        let _ = writeln!(text, "  ! {complaint}");
    }
    for (whose, run) in [("kubectl", kubectls), ("ours", ours)] {
        let _ = writeln!(
            text,
            "  {whose:8} exit {:?}  reached {:?}",
            run.code, run.reached
        );
        for line in run.stderr.lines() {
            let _ = writeln!(text, "           | {line}");
        }
        for line in &run.told_plugin {
            let _ = writeln!(text, "           plugin: {line}");
        }
    }
    if kubectls.wrote != ours.wrote {
        for (whose, run) in [("kubectl", kubectls), ("ours", ours)] {
            for (file, content) in &run.wrote {
                let _ = writeln!(text, "  {whose} leaves {file}: {content}");
            }
        }
    }
    if kubectls.printed != ours.printed {
        let _ = writeln!(
            text,
            "  printed {:?} and {:?}",
            kubectls.printed, ours.printed
        );
    }
    text
}

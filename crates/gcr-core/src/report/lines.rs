//! Formats the line of an object, for success and errors. Pure text.

use crate::engine::{ObjectId, ObjectResult, Outcome, TargetName, TargetScope};
use crate::request::{DryRun, LineQualifiers};
use kube_clientcmd::escape_control::escape_control;

/// Returns the location at the end of an object's line: ` -n NS --context CTX`, with the parts that `qualifiers` selects.
/// The names of Google's objects contain their project where it matters.
pub(super) fn location(target: &TargetName, qualifiers: LineQualifiers) -> String {
    let scope = match &target.scope {
        TargetScope::Namespace(namespace) if qualifiers.namespaces => format!(" -n {namespace}"),
        _ => String::new(),
    };
    scope + &cluster(target.context.as_deref(), qualifiers)
}

/// Returns the location at the end of a line about a whole cluster.
pub(super) fn cluster(context: Option<&str>, qualifiers: LineQualifiers) -> String {
    match context {
        Some(context) if qualifiers.contexts => format!(" --context {}", escape_control(context)),
        _ => String::new(),
    }
}

/// Formats a success, such as `secret/gcr-io created (dry run) -n NS`. Returns `None` for any other outcome.
pub(super) fn success(
    result: &ObjectResult,
    dry_run: DryRun,
    qualifiers: LineQualifiers,
) -> Option<String> {
    let word = match result.outcome {
        Outcome::Unchanged => result.object.kind.unchanged,
        outcome if outcome.is_success() => outcome.as_str(),
        _ => return None,
    };
    let command = result.command.as_ref();
    let command = command.map(|it| format!("   # {it}")).unwrap_or_default();
    Some(format!(
        "{} {word}{}{}{command}",
        subject(&result.target, &result.object),
        dry_run.suffix(),
        location(&result.target, qualifiers)
    ))
}

/// Returns an object as lines name it: an entry of a local file with the file.
fn subject(target: &TargetName, object: &ObjectId) -> String {
    match &target.scope {
        TargetScope::File(path) => format!("docker config {path}: {}", object.name),
        _ => object.to_string(),
    }
}

/// Formats the error of a write that may have taken effect.
pub(super) fn unknown(object: &ObjectId, cause: &str) -> String {
    format!("error: {object}: it is unknown whether it was written: {cause}")
}

/// Returns the reason of an object that an interruption left unfinished; `None` if its outcome is a success.
pub(super) fn interrupted(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Unknown => Some("interrupted before the server answered"),
        Outcome::Failed => {
            Some("interrupted after a partial write; run the same command again to finish it")
        }
        Outcome::NotStarted => Some("interrupted before its turn"),
        _ => None,
    }
}

/// Formats the error of an object. Returns `None` if another line states the cause: that of its cluster or its Secret.
pub(super) fn error(result: &ObjectResult, qualifiers: LineQualifiers) -> Option<String> {
    let error = result.error.as_ref().filter(|error| !error.not_started)?;
    let text = match result.outcome {
        Outcome::Unknown => unknown(&result.object, &error.cause),
        _ => error.text.clone(),
    };
    Some(with_location(&text, &location(&result.target, qualifiers)))
}

/// Appends the location to the first line of `text`, which a list of invalid fields may follow.
pub(super) fn with_location(text: &str, location: &str) -> String {
    match text.split_once('\n') {
        Some((first, rest)) => format!("{first}{location}\n{rest}"),
        None => format!("{text}{location}"),
    }
}

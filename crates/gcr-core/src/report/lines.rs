//! One object's line, for good or ill. Pure text.

use crate::domain::escape_control::escape_control;
use crate::event::ObjectResult;
use crate::ledger::Outcome;
use crate::request::{DryRun, LineQualifiers};
use crate::target::{ObjectName, TargetName};

/// What a line ends with where the command could name several namespaces or clusters.
pub(super) fn place(target: &TargetName, shape: LineQualifiers) -> String {
    let namespace = if shape.namespaces {
        format!(" -n {}", target.namespace)
    } else {
        String::new()
    };
    namespace + &cluster(target.context.as_deref(), shape)
}

/// What a line about a whole cluster ends with where the command could name several.
pub(super) fn cluster(context: Option<&str>, shape: LineQualifiers) -> String {
    match context {
        Some(context) if shape.contexts => format!(" --context {}", escape_control(context)),
        _ => String::new(),
    }
}

/// `secret/gcr-io created (dry run) -n NS`; `None` for an object that did not end as asked.
pub(super) fn done(ended: &ObjectResult, dry_run: DryRun, shape: LineQualifiers) -> Option<String> {
    let word = match (&ended.object, ended.outcome) {
        (ObjectName::ServiceAccount(_), Outcome::Unchanged) => "patched (no change)",
        (_, outcome) if outcome.is_success() => outcome.as_str(),
        _ => return None,
    };
    Some(format!(
        "{} {word}{}{}",
        ended.object,
        dry_run.suffix(),
        place(&ended.target, shape)
    ))
}

/// The line of a write that may have been carried out, though nobody heard.
pub(super) fn unknown(object: &ObjectName, cause: &str) -> String {
    format!("error: {object}: it is unknown whether it was written: {cause}")
}

/// Why an object that was cut off is not as asked; `None` where it is.
pub(super) fn cut_off(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Unknown => Some("no answer came before the end"),
        Outcome::Failed => {
            Some("it was cut off before its end; the same command again finishes it")
        }
        Outcome::NotStarted => Some("the run ended before its turn"),
        _ => None,
    }
}

/// The error of an object; `None` where there is nothing to say of this very object.
pub(super) fn failed(ended: &ObjectResult, shape: LineQualifiers) -> Option<String> {
    let error = ended
        .error
        .as_ref()
        .filter(|error| !error.is_not_started())?;
    let text = match ended.outcome {
        Outcome::Unknown => unknown(&ended.object, &error.kind.cause()),
        _ => error.kind.to_string(),
    };
    Some(placed(&text, &place(&ended.target, shape)))
}

/// A text with its place: behind the first line, which a list of invalid fields may follow.
pub(super) fn placed(text: &str, place: &str) -> String {
    match text.split_once('\n') {
        Some((first, rest)) => format!("{first}{place}\n{rest}"),
        None => format!("{text}{place}"),
    }
}

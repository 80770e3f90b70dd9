//! One object's line, for good or ill. Pure text.

use crate::event::Ended;
use crate::ledger::Outcome;
use crate::request::DryRun;
use crate::target::{ObjectName, TargetName};

/// What a line ends with where the command could name several namespaces.
pub(super) fn place(target: &TargetName, several: bool) -> String {
    if several {
        format!(" -n {}", target.namespace)
    } else {
        String::new()
    }
}

/// `secret/gcr-io created (dry run) -n NS`; `None` for an object that did not end as asked.
pub(super) fn done(ended: &Ended, dry_run: DryRun, several: bool) -> Option<String> {
    let word = match (&ended.object, ended.outcome) {
        (ObjectName::ServiceAccount(_), Outcome::Unchanged) => "patched (no change)",
        (_, outcome) if outcome.is_as_asked() => outcome.word(),
        _ => return None,
    };
    Some(format!(
        "{} {word}{}{}",
        ended.object,
        dry_run.suffix(),
        place(&ended.target, several)
    ))
}

/// The line of a write that may have been carried out, though nobody heard.
pub(super) fn unknown(object: &ObjectName, cause: &str) -> String {
    format!("error: {object}: it is unknown whether it was written: {cause}")
}

/// The error of an object; `None` where there is nothing to say of this very object.
pub(super) fn failed(ended: &Ended, several: bool) -> Option<String> {
    let failure = ended
        .failure
        .as_ref()
        .filter(|failure| !failure.is_unstarted())?;
    let text = match ended.outcome {
        Outcome::Unknown => unknown(&ended.object, &failure.trouble.cause()),
        _ => failure.trouble.to_string(),
    };
    let place = place(&ended.target, several);
    // The place belongs to the first line; a list of invalid fields follows it.
    Some(match text.split_once('\n') {
        Some((first, rest)) => format!("{first}{place}\n{rest}"),
        None => format!("{text}{place}"),
    })
}

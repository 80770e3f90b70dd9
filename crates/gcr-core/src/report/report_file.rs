//! `--report FILE`: one JSON line per object, as it ends.
//!
//! The shape of a line: `context` (of the kubeconfig, or null), `namespace`, `kind`, `name`, `result` (the closing count's
//! word) and `reason` (what went wrong, or null); in a dry run `dryRun` too (`client` or `server`), since nothing of it is
//! there. Written line by line, so that a run that is killed leaves what it had.

use std::borrow::Cow;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, ErrorKind, LineWriter, Read as _, Write};
use std::path::Path;

use serde::Serialize;
use tokio::sync::mpsc;

use super::lines;

use crate::domain::escape_control::escape_control;
use crate::domain::go_errors::errno;
use crate::domain::redactor::Redactor;
use crate::event::ReportEntry;
use crate::ledger::{Ledger, Outcome};
use crate::request::DryRun;
use crate::target::{ObjectName, TargetName};

/// How every line begins.
const BEGINNING: &[u8; 11] = br#"{"context":"#;

/// The file being written.
pub struct ReportFile {
    path: String,
    dry_run: DryRun,
    file: LineWriter<File>,
    /// What went wrong first: nothing is written after it.
    broken: Option<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    context: Option<Cow<'a, str>>,
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    result: &'a str,
    reason: Option<&'a str>,
    #[serde(rename = "dryRun", skip_serializing_if = "Option::is_none")]
    dry_run: Option<&'static str>,
}

impl ReportFile {
    /// Makes the file, or writes it anew where it holds an earlier report. A slip of the fingers must not cost a key
    /// file or a kubeconfig.
    ///
    /// # Errors
    /// The line to print.
    pub fn create(path: &Path, dry_run: DryRun) -> Result<Self, String> {
        let manifest = escape_control(&path.to_string_lossy()).into_owned();
        let others = holds_something_else(path).map_err(|error| {
            let reason = format!("cannot see what the file holds: {}", errno(&error));
            unwritable(&manifest, reason)
        })?;
        if others {
            let reason = "the file is there and holds something else";
            return Err(unwritable(&manifest, reason));
        }
        let file = File::create(path).map_err(|error| unwritable(&manifest, errno(&error)))?;
        Ok(Self {
            path: manifest,
            dry_run,
            file: LineWriter::new(file),
            broken: None,
        })
    }

    /// Returns the line to print if the report is not finished in time.
    pub(super) fn timeout_error(&self) -> String {
        unwritable(&self.path, "timed out, so objects are missing")
    }

    /// Writes each entry as it comes and, once every sender is gone, the objects that the run did not finish. Blocks: it
    /// belongs on a thread of its own, so that a slow file does not hold up the run, nor a slow terminal the file.
    ///
    /// Returns the line to print if the file is incomplete.
    pub(super) fn run(
        mut self,
        mut entries: mpsc::Receiver<ReportEntry>,
        ledger: &Ledger,
        redactor: &Redactor,
    ) -> Option<String> {
        while let Some(entry) = entries.blocking_recv() {
            let reason = entry.reason.map(|reason| redactor.redact(&reason));
            self.write(
                (&entry.target, &entry.object),
                entry.outcome,
                reason.as_deref(),
            );
        }
        for (target, object, outcome) in ledger.unreported() {
            self.write((&target, &object), outcome, lines::cut_off(outcome));
        }
        self.finish()
    }

    fn write(
        &mut self,
        (target, object): (&TargetName, &ObjectName),
        outcome: Outcome,
        reason: Option<&str>,
    ) {
        if self.broken.is_some() {
            return;
        }
        let (kind, name) = match object {
            ObjectName::Secret(name) => ("Secret", name.as_str()),
            ObjectName::ServiceAccount(name) => ("ServiceAccount", name.as_str()),
        };
        let line = Line {
            context: target.context.as_deref().map(escape_control),
            namespace: target.namespace.as_str(),
            kind,
            name,
            result: outcome.as_str(),
            reason,
            dry_run: self.dry_run.strategy(),
        };
        let written = serde_json::to_string(&line)
            .map_err(io::Error::from)
            .and_then(|line| writeln!(self.file, "{line}"));
        self.broken = written
            .err()
            .map(|error| unwritable(&self.path, errno(&error)));
    }

    /// The line to print, where the file does not hold everything.
    fn finish(mut self) -> Option<String> {
        let flushed = self.file.flush();
        self.broken.or_else(|| {
            flushed
                .err()
                .map(|error| unwritable(&self.path, errno(&error)))
        })
    }
}

/// Whether a file is there, is not empty, and does not begin as a report does. An error where that cannot be seen: a file
/// that may be written and not read can hold anything.
fn holds_something_else(path: &Path) -> io::Result<bool> {
    // Terminals, pipes and devices keep nothing that could be lost, and reading from them may never end.
    if !path.is_file() {
        return Ok(false);
    }
    let mut start = [0; BEGINNING.len()];
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    Ok(file.read(&mut start)? > 0 && start != *BEGINNING)
}

fn unwritable(path: &str, reason: impl Display) -> String {
    format!("error: cannot write the report \"{path}\": {reason}")
}

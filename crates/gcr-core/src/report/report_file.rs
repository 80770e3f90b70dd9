//! Writes `--report FILE`: one JSON line per object, in the order in which the objects finish.
//!
//! The fields of a line are `context` (of the kubeconfig, or null), `namespace` (or null), `kind`, `name`, `result` (the
//! outcome, as in the summary) and `reason` (the cause, or null). The line of a Google object also has `project`. In a dry run, which changes nothing, a line also has `dryRun`
//! (`client` or `server`). Each line is written at once, so that a killed run leaves the lines of the finished objects.

use std::borrow::Cow;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, ErrorKind, LineWriter, Read as _, Write};
use std::path::Path;

use serde::Serialize;
use tokio::sync::mpsc;

use super::lines;

use crate::domain::names::Namespace;
use crate::domain::redactor::Redactor;
use crate::engine::event::ReportEntry;
use crate::engine::{Ledger, ObjectId, Outcome, TargetName};
use crate::request::DryRun;
use kube_clientcmd::escape_control::escape_control;
use kube_clientcmd::go::errors::errno;

/// The first bytes of every line.
const LINE_START: &[u8; 11] = br#"{"context":"#;

/// An open report file.
pub struct ReportFile {
    path: String,
    dry_run: DryRun,
    file: LineWriter<File>,
    /// The first error, after which nothing more is written.
    error: Option<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    context: Option<Cow<'a, str>>,
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    kind: &'a str,
    name: &'a str,
    result: &'a str,
    reason: Option<&'a str>,
    #[serde(rename = "dryRun", skip_serializing_if = "Option::is_none")]
    dry_run: Option<&'static str>,
}

impl ReportFile {
    /// Creates the file. Overwrites an empty file or an earlier report, but no other file: a mistyped path must not destroy a
    /// key file or a kubeconfig.
    ///
    /// # Errors
    /// The line to print if the file cannot be written or contains something else.
    pub fn create(path: &Path, dry_run: DryRun) -> Result<Self, String> {
        let escaped = escape_control(&path.to_string_lossy()).into_owned();
        let is_foreign = contains_other_data(path).map_err(|error| {
            let reason = format!("cannot read the existing file: {}", errno(&error));
            error_line(&escaped, reason)
        })?;
        if is_foreign {
            let reason = "the file exists and is not a report";
            return Err(error_line(&escaped, reason));
        }
        let file = open(path).map_err(|error| error_line(&escaped, errno(&error)))?;
        Ok(Self {
            path: escaped,
            dry_run,
            file: LineWriter::new(file),
            error: None,
        })
    }

    /// Returns the line to print if the report is not finished in time.
    pub(super) fn timeout_error(&self) -> String {
        error_line(&self.path, "timed out, so objects are missing")
    }

    /// Writes each entry when it arrives and, after every sender is gone, the objects that the run did not finish. Blocks, and
    /// therefore needs a thread of its own.
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
            self.write((&target, &object), outcome, lines::interrupted(outcome));
        }
        self.finish()
    }

    fn write(
        &mut self,
        (target, object): (&TargetName, &ObjectId),
        outcome: Outcome,
        reason: Option<&str>,
    ) {
        if self.error.is_some() {
            return;
        }
        let line = Line {
            context: target.context.as_deref().map(escape_control),
            namespace: target.namespace().map(Namespace::as_str),
            project: target.project(),
            kind: object.kind.kind,
            name: &object.name,
            result: outcome.as_str(),
            reason,
            dry_run: self.dry_run.strategy(),
        };
        let written = serde_json::to_string(&line)
            .map_err(io::Error::from)
            .and_then(|line| writeln!(self.file, "{line}"));
        self.error = written
            .err()
            .map(|error| error_line(&self.path, errno(&error)));
    }

    /// Returns the line to print if the file is incomplete.
    fn finish(mut self) -> Option<String> {
        let flushed = self.file.flush();
        self.error.or_else(|| {
            flushed
                .err()
                .map(|error| error_line(&self.path, errno(&error)))
        })
    }
}

/// Returns whether the file exists, is not empty, and does not start like a report.
///
/// # Errors
/// The file cannot be read. A file that can only be written may contain anything.
fn contains_other_data(path: &Path) -> io::Result<bool> {
    // Terminals, pipes and devices store no data that could be lost, and reading them may block forever. Standard output
    // and standard error are only appended to.
    if standard_stream(path).is_some() || !path.is_file() {
        return Ok(false);
    }
    let mut start = [0; LINE_START.len()];
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    Ok(file.read(&mut start)? > 0 && start != *LINE_START)
}

/// Opens the file for writing and truncates it.
fn open(path: &Path) -> io::Result<File> {
    standard_stream(path).unwrap_or_else(|| File::create(path))
}

/// Returns a duplicate of standard output or standard error if the path names one of them. Opening such a path instead would
/// truncate a file to which the stream was redirected, and Linux refuses it once core dumps are forbidden.
fn standard_stream(path: &Path) -> Option<io::Result<File>> {
    #[cfg(unix)]
    #[expect(
        clippy::disallowed_methods,
        reason = "report writes to the standard streams"
    )]
    {
        use std::os::fd::AsFd as _;
        let duplicate = match path.to_str()? {
            "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => {
                io::stdout().as_fd().try_clone_to_owned()
            }
            "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => {
                io::stderr().as_fd().try_clone_to_owned()
            }
            _ => return None,
        };
        Some(duplicate.map(File::from))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Formats the error of a report that cannot be written.
fn error_line(path: &str, reason: impl Display) -> String {
    format!("error: cannot write the report \"{path}\": {reason}")
}

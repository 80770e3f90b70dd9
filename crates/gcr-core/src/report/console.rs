//! Writes to standard output and standard error. No other module does.
//!
//! Redacts secret material in all text that may come from outside, except in the manifest of a client dry run that is not
//! printed to a terminal. A closed pipe is not an error: later output to it is dropped. A full disk is one.
#![expect(
    clippy::disallowed_methods,
    reason = "report writes to the terminal, and colours depend on TERM and NO_COLOR"
)]

use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::sync::Arc;

use kube_clientcmd::go::errors::errno;

use super::progress_display::ProgressDisplay;
use crate::domain::redactor::Redactor;

/// Standard output and standard error of the process.
pub struct Console {
    redactor: Arc<Redactor>,
    stdout_closed: bool,
    stderr_closed: bool,
    /// Whether output was lost for another reason than a closed pipe.
    has_failed: bool,
    colour: bool,
    progress: Option<ProgressDisplay>,
}

impl Console {
    /// Returns a console that redacts with `redactor`.
    pub fn new(redactor: Arc<Redactor>) -> Self {
        Self {
            redactor,
            stdout_closed: false,
            stderr_closed: false,
            has_failed: false,
            colour: allows_colour(),
            progress: None,
        }
    }

    /// Enables the progress display if standard error is a terminal that supports it.
    pub(super) fn enable_progress(&mut self) {
        self.progress = can_draw().then(ProgressDisplay::new);
    }

    /// Returns the progress display, if it is enabled.
    pub(super) fn progress(&mut self) -> Option<&mut ProgressDisplay> {
        self.progress.as_mut()
    }

    /// Erases and disables the progress display.
    pub(super) fn disable_progress(&mut self) {
        self.progress = None;
    }

    /// Prints a result line. It is not redacted: it consists of our words and validated names, and redaction would cost more
    /// than all other work of a run.
    pub fn out(&mut self, line: &str) {
        self.write_out(line);
    }

    /// Prints objects that came from a server.
    pub fn out_redacted(&mut self, text: &str) {
        let text = self.redactor.redact(text);
        self.write_out(&text);
    }

    /// Prints a manifest with its data, without redaction.
    pub fn out_plain(&mut self, text: &str) {
        self.write_out(text);
    }

    /// Prints a line to standard error: an error, a hint or a note.
    pub fn err(&mut self, line: &str) {
        let line = self.redactor.redact(line);
        self.write_err(&line);
    }

    /// Prints a `Warning:` line. The word is yellow where kubectl's is (client-go `rest/warnings.go`).
    pub fn warning(&mut self, text: &str) {
        let word = if self.colour {
            "\u{1b}[33;1mWarning:\u{1b}[0m"
        } else {
            "Warning:"
        };
        let text = self.redactor.redact(text);
        self.write_err(&format!("{word} {text}"));
    }

    /// Returns whether output was lost for another reason than a closed pipe.
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }

    fn write_out(&mut self, line: &str) {
        if !self.stdout_closed {
            let write = || {
                let mut stdout = io::stdout().lock();
                writeln!(stdout, "{line}").and_then(|()| stdout.flush())
            };
            let Err(error) = self.suspend(write) else {
                return;
            };
            self.stdout_closed = true;
            if error.kind() != ErrorKind::BrokenPipe {
                self.has_failed = true;
                // As kubectl reports it.
                self.write_err(&format!("error: write /dev/stdout: {}", errno(&error)));
            }
        }
    }

    fn write_err(&mut self, line: &str) {
        if !self.stderr_closed {
            let write = || writeln!(io::stderr().lock(), "{line}");
            self.stderr_closed = self.suspend(write).is_err();
        }
    }

    /// Prints without the progress display, then draws it again.
    fn suspend<T>(&mut self, print: impl FnOnce() -> T) -> T {
        match &mut self.progress {
            Some(progress) => progress.suspend(print),
            None => print(),
        }
    }
}

/// Returns whether standard error is a terminal that can move its cursor.
fn can_draw() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Returns whether standard error supports colour, by kubectl's rule (cli-runtime `printers/terminal.go`,
/// `AllowsColorOutput`).
fn allows_colour() -> bool {
    can_draw()
        && std::env::var_os("NO_COLOR").is_none()
        && (!cfg!(windows) || std::env::var_os("WT_SESSION").is_some())
}

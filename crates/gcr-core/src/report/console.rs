//! The one writer to standard output and standard error.
//!
//! Masks secret material in everything that came from outside, except a manifest that was asked for in plain. A closed
//! pipe is not an error: what nobody reads is not written.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;

use super::progress_display::ProgressDisplay;
use crate::domain::redactor::Redactor;

/// Both streams of the process.
pub struct Console {
    redactor: Arc<Redactor>,
    stdout_closed: bool,
    stderr_closed: bool,
    colour: bool,
    bars: Option<ProgressDisplay>,
}

impl Console {
    /// Returns streams that redact what comes from outside.
    pub fn new(redactor: Arc<Redactor>) -> Self {
        Self {
            redactor,
            stdout_closed: false,
            stderr_closed: false,
            colour: allows_colour(),
            bars: None,
        }
    }

    /// Has progress to show beside what is printed, where there is a terminal for it.
    pub(super) fn with_bars(&mut self) {
        self.bars = draws().then(ProgressDisplay::new);
    }

    /// The progress, where there is one.
    pub(super) fn bars(&mut self) -> Option<&mut ProgressDisplay> {
        self.bars.as_mut()
    }

    /// Takes the progress off the terminal.
    pub(super) fn without_bars(&mut self) {
        self.bars = None;
    }

    /// A line of result, of our own words and of names that were checked: nothing in it came from a server as it is,
    /// so nothing in it is masked. Working out what to mask costs more than the rest of a run's own work.
    pub fn out(&mut self, line: &str) {
        self.write_out(line);
    }

    /// Objects as a server told them.
    pub fn out_masked(&mut self, text: &str) {
        let text = self.masked(text);
        self.write_out(&text);
    }

    /// Text that was asked for as it is: a manifest to pipe onward.
    pub fn out_plain(&mut self, text: &str) {
        self.write_out(text);
    }

    /// A line for the eyes: errors, hints, notes.
    pub fn err(&mut self, line: &str) {
        let line = self.masked(line);
        self.write_err(&line);
    }

    /// A `Warning:` line, its word in yellow where kubectl's is (client-go `rest/warnings.go`).
    pub fn warning(&mut self, text: &str) {
        let word = if self.colour {
            "\u{1b}[33;1mWarning:\u{1b}[0m"
        } else {
            "Warning:"
        };
        let text = self.masked(text);
        self.write_err(&format!("{word} {text}"));
    }

    fn masked(&self, text: &str) -> String {
        self.redactor.redact(text)
    }

    fn write_out(&mut self, line: &str) {
        if !self.stdout_closed {
            let write = || {
                let mut stdout = io::stdout().lock();
                writeln!(stdout, "{line}").and_then(|()| stdout.flush())
            };
            self.stdout_closed = self.suspend(write).is_err();
        }
    }

    fn write_err(&mut self, line: &str) {
        if !self.stderr_closed {
            let write = || writeln!(io::stderr().lock(), "{line}");
            self.stderr_closed = self.suspend(write).is_err();
        }
    }

    fn suspend<T>(&mut self, print: impl FnOnce() -> T) -> T {
        match &mut self.bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }
}

/// Whether standard error is a terminal that can draw.
fn draws() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// kubectl's rule (cli-runtime `printers/terminal.go`, `AllowsColorOutput`), for standard error.
fn allows_colour() -> bool {
    draws()
        && std::env::var_os("NO_COLOR").is_none()
        && (!cfg!(windows) || std::env::var_os("WT_SESSION").is_some())
}

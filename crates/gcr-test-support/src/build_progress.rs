//! Says on standard error that a build that takes minutes is moving. Written to the stream itself: the test harness
//! would keep what a test prints to itself until the end, which is when nobody needs it any more.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// A line on standard error.
pub(crate) fn print_status(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// How far a build has come. One line that is rewritten on a terminal, elsewhere a line now and then.
pub(crate) struct BuildProgress {
    started: Instant,
    shown: Instant,
    terminal: bool,
}

impl BuildProgress {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self {
            started: now,
            shown: now,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Shows the counts if it is time to.
    pub(crate) fn show(&mut self, downloaded: usize, compiled: usize) {
        let every = Duration::from_secs(if self.terminal { 1 } else { 15 });
        if self.shown.elapsed() < every {
            return;
        }
        self.shown = Instant::now();
        let line = format!(
            "  {} s: {downloaded} modules downloaded, {compiled} packages compiled",
            self.started.elapsed().as_secs()
        );
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r{line}");
        } else {
            print_status(&line);
        }
    }

    /// Ends the line.
    pub(crate) fn finish(self) {
        if self.terminal {
            print_status("");
        }
    }

    pub(crate) fn seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }
}

//! Shows on standard error that a long build is progressing. Writes to the stream directly: the test harness captures
//! `eprintln!` and would show it only after the test has ended.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Prints a line to standard error.
pub(crate) fn print_status(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Progress of a build: on a terminal one line that is rewritten each second, elsewhere a line every 15 s.
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

    /// Shows the counts if the interval has passed.
    pub(crate) fn show(&mut self, downloaded: usize, compiled: usize) {
        let interval = Duration::from_secs(if self.terminal { 1 } else { 15 });
        if self.shown.elapsed() < interval {
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

    /// Ends the progress line.
    pub(crate) fn finish(self) {
        if self.terminal {
            print_status("");
        }
    }

    pub(crate) fn seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }
}

//! Shows on standard error that long builds are progressing, also when several run at the same time. Writes to the
//! stream directly: the test harness captures `eprintln!` and would show it only after the test has ended.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Prints a line to standard error.
pub(crate) fn print_status(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The builds in progress.
struct Active {
    /// Latest counts of each build, by its name.
    counts: BTreeMap<&'static str, String>,
    /// When a line was last shown; `None` before the first.
    last_shown: Option<Instant>,
}

static ACTIVE: Mutex<Active> = Mutex::new(Active {
    counts: BTreeMap::new(),
    last_shown: None,
});

fn active() -> MutexGuard<'static, Active> {
    ACTIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Progress of a build. All builds in progress share a line: on a terminal one that is rewritten each second, elsewhere
/// a new one every 15 s.
pub(crate) struct BuildProgress {
    name: &'static str,
    started: Instant,
}

impl BuildProgress {
    pub(crate) fn start(name: &'static str) -> Self {
        let mut active = active();
        if active.counts.is_empty() {
            active.last_shown = Some(Instant::now());
        }
        active.counts.insert(name, "started".into());
        Self {
            name,
            started: Instant::now(),
        }
    }

    /// Reads the output of a build until its end. `count` updates its counts with each line and returns them as text.
    pub(crate) fn follow(
        &self,
        output: impl Read + Send + 'static,
        mut count: impl FnMut(String) -> String,
    ) {
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            BufReader::new(output)
                .lines()
                .map_while(|line| line.ok())
                .try_for_each(|line| sender.send(line))
        });
        loop {
            match lines.recv_timeout(Duration::from_secs(1)) {
                Ok(line) => {
                    let counts = count(line);
                    active().counts.insert(self.name, counts);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.show();
        }
    }

    /// Shows the counts of all builds if the interval has passed.
    fn show(&self) {
        let is_terminal = std::io::stderr().is_terminal();
        let interval = Duration::from_secs(if is_terminal { 1 } else { 15 });
        let mut active = active();
        if active
            .last_shown
            .is_some_and(|shown| shown.elapsed() < interval)
        {
            return;
        }
        active.last_shown = Some(Instant::now());
        let counts = active.counts.iter();
        let counts: Vec<String> = counts
            .map(|(name, text)| format!("{name}: {text}"))
            .collect();
        let line = format!("  {} s: {}", self.seconds(), counts.join("; "));
        if is_terminal {
            let _ = write!(std::io::stderr(), "\r{line}\x1b[K");
        } else {
            print_status(&line);
        }
    }

    /// Ends the build's progress.
    pub(crate) fn finish(self) {
        active().counts.remove(self.name);
        if std::io::stderr().is_terminal() {
            print_status("");
        }
    }

    pub(crate) fn seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }
}

//! What came of one command. Asserting shows all of it; nothing is cut short.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// A command that has ended. Bytes that are not UTF-8 are shown as U+FFFD.
#[derive(Clone, Debug)]
pub struct Output {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
    /// From start to end, by the wall clock.
    pub elapsed: Duration,
    command: String,
}

impl Output {
    pub(crate) fn new(
        command: String,
        status: ExitStatus,
        streams: [Vec<u8>; 2],
        elapsed: Duration,
    ) -> Self {
        let [stdout, stderr] = streams.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Self {
            code: status.code(),
            signal: status.signal(),
            stdout,
            stderr,
            elapsed,
            command,
        }
    }

    /// Asserts exit code 0.
    #[track_caller]
    pub fn success(self) -> Self {
        self.exits(0)
    }

    /// Asserts an exit code, and that it is not 0. An end by a signal is no failure but a surprise.
    #[track_caller]
    pub fn failure(self) -> Self {
        assert!(
            self.code.is_some_and(|code| code != 0),
            "expected a failure\n{self}"
        );
        self
    }

    /// Asserts this exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert!(self.code == Some(code), "expected exit code {code}\n{self}");
        self
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.command)?;
        match (self.code, self.signal) {
            (Some(code), _) => writeln!(
                f,
                "exit code {code} after {:.3} s",
                self.elapsed.as_secs_f64()
            )?,
            (None, signal) => writeln!(
                f,
                "ended by signal {signal:?} after {:.3} s",
                self.elapsed.as_secs_f64()
            )?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            writeln!(f, "--- {name}\n{text}")?;
        }
        Ok(())
    }
}

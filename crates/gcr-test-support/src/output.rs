//! Holds the result of a command. Failed assertions print the complete output.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// Result of an exited command. Bytes that are not UTF-8 become U+FFFD.
#[derive(Clone, Debug)]
pub struct Output {
    /// Exit code; `None` if a signal ended the process.
    pub code: Option<i32>,
    /// Number of the signal that ended the process.
    pub signal: Option<i32>,
    /// Complete standard output.
    pub stdout: String,
    /// Complete standard error.
    pub stderr: String,
    /// Wall-clock time from start to exit.
    pub elapsed: Duration,
    command: String,
}

impl Output {
    /// Returns the commands that the lines of a client dry run state, in order.
    pub fn commands(&self) -> Vec<&str> {
        let lines = self.stdout.lines();
        let commands = lines.filter_map(|line| line.split_once("   # "));
        commands.map(|(_, command)| command).collect()
    }

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

    /// Asserts a non-zero exit code. Death by a signal does not count as one.
    #[track_caller]
    pub fn failure(self) -> Self {
        assert!(
            self.code.is_some_and(|code| code != 0),
            "expected a non-zero exit code\n{self}"
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

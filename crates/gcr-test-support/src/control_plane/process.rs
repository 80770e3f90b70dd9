//! Starts the control plane child process, waits until it reports ready, and stops it by closing its standard input.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::options::Options;
use crate::binaries::binaries;
use crate::error::{Error, Result};

/// Time limit for starting. An idle machine needs about 3 s.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// Time limit for a graceful exit; afterwards the process is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// A running control plane. Holds the standard input pipe whose end stops the program.
pub(super) struct ControlPlaneProcess {
    child: Child,
    pub(super) kubeconfig: PathBuf,
    pub(super) port: u16,
}

impl ControlPlaneProcess {
    /// Starts the program with a state directory. `prepare` can change the command last.
    pub(super) fn start(
        options: &Options,
        state_dir: &Path,
        prepare: fn(&mut Command),
    ) -> Result<Self> {
        let program = &binaries()?.control_plane;
        let failed = |error: std::io::Error| Error::during(program.display(), error);
        let stderr = fs::File::create(state_dir.join("stderr.log")).map_err(failed)?;
        let mut command = Command::new(program);
        command
            .args(options.arguments(state_dir))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr);
        prepare(&mut command);
        let mut child = command.spawn().map_err(failed)?;

        let (sender, line) = mpsc::channel();
        let stdout = child.stdout.take();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = stdout.map(|pipe| BufReader::new(pipe).read_line(&mut line));
            let _ = sender.send(line);
        });
        let line = line.recv_timeout(START_TIMEOUT).unwrap_or_default();
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        let port = ready["server"]
            .as_str()
            .and_then(|server| server.rsplit(':').next()?.parse().ok());
        let (Some(kubeconfig), Some(port)) = (ready["kubeconfig"].as_str(), port) else {
            let _ = child.kill();
            let _ = child.wait();
            let stderr = fs::read_to_string(state_dir.join("stderr.log")).unwrap_or_default();
            return Err(Error::new(format!(
                "the control plane did not start\n{stderr}{}",
                log_tail(state_dir)
            )));
        };
        Ok(Self {
            child,
            kubeconfig: kubeconfig.into(),
            port,
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Waits for the process to exit without stopping it.
    pub(super) fn wait(&mut self) {
        // Keep the pipe open: `Child::wait` closes standard input, which would stop the program.
        let lifeline = self.child.stdin.take();
        let _ = self.child.wait();
        drop(lifeline);
    }

    pub(super) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(super) fn stop(mut self) {
        drop(self.child.stdin.take());
        let started = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if started.elapsed() > STOP_TIMEOUT {
                let _ = self.child.kill();
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Returns the last 30 lines of the log in a state directory.
pub(super) fn log_tail(state_dir: &Path) -> String {
    let path = state_dir.join("control-plane.log");
    let log = fs::read(&path).unwrap_or_default();
    let text = String::from_utf8_lossy(&log);
    let lines: Vec<_> = text.lines().collect();
    format!(
        "--- end of {}\n{}\n",
        path.display(),
        lines[lines.len().saturating_sub(30)..].join("\n")
    )
}

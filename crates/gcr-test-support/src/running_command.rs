//! Controls a running command: sends signals, reads its output so far, and waits for it up to a timeout.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::output::Output;
use crate::pty::open_pty;

/// A running command.
pub struct RunningCommand {
    child: Child,
    streams: [Stream; 2],
    command_line: String,
    started: Instant,
    timeout: Duration,
}

/// Standard streams that are connected to a terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TerminalStreams {
    None,
    Stderr,
    StdinAndStderr,
}

fn open_terminal() -> (File, File) {
    open_pty().unwrap_or_else(|error| panic!("open a terminal: {error}"))
}

impl RunningCommand {
    #[track_caller]
    pub(crate) fn start(
        mut command: Command,
        command_line: String,
        input: Option<Vec<u8>>,
        timeout: Duration,
        terminal: TerminalStreams,
    ) -> Self {
        let started = Instant::now();
        let mut terminal_output = None;
        let mut stdin = if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        let mut stderr = Stdio::piped();
        if terminal != TerminalStreams::None {
            let (controller, terminal_end) = open_terminal();
            terminal_output = Some(controller);
            if terminal == TerminalStreams::StdinAndStderr {
                let stdin_end = terminal_end.try_clone();
                stdin = stdin_end
                    .unwrap_or_else(|error| panic!("open a terminal: {error}"))
                    .into();
            }
            stderr = terminal_end.into();
        }
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap_or_else(|error| panic!("$ {command_line}\nstart: {error}"));
        // `command` holds the terminal's other end. While it is open, reading never reaches the end of the output.
        drop(command);
        if let (Some(bytes), Some(mut pipe)) = (input, child.stdin.take()) {
            // A command can exit without reading all its input, so a write error is not a failure.
            std::thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        let streams = [
            Stream::read(child.stdout.take()),
            match terminal_output {
                Some(terminal_output) => Stream::read(Some(terminal_output)),
                None => Stream::read(child.stderr.take()),
            },
        ];
        Self {
            child,
            streams,
            command_line,
            started,
            timeout,
        }
    }

    /// Sends a signal to the process, unless it has already exited.
    pub fn signal(&mut self, signal: Signal) {
        if let Ok(None) = self.child.try_wait()
            && let Some(pid) = Pid::from_raw(self.child.id().cast_signed())
        {
            let _ = kill_process(pid, signal);
        }
    }

    /// Returns whether the process is still running.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the standard error output so far.
    pub fn stderr_so_far(&self) -> String {
        String::from_utf8_lossy(&self.streams[1].so_far()).into_owned()
    }

    /// Returns the standard output so far.
    pub fn stdout_so_far(&self) -> String {
        String::from_utf8_lossy(&self.streams[0].so_far()).into_owned()
    }

    /// Returns the number of complete lines on standard output so far.
    pub fn lines_so_far(&self) -> usize {
        self.streams[0].lines_so_far()
    }

    /// Waits for the process to exit.
    ///
    /// # Panics
    /// The process exceeds its timeout; it is killed first.
    #[track_caller]
    pub fn wait(mut self) -> Output {
        let command_line = std::mem::take(&mut self.command_line);
        let status = self.wait_within_timeout();
        let elapsed = self.started.elapsed();
        let Some(status) = status else {
            let _ = self.child.kill();
            let status = self
                .child
                .wait()
                .unwrap_or_else(|error| panic!("$ {command_line}\nwait: {error}"));
            // Do not wait for the end of the streams: another process can hold them open.
            let streams = self.streams.each_ref().map(Stream::so_far);
            panic!(
                "killed after {:?}\n{}",
                self.timeout,
                Output::new(command_line, status, streams, elapsed)
            );
        };
        let streams = self.streams.each_mut().map(Stream::finish);
        Output::new(command_line, status, streams, elapsed)
    }

    /// Waits for the process to exit and returns its peak resident memory in bytes (`VmHWM` of proc(5)), sampled every
    /// millisecond; 0 on systems without it.
    #[track_caller]
    pub fn wait_with_peak_memory(mut self) -> (Output, u64) {
        let status = format!("/proc/{}/status", self.child.id());
        let mut peak = 0;
        while let Ok(None) = self.child.try_wait()
            && self.started.elapsed() <= self.timeout
        {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let value = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = value.and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok());
            peak = peak.max(kib.unwrap_or_default() << 10);
            std::thread::sleep(Duration::from_millis(1));
        }
        (self.wait(), peak)
    }

    fn wait_within_timeout(&mut self) -> Option<ExitStatus> {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Err(error) => panic!("wait for the process: {error}"),
                Ok(None) if self.started.elapsed() > self.timeout => return None,
                Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }
}

impl Drop for RunningCommand {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// One output stream, read while the command writes so that a full pipe never blocks the command.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Stream {
    fn read(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let Some(mut pipe) = pipe else { return };
            let mut chunk = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut chunk) {
                shared
                    .lock()
                    .unwrap_or_else(|poisoned| poisoned.into_inner())
                    .extend_from_slice(&chunk[..count]);
            }
        });
        Self {
            bytes,
            reader: Some(reader),
        }
    }

    fn so_far(&self) -> Vec<u8> {
        self.bytes
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }

    fn lines_so_far(&self) -> usize {
        let bytes = self
            .bytes
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        bytes.iter().filter(|byte| **byte == b'\n').count()
    }

    fn finish(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.so_far()
    }
}

//! A command that is running: to be signalled, listened to while it runs, and waited for, no longer than its limit.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::output::Output;
use crate::pty::open_pty;

/// A command that runs.
pub struct RunningCommand {
    child: Child,
    streams: [Stream; 2],
    command_line: String,
    started: Instant,
    timeout: Duration,
}

/// Which streams are a terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TerminalStreams {
    None,
    Stderr,
    StdinAndStderr,
}

fn open_terminal() -> (File, File) {
    open_pty().unwrap_or_else(|error| panic!("a terminal: {error}"))
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
        let mut screen = None;
        let mut stdin = if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        let mut stderr = Stdio::piped();
        if terminal != TerminalStreams::None {
            let (ours, theirs) = open_terminal();
            screen = Some(ours);
            if terminal == TerminalStreams::StdinAndStderr {
                let command_line = theirs.try_clone();
                stdin = command_line
                    .unwrap_or_else(|error| panic!("a terminal: {error}"))
                    .into();
            }
            stderr = theirs.into();
        }
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap_or_else(|error| panic!("$ {command_line}\ncannot be started: {error}"));
        // It holds the terminal's other end, which would keep the screen from ending.
        drop(command);
        if let (Some(bytes), Some(mut pipe)) = (input, child.stdin.take()) {
            // A command need not read what it is offered.
            std::thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        let streams = [
            Stream::read(child.stdout.take()),
            match screen {
                Some(screen) => Stream::read(Some(screen)),
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

    /// Sends a signal to the process itself. One that has ended already is left alone.
    pub fn signal(&mut self, signal: Signal) {
        if let Ok(None) = self.child.try_wait()
            && let Some(pid) = Pid::from_raw(self.child.id().cast_signed())
        {
            let _ = kill_process(pid, signal);
        }
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What has been written to standard error so far.
    pub fn stderr_so_far(&self) -> String {
        String::from_utf8_lossy(&self.streams[1].so_far()).into_owned()
    }

    /// What has been written to standard output so far.
    pub fn stdout_so_far(&self) -> String {
        String::from_utf8_lossy(&self.streams[0].so_far()).into_owned()
    }

    /// How many whole lines have been written to standard output so far.
    pub fn lines_so_far(&self) -> usize {
        self.streams[0].lines_so_far()
    }

    /// Waits for its end.
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
                .unwrap_or_else(|error| panic!("$ {command_line}\ncannot be waited for: {error}"));
            // Not to the end of the streams: somebody else may hold them open.
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

    /// Waits for its end; with the most memory it ever had resident, in bytes, as seen a millisecond before the end
    /// at the latest (`VmHWM` of proc(5)). 0 where the system does not tell.
    #[track_caller]
    pub fn wait_with_peak_memory(mut self) -> (Output, u64) {
        let status = format!("/proc/{}/status", self.child.id());
        let mut peak = 0;
        while let Ok(None) = self.child.try_wait()
            && self.started.elapsed() <= self.timeout
        {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let command_line = text
                .lines()
                .find_map(|command_line| command_line.strip_prefix("VmHWM:"));
            let kib = command_line.and_then(|command_line| {
                command_line.split_whitespace().next()?.parse::<u64>().ok()
            });
            peak = peak.max(kib.unwrap_or_default() << 10);
            std::thread::sleep(Duration::from_millis(1));
        }
        (self.wait(), peak)
    }

    fn wait_within_timeout(&mut self) -> Option<ExitStatus> {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Err(error) => panic!("the process cannot be waited for: {error}"),
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

/// One of a command's streams, read as it is written so that a full pipe never holds the command up.
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
            let mut piece = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut piece) {
                shared
                    .lock()
                    .unwrap_or_else(|poisoned| poisoned.into_inner())
                    .extend_from_slice(&piece[..count]);
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

//! One command about to be typed in a session, and one that is running. A command gets exactly the environment that
//! is written down here, and a time limit.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::output::Output;

/// A user that owns nothing, for tests that must not be root.
const NOBODY: u32 = 65534;

/// A command with its surroundings, made by [`Session`](crate::Session).
#[must_use = "nothing runs before run() or spawn()"]
pub struct Invocation {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    directory: PathBuf,
    stdin: Option<Vec<u8>>,
    user: Option<u32>,
    limit: Duration,
}

impl Invocation {
    pub(crate) fn new(
        program: PathBuf,
        directory: &Path,
        environment: BTreeMap<OsString, OsString>,
    ) -> Self {
        Self {
            program,
            arguments: Vec::new(),
            environment,
            directory: directory.to_path_buf(),
            stdin: None,
            user: None,
            limit: Duration::from_secs(60),
        }
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().into());
        self
    }

    /// More arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments.extend(
            arguments
                .into_iter()
                .map(|argument| argument.as_ref().to_os_string()),
        );
        self
    }

    /// Sets a variable of the environment.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .insert(name.as_ref().into(), value.as_ref().into());
        self
    }

    /// Takes a variable out of the environment.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.environment.remove(name.as_ref());
        self
    }

    /// What standard input holds; without it there is nothing to read.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Runs in this directory; relative to the session's work directory.
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = self.directory.join(directory);
        self
    }

    /// How long it may take, 60 s unless told. Afterwards it is killed and the test fails.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs as another Unix user, who is given the home directory and the kubeconfig. Other files of the session stay
    /// as they are.
    ///
    /// # Panics
    /// Only root can do that.
    #[track_caller]
    pub fn as_user(mut self, uid: u32) -> Self {
        for path in ["HOME", "KUBECONFIG"]
            .iter()
            .filter_map(|name| self.environment.get(OsStr::new(name)))
        {
            chown(path, Some(uid), Some(uid))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        self.user = Some(uid);
        self
    }

    /// Runs as somebody who is not root: the caller where that is so, else a user that owns nothing else.
    #[track_caller]
    pub fn not_as_root(self) -> Self {
        if rustix::process::geteuid().is_root() {
            self.as_user(NOBODY)
        } else {
            self
        }
    }

    /// The command for those who deal with its streams themselves.
    pub fn into_command(self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(&self.directory);
        if let Some(uid) = self.user {
            // The standard library gives up root's other groups along with the user.
            command.uid(uid).gid(uid);
        }
        command
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(self) -> Output {
        self.spawn().wait()
    }

    /// Starts it. It is killed when the returned value is dropped.
    #[track_caller]
    pub fn spawn(mut self) -> Running {
        let line = self.line();
        let (limit, input) = (self.limit, self.stdin.take());
        let started = Instant::now();
        let mut child = self
            .into_command()
            .stdin(if input.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("$ {line}\ncannot be started: {error}"));
        if let (Some(bytes), Some(mut pipe)) = (input, child.stdin.take()) {
            // A command need not read what it is offered.
            std::thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        let streams = [
            Stream::read(child.stdout.take()),
            Stream::read(child.stderr.take()),
        ];
        Running {
            child,
            streams,
            line,
            started,
            limit,
        }
    }

    /// As it would be typed, for messages.
    fn line(&self) -> String {
        let name = self.program.file_name().unwrap_or(self.program.as_os_str());
        let words = std::iter::once(name).chain(self.arguments.iter().map(OsString::as_os_str));
        words
            .map(OsStr::to_string_lossy)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A command that runs.
pub struct Running {
    child: Child,
    streams: [Stream; 2],
    line: String,
    started: Instant,
    limit: Duration,
}

impl Running {
    /// Sends a signal to the process itself. One that has ended already is left alone.
    pub fn signal(&mut self, signal: Signal) {
        if let Ok(None) = self.child.try_wait()
            && let Some(pid) = Pid::from_raw(self.child.id().cast_signed())
        {
            let _ = kill_process(pid, signal);
        }
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

    /// Waits for its end.
    #[track_caller]
    pub fn wait(mut self) -> Output {
        let line = std::mem::take(&mut self.line);
        let status = self.wait_within_limit();
        let took = self.started.elapsed();
        let Some(status) = status else {
            let _ = self.child.kill();
            let status = self
                .child
                .wait()
                .unwrap_or_else(|error| panic!("$ {line}\ncannot be waited for: {error}"));
            // Not to the end of the streams: somebody else may hold them open.
            let streams = self.streams.each_ref().map(Stream::so_far);
            panic!(
                "killed after {:?}\n{}",
                self.limit,
                Output::new(line, status, streams, took)
            );
        };
        let streams = self.streams.each_mut().map(Stream::read_out);
        Output::new(line, status, streams, took)
    }

    fn wait_within_limit(&mut self) -> Option<ExitStatus> {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Err(error) => panic!("the process cannot be waited for: {error}"),
                Ok(None) if self.started.elapsed() > self.limit => return None,
                Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }
}

impl Drop for Running {
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

    fn read_out(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.so_far()
    }
}

//! One command about to be typed in a session. It gets exactly the environment that is written down here, and a time
//! limit.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::output::Output;
use crate::running_command::{RunningCommand, TerminalStreams};

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
    timeout: Duration,
    terminal: TerminalStreams,
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
            timeout: Duration::from_secs(60),
            terminal: TerminalStreams::None,
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

    /// Gives it a terminal as its standard error; all that goes to the screen is what it wrote.
    pub fn stderr_on_terminal(mut self) -> Self {
        self.terminal = TerminalStreams::Stderr;
        self
    }

    /// Gives it a terminal as its standard input too, at which nobody types.
    pub fn on_terminal(mut self) -> Self {
        self.terminal = TerminalStreams::StdinAndStderr;
        self
    }

    /// How long it may take, 60 s unless told. Afterwards it is killed and the test fails.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
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
    pub fn as_non_root(self) -> Self {
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
    pub fn spawn(mut self) -> RunningCommand {
        let (command_line, input, timeout) = (self.command_line(), self.stdin.take(), self.timeout);
        let terminal = self.terminal;
        RunningCommand::start(self.into_command(), command_line, input, timeout, terminal)
    }

    /// As it would be typed, for messages.
    fn command_line(&self) -> String {
        let name = self.program.file_name().unwrap_or(self.program.as_os_str());
        let words = std::iter::once(name).chain(self.arguments.iter().map(OsString::as_os_str));
        words
            .map(OsStr::to_string_lossy)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

//! Describes a command to run in a session. The command gets exactly the environment recorded here, and a timeout.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::output::Output;
use crate::running_command::{RunningCommand, TerminalStreams};

/// Unprivileged user (`nobody`), for tests that must not run as root.
const NOBODY: u32 = 65534;

/// A command with its environment, created by [`Session`](crate::Session).
#[must_use = "the command does not run until run() or spawn()"]
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

    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments.extend(
            arguments
                .into_iter()
                .map(|argument| argument.as_ref().to_os_string()),
        );
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .insert(name.as_ref().into(), value.as_ref().into());
        self
    }

    /// Sets environment variables.
    pub fn envs(
        mut self,
        variables: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
    ) -> Self {
        for (name, value) in variables {
            self = self.env(name, value);
        }
        self
    }

    /// Removes an environment variable.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.environment.remove(name.as_ref());
        self
    }

    /// Sets the content of standard input, which is otherwise empty.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Sets the working directory, relative to the session's work directory.
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = self.directory.join(directory);
        self
    }

    /// Connects standard error to a terminal. `Output::stderr` then holds what the command wrote to the terminal.
    pub fn stderr_on_terminal(mut self) -> Self {
        self.terminal = TerminalStreams::Stderr;
        self
    }

    /// Connects standard input and standard error to a terminal that never delivers input.
    pub fn on_terminal(mut self) -> Self {
        self.terminal = TerminalStreams::StdinAndStderr;
        self
    }

    /// Sets the timeout, 60 s by default. The command is killed and the test fails when it takes longer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Runs the command as another Unix user, who becomes the owner of the home directory and the kubeconfig. Other
    /// files of the session keep their owner.
    ///
    /// # Panics
    /// The caller is not root.
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

    /// Runs the command as a user other than root: the caller if the caller is not root, otherwise `nobody`.
    #[track_caller]
    pub fn as_non_root(self) -> Self {
        if rustix::process::geteuid().is_root() {
            self.as_user(NOBODY)
        } else {
            self
        }
    }

    /// Returns the command without running it, for callers that handle its streams themselves.
    pub fn into_command(self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(&self.directory);
        if let Some(uid) = self.user {
            // The standard library also drops root's supplementary groups when the user changes.
            command.uid(uid).gid(uid);
        }
        command
    }

    /// Runs the command and waits for it to exit.
    #[track_caller]
    pub fn run(self) -> Output {
        self.spawn().wait()
    }

    /// Starts the command. Dropping the returned value kills it.
    #[track_caller]
    pub fn spawn(mut self) -> RunningCommand {
        let (command_line, input, timeout) = (self.command_line(), self.stdin.take(), self.timeout);
        let terminal = self.terminal;
        RunningCommand::start(self.into_command(), command_line, input, timeout, terminal)
    }

    /// Returns the command line for messages.
    fn command_line(&self) -> String {
        let name = self.program.file_name().unwrap_or(self.program.as_os_str());
        let words = std::iter::once(name).chain(self.arguments.iter().map(OsString::as_os_str));
        words
            .map(OsStr::to_string_lossy)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

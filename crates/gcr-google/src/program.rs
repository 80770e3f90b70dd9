//! Runs a program that prints or stores a credential, with a time limit: gcloud, and the helpers of container clients.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use kube_clientcmd::Environment;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

/// The maximum output that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// A program to run. Credentials reach it on standard input only: other users can read arguments.
#[derive(Clone, Copy)]
pub struct Program<'a> {
    /// The file.
    pub path: &'a Path,
    /// The arguments.
    pub arguments: &'a [&'a str],
    /// Standard input, which is secret; `None` for no input.
    pub input: Option<&'a [u8]>,
    /// The time limit.
    pub timeout: Duration,
}

/// The output of a program.
pub struct Output {
    /// Whether its exit code is 0.
    pub is_success: bool,
    /// Standard output, which is secret.
    pub text: Zeroizing<Vec<u8>>,
    /// Standard error.
    pub errors: String,
}

/// A program that did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It does not start.
    #[error("cannot start: {0}")]
    Start(std::io::Error),
    /// Its output cannot be read, or is larger than 1 MiB.
    #[error("cannot read its output: {0}")]
    Output(std::io::Error),
    /// It did not end in time.
    #[error("no result within {0} seconds")]
    TimedOut(u64),
}

/// Ends the program when dropped, and its children if it has a process group of its own. gcloud is a shell script that starts
/// Python.
struct ProcessGroup {
    child: Child,
    is_own: bool,
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        #[cfg(unix)]
        if self.is_own
            && let Some(id) = self.child.id()
            && let Some(group) = rustix::process::Pid::from_raw(id.cast_signed())
        {
            // The group may have ended already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// Returns the program of this name in the directories of `PATH`.
#[must_use]
pub fn find(name: &str, environment: &Environment) -> Option<PathBuf> {
    let extensions: &[&str] = if cfg!(windows) {
        &[".cmd", ".exe"]
    } else {
        &[""]
    };
    let path = environment.os("PATH")?;
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .flat_map(|directory| {
            let files = extensions
                .iter()
                .map(move |it| directory.join(format!("{name}{it}")));
            files.collect::<Vec<_>>()
        })
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(file) else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
    }
    #[cfg(not(unix))]
    metadata.is_file()
}

/// Runs a program to its end. One without input cannot ask the user, and gets a process group of its own.
///
/// # Errors
/// Fails if it cannot be started, does not end in time, or prints more than 1 MiB.
pub async fn run(program: Program<'_>) -> Result<Output, ProgramError> {
    let mut command = Command::new(program.path);
    command
        .args(program.arguments)
        .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
        .stdin(match program.input {
            Some(_) => Stdio::piped(),
            None => Stdio::null(),
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // A helper may ask for a password on the terminal, which only the foreground group may read.
    let is_own = program.input.is_none();
    #[cfg(unix)]
    if is_own {
        command.process_group(0);
    }
    let child = command.spawn().map_err(ProgramError::Start)?;
    let mut group = ProcessGroup { child, is_own };
    let (stdout, stderr) = (group.child.stdout.take(), group.child.stderr.take());
    let stdin = group.child.stdin.take();
    let finished = async {
        let write = async {
            if let (Some(mut stdin), Some(input)) = (stdin, program.input) {
                // A program that fails may not read its input. Its exit code says so.
                let _ = stdin.write_all(input).await;
            }
        };
        let ((), text, errors) = tokio::join!(write, read(stdout), read(stderr));
        let status = group.child.wait().await?;
        Ok::<_, std::io::Error>(Output {
            is_success: status.success(),
            text: text?,
            errors: String::from_utf8_lossy(&errors?).into_owned(),
        })
    };
    match tokio::time::timeout(program.timeout, finished).await {
        Ok(output) => output.map_err(ProgramError::Output),
        Err(_) => Err(ProgramError::TimedOut(program.timeout.as_secs())),
    }
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    if let Some(stream) = stream {
        stream.take(MAX_BYTES + 1).read_to_end(&mut bytes).await?;
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(std::io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}

//! Runs a program that prints a credential: without standard input, with a time limit, in a process group of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use kube_clientcmd::Environment;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::credential_error::SourceError;

/// The maximum output that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The output of a program.
pub(super) struct Output {
    pub(super) is_success: bool,
    /// Standard output, which is secret.
    pub(super) text: Zeroizing<Vec<u8>>,
    /// Standard error.
    pub(super) errors: String,
}

/// Ends the program and its children when dropped. gcloud is a shell script that starts Python.
struct ProcessGroup(Child);

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.0.id()
            && let Some(group) = rustix::process::Pid::from_raw(id.cast_signed())
        {
            // The group may have ended already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// Returns the program of this name in the directories of `PATH`.
pub(super) fn find(name: &str, environment: &Environment) -> Option<PathBuf> {
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

/// Runs a program to its end.
///
/// # Errors
/// Fails if it cannot be started, does not end in time, or prints more than 1 MiB.
pub(super) async fn run(
    program: &Path,
    arguments: &[&str],
    timeout: Duration,
) -> Result<Output, SourceError> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let child = command.spawn();
    let child = child.map_err(|error| SourceError::unusable(format!("cannot start: {error}")))?;
    let mut group = ProcessGroup(child);
    let (stdout, stderr) = (group.0.stdout.take(), group.0.stderr.take());
    let finished = async {
        let (text, errors) = tokio::join!(read(stdout), read(stderr));
        let status = group.0.wait().await?;
        Ok::<_, std::io::Error>(Output {
            is_success: status.success(),
            text: text?,
            errors: String::from_utf8_lossy(&errors?).into_owned(),
        })
    };
    match tokio::time::timeout(timeout, finished).await {
        Ok(output) => output
            .map_err(|error| SourceError::unusable(format!("cannot read its output: {error}"))),
        Err(_) => Err(SourceError::unusable(format!(
            "no result within {} seconds",
            timeout.as_secs()
        ))),
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

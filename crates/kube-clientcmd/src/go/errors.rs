//! Formats errors of the operating system with Go's messages, which kubectl prints.
//!
//! The message depends on the error's kind, not on its text.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::escape_control::escape_control;

/// A failed operation on a file, with the message of Go's `os.PathError`: `open PATH: no such file or directory`.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{operation} {}: {}", escape_control(&path.to_string_lossy()), errno(source))]
pub(crate) struct PathError {
    operation: &'static str,
    path: PathBuf,
    source: Arc<io::Error>,
}

impl PathError {
    /// Returns the error of `operation` on `path`.
    pub(crate) fn new(operation: &'static str, path: &Path, error: io::Error) -> Self {
        let operation = match error.kind() {
            // Go can open a directory and fails at the first read.
            io::ErrorKind::IsADirectory => "read",
            _ => operation,
        };
        Self {
            operation,
            path: path.to_owned(),
            source: Arc::new(error),
        }
    }

    /// Returns the error of opening `path`.
    pub(crate) fn open(path: &Path, error: io::Error) -> Self {
        Self::new("open", path, error)
    }
}

/// Returns Go's message for an error, without operation and path.
pub fn errno(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    let known = match error.kind() {
        Kind::NotFound => "no such file or directory",
        Kind::PermissionDenied => "permission denied",
        Kind::IsADirectory => "is a directory",
        Kind::NotADirectory => "not a directory",
        Kind::AlreadyExists => "file exists",
        Kind::ReadOnlyFilesystem => "read-only file system",
        Kind::StorageFull => "no space left on device",
        Kind::ConnectionRefused => "connection refused",
        Kind::ConnectionReset => "connection reset by peer",
        Kind::BrokenPipe => "broken pipe",
        Kind::HostUnreachable => "no route to host",
        Kind::NetworkUnreachable => "network is unreachable",
        Kind::TimedOut => "connection timed out",
        Kind::AddrNotAvailable => "cannot assign requested address",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    let lower = characters
        .next()
        .map(|first| first.to_lowercase().chain(characters).collect::<String>())
        .unwrap_or_default();
    escape_control(&lower).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_returns_message_of_go() {
        let missing = std::fs::read("/nope/x").unwrap_err();
        assert_eq!(
            PathError::open(Path::new("/nope/x"), missing).to_string(),
            "open /nope/x: no such file or directory"
        );
        let directory = std::fs::read("/").unwrap_err();
        assert_eq!(
            PathError::open(Path::new("/"), directory).to_string(),
            "read /: is a directory"
        );
    }
}

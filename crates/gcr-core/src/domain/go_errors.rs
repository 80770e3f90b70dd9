//! Errors of the operating system in the words Go has for them, which are the words kubectl prints.
//!
//! Goes by the kind of an error, never by its text.

use std::io;
use std::path::Path;

use super::escape_control::escape_control;

/// `open PATH: no such file or directory`, as Go's `os.PathError`.
pub(crate) fn path_error(operation: &str, path: &Path, error: &io::Error) -> String {
    let operation = match error.kind() {
        // Go opens a directory without complaint and fails at its first read.
        io::ErrorKind::IsADirectory => "read",
        _ => operation,
    };
    format!(
        "{operation} {}: {}",
        escape_control(&path.to_string_lossy()),
        errno(error)
    )
}

/// The error alone.
pub(crate) fn errno(error: &io::Error) -> String {
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
    fn a_missing_file_and_a_directory_are_worded_as_by_go() {
        let missing = std::fs::read("/nope/x").unwrap_err();
        assert_eq!(
            path_error("open", Path::new("/nope/x"), &missing),
            "open /nope/x: no such file or directory"
        );
        let directory = std::fs::read("/").unwrap_err();
        assert_eq!(
            path_error("open", Path::new("/"), &directory),
            "read /: is a directory"
        );
    }
}

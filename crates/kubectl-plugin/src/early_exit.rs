//! Prints the result of a command line that makes no request: help, a version, candidates or an error.

use std::io::{self, ErrorKind, Write};

use kube_clientcmd::ResolveError;
use kube_clientcmd::go::errors::errno;

use crate::usage_error::UsageError;

/// The exit code of a printed text.
const OK: u8 = 0;
/// kubectl's exit code for any error.
const FAILED: u8 = 1;

/// The result of a command line that makes no request to a server.
#[derive(Debug)]
pub enum EarlyExit {
    /// Text for standard output, such as help.
    Print(String),
    /// An error for standard error.
    Error(String),
}

impl EarlyExit {
    /// Prints the text with a final newline and returns the exit code: 0 for text, 1 for an error. The text is printed
    /// unchanged: its author escapes control characters.
    ///
    /// A text that cannot be written, for example onto a full disk, is an error too. A closed pipe is not: its reader has
    /// read enough.
    #[expect(
        clippy::disallowed_methods,
        reason = "the only place of this crate that writes to the terminal"
    )]
    pub fn print(&self) -> u8 {
        self.write(&mut io::stdout().lock(), &mut io::stderr().lock())
    }

    /// Does the same as [`Self::print`] with these streams.
    fn write(&self, stdout: &mut impl Write, stderr: &mut impl Write) -> u8 {
        match self {
            Self::Print(text) => {
                let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
                match written {
                    Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                        // As kubectl reports it. An error of standard error cannot be reported anywhere.
                        let _ = writeln!(stderr, "error: write /dev/stdout: {}", errno(&error));
                        FAILED
                    }
                    _ => OK,
                }
            }
            Self::Error(text) => {
                let _ = writeln!(stderr, "{text}");
                FAILED
            }
        }
    }
}

impl From<ResolveError> for EarlyExit {
    /// Returns kubectl's error for a connection that cannot be resolved.
    fn from(error: ResolveError) -> Self {
        Self::Error(error.kubectl_line())
    }
}

impl From<UsageError> for EarlyExit {
    fn from(error: UsageError) -> Self {
        Self::Error(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that accepts text and fails to flush it, as a full disk does.
    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn text_and_error_go_to_their_streams() {
        let print = |exit: EarlyExit| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let code = exit.write(&mut out, &mut err);
            let text = |bytes| String::from_utf8(bytes).unwrap();
            (code, text(out), text(err))
        };
        assert_eq!(
            print(EarlyExit::Print("help".to_owned())),
            (0, "help\n".to_owned(), String::new())
        );
        assert_eq!(
            print(UsageError::new("no").into()),
            (1, String::new(), "error: no\n".to_owned())
        );
    }

    #[test]
    fn full_disk_is_error_and_closed_pipe_is_not() {
        let print = |kind| {
            let mut err = Vec::new();
            let code = EarlyExit::Print("help".to_owned()).write(&mut Failing(kind), &mut err);
            (code, String::from_utf8(err).unwrap())
        };
        let message = "error: write /dev/stdout: no space left on device\n";
        assert_eq!(print(ErrorKind::StorageFull), (1, message.to_owned()));
        assert_eq!(print(ErrorKind::BrokenPipe), (0, String::new()));
    }
}

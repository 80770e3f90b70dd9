//! Cleans up after Ctrl-C. Children at the same terminal receive the signal themselves, and a control plane exits when
//! the pipe to this process closes; the temporary directories are removed here.

use std::process;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::{Error, Result};
use crate::scratch;

/// Installs signal handlers that remove this process's temporary directories and exit with 128 plus the signal number.
///
/// # Errors
/// The system refuses to install the signal handlers.
pub fn clean_up_on_signals() -> Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])
        .map_err(|error| Error::during("install signal handlers", error))?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            scratch::remove_all();
            scratch::remove_stale();
            exit(128 + signal);
        }
    });
    Ok(())
}

#[expect(
    clippy::exit,
    reason = "the main thread waits for a child process and cannot be interrupted"
)]
fn exit(code: i32) -> ! {
    process::exit(code)
}

//! What Ctrl-C leaves behind: nothing. Children at the terminal get the signal themselves, a control plane ends with
//! the pipe that ends with us, and the temporary directories are removed here.

use std::process;
use std::thread;

use gcr_test_support::{Error, Result, scratch};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// From now on, ends the process at a signal, after removing its temporary directories, with the shell's exit code.
pub(crate) fn clean_up_on_signals() -> Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])
        .map_err(|error| Error::during("waiting for signals", error))?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            scratch::remove_all();
            scratch::remove_stale();
            end(128 + signal);
        }
    });
    Ok(())
}

#[expect(
    clippy::exit,
    reason = "the main thread waits for a child and cannot be made to return"
)]
fn end(code: i32) -> ! {
    process::exit(code)
}

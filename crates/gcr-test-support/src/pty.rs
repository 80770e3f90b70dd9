//! A terminal for a command to write to, whose screen is read here.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Both ends: what reads the screen, and what the command is given.
///
/// # Errors
/// The system has no terminal left.
pub(crate) fn open_pty() -> io::Result<(File, File)> {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&screen)?;
    unlockpt(&screen)?;
    let name = ptsname(&screen, Vec::new())?;
    // Nobody's controlling terminal: Ctrl-C at ours is not meant for it.
    let line: OwnedFd = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())?;
    let size = Winsize {
        ws_row: 24,
        ws_col: 100,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&line, size)?;
    Ok((screen.into(), line.into()))
}

//! The exit codes, all of them (CLI.md, *Exit code*).

/// All is as asked, also when nothing had to change.
pub const OK: u8 = 0;
/// Anything else: bad usage, a refusal, an object that failed or was not started.
pub const FAILED: u8 = 1;
/// Ended by Ctrl-C (128 + SIGINT).
pub const INTERRUPTED: u8 = 130;
/// Ended by SIGTERM (128 + 15).
pub const TERMINATED: u8 = 143;

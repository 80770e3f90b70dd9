//! The exit codes of the plugins.

/// Every object has the desired state, whether or not it had to change.
pub const OK: u8 = 0;
/// Any error: invalid usage, a connection error, or an object that failed, is unknown or was not started.
pub const FAILED: u8 = 1;
/// Interrupted by Ctrl-C (128 + SIGINT).
pub const INTERRUPTED: u8 = 130;
/// Terminated by SIGTERM (128 + 15).
pub const TERMINATED: u8 = 143;

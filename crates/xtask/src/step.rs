//! Runs the steps of longer tasks: one line per step with its result and duration. The output of a command is shown
//! only if the command fails.

use std::fs::File;
use std::io::Write;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use gcr_test_support::scratch::ScratchDir;
use gcr_test_support::{Error, Result};

/// Runs a step and prints its line.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    print!("{name} ... ");
    let _ = std::io::stdout().flush();
    let started = Instant::now();
    let result = work();
    let word = if result.is_ok() { "ok" } else { "FAILED" };
    println!("{word}, {:.1} s", started.elapsed().as_secs_f64());
    result
}

/// Result of a command: its exit status, and what it wrote to both streams, in order.
pub(crate) struct CommandOutput {
    pub(crate) status: ExitStatus,
    pub(crate) text: String,
}

/// Runs a command and returns its result.
pub(crate) fn capture(command: &mut Command) -> Result<CommandOutput> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |error| Error::during(&program, error);
    let dir = ScratchDir::new("output")?;
    let path = dir.path().join("output");
    let file = File::create(&path).map_err(failed)?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file.try_clone().map_err(failed)?)
        .stderr(file)
        .status()
        .map_err(failed)?;
    let text = String::from_utf8_lossy(&std::fs::read(&path).map_err(failed)?).into_owned();
    Ok(CommandOutput { status, text })
}

/// Runs a command that must succeed, and returns its output.
///
/// # Errors
/// The command cannot be started, or fails; the error then contains its output.
pub(crate) fn capture_success(command: &mut Command) -> Result<String> {
    let output = capture(command)?;
    if output.status.success() {
        Ok(output.text)
    } else {
        Err(Error::new(format!("{}\n{}", output.status, output.text)))
    }
}

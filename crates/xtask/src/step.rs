//! One step of a longer check: a line that says what it was and how long it took. What a command says is shown only
//! when it fails, and then all of it.

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

/// A command's end, and all that it wrote to both streams, in order.
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) text: String,
}

/// Runs a command to its end.
pub(crate) fn listen(command: &mut Command) -> Result<Said> {
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
    Ok(Said { status, text })
}

/// Runs a command that has to succeed.
pub(crate) fn succeed(command: &mut Command) -> Result<String> {
    let said = listen(command)?;
    if said.status.success() {
        Ok(said.text)
    } else {
        Err(Error::new(format!("{}\n{}", said.status, said.text)))
    }
}

//! Builds the plugins under test in the form that users install: a release build of both packages in one command with the
//! committed lock file, independent of the environment of the tests. `cargo xtask test` builds them once and passes
//! their directory in [`BIN_DIR`]; otherwise each test process runs cargo, which is a no-op when nothing changed.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use crate::build_progress::{BuildProgress, print_status};
use crate::checkout;
use crate::error::{Error, Result};
pub use crate::plugin_names::{PLUGINS, completion_file};
use crate::release_build::{ReleaseBuild, executable_directory};

/// Environment variable: the directory of the built plugins.
pub const BIN_DIR: &str = "GCR_TEST_BIN_DIR";

/// Directory of the plugins that this process uses.
static DIRECTORY: OnceLock<Result<PathBuf>> = OnceLock::new();

/// Returns the directory of both binaries, which have cargo's names.
///
/// # Errors
/// The binaries are not in [`BIN_DIR`], or cannot be built.
pub fn directory() -> Result<&'static Path> {
    directory_or(build)
}

/// Makes [`directory`] return a build of the dev profile, unless [`BIN_DIR`] is set or [`directory`] was called before.
/// This build takes less time than a release build, and shares compiled dependencies with `cargo xtask` itself. Progress
/// goes to standard error.
///
/// # Errors
/// As for [`directory`].
pub fn use_dev_build() -> Result<()> {
    directory_or(build_dev).map(drop)
}

fn directory_or(build: fn() -> Result<PathBuf>) -> Result<&'static Path> {
    let found = DIRECTORY.get_or_init(|| match std::env::var_os(BIN_DIR) {
        Some(directory) => check(directory.into()),
        None => build(),
    });
    found.as_deref().map_err(Clone::clone)
}

fn check(directory: PathBuf) -> Result<PathBuf> {
    match PLUGINS
        .iter()
        .find(|(binary, _)| !directory.join(binary).is_file())
    {
        Some((binary, _)) => Err(Error::new(format!(
            "{BIN_DIR}={}: {binary} not found",
            directory.display()
        ))),
        None => Ok(directory),
    }
}

/// Makes the canonical release build of this checkout for this machine. Returns the directory of the binaries.
///
/// # Errors
/// cargo failed; its messages are on standard error.
pub fn build() -> Result<PathBuf> {
    ReleaseBuild::here().run()
}

/// Like [`build`], but prints to standard error only on failure.
///
/// # Errors
/// As for [`build`].
pub fn build_quietly() -> Result<PathBuf> {
    ReleaseBuild::here().quietly().run()
}

fn build_dev() -> Result<PathBuf> {
    let failed = |error| Error::during("cargo build", error);
    let mut cargo = checkout::cargo();
    cargo
        .args(["build", "--quiet", "--locked"])
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    for (package, _) in PLUGINS {
        cargo.args(["--package", package]);
    }
    let mut child = cargo.spawn().map_err(failed)?;
    let progress = BuildProgress::start("plugins");
    let (mut messages, mut compiled) = (String::new(), 0);
    if let Some(stdout) = child.stdout.take() {
        progress.follow(stdout, |message| {
            if message.contains("\"reason\":\"compiler-artifact\"") {
                compiled += 1;
            }
            messages += &message;
            messages.push('\n');
            format!("{compiled} crates compiled")
        });
    }
    let status = child.wait().map_err(failed)?;
    let seconds = progress.seconds();
    progress.finish();
    if !status.success() {
        return Err(Error::new("build of the plugins failed"));
    }
    print_status(&format!("plugins built in {seconds} s"));
    executable_directory(&messages)
}

//! Makes the release build of the plugins. Tests, `install` and the release archives use the same binaries, whose bytes
//! do not depend on the build directory (`cargo xtask test reproducible` compares two builds).

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::checkout;
use crate::error::{Error, Result};
use crate::plugin_names::PLUGINS;

/// `cargo build --release --locked` of both packages in one command. Building only one unifies features differently and
/// produces different bytes.
pub struct ReleaseBuild {
    root: PathBuf,
    cargo_home: Option<PathBuf>,
    target: Option<String>,
    quiet: bool,
}

impl ReleaseBuild {
    /// Returns the build of this checkout for this machine.
    pub fn here() -> Self {
        Self::of(&checkout::root())
    }

    /// Returns the build of the checkout at `root`, into its own `target` directory.
    pub fn of(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            cargo_home: None,
            target: None,
            quiet: false,
        }
    }

    /// Builds for a target triple of rustc. A triple with a glibc version, such as `x86_64-unknown-linux-gnu.2.17`, is
    /// built by cargo-zigbuild.
    #[must_use]
    pub fn target(mut self, triple: &str) -> Self {
        self.target = Some(triple.to_owned());
        self
    }

    /// Uses this `CARGO_HOME` instead of the caller's.
    #[must_use]
    pub fn cargo_home(mut self, home: &Path) -> Self {
        self.cargo_home = Some(home.to_owned());
        self
    }

    /// Prints to standard error only on failure.
    #[must_use]
    pub fn quietly(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Builds and returns the directory of the binaries.
    ///
    /// # Errors
    /// cargo failed; its messages are on standard error.
    pub fn run(&self) -> Result<PathBuf> {
        let output = self
            .command()
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| Error::during("cargo build", error))?;
        if !output.status.success() {
            return Err(Error::new("release build of the plugins failed"));
        }
        executable_directory(&String::from_utf8_lossy(&output.stdout))
    }

    fn command(&self) -> Command {
        let mut cargo = checkout::cargo();
        let with_glibc = self.target.as_ref().is_some_and(|it| it.contains('.'));
        cargo
            .current_dir(&self.root)
            .arg(if with_glibc { "zigbuild" } else { "build" })
            .args(["--release", "--locked"])
            .arg("--message-format=json-render-diagnostics")
            // These variables of the caller's environment would change the bytes or the target directory.
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags())
            .env("CARGO_INCREMENTAL", "0")
            // The caller of this build installs the files under their final names, so the plugins' build.rs does not
            // have to explain how.
            .env("KUBECTL_PLUGIN_IS_NAMED", "1")
            .env_remove("CARGO_BUILD_TARGET")
            .env_remove("CARGO_BUILD_RUSTFLAGS")
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("CFLAGS")
            .env_remove("RUSTFLAGS");
        if let Some(home) = &self.cargo_home {
            cargo.env("CARGO_HOME", home);
        }
        if self.quiet {
            cargo.arg("--quiet");
        }
        if let Some(target) = &self.target {
            cargo.args(["--target", target]);
        }
        for (package, _) in PLUGINS {
            cargo.args(["-p", package]);
        }
        cargo
    }

    /// Returns rustc's flags, separated by U+001F as cargo requires, because paths can contain spaces.
    fn flags(&self) -> OsString {
        let mut flags = OsString::from("--remap-path-prefix=");
        flags.push(&self.root);
        flags.push("=.");
        if let Some(home) = self.cargo_home.clone().or_else(checkout::cargo_home) {
            flags.push("\u{1f}--remap-path-prefix=");
            flags.push(home);
            flags.push("=cargo");
        }
        flags
    }
}

/// Returns the directory of the first executable in cargo's JSON messages.
pub(crate) fn executable_directory(messages: &str) -> Result<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .find_map(|executable| executable.parent().map(Path::to_path_buf))
        .ok_or_else(|| Error::new("cargo build: no executable in its output"))
}

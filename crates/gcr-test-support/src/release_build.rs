//! The one way in which the plugins are built as users get them: tests, `install` and release archives all have these
//! bytes. No path of where it was built stands in them. (`cargo xtask test reproducible` tells whether two builds agree.)

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::checkout;
use crate::error::{Error, Result};
use crate::plugins::PLUGINS;

/// `cargo build --release --locked` of both packages in one command, since one alone unifies features differently and
/// gives other bytes.
pub struct ReleaseBuild {
    root: PathBuf,
    cargo_home: Option<PathBuf>,
    target: Option<String>,
    quiet: bool,
}

impl ReleaseBuild {
    /// The build of this checkout, for this machine.
    pub fn here() -> Self {
        Self::of(&checkout::root())
    }

    /// The build of the checkout with this root, into its own `target`.
    pub fn of(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            cargo_home: None,
            target: None,
            quiet: false,
        }
    }

    /// For another machine: a target triple as rustc has them. One with a glibc version behind it, as in
    /// `x86_64-unknown-linux-gnu.2.17`, is built by cargo-zigbuild.
    #[must_use]
    pub fn target(mut self, triple: &str) -> Self {
        self.target = Some(triple.to_owned());
        self
    }

    /// With another `CARGO_HOME` than the caller's.
    #[must_use]
    pub fn cargo_home(mut self, home: &Path) -> Self {
        self.cargo_home = Some(home.to_owned());
        self
    }

    /// With nothing on standard error unless it fails.
    #[must_use]
    pub fn quietly(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Builds. Returns the directory of the binaries.
    ///
    /// # Errors
    /// cargo failed; what it had to say is on standard error.
    pub fn run(&self) -> Result<PathBuf> {
        let output = self
            .command()
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| Error::during("cargo build", error))?;
        if !output.status.success() {
            return Err(Error::new("the release build of the plugins failed"));
        }
        let built = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
            .find_map(|executable| executable.parent().map(Path::to_path_buf));
        built.ok_or_else(|| Error::new("cargo build named no executable"))
    }

    fn command(&self) -> Command {
        let mut cargo = checkout::cargo();
        let with_glibc = self.target.as_ref().is_some_and(|it| it.contains('.'));
        cargo
            .current_dir(&self.root)
            .arg(if with_glibc { "zigbuild" } else { "build" })
            .args(["--release", "--locked"])
            .arg("--message-format=json-render-diagnostics")
            // What the caller's environment sets would be in the bytes, or in another directory.
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags())
            .env("CARGO_INCREMENTAL", "0")
            // Whoever asks for this build also gives the files their names: plugins' build.rs need not tell how.
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

    /// rustc's flags, separated as cargo wants them: a path may hold spaces.
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

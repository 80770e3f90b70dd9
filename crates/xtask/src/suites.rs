//! `cargo xtask test NAME`: suites that need a tool other than Rust, Go, git and a C compiler, or that take long. A suite
//! whose tool is missing fails and says how to get it; no suite is skipped.

use std::path::Path;
use std::process::Command;

use clap::ValueEnum;
use gcr_test_support::{ControlPlane, Error, Options, Result, Session, checkout};

use crate::required_tool::require_tool;
use crate::step::{capture_success, step};
use crate::{debian, fuzz, google, reproducible};

/// A suite with a name.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Suite {
    /// The Debian packages of this machine, built with cargo-deb and read with dpkg-deb
    Debian,
    /// Each fuzz target for a minute
    Fuzz,
    /// The fake Google, held against gcloud, Google's Go clients and discovery documents
    Google,
    /// shellcheck over shell scripts, actionlint over workflows
    Lint,
    /// The last commit built in two directories, and the archives compared
    Reproducible,
    /// Completion in a real bash with bash-completion
    Shells,
}

/// Paths at which distributions and Homebrew install bash-completion.
const BASH_COMPLETION: [&str; 4] = [
    "/usr/share/bash-completion/bash_completion",
    "/usr/local/share/bash-completion/bash_completion",
    "/opt/homebrew/share/bash-completion/bash_completion",
    "/etc/bash_completion",
];

/// Runs a suite.
pub(crate) fn run(suite: Suite) -> Result<()> {
    match suite {
        Suite::Debian => debian::run(),
        Suite::Fuzz => fuzz::run(),
        Suite::Google => google::run(),
        Suite::Lint => lint(),
        Suite::Reproducible => reproducible::run(),
        Suite::Shells => shells(),
    }
}

fn lint() -> Result<()> {
    require_tool(
        "shellcheck",
        "--version",
        "https://www.shellcheck.net, or a distribution's package `shellcheck`",
    )?;
    require_tool(
        "actionlint",
        "--version",
        "https://github.com/rhysd/actionlint, or `go install github.com/rhysd/actionlint/cmd/actionlint@latest`",
    )?;
    let mut git = Command::new("git");
    let scripts = capture_success(
        git.args(["ls-files", "--", ".ci", "*.sh"])
            .current_dir(checkout::root()),
    )?;
    step("shellcheck", || {
        let mut shellcheck = Command::new("shellcheck");
        capture_success(
            shellcheck
                .args(scripts.lines())
                .current_dir(checkout::root()),
        )
    })?;
    step("actionlint", || {
        let mut actionlint = Command::new("actionlint");
        capture_success(actionlint.arg("-no-color").current_dir(checkout::root()))
    })?;
    Ok(())
}

fn shells() -> Result<()> {
    require_tool("bash", "--version", "a distribution's package `bash`")?;
    let completion = BASH_COMPLETION
        .into_iter()
        .find(|path| Path::new(path).is_file());
    let completion = completion.ok_or_else(|| {
        Error::new("bash-completion is not installed; get it from a distribution's package `bash-completion`, or from https://github.com/scop/bash-completion")
    })?;
    let plane = step("control plane", || {
        ControlPlane::start(Options::new().throwaway())
    })?;
    let session = Session::open(Some(plane.kubeconfig()))?;
    let output = step("completion in bash", || {
        let mut bash = Command::new("bash");
        bash.arg("--norc")
            .arg(checkout::root().join("tests/shells/bash.sh"))
            .env_clear()
            .envs(session.environment())
            .env("BASH_COMPLETION", completion)
            .current_dir(session.work());
        capture_success(&mut bash)
    })?;
    print!("{output}");
    Ok(())
}

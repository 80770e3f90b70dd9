//! `cargo xtask test NAME`: suites that need a tool beside Rust, Go, git and a C compiler. A suite whose tool is
//! missing fails and says how to get it; it never passes by skipping.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use gcr_test_support::{ControlPlane, Error, Options, Result, Session, checkout};

use crate::step::{step, succeed};
use crate::{fuzz, reproducible};

struct Suite {
    name: &'static str,
    does: &'static str,
    run: fn() -> Result<()>,
}

const SUITES: [Suite; 4] = [
    Suite {
        name: "fuzz",
        does: "each fuzz target of the core for a minute",
        run: fuzz::run,
    },
    Suite {
        name: "lint",
        does: "shellcheck over shell scripts, actionlint over workflows",
        run: lint,
    },
    Suite {
        name: "reproducible",
        does: "the last commit built in two directories, and the archives compared",
        run: reproducible::run,
    },
    Suite {
        name: "shells",
        does: "completion in a real bash with bash-completion",
        run: shells,
    },
];

/// Where distributions and Homebrew put bash-completion.
const BASH_COMPLETION: [&str; 4] = [
    "/usr/share/bash-completion/bash_completion",
    "/usr/local/share/bash-completion/bash_completion",
    "/opt/homebrew/share/bash-completion/bash_completion",
    "/etc/bash_completion",
];

/// Runs the suite of this name.
pub(crate) fn run(name: &str) -> Result<()> {
    match SUITES.iter().find(|suite| suite.name == name) {
        Some(suite) => (suite.run)(),
        None => {
            let known = SUITES
                .iter()
                .map(|suite| format!("\n  {:12} {}", suite.name, suite.does));
            Err(Error::new(format!(
                "there is no suite {name:?}; there are:{}",
                known.collect::<String>()
            )))
        }
    }
}

fn lint() -> Result<()> {
    wanted(
        "shellcheck",
        "--version",
        "https://www.shellcheck.net, or a distribution's package `shellcheck`",
    )?;
    wanted(
        "actionlint",
        "--version",
        "https://github.com/rhysd/actionlint, or `go install github.com/rhysd/actionlint/cmd/actionlint@latest`",
    )?;
    let mut list = Command::new("git");
    let listed = succeed(
        list.args(["ls-files", "--", ".ci", "*.sh"])
            .current_dir(checkout::root()),
    )?;
    step("shellcheck", || {
        let mut shellcheck = Command::new("shellcheck");
        succeed(
            shellcheck
                .args(listed.lines())
                .current_dir(checkout::root()),
        )
    })?;
    step("actionlint", || {
        let mut actionlint = Command::new("actionlint");
        succeed(actionlint.arg("-no-color").current_dir(checkout::root()))
    })?;
    Ok(())
}

fn shells() -> Result<()> {
    wanted("bash", "--version", "a distribution's package `bash`")?;
    let completion = BASH_COMPLETION
        .into_iter()
        .find(|path| Path::new(path).is_file());
    let completion = completion.ok_or_else(|| {
        Error::new("bash-completion is not there; get it from a distribution's package `bash-completion`, or from https://github.com/scop/bash-completion")
    })?;
    let plane = step("control plane", || {
        ControlPlane::start(Options::new().throwaway())
    })?;
    let session = Session::open(Some(plane.kubeconfig()))?;
    let said = step("completion in bash", || {
        let mut bash = Command::new("bash");
        bash.arg("--norc")
            .arg(checkout::root().join("tests/shells/bash.sh"))
            .env_clear()
            .envs(session.environment())
            .env("BASH_COMPLETION", completion)
            .current_dir(session.work());
        succeed(&mut bash)
    })?;
    print!("{said}");
    Ok(())
}

/// That a tool is there.
pub(crate) fn wanted(tool: &str, question: &str, source: &str) -> Result<()> {
    match Command::new(tool).arg(question).output() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::new(format!(
            "{tool} is not on PATH; get it from {source}"
        ))),
        Err(error) => Err(Error::during(tool, error)),
    }
}

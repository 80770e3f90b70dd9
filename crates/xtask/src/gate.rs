//! `cargo xtask test`: everything that must hold before a change lands, cheapest first. Stops at the first thing that
//! does not. Needs Rust, Go, git and a C compiler; what needs more is a suite with a name.

use std::path::Path;
use std::process::Command;

use gcr_test_support::{
    ControlPlane, Error, Options, Result, binaries, checkout, control_plane, plugins, scratch,
};

use crate::step::{step, succeed};
use crate::suites;

/// The largest stripped binary, in bytes.
const LARGEST_BINARY: u64 = 8_000_000;
/// As the control plane is built, so that vet finds it compiled.
const GO_FLAGS: [&str; 2] = ["-trimpath", "-buildvcs=false"];

/// Runs the gate, or a named suite.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    match words {
        [] => gate(),
        [name] => suites::run(name),
        _ => Err(crate::not_understood("test", words)),
    }
}

fn gate() -> Result<()> {
    step("format", || succeed(&mut cargo("fmt --all --check")))?;
    step("lints", || {
        succeed(&mut cargo(
            "clippy --quiet --workspace --all-targets --locked -- -D warnings",
        ))
    })?;
    step("documentation", || {
        let mut doc = cargo("doc --quiet --workspace --no-deps --locked");
        succeed(doc.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    let plugins = step("release build of the plugins", plugins::build_quietly)?;
    step("size of the plugins", || small_enough(&plugins))?;
    step("control plane", binaries::binaries)?;
    step("format of Go", go_format)?;
    step("lints of Go", || {
        let mut vet = Command::new("go");
        vet.arg("vet")
            .args(GO_FLAGS)
            .arg("./...")
            .current_dir(checkout::control_plane_module());
        succeed(&mut vet)
    })?;
    let shared = step("start of the shared control plane", || {
        ControlPlane::start(Options::new().throwaway())
    })?;
    let tests = step("tests", || {
        let mut test = cargo("test --workspace --locked --no-fail-fast");
        test.env(plugins::BIN_DIR, &plugins);
        succeed(test.env(control_plane::KUBECONFIG, shared.kubeconfig()))
    });
    drop(shared);
    scratch::remove_stale();
    println!("{} tests passed", count_passed(&tests?));
    Ok(())
}

/// cargo in the workspace, with the arguments as typed.
fn cargo(line: &str) -> Command {
    let mut cargo = checkout::cargo();
    cargo.args(line.split_whitespace());
    cargo
}

fn small_enough(directory: &Path) -> Result<()> {
    for (binary, _) in plugins::PLUGINS {
        let path = directory.join(binary);
        let bytes = std::fs::metadata(&path)
            .map_err(|error| Error::during(path.display(), error))?
            .len();
        if bytes > LARGEST_BINARY {
            return Err(Error::new(format!(
                "{binary} has {bytes} bytes; {LARGEST_BINARY} are the limit"
            )));
        }
    }
    Ok(())
}

fn go_format() -> Result<()> {
    let mut gofmt = Command::new("gofmt");
    let listed = succeed(gofmt.args(["-l", "tests"]).current_dir(checkout::root()))?;
    if listed.is_empty() {
        Ok(())
    } else {
        Err(Error::new(format!("gofmt -w would change:\n{listed}")))
    }
}

/// The sum of what the test harness counts.
fn count_passed(said: &str) -> usize {
    let results = said
        .lines()
        .filter_map(|line| line.strip_prefix("test result: ok. "));
    results
        .filter_map(|rest| rest.split_whitespace().next()?.parse::<usize>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_are_counted_over_all_harnesses() {
        let said = "test a ... ok\ntest result: ok. 12 passed; 0 failed\n\ntest result: ok. 3 passed; 0 failed\n";
        assert_eq!(count_passed(said), 15);
    }
}

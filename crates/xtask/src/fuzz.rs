//! `cargo xtask test fuzz`: runs each fuzz target of the core for a minute, starting from its corpus. New corpus entries
//! are discarded; an input that makes a target fail is kept and named.

use std::path::Path;
use std::process::Command;

use gcr_test_support::scratch::ScratchDir;
use gcr_test_support::{Error, Result, checkout};

use crate::step::{capture, capture_success, step};
use crate::suites::require_tool;

/// Each target, and its maximum input length in bytes.
const TARGETS: [(&str, u32); 4] = [
    ("duration", 128),
    ("key_file", 4096),
    ("kubeconfig", 2048),
    ("proxy_rules", 128),
];
/// How long each target runs, in seconds.
const SECONDS: u32 = 60;

/// Builds the targets and runs them one after another.
pub(crate) fn run() -> Result<()> {
    require_tool("rustup", "--version", "https://rustup.rs")?;
    require_tool(
        "cargo-fuzz",
        "--version",
        "`cargo install cargo-fuzz --locked`",
    )?;
    if !capture(&mut nightly("rustc --version"))?.status.success() {
        return Err(Error::new(
            "no nightly toolchain is installed; get it with `rustup toolchain install nightly --profile minimal`",
        ));
    }
    // The workspace forbids unsafe code, so the address sanitizer would find nothing.
    let options = "--sanitizer none --fuzz-dir crates/gcr-core/fuzz --target-dir target/fuzz";
    step("build of the fuzz targets", || {
        capture_success(&mut nightly(&format!("cargo fuzz build {options}")))
    })?;
    let scratch = ScratchDir::new("fuzz")?;
    for (target, max_length) in TARGETS {
        step(target, || {
            let corpus = scratch.path().join(target);
            std::fs::create_dir(&corpus).map_err(|error| Error::during(corpus.display(), error))?;
            let mut fuzz = nightly(&format!("cargo fuzz run {options} {target}"));
            fuzz.arg(&corpus)
                .arg(format!("crates/gcr-core/fuzz/corpus/{target}"))
                .arg("--")
                .arg(dictionary(target))
                .arg(format!("-max_len={max_length}"))
                .arg(format!("-max_total_time={SECONDS}"));
            capture_success(fuzz.env("TMPDIR", scratch.path()))
        })?;
    }
    Ok(())
}

fn dictionary(target: &str) -> String {
    let path = Path::new("crates/gcr-core/fuzz/dictionaries").join(target);
    format!("-dict={}.dict", checkout::root().join(path).display())
}

/// Prepares a command of the nightly toolchain in the workspace root.
fn nightly(line: &str) -> Command {
    let mut rustup = Command::new("rustup");
    rustup
        .args(["run", "nightly"])
        .args(line.split_whitespace())
        .current_dir(checkout::root());
    rustup
}

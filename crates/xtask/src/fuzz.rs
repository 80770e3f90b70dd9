//! `cargo xtask test fuzz`: each fuzz target of the core for a minute, from its corpus. What it finds on the way is not kept;
//! an input that breaks something is, and is named.

use std::path::Path;
use std::process::Command;

use gcr_test_support::scratch::ScratchDir;
use gcr_test_support::{Error, Result, checkout};

use crate::step::{listen, step, succeed};
use crate::suites::wanted;

/// Each target, and the longest input that is worth trying, in bytes.
const TARGETS: [(&str, u32); 4] = [
    ("duration", 128),
    ("key_file", 4096),
    ("kubeconfig", 2048),
    ("proxy_rules", 128),
];
/// How long each target runs, in seconds.
const SECONDS: u32 = 60;

/// Builds the targets and runs one after the other.
pub(crate) fn run() -> Result<()> {
    wanted("rustup", "--version", "https://rustup.rs")?;
    wanted(
        "cargo-fuzz",
        "--version",
        "`cargo install cargo-fuzz --locked`",
    )?;
    if !listen(&mut nightly("rustc --version"))?.status.success() {
        return Err(Error::new(
            "there is no nightly toolchain; get it from `rustup toolchain install nightly --profile minimal`",
        ));
    }
    // Unsafe code is forbidden here, so that an address sanitizer has nothing to see.
    let place = "--sanitizer none --fuzz-dir crates/gcr-core/fuzz --target-dir target/fuzz";
    step("build of the fuzz targets", || {
        succeed(&mut nightly(&format!("cargo fuzz build {place}")))
    })?;
    let found = ScratchDir::new("fuzz")?;
    for (target, longest) in TARGETS {
        step(target, || {
            let corpus = found.path().join(target);
            std::fs::create_dir(&corpus).map_err(|error| Error::during(corpus.display(), error))?;
            let mut fuzz = nightly(&format!("cargo fuzz run {place} {target}"));
            fuzz.arg(&corpus)
                .arg(format!("crates/gcr-core/fuzz/corpus/{target}"))
                .arg("--")
                .arg(dictionary(target))
                .arg(format!("-max_len={longest}"))
                .arg(format!("-max_total_time={SECONDS}"));
            succeed(fuzz.env("TMPDIR", found.path()))
        })?;
    }
    Ok(())
}

fn dictionary(target: &str) -> String {
    let path = Path::new("crates/gcr-core/fuzz/dictionaries").join(target);
    format!("-dict={}.dict", checkout::root().join(path).display())
}

/// A command of the nightly toolchain, in the workspace's root.
fn nightly(line: &str) -> Command {
    let mut rustup = Command::new("rustup");
    rustup
        .args(["run", "nightly"])
        .args(line.split_whitespace())
        .current_dir(checkout::root());
    rustup
}

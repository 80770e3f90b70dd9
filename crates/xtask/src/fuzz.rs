//! `cargo xtask test fuzz`: runs each fuzz target for a minute, starting from its corpus. New corpus entries
//! are discarded; an input that makes a target fail is kept and named.

use std::path::Path;
use std::process::Command;

use gcr_test_support::scratch::ScratchDir;
use gcr_test_support::{Error, Result, checkout};

use crate::required_tool::require_tool;
use crate::step::{capture, capture_success, step};

/// The crates with fuzz targets.
const CRATES: [&str; 3] = ["gcr-core", "gcr-google", "kube-clientcmd"];
/// Each target with its crate, and its maximum input length in bytes.
const TARGETS: [(&str, &str, u32); 10] = [
    ("gcr-core", "docker_config", 1024),
    ("gcr-core", "image_reference", 256),
    ("gcr-core", "key_file", 4096),
    ("gcr-google", "api_error", 4096),
    ("gcr-google", "challenge", 512),
    ("gcr-google", "credential_file", 4096),
    ("gcr-google", "keyring", 1024),
    ("kube-clientcmd", "duration", 128),
    ("kube-clientcmd", "kubeconfig", 2048),
    ("kube-clientcmd", "proxy_rules", 128),
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
    for crate_name in CRATES {
        let options = options(crate_name);
        step(
            &format!("build of the fuzz targets of {crate_name}"),
            || capture_success(&mut nightly(&format!("cargo fuzz build {options}"))),
        )?;
    }
    let scratch = ScratchDir::new("fuzz")?;
    for (crate_name, target, max_length) in TARGETS {
        let options = options(crate_name);
        let directory = directory(crate_name);
        step(target, || {
            let corpus = scratch.path().join(target);
            std::fs::create_dir(&corpus).map_err(|error| Error::during(corpus.display(), error))?;
            let mut fuzz = nightly(&format!("cargo fuzz run {options} {target}"));
            fuzz.arg(&corpus)
                .arg(format!("{directory}/corpus/{target}"))
                .arg("--")
                .arg(dictionary(&directory, target))
                .arg(format!("-max_len={max_length}"))
                .arg(format!("-max_total_time={SECONDS}"));
            capture_success(fuzz.env("TMPDIR", scratch.path()))
        })?;
    }
    Ok(())
}

/// Returns the directory of a crate's fuzz targets, relative to the workspace root.
fn directory(crate_name: &str) -> String {
    format!("crates/{crate_name}/fuzz")
}

/// Returns the options of `cargo fuzz`. The workspace forbids unsafe code, so the address sanitizer would find nothing.
fn options(crate_name: &str) -> String {
    let directory = directory(crate_name);
    format!("--sanitizer none --fuzz-dir {directory} --target-dir target/fuzz")
}

fn dictionary(directory: &str, target: &str) -> String {
    let path = Path::new(directory).join("dictionaries").join(target);
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

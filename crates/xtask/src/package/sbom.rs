//! Writes the contents of the plugins as CycloneDX bills of materials, one per plugin for all targets, with
//! cargo-cyclonedx. Without the tool it prints a message and writes none; the release workflow installs the tool.

use std::fs;
use std::path::Path;

use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::{Error, Result, checkout};

use super::release::{TAG, commit_time};
use crate::required_tool::require_tool;
use crate::step::{capture_success, step};

/// File name that the tool is given, without `.json`.
const OUTPUT_NAME: &str = "bill-of-materials";

/// Writes `kubectl-gcr_secret-vX.Y.Z.cdx.json` and the same for the other plugin.
pub(super) fn write(into: &Path) -> Result<()> {
    let tool = require_tool(
        "cargo-cyclonedx",
        "--version",
        "`cargo install cargo-cyclonedx --locked`",
    );
    if let Err(missing) = tool {
        println!("skipped the bills of materials: {missing}");
        return Ok(());
    }
    step("bills of materials", || {
        let result = run_tool().and_then(|()| {
            PLUGINS
                .into_iter()
                .try_for_each(|(package, file_name)| move_output(package, file_name, into))
        });
        // The tool writes a file next to the manifest of every package.
        remove_output();
        result
    })?;
    for (_, file_name) in PLUGINS {
        println!("  {}", into.join(name(file_name)).display());
    }
    Ok(())
}

fn run_tool() -> Result<()> {
    let root = checkout::root();
    let mut tool = checkout::cargo();
    tool.args(["cyclonedx", "--quiet", "--format", "json"])
        .args(["--spec-version", "1.5", "--target", "all"])
        .args(["--override-filename", OUTPUT_NAME])
        .env("SOURCE_DATE_EPOCH", commit_time(&root)?.to_string());
    capture_success(&mut tool).map(drop)
}

fn move_output(package: &str, file_name: &str, into: &Path) -> Result<()> {
    let root = checkout::root();
    let output = root.join(format!("plugins/{package}/{OUTPUT_NAME}.json"));
    let text =
        fs::read_to_string(&output).map_err(|error| Error::during(output.display(), error))?;
    // The text contains the paths of the workspace's packages.
    let text = text.replace(&root.display().to_string(), "");
    let path = into.join(name(file_name));
    fs::write(&path, text).map_err(|error| Error::during(path.display(), error))
}

fn name(file_name: &str) -> String {
    format!("{file_name}-{TAG}.cdx.json")
}

fn remove_output() {
    for parent in ["crates", "plugins"] {
        let packages = fs::read_dir(checkout::root().join(parent)).into_iter();
        for package in packages.flatten().flatten() {
            let _ = fs::remove_file(package.path().join(format!("{OUTPUT_NAME}.json")));
        }
    }
}

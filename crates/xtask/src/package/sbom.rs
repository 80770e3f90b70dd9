//! What is in the plugins, as a CycloneDX bill of materials, by cargo-cyclonedx. One a plugin, for all targets. Where the
//! tool is not there none is made, and that is said; a release is made where it is.

use std::fs;
use std::path::Path;

use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::{Error, Result, checkout};

use super::{TAG, commit_time};
use crate::step::{step, succeed};
use crate::suites::wanted;

/// What the tool is told to call its files, less `.json`.
const MADE: &str = "bill-of-materials";

/// Writes `kubectl-gcr_secret-vX.Y.Z.cdx.json` and its like.
pub(super) fn write(into: &Path) -> Result<()> {
    let tool = wanted(
        "cargo-cyclonedx",
        "--version",
        "`cargo install cargo-cyclonedx --locked`",
    );
    if let Err(missing) = tool {
        println!("no bill of materials: {missing}");
        return Ok(());
    }
    step("bills of materials", || {
        let made = make().and_then(|()| {
            PLUGINS
                .into_iter()
                .try_for_each(|(package, file_name)| take(package, file_name, into))
        });
        // It writes beside the manifest of every package, and nowhere else.
        sweep();
        made
    })?;
    for (_, file_name) in PLUGINS {
        println!("  {}", into.join(name(file_name)).display());
    }
    Ok(())
}

fn make() -> Result<()> {
    let root = checkout::root();
    let mut tool = checkout::cargo();
    tool.args(["cyclonedx", "--quiet", "--format", "json"])
        .args(["--spec-version", "1.5", "--target", "all"])
        .args(["--override-filename", MADE])
        .env("SOURCE_DATE_EPOCH", commit_time(&root)?.to_string());
    succeed(&mut tool).map(drop)
}

fn take(package: &str, file_name: &str, into: &Path) -> Result<()> {
    let root = checkout::root();
    let made = root.join(format!("plugins/{package}/{MADE}.json"));
    let text = fs::read_to_string(&made).map_err(|error| Error::during(made.display(), error))?;
    // Packages of the workspace are named by where they lie.
    let text = text.replace(&root.display().to_string(), "");
    let place = into.join(name(file_name));
    fs::write(&place, text).map_err(|error| Error::during(place.display(), error))
}

fn name(file_name: &str) -> String {
    format!("{file_name}-{TAG}.cdx.json")
}

fn sweep() {
    for parent in ["crates", "plugins"] {
        let packages = fs::read_dir(checkout::root().join(parent)).into_iter();
        for package in packages.flatten().flatten() {
            let _ = fs::remove_file(package.path().join(format!("{MADE}.json")));
        }
    }
}

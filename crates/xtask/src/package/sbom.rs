//! What is in the plugins, as a CycloneDX bill of materials, by cargo-cyclonedx. One a plugin, for all targets. Where the
//! tool is not there none is made, and that is said; a release is made where it is.

use std::fs;
use std::path::Path;

use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::{Error, Result, checkout};

use super::{TAG, commit_time};
use crate::step::{step, succeed};
use crate::suites::wanted;

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
    let root = checkout::root();
    step("bills of materials", || {
        for (package, file_name) in PLUGINS {
            // It writes beside the manifest, and for nobody else.
            let made = "bill-of-materials";
            let directory = root.join("plugins").join(package);
            let mut tool = checkout::cargo();
            tool.args(["cyclonedx", "--quiet", "--format", "json"])
                .args(["--spec-version", "1.5", "--target", "all"])
                .args(["--override-filename", made])
                .arg("--manifest-path")
                .arg(directory.join("Cargo.toml"))
                .env("SOURCE_DATE_EPOCH", commit_time(&root)?.to_string());
            succeed(&mut tool)?;
            let made = directory.join(format!("{made}.json"));
            let failed = |error| Error::during(made.display(), error);
            // Packages of the workspace are named by where they lie.
            let text = fs::read_to_string(&made).map_err(failed)?;
            let text = text.replace(&root.display().to_string(), "");
            fs::remove_file(&made).map_err(failed)?;
            let place = into.join(format!("{file_name}-{TAG}.cdx.json"));
            fs::write(&place, text).map_err(|error| Error::during(place.display(), error))?;
        }
        Ok(())
    })
}

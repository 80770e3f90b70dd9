//! Builds the Debian packages of the plugins with cargo-deb, from `[package.metadata.deb]` in their manifests: programs
//! in `/usr/bin`, manual pages in `/usr/share/man`, the rest in `/usr/share/doc`.

use std::fs;
use std::path::{Path, PathBuf};

use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::{Error, Result, checkout};

use super::release::{TAG, commit_time};
use super::target::Target;
use super::{completion, notices, readme};
use crate::required_tool::require_tool;
use crate::step::capture_success;

/// Checks that cargo-deb is installed, and dpkg-shlibdeps, without which cargo-deb would leave out the dependencies of a
/// package with no more than a warning.
pub(crate) fn require_cargo_deb() -> Result<()> {
    require_tool(
        "cargo-deb",
        "--version",
        "`cargo install --locked cargo-deb`; the Debian packages are built with it",
    )?;
    require_tool(
        "dpkg-shlibdeps",
        "--version",
        "a distribution's package `dpkg-dev`; the Debian packages are built with it",
    )
}

/// Packs the plugins that were built for a target. Returns the paths of the packages.
pub(crate) fn packages(target: &Target, into: &Path) -> Result<Vec<PathBuf>> {
    require_cargo_deb()?;
    let root = checkout::root();
    let time = commit_time(&root)?;
    let host = Target::host()?;
    let notices = notices::notices(&root, target)?;
    fs::create_dir_all(into).map_err(|error| Error::during(into.display(), error))?;
    let mut written = Vec::new();
    for (package, file_name) in PLUGINS {
        let staging = root.join("target/deb").join(package);
        fs::create_dir_all(&staging).map_err(|error| Error::during(staging.display(), error))?;
        let mut generated = vec![
            completion::shim(&root, file_name, target)?,
            readme::packed(&root)?,
        ];
        generated.extend_from_slice(&notices);
        for file in generated {
            let path = staging.join(&file.path);
            fs::write(&path, &file.bytes).map_err(|error| Error::during(path.display(), error))?;
        }
        let path = into.join(package_name(file_name, target));
        let mut deb = checkout::cargo();
        deb.args(["deb", "--quiet", "--no-build", "--no-strip", "--locked"])
            .args(["--package", package, "--output"])
            .arg(&path)
            .env("SOURCE_DATE_EPOCH", time.to_string())
            // The release build does not use these variables either.
            .env_remove("CARGO_BUILD_TARGET")
            .env_remove("CARGO_TARGET_DIR");
        if *target != host {
            deb.args(["--target", target.triple()]);
        }
        capture_success(&mut deb)?;
        written.push(path);
    }
    Ok(written)
}

/// Returns the file name of a package, for example `kubectl-gcr_secret-v1.2.3-x86_64-unknown-linux-musl.deb`.
pub(crate) fn package_name(file_name: &str, target: &Target) -> String {
    format!("{file_name}-{TAG}-{}.deb", target.name())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::krew;

    /// Returns the packages in the output of cargo metadata, with their manifest's content.
    fn manifests() -> Vec<Value> {
        let mut metadata = checkout::cargo();
        metadata.args(["metadata", "--quiet", "--locked", "--no-deps"]);
        metadata.args(["--format-version", "1"]);
        let output = capture_success(&mut metadata).unwrap();
        let metadata: Value = serde_json::from_str(&output).unwrap();
        metadata["packages"].as_array().unwrap().clone()
    }

    #[test]
    fn manifests_describe_the_plugins_like_krew() {
        let manifests = manifests();
        for (package, file_name) in PLUGINS {
            let manifest = manifests.iter().find(|it| it["name"] == package).unwrap();
            let spec = krew::described(&checkout::root(), file_name).unwrap().spec;
            assert_eq!(manifest["description"], spec.short_description);
            assert_eq!(manifest["homepage"], spec.homepage);
            let long = &manifest["metadata"]["deb"]["extended-description"];
            assert_eq!(*long, spec.description);
        }
    }

    #[test]
    fn package_name_contains_plugin_version_and_target() {
        let target = Target::parse("x86_64-unknown-linux-gnu.2.17").unwrap();
        assert_eq!(
            package_name("kubectl-gcr_secret", &target),
            format!("kubectl-gcr_secret-{TAG}-x86_64-unknown-linux-gnu.2.17.deb")
        );
    }
}

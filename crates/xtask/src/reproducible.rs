//! `cargo xtask test reproducible`: the last commit, built twice from nothing, in two directories, under two names of
//! cargo's home; the archives have to be the same, byte for byte. Two release builds: it takes as long.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use gcr_test_support::scratch::ScratchDir;
use gcr_test_support::{Error, ReleaseBuild, Result, checkout};

use crate::package::target::Target;
use crate::package::{TAG, archives, build_for, checksums};
use crate::step::{step, succeed};

/// Where in the scratch directory each build is made, and its `CARGO_HOME`.
const PLACES: [(&str, &str); 2] = [
    ("one", "home"),
    ("another/place with spaces", "another/home"),
];

/// Builds twice and compares.
pub(crate) fn run() -> Result<()> {
    let scratch = ScratchDir::new("reproducible")?;
    let target = Target::host()?;
    let mut sums = Vec::new();
    for (source, home) in PLACES {
        let (source, home) = (scratch.path().join(source), scratch.path().join(home));
        step(&format!("build in {}", source.display()), || {
            clone(&source)?;
            share_downloads(&home)?;
            let build = build_for(
                ReleaseBuild::of(&source).cargo_home(&home).quietly(),
                &target,
            )?;
            let into = source.join("target/dist");
            archives(&source, &build, &target, TAG, &into)?;
            checksums::write(&into, TAG)?;
            sums.push(read(&into.join(checksums::FILE))?);
            // Two builds' directories at a time are more than some disks hold.
            fs::remove_dir_all(source.join("target"))
                .map_err(|error| Error::during(source.display(), error))
        })?;
    }
    if sums[0] == sums[1] {
        print!("{}", sums[0]);
        Ok(())
    } else {
        Err(Error::new(format!(
            "the archives differ:\n{}\n{}",
            sums[0], sums[1]
        )))
    }
}

/// What is committed, and nothing else.
fn clone(into: &Path) -> Result<()> {
    let mut git = Command::new("git");
    git.args(["clone", "--quiet", "--no-hardlinks"])
        .arg(checkout::root())
        .arg(into);
    succeed(&mut git).map(drop)
}

/// A `CARGO_HOME` of another name with the caller's downloads and settings in it.
fn share_downloads(home: &Path) -> Result<()> {
    let failed = |error| Error::during(home.display(), error);
    fs::create_dir_all(home).map_err(failed)?;
    let theirs = checkout::cargo_home().ok_or_else(|| Error::new("HOME is not set"))?;
    for name in ["registry", "git", "config.toml"] {
        let original = theirs.join(name);
        if original.exists() {
            symlink(original, home.join(name)).map_err(failed)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Error::during(path.display(), error))
}

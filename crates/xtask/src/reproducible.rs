//! `cargo xtask test reproducible`: the last commit, built twice from nothing, in two directories, under two names of
//! cargo's home; the archives have to be the same, byte for byte. Two release builds: it takes as long. Which commit is
//! asked once: the next may be made meanwhile. Both lots of archives stay in `target/reproducible`, to be compared where
//! they differ. Only this machine's own target is built.

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
    let commit = head(&checkout::root())?;
    let mut sums = Vec::new();
    let kept = checkout::root().join("target/reproducible");
    for (source, home) in PLACES {
        let into = kept.join(source.replace(['/', ' '], "-"));
        let (source, home) = (scratch.path().join(source), scratch.path().join(home));
        step(&format!("build in {}", source.display()), || {
            clone(&checkout::root(), &commit, &source)?;
            share_downloads(&home)?;
            let build = build_for(
                ReleaseBuild::of(&source).cargo_home(&home).quietly(),
                &target,
            )?;
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
            "the archives in {} differ:\n{}\n{}",
            kept.display(),
            sums[0],
            sums[1]
        )))
    }
}

/// The last commit of a repository.
fn head(repository: &Path) -> Result<String> {
    let mut git = Command::new("git");
    let said = succeed(git.args(["rev-parse", "HEAD"]).current_dir(repository))?;
    Ok(said.trim().to_owned())
}

/// What that commit holds, and nothing else.
fn clone(repository: &Path, commit: &str, into: &Path) -> Result<()> {
    let mut clone = Command::new("git");
    clone
        .args(["clone", "--quiet", "--no-hardlinks", "--no-checkout"])
        .arg(repository)
        .arg(into);
    succeed(&mut clone)?;
    let mut checkout = Command::new("git");
    checkout
        .args(["checkout", "--quiet", "--detach", commit])
        .current_dir(into);
    succeed(&mut checkout).map(drop)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_meanwhile_is_not_built() {
        let dir = ScratchDir::new("commits").unwrap();
        let repository = dir.path().join("repository");
        let git = |words: &[&str]| {
            let mut git = Command::new("git");
            git.args(["-c", "user.name=x", "-c", "user.email=x@localhost"])
                .args(words)
                .current_dir(&repository);
            succeed(&mut git).unwrap();
        };
        let commit = |text: &str| {
            fs::write(repository.join("file"), text).unwrap();
            git(&["add", "file"]);
            git(&["commit", "--quiet", "--message", text]);
        };
        fs::create_dir(&repository).unwrap();
        git(&["init", "--quiet"]);
        commit("first");
        let asked = head(&repository).unwrap();
        for place in ["one", "another"] {
            let place = dir.path().join(place);
            clone(&repository, &asked, &place).unwrap();
            assert_eq!(fs::read_to_string(place.join("file")).unwrap(), "first");
            commit(&format!("after {}", place.display()));
        }
    }
}

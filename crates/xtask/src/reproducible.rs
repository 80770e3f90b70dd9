//! `cargo xtask test reproducible`: builds the last commit twice from scratch, in two directories and with two cargo home
//! directories, and requires identical archives. Takes as long as two release builds and builds only the host's own
//! target. The commit is resolved once, because another commit can be made during the builds. All archives stay in
//! `target/reproducible`, so that differences can be examined.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use gcr_test_support::scratch::ScratchDir;
use gcr_test_support::{Error, ReleaseBuild, Result, checkout};

use crate::package::target::Target;
use crate::package::{TAG, archives, build_for, checksums};
use crate::step::{capture_success, step};

/// Directory of each build and its `CARGO_HOME`, below the scratch directory.
const DIRECTORIES: [(&str, &str); 2] = [
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
    for (source, home) in DIRECTORIES {
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
            // Some disks have no space for two target directories.
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

/// Returns the last commit of a repository.
fn head(repository: &Path) -> Result<String> {
    let mut git = Command::new("git");
    let output = capture_success(git.args(["rev-parse", "HEAD"]).current_dir(repository))?;
    Ok(output.trim().to_owned())
}

/// Checks out one commit of a repository into a new clone.
fn clone(repository: &Path, commit: &str, into: &Path) -> Result<()> {
    let mut clone = Command::new("git");
    clone
        .args(["clone", "--quiet", "--no-hardlinks", "--no-checkout"])
        .arg(repository)
        .arg(into);
    capture_success(&mut clone)?;
    let mut checkout = Command::new("git");
    checkout
        .args(["checkout", "--quiet", "--detach", commit])
        .current_dir(into);
    capture_success(&mut checkout).map(drop)
}

/// Creates a `CARGO_HOME` that shares the downloads and settings of the caller's.
fn share_downloads(home: &Path) -> Result<()> {
    let failed = |error| Error::during(home.display(), error);
    fs::create_dir_all(home).map_err(failed)?;
    let original_home = checkout::cargo_home().ok_or_else(|| Error::new("HOME is not set"))?;
    for name in ["registry", "git", "config.toml"] {
        let original = original_home.join(name);
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
    fn clone_after_another_commit_has_the_resolved_commit() {
        let dir = ScratchDir::new("commits").unwrap();
        let repository = dir.path().join("repository");
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.args(["-c", "user.name=x", "-c", "user.email=x@localhost"])
                .args(arguments)
                .current_dir(&repository);
            capture_success(&mut git).unwrap();
        };
        let commit = |text: &str| {
            fs::write(repository.join("file"), text).unwrap();
            git(&["add", "file"]);
            git(&["commit", "--quiet", "--message", text]);
        };
        fs::create_dir(&repository).unwrap();
        git(&["init", "--quiet"]);
        commit("first");
        let resolved = head(&repository).unwrap();
        for name in ["one", "another"] {
            let directory = dir.path().join(name);
            clone(&repository, &resolved, &directory).unwrap();
            assert_eq!(fs::read_to_string(directory.join("file")).unwrap(), "first");
            commit(&format!("after {}", directory.display()));
        }
    }
}

//! Writes manifests into a custom index of krew: a git repository with the manifests in its directory `plugins`. Creates
//! the repository if needed, makes at most one commit, changes no other files, and does not push.

use std::fs;
use std::path::Path;
use std::process::Command;

use gcr_test_support::{Error, Result};

use super::release::{Rendered, write as write_manifests};
use crate::step::{capture, capture_success};

/// Author of the commit if git has none configured.
const DEFAULT_AUTHOR: [&str; 4] = [
    "-c",
    "user.name=cargo xtask krew",
    "-c",
    "user.email=krew@localhost",
];

/// Writes the manifests and commits them. `git` prepares a git command. Returns a summary for the user.
pub(super) fn write(
    directory: &Path,
    rendered: &[Rendered],
    git: &dyn Fn() -> Command,
) -> Result<String> {
    let git_in = |arguments: &[&str]| {
        let mut git = git();
        git.args(arguments).current_dir(directory);
        git
    };
    fs::create_dir_all(directory).map_err(|error| Error::during(directory.display(), error))?;
    if !directory.join(".git").exists() {
        capture_success(&mut git_in(&["init", "--quiet", "--initial-branch=main"]))?;
    }
    write_manifests(rendered, &directory.join("plugins"))?;
    capture_success(&mut git_in(&["add", "--", "plugins"]))?;
    let shown = directory.display();
    if capture(&mut git_in(&[
        "diff", "--cached", "--quiet", "--", "plugins",
    ]))?
    .status
    .success()
    {
        return Ok(format!("{shown}: no change"));
    }
    let subject: Vec<String> = rendered
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one.manifest.metadata.name, one.manifest.spec.version
            )
        })
        .collect();
    let subject = subject.join(", ");
    let has_author = capture(&mut git_in(&["config", "user.email"]))?
        .status
        .success();
    let mut commit = Vec::new();
    if !has_author {
        commit.extend(DEFAULT_AUTHOR);
    }
    commit.extend(["commit", "--quiet", "--message", &subject, "--", "plugins"]);
    capture_success(&mut git_in(&commit))?;
    Ok(format!("{shown}: {subject}"))
}

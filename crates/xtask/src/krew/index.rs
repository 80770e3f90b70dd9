//! A custom index of krew: a git repository whose `plugins` directory holds the manifests. Made, or brought to a new
//! version by one commit; nothing else in the repository is touched, and nothing is pushed.

use std::fs;
use std::path::Path;
use std::process::Command;

use gcr_test_support::{Error, Result};

use super::{Rendered, write as write_manifests};
use crate::step::{listen, succeed};

/// Who commits where git has nobody configured.
const NOBODY: [&str; 4] = [
    "-c",
    "user.name=cargo xtask krew",
    "-c",
    "user.email=krew@localhost",
];

/// Writes the manifests and commits them. `git` starts git. Returns what was done, in words.
pub(super) fn write(
    directory: &Path,
    rendered: &[Rendered],
    git: &dyn Fn() -> Command,
) -> Result<String> {
    let at = |arguments: &[&str]| {
        let mut git = git();
        git.args(arguments).current_dir(directory);
        git
    };
    fs::create_dir_all(directory).map_err(|error| Error::during(directory.display(), error))?;
    if !directory.join(".git").exists() {
        succeed(&mut at(&["init", "--quiet", "--initial-branch=main"]))?;
    }
    write_manifests(rendered, &directory.join("plugins"))?;
    succeed(&mut at(&["add", "--", "plugins"]))?;
    let shown = directory.display();
    if listen(&mut at(&["diff", "--cached", "--quiet", "--", "plugins"]))?
        .status
        .success()
    {
        return Ok(format!("{shown}: nothing has changed"));
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
    let known = listen(&mut at(&["config", "user.email"]))?.status.success();
    let mut commit = Vec::new();
    if !known {
        commit.extend(NOBODY);
    }
    commit.extend(["commit", "--quiet", "--message", &subject, "--", "plugins"]);
    succeed(&mut at(&commit))?;
    Ok(format!("{shown}: {subject}"))
}

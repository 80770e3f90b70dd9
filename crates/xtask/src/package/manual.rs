//! Collects the manual pages of a plugin from `man/`. The plugins' tests keep these pages equal to the command line.

use std::fs;
use std::path::Path;

use gcr_test_support::{Error, Result};

use super::archive::Packed;
use super::source_file::read;

/// Extension of manual pages of commands (section 1).
pub(super) const SECTION: &str = ".1";

/// Returns the pages of the plugin with this file name and of its subcommands.
pub(super) fn pages(root: &Path, file_name: &str) -> Result<Vec<Packed>> {
    let directory = root.join("man");
    let failed = |error| Error::during(directory.display(), error);
    let plugin = file_name.replace('_', "-");
    let mut pages = Vec::new();
    for entry in fs::read_dir(&directory).map_err(failed)? {
        let path = entry.map_err(failed)?.file_name();
        let path = path.to_string_lossy().into_owned();
        if path.starts_with(&plugin) && path.ends_with(SECTION) {
            pages.push(Packed {
                bytes: read(&directory.join(&path))?,
                path,
                executable: false,
            });
        }
    }
    pages.sort_by(|one, other| one.path.cmp(&other.path));
    match pages.is_empty() {
        true => Err(Error::new(format!("man/ contains no page of {plugin}"))),
        false => Ok(pages),
    }
}

#[cfg(test)]
mod tests {
    use gcr_test_support::checkout;

    use super::*;

    #[test]
    fn pages_of_each_plugin_are_complete() {
        let names = |file_name| {
            let pages = pages(&checkout::root(), file_name).unwrap();
            pages
                .into_iter()
                .map(|page| page.path)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(names("kubectl-gcr_patch_sa"), "kubectl-gcr-patch-sa.1");
        let commands = [
            "-completion",
            "-create",
            "-delete",
            "-describe",
            "-docker-login",
            "-doctor",
            "-list",
            "-rbac",
            "-refresh",
            "-rotate",
            "-setup",
            "-verify",
            "-version",
            "",
        ];
        let expected = commands.map(|command| format!("kubectl-gcr-secret{command}.1"));
        assert_eq!(names("kubectl-gcr_secret"), expected.join(" "));
        assert!(pages(&checkout::root(), "kubectl-gcr_other").is_err());
    }
}

//! Writes `SHA256SUMS`, in the format of `sha256sum --check`.

use std::fs;
use std::path::Path;

use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::{Error, Result};
use sha2::{Digest, Sha256};

use super::archive::Format;
use super::target::Target;

/// Name of the file.
pub(crate) const FILE: &str = "SHA256SUMS";

/// Returns the SHA-256 checksum as lower-case hexadecimal digits, as krew requires.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes the checksums of all release files of this version in a directory.
pub(crate) fn write(directory: &Path, version: &str) -> Result<()> {
    let failed = |error| Error::during(directory.display(), error);
    let mut lines = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_file() && is_release_file(&name, version) {
            let bytes = fs::read(entry.path()).map_err(failed)?;
            lines.push((name, sha256(&bytes)));
        }
    }
    lines.sort();
    let text: String = lines
        .iter()
        .map(|(name, sum)| format!("{sum}  {name}\n"))
        .collect();
    fs::write(directory.join(FILE), text).map_err(failed)
}

/// Returns whether a file is an archive, a package or a bill of materials of exactly this version. A prefix is not
/// sufficient: `v1.0.1` is a prefix of `v1.0.10` and of `v1.0.1-rc.1`.
fn is_release_file(name: &str, version: &str) -> bool {
    PLUGINS.iter().any(|(_, file_name)| {
        let rest = name.strip_prefix(&format!("{file_name}-{version}"));
        rest.is_some_and(|rest| rest == ".cdx.json" || has_target(rest))
    })
}

fn has_target(rest: &str) -> bool {
    let target = rest
        .strip_prefix('-')
        .and_then(|it| Format::stem(it).or_else(|| it.strip_suffix(".deb")));
    target.is_some_and(|it| Target::parse(it).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gcr_test_support::scratch::ScratchDir;

    /// Creates a directory with these files.
    fn directory(files: &[(&str, &str)]) -> ScratchDir {
        let dir = ScratchDir::new("sums").unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    #[test]
    fn write_with_several_versions_lists_files_of_the_given_one() {
        let dir = directory(&[
            ("kubectl-gcr_secret-v1.0.0.cdx.json", "abc"),
            (
                "kubectl-gcr_patch_sa-v1.0.0-x86_64-unknown-linux-gnu.2.17.tar.gz",
                "",
            ),
            (
                "kubectl-gcr_secret-v1.0.0-x86_64-unknown-linux-musl.deb",
                "",
            ),
            (
                "kubectl-gcr_secret-v0.9.0-x86_64-unknown-linux-musl.tar.gz",
                "old",
            ),
        ]);
        write(dir.path(), "v1.0.0").unwrap();
        // Expected: the output of sha256sum for empty input and for "abc".
        assert_eq!(
            fs::read_to_string(dir.path().join(FILE)).unwrap(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  \
             kubectl-gcr_patch_sa-v1.0.0-x86_64-unknown-linux-gnu.2.17.tar.gz\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  \
             kubectl-gcr_secret-v1.0.0-x86_64-unknown-linux-musl.deb\n\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  kubectl-gcr_secret-v1.0.0.cdx.json\n"
        );
    }

    #[test]
    fn write_with_version_that_is_a_prefix_of_others_lists_no_file() {
        let dir = directory(&[
            (
                "kubectl-gcr_secret-v0.1.10-x86_64-unknown-linux-musl.tar.gz",
                "abc",
            ),
            (
                "kubectl-gcr_secret-v0.1.1-rc.1-x86_64-unknown-linux-musl.tar.gz",
                "abc",
            ),
            ("kubectl-gcr_secret-v0.1.10.cdx.json", "abc"),
            ("kubectl-gcr_secret-v0.1.1-rc.1.cdx.json", "abc"),
            ("kubectl-gcr_secret-v0.1.1.1.cdx.json", "abc"),
            ("notes-v0.1.1-x86_64-unknown-linux-musl.tar.gz", "abc"),
        ]);
        write(dir.path(), "v0.1.1").unwrap();
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), "");
    }
}

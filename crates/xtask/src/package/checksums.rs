//! `SHA256SUMS`, as `sha256sum -c` reads it.

use std::fs;
use std::path::Path;

use gcr_test_support::{Error, Result};
use sha2::{Digest, Sha256};

/// The file's name.
pub(crate) const FILE: &str = "SHA256SUMS";

/// The sum of some bytes, in lower case, as krew wants it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes the sums of all files of a directory whose name holds `version`.
pub(crate) fn write(directory: &Path, version: &str) -> Result<()> {
    let failed = |error| Error::during(directory.display(), error);
    let mut lines = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_file() && name.contains(&format!("-{version}")) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use gcr_test_support::scratch::ScratchDir;

    #[test]
    fn each_file_of_the_version_has_its_line() {
        let dir = ScratchDir::new("sums").unwrap();
        for (name, text) in [("b-v1.0.0-x", "abc"), ("a-v1.0.0", ""), ("a-v0.9.0", "old")] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        write(dir.path(), "v1.0.0").unwrap();
        // What sha256sum prints for the empty input and for "abc".
        assert_eq!(
            fs::read_to_string(dir.path().join(FILE)).unwrap(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a-v1.0.0\n\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b-v1.0.0-x\n"
        );
    }
}

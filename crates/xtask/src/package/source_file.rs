//! Reads the files of the checkout and of a build that go into an archive.

use std::fs;
use std::path::Path;

use gcr_test_support::{Error, Result};

/// Returns the content of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::during(path.display(), error))
}

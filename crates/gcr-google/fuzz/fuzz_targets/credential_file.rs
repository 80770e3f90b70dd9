//! Fuzzes the reader of credential files.
#![no_main]

use std::sync::OnceLock;

use gcr_google_fuzz::credential_file;
use libfuzzer_sys::fuzz_target;
use tempfile::NamedTempFile;

static FILE: OnceLock<NamedTempFile> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let file = FILE.get_or_init(|| NamedTempFile::new().expect("a file"));
    credential_file::check(input, file.path());
});

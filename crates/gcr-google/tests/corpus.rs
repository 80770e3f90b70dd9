//! Runs the checks of the fuzz targets on all files of their corpus, without a fuzzer.

use gcr_test_support::fuzz_corpus::check_corpus;

#[expect(
    unreachable_pub,
    reason = "the file is also the library of the fuzz targets"
)]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::{api_error, challenge, credential_file, keyring};

#[test]
fn fuzz_checks_pass_for_the_corpus() {
    let file = tempfile::NamedTempFile::new().unwrap();
    check_corpus(
        env!("CARGO_MANIFEST_DIR"),
        &[
            ("api_error", &api_error::check),
            ("challenge", &challenge::check),
            ("credential_file", &|input| {
                credential_file::check(input, file.path());
            }),
            ("keyring", &keyring::check),
        ],
    );
}

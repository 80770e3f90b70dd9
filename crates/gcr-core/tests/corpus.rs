//! Runs the checks of the fuzz targets on all files of their corpus, without a fuzzer.

use gcr_test_support::fuzz_corpus::check_corpus;

#[expect(
    unreachable_pub,
    reason = "the file is also the library of the fuzz targets"
)]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::{docker_config, image_reference, key_file};

#[test]
fn fuzz_checks_pass_for_the_corpus() {
    check_corpus(
        env!("CARGO_MANIFEST_DIR"),
        &[
            ("docker_config", &docker_config::check),
            ("image_reference", &image_reference::check),
            ("key_file", &key_file::check),
        ],
    );
}

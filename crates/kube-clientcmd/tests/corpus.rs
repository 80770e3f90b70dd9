//! Runs the checks of the fuzz targets on all files of their corpus, without a fuzzer.

use gcr_test_support::fuzz_corpus::check_corpus;

#[expect(
    unreachable_pub,
    reason = "the file is also the library of the fuzz targets"
)]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::{duration, kubeconfig, proxy_rules};

#[test]
fn fuzz_checks_pass_for_the_corpus() {
    let file = tempfile::NamedTempFile::new().unwrap();
    check_corpus(
        env!("CARGO_MANIFEST_DIR"),
        &[
            ("duration", &duration::check),
            ("kubeconfig", &|input| {
                kubeconfig::check(input, file.path());
            }),
            ("proxy_rules", &proxy_rules::check),
        ],
    );
}

//! Runs the checks of the fuzz targets on all files of their corpus, without a fuzzer.

use std::fs;
use std::path::Path;

#[expect(
    unreachable_pub,
    reason = "the file is also the library of the fuzz targets"
)]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::key_file;

#[test]
fn fuzz_checks_pass_for_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/key_file");
    let seeds: Vec<_> = fs::read_dir(corpus).unwrap().collect();
    assert!(seeds.len() > 5, "{} seeds", seeds.len());
    for seed in seeds {
        let path = seed.unwrap().path();
        // Printed only if the check panics.
        println!("{}", path.display());
        key_file::check(&fs::read(&path).unwrap());
    }
}

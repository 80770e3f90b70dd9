//! Runs the checks of the fuzz targets on all files of their corpus, without a fuzzer.

use std::fs;
use std::path::Path;

#[expect(
    unreachable_pub,
    reason = "the file is also the library of the fuzz targets"
)]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::{docker_config, image_reference, key_file};

/// Runs a check on each file of a corpus.
#[expect(
    clippy::print_stdout,
    reason = "the name of the input is shown only if a check panics"
)]
fn run(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let seeds: Vec<_> = fs::read_dir(corpus).expect("read the corpus").collect();
    assert!(seeds.len() > 5, "{} seeds", seeds.len());
    for seed in seeds {
        let path = seed.expect("read the corpus").path();
        println!("{}", path.display());
        check(&fs::read(&path).expect("read a seed"));
    }
}

#[test]
fn key_file_checks_pass_for_the_corpus() {
    run("key_file", key_file::check);
}

#[test]
fn docker_config_checks_pass_for_the_corpus() {
    run("docker_config", docker_config::check);
}

#[test]
fn image_reference_checks_pass_for_the_corpus() {
    run("image_reference", image_reference::check);
}

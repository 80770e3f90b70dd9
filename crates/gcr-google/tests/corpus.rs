//! Runs the checks of the fuzz targets on all files of their corpus, without a fuzzer.

use std::fs;
use std::path::Path;

#[expect(
    unreachable_pub,
    reason = "the file is also the library of the fuzz targets"
)]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::{api_error, challenge, credential_file, keyring};

type Check<'a> = &'a dyn Fn(&[u8]);

#[test]
fn fuzz_checks_pass_for_the_corpus() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let credential_file = |input: &[u8]| credential_file::check(input, file.path());
    let checks: [(&str, Check<'_>); 4] = [
        ("api_error", &api_error::check),
        ("challenge", &challenge::check),
        ("credential_file", &credential_file),
        ("keyring", &keyring::check),
    ];
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    assert_eq!(fs::read_dir(&corpus).unwrap().count(), checks.len());
    for (target, check) in checks {
        let seeds = fs::read_dir(corpus.join(target)).unwrap();
        let mut count = 0;
        for seed in seeds {
            let path = seed.unwrap().path();
            // Printed only if the check panics.
            println!("{}", path.display());
            check(&fs::read(&path).unwrap());
            count += 1;
        }
        assert!(count > 5, "{target} has {count} seeds");
    }
}

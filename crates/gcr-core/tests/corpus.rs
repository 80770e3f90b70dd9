//! Every file of the fuzz targets' corpus, through what the targets do with it. Needs no fuzzer.

use std::fs;
use std::path::Path;

#[expect(unreachable_pub, reason = "a library to the fuzz targets")]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::{duration, key_file, kubeconfig, proxy_rules};

type Check<'a> = &'a dyn Fn(&[u8]);

#[test]
fn what_holds_of_any_input_holds_of_the_corpus() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let kubeconfig = |input: &[u8]| kubeconfig::check(input, file.path());
    let checks: [(&str, Check<'_>); 4] = [
        ("duration", &duration::check),
        ("key_file", &key_file::check),
        ("kubeconfig", &kubeconfig),
        ("proxy_rules", &proxy_rules::check),
    ];
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    assert_eq!(fs::read_dir(&corpus).unwrap().count(), checks.len());
    for (target, check) in checks {
        let seeds = fs::read_dir(corpus.join(target)).unwrap();
        let mut seen = 0;
        for seed in seeds {
            let path = seed.unwrap().path();
            // Shown where the check panics.
            println!("{}", path.display());
            check(&fs::read(&path).unwrap());
            seen += 1;
        }
        assert!(seen > 5, "{target} has {seen} seeds");
    }
}

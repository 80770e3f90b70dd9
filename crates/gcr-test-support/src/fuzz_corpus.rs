//! Runs the checks of fuzz targets on the inputs in their corpus, without a fuzzer.

use std::fs;
use std::path::Path;

/// The check of a fuzz target: panics for an input that shows a defect.
pub type Check<'a> = &'a dyn Fn(&[u8]);

/// Runs the check of each fuzz target on each file of its corpus, `fuzz/corpus/TARGET` below `manifest_dir`.
///
/// # Panics
/// A check panics, a target has no corpus of at least six files, or a corpus has no target.
#[expect(
    clippy::print_stdout,
    reason = "the test harness shows the name of the input only if a check panics"
)]
pub fn check_corpus(manifest_dir: &str, targets: &[(&str, Check<'_>)]) {
    let corpus = Path::new(manifest_dir).join("fuzz/corpus");
    let read = |directory: &Path| {
        let entries = fs::read_dir(directory).expect("read the corpus");
        entries
            .map(|it| it.expect("read the corpus").path())
            .collect::<Vec<_>>()
    };
    assert_eq!(read(&corpus).len(), targets.len());
    for (target, check) in targets {
        let seeds = read(&corpus.join(target));
        assert!(seeds.len() > 5, "{target} has {} seeds", seeds.len());
        for seed in seeds {
            println!("{}", seed.display());
            check(&fs::read(&seed).expect("read a seed"));
        }
    }
}

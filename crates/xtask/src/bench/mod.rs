//! `cargo xtask bench`: figures, each beside what it is compared with, taken in turn in one run on one machine. A
//! figure is no test: a missed bar is shown and fails nothing, since a busy machine misses it too.

mod kubeconfig;
mod one;
mod samples;
mod start;

use gcr_test_support::Result;

/// Runs one of them, or all.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    match words {
        [] => {
            start::run()?;
            println!();
            kubeconfig::run()?;
            println!();
            one::run()
        }
        ["start"] => start::run(),
        ["kubeconfig"] => kubeconfig::run(),
        ["one"] => one::run(),
        _ => Err(crate::not_understood("bench", words)),
    }
}

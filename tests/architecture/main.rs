//! Checks the sources against the rules of ARCHITECTURE.md: which files import which, which files write to a cluster,
//! and the form of files and dependencies. clippy.toml holds the rules about the terminal, the environment and the process.
//!
//! The checks match text against tables and do not use the compiler, so each rule has a test that it reports a sample
//! violation. State the reason for each table entry in a comment.

mod calls;
mod cycles;
mod dependencies;
mod documents;
mod files;
mod imports;
mod layers;
mod manifests;
mod source;

/// Panics if there are violations, with one line per violation.
fn assert_no_violations(violations: Vec<String>) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

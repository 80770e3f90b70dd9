//! Holds the sources to the rules of ARCHITECTURE.md: who may import whom, who may write to a cluster, to a terminal,
//! or end the process, and how files and dependencies are kept.
//!
//! Text against tables, no compiler: every rule is seen to fail on a small sample beside it. Who changes a table says
//! why in it.

mod calls;
mod dependencies;
mod files;
mod layers;
mod manifests;
mod source;

/// Panics with all that is wrong, a line each.
fn expect_none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

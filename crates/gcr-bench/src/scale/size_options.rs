//! The sizes of the benchmarks of many namespaces, and the options that change them.

use std::num::NonZeroUsize;

use clap::Args;

/// Usual number of namespaces.
pub(super) const USUAL_NAMESPACES: usize = 1_000;

/// Changes of the usual sizes.
#[derive(Args)]
pub(crate) struct SizeOptions {
    /// Use at most N namespaces in the scale benchmarks
    #[arg(long, value_name = "N")]
    pub(crate) namespaces: Option<NonZeroUsize>,
    /// Run N rounds of the scale benchmarks
    #[arg(long, value_name = "N")]
    pub(crate) rounds: Option<NonZeroUsize>,
}

impl SizeOptions {
    pub(super) fn namespaces(&self, usual: usize) -> usize {
        self.namespaces.map_or(usual, |most| most.get().min(usual))
    }

    pub(super) fn rounds(&self, usual: usize) -> usize {
        self.rounds.map_or(usual, NonZeroUsize::get)
    }
}

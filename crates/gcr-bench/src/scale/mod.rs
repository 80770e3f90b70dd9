//! `bench scale`: measures one command over many namespaces, compared with the tutorial's loop, with one bulk apply,
//! and with a replay: a load generator that sends the same requests and does nothing else. Uses its own control plane.

mod again;
mod both;
mod endpoint;
mod latency;
mod load;
mod namespaces;
mod requests;
mod run;
mod secrets;
mod shedding;
mod sizes;

use std::num::NonZeroUsize;

use clap::Args;
use gcr_test_support::Result;

use crate::Benchmark;
use crate::figures::Figure;
use namespaces::Namespaces;

/// A benchmark of many namespaces.
pub(crate) struct Part {
    /// The benchmark, as the command line names it.
    pub(crate) benchmark: Benchmark,
    /// Whether it takes minutes; the others take much longer and need `--whole`.
    pub(crate) is_quick: bool,
    measure: fn(&mut Namespaces, &SizeOptions) -> Result<Vec<Figure>>,
}

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
    fn namespaces(&self, usual: usize) -> usize {
        self.namespaces.map_or(usual, |most| most.get().min(usual))
    }

    fn rounds(&self, usual: usize) -> usize {
        self.rounds.map_or(usual, NonZeroUsize::get)
    }
}

/// All benchmarks of many namespaces, in the order of running: each reuses the namespaces of the previous one and can
/// only add more.
pub(crate) const PARTS: [Part; 6] = [
    Part {
        benchmark: Benchmark::ScaleBoth,
        is_quick: true,
        measure: both::measure,
    },
    Part {
        benchmark: Benchmark::ScaleSecrets,
        is_quick: true,
        measure: secrets::measure,
    },
    Part {
        benchmark: Benchmark::ScaleAgain,
        is_quick: true,
        measure: again::measure,
    },
    Part {
        benchmark: Benchmark::ScaleLatency,
        is_quick: false,
        measure: latency::measure,
    },
    Part {
        benchmark: Benchmark::ScaleSizes,
        is_quick: false,
        measure: sizes::measure,
    },
    Part {
        benchmark: Benchmark::ScaleShedding,
        is_quick: false,
        measure: shedding::measure,
    },
];

/// Usual number of namespaces.
const USUAL_NAMESPACES: usize = 1_000;

/// Runs these benchmarks and returns their figures.
pub(crate) fn run(parts: &[&Part], size: &SizeOptions) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut namespaces: Option<Namespaces> = None;
    for part in parts {
        // `sizes` starts with few namespaces.
        if part.benchmark == Benchmark::ScaleSizes {
            namespaces = None;
        }
        let namespaces = match &mut namespaces {
            Some(namespaces) => namespaces,
            none => none.insert(Namespaces::start()?),
        };
        figures.extend((part.measure)(namespaces, size)?);
        println!();
    }
    Ok(figures)
}

/// Formats a number with a comma between groups of three digits: `10,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    #[test]
    fn grouped_inserts_commas_between_thousands() {
        let grouped = [7, 100, 1_000, 20_000, 1_234_567].map(super::grouped);
        assert_eq!(grouped, ["7", "100", "1,000", "20,000", "1,234,567"]);
    }
}

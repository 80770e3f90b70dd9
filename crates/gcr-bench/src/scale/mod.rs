//! `bench scale`: measures one command over many namespaces, compared with the tutorial's loop, with one bulk apply,
//! and with a replay: a load generator that sends the same requests and does nothing else. Uses its own control plane.

mod again;
mod both;
mod digit_groups;
mod endpoint;
mod latency;
mod list;
mod load;
mod namespaces;
mod requests;
mod run;
mod secrets;
mod shedding;
mod size_options;
mod sizes;

use gcr_test_support::Result;

use crate::benchmark::Benchmark;
use crate::figures::Figure;
use namespaces::Namespaces;
pub(crate) use size_options::SizeOptions;

/// A benchmark of many namespaces.
pub(crate) struct Part {
    /// The benchmark, as the command line names it.
    pub(crate) benchmark: Benchmark,
    /// Whether it takes minutes; the others take much longer and need `--whole`.
    pub(crate) is_quick: bool,
    measure: fn(&mut Namespaces, &SizeOptions) -> Result<Vec<Figure>>,
}

/// All benchmarks of many namespaces, in the order of running: each reuses the namespaces of the previous one and can
/// only add more.
pub(crate) const PARTS: [Part; 7] = [
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
    Part {
        benchmark: Benchmark::List,
        is_quick: false,
        measure: list::measure,
    },
];

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

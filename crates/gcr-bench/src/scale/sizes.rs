//! Measures 100, 1,000 and 10,000 namespaces: time must grow in proportion to their number, and memory hardly at all.

use gcr_test_support::Result;
use gcr_test_support::fault_proxy::Route;

use super::digit_groups::grouped;
use super::namespaces::Namespaces;
use super::run::{BOTH, PLUGIN, replay, replay_name, run_plugin};
use super::size_options::SizeOptions;
use crate::figures::{Figure, Threshold};
use crate::interleave::{Variant, interleave};
use crate::process::Measured;
use crate::samples::{Samples, print_table};

/// Numbers of namespaces, each with its rounds.
const SIZES: [(usize, usize); 3] = [(100, 5), (1_000, 5), (10_000, 3)];
/// Requests in flight of the replay.
const IN_FLIGHT: usize = 16;
/// Maximum peak memory with the most namespaces, in MiB.
const THRESHOLD_MEMORY: f64 = 20.0;
/// Maximum ratio of the time per namespace to that with a tenth of the namespaces.
const THRESHOLD_GROWTH: f64 = 1.1;

pub(super) fn measure(namespaces: &mut Namespaces, options: &SizeOptions) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut smaller: Option<(String, f64)> = None;
    let most = options.namespaces(usize::MAX);
    for (count, rounds) in SIZES {
        let count = count.min(most);
        if smaller.is_some() && count <= namespaces.count() {
            break;
        }
        namespaces.grow_to(count)?;
        let size = measure_size(namespaces, options.rounds(rounds))?;
        let label = format!("{} namespaces", grouped(count));
        let per_namespace = size.plugin.median() / count as f64;
        let threshold = if count == SIZES[2].0 {
            Threshold::AtMost(THRESHOLD_MEMORY)
        } else {
            Threshold::None
        };
        figures.extend([
            Figure::times(
                &label,
                size.plugin.median(),
                (size.replay.name(), size.replay.median()),
                Threshold::None,
            ),
            Figure::number(
                format!("{label}: CPU"),
                size.cpu.median(),
                "ms",
                Threshold::None,
            ),
            Figure::number(
                format!("{label}: peak memory"),
                size.peak.max(),
                "MiB",
                threshold,
            ),
            Figure::number(
                format!("{label}: requests"),
                size.requests as f64,
                "",
                Threshold::None,
            ),
            Figure::number(
                format!("{label}: connections"),
                size.connections as f64,
                "",
                Threshold::None,
            ),
        ]);
        let threshold = if smaller.is_some() {
            Threshold::Within(THRESHOLD_GROWTH)
        } else {
            Threshold::None
        };
        let mut figure = Figure::number(
            format!("{label}: per namespace"),
            per_namespace,
            "ms",
            threshold,
        );
        if let Some((name, before)) = &smaller {
            figure = figure.compared_with(name, *before);
        }
        figures.push(figure);
        smaller = Some((format!("per namespace of {label}"), per_namespace));
    }
    Ok(figures)
}

/// Measurements of one number of namespaces.
struct Measurements {
    plugin: Samples,
    replay: Samples,
    cpu: Samples,
    peak: Samples,
    requests: u64,
    connections: u64,
}

fn measure_size(namespaces: &Namespaces, rounds: usize) -> Result<Measurements> {
    let count = namespaces.count();
    let mut runs: Vec<Measured> = Vec::new();
    let variants = vec![
        Variant::new(PLUGIN, || {
            let run = run_plugin(&namespaces.direct, &BOTH)?;
            namespaces.expect_counts(count, count)?;
            let wall = run.wall;
            runs.push(run);
            Ok(wall)
        }),
        Variant::new(replay_name(IN_FLIGHT), || {
            replay(namespaces, &namespaces.direct, IN_FLIGHT)
        }),
    ];
    let mut samples = interleave(rounds, variants, || namespaces.clear())?;
    println!("{} namespaces, {rounds} rounds\n", grouped(count));
    print_table(&samples);
    let (mut cpu, mut peak) = (Samples::new("CPU"), Samples::new("memory"));
    // The first round is discarded.
    for run in runs.iter().skip(1) {
        cpu.add(run.cpu);
        peak.add(run.peak);
    }
    println!(
        "\nuser and system CPU, ms, min / median / max: {}",
        cpu.spread()
    );
    println!("peak memory, MiB, min / median / max: {}\n", peak.spread());
    namespaces.clear()?;
    let (proxy, access) = namespaces.through(Route::new())?;
    run_plugin(&access, &BOTH)?;
    let traffic = proxy.traffic();
    let (replay, plugin) = (samples.remove(1), samples.remove(0));
    Ok(Measurements {
        plugin,
        replay,
        cpu,
        peak,
        requests: traffic.total_requests(),
        connections: traffic.connections,
    })
}

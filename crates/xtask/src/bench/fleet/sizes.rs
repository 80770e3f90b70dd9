//! Ten times as many namespaces, and ten times more: whether time grows with them and no faster, and memory hardly.

use gcr_test_support::Result;
use gcr_test_support::fault_proxy::Route;

use super::namespaces::Namespaces;
use super::run::{BOTH, OURS, ours, replay, replay_at};
use super::{Extent, grouped};
use crate::bench::figures::{Bar, Figure};
use crate::bench::process::Measured;
use crate::bench::samples::{Samples, print_table};
use crate::bench::turns::{Way, in_turn};

/// How many namespaces, and how many rounds of each.
const SIZES: [(usize, usize); 3] = [(100, 5), (1_000, 5), (10_000, 3)];
const IN_FLIGHT: usize = 16;
/// MiB at the most namespaces.
const BAR_MEMORY: f64 = 20.0;
/// How many times as long a namespace may take among ten times as many.
const BAR_GROWTH: f64 = 1.1;

pub(super) fn measure(namespaces: &mut Namespaces, extent: &Extent) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut smaller: Option<(String, f64)> = None;
    let most = extent.namespaces(usize::MAX);
    for (count, rounds) in SIZES {
        let count = count.min(most);
        if smaller.is_some() && count <= namespaces.count() {
            break;
        }
        namespaces.grow_to(count)?;
        let size = size(namespaces, extent.rounds(rounds))?;
        let what = format!("{} namespaces", grouped(count));
        let each = size.ours.median() / count as f64;
        let bar = if count == SIZES[2].0 {
            Bar::AtMost(BAR_MEMORY)
        } else {
            Bar::None
        };
        figures.extend([
            Figure::times(
                &what,
                size.ours.median(),
                (size.replay.name(), size.replay.median()),
                Bar::None,
            ),
            Figure::number(format!("{what}: CPU"), size.cpu.median(), "ms", Bar::None),
            Figure::number(format!("{what}: most memory"), size.peak.max(), "MiB", bar),
            Figure::number(
                format!("{what}: requests"),
                size.requests as f64,
                "",
                Bar::None,
            ),
            Figure::number(
                format!("{what}: connections"),
                size.connections as f64,
                "",
                Bar::None,
            ),
        ]);
        let bar = if smaller.is_some() {
            Bar::Within(BAR_GROWTH)
        } else {
            Bar::None
        };
        let mut figure = Figure::number(format!("{what}: each"), each, "ms", bar);
        if let Some((name, before)) = &smaller {
            figure = figure.beside(name, *before);
        }
        figures.push(figure);
        smaller = Some((format!("each of {what}"), each));
    }
    Ok(figures)
}

struct Size {
    ours: Samples,
    replay: Samples,
    cpu: Samples,
    peak: Samples,
    requests: u64,
    connections: u64,
}

fn size(namespaces: &Namespaces, rounds: usize) -> Result<Size> {
    let count = namespaces.count();
    let mut runs: Vec<Measured> = Vec::new();
    let ways = vec![
        Way::new(OURS, || {
            let run = ours(&namespaces.direct, &BOTH)?;
            namespaces.expect(count, count)?;
            let wall = run.wall;
            runs.push(run);
            Ok(wall)
        }),
        Way::new(replay_at(IN_FLIGHT), || {
            replay(namespaces, &namespaces.direct, IN_FLIGHT)
        }),
    ];
    let mut samples = in_turn(rounds, ways, || namespaces.clear())?;
    println!("{} namespaces, {rounds} rounds\n", grouped(count));
    print_table(&samples);
    let (mut cpu, mut peak) = (Samples::of("CPU"), Samples::of("memory"));
    // The first was not counted.
    for run in runs.iter().skip(1) {
        cpu.add(run.cpu);
        peak.add(run.peak);
    }
    println!(
        "\nuser and system CPU, ms, min / median / max: {}",
        cpu.spread()
    );
    println!("most memory, MiB, min / median / max: {}\n", peak.spread());
    namespaces.clear()?;
    let (proxy, way) = namespaces.through(Route::new())?;
    ours(&way, &BOTH)?;
    let traffic = proxy.traffic();
    let (replay, ours) = (samples.remove(1), samples.remove(0));
    Ok(Size {
        ours,
        replay,
        cpu,
        peak,
        requests: traffic.total_requests(),
        connections: traffic.connections,
    })
}

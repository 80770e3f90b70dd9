//! Measures the plugin with a server that rejects requests above a number in flight, compared with the replay and with
//! the best possible time.

use std::time::Duration;

use gcr_test_support::Result;
use gcr_test_support::fault_proxy::Route;

use super::digit_groups::grouped;
use super::namespaces::Namespaces;
use super::run::{BOTH, PLUGIN, replay, replay_name, run_plugin_counting_failures};
use super::size_options::SizeOptions;
use crate::figures::{Figure, Threshold};
use crate::interleave::{Variant, interleave};
use crate::samples::print_table;

const NAMESPACES: usize = 10_000;
const ROUNDS: usize = 3;
/// Requests in flight above which the server rejects more.
const CAPACITY: usize = 16;
/// Long enough to be most of the response time.
const LATENCY: Duration = Duration::from_millis(20);
/// Maximum ratio of the plugin's time to the replay's and to the best possible time.
const THRESHOLD: f64 = 1.5;

pub(super) fn measure(namespaces: &mut Namespaces, size: &SizeOptions) -> Result<Vec<Figure>> {
    let (count, rounds) = (size.namespaces(NAMESPACES), size.rounds(ROUNDS));
    namespaces.grow_to(count)?;
    let namespaces = &*namespaces;
    let route = Route::new().latency(LATENCY).shed_above(CAPACITY);
    let (proxy, access) = namespaces.through(route)?;
    let (mut shed, mut failed) = (Vec::new(), 0);
    let variants = vec![
        Variant::new(PLUGIN, || {
            proxy.reset_counters();
            let (run, failures) = run_plugin_counting_failures(&access, &BOTH)?;
            shed.push(proxy.traffic().shed);
            failed += failures;
            Ok(run.wall)
        }),
        Variant::new(replay_name(CAPACITY), || {
            replay(namespaces, &access, CAPACITY)
        }),
    ];
    let samples = interleave(rounds, variants, || namespaces.clear())?;
    let latency = LATENCY.as_millis();
    let label = format!(
        "{} namespaces, server {latency} ms away that rejects more than {CAPACITY} requests in flight",
        grouped(count)
    );
    println!("{label}, {rounds} rounds\n");
    print_table(&samples);
    println!("\nrejected requests per round, including the discarded first round: {shed:?}");
    let (plugin, replay) = (&samples[0], &samples[1]);
    let ideal = 2.0 * count as f64 * latency as f64 / CAPACITY as f64;
    let calculation = format!(
        "{} requests x {latency} ms / {CAPACITY}",
        grouped(2 * count)
    );
    Ok(vec![
        Figure::times(
            &label,
            plugin.median(),
            (replay.name(), replay.median()),
            Threshold::Within(THRESHOLD),
        ),
        Figure::times(
            &label,
            plugin.median(),
            (&calculation, ideal),
            Threshold::Within(THRESHOLD),
        ),
        Figure::number(
            format!("{label}: failed"),
            failed as f64,
            "",
            Threshold::Exactly(0.0),
        ),
    ])
}

//! Compares the plugin with the replay for servers at several distances.

use std::time::Duration;

use gcr_test_support::Result;
use gcr_test_support::fault_proxy::Route;

use super::digit_groups::grouped;
use super::namespaces::Namespaces;
use super::run::{BOTH, PLUGIN, replay, replay_name, run_plugin};
use super::size_options::{SizeOptions, USUAL_NAMESPACES};
use crate::figures::{Figure, Threshold};
use crate::interleave::{Variant, interleave};
use crate::samples::{Samples, print_table};

const ROUNDS: usize = 3;
/// Delays of every response, in milliseconds.
const LATENCIES: [u64; 4] = [0, 5, 20, 50];
/// Requests in flight of the replay; the fastest counts.
const IN_FLIGHT: [usize; 2] = [16, 32];

pub(super) fn measure(namespaces: &mut Namespaces, size: &SizeOptions) -> Result<Vec<Figure>> {
    let count = size.namespaces(USUAL_NAMESPACES);
    namespaces.grow_to(count)?;
    let namespaces = &*namespaces;
    let rounds = size.rounds(ROUNDS);
    let mut figures = Vec::new();
    for latency in LATENCIES {
        let route = Route::new().latency(Duration::from_millis(latency));
        let (_proxy, access) = namespaces.through(route)?;
        let access = &access;
        let mut variants = vec![Variant::new(PLUGIN, || Ok(run_plugin(access, &BOTH)?.wall))];
        variants.extend(IN_FLIGHT.map(|concurrency| {
            Variant::new(replay_name(concurrency), move || {
                replay(namespaces, access, concurrency)
            })
        }));
        let samples = interleave(rounds, variants, || namespaces.clear())?;
        let label = format!("{} namespaces, server {latency} ms away", grouped(count));
        println!("{label}, through a proxy, {rounds} rounds\n");
        print_table(&samples);
        println!();
        let fastest = Samples::fastest(&samples[1..]);
        let baseline = (fastest.name(), fastest.median());
        figures.push(Figure::times(
            &label,
            samples[0].median(),
            baseline,
            Threshold::None,
        ));
    }
    Ok(figures)
}

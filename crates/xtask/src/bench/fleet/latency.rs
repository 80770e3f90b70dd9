//! A server that is further and further away: ours, and the same requests without anything around them.

use std::time::Duration;

use gcr_test_support::Result;
use gcr_test_support::fault_proxy::Route;

use super::namespaces::Namespaces;
use super::run::{BOTH, OURS, ours, replay, replay_at};
use super::{Extent, MANY, grouped};
use crate::bench::figures::{Bar, Figure};
use crate::bench::samples::{Samples, print_table};
use crate::bench::turns::{Way, in_turn};

const ROUNDS: usize = 3;
/// By how many milliseconds every answer is late.
const LATENCIES: [u64; 4] = [0, 5, 20, 50];
const IN_FLIGHT: [usize; 2] = [16, 32];

pub(super) fn measure(namespaces: &mut Namespaces, extent: &Extent) -> Result<Vec<Figure>> {
    let count = extent.namespaces(MANY);
    namespaces.grow_to(count)?;
    let namespaces = &*namespaces;
    let rounds = extent.rounds(ROUNDS);
    let mut figures = Vec::new();
    for latency in LATENCIES {
        let route = Route::new().latency(Duration::from_millis(latency));
        let (_proxy, way) = namespaces.through(route)?;
        let way = &way;
        let mut ways = vec![Way::new(OURS, || Ok(ours(way, &BOTH)?.wall))];
        ways.extend(IN_FLIGHT.map(|concurrency| {
            Way::new(replay_at(concurrency), move || {
                replay(namespaces, way, concurrency)
            })
        }));
        let samples = in_turn(rounds, ways, || namespaces.clear())?;
        let what = format!("{} namespaces behind {latency} ms", grouped(count));
        println!("{what}, through a proxy, {rounds} rounds\n");
        print_table(&samples);
        println!();
        let best = Samples::best(&samples[1..]);
        let other = (best.name(), best.median());
        figures.push(Figure::times(&what, samples[0].median(), other, Bar::None));
    }
    Ok(figures)
}

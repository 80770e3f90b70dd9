//! A server that turns requests away above a number in flight: how near ours comes to what it could do at best.

use std::time::Duration;

use gcr_test_support::Result;
use gcr_test_support::fault_proxy::Route;

use super::namespaces::Namespaces;
use super::run::{BOTH, OURS, attempt, replay, replay_at};
use super::{Extent, grouped};
use crate::bench::figures::{Bar, Figure};
use crate::bench::samples::print_table;
use crate::bench::turns::{Way, in_turn};

const NAMESPACES: usize = 10_000;
const ROUNDS: usize = 3;
const CAPACITY: usize = 16;
/// Long enough to be most of what an answer takes.
const LATENCY: Duration = Duration::from_millis(20);
/// How many times its ideal time.
const BAR: f64 = 1.5;

pub(super) fn measure(namespaces: &mut Namespaces, extent: &Extent) -> Result<Vec<Figure>> {
    let (count, rounds) = (extent.namespaces(NAMESPACES), extent.rounds(ROUNDS));
    namespaces.grow_to(count)?;
    let namespaces = &*namespaces;
    let route = Route::new().latency(LATENCY).shed_above(CAPACITY);
    let (proxy, way) = namespaces.through(route)?;
    let (mut shed, mut failed) = (Vec::new(), 0);
    let ways = vec![
        Way::new(OURS, || {
            proxy.reset_counters();
            let (run, not_done) = attempt(&way, &BOTH)?;
            shed.push(proxy.traffic().shed);
            failed += not_done;
            Ok(run.wall)
        }),
        Way::new(replay_at(CAPACITY), || replay(namespaces, &way, CAPACITY)),
    ];
    let samples = in_turn(rounds, ways, || namespaces.clear())?;
    let latency = LATENCY.as_millis();
    let what = format!(
        "{} namespaces, a server that sheds above {CAPACITY} in flight, {latency} ms away",
        grouped(count)
    );
    println!("{what}, {rounds} rounds\n");
    print_table(&samples);
    println!("\nshed in each round, the first not counted: {shed:?}");
    let (ours, replay) = (&samples[0], &samples[1]);
    let ideal = 2.0 * count as f64 * latency as f64 / CAPACITY as f64;
    let arithmetic = format!(
        "{} requests x {latency} ms / {CAPACITY}",
        grouped(2 * count)
    );
    Ok(vec![
        Figure::times(
            &what,
            ours.median(),
            (replay.name(), replay.median()),
            Bar::Within(BAR),
        ),
        Figure::times(&what, ours.median(), (&arithmetic, ideal), Bar::Within(BAR)),
        Figure::number(
            format!("{what}: failed"),
            failed as f64,
            "",
            Bar::Exactly(0.0),
        ),
    ])
}

//! Both objects of all namespaces: the tutorial's loop, ours, and the same requests without anything around them.

use std::collections::BTreeSet;

use gcr_test_support::{Error, Result};

use super::namespaces::Namespaces;
use super::run::{BOTH, OURS, ours, replay, replay_at};
use super::{Extent, MANY, grouped};
use crate::bench::figures::{Bar, Figure};
use crate::bench::samples::{Samples, print_table, time};
use crate::bench::turns::{Way, in_turn};

const ROUNDS: usize = 5;
/// Namespaces that the loop is timed on: what it takes is the same for each.
const SAMPLE: usize = 20;
/// Requests in flight of the replay; the best counts.
const IN_FLIGHT: [usize; 3] = [8, 16, 32];
/// How many times as long the loop takes, at least.
const BAR_LOOP: f64 = 80.0;
/// How many times as long ours takes as the replay, at most.
const BAR_REPLAY: f64 = 1.15;

/// The tutorial's commands, for each of `$NAMESPACES`.
const LOOP: &str = "for ns in $NAMESPACES; do \
     kubectl create secret docker-registry gcr-io --docker-server gcr.io --docker-username _json_key \
     --docker-email any@valid.email --docker-password \"$(cat key.json)\" -n \"$ns\" && \
     kubectl patch serviceaccount default -p '{\"imagePullSecrets\": [{\"name\": \"gcr-io\"}]}' -n \"$ns\" || \
     exit 1; done";

pub(super) fn measure(namespaces: &mut Namespaces, extent: &Extent) -> Result<Vec<Figure>> {
    let count = extent.namespaces(MANY);
    namespaces.grow_to(count)?;
    let namespaces = &*namespaces;
    is_the_same(namespaces)?;

    let sample = SAMPLE.min(count);
    let names = namespaces.names()[..sample].join(" ");
    let name = format!("the tutorial's loop ({sample} namespaces, scaled)");
    let mut ways = vec![Way::new(&name, || {
        let command = namespaces.direct.session.shell(LOOP);
        let took = time(command.env("NAMESPACES", &names).into_command())?;
        namespaces.expect(sample, sample)?;
        Ok(took * count as f64 / sample as f64)
    })];
    ways.push(Way::new(OURS, || {
        let took = ours(&namespaces.direct, &BOTH)?.wall;
        namespaces.expect(count, count)?;
        Ok(took)
    }));
    ways.extend(IN_FLIGHT.map(|concurrency| {
        Way::new(replay_at(concurrency), move || {
            replay(namespaces, &namespaces.direct, concurrency)
        })
    }));
    let rounds = extent.rounds(ROUNDS);
    let samples = in_turn(rounds, ways, || namespaces.clear())?;

    let what = format!("{} namespaces, Secret and ServiceAccount", grouped(count));
    println!("{what}, {rounds} rounds\n");
    print_table(&samples);
    let [tutorial, ours, replays @ ..] = samples.as_slice() else {
        return Ok(Vec::new());
    };
    let best = Samples::best(replays);
    Ok(vec![
        Figure::times(
            &what,
            ours.median(),
            (&name, tutorial.median()),
            Bar::Faster(BAR_LOOP),
        ),
        Figure::times(
            &what,
            ours.median(),
            (best.name(), best.median()),
            Bar::Within(BAR_REPLAY),
        ),
    ])
}

/// That the replay is one: the plugin writes to the same URLs, and after the replay finds nothing to change.
fn is_the_same(namespaces: &Namespaces) -> Result<()> {
    namespaces.clear()?;
    let said = ours(&namespaces.direct, &["--attach", "-v=6"])?.stderr;
    let written: BTreeSet<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("PATCH ")?.split_once(' '))
        .map(|(path, _)| path)
        .collect();
    namespaces.clear()?;
    let jobs = namespaces.both()?;
    let sent: BTreeSet<&str> = jobs
        .iter()
        .flatten()
        .map(|call| call.path.as_str())
        .collect();
    if written != sent {
        let differ = written.symmetric_difference(&sent).next();
        return Err(Error::new(format!(
            "the replay is none: {}",
            differ.copied().unwrap_or_default()
        )));
    }
    replay(namespaces, &namespaces.direct, IN_FLIGHT[0])?;
    let before = namespaces.versions()?;
    ours(&namespaces.direct, &BOTH)?;
    if namespaces.versions()? == before {
        Ok(())
    } else {
        Err(Error::new(
            "after the replay the plugin still finds something to change",
        ))
    }
}

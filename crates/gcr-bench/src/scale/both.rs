//! Compares the plugin, writing both objects of all namespaces, with the tutorial's loop and with the replay.

use std::collections::BTreeSet;

use gcr_test_support::{Error, Result};

use super::digit_groups::grouped;
use super::namespaces::Namespaces;
use super::run::{BOTH, PLUGIN, replay, replay_name, run_plugin};
use super::size_options::{SizeOptions, USUAL_NAMESPACES};
use crate::figures::{Figure, Threshold};
use crate::interleave::{Variant, interleave};
use crate::samples::{Samples, print_table, time};

const ROUNDS: usize = 5;
/// Namespaces in which the loop is timed; its time per namespace is constant.
const SAMPLE: usize = 20;
/// Requests in flight of the replay; the fastest counts.
const IN_FLIGHT: [usize; 3] = [8, 16, 32];
/// Minimum ratio of the loop's time to the plugin's.
const THRESHOLD_LOOP: f64 = 70.0;
/// Maximum ratio of the plugin's time to the replay's.
const THRESHOLD_REPLAY: f64 = 1.15;

/// The tutorial's commands for each of `$NAMESPACES`.
const LOOP: &str = "for ns in $NAMESPACES; do \
     kubectl create secret docker-registry gcr-io --docker-server gcr.io --docker-username _json_key \
     --docker-email any@valid.email --docker-password \"$(cat key.json)\" -n \"$ns\" && \
     kubectl patch serviceaccount default -p '{\"imagePullSecrets\": [{\"name\": \"gcr-io\"}]}' -n \"$ns\" || \
     exit 1; done";

pub(super) fn measure(namespaces: &mut Namespaces, size: &SizeOptions) -> Result<Vec<Figure>> {
    let count = size.namespaces(USUAL_NAMESPACES);
    namespaces.grow_to(count)?;
    let namespaces = &*namespaces;
    verify_replay(namespaces)?;

    let sample = SAMPLE.min(count);
    let names = namespaces.names()[..sample].join(" ");
    let name = format!("the tutorial's loop ({sample} namespaces, scaled)");
    let mut variants = vec![Variant::new(&name, || {
        let command = namespaces.direct.session.shell(LOOP);
        let took = time(command.env("NAMESPACES", &names).into_command())?;
        namespaces.expect_counts(sample, sample)?;
        Ok(took * count as f64 / sample as f64)
    })];
    variants.push(Variant::new(PLUGIN, || {
        let took = run_plugin(&namespaces.direct, &BOTH)?.wall;
        namespaces.expect_counts(count, count)?;
        Ok(took)
    }));
    variants.extend(IN_FLIGHT.map(|concurrency| {
        Variant::new(replay_name(concurrency), move || {
            replay(namespaces, &namespaces.direct, concurrency)
        })
    }));
    let rounds = size.rounds(ROUNDS);
    let samples = interleave(rounds, variants, || namespaces.clear())?;

    let label = format!("{} namespaces, Secret and ServiceAccount", grouped(count));
    println!("{label}, {rounds} rounds\n");
    print_table(&samples);
    let [tutorial, plugin, replays @ ..] = samples.as_slice() else {
        return Ok(Vec::new());
    };
    let fastest = Samples::fastest(replays);
    Ok(vec![
        Figure::times(
            &label,
            plugin.median(),
            (&name, tutorial.median()),
            Threshold::Faster(THRESHOLD_LOOP),
        ),
        Figure::times(
            &label,
            plugin.median(),
            (fastest.name(), fastest.median()),
            Threshold::Within(THRESHOLD_REPLAY),
        ),
    ])
}

/// Verifies that the replay does the plugin's work: the plugin writes to the same URLs, and finds nothing to change
/// after a replay.
fn verify_replay(namespaces: &Namespaces) -> Result<()> {
    namespaces.clear()?;
    let stderr = run_plugin(&namespaces.direct, &["--attach", "-v=6"])?.stderr;
    let written: BTreeSet<&str> = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("PATCH ")?.split_once(' '))
        .map(|(path, _)| path)
        .collect();
    namespaces.clear()?;
    let sequences = namespaces.plugin_writes()?;
    let replayed: BTreeSet<&str> = sequences
        .iter()
        .flatten()
        .map(|request| request.path.as_str())
        .collect();
    if written != replayed {
        let difference = written.symmetric_difference(&replayed).next();
        return Err(Error::new(format!(
            "only the plugin or only the replay writes to {}",
            difference.copied().unwrap_or_default()
        )));
    }
    replay(namespaces, &namespaces.direct, IN_FLIGHT[0])?;
    let before = namespaces.versions()?;
    run_plugin(&namespaces.direct, &BOTH)?;
    if namespaces.versions()? == before {
        Ok(())
    } else {
        Err(Error::new("the plugin changes objects after the replay"))
    }
}

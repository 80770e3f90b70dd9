//! Lists the Secrets of all namespaces, compared with kubectl: the whole time, the time until the first row, and memory.

use std::process::Command;

use gcr_test_support::{Error, Result};

use super::digit_groups::grouped;
use super::namespaces::Namespaces;
use super::run::{BOTH, run_plugin};
use super::size_options::SizeOptions;
use crate::figures::{Figure, Threshold};
use crate::interleave::{Variant, interleave};
use crate::process::{Measured, measure_rows};
use crate::samples::{Samples, print_table};

/// Usual number of namespaces, and of rounds.
const USUAL: (usize, usize) = (10_000, 3);
const PLUGIN: &str = "kubectl-gcr_secret list -A";
const KUBECTL: &str = "kubectl get secrets -A -l LABEL";
const LABEL: &str = "app.kubernetes.io/managed-by=kubectl-gcr-secret";
/// Minimum ratio of kubectl's time until the first row to the plugin's.
const THRESHOLD_FIRST_ROW: f64 = 5.0;
/// Maximum peak memory, in MiB.
const THRESHOLD_MEMORY: f64 = 20.0;

pub(super) fn measure(namespaces: &mut Namespaces, size: &SizeOptions) -> Result<Vec<Figure>> {
    let count = size.namespaces(USUAL.0);
    let rounds = size.rounds(USUAL.1);
    namespaces.grow_to(count)?;
    run_plugin(&namespaces.direct, &BOTH)?;
    let session = &namespaces.direct.session;
    let plugin = || session.gcr_secret(["list", "-A"]).into_command();
    let kubectl = || {
        session
            .kubectl(["get", "secrets", "-A", "-l", LABEL])
            .into_command()
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let variants = vec![
        Variant::new(PLUGIN, || run(plugin(), &mut ours)),
        Variant::new(KUBECTL, || run(kubectl(), &mut theirs)),
    ];
    let samples = interleave(rounds, variants, || Ok(()))?;
    let label = format!("list of {} Secrets", grouped(count));
    println!("{label}, {rounds} rounds\n");
    print_table(&samples);
    let first_row = |name: &str, runs: &[(Measured, f64)]| {
        let mut samples = Samples::new(name);
        // The first round is discarded.
        runs.iter()
            .skip(1)
            .for_each(|(_, first)| samples.add(*first));
        samples
    };
    let (first, kubectl_first) = (first_row(PLUGIN, &ours), first_row(KUBECTL, &theirs));
    let mut peak = Samples::new("memory");
    ours.iter()
        .for_each(|(measured, _)| peak.add(measured.peak));
    Ok(vec![
        Figure::times(
            &label,
            samples[0].median(),
            (KUBECTL, samples[1].median()),
            Threshold::Within(1.0),
        ),
        Figure::times(
            format!("{label}: first row"),
            first.median(),
            (KUBECTL, kubectl_first.median()),
            Threshold::Faster(THRESHOLD_FIRST_ROW),
        ),
        Figure::number(
            format!("{label}: peak memory"),
            peak.max(),
            "MiB",
            Threshold::AtMost(THRESHOLD_MEMORY),
        ),
    ])
}

/// Runs a command once and returns its time.
fn run(command: Command, runs: &mut Vec<(Measured, f64)>) -> Result<f64> {
    let run = measure_rows(command)?;
    if !run.0.succeeded || run.1.is_nan() {
        let stderr = &run.0.stderr;
        return Err(Error::new(format!("the list has no row\n{stderr}")));
    }
    let wall = run.0.wall;
    runs.push(run);
    Ok(wall)
}

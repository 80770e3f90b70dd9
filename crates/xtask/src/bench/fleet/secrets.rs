//! The Secrets alone, beside the best that kubectl has for them: one file with all of them, applied by the server.

use std::time::Duration;

use gcr_test_support::fault_proxy::Route;
use gcr_test_support::{Error, Result, keys};

use super::namespaces::{self, Namespaces};
use super::run::{SECRETS, ours};
use super::{Extent, MANY, grouped};
use crate::bench::figures::{Bar, Figure};
use crate::bench::samples::{print_table, time};
use crate::bench::turns::{Way, in_turn};

/// Rounds on the same machine, and behind latency, where kubectl takes half a minute a time.
const ROUNDS: (usize, usize) = (5, 3);
const LATENCY: Duration = Duration::from_millis(20);
/// How many times as long kubectl takes, at least: on the same machine, and behind latency.
const BARS: (f64, f64) = (3.0, 15.0);
const KUBECTL: &str = "kubectl apply --server-side -f all.yaml";
const OURS: &str = "kubectl-gcr_secret create -A";

pub(super) fn measure(namespaces: &mut Namespaces, extent: &Extent) -> Result<Vec<Figure>> {
    let count = extent.namespaces(MANY);
    namespaces.grow_to(count)?;
    let namespaces = &*namespaces;
    let what = format!("{} Secrets", grouped(count));
    let direct = &namespaces.direct;
    let mut figures = vec![beside(
        namespaces,
        direct,
        &what,
        extent.rounds(ROUNDS.0),
        BARS.0,
    )?];
    println!();
    let (_proxy, distant) = namespaces.through(Route::new().latency(LATENCY))?;
    let what = format!("{what} behind {} ms", LATENCY.as_millis());
    figures.push(beside(
        namespaces,
        &distant,
        &what,
        extent.rounds(ROUNDS.1),
        BARS.1,
    )?);
    Ok(figures)
}

fn beside(
    namespaces: &Namespaces,
    way: &namespaces::Way,
    what: &str,
    rounds: usize,
    bar: f64,
) -> Result<Figure> {
    let count = namespaces.count();
    way.session.file("all.yaml", manifests(namespaces)?, 0o600);
    let bulk = Way::new(KUBECTL, || {
        let apply = ["apply", "--server-side", "-f", "all.yaml"];
        let took = time(way.session.kubectl(apply).into_command())?;
        namespaces.expect(count, 0)?;
        Ok(took)
    });
    let ours = Way::new(OURS, || {
        let took = ours(way, &SECRETS)?.wall;
        namespaces.expect(count, 0)?;
        Ok(took)
    });
    let samples = in_turn(rounds, vec![bulk, ours], || namespaces.clear())?;
    println!("{what}, {rounds} rounds\n");
    print_table(&samples);
    let (kubectl, ours) = (samples[0].median(), samples[1].median());
    Ok(Figure::times(
        what,
        ours,
        (KUBECTL, kubectl),
        Bar::Faster(bar),
    ))
}

/// The Secret as kubectl makes it, once for each namespace, in one file.
fn manifests(namespaces: &Namespaces) -> Result<String> {
    const NAMESPACE: &str = "the-namespace";
    let output = namespaces
        .direct
        .session
        .kubectl(["create", "secret", "docker-registry", "gcr-io"])
        .args(["--docker-server=gcr.io", "--docker-username=_json_key"])
        .args([
            "--docker-email=any@valid.email",
            "--docker-password",
            keys::KEY,
        ])
        .args(["--dry-run=client", "-o", "yaml", "-n", NAMESPACE])
        .run();
    let manifest = output.stdout;
    if manifest.matches(NAMESPACE).count() != 1 {
        return Err(Error::new(format!(
            "kubectl made no Secret of this namespace\n{}",
            output.stderr
        )));
    }
    let documents = namespaces
        .names()
        .iter()
        .map(|name| manifest.replace(NAMESPACE, name));
    Ok(documents.collect::<Vec<_>>().join("---\n"))
}

//! Compares the plugin, writing only the Secrets, with kubectl's fastest way: one server-side apply of a file with all
//! Secrets.

use std::time::Duration;

use gcr_test_support::fault_proxy::Route;
use gcr_test_support::{Error, Result, keys};

use super::digit_groups::grouped;
use super::namespaces::{Namespaces, ServerAccess};
use super::run::{SECRETS, run_plugin};
use super::size_options::{SizeOptions, USUAL_NAMESPACES};
use crate::figures::{Figure, Threshold};
use crate::interleave::{Variant, interleave};
use crate::samples::{print_table, time};

/// Rounds without and with latency. With latency, kubectl takes half a minute per round.
const ROUNDS: (usize, usize) = (5, 3);
const LATENCY: Duration = Duration::from_millis(20);
/// Minimum ratio of kubectl's time to the plugin's, without and with latency.
const THRESHOLDS: (f64, f64) = (3.0, 15.0);
const KUBECTL: &str = "kubectl apply --server-side -f all.yaml";
const PLUGIN: &str = "kubectl-gcr_secret create -A";

pub(super) fn measure(namespaces: &mut Namespaces, size: &SizeOptions) -> Result<Vec<Figure>> {
    let count = size.namespaces(USUAL_NAMESPACES);
    namespaces.grow_to(count)?;
    let namespaces = &*namespaces;
    let label = format!("{} Secrets", grouped(count));
    let direct = &namespaces.direct;
    let mut figures = vec![compare(
        namespaces,
        direct,
        &label,
        size.rounds(ROUNDS.0),
        THRESHOLDS.0,
    )?];
    println!();
    let (_proxy, distant) = namespaces.through(Route::new().latency(LATENCY))?;
    let label = format!("{label}, server {} ms away", LATENCY.as_millis());
    figures.push(compare(
        namespaces,
        &distant,
        &label,
        size.rounds(ROUNDS.1),
        THRESHOLDS.1,
    )?);
    Ok(figures)
}

/// Measures both over this access to the server.
fn compare(
    namespaces: &Namespaces,
    access: &ServerAccess,
    label: &str,
    rounds: usize,
    threshold: f64,
) -> Result<Figure> {
    let count = namespaces.count();
    access
        .session
        .file("all.yaml", manifests(namespaces)?, 0o600);
    let bulk = Variant::new(KUBECTL, || {
        let apply = ["apply", "--server-side", "-f", "all.yaml"];
        let took = time(access.session.kubectl(apply).into_command())?;
        namespaces.expect_counts(count, 0)?;
        Ok(took)
    });
    let plugin = Variant::new(PLUGIN, || {
        let took = run_plugin(access, &SECRETS)?.wall;
        namespaces.expect_counts(count, 0)?;
        Ok(took)
    });
    let samples = interleave(rounds, vec![bulk, plugin], || namespaces.clear())?;
    println!("{label}, {rounds} rounds\n");
    print_table(&samples);
    let (kubectl, plugin) = (samples[0].median(), samples[1].median());
    Ok(Figure::times(
        label,
        plugin,
        (KUBECTL, kubectl),
        Threshold::Faster(threshold),
    ))
}

/// Returns the text of a file with the Secret that kubectl creates, once per namespace.
fn manifests(namespaces: &Namespaces) -> Result<String> {
    const PLACEHOLDER: &str = "the-namespace";
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
        .args(["--dry-run=client", "-o", "yaml", "-n", PLACEHOLDER])
        .run();
    let manifest = output.stdout;
    if manifest.matches(PLACEHOLDER).count() != 1 {
        return Err(Error::new(format!(
            "kubectl did not print a Secret with its namespace\n{}",
            output.stderr
        )));
    }
    let documents = namespaces
        .names()
        .iter()
        .map(|name| manifest.replace(PLACEHOLDER, name));
    Ok(documents.collect::<Vec<_>>().join("---\n"))
}

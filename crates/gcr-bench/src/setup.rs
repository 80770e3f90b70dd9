//! `bench setup`: measures `kubectl gcr-secret setup` against a fake Google 20 ms away, first run and second run, beside the
//! commands of gcloud and kubectl that its dry run prints. Without gcloud, it measures only the plugin.

use std::cell::RefCell;
use std::time::Duration;

use gcr_test_support::fake_google::RecordedRequest;
use gcr_test_support::{ControlPlane, Error, FakeGoogle, Options, Result, Session};

use crate::interleave::{Variant, interleave};
use crate::samples::{print_table, print_threshold, time};

const ROUNDS: usize = 3;
const LATENCY: Duration = Duration::from_millis(20);
const REGISTRY: &str = "europe-west1-docker.pkg.dev/demo-project/images";
/// Minimum ratio of the commands' time to the plugin's, for the first and the second run.
const THRESHOLD_FIRST: f64 = 10.0;
const THRESHOLD_SECOND: f64 = 20.0;

/// A project and a namespace in which nothing was set up.
struct Fresh {
    google: FakeGoogle,
    namespace: String,
}

/// Measures and prints the result.
pub(crate) fn run() -> Result<()> {
    let control_plane = ControlPlane::start(Options::new().throwaway())?;
    let session = &Session::open(Some(control_plane.kubeconfig()))?;
    let fresh = || -> Result<Fresh> {
        let google = FakeGoogle::start(0)?;
        google.add_repository("europe-west1", "images");
        google.set_latency(LATENCY);
        let namespace = control_plane.create_namespace("setup");
        Ok(Fresh { google, namespace })
    };
    let setup = |target: &Fresh, more: &[&str]| {
        let flags = ["setup", "--registry", REGISTRY, "-n", &target.namespace];
        let environment = target.google.operator_environment();
        session.gcr_secret(flags).args(more).envs(environment)
    };
    let last: RefCell<Option<Fresh>> = RefCell::default();
    let requests = RefCell::new([Vec::new(), Vec::new()]);
    let first = || {
        let target = fresh()?;
        let took = time(setup(&target, &[]).into_command())?;
        requests.borrow_mut()[0] = target.google.requests();
        *last.borrow_mut() = Some(target);
        Ok(took)
    };
    let second = || {
        let target = match last.take() {
            Some(target) => target,
            None => {
                let target = fresh()?;
                time(setup(&target, &[]).into_command())?;
                target
            }
        };
        target.google.reset_requests();
        let took = time(setup(&target, &[]).into_command())?;
        requests.borrow_mut()[1] = target.google.requests();
        Ok(took)
    };
    let by_hand = || {
        let target = fresh()?;
        let output = setup(&target, &["--dry-run=client"]).run().success();
        let script = output.commands().join(" && ");
        let environment = target
            .google
            .gcloud_environment(&session.home().join("gcloud"));
        time(session.shell(&script).envs(environment).into_command())
    };
    let has_gcloud = session.shell("command -v gcloud").run().code == Some(0);
    let mut variants = vec![
        Variant::new("kubectl gcr-secret setup, first run", first),
        Variant::new("kubectl gcr-secret setup, second run", second),
    ];
    if has_gcloud {
        variants.insert(0, Variant::new("the same with gcloud and kubectl", by_hand));
    }
    let samples = interleave(ROUNDS, variants, || Ok(()))?;
    let milliseconds = LATENCY.as_millis();
    println!("set-up, Google {milliseconds} ms away, {ROUNDS} rounds\n");
    print_table(&samples);
    for (name, requests) in ["first", "second"].into_iter().zip(requests.take()) {
        print_requests(name, &requests);
    }
    let [commands, first, second] = samples.as_slice() else {
        println!("gcloud is not installed, so that there is nothing to compare with");
        return Ok(());
    };
    if first.median().is_nan() || second.median().is_nan() {
        return Err(Error::new("nothing was measured"));
    }
    for (name, samples, threshold) in [
        ("first", first, THRESHOLD_FIRST),
        ("second", second, THRESHOLD_SECOND),
    ] {
        let ratio = commands.median() / samples.median();
        let text = format!("the {name} run is at least {threshold} times faster ({ratio:.1})");
        print_threshold(&text, ratio >= threshold);
    }
    Ok(())
}

/// Prints the number of requests, and the sequential round trips among them.
fn print_requests(run: &str, requests: &[RecordedRequest]) {
    let sequence = RecordedRequest::sequence(requests);
    println!(
        "\n{run} run: {} requests to Google and its registry, {} of them one after another:",
        requests.len(),
        sequence.len()
    );
    for request in sequence {
        println!("  {} {} {}", request.verb, request.host, request.method);
    }
}

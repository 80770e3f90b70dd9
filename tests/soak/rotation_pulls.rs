//! Rotates keys under faults, beside an observer that pulls with every Secret all the time: not one moment in which a Secret
//! holds a key that the registry refuses.

use std::time::{Duration, Instant};

use gcr_test_support::fake_google::{self, CannedError, Propagation};
use gcr_test_support::fault_proxy::{CannedResponse, Fault, Rule};
use gcr_test_support::{FaultProxy, wait_until};

use crate::pull_observer::PullObserver;
use crate::rotations::Rotations;
use crate::rounds::{is_long, print_figures, rounds};

/// Injects the faults of a round into the cluster.
fn inject(proxy: &FaultProxy, round: usize) {
    proxy.clear_faults();
    let patches = || Rule::on("patch", "secrets");
    match round % 5 {
        0 => {
            let storm = Fault::Replace(CannedResponse::unavailable());
            proxy.inject(patches().first(12), storm);
        }
        1 => {
            proxy.inject(patches().skip(2).first(6), Fault::ResponseLost);
        }
        2 => {
            proxy.inject(patches().skip(1).first(8), Fault::ConcurrentWrite);
        }
        3 => {
            let denied = CannedResponse::status(403, "Forbidden", "denied");
            proxy.inject(patches().skip(5).first(3), Fault::Replace(denied));
        }
        _ => {}
    }
}

/// Injects the faults of a round into Google.
fn inject_into_google(google: &gcr_test_support::FakeGoogle, round: usize) {
    google.clear_faults();
    google.set_propagation(Propagation {
        keys: 4 + (round % 4) as u32,
        ..Propagation::default()
    });
    let unavailable = fake_google::Fault::Respond(CannedError::unavailable());
    // Google's rule of retries pauses for a second or more. The short form has one fault per rotation.
    let methods = ["keys.disable", "keys.delete", "keys.list"];
    let one = (round + round / 3) % 3;
    let some = if is_long() { 0..3 } else { one..one + 1 };
    for method in &methods[some] {
        let rule = fake_google::Rule::on(method);
        match round % 3 {
            0 => google.inject(rule.first(rounds(1, 2)), unavailable.clone()),
            1 => google.inject(rule.nth(1), fake_google::Fault::ReplyLost),
            _ => continue,
        };
    }
    if round % 4 == 1 {
        let rule = fake_google::Rule::on("keys.create").nth(1);
        google.inject(rule, fake_google::Fault::ReplyLost);
    }
}

#[test]
fn no_secret_holds_a_refused_key_at_any_moment() {
    let count = rounds(30, 300);
    let rotations = Rotations::new(count);
    let proxy = FaultProxy::new(&rotations.plane);
    let session = proxy.session();
    let observer = PullObserver::start(&rotations);
    let rotated = rounds(5, 50);
    let mut unfinished = 0;
    let started = Instant::now();
    for round in 0..rotated {
        inject(&proxy, round);
        inject_into_google(&rotations.google, round);
        rotations.google.reset_requests();
        let run = rotations.rotate_in(&session).spawn();
        if round % 5 == 4 {
            // A namespace that is made while the new key is being proven.
            wait_until("a key is created", || {
                rotations.google.count("keys.create") > 0
            });
            observer.copy_to_new_namespace(&format!("made-in-the-middle-{round}"));
        }
        let output = run.wait();
        proxy.clear_faults();
        rotations.google.clear_faults();
        if output.code != Some(0) {
            unfinished += 1;
            rotations.rotate().run().success();
        }
        let (carried, secrets) = rotations.carried();
        assert_eq!(carried, rotations.enabled(), "round {round}\n{output}");
        assert_eq!(carried.len(), 1, "round {round}\n{output}");
        assert!(secrets >= count, "{secrets}");
        print_figures(&format!(
            "rotation {} of {rotated}, {unfinished} finished by a second run: {:.0} s",
            round + 1,
            started.elapsed().as_secs_f64()
        ));
    }
    std::thread::sleep(Duration::from_millis(200));
    let observed = observer.stop();
    assert_eq!(observed.refused, [""; 0], "{observed:?}");
    assert!(observed.first_is_refused, "{observed:?}");
    assert!(observed.keys.len() > rotated / 2, "{observed:?}");
    print_figures(&format!(
        "{rotated} rotations of {count} namespaces, {unfinished} of them finished by a second run; the observer read {} Secrets in {} reads \
         and asked {} times with {} keys: none was refused",
        observed.secrets,
        observed.looks,
        observed.asked,
        observed.keys.len()
    ));
}

//! Ctrl-C during `delete --delete-key`: a key whose Secret may be gone has a line with the command that deletes it.

use std::time::Duration;

use gcr_test_support::fake_google::{Fault, Rule};
use gcr_test_support::{FaultProxy, Output, RunningCommand, Signal, fault_proxy, wait_until};

use crate::delete_key::{delete, delete_as, set_up};
use crate::fixture::EMAIL;

fn interrupt(mut run: RunningCommand) -> Output {
    run.signal(Signal::INT);
    run.wait().exits(130)
}

/// Asserts that the output names a key whose deletion was not sent.
#[track_caller]
fn assert_names(output: &Output, key: &str) {
    let lines = format!(
        "error: key {key} was not deleted: interrupted\nhint: delete the key if nothing uses it: gcloud iam service-accounts keys \
         delete {key} --iam-account={EMAIL}"
    );
    assert!(output.stderr.contains(&lines), "{output}");
}

#[test]
fn interrupted_search_names_the_key() {
    let (fixture, key) = set_up();
    let proxy = FaultProxy::new(fixture.cluster);
    let search = fault_proxy::Rule::on("list", "secrets")
        .query("fieldSelector", "type=kubernetes.io/dockerconfigjson");
    let search = proxy.inject(search, fault_proxy::Fault::Hang);
    let session = proxy.session();
    let run = delete_as(&session, &fixture.google, &fixture.namespace).spawn();
    wait_until("the search hangs", || proxy.hits(search) == 1);
    let output = interrupt(run);
    assert_names(&output, &key);
    assert!(fixture.secret().is_none());
    assert_eq!(fixture.key(), key);
}

#[test]
fn interrupted_deletion_of_the_secret_names_the_key() {
    let (fixture, key) = set_up();
    let proxy = FaultProxy::new(fixture.cluster);
    let deletion = fault_proxy::Rule::on("delete", "secrets");
    let deletion = proxy.inject(deletion, fault_proxy::Fault::HangAfterCommit);
    let session = proxy.session();
    let run = delete_as(&session, &fixture.google, &fixture.namespace).spawn();
    wait_until("the deletion hangs", || proxy.hits(deletion) == 1);
    assert_names(&interrupt(run), &key);
    assert_eq!(fixture.key(), key);
}

#[test]
fn key_of_a_secret_that_was_not_deleted_is_not_named() {
    let (fixture, key) = set_up();
    let proxy = FaultProxy::new(fixture.cluster);
    let patch = fault_proxy::Rule::on("list", "serviceaccounts");
    let patch = proxy.inject(patch, fault_proxy::Fault::Hang);
    let session = proxy.session();
    let run = delete_as(&session, &fixture.google, &fixture.namespace).spawn();
    wait_until("the list hangs", || proxy.hits(patch) == 1);
    let output = interrupt(run);
    assert!(!output.stderr.contains(&key), "{output}");
    assert_eq!(fixture.stored_key(), Some(key));
}

#[test]
fn deletion_of_the_key_in_flight_is_awaited() {
    let (fixture, key) = set_up();
    let delay = Fault::Delay(Duration::from_secs(1));
    let deletion = fixture.google.inject(Rule::on("keys.delete"), delay);
    let run = delete(&fixture).spawn();
    wait_until("the deletion waits", || fixture.google.hits(deletion) == 1);
    let output = interrupt(run);
    let line = format!("key/{key} deleted\n");
    assert!(output.stdout.ends_with(&line), "{output}");
    assert!(!output.stderr.contains(&key), "{output}");
    assert_eq!(fixture.keys(), [""; 0]);
}

#[test]
fn deletion_of_the_key_that_hangs_is_unknown_with_its_command() {
    let (fixture, key) = set_up();
    let deletion = fixture.google.inject(Rule::on("keys.delete"), Fault::Hang);
    let run = delete(&fixture).spawn();
    wait_until("the deletion hangs", || fixture.google.hits(deletion) == 1);
    let output = interrupt(run);
    let command = format!(
        "hint: delete the key: gcloud iam service-accounts keys delete {key} --iam-account={EMAIL}"
    );
    for part in ["interrupted before Google responded", &command] {
        assert!(output.stderr.contains(part), "{output}");
    }
}

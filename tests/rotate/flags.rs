//! The flags that decide what becomes of the old key, and output.

use std::time::{Duration, Instant};

use gcr_test_support::{RunningCommand, Signal, wait_until};
use serde_json::Value;

use crate::fixture::Fixture;

#[test]
fn kept_key_stays_disabled_and_the_rotation_is_over() {
    let fixture = Fixture::new("rotate-keep", 2);
    fixture.rotate(["--keep-old"]).run().success();
    let keys = fixture.keys();
    assert!(keys.contains(&(fixture.old.clone(), true)), "{keys:?}");
    assert_eq!(fixture.google.count("keys.delete"), 0);
    assert_eq!(fixture.previous(), [""; 0]);
    // The next run rotates again and leaves that key alone.
    fixture.rotate([""; 0]).run().success();
    let keys = fixture.keys();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys.contains(&(fixture.old.clone(), true)), "{keys:?}");
}

#[test]
fn grace_period_passes_between_disabling_and_deleting() {
    let fixture = Fixture::new("rotate-grace", 1);
    let started = Instant::now();
    let run = fixture.rotate(["--grace", "3s"]).spawn();
    wait_until("the key is disabled", || {
        fixture.keys().contains(&(fixture.old.clone(), true))
    });
    let disabled = Instant::now();
    let output = run.wait().success();
    assert!(disabled.elapsed() > Duration::from_millis(2500), "{output}");
    assert!(started.elapsed() > Duration::from_secs(3), "{output}");
    assert!(output.stderr.contains("waiting for 3s before"), "{output}");
    fixture.assert_rotated();
}

#[test]
fn interrupted_grace_period_is_finished_by_the_next_run() {
    let fixture = Fixture::new("rotate-grace-kill", 1);
    let mut run: RunningCommand = fixture.rotate(["--grace", "1h"]).spawn();
    wait_until("the key is disabled", || {
        fixture.keys().contains(&(fixture.old.clone(), true))
    });
    run.signal(Signal::INT);
    run.wait().exits(130);
    assert_eq!(fixture.previous(), std::slice::from_ref(&fixture.old));
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

#[test]
fn contradicting_or_invalid_flags_are_usage_errors() {
    let fixture = Fixture::new("rotate-flags", 1);
    for (args, error) in [
        (
            &["--keep-old", "--grace=1h"][..],
            "--grace cannot be used with --keep-old",
        ),
        (&["--max-age=90"], "invalid --max-age \"90\""),
        (&["--grace=1x"], "--grace"),
        (&["--timeout=-"], "--timeout"),
        (&["a", "b"], "b"),
    ] {
        let output = fixture.rotate(args).run().exits(1);
        assert!(output.stderr.contains(error), "{args:?}\n{output}");
    }
    assert_eq!(fixture.google.requests().len(), 0);
}

#[test]
fn report_has_each_object_and_the_secrets_that_keep_the_old_key() {
    let fixture = Fixture::new("rotate-report", 2);
    let selected = &fixture.namespaces[0];
    let args = ["--report", "report.jsonl", "-o", "name"];
    let output = fixture.rotate_in(selected, args).run().exits(1);
    assert_eq!(output.stdout, "secret/gcr-io\n", "{output}");
    let text = std::fs::read_to_string(fixture.session.work().join("report.jsonl")).unwrap();
    let entries: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let old = entries
        .iter()
        .find(|it| it["name"] == fixture.old.as_str())
        .unwrap_or_else(|| panic!("{text}"));
    assert_eq!(old["project"], "demo-project", "{text}");
    let reason = old.to_string();
    assert!(reason.contains(&fixture.namespaces[1]), "{text}");
    assert!(
        entries
            .iter()
            .any(|it| it["namespace"] == selected.as_str() && it["name"] == "gcr-io"),
        "{text}"
    );
}

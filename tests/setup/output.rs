//! Output formats, and the progress on a terminal.

use std::time::Duration;

use serde_json::Value;

use crate::fixture::{EMAIL, Fixture, REGISTRY};

#[test]
fn formats_show_only_the_objects_of_kubernetes() {
    let fixture = Fixture::prepared("setup-formats");
    let account = format!("iamaccount/{EMAIL} created\n");
    let output = fixture.setup(["-o", "name"]).run().success();
    assert_eq!(output.stdout, "secret/gcr-io\nserviceaccount/default\n");
    assert!(output.stderr.contains(&account), "{output}");
    let output = fixture.setup(["-o", "yaml"]).run().success();
    let objects = fixture.cluster.objects_of(&output.stdout);
    let kinds: Vec<&Value> = objects.iter().map(|object| &object["kind"]).collect();
    assert_eq!(kinds, ["Secret", "ServiceAccount"], "{output}");
    let account = format!("iamaccount/{EMAIL} unchanged\n");
    assert!(output.stderr.contains(&account), "{output}");
}

#[test]
fn progress_is_shown_on_a_terminal_while_google_responds() {
    let fixture = Fixture::prepared("setup-progress");
    fixture.google.set_latency(Duration::from_millis(300));
    let other = fixture.cluster.create_namespace("setup-progress");
    let both = format!("{},{other}", fixture.namespace);
    let setup = || {
        let args = ["--registry", REGISTRY, "-n", &both];
        fixture.command(args).env("TERM", "xterm")
    };
    let output = setup().stderr_on_terminal().run().success();
    // Of Google's objects, only the APIs and the repository have responded.
    assert!(output.stderr.contains("3/"), "{output}");
    assert!(!setup().run().success().stderr.contains(" objects, "));
    fixture.assert_complete();
}

//! A rotation from start to end.

use crate::fixture::{Fixture, REGISTRY};

#[test]
fn rotation_replaces_the_key_everywhere_and_deletes_the_old_one() {
    let fixture = Fixture::new("rotate", 3);
    let output = fixture.rotate([""; 0]).run().success();
    fixture.assert_rotated();
    let (new, old) = (fixture.key(), &fixture.old);
    let mut expected = vec![
        format!("key/{new} created"),
        format!("registry/{REGISTRY} verified"),
    ];
    let secrets = fixture.namespaces.iter();
    expected.extend(secrets.map(|it| format!("secret/gcr-io configured -n {it}")));
    expected.push(format!("key/{old} disabled"));
    expected.push(format!("key/{old} deleted"));
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    lines[2..5].sort_unstable();
    assert_eq!(lines, expected, "{output}");
    assert!(
        output
            .stderr
            .ends_with("1 created, 3 configured, 1 deleted, 1 verified, 1 disabled, 0 failed, 0 unknown, 0 not started\n"),
        "{output}"
    );
    // The old key was disabled before it was deleted.
    let requests = fixture.google.requests();
    let position = |end: &str| requests.iter().position(|it| it.method.ends_with(end));
    assert!(position("keys.disable") < position("keys.delete"));
    assert!(position("keys.disable").is_some());
}

#[test]
fn second_run_of_create_after_a_rotation_changes_nothing() {
    let fixture = Fixture::new("rotate-digest", 1);
    fixture.rotate([""; 0]).run().success();
    let namespace = &fixture.namespaces[0];
    let secret = fixture.secret(namespace);
    let config = crate::fixture::docker_config(&secret);
    let entry = config["auths"]
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap();
    let file = crate::fixture::file_in(entry);
    fixture.session.file("new.json", file, 0o600);
    let output = fixture
        .session
        .gcr_secret(["create", "--key-file", "new.json", "--registry", REGISTRY])
        .args(["-n", namespace])
        .run()
        .success();
    assert_eq!(output.stdout, "secret/gcr-io unchanged\n", "{output}");
    let version = |secret: &serde_json::Value| secret["metadata"]["resourceVersion"].clone();
    assert_eq!(version(&secret), version(&fixture.secret(namespace)));
}

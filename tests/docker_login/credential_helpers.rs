//! Credential helpers: `credHelpers` and `credsStore` are honoured, and no credential falls back to the file.

use serde_json::json;

use crate::fixture::{Fixture, HOST, REGISTRY};

#[test]
fn helper_gets_the_credential_on_standard_input_and_the_file_none() {
    for field in ["credsStore", "credHelpers"] {
        let fixture = Fixture::new();
        fixture.add_helper("test", "");
        let setting = match field {
            "credsStore" => json!("test"),
            _ => json!({HOST: "test", "other.example": "missing"}),
        };
        fixture.write(&json!({field: setting, "auths": {HOST: {"auth": "b2xk"}}}).to_string());
        let output = fixture.login([""; 0]).run().success();
        assert_eq!(output.stdout, fixture.line(HOST, "updated"), "{output}");
        assert_eq!(
            fixture.stored(),
            json!({"ServerURL": HOST, "Username": "_json_key", "Secret": fixture.key})
        );
        assert_eq!(
            fixture.config(),
            json!({field: setting, "auths": {HOST: {}}})
        );
        let read = |name: &str| std::fs::read_to_string(fixture.session.work().join(name)).unwrap();
        // No argument but the action, and addresses without a credential.
        assert!(
            read("arguments")
                .lines()
                .all(|line| ["get", "store"].contains(&line))
        );
        assert!(
            read("get").chars().all(|it| HOST.contains(it)),
            "{}",
            read("get")
        );
        let output = fixture.login([""; 0]).run().success();
        assert_eq!(output.stdout, fixture.line(HOST, "unchanged"), "{output}");
        assert_eq!(read("arguments").matches("store").count(), 1);
    }
}

#[test]
fn helper_of_the_host_wins_and_an_empty_one_means_the_file() {
    let fixture = Fixture::new();
    fixture.add_helper("host", "");
    fixture.add_helper("store", "exit 9");
    let config = json!({"credsStore": "store", "credHelpers": {HOST: "host", "gcr.io": ""}});
    fixture.write(&config.to_string());
    let args = ["--verify=false", "--registry=gcr.io"];
    fixture.login(args).run().success();
    let written = fixture.config();
    assert_eq!(written["auths"][HOST], json!({}));
    assert_eq!(written["auths"]["gcr.io"], json!({"auth": fixture.auth()}));
}

#[test]
fn missing_helper_is_an_error_without_plain_text() {
    let fixture = Fixture::new();
    let text = json!({"credsStore": "absent"}).to_string();
    fixture.write(&text);
    let output = fixture.login([""; 0]).run().exits(1);
    assert_eq!(
        output.stderr,
        format!(
            "error: docker config {}: {HOST}: docker-credential-absent is not on PATH (credsStore)\nhint: install it, or remove absent from credsStore in the file\n",
            fixture.file().display()
        )
    );
    assert_eq!(fixture.text(), text);
}

#[test]
fn failing_helper_is_an_error_with_its_reason_and_without_plain_text() {
    let fixture = Fixture::new();
    fixture.add_helper("test", "read -r line; echo \"locked: $line\"; exit 1");
    let text = json!({"credHelpers": {HOST: "test"}}).to_string();
    fixture.write(&text);
    let output = fixture.login([""; 0]).run().exits(1);
    assert!(
        output
            .stderr
            .contains(": docker-credential-test store: locked: {\"ServerURL\":"),
        "{output}"
    );
    assert!(!output.stderr.contains("PRIVATE KEY"), "{output}");
    assert_eq!(fixture.text(), text);
}

#[test]
fn helper_that_ignores_the_credential_is_named() {
    let fixture = Fixture::new();
    // As docker-credential-gcloud, which gcloud auth configure-docker sets up.
    fixture.session.script(
        "docker-credential-gcloud",
        "cat > /dev/null\ntest $1 = store || echo '{\"Username\":\"_dcgcloud_token\",\"Secret\":\"ya29.of-gcloud\"}'",
    );
    let text = json!({"credHelpers": {HOST: "gcloud"}}).to_string();
    fixture.write(&text);
    let output = fixture.login([""; 0]).run().exits(1);
    assert!(
        output
            .stderr
            .contains("the credential helper accepted the credential, but returns another one\n")
            && output.stderr.contains(&format!(
                "hint: to use another credential, remove {HOST} from credHelpers\n"
            )),
        "{output}"
    );
    assert_eq!(fixture.text(), text);
}

#[test]
fn helper_that_returns_nothing_is_a_warning() {
    let fixture = Fixture::new();
    fixture
        .session
        .script("docker-credential-mute", "cat > /dev/null");
    fixture.write("{\"credsStore\":\"mute\"}");
    let output = fixture.login([""; 0]).run().success();
    assert!(
        output.stderr.contains("Warning: ")
            && output.stderr.contains("does not return the credential"),
        "{output}"
    );
    assert_eq!(fixture.config()["auths"], json!({HOST: {}}));
}

#[test]
fn name_of_a_helper_is_no_path() {
    let fixture = Fixture::new();
    fixture
        .session
        .file("docker-credential-x", "#!/bin/sh\ntouch ran\n", 0o755);
    fixture.write(&json!({"credsStore": "/../../work/docker-credential-x"}).to_string());
    let output = fixture.login([""; 0]).run().exits(1);
    assert!(
        output
            .stderr
            .contains("is not the name of a credential helper"),
        "{output}"
    );
    assert!(!fixture.session.work().join("ran").exists());
}

#[test]
fn helper_of_an_auth_file_is_honoured_too() {
    let fixture = Fixture::new();
    fixture.add_helper("test", "");
    let text = json!({"credHelpers": {HOST: "test"}}).to_string();
    let file = fixture.session.file("auth.json", text, 0o600);
    fixture.login(["--authfile=auth.json"]).run().success();
    assert_eq!(fixture.stored()["Secret"], json!(fixture.key));
    assert!(!std::fs::read_to_string(file).unwrap().contains("auth\":\""));
    let dry = ["--authfile=auth.json", "--dry-run=client"];
    let output = fixture
        .command(["--key-file=key.json", "--registry", REGISTRY])
        .args(dry)
        .run()
        .success();
    assert_eq!(
        output.stdout,
        format!("docker config auth.json: {HOST} unchanged (dry run)\n")
    );
}

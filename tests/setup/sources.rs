//! Each source of the operator's credentials, and each address of Google, through the command itself.

use std::time::{Duration, Instant};

use gcr_test_support::fake_google::{OPERATOR, PROJECT};
use gcr_test_support::{Invocation, wait_until};

use crate::fixture::{Fixture, REGISTRY};

/// The account that operates the project where the source is an account.
const ADMIN: &str = "setup-admin@demo-project.iam.gserviceaccount.com";

/// Returns the command without the operator's credential.
fn setup(fixture: &Fixture) -> Invocation {
    let flags = ["setup", "-v=1", "--registry", REGISTRY, "-n"];
    let command = fixture.session.gcr_secret(flags).arg(&fixture.namespace);
    command.envs(fixture.google.environment())
}

/// Prepares a project whose operator may be the account `setup-admin`. Returns that account's key file.
fn with_admin(prefix: &str) -> (Fixture, String) {
    let fixture = Fixture::prepared(prefix);
    let (email, key) = fixture.google.add_key("setup-admin");
    assert_eq!(email, ADMIN);
    let member = format!("serviceAccount:{ADMIN}");
    fixture
        .google
        .grant_on_project(PROJECT, "roles/owner", &member);
    (fixture, key)
}

#[test]
fn every_type_of_credential_file_is_used() {
    let (fixture, key) = with_admin("setup-files");
    let google = &fixture.google;
    let role = "roles/iam.serviceAccountTokenCreator";
    google.grant_on_account(ADMIN, role, OPERATOR);
    let token = fixture
        .session
        .file("subject-token", "subject-token-of-ci", 0o600);
    let member = google.accept_subject_token("subject-token-of-ci", "job-1");
    google.grant_on_account(ADMIN, role, &member);
    let user = google.user_credential_file();
    let files = [
        ("service account key", key),
        (
            "impersonation settings",
            google.impersonated_credential_file(&user, ADMIN),
        ),
        (
            "workload identity federation",
            google.federated_credential_file(&token, Some(ADMIN)),
        ),
        ("user credentials", user),
    ];
    for (kind, text) in files {
        let file = fixture.session.file("credentials.json", text, 0o600);
        let output = setup(&fixture)
            .env("GOOGLE_APPLICATION_CREDENTIALS", file)
            .run()
            .success();
        assert!(output.stderr.contains(kind), "{kind}\n{output}");
        fixture.assert_complete();
    }
    let requests = google.requests();
    // User credentials bill the quota project of their file.
    assert_eq!(
        requests.last().and_then(|it| it.quota_project.clone()),
        requests
            .iter()
            .rev()
            .find(|it| it.method.starts_with("registry"))
            .and_then(|it| it.quota_project.clone())
    );
    let of_iam = requests
        .iter()
        .rev()
        .find(|it| it.method.starts_with("iam."));
    assert_eq!(of_iam.unwrap().quota_project.as_deref(), Some(PROJECT));
}

#[test]
fn first_source_is_used_and_its_failure_is_final() {
    let fixture = Fixture::prepared("setup-order");
    let refused = fixture
        .google
        .refused_user_credential_file("invalid_grant", "Token has been expired or revoked.");
    let file = fixture.session.file("credentials.json", refused, 0o600);
    let output = setup(&fixture)
        .env("GOOGLE_APPLICATION_CREDENTIALS", &file)
        .run()
        .failure();
    assert!(
        output.stderr.contains("GOOGLE_APPLICATION_CREDENTIALS")
            && output.stderr.contains("Token has been expired or revoked.")
            && output.stderr.contains("hint: "),
        "{output}"
    );
    // The file of gcloud's Application Default Credentials comes after it, and a token file before it.
    let config = fixture.session.home().join("gcloud-config");
    std::fs::create_dir_all(&config).unwrap();
    let adc = config.join("application_default_credentials.json");
    std::fs::write(adc, fixture.google.user_credential_file()).unwrap();
    let with_adc = || setup(&fixture).env("CLOUDSDK_CONFIG", &config);
    let failed = with_adc().env("GOOGLE_APPLICATION_CREDENTIALS", &file);
    failed.run().failure();
    with_adc().run().success();
    let token = fixture.google.operator_token_file();
    let output = with_adc()
        .env("GOOGLE_APPLICATION_CREDENTIALS", &file)
        .arg("--access-token-file")
        .arg(token)
        .run()
        .success();
    assert!(output.stderr.contains("access token file"), "{output}");
    fixture.assert_complete();
}

#[test]
fn gcloud_gives_project_and_token() {
    let fixture = Fixture::prepared("setup-gcloud");
    let config = fixture.session.home().join("gcloud-config");
    std::fs::create_dir_all(config.join("configurations")).unwrap();
    std::fs::write(config.join("active_config"), "work").unwrap();
    let properties = format!("[core]\nproject = {PROJECT}\naccount = operator@example.com\n");
    std::fs::write(config.join("configurations/config_work"), properties).unwrap();
    let helper = format!(
        r#"test "$*" = "config config-helper --format=json" || exit 1
echo '{{"configuration":{{"properties":{{"core":{{"account":"operator@example.com"}}}}}},"credential":{{"access_token":"{}","token_expiry":"2099-01-01T00:00:00Z"}}}}'"#,
        fixture.google.operator_token()
    );
    fixture.session.script("gcloud", &helper);
    fixture.google.add_repository("us", "gcr.io");
    let output = fixture
        .session
        .gcr_secret(["setup", "-v=1", "-n", &fixture.namespace])
        .envs(fixture.google.environment())
        .env("CLOUDSDK_CONFIG", &config)
        .run()
        .success();
    assert!(
        output
            .stderr
            .contains("gcloud (account operator@example.com)")
            && output
                .stdout
                .contains("registry/gcr.io/demo-project verified\n"),
        "{output}"
    );
}

#[test]
fn gcloud_that_hangs_can_be_interrupted() {
    let fixture = Fixture::prepared("setup-gcloud-hangs");
    let started = fixture.session.home().join("started");
    let script = format!("touch {}; exec sleep 100", started.display());
    fixture.session.script("gcloud", &script);
    let mut run = setup(&fixture).spawn();
    wait_until("gcloud", || started.exists());
    run.signal(gcr_test_support::Signal::INT);
    let output = run.wait().exits(130);
    assert_eq!(fixture.google.requests().len(), 0, "{output}");
}

#[test]
fn pipe_without_writer_can_be_interrupted() {
    let fixture = Fixture::prepared("setup-pipe");
    let pipe = fixture.session.home().join("pipe");
    let made = format!("mkfifo -m 600 {}", pipe.display());
    fixture.session.shell(&made).run().success();
    let as_token = || setup(&fixture).arg("--access-token-file").arg(&pipe);
    let as_file = || setup(&fixture).env("GOOGLE_APPLICATION_CREDENTIALS", &pipe);
    for command in [as_token(), as_file()] {
        let mut run = command.spawn();
        std::thread::sleep(Duration::from_millis(500));
        assert!(run.is_running());
        let started = Instant::now();
        run.signal(gcr_test_support::Signal::INT);
        run.wait().exits(130);
        assert!(started.elapsed() < Duration::from_secs(3));
    }
    assert_eq!(fixture.google.requests().len(), 0);
    // A writer that comes late is awaited.
    let token = fixture.google.operator_token_file();
    let line = format!("sleep 1; cat {} > {}", token.display(), pipe.display());
    let writer = fixture.session.shell(&line).spawn();
    as_token().run().success();
    writer.wait().success();
    fixture.assert_complete();
}

#[test]
fn metadata_server_is_the_last_source() {
    let (fixture, _) = with_admin("setup-metadata");
    fixture.google.run_on_google_cloud(ADMIN);
    let host = fixture.google.url().replace("http://", "");
    let output = setup(&fixture)
        .env("GCE_METADATA_HOST", host)
        .run()
        .success();
    assert!(output.stderr.contains("metadata server"), "{output}");
    fixture.assert_complete();
}

#[test]
fn overridden_addresses_are_those_of_gcloud() {
    let fixture = Fixture::prepared("setup-overrides");
    let config = fixture.session.home().join("gcloud-config");
    let environment = fixture.google.gcloud_override_environment(&config);
    let command = || {
        fixture
            .session
            .gcr_secret(["setup", "--registry", REGISTRY, "--verify=false", "-n"])
            .arg(&fixture.namespace)
            .envs(environment.clone())
    };
    let name = "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM";
    let output = command().env(name, "http://192.0.2.1/").run().failure();
    assert!(output.stderr.contains("192.0.2.1"), "{output}");
    let requests = fixture.google.requests();
    assert!(
        requests.iter().all(|it| !it.method.starts_with("iam.")),
        "{requests:?}"
    );
    command().run().success();
    fixture.assert_complete();
}

//! Google's Go clients call every method of a fake and decode the replies strictly.

use std::process::Command;

use gcr_test_support::fake_google::{PROJECT, Propagation};
use gcr_test_support::{Error, FakeGoogle, Result, google_clients};

use crate::step::capture_success;

/// Runs the program, and returns its summary.
pub(super) fn run() -> Result<String> {
    let google = FakeGoogle::start(0)?;
    google.set_operation_polls(Some(1));
    google.set_propagation(Propagation::default());
    let account = format!("puller@{PROJECT}.iam.gserviceaccount.com");
    google.run_on_google_cloud(&account);
    google.accept_subject_token("subject-token", "ci");
    let file = |name: &str, text: &str| {
        let path = google.dir().join(name);
        std::fs::write(&path, text).map_err(|error| Error::during(path.display(), error))?;
        Ok(path)
    };
    let subject = file("subject-token", "subject-token")?;
    let user = file("user.json", &google.user_credential_file())?;
    let federated = file(
        "federated.json",
        &google.federated_credential_file(&subject, None),
    )?;
    let mut clients = Command::new(google_clients::program()?);
    clients
        .arg(PROJECT)
        .arg(google.operator_token_file())
        .args([user, federated])
        .env_clear()
        .env("HOME", google.dir())
        .env(
            "GCE_METADATA_HOST",
            google.url().trim_start_matches("http://"),
        )
        .envs(google.environment());
    Ok(capture_success(&mut clients)?.trim().to_owned())
}

//! `cargo xtask fake-google`: runs the fake Google of the tests for experiments until Ctrl-C.

use gcr_test_support::fake_google::PROJECT;
use gcr_test_support::{FakeGoogle, Registry, Result};

/// Runs the fake in the foreground. Port 0 selects a free port.
pub(crate) fn run(port: u16, with_registry: bool) -> Result<()> {
    let google = FakeGoogle::start(port)?;
    let registry = if with_registry {
        Some(Registry::start(&google)?)
    } else {
        None
    };
    let config = google.dir().join("gcloud");
    println!(
        "the fake Google is ready at {} with the project {PROJECT}\n",
        google.url()
    );
    println!(
        "Clients in this environment reach it under Google's host names, and nothing outside:\n"
    );
    for (name, value) in google.gcloud_environment(&config) {
        println!("  export {name}={value}");
    }
    println!("\nExamples:\n");
    for line in [
        "gcloud services enable artifactregistry.googleapis.com iam.googleapis.com",
        "gcloud artifacts repositories create images --location=us --repository-format=docker",
        "gcloud iam service-accounts create gcr-pull",
        "gcloud artifacts repositories get-iam-policy images --location=us",
        "curl --cacert \"$SSL_CERT_FILE\" --header \"Authorization: Bearer $(cat \"$CLOUDSDK_AUTH_ACCESS_TOKEN_FILE\")\" https://iam.googleapis.com/v1/projects/demo-project/serviceAccounts",
    ] {
        println!("  {line}");
    }
    if registry.is_some() {
        println!(
            "\nIt serves images at gcr.io and *-docker.pkg.dev; the user is oauth2accesstoken, the password the token above."
        );
    } else {
        println!(
            "\nIt answers the registries' token handshake, but holds no images; --registry adds a real registry."
        );
    }
    println!("\nPress Ctrl-C to stop it and remove its data.");
    loop {
        std::thread::park();
    }
}

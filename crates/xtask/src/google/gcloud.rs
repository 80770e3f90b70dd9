//! The real gcloud, command by command, against a fake: gcloud's own client library decodes the replies.

use std::process::Command;

use gcr_test_support::fake_google::PROJECT;
use gcr_test_support::{Error, FakeGoogle, Result};
use serde_json::json;

use crate::step::{CommandOutput, capture};

/// How gcloud reaches the fake.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// Through the fake's proxy, over TLS.
    HostNames,
    /// With gcloud's settings for other addresses of the APIs.
    Overrides,
}

const ACCOUNT: &str = "gcr-pull@demo-project.iam.gserviceaccount.com";

/// A command line after `gcloud`, with `ACCOUNT` for the account; whether it succeeds; and a part of its output.
type Case = (&'static str, bool, &'static str);

#[rustfmt::skip]
const SETUP: &[Case] = &[
    ("services list --enabled --format=value(config.name)", true, "serviceusage.googleapis.com"),
    ("artifacts repositories list --location=us", false, "Artifact Registry API has not been used in project"),
    ("services enable artifactregistry.googleapis.com iam.googleapis.com iamcredentials.googleapis.com", true, "finished successfully"),
    ("services list --enabled --format=value(config.name)", true, "artifactregistry.googleapis.com"),
    ("projects describe demo-project --format=value(projectId,lifecycleState)", true, "ACTIVE"),
    ("artifacts locations list --format=value(name)", true, "europe-west1"),
    ("artifacts repositories create images --location=us --repository-format=docker --description=x", true, "Created repository [images]"),
    ("artifacts repositories create images --location=us --repository-format=docker", false, "ALREADY_EXISTS"),
    ("artifacts repositories describe images --location=us --format=value(format)", true, "DOCKER"),
    ("artifacts repositories describe missing --location=us", false, "NOT_FOUND"),
    ("artifacts repositories list --location=us --format=value(name)", true, "images"),
    ("iam service-accounts create gcr-pull --display-name=Pull", true, "Created service account [gcr-pull]"),
    ("iam service-accounts create gcr-pull", false, "already exists"),
    ("iam service-accounts describe ACCOUNT --format=value(email,displayName)", true, "Pull"),
    ("iam service-accounts list --format=value(email)", true, ACCOUNT),
    ("artifacts repositories get-iam-policy images --location=us --format=json", true, "etag"),
    ("artifacts repositories add-iam-policy-binding images --location=us --member=serviceAccount:ACCOUNT --role=roles/artifactregistry.reader", true, "roles/artifactregistry.reader"),
    ("artifacts repositories add-iam-policy-binding images --location=us --member=serviceAccount:missing@demo-project.iam.gserviceaccount.com --role=roles/artifactregistry.reader", false, "does not exist"),
    ("artifacts repositories add-iam-policy-binding images --location=us --member=user:a@example.com --role=roles/artifactregistry.writer", true, "user:a@example.com"),
    ("artifacts repositories remove-iam-policy-binding images --location=us --member=user:a@example.com --role=roles/artifactregistry.writer", true, "Updated IAM policy"),
    ("projects add-iam-policy-binding demo-project --member=user:a@example.com --role=roles/viewer --condition=None", true, "roles/viewer"),
    ("projects add-iam-policy-binding demo-project --member=user:b@example.com --role=roles/browser --condition=expression=true,title=t", true, "title: t"),
    ("projects get-iam-policy demo-project --format=json", true, "\"version\": 3"),
    ("iam service-accounts get-iam-policy ACCOUNT --format=json", true, "etag"),
    ("iam service-accounts add-iam-policy-binding ACCOUNT --member=user:a@example.com --role=roles/iam.serviceAccountTokenCreator", true, "serviceAccountTokenCreator"),
    ("iam service-accounts keys create key.json --iam-account=ACCOUNT", true, "created key ["),
    ("iam service-accounts keys create spare.json --iam-account=ACCOUNT", true, "created key ["),
    ("iam service-accounts keys list --iam-account=ACCOUNT --managed-by=user --format=value(name)", true, "KEY"),
    ("iam service-accounts keys disable SPARE --iam-account=ACCOUNT", true, "Disabled key ["),
    ("iam service-accounts keys enable SPARE --iam-account=ACCOUNT", true, "Enabled key ["),
    ("iam service-accounts keys delete SPARE --iam-account=ACCOUNT", true, "deleted key ["),
    ("iam service-accounts keys delete SPARE --iam-account=ACCOUNT", false, "NOT_FOUND"),
    ("auth print-access-token --impersonate-service-account=ACCOUNT", true, "ya29."),
    ("iam service-accounts disable ACCOUNT", true, "Disabled service account"),
    ("iam service-accounts enable ACCOUNT", true, "Enabled service account"),
];

/// Commands that take gcloud's credentials from the key file instead of an access token.
const WITH_KEY: &[Case] = &[
    (
        "auth activate-service-account --key-file=key.json",
        true,
        "Activated service account credentials for",
    ),
    (
        "auth list --filter=status:ACTIVE --format=value(account)",
        true,
        ACCOUNT,
    ),
    ("auth print-access-token", true, "ya29."),
    (
        "artifacts repositories describe images --location=us --format=value(format)",
        true,
        "DOCKER",
    ),
    ("iam service-accounts list", false, "PERMISSION_DENIED"),
];

/// Runs all commands (at the overridden addresses, only those that prove the settings), and returns their number.
pub(super) fn run(address: Address) -> Result<usize> {
    let google = FakeGoogle::start(0)?;
    google.set_operation_polls(Some(1));
    let cases = if address == Address::HostNames {
        SETUP
    } else {
        &SETUP[2..9]
    };
    for case in cases {
        check(&google, address, case, false)?;
    }
    if address == Address::Overrides {
        return Ok(cases.len());
    }
    for case in WITH_KEY {
        check(&google, address, case, true)?;
    }
    let binding = json!([{"role": "roles/artifactregistry.reader", "members": [format!("serviceAccount:{ACCOUNT}")]}]);
    let policy = google.repository_policy("us", "images");
    if policy["bindings"] != binding || google.keys_of(ACCOUNT).len() != 1 {
        return Err(Error::new(format!(
            "unexpected end state: {:#}",
            google.summary()
        )));
    }
    Ok(cases.len() + WITH_KEY.len())
}

fn check(google: &FakeGoogle, address: Address, case: &Case, with_key: bool) -> Result<()> {
    let (line, succeeds, part) = *case;
    let keys = google.keys_of(ACCOUNT);
    // The second key stays under its number after it was deleted.
    let spare = google.dir().join("spare.json");
    let spare = std::fs::read_to_string(spare).ok().and_then(|text| {
        let file: serde_json::Value = serde_json::from_str(&text).ok()?;
        file["private_key_id"].as_str().map(String::from)
    });
    let first = keys.first().map(|(id, _)| id.clone()).unwrap_or_default();
    let fill = |text: &str| {
        text.replace("ACCOUNT", ACCOUNT)
            .replace("SPARE", spare.as_deref().unwrap_or("SPARE"))
            .replace("KEY", &first)
    };
    let output = gcloud(google, address, line.split(' ').map(&fill), with_key)?;
    let expected = fill(part);
    if output.status.success() == succeeds && output.text.contains(&expected) {
        return Ok(());
    }
    let verdict = if succeeds { "succeed" } else { "fail" };
    Err(Error::new(format!(
        "gcloud {line}: expected to {verdict} with {expected:?}; {}\n{}",
        output.status, output.text
    )))
}

fn gcloud(
    google: &FakeGoogle,
    address: Address,
    arguments: impl Iterator<Item = String>,
    with_key: bool,
) -> Result<CommandOutput> {
    let config = google.dir().join("gcloud");
    let environment = match address {
        Address::HostNames => google.gcloud_environment(&config),
        Address::Overrides => google.gcloud_override_environment(&config),
    };
    let mut command = Command::new("gcloud");
    command
        .args(arguments)
        .env_clear()
        .env("HOME", google.dir())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(environment)
        .current_dir(google.dir());
    if with_key {
        command.env_remove("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE");
        command.env("CLOUDSDK_CORE_PROJECT", PROJECT);
    }
    capture(&mut command)
}

//! Checks the reader of credential files. It sends no request, and its errors quote no secret of the file.

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use gcr_core::domain::redactor::Redactor;
use gcr_google::credentials::{CredentialOptions, find};
use gcr_google::endpoints::Endpoints;
use gcr_google::gcloud_configuration::GcloudConfiguration;
use gcr_google::http_client::HttpClient;
use kube_clientcmd::Environment;
use serde_json::Value;

/// The fields whose values are secret.
const SECRETS: [&str; 5] = [
    "private_key",
    "private_key_id",
    "refresh_token",
    "client_secret",
    "Authorization",
];
/// The minimum length of a secret.
const LENGTH: usize = 12;

/// Creating a client takes milliseconds, so that there is one for all inputs.
static HTTP: OnceLock<HttpClient> = OnceLock::new();

fn client() -> HttpClient {
    // Fails if it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let redactor = Arc::new(Redactor::default());
    HttpClient::new(&Environment::of(&[]), "fuzz", redactor).expect("a client")
}

/// Writes the input to the file `path`, reads it as credentials, and checks the result.
pub fn check(input: &[u8], path: &Path) {
    fs::write(path, input).expect("write the file");
    let name = path.display().to_string();
    let variables = [("GOOGLE_APPLICATION_CREDENTIALS", name.as_str())];
    let environment = Environment::of(&variables);
    let http = HTTP.get_or_init(client);
    let endpoints = Endpoints::of(&environment).expect("the addresses of Google");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let found = runtime.block_on(async {
        let gcloud = GcloudConfiguration::read(&environment).await;
        let options = CredentialOptions::default();
        find(&options, &environment, &gcloud, http, &endpoints).await
    });
    let text = match &found {
        Ok(found) => found.token.origin().to_owned(),
        Err(error) => error.to_string(),
    };
    assert!(text.contains("GOOGLE_APPLICATION_CREDENTIALS"), "{text}");
    assert!(!text.contains(char::is_control), "{text:?}");
    if let Ok(value) = serde_json::from_slice(input) {
        check_absent(&value, &text);
    }
}

/// Checks that the text contains no secret of the file.
fn check_absent(value: &Value, text: &str) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(secret) = value.as_str().filter(|_| SECRETS.contains(&name.as_str())) {
                    let is_short = secret.len() < LENGTH;
                    assert!(is_short || !text.contains(secret), "{name}: {text}");
                }
                check_absent(value, text);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| check_absent(value, text)),
        _ => {}
    }
}

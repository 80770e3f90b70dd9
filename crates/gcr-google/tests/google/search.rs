//! Prepares files and an environment in which credentials are searched.

use std::fs;
use std::path::Path;

use gcr_google::credentials::{CredentialError, CredentialOptions, Credentials, find};
use gcr_google::endpoints::Endpoints;
use gcr_google::gcloud_configuration::GcloudConfiguration;
use gcr_google::iam_credentials::CLOUD_PLATFORM;
use gcr_test_support::keys;
use kube_clientcmd::Environment;
use serde_json::{Value, json};

use crate::stub::client;

/// Files of a test, and the environment in which sources are searched.
pub(crate) struct Search {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) options: CredentialOptions,
    pub(crate) endpoints: Option<Endpoints>,
}

impl Search {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let variables = vec![
            ("CLOUDSDK_CONFIG".to_owned(), path("gcloud")),
            ("PATH".to_owned(), path("bin")),
        ];
        fs::create_dir(directory.path().join("gcloud")).unwrap();
        fs::create_dir(directory.path().join("bin")).unwrap();
        Self {
            directory,
            variables,
            options: CredentialOptions::default(),
            endpoints: None,
        }
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file and sets a variable to its path.
    pub(crate) fn file(self, variable: &str, name: &str, content: impl ToString) -> Self {
        let path = self.directory.path().join(name);
        fs::write(&path, content.to_string()).unwrap();
        self.set(variable, path.to_str().unwrap())
    }

    pub(crate) fn default_file(self, content: impl ToString) -> Self {
        let path = self
            .directory
            .path()
            .join("gcloud/application_default_credentials.json");
        fs::write(path, content.to_string()).unwrap();
        self
    }

    pub(crate) fn gcloud(self, script: &str) -> Self {
        let path = self.directory.path().join("bin/gcloud");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        executable(&path);
        self
    }

    pub(crate) async fn find(&self) -> Result<Credentials, CredentialError> {
        let variables = self
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let variables: Vec<_> = variables.collect();
        let environment = Environment::of(&variables);
        let gcloud = GcloudConfiguration::read(&environment).await;
        let public = Endpoints::of(&environment).unwrap();
        let endpoints = self.endpoints.as_ref().unwrap_or(&public);
        find(
            &self.options,
            &environment,
            &gcloud,
            &client(&variables),
            endpoints,
        )
        .await
    }

    pub(crate) async fn token(&self) -> Result<String, CredentialError> {
        let found = self.find().await?;
        let token = found.token.token(&[CLOUD_PLATFORM]).await?;
        Ok(token.token.expose().to_owned())
    }
}

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn key(token_uri: &str) -> Value {
    let mut key: Value = serde_json::from_str(keys::KEY).unwrap();
    key["token_uri"] = token_uri.into();
    key
}

pub(crate) fn user(token_uri: &str) -> Value {
    json!({"type": "authorized_user", "client_id": "id", "client_secret": "a-client-secret-0123456789",
        "refresh_token": "a-refresh-token-0123456789", "quota_project_id": "quota", "token_uri": token_uri})
}

pub(crate) const ISSUED: &str =
    r#"{"access_token":"ya29.issued","expires_in":3599,"token_type":"Bearer"}"#;

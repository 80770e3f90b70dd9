//! A client of the stateful fake of Google, as its operator, under Google's own host names.

use std::sync::Arc;

use gcr_core::domain::redactor::Redactor;
use gcr_google::api_client::ApiClient;
use gcr_google::credentials::{CredentialOptions, find};
use gcr_google::endpoints::Endpoints;
use gcr_google::gcloud_configuration::GcloudConfiguration;
use gcr_google::http_client::HttpClient;
use gcr_google::iam_keys::AccountRef;
use gcr_google::names::{ProjectId, RepositoryName, ServiceAccountEmail};
use gcr_test_support::fake_google::{FakeGoogle, PROJECT};
use kube_clientcmd::Environment;

pub(crate) struct Operator {
    pub(crate) google: FakeGoogle,
    pub(crate) api: ApiClient,
    pub(crate) http: HttpClient,
    pub(crate) project: ProjectId,
    pub(crate) email: ServiceAccountEmail,
    pub(crate) repository: RepositoryName,
}

impl Operator {
    /// Starts a fake without anything in its project.
    pub(crate) async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let google = FakeGoogle::new();
        let variables = google.operator_environment();
        let variables: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let environment = Environment::of(&variables);
        let http =
            HttpClient::new(&environment, "test/1.0", Arc::new(Redactor::default())).unwrap();
        let endpoints = Endpoints::of(&environment).unwrap();
        let gcloud = GcloudConfiguration::read(&environment).await;
        let options = CredentialOptions::default();
        let found = find(&options, &environment, &gcloud, &http, &endpoints)
            .await
            .unwrap();
        let api = ApiClient::new(http.clone(), endpoints, found.token, None);
        let project: ProjectId = PROJECT.parse().unwrap();
        Self {
            google,
            api,
            http,
            email: ServiceAccountEmail::of("gcr-pull", &project).unwrap(),
            repository: RepositoryName::of_registry(
                "europe-west1-docker.pkg.dev",
                "demo-project/images",
                None,
            )
            .unwrap(),
            project,
        }
    }

    /// Starts a fake with the APIs enabled, a repository and a service account.
    pub(crate) async fn prepared() -> Self {
        let operator = Self::new().await;
        operator
            .google
            .enable_services(["iam", "iamcredentials", "artifactregistry"]);
        operator.google.add_repository("europe-west1", "images");
        let (project, email) = (&operator.project, &operator.email);
        operator
            .api
            .create_service_account(project, email, "", "")
            .await
            .unwrap();
        operator
    }

    pub(crate) fn account(&self) -> AccountRef<'_> {
        AccountRef {
            project: &self.project,
            email: &self.email,
        }
    }
}

//! Defines the flags for the caller of Google, and creates the client.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use gcr_core::domain::redactor::Redactor;
use gcr_core::engine::Hint;
use gcr_google::api_client::ApiClient;
use gcr_google::credentials::{CredentialOptions, Credentials, find};
use gcr_google::endpoints::Endpoints;
use gcr_google::gcloud_configuration::GcloudConfiguration;
use gcr_google::http_client::HttpClient;
use gcr_google::names::{ProjectId, ServiceAccountEmail};
use kube_clientcmd::Environment;
use kubectl_plugin::{UsageError, parse_each, parse_one};
use tokio::sync::OnceCell;

use crate::plugin_name::USER_AGENT;

/// The flags for the credentials of the caller of Google.
#[derive(Debug, Args)]
pub(crate) struct GoogleArgs {
    #[arg(
        long,
        value_name = "FILE",
        help = "Path to a file with an OAuth access token for calling Google. Default: Application Default Credentials, the \
                account of gcloud, or the metadata server"
    )]
    access_token_file: Option<OsString>,
    #[arg(
        long,
        value_name = "PROJECT",
        help = "Google project to bill for the requests, and whose quota they use. Default: the quota project of the \
                credentials, or for a user the project"
    )]
    billing_project: Option<String>,
    #[arg(
        long,
        value_name = "EMAIL",
        help = "Google service account to call Google as. A comma-separated list is a delegation chain, whose last entry is \
                that account"
    )]
    impersonate_service_account: Option<String>,
    #[arg(
        long,
        value_name = "PROJECT",
        help = "Google project of the service account. Default: the project in its email address or in the registry, or the project \
                of gcloud"
    )]
    project: Option<String>,
}

/// The caller of Google. By default, the environment's credentials decide.
#[derive(Debug, Default)]
pub(crate) struct GoogleOptions {
    /// The value of `--project`.
    pub(crate) project: Option<ProjectId>,
    credentials: CredentialOptions,
}

/// A problem before any object was read.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) hint: Option<Hint>,
}

impl Failure {
    pub(crate) fn new(error: impl std::fmt::Display) -> Self {
        Self {
            text: error.to_string(),
            hint: None,
        }
    }
}

impl GoogleArgs {
    /// Returns the validated flags.
    ///
    /// # Errors
    /// Fails for an invalid name.
    pub(crate) fn options(&self) -> Result<GoogleOptions, UsageError> {
        let file = self.access_token_file.as_ref();
        if file.is_some_and(|file| file.is_empty()) {
            return Err(UsageError::new("--access-token-file is empty"));
        }
        let impersonate: Vec<ServiceAccountEmail> = match &self.impersonate_service_account {
            None => Vec::new(),
            Some(list) => parse_each(std::slice::from_ref(list))?,
        };
        let billing: Option<ProjectId> = optional(self.billing_project.as_deref())?;
        Ok(GoogleOptions {
            project: optional(self.project.as_deref())?,
            credentials: CredentialOptions {
                access_token_file: file.map(PathBuf::from),
                impersonate,
                billing_project: billing.map(|it| it.as_str().to_owned()),
            },
        })
    }
}

fn optional(text: Option<&str>) -> Result<Option<ProjectId>, UsageError> {
    text.map(parse_one).transpose()
}

/// The part of the machine's configuration that concerns Google.
pub(crate) struct Google {
    environment: Environment,
    http: HttpClient,
    endpoints: Endpoints,
    /// Found once for all projects: a search may run gcloud, which takes seconds.
    found: OnceCell<Credentials>,
    /// gcloud's properties.
    pub(crate) gcloud: GcloudConfiguration,
}

impl Google {
    /// Reads the configuration. Sends nothing.
    ///
    /// # Errors
    /// Fails if the trust store or an address in the environment is invalid.
    pub(crate) async fn open(redactor: Arc<Redactor>) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        Ok(Self {
            http: HttpClient::new(&environment, USER_AGENT, redactor).map_err(Failure::new)?,
            endpoints: Endpoints::of(&environment).map_err(Failure::new)?,
            found: OnceCell::new(),
            gcloud: GcloudConfiguration::read(&environment).await,
            environment,
        })
    }

    /// Finds the credentials, unless an earlier call has found them, and returns the client. Every call must have the same options.
    /// `project` is billed if the flags and the credentials name none.
    ///
    /// # Errors
    /// Fails if there are no credentials, or those that were found are unusable.
    pub(crate) async fn connect(
        &self,
        options: &GoogleOptions,
        project: &ProjectId,
    ) -> Result<ApiClient, Failure> {
        let found = self.found.get_or_try_init(|| {
            find(
                &options.credentials,
                &self.environment,
                &self.gcloud,
                &self.http,
                &self.endpoints,
            )
        });
        let found = found.await.map_err(|error| Failure {
            text: error.to_string(),
            hint: error.hint().map(Hint::new),
        })?;
        let flag = options.credentials.billing_project.as_deref();
        let billing = found.billing_project(flag, Some(project.as_str()));
        Ok(ApiClient::new(
            self.http.clone(),
            self.endpoints.clone(),
            Arc::clone(&found.token),
            billing,
        ))
    }
}

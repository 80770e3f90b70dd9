//! Searches the sources of credentials in order. The first that exists is used; there is no fall-back when it fails.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kube_clientcmd::Environment;

use super::access_token_file::AccessTokenFile;
use super::credential_error::{CredentialError, SourceError};
use super::credential_file;
use super::file_content::read_secret;
use super::found_credentials::Credentials;
use super::gcloud::Gcloud;
use super::impersonated_service_account::Impersonated;
use super::metadata_server::MetadataServer;
use super::shared_token::SharedToken;
use super::token_source::{AccountType, Context, FileSource};
use crate::endpoints::Endpoints;
use crate::gcloud_configuration::GcloudConfiguration;
use crate::http_client::HttpClient;
use crate::iam_credentials::{CLOUD_PLATFORM, DEFAULT_LIFETIME, generate_access_token_url};
use crate::names::ServiceAccountEmail;
use crate::program;

/// The flags about credentials.
#[derive(Clone, Debug, Default)]
pub struct CredentialOptions {
    /// `--access-token-file`.
    pub access_token_file: Option<PathBuf>,
    /// `--impersonate-service-account`: the delegates, then the account to impersonate.
    pub impersonate: Vec<ServiceAccountEmail>,
    /// `--billing-project`.
    pub billing_project: Option<String>,
}

/// Finds the credentials: `--access-token-file`, `CLOUDSDK_AUTH_ACCESS_TOKEN_FILE`, `GOOGLE_APPLICATION_CREDENTIALS`, gcloud's
/// Application Default Credentials, gcloud's active account, the metadata server.
///
/// Reads files, and runs gcloud or asks the metadata server only if no file exists. Gets no token otherwise.
///
/// # Errors
/// Fails if no source exists, or if the first that exists is unusable. The error names it.
pub async fn find(
    options: &CredentialOptions,
    environment: &Environment,
    gcloud: &GcloudConfiguration,
    http: &HttpClient,
    endpoints: &Endpoints,
) -> Result<Credentials, CredentialError> {
    let search = Search {
        environment,
        gcloud,
        context: Context {
            http: http.clone(),
            endpoints: endpoints.clone(),
        },
    };
    let found = search.first(options).await?;
    tracing::info!("credentials: {}", found.token.origin());
    let Some((target, delegates)) = options.impersonate.split_last() else {
        return Ok(found);
    };
    let origin = format!("impersonation of {target}");
    let billing_project = found.billing_project(options.billing_project.as_deref(), None);
    let source = Impersonated {
        base: found.token,
        url: generate_access_token_url(endpoints, target),
        delegates: delegates.to_vec(),
        billing_project,
        lifetime: DEFAULT_LIFETIME,
        http: http.clone(),
    };
    tracing::info!("credentials: {origin}");
    Ok(Credentials {
        token: Arc::new(SharedToken::new(Box::new(source), origin)),
        account_type: AccountType::Service,
        quota_project: None,
    })
}

struct Search<'a> {
    environment: &'a Environment,
    gcloud: &'a GcloudConfiguration,
    context: Context,
}

impl Search<'_> {
    async fn first(&self, options: &CredentialOptions) -> Result<Credentials, CredentialError> {
        const TOKEN_FILE: &str = "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE";
        if let Some(path) = &options.access_token_file {
            return Ok(self.access_token_file(path, "--access-token-file"));
        }
        if let Some(path) = self.environment.os(TOKEN_FILE) {
            return Ok(self.access_token_file(Path::new(path), TOKEN_FILE));
        }
        const FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
        if let Some(path) = self.environment.os(FILE) {
            return self.credential_file(Path::new(path), FILE).await;
        }
        if let Some(directory) = self.gcloud.directory() {
            let path = directory.join("application_default_credentials.json");
            if tokio::fs::try_exists(&path).await.unwrap_or(true) {
                let how = "Application Default Credentials";
                return self.credential_file(&path, how).await;
            }
        }
        if let Some(found) = self.gcloud_program().await? {
            return Ok(found);
        }
        self.metadata_server()
            .await?
            .ok_or(CredentialError::Missing)
    }

    fn access_token_file(&self, path: &Path, how: &str) -> Credentials {
        let origin = format!("access token file \"{}\" ({how})", path.display());
        let source = AccessTokenFile {
            path: path.to_owned(),
            http: self.context.http.clone(),
        };
        Credentials {
            token: Arc::new(SharedToken::new(Box::new(source), origin)),
            account_type: AccountType::Unknown,
            quota_project: None,
        }
    }

    async fn credential_file(
        &self,
        path: &Path,
        how: &str,
    ) -> Result<Credentials, CredentialError> {
        let failed = |reason: SourceError| {
            let origin = format!("credential file \"{}\" ({how})", path.display());
            CredentialError::of(&origin, reason)
        };
        let text = read_secret(path).await.map_err(failed)?;
        let FileSource {
            source,
            kind,
            account_type,
            quota_project,
        } = credential_file::parse(&text, &self.context).map_err(failed)?;
        let origin = format!("{kind} \"{}\" ({how})", path.display());
        Ok(Credentials {
            token: Arc::new(SharedToken::new(source, origin)),
            account_type,
            quota_project,
        })
    }

    /// Runs gcloud if it is installed: it alone knows whether an account is active. The token is kept.
    async fn gcloud_program(&self) -> Result<Option<Credentials>, CredentialError> {
        let Some(path) = program::find("gcloud", self.environment) else {
            return Ok(None);
        };
        let gcloud = Gcloud::new(path, &self.context.http);
        let first = gcloud.first_token().await;
        let Some(first) = first.map_err(|reason| CredentialError::of("gcloud", reason))? else {
            return Ok(None);
        };
        let origin = match &first.account {
            Some(account) => format!("gcloud (account {account})"),
            None => "gcloud".to_owned(),
        };
        let account_type = first.account_type();
        let token = SharedToken::new(Box::new(gcloud), origin);
        Ok(Some(Credentials {
            token: Arc::new(token.with_token(&[CLOUD_PLATFORM], first.token)),
            account_type,
            quota_project: self.gcloud_quota_project(),
        }))
    }

    /// Returns gcloud's `billing/quota_project` unless it is one of the words with which gcloud chooses it by itself.
    fn gcloud_quota_project(&self) -> Option<String> {
        let project = self.gcloud.property("billing", "quota_project")?;
        let is_word =
            ["CURRENT_PROJECT", "CURRENT_PROJECT_WITH_FALLBACK", "LEGACY"].contains(&project);
        (!is_word).then(|| project.to_owned())
    }

    async fn metadata_server(&self) -> Result<Option<Credentials>, CredentialError> {
        let found = MetadataServer::find(self.environment, &self.context.http).await;
        let found = found.map_err(|reason| CredentialError::of("metadata server", reason))?;
        Ok(found.map(|server| {
            let origin = format!("metadata server {}", server.host());
            Credentials {
                token: Arc::new(SharedToken::new(Box::new(server), origin)),
                account_type: AccountType::Service,
                quota_project: None,
            }
        }))
    }
}

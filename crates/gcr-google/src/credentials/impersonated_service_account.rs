//! Gets tokens of another service account: from the credential file of the type `impersonated_service_account`, and for
//! `--impersonate-service-account`.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::credential_error::SourceError;
use super::file_content::{json, secret_address};
use super::service_account::REPEATABLE;
use super::shared_token::SharedToken;
use super::token_source::{Context, FileSource, TokenSource};
use crate::endpoints::Api;
use crate::http_client::HttpClient;
use crate::iam_credentials::{
    CLOUD_PLATFORM, Caller, DEFAULT_LIFETIME, TokenRequest, generate_access_token,
    generate_access_token_url,
};
use crate::issued_token::IssuedToken;
use crate::names::ServiceAccountEmail;
use crate::retry::RetryPolicy;

/// Impersonates an account with the token of another source.
pub(super) struct Impersonated {
    pub(super) base: Arc<SharedToken>,
    /// The URL of `generateAccessToken` for the target.
    pub(super) url: Url,
    pub(super) delegates: Vec<ServiceAccountEmail>,
    pub(super) billing_project: Option<String>,
    pub(super) lifetime: std::time::Duration,
    pub(super) http: HttpClient,
}

#[derive(Deserialize)]
struct File<'a> {
    service_account_impersonation_url: String,
    #[serde(default)]
    delegates: Option<Vec<String>>,
    #[serde(borrow)]
    source_credentials: &'a RawValue,
    #[serde(default)]
    quota_project_id: Option<String>,
}

impl Impersonated {
    /// Parses the file. `parse_base` parses the credential file that it contains.
    pub(super) fn parse(
        text: &[u8],
        context: &Context,
        parse_base: fn(&[u8], &Context) -> Result<FileSource, SourceError>,
    ) -> Result<Self, SourceError> {
        let file: File<'_> = json(text)?;
        let base = parse_base(file.source_credentials.get().as_bytes(), context)?;
        let delegates = file.delegates.unwrap_or_default();
        let delegates = delegates.iter().map(|name| {
            // A delegate is an address or a resource name that ends in one.
            let address = name.rsplit('/').next().unwrap_or_default();
            address
                .parse()
                .map_err(|error| SourceError::unusable(format!("\"delegates\": {error}")))
        });
        Ok(Self {
            url: impersonation_url(&file.service_account_impersonation_url, context)?,
            delegates: delegates.collect::<Result<_, _>>()?,
            base: Arc::new(SharedToken::new(base.source, base.kind.to_owned())),
            billing_project: file.quota_project_id.or(base.quota_project),
            lifetime: DEFAULT_LIFETIME,
            http: context.http.clone(),
        })
    }
}

impl TokenSource for Impersonated {
    fn token<'a>(
        &'a self,
        scopes: &'a [&'a str],
    ) -> BoxFuture<'a, Result<IssuedToken, SourceError>> {
        Box::pin(async {
            let base = self.base.token(&[CLOUD_PLATFORM]).await;
            let base = base.map_err(|error| SourceError::Base(Box::new(error)))?;
            let caller = Caller {
                token: &base.token,
                billing_project: self.billing_project.as_deref(),
            };
            let wanted = TokenRequest {
                delegates: &self.delegates,
                scopes,
                lifetime: self.lifetime,
            };
            let attempt = || generate_access_token(&self.http, self.url.clone(), caller, wanted);
            Ok(RetryPolicy::default().run(REPEATABLE, attempt).await?)
        })
    }
}

/// Returns the URL in a credential file, or that of the overridden API for the same account.
pub(super) fn impersonation_url(text: &str, context: &Context) -> Result<Url, SourceError> {
    const FIELD: &str = "service_account_impersonation_url";
    let url = secret_address(FIELD, text)?;
    if !context.endpoints.is_overridden(Api::IamCredentials) {
        return Ok(url);
    }
    let last = url.path().rsplit('/').next().unwrap_or_default();
    let account = last.split(':').next().unwrap_or_default();
    let account = percent_encoding::percent_decode_str(account).decode_utf8_lossy();
    let account = account
        .parse()
        .map_err(|error| SourceError::unusable(format!("\"{FIELD}\": {error}")))?;
    Ok(generate_access_token_url(&context.endpoints, &account))
}

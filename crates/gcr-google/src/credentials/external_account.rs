//! Exchanges a token of another issuer for one of Google: workload identity federation (RFC 8693, Google's AIP-4117).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::credential_error::SourceError;
use super::file_content::{json, secret_address};
use super::impersonated_service_account::{Impersonated, impersonation_url};
use super::service_account::REPEATABLE;
use super::shared_token::SharedToken;
use super::subject_token::SubjectToken;
use super::token_source::{Context, TokenSource};
use crate::http_client::{HttpClient, HttpRequest};
use crate::iam_credentials::DEFAULT_LIFETIME;
use crate::issued_token::{self, IssuedToken};
use crate::retry::RetryPolicy;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The federated account, or the service account that it impersonates.
pub(super) struct ExternalAccount {
    source: Box<dyn TokenSource>,
}

/// The exchange at the security token service.
struct TokenExchange {
    file: File,
    token_url: Url,
    subject: SubjectToken,
    http: HttpClient,
}

#[derive(Deserialize)]
struct File {
    audience: String,
    subject_token_type: String,
    token_url: String,
    credential_source: Value,
    #[serde(default)]
    service_account_impersonation_url: Option<String>,
    #[serde(default)]
    service_account_impersonation: Impersonation,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    client_secret: Option<Zeroizing<String>>,
    #[serde(default)]
    workforce_pool_user_project: Option<String>,
    #[serde(default)]
    quota_project_id: Option<String>,
}

#[derive(Default, Deserialize)]
struct Impersonation {
    #[serde(default)]
    token_lifetime_seconds: Option<u64>,
}

impl ExternalAccount {
    pub(super) fn parse(text: &[u8], context: &Context) -> Result<Self, SourceError> {
        let file: File = json(text)?;
        let http = context.http.clone();
        if let Some(secret) = &file.client_secret {
            http.redactor().add_secret(secret);
        }
        let target = file.service_account_impersonation_url.as_deref();
        let target = target
            .map(|url| impersonation_url(url, context))
            .transpose()?;
        let lifetime = file.service_account_impersonation.token_lifetime_seconds;
        let billing_project = file.quota_project_id.clone();
        let exchange = TokenExchange {
            token_url: secret_address("token_url", &file.token_url)?,
            subject: SubjectToken::parse(&file.credential_source)?,
            file,
            http: http.clone(),
        };
        let Some(url) = target else {
            return Ok(Self {
                source: Box::new(exchange),
            });
        };
        let base = SharedToken::new(Box::new(exchange), "security token service".to_owned());
        Ok(Self {
            source: Box::new(Impersonated {
                base: Arc::new(base),
                url,
                delegates: Vec::new(),
                billing_project,
                lifetime: lifetime.map_or(DEFAULT_LIFETIME, Duration::from_secs),
                http,
            }),
        })
    }
}

impl TokenSource for ExternalAccount {
    fn token<'a>(
        &'a self,
        scopes: &'a [&'a str],
    ) -> BoxFuture<'a, Result<IssuedToken, SourceError>> {
        self.source.token(scopes)
    }
}

impl TokenSource for TokenExchange {
    fn token<'a>(
        &'a self,
        scopes: &'a [&'a str],
    ) -> BoxFuture<'a, Result<IssuedToken, SourceError>> {
        Box::pin(async {
            let subject = self.subject.read(&self.http).await?;
            self.http.redactor().add_secret(&subject);
            let scope = scopes.join(" ");
            let mut fields = vec![
                ("grant_type", GRANT_TYPE),
                ("requested_token_type", ACCESS_TOKEN),
                ("audience", self.file.audience.as_str()),
                ("scope", scope.as_str()),
                ("subject_token", subject.as_str()),
                ("subject_token_type", self.file.subject_token_type.as_str()),
            ];
            let user_project = self.file.workforce_pool_user_project.as_ref();
            let options = user_project.map(|it| serde_json::json!({"userProject": it}).to_string());
            // A client ID identifies the workforce, so that no project is needed.
            if let (Some(options), None) = (&options, &self.file.client_id) {
                fields.push(("options", options));
            }
            let mut request = HttpRequest::post_form(self.token_url.clone(), &fields);
            if let Some(client_id) = &self.file.client_id {
                let secret = self
                    .file
                    .client_secret
                    .as_ref()
                    .map_or("", |it| it.as_str());
                request = request.basic(client_id, &SecretString::from(secret));
            }
            let attempt = || issued_token::request(&self.http, request.clone());
            Ok(RetryPolicy::default().run(REPEATABLE, attempt).await?)
        })
    }
}

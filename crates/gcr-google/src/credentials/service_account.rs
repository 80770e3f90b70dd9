//! Exchanges a signed JWT for an access token (RFC 7523).

use futures_util::future::BoxFuture;
use gcr_core::domain::service_account_key::ServiceAccountKey;
use jiff::Timestamp;
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::credential_error::SourceError;
use super::file_content::{json, secret_address};
use super::token_source::{Context, TokenSource};
use crate::call_error::CallError;
use crate::http_client::{HttpClient, HttpRequest};
use crate::issued_token::{self, IssuedToken};
use crate::jwt;
use crate::retry::{Repeatable, RetryPolicy, Safety};

/// Asking a token endpoint twice yields two tokens, and both are harmless.
pub(super) const REPEATABLE: Repeatable = Repeatable {
    safety: Safety::Idempotent,
    after_create: false,
};

pub(super) struct ServiceAccount {
    key: ServiceAccountKey,
    token_uri: Url,
    http: HttpClient,
}

#[derive(Deserialize)]
struct TokenUri {
    #[serde(default)]
    token_uri: Option<String>,
}

impl ServiceAccount {
    pub(super) fn parse(text: &[u8], context: &Context) -> Result<Self, SourceError> {
        let fields: TokenUri = json(text)?;
        let token_uri = fields.token_uri.as_deref().unwrap_or(jwt::TOKEN_URI);
        let key = ServiceAccountKey::parse(Zeroizing::new(text.to_vec()))
            .map_err(|error| SourceError::unusable(format!("the file {error}")))?;
        context.http.redactor().add_key(&key);
        Ok(Self {
            key,
            token_uri: secret_address("token_uri", token_uri)?,
            http: context.http.clone(),
        })
    }
}

impl TokenSource for ServiceAccount {
    fn token<'a>(
        &'a self,
        scopes: &'a [&'a str],
    ) -> BoxFuture<'a, Result<IssuedToken, SourceError>> {
        Box::pin(async {
            let scope = scopes.join(" ");
            let jwt = self.assertion(&scope)?;
            // The JWT outlives all attempts.
            let attempt = || self.exchange(&jwt);
            Ok(RetryPolicy::default().run(REPEATABLE, attempt).await?)
        })
    }
}

impl ServiceAccount {
    fn assertion(&self, scope: &str) -> Result<Zeroizing<String>, SourceError> {
        let now = Timestamp::now().as_second();
        let jwt = jwt::assertion(&self.key, self.token_uri.as_str(), scope, now);
        let jwt = jwt.map_err(SourceError::Unusable)?;
        self.http.redactor().add_secret(&jwt);
        Ok(jwt)
    }

    async fn exchange(&self, jwt: &str) -> Result<IssuedToken, CallError> {
        let fields = [("grant_type", jwt::GRANT_TYPE), ("assertion", jwt)];
        let request = HttpRequest::post_form(self.token_uri.clone(), &fields);
        issued_token::request(&self.http, request).await
    }
}

//! Exchanges the refresh token of a user for an access token (RFC 6749 section 6), as `gcloud auth application-default
//! login` stores it.

use futures_util::future::BoxFuture;
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::credential_error::SourceError;
use super::file_content::{json, secret_address};
use super::service_account::REPEATABLE;
use super::token_source::{Context, TokenSource};
use crate::http_client::{HttpClient, HttpRequest};
use crate::issued_token::{self, IssuedToken};
use crate::jwt;
use crate::retry::RetryPolicy;

pub(super) struct AuthorizedUser {
    file: File,
    token_uri: Url,
    http: HttpClient,
}

#[derive(Deserialize)]
struct File {
    client_id: String,
    client_secret: Zeroizing<String>,
    refresh_token: Zeroizing<String>,
    #[serde(default)]
    token_uri: Option<String>,
}

impl AuthorizedUser {
    pub(super) fn parse(text: &[u8], context: &Context) -> Result<Self, SourceError> {
        let file: File = json(text)?;
        let token_uri = file.token_uri.as_deref().unwrap_or(jwt::TOKEN_URI);
        let token_uri = secret_address("token_uri", token_uri)?;
        let http = context.http.clone();
        http.redactor().add_secret(&file.refresh_token);
        http.redactor().add_secret(&file.client_secret);
        Ok(Self {
            file,
            token_uri,
            http,
        })
    }
}

impl TokenSource for AuthorizedUser {
    // The scopes are those that the user granted at login.
    fn token<'a>(&'a self, _: &'a [&'a str]) -> BoxFuture<'a, Result<IssuedToken, SourceError>> {
        Box::pin(async {
            let fields = [
                ("grant_type", "refresh_token"),
                ("client_id", self.file.client_id.as_str()),
                ("client_secret", self.file.client_secret.as_str()),
                ("refresh_token", self.file.refresh_token.as_str()),
            ];
            let request = HttpRequest::post_form(self.token_uri.clone(), &fields);
            let attempt = || issued_token::request(&self.http, request.clone());
            Ok(RetryPolicy::default().run(REPEATABLE, attempt).await?)
        })
    }
}

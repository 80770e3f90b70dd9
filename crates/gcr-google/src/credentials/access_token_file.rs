//! Reads an access token from a file. The file is read for each new token, because other programs renew it.

use std::path::PathBuf;

use futures_util::future::BoxFuture;
use gcr_core::domain::access_token::AccessToken;
use gcr_core::domain::server_clock::ServerClock;

use super::credential_error::SourceError;
use super::file_content::read_secret;
use super::token_source::TokenSource;
use crate::http_client::HttpClient;
use crate::issued_token::IssuedToken;

pub(super) struct AccessTokenFile {
    pub(super) path: PathBuf,
    pub(super) http: HttpClient,
}

impl TokenSource for AccessTokenFile {
    fn token<'a>(&'a self, _: &'a [&'a str]) -> BoxFuture<'a, Result<IssuedToken, SourceError>> {
        Box::pin(async {
            let bytes = read_secret(&self.path).await?;
            let token = AccessToken::parse(bytes)
                .map_err(|error| SourceError::unusable(format!("the file {error}")))?;
            self.http.redactor().add_secret(token.expose());
            Ok(IssuedToken {
                token,
                expires_at: None,
                clock: ServerClock::default(),
            })
        })
    }
}

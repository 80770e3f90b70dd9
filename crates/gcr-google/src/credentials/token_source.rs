//! Defines a source of access tokens.

use futures_util::future::BoxFuture;

use super::credential_error::SourceError;
use crate::endpoints::Endpoints;
use crate::http_client::HttpClient;
use crate::issued_token::IssuedToken;

/// A source of access tokens.
pub trait TokenSource: Send + Sync {
    /// Gets a new token.
    fn token<'a>(
        &'a self,
        scopes: &'a [&'a str],
    ) -> BoxFuture<'a, Result<IssuedToken, SourceError>>;
}

/// The type of the account behind a credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccountType {
    /// A person. Google bills a project for the person's requests, so requests must name one.
    User,
    /// A service account, whose own project is billed.
    Service,
    /// Not known, as for an access token.
    Unknown,
}

/// What every source needs.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) http: HttpClient,
    pub(super) endpoints: Endpoints,
}

/// The source in a credential file.
pub(super) struct FileSource {
    pub(super) source: Box<dyn TokenSource>,
    /// What the file holds, such as `service account key`.
    pub(super) kind: &'static str,
    pub(super) account_type: AccountType,
    pub(super) quota_project: Option<String>,
}

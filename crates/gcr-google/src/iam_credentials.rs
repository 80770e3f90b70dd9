//! IAM Service Account Credentials API: access tokens of another service account.
//!
//! Below [`crate::credentials`], because impersonation is itself a source of credentials: it therefore takes the caller's
//! token instead of an authorized client.

use std::time::Duration;

use gcr_core::domain::access_token::AccessToken;
use http::HeaderName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::call_error::CallError;
use crate::endpoints::{Api, Endpoints};
use crate::exchange;
use crate::http_client::{HttpClient, HttpRequest, authority};
use crate::issued_token::IssuedToken;
use crate::names::{ServiceAccountEmail, segment};

/// The scope of Google's Cloud APIs, and the only one that IAM lists.
pub const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The header that names the project that is billed and whose quota is used.
pub const USER_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// The lifetime of a token that Google grants without an organization policy.
pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);

/// The caller of a request.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    /// The caller's access token.
    pub token: &'a AccessToken,
    /// The project that is billed.
    pub billing_project: Option<&'a str>,
}

/// The properties of the token to issue.
#[derive(Clone, Copy, Debug)]
pub struct TokenRequest<'a> {
    /// The accounts between the caller and the target, each of which may issue tokens of the next.
    pub delegates: &'a [ServiceAccountEmail],
    /// The scopes.
    pub scopes: &'a [&'a str],
    /// The lifetime. More than an hour needs an organization policy.
    pub lifetime: Duration,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    scope: &'a [&'a str],
    lifetime: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    delegates: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    #[serde(default)]
    access_token: Zeroizing<String>,
    #[serde(default)]
    expire_time: Option<String>,
}

/// Returns the URL of `generateAccessToken` for an account. `-` stands for its project, as the API requires.
#[must_use]
pub fn generate_access_token_url(endpoints: &Endpoints, account: &ServiceAccountEmail) -> Url {
    let account = segment(account.as_str());
    let path = format!("v1/projects/-/serviceAccounts/{account}:generateAccessToken");
    endpoints.url(Api::IamCredentials, &path)
}

/// Asks once for an access token of the account in `url`. Asking again is harmless: it makes another token. If the response
/// does not state when it expires, the requested lifetime counts from the server's time.
///
/// # Errors
/// Fails if Google refuses, among others if the caller lacks `iam.serviceAccounts.getAccessToken` on the account, which
/// the role `roles/iam.serviceAccountTokenCreator` has.
pub async fn generate_access_token(
    http: &HttpClient,
    url: Url,
    caller: Caller<'_>,
    wanted: TokenRequest<'_>,
) -> Result<IssuedToken, CallError> {
    let host = authority(&url);
    let delegates = wanted.delegates.iter();
    let body = Body {
        scope: wanted.scopes,
        lifetime: format!("{}s", wanted.lifetime.as_secs()),
        delegates: delegates
            .map(|it| format!("projects/-/serviceAccounts/{it}"))
            .collect(),
    };
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let mut request = HttpRequest::new(http::Method::POST, url)
        .body("application/json", Zeroizing::new(body))
        .bearer(caller.token.expose());
    if let Some(project) = caller.billing_project {
        request = request.header(USER_PROJECT, project);
    }
    let sent = Timestamp::now();
    let (reply, clock): (Reply, _) = exchange::json_and_clock(http, request).await?;
    let stated = reply.expire_time.and_then(|time| time.parse().ok());
    let expires_at = stated.or_else(|| clock.at(sent).checked_add(wanted.lifetime).ok());
    IssuedToken::new(http, &host, reply.access_token, expires_at, clock)
}

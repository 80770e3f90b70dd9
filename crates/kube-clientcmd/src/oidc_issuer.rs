//! Refreshes a token at an OpenID Connect issuer: finds the token endpoint (discovery) and sends it the refresh token.
//!
//! Requests and messages are those of client-go's `oidc` and Go's `oauth2`. The issuer has its own certificate authority
//! setting. Redirects are not followed, because they would send the tokens and the client secret to another address. Of a
//! token endpoint's response only the fields of an error are printed.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::ext::ReasonPhrase;
use kube::client::Body;
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt as _;
use zeroize::Zeroizing;

use super::blocking::{Interrupted, run_blocking};
use super::environment::Environment;
use super::error_text::error_text;
use super::headers::{InvalidHeader, basic};
use super::options::REQUEST_TIMEOUT;
use super::proxy::{Proxy, ProxyError};
use super::server_address::{bare_host, is_loopback, port_error};
use super::transport;
use super::trust::{Trust, TrustError};
use crate::escape_control::escape_control;
use crate::go::quote::go_quoted;

/// The largest response body, in bytes.
const MAX_BODY: usize = 1 << 20;
/// How many bytes of a discovery response an error message quotes (client-go `tokenEndpoint`).
const QUOTED_BODY: usize = 80;
/// How many characters of each text from the issuer an error message quotes.
const QUOTED_TEXT: usize = 500;
/// The time limit of a request to the issuer. Go has none.
const TIMEOUT: Duration = REQUEST_TIMEOUT;

/// The issuer returned no tokens. The messages are those of client-go's `oidc` and Go's `oauth2`.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum IssuerError {
    #[error(
        "oidc: {} redirects to {location}, which is not followed: set idp-issuer-url to the right address",
        escape_control(issuer)
    )]
    IssuerRedirects { issuer: String, location: String },
    #[error("oidc: failed to query metadata endpoint {status_line}: {body}")]
    Metadata { status_line: String, body: String },
    #[error("oidc: failed to decode provider discovery object")]
    InvalidDiscovery,
    #[error("oidc: discovery object doesn't contain a token_endpoint")]
    NoTokenEndpoint,
    #[error("failed to refresh token: {0}")]
    Refresh(Box<IssuerError>),
    #[error(
        "oauth2: {} redirects to {location}, which is not followed",
        escape_control(endpoint)
    )]
    EndpointRedirects { endpoint: String, location: String },
    /// A request failed. `verb` is the method as Go's messages spell it.
    #[error("{verb} {}: {reason}", go_quoted(url.as_bytes()))]
    Request {
        verb: &'static str,
        url: String,
        reason: String,
    },
    #[error("{}: {reason}", go_quoted(url.as_bytes()))]
    Address { url: String, reason: &'static str },
    #[error("oauth2: cannot fetch token: {0}")]
    Status(String),
    #[error("oauth2: cannot parse json")]
    InvalidResponse,
    /// The endpoint's error, quoted.
    #[error("oauth2: {0}")]
    Endpoint(String),
    #[error("oauth2: server response missing access_token")]
    NoAccessToken,
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    #[error(transparent)]
    Identity(#[from] InvalidHeader),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// An issuer and the OAuth client's identity.
pub(super) struct Issuer {
    pub(super) url: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) trust: Trust,
    pub(super) environment: Environment,
    pub(super) user_agent: HeaderValue,
}

/// The tokens from a refresh.
pub(super) struct Tokens {
    pub(super) id_token: Option<Zeroizing<String>>,
    pub(super) refresh_token: Option<Zeroizing<String>>,
}

#[derive(Deserialize)]
struct Discovery {
    #[serde(default)]
    token_endpoint: String,
}

/// A token endpoint's response (RFC 6749 sections 5.1 and 5.2, OpenID Connect Core section 12.2).
#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenResponse {
    access_token: Option<String>,
    refresh_token: Option<String>,
    id_token: Option<Value>,
    error: Option<String>,
    error_description: Option<String>,
    error_uri: Option<String>,
}

struct Response {
    status: StatusCode,
    /// Status code and reason phrase, as Go formats them.
    status_line: String,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

impl Issuer {
    /// Returns new tokens for a refresh token.
    ///
    /// # Errors
    /// The issuer cannot be reached, or returned no tokens.
    pub(super) async fn refresh(&self, refresh_token: &str) -> Result<Tokens, IssuerError> {
        let endpoint = self.token_endpoint().await?;
        self.request_tokens(&endpoint, refresh_token)
            .await
            .map_err(|error| IssuerError::Refresh(Box::new(error)))
    }

    /// Returns the address of the token endpoint (OpenID Connect Discovery section 4).
    async fn token_endpoint(&self) -> Result<String, IssuerError> {
        let url = format!(
            "{}/.well-known/openid-configuration",
            self.url.strip_suffix('/').unwrap_or(&self.url)
        );
        let response = self
            .send("Get", &url, Request::get(&url), Bytes::new())
            .await?;
        if let Some(location) = response.redirect_location() {
            return Err(IssuerError::IssuerRedirects {
                issuer: self.url.clone(),
                location,
            });
        }
        if response.status != StatusCode::OK {
            let mut quoted = response.body[..response.body.len().min(QUOTED_BODY)].to_vec();
            if response.body.len() > QUOTED_BODY {
                quoted.extend(b"...");
            }
            return Err(IssuerError::Metadata {
                status_line: response.status_line,
                body: go_quoted(&quoted),
            });
        }
        let discovery: Discovery =
            serde_json::from_slice(&response.body).map_err(|_| IssuerError::InvalidDiscovery)?;
        if discovery.token_endpoint.is_empty() {
            return Err(IssuerError::NoTokenEndpoint);
        }
        Ok(discovery.token_endpoint)
    }

    /// Sends the client's ID and secret in the header and, if that fails, in the form: issuers differ, and Go's `oauth2`
    /// tries both.
    async fn request_tokens(
        &self,
        endpoint: &str,
        refresh_token: &str,
    ) -> Result<Tokens, IssuerError> {
        let encoded =
            |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        let header = basic(&encoded(&self.client_id), &encoded(&self.client_secret))?;
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        match self.post_form(endpoint, Some(header), &form).await {
            Ok(tokens) => Ok(tokens),
            Err(_) => {
                let mut form = form.to_vec();
                form.push(("client_id", &self.client_id));
                if !self.client_secret.is_empty() {
                    form.push(("client_secret", &self.client_secret));
                }
                self.post_form(endpoint, None, &form).await
            }
        }
    }

    async fn post_form(
        &self,
        endpoint: &str,
        authorization: Option<HeaderValue>,
        fields: &[(&str, &str)],
    ) -> Result<Tokens, IssuerError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(endpoint)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let response = self
            .send("Post", endpoint, request, Bytes::from(form))
            .await?;
        if let Some(location) = response.redirect_location() {
            return Err(IssuerError::EndpointRedirects {
                endpoint: endpoint.to_owned(),
                location,
            });
        }
        tokens(&response)
    }

    /// Sends a request within [`TIMEOUT`]. `verb` is the method as Go's messages spell it.
    async fn send(
        &self,
        verb: &'static str,
        url: &str,
        request: http::request::Builder,
        body: Bytes,
    ) -> Result<Response, IssuerError> {
        let error = |reason: &str| IssuerError::Request {
            verb,
            url: url.to_owned(),
            reason: reason.to_owned(),
        };
        let target: Uri = url.parse().map_err(|_| error("invalid URL"))?;
        check_address(&target).map_err(|reason| IssuerError::Address {
            url: url.to_owned(),
            reason,
        })?;
        let https = target.scheme_str() == Some("https");
        let trust = self.trust.clone();
        // Reads the system's certificate authorities if the kubeconfig names none.
        let tls = run_blocking(move || trust.tls(https, None).map_err(IssuerError::from)).await?;
        let proxy = Proxy::to(&target, None, &self.environment)?;
        let request = request
            .header(header::USER_AGENT, self.user_agent.clone())
            .body(Body::from(body))
            .map_err(|cause| error(&cause.to_string()))?;
        let response = async {
            let response = transport::http(&tls, proxy.as_ref(), &self.user_agent)
                .oneshot(request)
                .await
                .map_err(|cause| error(&error_text(&cause)))?;
            let (parts, body) = response.into_parts();
            let reason = parts.extensions.get::<ReasonPhrase>().map_or_else(
                || parts.status.canonical_reason().unwrap_or_default().into(),
                |reason| String::from_utf8_lossy(reason.as_bytes()),
            );
            let status_line = format!(
                "{} {}",
                parts.status.as_u16(),
                truncate(&escape_control(&reason))
            );
            let body = Limited::new(body, MAX_BODY)
                .collect()
                .await
                .map_err(|_| error("the response body is incomplete or too large"))?;
            Ok(Response {
                status: parts.status,
                status_line,
                headers: parts.headers,
                body: Zeroizing::new(body.to_bytes().to_vec()),
            })
        };
        tokio::time::timeout(TIMEOUT, response)
            .await
            .unwrap_or_else(|_| Err(error(&format!("no answer within {}s", TIMEOUT.as_secs()))))
    }
}

impl Response {
    /// Returns the target of a redirect, escaped and truncated. With other statuses than these, `Location` is no redirect (RFC
    /// 9110 section 10.2.2).
    fn redirect_location(&self) -> Option<String> {
        if !matches!(self.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let location = self.headers.get(header::LOCATION)?;
        let location = String::from_utf8_lossy(location.as_bytes());
        Some(truncate(&escape_control(&location)).into_owned())
    }
}

/// Checks that the refresh token and the client secret, and the discovery response that decides where they are sent, are not
/// sent over plain HTTP except to a loopback address. Takes the parsed URL of the request, because another parser might see
/// another host in its text.
fn check_address(target: &Uri) -> Result<(), &'static str> {
    if port_error(target).is_some() {
        return Err("invalid port");
    }
    match target.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback(bare_host(target)) => Ok(()),
        Some("http") => Err("plain HTTP would expose the refresh token"),
        _ => Err("unsupported protocol scheme"),
    }
}

/// Truncates a text from the issuer to [`QUOTED_TEXT`] characters.
fn truncate(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(QUOTED_TEXT) {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}

/// Parses a token endpoint's response like Go's `oauth2` (`internal/token.go`, `doTokenRoundTrip`).
///
/// # Errors
/// The endpoint returned an error or no access token.
fn tokens(response: &Response) -> Result<Tokens, IssuerError> {
    let failed = !response.status.is_success();
    let invalid = || {
        if failed {
            IssuerError::Status(response.status_line.clone())
        } else {
            IssuerError::InvalidResponse
        }
    };
    let content_type = response.headers.get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let response: TokenResponse = if ["application/x-www-form-urlencoded", "text/plain"]
        .iter()
        .any(|form| media_type.eq_ignore_ascii_case(form))
    {
        let fields: serde_json::Map<String, Value> = form_urlencoded::parse(&response.body)
            .map(|(name, value)| (name.into_owned(), value.into()))
            .collect();
        serde_json::from_value(fields.into()).map_err(|_| invalid())?
    } else {
        serde_json::from_slice(&response.body).map_err(|_| invalid())?
    };
    let non_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
    if let Some(error) = non_empty(response.error) {
        let quoted = |text: String| go_quoted(truncate(&text).as_bytes());
        let mut message = quoted(error);
        for detail in [response.error_description, response.error_uri] {
            if let Some(detail) = non_empty(detail) {
                message += &format!(" {}", quoted(detail));
            }
        }
        return Err(IssuerError::Endpoint(message));
    }
    if failed {
        return Err(invalid());
    }
    if non_empty(response.access_token).is_none() {
        return Err(IssuerError::NoAccessToken);
    }
    Ok(Tokens {
        id_token: match response.id_token {
            Some(Value::String(token)) => Some(Zeroizing::new(token)),
            _ => None,
        },
        refresh_token: non_empty(response.refresh_token).map(Zeroizing::new),
    })
}

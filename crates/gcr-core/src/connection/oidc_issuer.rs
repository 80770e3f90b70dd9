//! What is asked of an OpenID Connect issuer: where it gives tokens (discovery), and a new token for a refresh token.
//!
//! Speaks as client-go's `oidc` and Go's `oauth2` speak. Tokens and the client's secret go to the issuer over its own
//! trust, never along a redirect, and nothing that a token endpoint answers is shown but its error's own fields.

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

use super::REQUEST_TIMEOUT;
use super::blocking::run_blocking;
use super::credential::basic;
use super::environment::Environment;
use super::proxy::Proxy;
use super::server_address::{bare_host, is_loopback, wrong_port};
use super::transport;
use super::trust::Trust;
use crate::domain::escape_control::escape_control;
use crate::domain::go_quote::go_quoted;

/// The most of an answer that is read.
const LIMIT: usize = 1 << 20;
/// The most of an answer that is shown (client-go `tokenEndpoint`).
const SHOWN: usize = 80;
/// The most characters of each thing that it says of an error.
const TOLD: usize = 500;
/// The longest that an issuer may take for an answer; Go would wait for ever.
const PATIENCE: Duration = REQUEST_TIMEOUT;

/// An issuer, and who we are to it.
pub(super) struct Issuer {
    pub(super) url: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) trust: Trust,
    pub(super) environment: Environment,
}

/// What was given for a refresh token.
pub(super) struct Tokens {
    pub(super) id_token: Option<Zeroizing<String>>,
    pub(super) refresh_token: Option<Zeroizing<String>>,
}

#[derive(Deserialize)]
struct Discovery {
    #[serde(default)]
    token_endpoint: String,
}

/// A token endpoint's answer (RFC 6749 sections 5.1 and 5.2, OpenID Connect Core section 12.2).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Granted {
    access_token: Option<String>,
    refresh_token: Option<String>,
    id_token: Option<Value>,
    error: Option<String>,
    error_description: Option<String>,
    error_uri: Option<String>,
}

struct Answer {
    status: StatusCode,
    /// Code and words, as Go shows them.
    shown: String,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

impl Issuer {
    /// Asks for a new token.
    ///
    /// # Errors
    /// What went wrong.
    pub(super) async fn refresh(&self, refresh_token: &str) -> Result<Tokens, String> {
        let endpoint = self.token_endpoint().await?;
        self.granted(&endpoint, refresh_token)
            .await
            .map_err(|error| format!("failed to refresh token: {error}"))
    }

    /// OpenID Connect Discovery section 4.
    async fn token_endpoint(&self) -> Result<String, String> {
        let url = format!(
            "{}/.well-known/openid-configuration",
            self.url.strip_suffix('/').unwrap_or(&self.url)
        );
        let answer = self
            .ask("Get", &url, Request::get(&url), Bytes::new())
            .await?;
        if let Some(place) = answer.redirects_to() {
            return Err(format!(
                "oidc: {} redirects to {place}, which is not followed: give the right address as idp-issuer-url",
                escape_control(&self.url),
            ));
        }
        if answer.status != StatusCode::OK {
            let mut shown = answer.body[..answer.body.len().min(SHOWN)].to_vec();
            if answer.body.len() > SHOWN {
                shown.extend(b"...");
            }
            return Err(format!(
                "oidc: failed to query metadata endpoint {}: {}",
                answer.shown,
                go_quoted(&shown)
            ));
        }
        let discovery: Discovery = serde_json::from_slice(&answer.body)
            .map_err(|_| "oidc: failed to decode provider discovery object")?;
        if discovery.token_endpoint.is_empty() {
            return Err("oidc: discovery object doesn't contain a token_endpoint".to_owned());
        }
        Ok(discovery.token_endpoint)
    }

    /// With the client's name and secret in the header, and where that fails in the form: issuers differ, and Go's
    /// `oauth2` tries both.
    async fn granted(&self, endpoint: &str, refresh_token: &str) -> Result<Tokens, String> {
        let encoded =
            |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        let header = basic(&encoded(&self.client_id), &encoded(&self.client_secret))?;
        let asked = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        match self.grant(endpoint, Some(header), &asked).await {
            Ok(tokens) => Ok(tokens),
            Err(_) => {
                let mut asked = asked.to_vec();
                asked.push(("client_id", &self.client_id));
                if !self.client_secret.is_empty() {
                    asked.push(("client_secret", &self.client_secret));
                }
                self.grant(endpoint, None, &asked).await
            }
        }
    }

    async fn grant(
        &self,
        endpoint: &str,
        authorization: Option<HeaderValue>,
        asked: &[(&str, &str)],
    ) -> Result<Tokens, String> {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(asked)
            .finish();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(endpoint)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let answer = self
            .ask("Post", endpoint, request, Bytes::from(form))
            .await?;
        if let Some(place) = answer.redirects_to() {
            return Err(format!(
                "oauth2: {} redirects to {place}, which is not followed",
                escape_control(endpoint)
            ));
        }
        tokens(&answer)
    }

    async fn ask(
        &self,
        verb: &str,
        url: &str,
        request: http::request::Builder,
        body: Bytes,
    ) -> Result<Answer, String> {
        let shown = go_quoted(url.as_bytes());
        let told = |why: &str| format!("{verb} {shown}: {why}");
        let target: Uri = url.parse().map_err(|_| told("it is no address"))?;
        may_be_asked(&target).map_err(|why| format!("{shown}: {why}"))?;
        let plain = |line: String| line.trim_start_matches("error: ").to_owned();
        let https = target.scheme_str() == Some("https");
        let trust = self.trust.clone();
        // Reads the system's certificate authorities if the kubeconfig names none.
        let tls = run_blocking(move || trust.tls(https, None))
            .await
            .map_err(plain)?;
        let proxy = Proxy::to(&target, None, &self.environment)?;
        let request = request
            .body(Body::from(body))
            .map_err(|error| told(&error.to_string()))?;
        let answered = async {
            let response = transport::http(&tls, proxy.as_ref())
                .oneshot(request)
                .await
                .map_err(|error| told(&super::error_text::error_text(&error)))?;
            let (parts, body) = response.into_parts();
            let reason = parts.extensions.get::<ReasonPhrase>().map_or_else(
                || parts.status.canonical_reason().unwrap_or_default().into(),
                |reason| String::from_utf8_lossy(reason.as_bytes()),
            );
            let shown = format!(
                "{} {}",
                parts.status.as_u16(),
                cut(&escape_control(&reason))
            );
            let body = Limited::new(body, LIMIT)
                .collect()
                .await
                .map_err(|_| told("the answer broke off"))?;
            Ok(Answer {
                status: parts.status,
                shown,
                headers: parts.headers,
                body: Zeroizing::new(body.to_bytes().to_vec()),
            })
        };
        tokio::time::timeout(PATIENCE, answered)
            .await
            .unwrap_or_else(|_| Err(told(&format!("no answer within {}s", PATIENCE.as_secs()))))
    }
}

impl Answer {
    /// The address, safe to show, that it sends us to: a `Location` beside another status means something else (RFC 9110
    /// section 10.2.2).
    fn redirects_to(&self) -> Option<String> {
        if !matches!(self.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let place = self.headers.get(header::LOCATION)?;
        Some(cut(&escape_control(&String::from_utf8_lossy(place.as_bytes()))).into_owned())
    }
}

/// A refresh token and a client's secret do not travel readable beyond loopback, nor what says where they go. Judged of the
/// very address that is asked: whoever reads it another way may see another host.
fn may_be_asked(target: &Uri) -> Result<(), &'static str> {
    if wrong_port(target).is_some() {
        return Err("it has no port that can be asked");
    }
    match target.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback(bare_host(target)) => Ok(()),
        Some("http") => Err("it is plain HTTP, and the refresh token would travel readable"),
        _ => Err("it is neither HTTPS nor HTTP"),
    }
}

/// The beginning of what an issuer says, which may be as long as it likes.
fn cut(told: &str) -> Cow<'_, str> {
    match told.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{}...", &told[..end]).into(),
        None => told.into(),
    }
}

/// Reads a token endpoint's answer as Go's `oauth2` does (`internal/token.go`, `doTokenRoundTrip`).
fn tokens(answer: &Answer) -> Result<Tokens, String> {
    let failed = !answer.status.is_success();
    let unreadable = || {
        if failed {
            format!("oauth2: cannot fetch token: {}", answer.shown)
        } else {
            "oauth2: cannot parse json".to_owned()
        }
    };
    let content_type = answer.headers.get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    let media = content_type.split(';').next().unwrap_or_default().trim();
    let granted: Granted = if ["application/x-www-form-urlencoded", "text/plain"]
        .iter()
        .any(|form| media.eq_ignore_ascii_case(form))
    {
        let fields: serde_json::Map<String, Value> = form_urlencoded::parse(&answer.body)
            .map(|(name, value)| (name.into_owned(), value.into()))
            .collect();
        serde_json::from_value(fields.into()).map_err(|_| unreadable())?
    } else {
        serde_json::from_slice(&answer.body).map_err(|_| unreadable())?
    };
    let full = |text: Option<String>| text.filter(|text| !text.is_empty());
    if let Some(error) = full(granted.error) {
        let quoted = |text: String| go_quoted(cut(&text).as_bytes());
        let mut told = format!("oauth2: {}", quoted(error));
        for more in [granted.error_description, granted.error_uri] {
            if let Some(more) = full(more) {
                told += &format!(" {}", quoted(more));
            }
        }
        return Err(told);
    }
    if failed {
        return Err(unreadable());
    }
    if full(granted.access_token).is_none() {
        return Err("oauth2: server response missing access_token".to_owned());
    }
    Ok(Tokens {
        id_token: match granted.id_token {
            Some(Value::String(token)) => Some(Zeroizing::new(token)),
            _ => None,
        },
        refresh_token: full(granted.refresh_token).map(Zeroizing::new),
    })
}

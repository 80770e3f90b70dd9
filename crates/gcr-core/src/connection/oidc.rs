//! client-go's `auth-provider: oidc` (`plugin/pkg/client/auth/oidc`): an id-token from the kubeconfig, refreshed when it
//! has expired.
//!
//! Never logs anybody in. Tokens and the client's secret go to the issuer over its own trust, never along a redirect.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;
use serde::Deserialize;
use tokio::sync::Mutex;
use tower::ServiceExt as _;
use zeroize::Zeroizing;

use super::credential::{Credential, basic};
use super::environment::Environment;
use super::oidc_file;
use super::proxy::Proxy;
use super::transport;
use super::trust::Trust;
use crate::domain::printable::printable;

/// A token is as good as expired this long before it is.
const EXPIRY_DELTA: SignedDuration = SignedDuration::from_secs(10);
/// The most of an issuer's answer that is read.
const LIMIT: usize = 1 << 20;

/// The settings of a user's entry, and where they are kept.
pub(super) struct Oidc {
    settings: Mutex<BTreeMap<String, String>>,
    issuer: String,
    client_id: String,
    trust: Trust,
    environment: Environment,
    user: String,
    file: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Discovery {
    #[serde(default)]
    token_endpoint: String,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    exp: f64,
}

impl Oidc {
    /// From `config` of the auth-provider of the user called `user`, which stands in `file`.
    ///
    /// # Errors
    /// What is missing, without `error: `.
    pub(super) fn new(
        settings: BTreeMap<String, String>,
        user: &str,
        file: Option<PathBuf>,
        environment: &Environment,
    ) -> Result<Self, String> {
        let wanted = |key: &str| match settings.get(key) {
            Some(value) if !value.is_empty() => Ok(value.clone()),
            _ => Err(format!("Must provide {key}")),
        };
        let issuer = wanted("idp-issuer-url")?;
        let client_id = wanted("client-id")?;
        let data = settings
            .get("idp-certificate-authority-data")
            .filter(|data| !data.is_empty());
        let bundle = match (data, settings.get("idp-certificate-authority")) {
            (Some(data), _) => Some(
                STANDARD
                    .decode(data)
                    .map_err(|_| "illegal base64 data in idp-certificate-authority-data")?,
            ),
            (None, Some(path)) if !path.is_empty() => Some(
                std::fs::read(path)
                    .map_err(|error| super::go_errors::path_error("open", path.as_ref(), &error))?,
            ),
            _ => None,
        };
        let trust = Trust::new(bundle, false, None)
            .map_err(|line| line.trim_start_matches("error: ").to_owned())?;
        Ok(Self {
            settings: Mutex::new(settings),
            issuer,
            client_id,
            trust,
            environment: environment.clone(),
            user: user.to_owned(),
            file,
        })
    }

    /// The id-token to use: the one at hand while it is good and was not `refused`, else a new one, which is written back
    /// before it is used.
    ///
    /// # Errors
    /// What went wrong.
    pub(super) async fn token(&self, refused: bool) -> Result<Credential, String> {
        let mut settings = self.settings.lock().await;
        let at_hand = settings.get("id-token").filter(|token| !token.is_empty());
        if let Some(token) = at_hand {
            let expires = expiry(token)?;
            if !refused && Timestamp::now() < expires {
                return Credential::token(token, Some(expires));
            }
        }
        let refresh = settings
            .get("refresh-token")
            .filter(|token| !token.is_empty())
            .ok_or("No valid id-token, and cannot refresh without refresh-token")?;
        let secret = settings.get("client-secret").map_or("", String::as_str);
        let endpoint = self.token_endpoint().await?;
        let tokens = self
            .refreshed(&endpoint, refresh, secret)
            .await
            .map_err(|error| format!("failed to refresh token: {error}"))?;
        let Some(token) = tokens.id_token else {
            return Err("token response did not contain an id_token, either the scope \"openid\" wasn't requested upon login, or the provider doesn't support id_tokens as part of the refresh response".to_owned());
        };
        let mut fresh = settings.clone();
        if let Some(refresh) = tokens.refresh_token.filter(|it| !it.is_empty()) {
            fresh.insert("refresh-token".to_owned(), refresh);
        }
        fresh.insert("id-token".to_owned(), token.clone());
        if let Some(file) = &self.file {
            oidc_file::write_back(file, &self.user, &fresh)
                .map_err(|error| format!("could not persist new tokens: {error}"))?;
        }
        *settings = fresh;
        // One that cannot be read is for the server to judge.
        Credential::token(&token, expiry(&token).ok())
    }

    async fn token_endpoint(&self) -> Result<String, String> {
        let url = format!(
            "{}/.well-known/openid-configuration",
            self.issuer.strip_suffix('/').unwrap_or(&self.issuer)
        );
        let request = Request::get(&url);
        let (status, body) = self.ask(&url, request, Bytes::new()).await?;
        if status != StatusCode::OK {
            let body = String::from_utf8_lossy(&body);
            let shown: String = body.chars().take(80).collect();
            return Err(format!(
                "oidc: failed to query metadata endpoint {status}: \"{}\"",
                printable(&shown)
            ));
        }
        let discovery: Discovery = serde_json::from_slice(&body)
            .map_err(|_| "oidc: failed to decode provider discovery object")?;
        if discovery.token_endpoint.is_empty() {
            return Err("oidc: discovery object doesn't contain a token_endpoint".to_owned());
        }
        Ok(discovery.token_endpoint)
    }

    /// Asks with the client's name and secret in the header, and where that is refused in the body: issuers differ, and
    /// Go's oauth2 tries both.
    async fn refreshed(
        &self,
        endpoint: &str,
        refresh: &str,
        secret: &str,
    ) -> Result<Tokens, String> {
        let form = |extra: bool| {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("grant_type", "refresh_token");
            form.append_pair("refresh_token", refresh);
            if extra {
                form.append_pair("client_id", &self.client_id);
                if !secret.is_empty() {
                    form.append_pair("client_secret", secret);
                }
            }
            Bytes::from(form.finish())
        };
        let encoded =
            |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        let post = |authorization: Option<HeaderValue>| {
            let mut request = Request::builder()
                .method(Method::POST)
                .uri(endpoint)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            if let Some(authorization) = authorization {
                request = request.header(header::AUTHORIZATION, authorization);
            }
            request
        };
        let authorization = basic(&encoded(&self.client_id), &encoded(secret))?;
        let (status, body) = self
            .ask(endpoint, post(Some(authorization)), form(false))
            .await?;
        let body = if status.is_success() {
            body
        } else {
            let (status, body) = self.ask(endpoint, post(None), form(true)).await?;
            if !status.is_success() {
                return Err(format!("oauth2: cannot fetch token: {status}"));
            }
            body
        };
        serde_json::from_slice(&body).map_err(|_| "oauth2: cannot parse json".to_owned())
    }

    async fn ask(
        &self,
        url: &str,
        request: http::request::Builder,
        body: Bytes,
    ) -> Result<(StatusCode, Zeroizing<Vec<u8>>), String> {
        let shown = printable(url);
        let target: Uri = url.parse().map_err(|_| format!("{shown} is no address"))?;
        let plain = |line: String| line.trim_start_matches("error: ").to_owned();
        let https = target.scheme_str() == Some("https");
        let tls = self.trust.tls(https, None).map_err(plain)?;
        let proxy = Proxy::to(&target, None, &self.environment)?;
        let request = request
            .body(Body::from(body))
            .map_err(|error| error.to_string())?;
        let response = transport::http(&tls, proxy.as_ref())
            .oneshot(request)
            .await
            .map_err(|error| format!("\"{shown}\": {}", super::trouble::wording(&error)))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LIMIT)
            .collect()
            .await
            .map_err(|_| format!("\"{shown}\": the answer broke off"))?;
        Ok((status, Zeroizing::new(body.to_bytes().to_vec())))
    }
}

/// When an id-token stops being good.
fn expiry(token: &str) -> Result<Timestamp, String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, claims, _] = parts.as_slice() else {
        return Err("ID Token is not a valid JWT".to_owned());
    };
    let claims = URL_SAFE_NO_PAD
        .decode(claims)
        .map_err(|_| "illegal base64 data in the ID Token")?;
    let claims: Claims =
        serde_json::from_slice(&claims).map_err(|_| "parsing claims: no time of expiry")?;
    Timestamp::from_second(claims.exp as i64)
        .and_then(|expires| expires.checked_sub(EXPIRY_DELTA))
        .map_err(|_| "parsing claims: no time of expiry".to_owned())
}

//! Sends HTTP requests to Google and to registries: the only place of the crate that opens connections.
//!
//! One `reqwest` client per process, with HTTP/1.1 and 2, the trust store of the system or `SSL_CERT_FILE`, and the proxy
//! rules of the cluster connections (Go's `httpproxy`). `gcp_auth` has a client of its own that honours no proxy, so it
//! never sends a request here.
//!
//! Responses larger than [`MAX_BODY`] are refused. Redirects are followed only on the same origin. Plain HTTP is refused,
//! except to loopback addresses and, where the caller says so, to the metadata server, which has no TLS. The log contains
//! method, URL without query, status and time, never a header or a body.

mod body;
mod http_error;
mod request;
mod trust_file;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gcr_core::domain::redactor::Redactor;
use http::{HeaderMap, StatusCode};
use kube_clientcmd::Environment;
use kube_clientcmd::proxy::{Proxy, ProxyKind};
use reqwest::redirect;
use url::{Host, Url};

pub use body::MAX_BODY;
pub use http_error::{HttpError, HttpErrorKind};
use request::shown_url;
pub use request::{HttpRequest, authority};

/// The time limit for establishing a connection, including TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_REDIRECTS: usize = 5;
/// Names and addresses of the metadata server (Google's "About VM metadata").
const METADATA_HOSTS: [&str; 3] = [
    "metadata.google.internal",
    "169.254.169.254",
    "[fd20:ce::254]",
];

/// A response that was read completely. `Debug` shows neither headers nor body.
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most [`MAX_BODY`] bytes.
    pub body: Bytes,
}

impl std::fmt::Debug for HttpResponse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut response = formatter.debug_struct("HttpResponse");
        response.field("status", &self.status);
        response.finish_non_exhaustive()
    }
}

/// The HTTP client of the process. Clones share connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: reqwest::Client,
    proxies: Arc<ProxyRules>,
    redactor: Arc<Redactor>,
}

/// The environment's proxies, and the hosts that are always reached without one.
#[derive(Debug)]
struct ProxyRules {
    environment: Environment,
    metadata_host: Option<String>,
}

impl HttpClient {
    /// Creates the client. The process must have installed rustls's `ring` provider before.
    ///
    /// `redactor` knows the secrets of the process; the sources of credentials add theirs.
    ///
    /// # Errors
    /// Fails if the trust store cannot be read.
    pub fn new(
        environment: &Environment,
        user_agent: &str,
        redactor: Arc<Redactor>,
    ) -> Result<Self, HttpError> {
        let proxies = Arc::new(ProxyRules {
            environment: environment.clone(),
            metadata_host: environment.text("GCE_METADATA_HOST").map(str::to_owned),
        });
        let rules = Arc::clone(&proxies);
        let mut builder = reqwest::Client::builder();
        // As for clusters, the file replaces the system's trust store, on every system.
        if let Some(path) = environment.os("SSL_CERT_FILE") {
            builder = builder.tls_certs_only(trust_file::read(Path::new(path))?);
        }
        let client = builder
            .user_agent(user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::custom(follow_same_origin))
            .proxy(reqwest::Proxy::custom(move |url| {
                // `send` has refused invalid proxies.
                rules.proxy_to(url).ok().flatten()
            }))
            .build()
            .map_err(|error| HttpError::new("", HttpErrorKind::client(&error)))?;
        Ok(Self {
            client,
            proxies,
            redactor,
        })
    }

    /// Returns the secrets that are redacted in errors.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Sends a request once, and returns the response whatever its status is.
    ///
    /// # Errors
    /// Fails if no complete response arrives within the request's time limit, if the response is too large, and if the URL
    /// is plain HTTP to a host that is not local.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let shown = shown_url(&request.url);
        let method = request.method.clone();
        let started = Instant::now();
        let result = self.attempt(request, &shown).await;
        let elapsed = started.elapsed().as_millis();
        match &result {
            Ok(response) => {
                let status = response.status.as_u16();
                tracing::trace!("{method} {shown} {status} in {elapsed} milliseconds");
            }
            Err(error) => tracing::trace!("{error} ({method}, {elapsed} milliseconds)"),
        }
        result
    }

    async fn attempt(&self, request: HttpRequest, shown: &str) -> Result<HttpResponse, HttpError> {
        let failed = |kind| HttpError::new(shown, kind);
        if !self.is_confidential(&request) {
            return Err(failed(HttpErrorKind::PlainHttp));
        }
        self.proxies
            .proxy_to(&request.url)
            .map_err(|reason| failed(HttpErrorKind::Proxy(reason)))?;
        let timeout = request.timeout;
        let mut outgoing = self
            .client
            .request(request.method, request.url)
            .headers(request.headers)
            .timeout(timeout);
        if let Some(body) = request.body {
            outgoing = outgoing.body(body);
        }
        let response = outgoing
            .send()
            .await
            .map_err(|error| failed(HttpErrorKind::of(&error, timeout)))?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = body::read(response, timeout).await.map_err(failed)?;
        Ok(HttpResponse {
            status,
            headers,
            body,
        })
    }

    /// Returns whether the request is encrypted, stays on this machine, or goes to the metadata server as intended.
    fn is_confidential(&self, request: &HttpRequest) -> bool {
        let is_metadata_server =
            || request.to_metadata_server && self.proxies.is_metadata_host(&request.url);
        request.url.scheme() == "https"
            || (request.url.scheme() == "http"
                && (is_loopback(&request.url) || is_metadata_server()))
    }
}

impl ProxyRules {
    fn is_metadata_host(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else {
            return false;
        };
        let configured = self.metadata_host.as_deref();
        let configured = configured.map(|it| it.rsplit_once(':').map_or(it, |(host, _)| host));
        METADATA_HOSTS.contains(&host) || configured == Some(host)
    }

    /// Returns the proxy for a URL with its user and password; `None` for a direct connection. The metadata server is
    /// local to the machine, so it is never reached through a proxy.
    fn proxy_to(&self, url: &Url) -> Result<Option<Url>, String> {
        if url.scheme() == "http" && self.is_metadata_host(url) {
            return Ok(None);
        }
        let invalid = || "invalid proxy address".to_owned();
        // Go's rules depend only on scheme, host and port.
        let origin = url.origin().ascii_serialization();
        let server = format!("{origin}/").parse().map_err(|_| invalid())?;
        let Some(proxy) =
            Proxy::to(&server, None, &self.environment).map_err(|error| error.to_string())?
        else {
            return Ok(None);
        };
        let mut address = proxy.url.to_string();
        if proxy.kind == ProxyKind::Socks5 {
            // The proxy resolves the name, as for clusters.
            address = address.replacen("http://", "socks5h://", 1);
        }
        let mut address = Url::parse(&address).map_err(|_| invalid())?;
        if let Some((user, password)) = proxy.user {
            address.set_username(&user).map_err(|()| invalid())?;
            let set = address.set_password(Some(&password));
            set.map_err(|()| invalid())?;
        }
        Ok(Some(address))
    }
}

/// Returns whether the host of the URL is a loopback address or `localhost`.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Follows a redirect on the same origin. Any other is returned to the caller as a response with status 3xx.
fn follow_same_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let previous = attempt.previous();
    let is_same = previous
        .last()
        .is_some_and(|last| last.origin() == attempt.url().origin());
    if is_same && previous.len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

#[cfg(test)]
mod tests;

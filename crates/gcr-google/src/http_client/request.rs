//! Builds HTTP requests, with credentials marked as sensitive.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use zeroize::Zeroizing;

/// The time limit of a request without another one.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A request. `Debug` shows neither headers nor body.
#[derive(Clone)]
pub struct HttpRequest {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) timeout: Duration,
    pub(super) to_metadata_server: bool,
}

impl HttpRequest {
    /// Creates a request without a body.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            timeout: TIMEOUT,
            to_metadata_server: false,
        }
    }

    /// Creates a GET request.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// Creates a POST request with a form. The body is wiped after use.
    #[must_use]
    pub fn post_form(url: Url, fields: &[(&str, &str)]) -> Self {
        let size: usize = fields
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum();
        // At most three bytes per byte. Allocated once: a buffer that grows leaves copies behind.
        let target = String::with_capacity(3 * size + 2 * fields.len());
        let mut form = form_urlencoded::Serializer::new(target);
        form.extend_pairs(fields);
        let body = Zeroizing::new(form.finish().into_bytes());
        Self::new(Method::POST, url).body("application/x-www-form-urlencoded", body)
    }

    /// Sets the body, which is wiped after use.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, body: Zeroizing<Vec<u8>>) -> Self {
        self.body = Some(Bytes::from_owner(body));
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self
    }

    /// Sets a header. Ignores a value that is not valid in a header: callers validate names and tokens before.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Sets the accepted media types.
    #[must_use]
    pub fn accept(self, types: &str) -> Self {
        self.header(ACCEPT, types)
    }

    /// Authorizes the request with a bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.sensitive(&Zeroizing::new(format!("Bearer {token}")))
    }

    /// Authorizes the request with a user and a password.
    #[must_use]
    pub fn basic(self, user: &str, password: &SecretString) -> Self {
        let pair = Zeroizing::new(format!("{user}:{}", password.expose_secret()));
        let encoded = Zeroizing::new(STANDARD.encode(&*pair));
        self.sensitive(&Zeroizing::new(format!("Basic {}", *encoded)))
    }

    /// Sets the time limit from connecting to the end of the body.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Allows plain HTTP if the host is the metadata server, which is local to the virtual machine.
    #[must_use]
    pub fn to_metadata_server(mut self) -> Self {
        self.to_metadata_server = true;
        self
    }

    /// Adds a parameter to the query.
    pub fn query(&mut self, name: &str, value: &str) {
        self.url.query_pairs_mut().append_pair(name, value);
    }

    /// Returns the host and, if it is not the default, the port of the URL.
    #[must_use]
    pub fn host(&self) -> String {
        authority(&self.url)
    }

    fn sensitive(mut self, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            // Also keeps HTTP/2 from adding the token to its compression table.
            value.set_sensitive(true);
            self.headers.insert(AUTHORIZATION, value);
        }
        self
    }
}

/// Returns the URL without user, query and fragment, which may hold secrets.
pub(super) fn shown_url(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// Returns `HOST` or `HOST:PORT` of a URL; the port only if it is not the default of the scheme.
#[must_use]
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, shown_url(&self.url))
    }
}

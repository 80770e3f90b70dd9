//! A request to the fake, parsed: method, path parameters, query, headers and body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use serde_json::Value;

use super::method::{self, Method, REGISTRY_CONTENT};
use super::reply::{Reply, invalid_argument, unknown_path};

/// A request whose method is known.
pub(super) struct Call {
    pub(super) method: &'static Method,
    /// Values of the path parameters, in order.
    pub(super) parameters: Vec<String>,
    pub(super) verb: String,
    /// Google's host name, or the fake's own address.
    pub(super) host: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) parts: Parts,
    pub(super) bytes: Bytes,
}

impl Call {
    /// Finds the method of a request.
    ///
    /// # Errors
    /// The 404 for a path that no API serves.
    pub(super) fn parse(parts: Parts, bytes: Bytes, host: String) -> Result<Self, Reply> {
        let google = (method::is_google_host(&host) || method::is_metadata_host(&host))
            .then_some(host.as_str());
        let path = parts.uri.path().to_owned();
        let verb = parts.method.as_str().to_owned();
        let is_registry = google.is_none_or(method::is_registry_host);
        let (method, parameters) = match method::find(&verb, google, &path) {
            Some(found) => found,
            None if is_registry && path.starts_with("/v2/") => (&REGISTRY_CONTENT, Vec::new()),
            None => return Err(unknown_path(&path)),
        };
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let query = form_urlencoded::parse(query).into_owned().collect();
        Ok(Self {
            method,
            parameters,
            verb,
            host,
            path,
            query,
            parts,
            bytes,
        })
    }

    /// Returns a header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// Returns the first value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the body as JSON; an empty object for an empty body.
    ///
    /// # Errors
    /// The 400 that Google sends for invalid JSON.
    pub(super) fn json(&self) -> Result<Value, Reply> {
        if self.bytes.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&self.bytes).map_err(|error| {
            invalid_argument(&format!(
                "Invalid JSON payload received. Parse error: {error}"
            ))
        })
    }

    /// Returns a field of a body that is either a form or JSON.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let media = self.header("content-type").unwrap_or_default();
        if media.starts_with("application/json") {
            let body: Value = serde_json::from_slice(&self.bytes).ok()?;
            return body[name].as_str().map(String::from);
        }
        let mut fields = form_urlencoded::parse(&self.bytes);
        fields
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Returns the token of `Authorization: Bearer`.
    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    }

    /// Returns user and password of `Authorization: Basic`.
    pub(super) fn basic(&self) -> Option<(String, String)> {
        let (scheme, encoded) = self.header("authorization")?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }
}

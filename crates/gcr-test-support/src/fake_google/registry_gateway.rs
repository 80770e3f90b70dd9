//! Forwards requests for content to a real registry and gives its responses the form of Google's.

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::call::Call;
use super::registry_token::{self, Forward};
use super::reply::{Reply, registry_error};

/// Response headers that clients of a registry use.
const HEADERS: [&str; 8] = [
    "content-type",
    "content-range",
    "docker-content-digest",
    "docker-distribution-api-version",
    "docker-upload-uuid",
    "etag",
    "link",
    "range",
];

/// The way to a registry on a port of this machine.
#[derive(Clone)]
pub(super) struct RegistryGateway {
    client: Client<HttpConnector, Full<Bytes>>,
    port: u16,
}

impl RegistryGateway {
    pub(super) fn new(port: u16) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            port,
        }
    }

    /// Sends a request that the fake has allowed.
    pub(super) async fn forward(&self, call: &Call, forward: &Forward) -> Reply {
        let failed = |error: &dyn std::fmt::Display| {
            registry_error(
                502,
                "UNAVAILABLE",
                &format!("the test registry failed: {error}"),
            )
        };
        let request = match self.request(call, forward) {
            Ok(request) => request,
            Err(error) => return failed(&error),
        };
        let (parts, body) = match self.client.request(request).await {
            Ok(response) => response.into_parts(),
            Err(error) => return failed(&error),
        };
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return failed(&error),
        };
        if parts.status.as_u16() == 404 && call.path.contains("/manifests/") {
            let reference = call.path.rsplit('/').next().unwrap_or_default();
            return registry_token::manifest_unknown(reference);
        }
        let mut reply = Reply {
            status: parts.status.as_u16(),
            headers: Vec::new(),
            body: body.to_vec(),
        };
        let text = |name: &str| parts.headers.get(name)?.to_str().ok();
        for name in HEADERS {
            if let Some(value) = text(name) {
                reply.headers.push((name, value.to_owned()));
            }
        }
        // hyper computes the length of a body, but HEAD has none.
        if call.verb == "HEAD"
            && let Some(length) = text("content-length")
        {
            reply.headers.push(("content-length", length.to_owned()));
        }
        if let Some(location) = text("location") {
            let stored = format!("/v2/{}/", forward.image.stored_name());
            let named = format!("/v2/{}/", forward.name);
            reply
                .headers
                .push(("location", location.replace(&stored, &named)));
        }
        reply
    }

    fn request(&self, call: &Call, forward: &Forward) -> Result<Request<Full<Bytes>>, http::Error> {
        let rest = &call.path["/v2/".len() + forward.name.len()..];
        // A mount from another repository would need a token for that one too; without it, clients upload the layer.
        let query: Vec<_> = call
            .query
            .iter()
            .filter(|(name, _)| name != "mount" && name != "from")
            .collect();
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query.iter().map(|(name, value)| (name, value)))
            .finish();
        let stored = forward.image.stored_name();
        let mut request = Request::builder()
            .method(call.verb.as_str())
            .uri(format!(
                "http://127.0.0.1:{}/v2/{stored}{rest}?{query}",
                self.port
            ))
            .body(Full::new(call.bytes.clone()))?;
        let copied = [
            header::ACCEPT,
            header::CONTENT_TYPE,
            header::CONTENT_RANGE,
            header::RANGE,
        ];
        for name in copied {
            for value in call.parts.headers.get_all(&name) {
                request.headers_mut().append(name.clone(), value.clone());
            }
        }
        let token = HeaderValue::from_str(&format!("Bearer {}", forward.token))?;
        request.headers_mut().insert(header::AUTHORIZATION, token);
        Ok(request)
    }
}

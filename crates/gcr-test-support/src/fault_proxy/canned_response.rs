//! Builds responses that kube-apiserver and proxies in front of it are known to send.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::body::{self, Body};

/// A response made by the proxy itself.
#[derive(Clone, Debug)]
pub struct CannedResponse {
    status: u16,
    headers: Vec<(&'static str, String)>,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Text(Bytes),
    /// A JSON object padded to this size in bytes.
    Padded(u64),
}

const TEXT_PLAIN: &str = "text/plain; charset=utf-8";
const APPLICATION_JSON: &str = "application/json";

impl CannedResponse {
    /// Returns a response with any status, media type and body.
    pub fn new(status: u16, media: &str, text: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type", media.into())],
            content: Content::Text(Bytes::from(text.to_owned())),
        }
    }

    /// Returns a `metav1.Status` with this reason and message.
    pub fn status(status: u16, reason: &str, message: &str) -> Self {
        let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": status});
        Self::new(status, APPLICATION_JSON, &body.to_string())
    }

    /// Returns a plain-text 429 with `Retry-After` in seconds, as kube-apiserver sends it on overload
    /// (`server/filters/maxinflight.go`).
    pub fn too_many_requests(seconds: u64) -> Self {
        Self::new(
            429,
            TEXT_PLAIN,
            "Too many requests, please try again later.\n",
        )
        .header("retry-after", &seconds.to_string())
    }

    /// Returns a plain-text 503 without `Retry-After`, as a load balancer without healthy backends sends it.
    pub fn unavailable() -> Self {
        Self::new(503, TEXT_PLAIN, "no healthy upstream")
    }

    /// Returns an API 500 without `Retry-After`, as kube-apiserver sends it when etcd changes its leader.
    pub fn internal_error() -> Self {
        Self::status(500, "InternalError", "etcdserver: leader changed")
    }

    /// Returns a 502 with the HTML page of a reverse proxy.
    pub fn bad_gateway() -> Self {
        let page =
            "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>";
        Self::new(502, "text/html", page)
    }

    /// Returns a 504 with the HTML page of a reverse proxy.
    pub fn gateway_timeout() -> Self {
        let page = "<html><head><title>504 Gateway Time-out</title></head></html>";
        Self::new(504, "text/html", page)
    }

    /// Returns an API 504: kube-apiserver's timeout has passed, but the write can still complete (apiserver
    /// `endpoints/handlers/finisher`).
    pub fn timed_out() -> Self {
        Self::status(
            504,
            "Timeout",
            "Timeout: request did not complete within the allotted timeout",
        )
    }

    /// Returns a 500 for a rule that changes JSON, where the body is something else: the rule of the test is wrong.
    pub(super) fn not_json(body: &str) -> Self {
        Self::new(
            500,
            TEXT_PLAIN,
            &format!("the rule of the fault proxy cannot change the {body}: it is not JSON"),
        )
    }

    /// Returns an API 401.
    pub fn unauthorized() -> Self {
        Self::status(401, "Unauthorized", "Unauthorized")
    }

    /// Returns a 307 redirect.
    pub fn redirect(location: &str) -> Self {
        Self::new(307, TEXT_PLAIN, "").header("location", location)
    }

    /// Returns a 200 with a JSON object of this size in bytes.
    pub fn padded(bytes: u64) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", APPLICATION_JSON.into())],
            content: Content::Padded(bytes),
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let body = match self.content {
            Content::Text(text) => body::full(text),
            Content::Padded(bytes) => body::padded(bytes),
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::IM_A_TEAPOT);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response.headers_mut().insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache, private"),
        );
        response
    }
}

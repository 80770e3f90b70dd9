//! Answers that are not the server's own, as servers and what stands before them give them.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::body::{self, Body};

/// An answer made here.
#[derive(Clone, Debug)]
pub struct CannedResponse {
    status: u16,
    headers: Vec<(&'static str, String)>,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Text(Bytes),
    /// A JSON object with so many bytes of padding.
    Padded(u64),
}

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

impl CannedResponse {
    /// Any status, media type and body.
    pub fn new(status: u16, media: &str, text: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type", media.into())],
            content: Content::Text(Bytes::from(text.to_owned())),
        }
    }

    /// A `Status` of the API (`metav1.Status`) with this reason and message.
    pub fn status(status: u16, reason: &str, message: &str) -> Self {
        let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": status});
        Self::new(status, JSON, &body.to_string())
    }

    /// 429 in plain text with `Retry-After`, in seconds, as kube-apiserver sheds (`server/filters/maxinflight.go`).
    pub fn too_many_requests(seconds: u64) -> Self {
        Self::new(429, TEXT, "Too many requests, please try again later.\n")
            .header("retry-after", &seconds.to_string())
    }

    /// 503 in plain text and without `Retry-After`, as a load balancer without a server behind it.
    pub fn unavailable() -> Self {
        Self::new(503, TEXT, "no healthy upstream")
    }

    /// 500 of the API without `Retry-After`, as when etcd changes its leader.
    pub fn internal_error() -> Self {
        Self::status(500, "InternalError", "etcdserver: leader changed")
    }

    /// 502 as a reverse proxy's page.
    pub fn bad_gateway() -> Self {
        let page =
            "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>";
        Self::new(502, "text/html", page)
    }

    /// 504 as a reverse proxy's page.
    pub fn gateway_timeout() -> Self {
        let page = "<html><head><title>504 Gateway Time-out</title></head></html>";
        Self::new(504, "text/html", page)
    }

    /// 504 of the API: its time was up, and it may go on (apiserver `endpoints/handlers/finisher`).
    pub fn timed_out() -> Self {
        Self::status(
            504,
            "Timeout",
            "Timeout: request did not complete within the allotted timeout",
        )
    }

    /// 401 of the API.
    pub fn unauthorized() -> Self {
        Self::status(401, "Unauthorized", "Unauthorized")
    }

    /// 307 to another place.
    pub fn redirect(location: &str) -> Self {
        Self::new(307, TEXT, "").header("location", location)
    }

    /// 200 with a JSON object of this size in bytes.
    pub fn padded(bytes: u64) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", JSON.into())],
            content: Content::Padded(bytes),
        }
    }

    /// One header more.
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

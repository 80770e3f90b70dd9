//! Sends a prepared request and returns status and body. The layers of the client apply time limits, retries and the limiter.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kube::client::Body;

use super::adaptive_limiter::RequestClass;
use super::attempt_layer::text;
use super::client::ClusterClient;
use super::request_error::RequestError;
use super::request_error::RequestErrorKind;
use super::request_options::{LIST_LIMIT, RequestOptions};
pub use super::request_options::{OBJECT_LIMIT, WriteObserver};
use super::retry_layer::MayHaveApplied;
use crate::safety::Safety;

/// A prepared request. Has no `Debug`: the body may contain a key.
#[derive(Clone)]
pub struct ApiRequest {
    /// The HTTP method.
    pub method: Method,
    /// Path and query, relative to the server's root.
    pub path: String,
    /// The body's media type; `None` without a body.
    pub content_type: Option<&'static str>,
    /// The media type of the response.
    pub accept: &'static str,
    /// The body, shared by attempts and targets.
    pub body: Bytes,
    /// Maximum size of the response, in bytes.
    pub limit: usize,
    /// Whether and when it may be repeated.
    pub safety: Safety,
    /// `verb resource [name]`, as in client-go's error messages.
    pub description: String,
}

/// Media type of complete objects.
pub const JSON: &str = "application/json";
/// Media types of metadata only, so that the server sends no Secret data (API concepts, "Metadata-only fetches"). As in
/// client-go's metadata client, a server or gateway that does not know the first may send the whole object.
pub const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;q=0.9";

/// A successful response. Has no `Debug`: it may contain a Secret.
pub struct ApiResponse {
    /// 200 or 201.
    pub status: StatusCode,
    /// The complete body.
    pub body: Bytes,
    /// The server's clock: the `Date` header, if it sent one.
    pub date: Option<String>,
    /// Whether an earlier attempt of the same request may have been applied.
    pub may_have_applied: bool,
}

impl ApiResponse {
    /// Decodes the body as JSON.
    ///
    /// # Errors
    /// [`RequestErrorKind::InvalidResponse`], without any content of the body: it may be a Secret.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, RequestError> {
        serde_json::from_slice(&self.body).map_err(|error| RequestError::not_json(&error))
    }
}

impl ApiRequest {
    /// Returns the HTTP request, with what the layers need to know about it.
    fn http(
        &self,
        observer: Option<Arc<dyn WriteObserver>>,
    ) -> Result<Request<Body>, RequestErrorKind> {
        let options = RequestOptions {
            safety: self.safety,
            writes: observer.is_some(),
            observer,
            limit: Some(self.limit),
            class: (self.limit != LIST_LIMIT).then(|| self.class()),
            description: self.description.as_str().into(),
        };
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header(header::ACCEPT, self.accept)
            .extension(options);
        if let Some(content_type) = self.content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        request
            .body(Body::from(self.body.clone()))
            .map_err(|error| RequestErrorKind::InvalidResponse(format!("error: {error}").into()))
    }

    /// Returns the class in which the limiter compares latencies.
    fn class(&self) -> RequestClass {
        match self.content_type {
            None => RequestClass::Read,
            Some("application/apply-patch+yaml") => RequestClass::Apply,
            Some(_) => RequestClass::Patch,
        }
    }
}

impl ClusterClient {
    /// Sends `request` through the layers of the client. Records each attempt of a write in `observer`; `None` means that the
    /// request changes nothing.
    ///
    /// # Errors
    /// The last attempt's error, with whether any attempt may have been applied.
    pub async fn send(
        &self,
        request: &ApiRequest,
        observer: Option<Arc<dyn WriteObserver>>,
    ) -> Result<ApiResponse, RequestError> {
        let request = request.http(observer)?;
        let response = self.kube().send(request).await;
        let response = response.map_err(RequestError::from_kube)?;
        let date = text(response.headers(), &header::DATE).map(str::to_owned);
        let applied = response.extensions().get::<MayHaveApplied>();
        let may_have_applied = applied.is_some_and(|applied| applied.0);
        let (parts, body) = response.into_parts();
        // The layers have read the body completely.
        let body = body.collect().await.map_err(RequestError::from_kube)?;
        Ok(ApiResponse {
            status: parts.status,
            body: body.to_bytes(),
            date,
            may_have_applied,
        })
    }
}

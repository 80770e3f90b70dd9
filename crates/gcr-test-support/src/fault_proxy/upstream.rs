//! Forwards requests to the real server over pooled connections and buffers the responses.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::error::{Error, Result};
use crate::test_cluster::Connection;

/// A request with its complete body.
pub(super) type BufferedRequest = Request<Bytes>;

type Https = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

pub(super) struct Upstream {
    client: Https,
    authority: String,
}

impl Upstream {
    pub(super) fn new(connection: &Connection) -> Result<Self> {
        let failed =
            |error: &dyn std::fmt::Display| Error::during("parse the server's CA data", error);
        let pem = STANDARD
            .decode(&connection.ca_data)
            .map_err(|error| failed(&error))?;
        let certificates = CertificateDer::pem_slice_iter(&pem).flatten();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates);
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .wrap_connector(tcp);
        let authority = connection.server.trim_start_matches("https://").to_owned();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            authority,
        })
    }

    /// Sends a request to the server. `None` if the server sends no complete response.
    pub(super) async fn send(&self, request: &BufferedRequest) -> Option<Response<Bytes>> {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let uri = Uri::builder()
            .scheme("https")
            .authority(self.authority.as_str())
            .path_and_query(path)
            .build()
            .ok()?;
        let mut forwarded = Request::new(Full::new(request.body().clone()));
        *forwarded.method_mut() = request.method().clone();
        *forwarded.uri_mut() = uri;
        *forwarded.headers_mut() = request.headers().clone();
        // Hop-by-hop headers (RFC 9110 section 7.6.1) are not forwarded; hyper adds its own.
        for name in [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING] {
            forwarded.headers_mut().remove(name);
        }
        let (parts, body) = self.client.request(forwarded).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let mut response = Response::from_parts(parts, body);
        response.headers_mut().remove(header::TRANSFER_ENCODING);
        Some(response)
    }

    /// Adds a random label to the object of a request, with the client's token.
    pub(super) async fn label_object(&self, request: &BufferedRequest) {
        let label = format!("{:08x}", fastrand::u32(..));
        let patch = serde_json::json!({"metadata": {"labels": {"touched": label}}}).to_string();
        let mut patch_request = Request::new(Bytes::from(patch));
        *patch_request.method_mut() = Method::PATCH;
        *patch_request.uri_mut() = request.uri().path().parse().unwrap_or_default();
        let media = HeaderValue::from_static("application/merge-patch+json");
        patch_request
            .headers_mut()
            .insert(header::CONTENT_TYPE, media);
        if let Some(value) = request.headers().get(header::AUTHORIZATION) {
            let value = value.clone();
            patch_request
                .headers_mut()
                .insert(header::AUTHORIZATION, value);
        }
        let _ = self.send(&patch_request).await;
    }
}

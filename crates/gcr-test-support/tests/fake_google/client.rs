//! A client that reaches the fake as a product does: through the proxy, over TLS, with the fake's authority.

use std::sync::Arc;

use bytes::Bytes;
use gcr_test_support::FakeGoogle;
use gcr_test_support::fake_google::PROJECT;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

pub(crate) const IAM: &str = "https://iam.googleapis.com/v1/projects";
pub(crate) const REGISTRY_API: &str = "https://artifactregistry.googleapis.com/v1/projects";
pub(crate) const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// A response with its whole body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Returns the JSON of a 200.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// Returns status, `status` and message of an API's error.
    #[track_caller]
    pub(crate) fn api_error(&self) -> (u16, String, String) {
        let error = &self.json()["error"];
        assert_eq!(error["code"], self.status);
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (self.status, text("status"), text("message"))
    }
}

/// A client with the operator's token.
pub(crate) struct Client {
    http: HyperClient<HttpsConnector<Tunnel<HttpConnector>>, Full<Bytes>>,
    pub(crate) token: Option<String>,
    runtime: tokio::runtime::Runtime,
}

impl Client {
    pub(crate) fn new(google: &FakeGoogle) -> Self {
        let pem = std::fs::read(google.authority_file()).expect("valid");
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("valid")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let tunnel = Tunnel::new(google.url().parse().expect("valid"), tcp);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .wrap_connector(tunnel);
        Self {
            http: HyperClient::builder(TokioExecutor::new()).build(connector),
            token: Some(google.operator_token().to_owned()),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("valid"),
        }
    }

    /// Sends a request. `None` if no complete response arrives.
    pub(crate) fn try_send(&self, request: Request<Full<Bytes>>) -> Option<Reply> {
        self.runtime.block_on(async {
            let (parts, body) = self.http.request(request).await.ok()?.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some(Reply {
                status: parts.status.as_u16(),
                headers: parts.headers,
                text: String::from_utf8_lossy(&body).into_owned(),
            })
        })
    }

    pub(crate) fn request(&self, verb: &str, url: &str, body: &Value) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(verb).uri(url);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let bytes = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        request = request.header("content-type", "application/json");
        request.body(Full::new(Bytes::from(bytes))).expect("valid")
    }

    #[track_caller]
    pub(crate) fn get(&self, url: &str) -> Reply {
        self.try_send(self.request("GET", url, &Value::Null))
            .expect("a response")
    }

    #[track_caller]
    pub(crate) fn post(&self, url: &str, body: &Value) -> Reply {
        self.try_send(self.request("POST", url, body))
            .expect("a response")
    }

    #[track_caller]
    pub(crate) fn delete(&self, url: &str) -> Reply {
        self.try_send(self.request("DELETE", url, &Value::Null))
            .expect("a response")
    }

    /// Sends a form.
    #[track_caller]
    pub(crate) fn form(&self, url: &str, fields: &[(&str, &str)]) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = Request::builder()
            .method("POST")
            .uri(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(body)))
            .expect("valid");
        self.try_send(request).expect("a response")
    }

    /// Creates the account `NAME@demo-project…` and returns its email address.
    #[track_caller]
    pub(crate) fn create_account(&self, name: &str) -> String {
        let body = serde_json::json!({"accountId": name});
        let created = self
            .post(&format!("{IAM}/{PROJECT}/serviceAccounts"), &body)
            .ok();
        created["email"].as_str().expect("valid").to_owned()
    }

    /// Creates a key and returns the key file.
    #[track_caller]
    pub(crate) fn create_key(&self, email: &str) -> String {
        use base64::Engine as _;
        let url = format!("{IAM}/{PROJECT}/serviceAccounts/{email}/keys");
        let created = self.post(&url, &serde_json::json!({})).ok();
        let data = created["privateKeyData"].as_str().expect("valid");
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(data)
            .expect("valid");
        String::from_utf8(bytes).expect("valid")
    }
}

/// Returns a fake with all APIs enabled, and a client.
pub(crate) fn ready() -> (FakeGoogle, Client) {
    let google = FakeGoogle::new();
    google.enable_services(["iam", "iamcredentials", "artifactregistry"]);
    let client = Client::new(&google);
    (google, client)
}

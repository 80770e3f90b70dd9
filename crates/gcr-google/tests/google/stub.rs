//! A small HTTP server for tests: records requests, and responds with what the test chooses.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use gcr_core::domain::access_token::AccessToken;
use gcr_core::domain::redactor::Redactor;
use gcr_core::domain::server_clock::ServerClock;
use gcr_google::api_client::ApiClient;
use gcr_google::credentials::{SharedToken, SourceError, TokenSource};
use gcr_google::endpoints::Endpoints;
use gcr_google::http_client::HttpClient;
use gcr_google::issued_token::IssuedToken;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use kube_clientcmd::Environment;
use zeroize::Zeroizing;

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

/// A response: status, headers, body.
#[derive(Clone, Debug)]
pub(crate) struct Reply(
    pub(crate) u16,
    pub(crate) Vec<(&'static str, String)>,
    pub(crate) String,
);

impl Reply {
    pub(crate) fn json(status: u16, body: impl ToString) -> Self {
        let headers = vec![("content-type", "application/json; charset=UTF-8".to_owned())];
        Self(status, headers, body.to_string())
    }
}

type Handler = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// The server.
pub(crate) struct Stub {
    pub(crate) port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Stub {
    /// Starts the server on a free port of the loopback address.
    pub(crate) async fn start(
        handler: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let received = Arc::new(Mutex::new(Vec::new()));
        let handler: Handler = Arc::new(handler);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, log) = (Arc::clone(&handler), Arc::clone(&log));
                let service = service_fn(move |request| {
                    respond(Arc::clone(&handler), Arc::clone(&log), request)
                });
                let server = hyper::server::conn::http1::Builder::new();
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { port, received }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Returns a client of all APIs at this server, with a token of its own.
    pub(crate) fn api_client(&self) -> ApiClient {
        let source = Box::new(FixedToken);
        let token = Arc::new(SharedToken::new(source, "test".to_owned()));
        ApiClient::new(client(&[]), self.endpoints(), token, None)
    }

    /// Returns the endpoints of all APIs at this server.
    pub(crate) fn endpoints(&self) -> Endpoints {
        let url = self.url("/");
        let names = [
            "SERVICEUSAGE",
            "IAM",
            "IAMCREDENTIALS",
            "ARTIFACTREGISTRY",
            "CLOUDRESOURCEMANAGER",
        ];
        let names = names.map(|name| format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}"));
        let variables: Vec<(&str, &str)> = names
            .iter()
            .map(|name| (name.as_str(), url.as_str()))
            .collect();
        Endpoints::of(&Environment::of(&variables)).unwrap()
    }
}

/// A source with one token.
struct FixedToken;

impl TokenSource for FixedToken {
    fn token<'a>(&'a self, _: &'a [&'a str]) -> BoxFuture<'a, Result<IssuedToken, SourceError>> {
        let token = AccessToken::parse(Zeroizing::new(b"ya29.token".to_vec())).unwrap();
        let issued = IssuedToken {
            token,
            expires_at: None,
            clock: ServerClock::default(),
        };
        Box::pin(std::future::ready(Ok(issued)))
    }
}

async fn respond(
    handler: Handler,
    received: Arc<Mutex<Vec<Received>>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let request = Received {
        target: parts.uri.path_and_query().unwrap().to_string(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    received.lock().unwrap().push(request.clone());
    let Reply(status, headers, body) = handler(&request);
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        response.headers_mut().append(name, value.parse().unwrap());
    }
    Ok(response)
}

/// Returns a client with an empty redactor.
pub(crate) fn client(variables: &[(&str, &str)]) -> HttpClient {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let redactor = Arc::new(Redactor::default());
    HttpClient::new(&Environment::of(variables), "test/1.0", redactor).unwrap()
}

/// Returns the value of a field of a form.
pub(crate) fn field(form: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(form.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

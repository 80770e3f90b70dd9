//! An OpenID Connect issuer over TLS. It serves its metadata and the token endpoint for refresh tokens; there is no login.

use std::io::BufReader;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

use rustls::{ServerConnection, StreamOwned};

use super::Log;
use super::certificates::{Certificate, Certificates};
use super::http::{Request, Response, credential};

/// The ID token that the issuer returns: `{"alg":"none"}.{"exp":4102444800}.`
pub(crate) const FRESH: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.fresh";

/// The placeholder for the next refresh token.
const NEXT: &str = "{NEXT}";

/// The behaviour of an issuer.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    pub(crate) certificate: Certificate,
    /// The response of the metadata endpoint.
    pub(crate) metadata: Response,
    /// The response to the refresh token `r1`. If it contains `{NEXT}`, each refresh token is valid once: `r1`, `r2`, …
    pub(crate) tokens: Response,
    /// Whether the client ID and secret must be form fields and not a header.
    pub(crate) requires_form_credentials: bool,
}

impl Default for Issuer {
    fn default() -> Self {
        Self {
            certificate: Certificate::Good,
            metadata: json(
                200,
                r#"{"issuer":"https://{HOST}","token_endpoint":"https://{HOST}/token"}"#,
            ),
            tokens: json(
                200,
                &format!(
                    r#"{{"access_token":"a","token_type":"Bearer","expires_in":3600,"refresh_token":"{{NEXT}}","id_token":"{FRESH}"}}"#
                ),
            ),
            requires_form_credentials: false,
        }
    }
}

/// Returns a JSON response.
pub(crate) fn json(status: u16, body: &str) -> Response {
    Response::new(status, "application/json", body)
}

pub(super) fn serve(stream: TcpStream, issuer: &Issuer, served: &AtomicU32, log: &Log) {
    let config = Certificates::get().tls(issuer.certificate);
    let Ok(session) = ServerConnection::new(config) else {
        return;
    };
    let mut stream = BufReader::new(StreamOwned::new(session, stream));
    while let Some(request) = Request::read(&mut stream) {
        let host = request.header("host").unwrap_or_default().to_owned();
        let next = format!("r{}", served.load(Ordering::Relaxed) + 2);
        let response = issuer.respond(&request, served, log);
        let written = response.write(stream.get_mut(), &|text| {
            text.replace("{HOST}", &host).replace(NEXT, &next)
        });
        if !matches!(written, Ok(true)) {
            return;
        }
    }
}

impl Issuer {
    fn respond(&self, request: &Request, served: &AtomicU32, log: &Log) -> Response {
        if request.header("user-agent").is_none_or(str::is_empty) {
            return Response::new(403, "text/plain", "no User-Agent");
        }
        if let Some(path) = request
            .target
            .strip_suffix("/.well-known/openid-configuration")
        {
            log.record(format!("metadata request{path}"));
            return self.metadata.clone();
        }
        if (request.method.as_str(), request.target.as_str()) != ("POST", "/token") {
            return Response::new(404, "text/plain", "nothing here");
        }
        let form: Vec<(String, String)> =
            form_urlencoded::parse(&request.body).into_owned().collect();
        let field = |name: &str| {
            let found = form.iter().find(|(field, _)| field == name);
            found.map_or("", |(_, value)| value)
        };
        let header = request.header("authorization").map(credential);
        let client = match &header {
            Some(header) => header.clone(),
            None => format!("form {}:{}", field("client_id"), field("client_secret")),
        };
        let token = field("refresh_token");
        log.record(format!(
            "token request: {} {token} as {client}",
            field("grant_type")
        ));
        if self.requires_form_credentials && header.is_some() {
            return json(401, r#"{"error":"invalid_client"}"#);
        }
        if token != format!("r{}", served.load(Ordering::Relaxed) + 1) {
            return json(
                400,
                r#"{"error":"invalid_grant","error_description":"spent"}"#,
            );
        }
        if self.tokens.body.contains(NEXT) {
            served.fetch_add(1, Ordering::Relaxed);
        }
        self.tokens.clone()
    }
}

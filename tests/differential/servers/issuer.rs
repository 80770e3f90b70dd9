//! An OpenID Connect issuer over TLS: says where its tokens are, and gives one for a refresh token. Nobody logs in here.

use std::io::BufReader;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

use rustls::{ServerConnection, StreamOwned};

use super::Log;
use super::certificates::{Certificate, Certificates};
use super::http::{Answer, Request, credential};

/// `{"alg":"none"}.{"exp":4102444800}.`, the token it gives.
pub(crate) const FRESH: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.fresh";

/// The refresh token after the one that was asked with.
const NEXT: &str = "{NEXT}";

/// How an issuer behaves.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    pub(crate) certificate: Certificate,
    /// What it says of itself.
    pub(crate) metadata: Answer,
    /// What it gives for the refresh token `r1`. With `{NEXT}` in it, `r1` is good once, and then `r2`, and so on.
    pub(crate) tokens: Answer,
    /// The client's name and secret must come with the form, and not in a header.
    pub(crate) wants_form: bool,
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
            wants_form: false,
        }
    }
}

/// An answer in JSON.
pub(crate) fn json(status: u16, body: &str) -> Answer {
    Answer::new(status, "application/json", body)
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
        let answer = issuer.answer(&request, served, log);
        let written = answer.write(stream.get_mut(), &|text| {
            text.replace("{HOST}", &host).replace(NEXT, &next)
        });
        if !matches!(written, Ok(true)) {
            return;
        }
    }
}

impl Issuer {
    fn answer(&self, request: &Request, served: &AtomicU32, log: &Log) -> Answer {
        if let Some(place) = request
            .target
            .strip_suffix("/.well-known/openid-configuration")
        {
            log.note(format!("is asked for its metadata{place}"));
            return self.metadata.clone();
        }
        if (request.method.as_str(), request.target.as_str()) != ("POST", "/token") {
            return Answer::new(404, "text/plain", "nothing here");
        }
        let form: Vec<(String, String)> =
            form_urlencoded::parse(&request.body).into_owned().collect();
        let field = |name: &str| {
            let found = form.iter().find(|(field, _)| field == name);
            found.map_or("", |(_, value)| value)
        };
        let header = request.header("authorization").map(credential);
        let whom = match &header {
            Some(header) => header.clone(),
            None => format!("form {}:{}", field("client_id"), field("client_secret")),
        };
        let token = field("refresh_token");
        log.note(format!(
            "is asked for {token}'s {} by {whom}",
            field("grant_type")
        ));
        if self.wants_form && header.is_some() {
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

//! The API server of a case. It detects whether a client starts a TLS handshake or sends plain HTTP. It knows only the
//! ServiceAccount and the Secret of the cases.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    DigitallySignedStruct, DistinguishedName, ServerConfig, ServerConnection, SignatureScheme,
    StreamOwned,
};

use super::Log;
use super::certificates::{Certificate, Certificates};
use super::http::{Request, Response};

/// The behaviour of a server. The default is a correct server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behaviour {
    pub(crate) certificate: Certificate,
    mode: ConnectionMode,
    response: Option<Response>,
}

impl Behaviour {
    /// Whether the server rejects the credential with a 401, after which the client may request a new one.
    pub(crate) fn rejects_credentials(&self) -> bool {
        self.response
            .as_ref()
            .is_some_and(|response| response.status == 401)
    }
}

/// How a server handles its connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ConnectionMode {
    /// Serves requests.
    #[default]
    Normal,
    /// Accepts connections and sends nothing.
    Silent,
    /// Closes accepted connections.
    ClosesConnection,
    /// Closes after the TLS handshake.
    ClosesAfterHandshake,
    /// Closes after reading the request.
    ClosesAfterRequest,
    /// Sends nothing after reading the request.
    SilentAfterRequest,
    /// Sends the greeting of an SSH server (RFC 4253 section 4.2).
    Ssh,
    /// Responds to a TLS handshake with plain HTTP.
    HttpResponseToTls,
    /// Treats every connection as plain HTTP.
    PlainHttpOnly,
    /// Requires a client certificate.
    RequiresCertificate,
}

impl From<Certificate> for Behaviour {
    fn from(certificate: Certificate) -> Self {
        Self {
            certificate,
            ..Self::default()
        }
    }
}

impl From<ConnectionMode> for Behaviour {
    fn from(mode: ConnectionMode) -> Self {
        Self {
            mode,
            ..Self::default()
        }
    }
}

impl From<Response> for Behaviour {
    fn from(response: Response) -> Self {
        Self {
            response: Some(response),
            ..Self::default()
        }
    }
}

/// The first byte of a TLS handshake record (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 0x16;

pub(super) fn serve(mut stream: TcpStream, behaviour: &Behaviour, served: &AtomicU32, log: &Log) {
    match behaviour.mode {
        ConnectionMode::ClosesConnection => return,
        ConnectionMode::Silent => return read_to_end(&mut stream),
        _ => {}
    }
    let mut first = [0];
    if !matches!(stream.peek(&mut first), Ok(1)) {
        return;
    }
    let greeting: &[u8] = match behaviour.mode {
        ConnectionMode::Ssh => b"SSH-2.0-OpenSSH_10.0\r\n",
        ConnectionMode::HttpResponseToTls => {
            b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n"
        }
        _ => b"",
    };
    if !greeting.is_empty() {
        let _ = stream.write_all(greeting);
        return read_to_end(&mut stream);
    }
    if first[0] != HANDSHAKE || behaviour.mode == ConnectionMode::PlainHttpOnly {
        let connection = Connection {
            behaviour,
            served,
            log,
            tls_info: TlsInfo::default(),
        };
        return connection.serve_requests(&mut BufReader::new(stream));
    }
    let Ok(mut session) = ServerConnection::new(Arc::new(config(behaviour))) else {
        return;
    };
    while session.is_handshaking() {
        if session.complete_io(&mut stream).is_err() {
            return;
        }
    }
    let tls_info = TlsInfo {
        tls: true,
        name: session.server_name().map(String::from),
        certificate: session
            .peer_certificates()
            .and_then(|chain| chain.first())
            .map(name_of),
    };
    if behaviour.mode == ConnectionMode::ClosesAfterHandshake {
        let _ = stream.shutdown(Shutdown::Both);
        return;
    }
    let connection = Connection {
        behaviour,
        served,
        log,
        tls_info,
    };
    connection.serve_requests(&mut BufReader::new(StreamOwned::new(session, stream)));
}

fn read_to_end(stream: &mut impl Read) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

/// What the client sent in the TLS handshake.
#[derive(Default)]
struct TlsInfo {
    tls: bool,
    name: Option<String>,
    certificate: Option<String>,
}

struct Connection<'a> {
    behaviour: &'a Behaviour,
    served: &'a AtomicU32,
    log: &'a Log,
    tls_info: TlsInfo,
}

impl Connection<'_> {
    fn serve_requests<S: Read + Write>(&self, stream: &mut BufReader<S>) {
        while let Some(request) = Request::read(stream) {
            let identity = request.identity(self.tls_info.certificate.as_deref());
            if let Some(location) = location(&request.target) {
                self.log
                    .record(self.describe(&request, &identity, &location));
            }
            self.log.record_identity(identity);
            match self.behaviour.mode {
                ConnectionMode::ClosesAfterRequest => return,
                ConnectionMode::SilentAfterRequest => return read_to_end(stream),
                _ => {}
            }
            let host = request.header("host").unwrap_or_default().to_owned();
            let written = self
                .respond(&request)
                .write(stream.get_mut(), &|text| text.replace("{HOST}", &host));
            if !matches!(written, Ok(true)) {
                return;
            }
        }
    }

    fn describe(&self, request: &Request, identity: &str, location: &str) -> String {
        let mut line = format!("as {identity}");
        let host = request.header("host").unwrap_or_default();
        if !host.starts_with("127.0.0.1:") {
            line += &format!(", host {host}");
        }
        if let Some(name) = &self.tls_info.name {
            line += &format!(", name {name}");
        }
        if !self.tls_info.tls {
            line += ", plain";
        }
        line + location
    }

    fn respond(&self, request: &Request) -> Response {
        let (status, body) = object(request);
        match &self.behaviour.response {
            Some(response)
                if response.applies_to(&request.method)
                    && !(response.once && self.served.fetch_add(1, Ordering::Relaxed) > 0) =>
            {
                if response.adds_headers {
                    response.with_object(status, &body)
                } else {
                    response.clone()
                }
            }
            _ => Response::new(status, "application/json", &body),
        }
    }
}

/// Describes how a request's path differs from the namespace `default` at the root. Returns `None` for the access reviews
/// with which the plugin explains a rejected request.
fn location(target: &str) -> Option<String> {
    let path = target.split('?').next().unwrap_or_default();
    if path.ends_with("/selfsubjectaccessreviews") {
        return None;
    }
    let Some((root, rest)) = path.split_once("/api/v1/namespaces/") else {
        return Some(format!(", path {path}"));
    };
    let (namespace, _) = rest.split_once('/')?;
    let mut location = String::new();
    if !root.is_empty() {
        location += &format!(", below {root}");
    }
    if namespace != "default" {
        location += &format!(", in {namespace}");
    }
    Some(location)
}

/// Returns the status code and body for a request: the ServiceAccount, the Secret, or a 404.
fn object(request: &Request) -> (u16, String) {
    let path = request.target.split('?').next().unwrap_or_default();
    let meta = |name| {
        format!(
            r#""metadata":{{"name":"{name}","namespace":"default","uid":"0f0e0d0c-0b0a-0908-0706-050403020100","resourceVersion":"7"}}"#
        )
    };
    let account = |list| {
        format!(
            r#"{{"kind":"ServiceAccount","apiVersion":"v1",{}{list}}}"#,
            meta("default")
        )
    };
    let not_found = |kind| {
        format!(
            r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"{kind} not found","reason":"NotFound","code":404}}"#
        )
    };
    match (request.method.as_str(), path) {
        ("GET", path) if path.ends_with("/serviceaccounts/default") => (200, account("")),
        ("PATCH", path) if path.ends_with("/serviceaccounts/default") => {
            (200, account(r#","imagePullSecrets":[{"name":"gcr-io"}]"#))
        }
        ("GET", path) if path.ends_with("/secrets/gcr-io") => {
            let kind = r#""kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1""#;
            (200, format!("{{{kind},{}}}", meta("gcr-io")))
        }
        ("POST" | "PATCH", path) if path.contains("/secrets") => (
            201,
            stored(&request.body).unwrap_or_else(|| {
                let meta = meta("gcr-io");
                format!(r#"{{"kind":"Secret","apiVersion":"v1",{meta}}}"#)
            }),
        ),
        _ => (404, not_found("it was")),
    }
}

/// Returns the object in the body of a request as the server stores it, if the body is JSON.
fn stored(body: &[u8]) -> Option<String> {
    let mut object: serde_json::Value = serde_json::from_slice(body).ok()?;
    let metadata = object.get_mut("metadata")?.as_object_mut()?;
    metadata.insert("namespace".to_owned(), "default".into());
    metadata.insert("resourceVersion".to_owned(), "7".into());
    Some(object.to_string())
}

fn config(behaviour: &Behaviour) -> ServerConfig {
    let pair = Certificates::get().server(behaviour.certificate);
    let verifier = AnyClientCertificate {
        required: behaviour.mode == ConnectionMode::RequiresCertificate,
    };
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions")
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(pair.resolver())
}

/// Returns the name of the user to whom a client certificate belongs.
fn name_of(certificate: &CertificateDer<'_>) -> String {
    let known = Certificates::get();
    let named = [("human", &known.human), ("robot", &known.robot)];
    let found = named
        .iter()
        .find(|(_, pair)| pair.certificate == *certificate);
    found.map_or("of another user", |(name, _)| name).to_owned()
}

/// Accepts every client certificate, including those that webpki cannot verify, because the tests only record its name.
#[derive(Debug)]
struct AnyClientCertificate {
    required: bool,
}

impl ClientCertVerifier for AnyClientCertificate {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

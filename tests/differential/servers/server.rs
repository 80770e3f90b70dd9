//! The server of a case: speaks TLS to who speaks TLS, and plain HTTP to others, unless told otherwise. Knows the
//! ServiceAccount and the Secret of the cases, and nothing else.

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
use super::http::{Answer, Request};

/// How a server behaves. The default does what it should.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behaviour {
    pub(crate) certificate: Certificate,
    manners: Manners,
    answer: Option<Answer>,
}

impl Behaviour {
    /// Whether it refuses a credential, after which another one is asked for.
    pub(crate) fn refuses_credentials(&self) -> bool {
        self.answer
            .as_ref()
            .is_some_and(|answer| answer.status == 401)
    }
}

/// What a server does with a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Manners {
    /// Speaks.
    #[default]
    Good,
    /// Accepts, and says nothing.
    Silent,
    /// Closes what it accepted.
    HangsUp,
    /// Closes after the handshake.
    HangsUpAfterHandshake,
    /// Closes after the request.
    HangsUpAfterRequest,
    /// Says nothing to a request.
    SilentAfterRequest,
    /// Speaks another protocol: SSH (RFC 4253 section 4.2).
    Ssh,
    /// Answers plain HTTP to a TLS handshake.
    HttpToTls,
    /// Answers plain HTTP to whatever comes.
    PlainOnly,
    /// Wants a client certificate.
    WantsCertificate,
}

impl From<Certificate> for Behaviour {
    fn from(certificate: Certificate) -> Self {
        Self {
            certificate,
            ..Self::default()
        }
    }
}

impl From<Manners> for Behaviour {
    fn from(manners: Manners) -> Self {
        Self {
            manners,
            ..Self::default()
        }
    }
}

impl From<Answer> for Behaviour {
    fn from(answer: Answer) -> Self {
        Self {
            answer: Some(answer),
            ..Self::default()
        }
    }
}

/// The first byte of a TLS handshake record (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 0x16;

pub(super) fn serve(mut stream: TcpStream, behaviour: &Behaviour, served: &AtomicU32, log: &Log) {
    match behaviour.manners {
        Manners::HangsUp => return,
        Manners::Silent => return until_the_end(&mut stream),
        _ => {}
    }
    let mut first = [0];
    if !matches!(stream.peek(&mut first), Ok(1)) {
        return;
    }
    let instead: &[u8] = match behaviour.manners {
        Manners::Ssh => b"SSH-2.0-OpenSSH_10.0\r\n",
        Manners::HttpToTls => {
            b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n"
        }
        _ => b"",
    };
    if !instead.is_empty() {
        let _ = stream.write_all(instead);
        return until_the_end(&mut stream);
    }
    if first[0] != HANDSHAKE || behaviour.manners == Manners::PlainOnly {
        let visit = Visit {
            behaviour,
            served,
            log,
            shown: Shown::default(),
        };
        return visit.converse(&mut BufReader::new(stream));
    }
    let Ok(mut session) = ServerConnection::new(Arc::new(config(behaviour))) else {
        return;
    };
    while session.is_handshaking() {
        if session.complete_io(&mut stream).is_err() {
            return;
        }
    }
    let shown = Shown {
        tls: true,
        name: session.server_name().map(String::from),
        certificate: session
            .peer_certificates()
            .and_then(|chain| chain.first())
            .map(name_of),
    };
    if behaviour.manners == Manners::HangsUpAfterHandshake {
        let _ = stream.shutdown(Shutdown::Both);
        return;
    }
    let visit = Visit {
        behaviour,
        served,
        log,
        shown,
    };
    visit.converse(&mut BufReader::new(StreamOwned::new(session, stream)));
}

fn until_the_end(stream: &mut impl Read) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

#[derive(Default)]
struct Shown {
    tls: bool,
    name: Option<String>,
    certificate: Option<String>,
}

struct Visit<'a> {
    behaviour: &'a Behaviour,
    served: &'a AtomicU32,
    log: &'a Log,
    shown: Shown,
}

impl Visit<'_> {
    fn converse<S: Read + Write>(&self, stream: &mut BufReader<S>) {
        while let Some(request) = Request::read(stream) {
            let identity = request.identity(self.shown.certificate.as_deref());
            if let Some(place) = place(&request.target) {
                self.log.note(self.line(&request, &identity, &place));
            }
            self.log.identity(identity);
            match self.behaviour.manners {
                Manners::HangsUpAfterRequest => return,
                Manners::SilentAfterRequest => return until_the_end(stream),
                _ => {}
            }
            let host = request.header("host").unwrap_or_default().to_owned();
            let written = self
                .answer(&request)
                .write(stream.get_mut(), &|text| text.replace("{HOST}", &host));
            if !matches!(written, Ok(true)) {
                return;
            }
        }
    }

    fn line(&self, request: &Request, identity: &str, place: &str) -> String {
        let mut line = format!("as {identity}");
        let host = request.header("host").unwrap_or_default();
        if !host.starts_with("127.0.0.1:") {
            line += &format!(", host {host}");
        }
        if let Some(name) = &self.shown.name {
            line += &format!(", name {name}");
        }
        if !self.shown.tls {
            line += ", plain";
        }
        line + place
    }

    fn answer(&self, request: &Request) -> Answer {
        let (status, body) = object(&request.method, &request.target);
        match &self.behaviour.answer {
            Some(answer)
                if answer.is_for(&request.method)
                    && !(answer.once && self.served.fetch_add(1, Ordering::Relaxed) > 0) =>
            {
                if answer.in_addition {
                    answer.around(status, &body)
                } else {
                    answer.clone()
                }
            }
            _ => Answer::new(status, "application/json", &body),
        }
    }
}

/// What a request's target says beyond the usual namespace `default` at the root; `None` for the two questions that
/// ours asks to explain a refusal.
fn place(target: &str) -> Option<String> {
    let path = target.split('?').next().unwrap_or_default();
    if path.ends_with("/selfsubjectaccessreviews") {
        return None;
    }
    let Some((root, rest)) = path.split_once("/api/v1/namespaces/") else {
        return Some(format!(", path {path}"));
    };
    let (namespace, _) = rest.split_once('/')?;
    let mut place = String::new();
    if !root.is_empty() {
        place += &format!(", below {root}");
    }
    if namespace != "default" {
        place += &format!(", in {namespace}");
    }
    Some(place)
}

/// The two objects, as far as anybody asks for them.
fn object(method: &str, target: &str) -> (u16, String) {
    let path = target.split('?').next().unwrap_or_default();
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
    let absent = |kind| {
        format!(
            r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"{kind} not found","reason":"NotFound","code":404}}"#
        )
    };
    match (method, path) {
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
            format!(
                r#"{{"kind":"Secret","apiVersion":"v1",{}}}"#,
                meta("gcr-io")
            ),
        ),
        _ => (404, absent("it was")),
    }
}

fn config(behaviour: &Behaviour) -> ServerConfig {
    let pair = Certificates::get().server(behaviour.certificate);
    let anybody = Anybody {
        wanted: behaviour.manners == Manners::WantsCertificate,
    };
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_client_cert_verifier(Arc::new(anybody))
        .with_single_cert(vec![pair.certificate.clone()], pair.key())
        .expect("the key fits")
}

/// The common name in a client's certificate.
fn name_of(certificate: &CertificateDer<'_>) -> String {
    let known = Certificates::get();
    let named = [("human", &known.human), ("robot", &known.robot)];
    let found = named
        .iter()
        .find(|(_, pair)| pair.certificate == *certificate);
    found
        .map_or("of somebody else", |(name, _)| name)
        .to_owned()
}

/// Takes every client certificate, also those that no verifier takes: who came is what is looked for.
#[derive(Debug)]
struct Anybody {
    wanted: bool,
}

impl ClientCertVerifier for Anybody {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        self.wanted
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

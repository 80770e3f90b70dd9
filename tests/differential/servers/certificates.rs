//! Certificates of one process: a CA, what it signed, and what nobody should trust.

use std::sync::{Arc, OnceLock};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What a server shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// Signed by the CA for every name and address the cases use.
    #[default]
    Good,
    /// Signed by the CA for another name: `elsewhere.example`.
    WrongName,
    /// Signed by another CA.
    UnknownAuthority,
    /// Was good in 2020.
    Expired,
    /// Signed by a CA that was good in 2020; good itself.
    OfExpiredAuthority,
    /// Signed by itself, and no CA.
    SelfSigned,
    /// Signed by itself, and a CA: what `openssl req -x509` makes.
    Authority,
    /// Good, but its name is only in the subject.
    NoAlternativeName,
}

/// A certificate with its key.
pub(crate) struct Pair {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) certificate_pem: String,
    key: Vec<u8>,
    pub(crate) key_pem: String,
}

impl Pair {
    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

/// All of them.
pub(crate) struct Certificates {
    pub(crate) authority_pem: String,
    pub(crate) other_authority_pem: String,
    pub(crate) old_authority_pem: String,
    pub(crate) human: Pair,
    pub(crate) robot: Pair,
    servers: [(Certificate, Pair); 8],
}

const NAMES: [&str; 6] = [
    "127.0.0.1",
    "0.0.0.0",
    "localhost",
    "cluster.example",
    "tls.example",
    "proxy.example",
];

impl Certificates {
    /// Those of this process.
    pub(crate) fn get() -> &'static Self {
        static MADE: OnceLock<Certificates> = OnceLock::new();
        MADE.get_or_init(Self::make)
    }

    fn make() -> Self {
        let (authority, authority_pem) = an_authority("test authority");
        let (other, other_authority_pem) = an_authority("other authority");
        let (old, old_authority_pem) = old_authority();
        let server = |names: &[&str], issuer: Option<&Issuer<'static, KeyPair>>| {
            let params =
                CertificateParams::new(names.iter().map(|n| n.to_string()).collect::<Vec<_>>());
            pair(
                params.expect("names"),
                "server",
                ExtendedKeyUsagePurpose::ServerAuth,
                issuer,
            )
        };
        let mut past = CertificateParams::new(NAMES.map(String::from)).expect("names");
        in_2020(&mut past);
        let past = pair(
            past,
            "server",
            ExtendedKeyUsagePurpose::ServerAuth,
            Some(&authority),
        );
        let person = |name| {
            let params = CertificateParams::default();
            pair(
                params,
                name,
                ExtendedKeyUsagePurpose::ClientAuth,
                Some(&authority),
            )
        };
        Self {
            human: person("human"),
            robot: person("robot"),
            servers: [
                (Certificate::Good, server(&NAMES, Some(&authority))),
                (
                    Certificate::WrongName,
                    server(&["elsewhere.example"], Some(&authority)),
                ),
                (Certificate::UnknownAuthority, server(&NAMES, Some(&other))),
                (Certificate::Expired, past),
                (Certificate::OfExpiredAuthority, server(&NAMES, Some(&old))),
                (Certificate::SelfSigned, server(&NAMES, None)),
                (Certificate::Authority, own_authority()),
                (
                    Certificate::NoAlternativeName,
                    server(&[], Some(&authority)),
                ),
            ],
            authority_pem,
            other_authority_pem,
            old_authority_pem,
        }
    }

    /// TLS for a server that asks nobody who he is.
    pub(super) fn tls(&self, which: Certificate) -> Arc<ServerConfig> {
        let pair = self.server(which);
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_no_client_auth()
            .with_single_cert(vec![pair.certificate.clone()], pair.key())
            .expect("the key fits");
        Arc::new(config)
    }

    /// What a server shows.
    pub(crate) fn server(&self, which: Certificate) -> &Pair {
        let found = self
            .servers
            .iter()
            .find(|(certificate, _)| *certificate == which);
        &found.expect("every one is made").1
    }
}

fn an_authority(name: &str) -> (Issuer<'static, KeyPair>, String) {
    authority_with(CertificateParams::default(), name)
}

fn old_authority() -> (Issuer<'static, KeyPair>, String) {
    let mut params = CertificateParams::default();
    in_2020(&mut params);
    authority_with(params, "old authority")
}

fn in_2020(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2020, 12, 31);
}

fn authority_with(mut params: CertificateParams, name: &str) -> (Issuer<'static, KeyPair>, String) {
    params.distinguished_name = called(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let key = KeyPair::generate().expect("a key");
    let pem = params.self_signed(&key).expect("a certificate").pem();
    (Issuer::new(params, key), pem)
}

fn pair(
    mut params: CertificateParams,
    name: &str,
    purpose: ExtendedKeyUsagePurpose,
    issuer: Option<&Issuer<'static, KeyPair>>,
) -> Pair {
    params.extended_key_usages = vec![purpose];
    params.is_ca = IsCa::ExplicitNoCa;
    named_pair(params, name, issuer)
}

/// A certificate that signed itself and may sign others.
fn own_authority() -> Pair {
    let mut params = CertificateParams::new(NAMES.map(String::from)).expect("names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    named_pair(params, "server", None)
}

fn named_pair(
    mut params: CertificateParams,
    name: &str,
    issuer: Option<&Issuer<'static, KeyPair>>,
) -> Pair {
    params.distinguished_name = called(name);
    let key = KeyPair::generate().expect("a key");
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer),
        None => params.self_signed(&key),
    }
    .expect("a certificate");
    Pair {
        certificate_pem: certificate.pem(),
        certificate: certificate.der().clone(),
        key: key.serialize_der(),
        key_pem: key.serialize_pem(),
    }
}

fn called(name: &str) -> DistinguishedName {
    let mut full = DistinguishedName::new();
    full.push(DnType::CommonName, name);
    full
}

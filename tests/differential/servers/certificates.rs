//! The certificates of a test process: an authority, the certificates that it signed, and untrusted certificates.

use std::sync::{Arc, OnceLock};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

/// The certificate of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// Signed by the CA for all names and addresses that the cases use.
    #[default]
    Good,
    /// Signed by the CA for another name: `elsewhere.example`.
    WrongName,
    /// Signed by another CA.
    UnknownAuthority,
    /// Expired at the end of 2020.
    Expired,
    /// Valid, but signed by a CA that expired at the end of 2020.
    OfExpiredAuthority,
    /// Self-signed and not marked as a CA.
    SelfSigned,
    /// Self-signed and marked as a CA, as `openssl req -x509` creates it.
    Authority,
    /// Valid, but without a subject alternative name.
    NoAlternativeName,
    /// Its only extended key usage is `anyExtendedKeyUsage`.
    AnyPurpose,
    /// Has critical certificate policies.
    CriticalPolicies,
    /// Signed by an intermediate CA with critical certificate policies.
    CriticalPoliciesInIntermediate,
}

/// A certificate and its key.
pub(crate) struct Pair {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) certificate_pem: String,
    /// The certificate of the intermediate CA that signed it.
    intermediate: Option<CertificateDer<'static>>,
    key: Vec<u8>,
    pub(crate) key_pem: String,
}

impl Pair {
    /// Returns what a server sends. Like a server in Go, accepts certificates that rustls cannot parse.
    pub(super) fn resolver(&self) -> Arc<SingleCertAndKey> {
        let signer = ring::sign::any_supported_type(&self.key()).expect("a supported key");
        Arc::new(CertifiedKey::new(self.chain(), signer).into())
    }

    /// Returns the certificates that a server sends.
    fn chain(&self) -> Vec<CertificateDer<'static>> {
        let own = std::iter::once(self.certificate.clone());
        own.chain(self.intermediate.clone()).collect()
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

/// The certificates of all servers, authorities and users.
pub(crate) struct Certificates {
    pub(crate) authority_pem: String,
    pub(crate) other_authority_pem: String,
    pub(crate) old_authority_pem: String,
    pub(crate) human: Pair,
    pub(crate) robot: Pair,
    servers: [(Certificate, Pair); 11],
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
    /// Returns the certificates of this process.
    pub(crate) fn get() -> &'static Self {
        static CERTIFICATES: OnceLock<Certificates> = OnceLock::new();
        CERTIFICATES.get_or_init(Self::generate)
    }

    fn generate() -> Self {
        let (authority, authority_pem) = new_authority("test authority");
        let (other, other_authority_pem) = new_authority("other authority");
        let (old, old_authority_pem) = old_authority();
        let server = |names: &[&str], issuer: Option<&Issuer<'static, KeyPair>>| {
            let params =
                CertificateParams::new(names.iter().map(|n| n.to_string()).collect::<Vec<_>>());
            pair(
                params.expect("valid names"),
                "server",
                ExtendedKeyUsagePurpose::ServerAuth,
                issuer,
            )
        };
        let mut expired = CertificateParams::new(NAMES.map(String::from)).expect("valid names");
        valid_in_2020(&mut expired);
        let expired = pair(
            expired,
            "server",
            ExtendedKeyUsagePurpose::ServerAuth,
            Some(&authority),
        );
        let params = || CertificateParams::new(NAMES.map(String::from)).expect("valid names");
        let any_purpose = pair(
            params(),
            "server",
            ExtendedKeyUsagePurpose::Any,
            Some(&authority),
        );
        let mut critical = params();
        critical.custom_extensions.push(critical_policies());
        let critical = named_pair(critical, "server", Some(&authority));
        let (intermediate, certificate) = intermediate(&authority);
        let behind_critical = Pair {
            intermediate: Some(certificate),
            ..named_pair(params(), "server", Some(&intermediate))
        };
        let user = |name| {
            let params = CertificateParams::default();
            pair(
                params,
                name,
                ExtendedKeyUsagePurpose::ClientAuth,
                Some(&authority),
            )
        };
        Self {
            human: user("human"),
            robot: user("robot"),
            servers: [
                (Certificate::Good, server(&NAMES, Some(&authority))),
                (
                    Certificate::WrongName,
                    server(&["elsewhere.example"], Some(&authority)),
                ),
                (Certificate::UnknownAuthority, server(&NAMES, Some(&other))),
                (Certificate::Expired, expired),
                (Certificate::OfExpiredAuthority, server(&NAMES, Some(&old))),
                (Certificate::SelfSigned, server(&NAMES, None)),
                (Certificate::Authority, self_signed_authority()),
                (
                    Certificate::NoAlternativeName,
                    server(&[], Some(&authority)),
                ),
                (Certificate::AnyPurpose, any_purpose),
                (Certificate::CriticalPolicies, critical),
                (Certificate::CriticalPoliciesInIntermediate, behind_critical),
            ],
            authority_pem,
            other_authority_pem,
            old_authority_pem,
        }
    }

    /// Returns the TLS configuration of a server that does not request client certificates.
    pub(super) fn tls(&self, which: Certificate) -> Arc<ServerConfig> {
        let pair = self.server(which);
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring supports the default versions")
            .with_no_client_auth()
            .with_single_cert(pair.chain(), pair.key())
            .expect("the key matches the certificate");
        Arc::new(config)
    }

    /// Returns the certificate and key of a server.
    pub(crate) fn server(&self, which: Certificate) -> &Pair {
        let found = self
            .servers
            .iter()
            .find(|(certificate, _)| *certificate == which);
        &found.expect("a certificate of each kind exists").1
    }
}

fn new_authority(name: &str) -> (Issuer<'static, KeyPair>, String) {
    authority_with(CertificateParams::default(), name)
}

fn old_authority() -> (Issuer<'static, KeyPair>, String) {
    let mut params = CertificateParams::default();
    valid_in_2020(&mut params);
    authority_with(params, "old authority")
}

/// Returns an intermediate CA with critical certificate policies, and its certificate.
fn intermediate(
    authority: &Issuer<'static, KeyPair>,
) -> (Issuer<'static, KeyPair>, CertificateDer<'static>) {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name("intermediate authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.custom_extensions.push(critical_policies());
    let key = KeyPair::generate().expect("generate a key");
    let certificate = params
        .signed_by(&key, authority)
        .expect("sign the certificate");
    let certificate = certificate.der().clone();
    (Issuer::new(params, key), certificate)
}

/// Returns the extension `certificatePolicies` with `anyPolicy`, critical (RFC 5280 section 4.2.1.4).
fn critical_policies() -> CustomExtension {
    let policies = [0x30, 0x08, 0x30, 0x06, 0x06, 0x04, 0x55, 0x1d, 0x20, 0x00];
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 32], policies.to_vec());
    extension.set_criticality(true);
    extension
}

fn valid_in_2020(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2020, 12, 31);
}

fn authority_with(mut params: CertificateParams, name: &str) -> (Issuer<'static, KeyPair>, String) {
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let key = KeyPair::generate().expect("generate a key");
    let pem = params
        .self_signed(&key)
        .expect("sign the certificate")
        .pem();
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

/// Returns a self-signed certificate that is marked as a CA.
fn self_signed_authority() -> Pair {
    let mut params = CertificateParams::new(NAMES.map(String::from)).expect("valid names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    named_pair(params, "server", None)
}

fn named_pair(
    mut params: CertificateParams,
    name: &str,
    issuer: Option<&Issuer<'static, KeyPair>>,
) -> Pair {
    params.distinguished_name = common_name(name);
    let key = KeyPair::generate().expect("generate a key");
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer),
        None => params.self_signed(&key),
    }
    .expect("sign the certificate");
    Pair {
        certificate_pem: certificate.pem(),
        certificate: certificate.der().clone(),
        intermediate: None,
        key: key.serialize_der(),
        key_pem: key.serialize_pem(),
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut full = DistinguishedName::new();
    full.push(DnType::CommonName, name);
    full
}

//! Verification of the server's certificate.

use crate::case::{Case, Command, case};
use crate::servers::{Certificate, ConnectionMode};

use super::reasons;

const UNKNOWN: &str = "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by \
                       unknown authority";

const CRITICAL_EXTENSION: &str = "Unable to connect to the server: tls: failed to verify certificate: x509: a server or intermediate \
                                  certificate has a critical extension that is not supported, for example certificate policies; issue it \
                                  with policies that are not critical, or pass --insecure-skip-tls-verify";

pub(crate) fn cases() -> Vec<Case> {
    let cluster = |name, settings: &str| case(name).cluster_and_user(settings, "token: good");
    vec![
        cluster("a CA in a file", "server: '{SERVER}', certificate-authority: ca.crt")
            .file("ca.crt", "{CA_PEM}")
            .reaches("token good"),
        cluster("a CA as data and as a file", "server: '{SERVER}', certificate-authority-data: {CA}, certificate-authority: ca.crt")
            .file("ca.crt", "{CA_PEM}")
            .reports("error: certificate-authority-data and certificate-authority are both specified for k. certificate-authority-data will override."),
        cluster("several CAs", "server: '{SERVER}', certificate-authority: ca.crt")
            .file("ca.crt", "a comment\n{OTHER_CA_PEM}\nanother\n{CA_PEM}")
            .reaches("token good"),
        cluster("a CA in a missing file", "server: '{SERVER}', certificate-authority: nowhere.crt")
            .reports("error: unable to read certificate-authority {WORK}/nowhere.crt for k due to open {WORK}/nowhere.crt: no such file or directory"),
        cluster("a CA that is not PEM", "server: '{SERVER}', certificate-authority-data: aGVsbG8=")
            .reports("error: unable to load root certificates: unable to parse bytes as PEM block"),
        cluster("a CA whose PEM contains an invalid certificate", "server: '{SERVER}', certificate-authority: ca.crt")
            .file("ca.crt", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n")
            .reports("error: unable to load root certificates: failed to parse certificate: x509: malformed certificate"),
        cluster("a CA with an invalid certificate before it", "server: '{SERVER}', certificate-authority: ca.crt")
            .file("ca.crt", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n{CA_PEM}")
            .reaches("token good"),
        cluster("another CA with an invalid certificate after it", "server: '{SERVER}', certificate-authority: ca.crt")
            .file("ca.crt", "{OTHER_CA_PEM}-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n")
            .reports(UNKNOWN),
        cluster("a CA with its key", "server: '{SERVER}', certificate-authority: ca.crt")
            .file("ca.crt", "{KEY_PEM}\r\n{CA_PEM}\r\n")
            .reaches("token good"),
        cluster("a CA that is a directory", "server: '{SERVER}', certificate-authority: '{WORK}'")
            .reports("error: read {WORK}: is a directory"),
        cluster("an empty CA", "server: '{SERVER}', certificate-authority: ca.crt")
            .file("ca.crt", "")
            .reports("Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority"),
        cluster("another CA", "server: '{SERVER}', certificate-authority-data: {OTHER_CA}")
            .reports("Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority"),
        cluster("no CA", "server: '{SERVER}'").reports(UNKNOWN),
        cluster("a system CA", "server: '{SERVER}'")
            .file("roots.crt", "{CA_PEM}")
            .env("SSL_CERT_FILE", "{WORK}/roots.crt")
            .reaches("token good"),
        case("--certificate-authority")
            .cluster_and_user("server: '{SERVER}', certificate-authority-data: {OTHER_CA}", "token: good")
            .file("ca.crt", "{CA_PEM}")
            .flags(["--certificate-authority=ca.crt"])
            .reaches("token good"),
        case("--certificate-authority with a missing file")
            .usual()
            .flags(["--certificate-authority=nowhere.crt"])
            .reports("error: unable to read certificate-authority nowhere.crt for k due to open nowhere.crt: no such file or directory"),
        cluster("insecure", "server: '{SERVER}', insecure-skip-tls-verify: true")
            .reaches("token good"),
        cluster("insecure without system authorities", "server: '{SERVER}', insecure-skip-tls-verify: true")
            .env("SSL_CERT_FILE", "/dev/null")
            .env("SSL_CERT_DIR", "/nowhere")
            .reaches("token good"),
        cluster("insecure with a CA", "server: '{SERVER}', insecure-skip-tls-verify: true, certificate-authority-data: {CA}")
            .reports("error: specifying a root certificates file with the insecure flag is not allowed"),
        cluster("--insecure-skip-tls-verify", "server: '{SERVER}'")
            .flags(["--insecure-skip-tls-verify"])
            .reaches("token good"),
        case("--insecure-skip-tls-verify with the kubeconfig's CA")
            .usual()
            .flags(["--insecure-skip-tls-verify"])
            .reaches("token good"),
        cluster("--insecure-skip-tls-verify=false", "server: '{SERVER}', insecure-skip-tls-verify: true")
            .flags(["--insecure-skip-tls-verify=false"]).reaches("token good"),
        case("--insecure-skip-tls-verify and --certificate-authority")
            .usual()
            .file("ca.crt", "{CA_PEM}")
            .flags(["--insecure-skip-tls-verify", "--certificate-authority=ca.crt"])
            .reports("error: specifying a root certificates file with the insecure flag is not allowed"),
        cluster("tls-server-name", "server: '{SERVER}', certificate-authority-data: {CA}, tls-server-name: tls.example")
            .reaches_exactly(["server as token good, name tls.example"]),
        case("--tls-server-name")
            .usual()
            .flags(["--tls-server-name=tls.example"])
            .reaches_exactly(["server as token good, name tls.example"]),
        case("--tls-server-name that is not in the certificate")
            .usual()
            .flags(["--tls-server-name=nobody.example"])
            .reports("Unable to connect to the server: tls: failed to verify certificate: x509: certificate is valid for localhost, cluster.example, tls.example, proxy.example, not nobody.example"),
        case("--tls-server-name of a certificate for another name")
            .usual()
            .server(Certificate::WrongName)
            .flags(["--tls-server-name=elsewhere.example"])
            .reaches_exactly(["server as token good, name elsewhere.example"]),
        case("a certificate for another name")
            .usual()
            .server(Certificate::WrongName)
            .reports("Unable to connect to the server: tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"),
        case("a certificate for another name, insecurely")
            .cluster_and_user("server: '{SERVER}', insecure-skip-tls-verify: true", "token: good")
            .server(Certificate::WrongName)
            .reaches("token good"),
        case("a certificate of an unknown CA")
            .usual()
            .server(Certificate::UnknownAuthority)
            .reports("Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority"),
        case("an expired certificate")
            .usual()
            .server(Certificate::Expired)
            .reports("Unable to connect to the server: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time is after 2020-12-31T00:00:00Z"),
        case("a certificate with its name only in the subject")
            .usual()
            .server(Certificate::NoAlternativeName)
            .reports("Unable to connect to the server: tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"),
        cluster("a self-signed certificate as CA", "server: '{SERVER}', certificate-authority-data: {LEAF}")
            .server(Certificate::SelfSigned)
            .reaches("token good"),
        cluster("a self-signed certificate marked as CA, as CA", "server: '{SERVER}', certificate-authority-data: {CA_LEAF}")
            .server(Certificate::Authority)
            .reaches("token good")
            .but_plugin(reasons::LEAF_AS_CA)
            .reports("Unable to connect to the server: tls: failed to verify certificate: x509: the server uses a CA certificate (CA:TRUE) as its server certificate, which is not supported; issue a server certificate signed by that CA"),
        cluster("the server's own certificate as CA", "server: '{SERVER}', certificate-authority-data: {GOOD_LEAF}")
            .reaches("token good")
            .but_plugin(reasons::LEAF_AS_CA)
            .reports("Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority (the certificate-authority is a server certificate, not a CA certificate, which is not supported; use the certificate of the CA that signed it, or pass --insecure-skip-tls-verify)"),
        case("a certificate for any purpose")
            .usual()
            .server(Certificate::AnyPurpose)
            .reaches("token good")
            .but_plugin(reasons::ANY_PURPOSE)
            .reports("Unable to connect to the server: tls: failed to verify certificate: x509: a server or intermediate certificate has only the extended key usage anyExtendedKeyUsage, which is not supported; issue it with serverAuth, or pass --insecure-skip-tls-verify"),
        case("a certificate with critical policies")
            .usual()
            .server(Certificate::CriticalPolicies)
            .reaches("token good")
            .but_plugin(reasons::CRITICAL_EXTENSION)
            .reports(CRITICAL_EXTENSION),
        case("an intermediate certificate with critical policies")
            .usual()
            .server(Certificate::CriticalPoliciesInIntermediate)
            .reaches("token good")
            .but_plugin(reasons::CRITICAL_EXTENSION)
            .reports(CRITICAL_EXTENSION),
        case("a server that requires a client certificate")
            .usual()
            .server(ConnectionMode::RequiresCertificate)
            .reports("Unable to connect to the server: remote error: tls: certificate required"),
        case("a server that requires a client certificate and receives it")
            .user("client-certificate-data: {CERT}, client-key-data: {KEY}")
            .server(ConnectionMode::RequiresCertificate)
            .reaches("certificate human"),
        case("an HTTP server behind an https URL")
            .usual()
            .server(ConnectionMode::HttpResponseToTls)
            .reports("Unable to connect to the server: http: server gave HTTP response to HTTPS client"),
        case("an SSH server behind an https URL")
            .usual()
            .server(ConnectionMode::Ssh)
            .reports("Unable to connect to the server: tls: first record does not look like a TLS handshake"),
        cluster("an SSH server behind an http URL", "server: 'http://{HOST}'")
            .server(ConnectionMode::Ssh)
            .reports("Unable to connect to the server: net/http: HTTP/1.x transport connection broken: malformed HTTP response \"SSH-2.0-OpenSSH_10.0\"")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: net/http: HTTP/1.x transport connection broken: malformed HTTP response"),
        cluster("an IPv4 address written as an IPv6 one", "server: 'https://[::ffff:127.0.0.1]:{PORT}', certificate-authority-data: {CA}")
            .reaches_exactly(["server as token good, host [::ffff:127.0.0.1]:{PORT}"]),
        cluster("an expired CA", "server: '{SERVER}', certificate-authority-data: {OLD_CA}")
            .server(Certificate::OfExpiredAuthority)
            .reports("Unable to connect to the server: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time is after 2020-12-31T00:00:00Z")
            .but_plugin(reasons::EXPIRED_CA)
            .reaches("token good"),
        case("a plain HTTP server behind an https URL")
            .usual()
            .server(ConnectionMode::PlainHttpOnly)
            .reports("Unable to connect to the server: EOF"),
        cluster("a key over a connection that the kubeconfig makes insecure", "server: '{SERVER}', insecure-skip-tls-verify: true")
            .command(Command::Create)
            .reaches("token good")
            .but_plugin(reasons::INSECURE_KEY)
            .reports("error: refusing to send the key to {SERVER}/, for which the kubeconfig disables certificate verification; pass --insecure-skip-tls-verify to allow it"),
        cluster("a key over a connection that the command line makes insecure", "server: '{SERVER}'")
            .command(Command::Create)
            .flags(["--insecure-skip-tls-verify"]).reaches("token good"),
    ]
}

//! Client keys of several encodings, each with a certificate, and keys under the label of another encoding.

use crate::servers::certificates::Certificates;

const EC_CERTIFICATE: &str = include_str!("../fixtures/client-keys/ec-certificate.pem");
const EC_KEY: &str = include_str!("../fixtures/client-keys/ec-sec1.pem");
const RSA_CERTIFICATE: &str = include_str!("../fixtures/client-keys/rsa-certificate.pem");
const RSA_KEY: &str = include_str!("../fixtures/client-keys/rsa-pkcs1.pem");
const LARGE_CERTIFICATE: &str = include_str!("../fixtures/client-keys/rsa-8192-certificate.pem");
const LARGE_KEY: &str = include_str!("../fixtures/client-keys/rsa-8192.pem");

/// Returns the values of the placeholders `{X_PEM}`, of `{X}` (base64) and of `{X_JSON}` (in a JSON string).
pub(crate) fn placeholders() -> [(&'static str, &'static str, &'static str, String); 7] {
    let key = &Certificates::get().human.key_pem;
    [
        (
            "{EC_CERT_PEM}",
            "{EC_CERT}",
            "{EC_CERT_JSON}",
            EC_CERTIFICATE.to_owned(),
        ),
        (
            "{EC_KEY_PEM}",
            "{EC_KEY}",
            "{EC_KEY_JSON}",
            relabel(EC_KEY, "PRIVATE KEY"),
        ),
        (
            "{RSA_CERT_PEM}",
            "{RSA_CERT}",
            "{RSA_CERT_JSON}",
            RSA_CERTIFICATE.to_owned(),
        ),
        (
            "{RSA_KEY_PEM}",
            "{RSA_KEY}",
            "{RSA_KEY_JSON}",
            relabel(RSA_KEY, "PRIVATE KEY"),
        ),
        (
            "{KEY_AS_RSA_PEM}",
            "{KEY_AS_RSA}",
            "{KEY_AS_RSA_JSON}",
            relabel(key, "RSA PRIVATE KEY"),
        ),
        (
            "{LARGE_CERT_PEM}",
            "{LARGE_CERT}",
            "{LARGE_CERT_JSON}",
            LARGE_CERTIFICATE.to_owned(),
        ),
        (
            "{LARGE_KEY_PEM}",
            "{LARGE_KEY}",
            "{LARGE_KEY_JSON}",
            LARGE_KEY.to_owned(),
        ),
    ]
}

/// Returns PEM with another label.
fn relabel(pem: &str, label: &str) -> String {
    let body: Vec<&str> = pem.lines().filter(|it| !it.starts_with("-----")).collect();
    let body = body.join("\n");
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

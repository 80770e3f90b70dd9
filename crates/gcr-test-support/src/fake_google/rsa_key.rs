//! Generates RSA keys ahead of time, signs JSON web tokens with them and checks signatures (RFC 7515, RS256).

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use getrandom::SysRng;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::sha2::Sha256;
use rsa::{PrivateKey, PublicKey};
use serde_json::{Value, json};

/// A private key.
#[derive(Clone)]
pub(super) struct RsaKey(PrivateKey);

impl RsaKey {
    /// Returns a new key of 2048 bits. A thread keeps one ready, because generating one takes a moment.
    pub(super) fn generate() -> Self {
        static READY: OnceLock<Mutex<Receiver<PrivateKey>>> = OnceLock::new();
        let ready = READY.get_or_init(|| {
            let (sender, receiver) = sync_channel(1);
            std::thread::spawn(move || while sender.send(new_key()).is_ok() {});
            Mutex::new(receiver)
        });
        let receiver = ready.lock().unwrap_or_else(PoisonError::into_inner);
        Self(receiver.recv().unwrap_or_else(|_| new_key()))
    }

    /// Returns a key that all fakes of this process share, for tokens that only the fake itself signs and checks.
    pub(super) fn of_process() -> &'static Self {
        static SHARED: OnceLock<RsaKey> = OnceLock::new();
        SHARED.get_or_init(Self::generate)
    }

    /// Parses a PKCS#8 PEM file.
    pub(super) fn from_pem(pem: &str) -> Option<Self> {
        PrivateKey::from_pkcs8_pem(pem).ok().map(Self)
    }

    /// Returns the PKCS#8 PEM file.
    pub(super) fn to_pem(&self) -> String {
        let pem = self.0.to_pkcs8_pem(LineEnding::LF);
        pem.map(|pem| pem.to_string()).unwrap_or_default()
    }

    pub(super) fn public(&self) -> &PublicKey {
        self.0.as_public_key()
    }

    /// Returns a signed JSON web token.
    pub(super) fn sign(&self, key_id: &str, claims: &Value) -> String {
        let header = json!({"alg": "RS256", "kid": key_id, "typ": "JWT"});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.0.pkcs1v15_sign::<Sha256>(input.as_bytes());
        let signature = signature.unwrap_or_default();
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Generates a key of the size that Google uses.
fn new_key() -> PrivateKey {
    PrivateKey::new(&mut SysRng, 2048).expect("the system provides random numbers")
}

/// Returns a public key as PEM.
pub(super) fn public_pem(key: &PublicKey) -> String {
    key.to_public_key_pem(LineEnding::LF).unwrap_or_default()
}

/// Returns a public key as a JSON web key (RFC 7517).
pub(super) fn public_jwk(key: &PublicKey, id: &str) -> Value {
    use rsa::traits::PublicKeyParts as _;
    let encode = |bytes: &[u8]| {
        let start = bytes.iter().take_while(|byte| **byte == 0).count();
        URL_SAFE_NO_PAD.encode(&bytes[start..])
    };
    json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": id,
        "n": encode(&key.n_bytes()), "e": encode(&key.e_bytes())})
}

/// A parsed token whose signature is not checked yet.
pub(super) struct Jwt {
    pub(super) key_id: Option<String>,
    pub(super) claims: Value,
    input: String,
    signature: Vec<u8>,
}

impl Jwt {
    /// Parses a compact token. Padding is accepted, as Google accepts it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok();
        let parse = |part| serde_json::from_slice::<Value>(&decode(part)?).ok();
        let parsed = parse(header)?;
        if parsed["alg"] != "RS256" {
            return None;
        }
        Some(Self {
            key_id: parsed["kid"].as_str().map(String::from),
            claims: parse(claims)?,
            input: format!("{header}.{claims}"),
            signature: decode(signature)?,
        })
    }

    /// Returns whether this key made the signature.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.pkcs1v15_verify::<Sha256>(self.input.as_bytes(), &self.signature)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_of_other_key_is_refused() {
        let (key, other) = (RsaKey::generate(), RsaKey::generate());
        let token = key.sign("7", &json!({"iss": "a"}));
        let jwt = Jwt::parse(&token).unwrap();
        assert!(jwt.is_signed_by(key.public()));
        assert!(!jwt.is_signed_by(other.public()));
        assert_eq!(jwt.key_id.as_deref(), Some("7"));
        let again = RsaKey::from_pem(&key.to_pem()).unwrap();
        assert!(jwt.is_signed_by(again.public()));
    }
}

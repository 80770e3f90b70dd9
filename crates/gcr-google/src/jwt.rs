//! Signs the JWT with which a service account key is exchanged for an access token (RFC 7523).
//!
//! `gcp_auth` parses and signs with the key. Its own exchange is not used: it reports a deleted key, a disabled account and
//! a busy server alike as "token request failed" after five attempts, pads base64url, and honours no proxy.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gcp_auth::CustomServiceAccount;
use gcr_core::domain::service_account_key::ServiceAccountKey;
use serde::Serialize;
use zeroize::Zeroizing;

/// The value of `grant_type` for a JWT.
pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The token endpoint of keys without a `token_uri`.
pub(crate) const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
/// Google's maximum is 60 minutes. A shorter life tolerates a clock that is slow by a few minutes.
const LIFETIME: Duration = Duration::from_secs(3600 - 60);

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Serialize)]
struct GcpAuthKey<'a> {
    private_key: &'a str,
    client_email: &'a str,
    token_uri: &'a str,
}

/// Returns the signed assertion for a token with `scope`, a list separated by spaces. `now` is in seconds since the epoch.
///
/// # Errors
/// The key is not an RSA key in PKCS#8, as Google's are, or the trust store of `gcp_auth`'s client cannot be read.
pub(crate) fn assertion(
    key: &ServiceAccountKey,
    token_uri: &str,
    scope: &str,
    now: i64,
) -> Result<Zeroizing<String>, String> {
    let minimal = GcpAuthKey {
        private_key: key.private_key(),
        client_email: key.client_email(),
        token_uri,
    };
    let json = Zeroizing::new(serde_json::to_string(&minimal).unwrap_or_default());
    // Its errors name no content.
    let account = CustomServiceAccount::from_json(&json).map_err(|error| error.to_string())?;
    let header = Header {
        alg: "RS256",
        typ: "JWT",
        kid: key.private_key_id(),
    };
    let claims = Claims {
        iss: key.client_email(),
        scope,
        aud: token_uri,
        iat: now,
        exp: now + LIFETIME.as_secs().cast_signed(),
    };
    let mut jwt = Zeroizing::new(format!("{}.{}", encoded(&header), encoded(&claims)));
    let signature = account.signer().sign(jwt.as_bytes());
    let signature = signature.map_err(|error| error.to_string())?;
    jwt.push('.');
    jwt.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(jwt)
}

fn encoded(value: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use gcr_test_support::keys;

    use super::*;

    #[test]
    fn assertion_has_the_claims_of_a_service_account() {
        let key = ServiceAccountKey::parse(Zeroizing::new(keys::KEY.into())).unwrap();
        let jwt = assertion(&key, TOKEN_URI, "a b", 1_000_000).unwrap();
        let parts: Vec<&str> = jwt.split('.').collect();
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let json =
            |part: &str| -> serde_json::Value { serde_json::from_slice(&decoded(part)).unwrap() };
        assert_eq!(
            json(parts[0]),
            serde_json::json!({"alg": "RS256", "typ": "JWT", "kid": key.private_key_id()})
        );
        assert_eq!(
            json(parts[1]),
            serde_json::json!({"iss": keys::ACCOUNT, "scope": "a b", "aud": TOKEN_URI,
                "iat": 1_000_000, "exp": 1_003_540})
        );
        assert_eq!(decoded(parts[2]).len(), 256);
        assert_eq!(parts.len(), 3);
    }
}

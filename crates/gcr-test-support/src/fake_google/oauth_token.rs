//! The OAuth token endpoint: service account keys (RFC 7523) and refresh tokens (RFC 6749 section 6).

use serde_json::json;

use super::call::Call;
use super::reply::{Answer, Reply, oauth_error};
use super::rsa_key::{Jwt, RsaKey};
use super::state::State;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Audiences that name this endpoint.
const AUDIENCES: [&str; 3] = [
    "https://oauth2.googleapis.com/token",
    "https://www.googleapis.com/oauth2/v4/token",
    "https://accounts.google.com/o/oauth2/token",
];
/// Lifetime of an access token in seconds.
const LIFETIME: i64 = 3599;
/// Clock difference that Google accepts, in seconds.
const LEEWAY: i64 = 300;

/// Answers a token request.
pub(super) fn exchange(state: &mut State, call: &Call) -> Answer {
    match call.field("grant_type").as_deref() {
        Some(JWT_BEARER) => with_assertion(state, call),
        Some("refresh_token") => with_refresh_token(state, call),
        Some(other) => {
            let description = format!("Invalid grant_type: {other}");
            Err(oauth_error(400, "unsupported_grant_type", &description))
        }
        None => Err(oauth_error(
            400,
            "invalid_request",
            "Missing required parameter: grant_type",
        )),
    }
}

fn with_assertion(state: &mut State, call: &Call) -> Answer {
    let invalid = |description: &str| oauth_error(400, "invalid_grant", description);
    let assertion = call.field("assertion").unwrap_or_default();
    let Some(jwt) = Jwt::parse(&assertion) else {
        return Err(oauth_error(400, "invalid_grant", "Bad Request"));
    };
    let now = state.now();
    let issuer = jwt.claims["iss"].as_str().unwrap_or_default().to_owned();
    let email = {
        let Some((email, account)) = state.account(&issuer) else {
            return Err(invalid("Invalid grant: account not found"));
        };
        let mut keys = account.keys.iter_mut().filter(|key| !key.is_system_managed);
        let signed = keys.any(|key| {
            let named = jwt.key_id.as_ref().is_none_or(|id| *id == key.id);
            named && jwt.is_signed_by(&key.public) && key.is_usable(now)
        });
        if !signed {
            return Err(invalid("Invalid JWT Signature."));
        }
        if account.disabled {
            return Err(oauth_error(
                401,
                "disabled_client",
                "The OAuth client was disabled.",
            ));
        }
        email.to_owned()
    };
    let audience = jwt.claims["aud"].as_str().unwrap_or_default();
    let here = format!("http://{}{}", call.host, call.path);
    if !AUDIENCES.contains(&audience) && audience != here {
        return Err(invalid(
            "Invalid JWT: Failed audience check. The right audience is https://oauth2.googleapis.com/token",
        ));
    }
    let seconds = |claim: &str| jwt.claims[claim].as_i64().unwrap_or_default();
    let (issued, expires, now) = (seconds("iat"), seconds("exp"), now.as_second());
    if issued > now + LEEWAY || expires < now - LEEWAY || expires - issued > 3600 {
        return Err(invalid(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
        ));
    }
    if let Some(target) = jwt.claims["target_audience"].as_str() {
        let token = id_token(&email, target, now);
        return Ok(Reply::json(&json!({"id_token": token})));
    }
    let scopes: Vec<String> = jwt.claims["scope"]
        .as_str()
        .unwrap_or_default()
        .split_whitespace()
        .map(String::from)
        .collect();
    if scopes.is_empty() || scopes.iter().any(|scope| !is_scope(scope)) {
        return Err(oauth_error(
            400,
            "invalid_scope",
            "Invalid OAuth scope or ID token audience provided.",
        ));
    }
    let token = state.issue_token(&format!("serviceAccount:{email}"), LIFETIME, &scopes);
    Ok(Reply::json(
        &json!({"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"}),
    ))
}

fn with_refresh_token(state: &mut State, call: &Call) -> Answer {
    let field = |name| call.field(name).unwrap_or_default();
    if field("client_id").is_empty() {
        return Err(oauth_error(
            400,
            "invalid_request",
            "Could not determine client ID from request.",
        ));
    }
    if field("client_secret").is_empty() {
        return Err(oauth_error(
            400,
            "invalid_request",
            "client_secret is missing.",
        ));
    }
    if !field("client_id").ends_with(".apps.googleusercontent.com") {
        return Err(oauth_error(
            401,
            "invalid_client",
            "The OAuth client was not found.",
        ));
    }
    let Some(found) = state.refresh_tokens.get(&field("refresh_token")).cloned() else {
        return Err(oauth_error(400, "invalid_grant", "Bad Request"));
    };
    if let Some((error, description)) = found.refusal {
        return Err(oauth_error(400, &error, &description));
    }
    let scopes = [super::state::CLOUD_PLATFORM.to_owned(), "openid".to_owned()];
    let token = state.issue_token(&found.member, LIFETIME, &scopes);
    let email = found.member.trim_start_matches("user:");
    Ok(Reply::json(&json!({
        "access_token": token,
        "expires_in": LIFETIME,
        "scope": scopes.join(" "),
        "token_type": "Bearer",
        "id_token": id_token(email, &field("client_id"), state.now().as_second()),
    })))
}

/// Returns an OpenID Connect token for an account.
pub(super) fn id_token(email: &str, audience: &str, now: i64) -> String {
    let claims = json!({"iss": "https://accounts.google.com", "aud": audience, "azp": email, "email": email,
        "email_verified": true, "sub": "100000000000000000001", "iat": now, "exp": now + 3600});
    RsaKey::of_process().sign("fake", &claims)
}

fn is_scope(text: &str) -> bool {
    text.starts_with("https://www.googleapis.com/auth/")
        || ["openid", "email", "profile"].contains(&text)
}

//! Security Token Service: exchanges a token of another identity provider (RFC 8693, workload identity federation).

use serde_json::json;

use super::call::Call;
use super::reply::{Answer, Reply, oauth_error};
use super::state::State;

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// Lifetime of the issued token in seconds.
const LIFETIME: i64 = 3599;

/// Answers a token exchange. Clients send a form with RFC 8693's names, or JSON with the names of the discovery document.
pub(super) fn exchange(state: &mut State, call: &Call) -> Answer {
    let field = |form: &str, json: &str| {
        call.field(form)
            .or_else(|| call.field(json))
            .unwrap_or_default()
    };
    if field("grant_type", "grantType") != TOKEN_EXCHANGE {
        return Err(oauth_error(
            400,
            "unsupported_grant_type",
            "Unsupported grant type.",
        ));
    }
    if field("requested_token_type", "requestedTokenType") != ACCESS_TOKEN {
        return Err(oauth_error(
            400,
            "invalid_request",
            "Invalid requested token type.",
        ));
    }
    let audience = field("audience", "audience");
    let Some((pool, _)) = audience
        .strip_prefix("//iam.googleapis.com/")
        .and_then(|name| name.split_once("/providers/"))
    else {
        return Err(oauth_error(
            400,
            "invalid_target",
            "The target service indicated by the \"audience\" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn't exist.",
        ));
    };
    let token = field("subject_token", "subjectToken");
    let Some(subject) = state.subject_tokens.get(&token).cloned() else {
        return Err(oauth_error(
            400,
            "invalid_grant",
            "The given credential is rejected by the attribute condition.",
        ));
    };
    let scope = field("scope", "scope");
    let scopes: Vec<String> = scope.split_whitespace().map(String::from).collect();
    if scopes.is_empty() {
        return Err(oauth_error(400, "invalid_scope", "Invalid OAuth scope."));
    }
    let member = format!("principal://iam.googleapis.com/{pool}/subject/{subject}");
    let issued = state.issue_token(&member, LIFETIME, &scopes);
    Ok(Reply::json(&json!({
        "access_token": issued,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": LIFETIME,
    })))
}

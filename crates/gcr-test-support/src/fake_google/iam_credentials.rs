//! IAM Service Account Credentials API: tokens by impersonation.

use jiff::ToSpan as _;
use serde_json::{Value, json};

use super::authorization::{self, Resource};
use super::call::Call;
use super::iam_accounts;
use super::oauth_token;
use super::reply::{Answer, Reply, invalid_argument};
use super::rsa_key::RsaKey;
use super::state::{State, rfc3339};

/// Maximum lifetime in seconds, unless the organization allows more.
const MAX_LIFETIME: i64 = 3600;
/// Maximum lifetime that an organization can allow.
const EXTENDED_LIFETIME: i64 = 43_200;
const EXTENSION: &str = "iam.allowServiceAccountCredentialLifetimeExtension";

pub(super) fn generate_access_token(state: &mut State, call: &Call, member: &str) -> Answer {
    let body = call.json()?;
    let email = check(
        state,
        call,
        member,
        &body,
        "iam.serviceAccounts.getAccessToken",
    )?;
    let scopes: Vec<String> = body["scope"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|scope| scope.as_str().map(String::from))
        .collect();
    if scopes.is_empty() {
        return Err(invalid_argument("Request contains an invalid argument."));
    }
    let lifetime = body["lifetime"].as_str().unwrap_or("3600s");
    let seconds: Option<i64> = lifetime
        .strip_suffix('s')
        .and_then(|text| text.parse().ok());
    let project = authorization::project_of(&email).and_then(|id| state.project(id));
    let extended = project.is_some_and(|project| project.constraints.contains(EXTENSION));
    let limit = if extended {
        EXTENDED_LIFETIME
    } else {
        MAX_LIFETIME
    };
    let Some(seconds) = seconds.filter(|seconds| (1..=limit).contains(seconds)) else {
        return Err(invalid_argument(
            "The access token lifetime cannot exceed 1 hour, unless the organization policy constraint constraints/iam.allowServiceAccountCredentialLifetimeExtension allows the service account.",
        ));
    };
    let token = state.issue_token(&format!("serviceAccount:{email}"), seconds, &scopes);
    let expires = rfc3339(state.now() + seconds.seconds());
    Ok(Reply::json(
        &json!({"accessToken": token, "expireTime": expires}),
    ))
}

pub(super) fn generate_id_token(state: &mut State, call: &Call, member: &str) -> Answer {
    let body = call.json()?;
    let email = check(
        state,
        call,
        member,
        &body,
        "iam.serviceAccounts.getOpenIdToken",
    )?;
    let audience = body["audience"].as_str().unwrap_or_default();
    let now = state.now().as_second();
    Ok(Reply::json(
        &json!({"token": oauth_token::id_token(&email, audience, now)}),
    ))
}

pub(super) fn sign_jwt(state: &mut State, call: &Call, member: &str) -> Answer {
    let body = call.json()?;
    check(state, call, member, &body, "iam.serviceAccounts.signJwt")?;
    let payload = body["payload"].as_str().unwrap_or_default();
    let Ok(claims) = serde_json::from_str::<Value>(payload) else {
        return Err(invalid_argument("Invalid JWT claims"));
    };
    let (_, account) = iam_accounts::find(state, call)?;
    let key = account.keys.iter().find(|key| key.is_system_managed);
    let id = key.map(|key| key.id.clone()).unwrap_or_default();
    let signed = RsaKey::of_process().sign(&id, &claims);
    Ok(Reply::json(&json!({"keyId": id, "signedJwt": signed})))
}

/// Checks the caller's right at the target and along the delegation chain. Returns the target's email address.
fn check(
    state: &mut State,
    call: &Call,
    member: &str,
    body: &Value,
    permission: &str,
) -> Result<String, Reply> {
    if call.parameters[0] != "-" {
        return Err(invalid_argument(
            "Invalid form of account ID. Should be [Gaia ID |Email |Unique ID |] of the account",
        ));
    }
    let denied = |email: &str, permission: &str| {
        let resource = Resource::Account("-".into(), email.into());
        authorization::denied(call, permission, &resource)
    };
    let chain = body["delegates"].as_array().into_iter().flatten();
    let chain = chain.filter_map(|name| name.as_str()?.rsplit('/').next().map(String::from));
    let mut member = member.to_owned();
    for delegate in chain {
        step(
            state,
            &member,
            &delegate,
            "iam.serviceAccounts.getAccessToken",
        )
        .ok_or_else(|| denied(&delegate, "iam.serviceAccounts.getAccessToken"))?;
        member = format!("serviceAccount:{delegate}");
    }
    let target = call.parameters[1].clone();
    step(state, &member, &target, permission).ok_or_else(|| denied(&target, permission))
}

/// Returns the account's email address if the member has the permission there and the account is usable.
fn step(state: &mut State, member: &str, name: &str, permission: &str) -> Option<String> {
    let (email, account) = state.account(name)?;
    if !account.delay.is_over() || account.disabled {
        return None;
    }
    let email = email.to_owned();
    let resource = Resource::Account("-".into(), email.clone());
    authorization::is_allowed(state, member, permission, &resource).then_some(email)
}

//! Keys of service accounts: real RSA keys, of which an account has at most ten.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::authorization;
use super::call::Call;
use super::iam_accounts;
use super::propagation::Delay;
use super::reply::{Answer, Reply, api_error, invalid_argument};
use super::rsa_key::{RsaKey, public_pem};
use super::state::{State, rfc3339};
use super::stored_key::{Key, new_id};

/// Maximum number of keys that users manage, per account (IAM, "Quotas").
const MAX_KEYS: usize = 10;
/// End of a key's validity if the organization sets none.
const FOREVER: &str = "9999-12-31T23:59:59Z";
const OAUTH_TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    let body = call.json()?;
    let now = state.now();
    let delay = Delay::new(state.propagation.keys);
    let (email, account) = iam_accounts::find(state, call)?;
    let count = account
        .keys
        .iter()
        .filter(|key| !key.is_system_managed)
        .count();
    let kind = body["privateKeyType"]
        .as_str()
        .unwrap_or("TYPE_GOOGLE_CREDENTIALS_FILE");
    let algorithm = body["keyAlgorithm"].as_str().unwrap_or("KEY_ALG_RSA_2048");
    if kind != "TYPE_GOOGLE_CREDENTIALS_FILE" || algorithm != "KEY_ALG_RSA_2048" {
        return Err(invalid_argument("Request contains an invalid argument."));
    }
    let project_id = authorization::project_of(&email)
        .unwrap_or_default()
        .to_owned();
    let constraints = [
        "iam.disableServiceAccountKeyCreation",
        "iam.managed.disableServiceAccountKeyCreation",
    ];
    let unique_id = account.unique_id.clone();
    let project = state.project(&project_id);
    let enforced = project.and_then(|it| {
        constraints
            .into_iter()
            .find(|name| it.constraints.contains(*name))
    });
    if let Some(constraint) = enforced {
        return Err(key_creation_forbidden(&project_id, &email, constraint));
    }
    if count >= MAX_KEYS {
        // Google sends no details here.
        return Err(api_error(
            400,
            "FAILED_PRECONDITION",
            "Precondition check failed.",
            &[],
        ));
    }
    let private = RsaKey::generate();
    let key = Key {
        id: new_id(),
        public: private.public().clone(),
        created: now,
        expires: None,
        disabled: false,
        is_system_managed: false,
        delay,
    };
    let pem = private.to_pem();
    state.add_secret_key(&pem);
    let file = key_file(&project_id, &email, &unique_id, &key.id, &pem);
    let mut shown = show(&email, &key);
    shown["privateKeyType"] = kind.into();
    shown["privateKeyData"] = STANDARD.encode(file).into();
    if let Some((_, account)) = state.account(&email) {
        account.keys.push(key);
    }
    Ok(Reply::json(&shown))
}

/// Adds a key without a request. Returns the key file.
pub(super) fn add(state: &mut State, email: &str) -> Option<String> {
    let now = state.now();
    let private = RsaKey::generate();
    let project_id = authorization::project_of(email)?.to_owned();
    let (_, account) = state.account(email)?;
    let key = Key {
        id: new_id(),
        public: private.public().clone(),
        created: now,
        expires: None,
        disabled: false,
        is_system_managed: false,
        delay: Delay::default(),
    };
    let id = key.id.clone();
    let unique_id = account.unique_id.clone();
    account.keys.push(key);
    let pem = private.to_pem();
    state.add_secret_key(&pem);
    let file = key_file(&project_id, email, &unique_id, &id, &pem);
    Some(file.to_string())
}

pub(super) fn get(state: &mut State, call: &Call) -> Answer {
    let (email, key) = find(state, call)?;
    let mut shown = show(&email, key);
    match call.query("publicKeyType") {
        None | Some("TYPE_NONE") => {}
        Some("TYPE_RAW_PUBLIC_KEY") => {
            shown["publicKeyData"] = STANDARD.encode(public_pem(&key.public)).into();
        }
        Some(_) => return Err(invalid_argument("The fake returns only raw public keys.")),
    }
    Ok(Reply::json(&shown))
}

pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    let kinds: Vec<&str> = call
        .query
        .iter()
        .filter(|(name, _)| name == "keyTypes")
        .map(|(_, value)| value.as_str())
        .collect();
    if kinds.contains(&"KEY_TYPE_UNSPECIFIED") {
        return Err(invalid_argument("Request contains an invalid argument."));
    }
    let (email, account) = iam_accounts::find(state, call)?;
    let shown: Vec<Value> = account
        .keys
        .iter()
        .filter(|key| kinds.is_empty() || kinds.contains(&kind(key)))
        .map(|key| show(&email, key))
        .collect();
    Ok(Reply::json(&if shown.is_empty() {
        json!({})
    } else {
        json!({"keys": shown})
    }))
}

pub(super) fn delete(state: &mut State, call: &Call) -> Answer {
    let (_, key) = find(state, call)?;
    if key.is_system_managed {
        let message = "Deleting a system-managed key is not allowed.";
        return Err(api_error(400, "FAILED_PRECONDITION", message, &[]));
    }
    let id = key.id.clone();
    let (_, account) = iam_accounts::find(state, call)?;
    account.keys.retain(|key| key.id != id);
    Ok(Reply::json(&json!({})))
}

pub(super) fn set_disabled(state: &mut State, call: &Call, disabled: bool) -> Answer {
    let (_, key) = find(state, call)?;
    key.disabled = disabled;
    Ok(Reply::json(&json!({})))
}

fn find<'state>(state: &'state mut State, call: &Call) -> Result<(String, &'state mut Key), Reply> {
    let id = &call.parameters[2];
    let (email, account) = iam_accounts::find(state, call)?;
    let found = account.keys.iter_mut().find(|key| key.id == *id);
    let missing = || {
        let message = format!("Service account key {id} does not exist.");
        api_error(404, "NOT_FOUND", &message, &[])
    };
    found.map(|key| (email, key)).ok_or_else(missing)
}

fn kind(key: &Key) -> &'static str {
    if key.is_system_managed {
        "SYSTEM_MANAGED"
    } else {
        "USER_MANAGED"
    }
}

fn show(email: &str, key: &Key) -> Value {
    let project = authorization::project_of(email).unwrap_or_default();
    let mut shown = json!({
        "name": format!("projects/{project}/serviceAccounts/{email}/keys/{}", key.id),
        "validAfterTime": rfc3339(key.created),
        "validBeforeTime": key.expires.map_or_else(|| FOREVER.to_owned(), rfc3339),
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "keyOrigin": "GOOGLE_PROVIDED",
        "keyType": kind(key),
    });
    if key.disabled {
        shown["disabled"] = true.into();
        shown["disableReason"] = "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED".into();
    }
    shown
}

/// Returns the file that Google's clients read as a credential.
fn key_file(project: &str, email: &str, unique_id: &str, key_id: &str, pem: &str) -> String {
    let escaped = email.replace('@', "%40");
    let mut file = json!({
        "type": "service_account",
        "project_id": project,
        "private_key_id": key_id,
        "private_key": pem,
        "client_email": email,
        "client_id": unique_id,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": OAUTH_TOKEN_URL,
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": format!("https://www.googleapis.com/robot/v1/metadata/x509/{escaped}"),
        "universe_domain": "googleapis.com",
    });
    // Google ends the file with a line feed.
    file.sort_all_objects();
    format!("{file:#}\n")
}

fn key_creation_forbidden(project: &str, email: &str, constraint: &str) -> Reply {
    let message = "Key creation is not allowed on this service account.";
    let violation = json!({"type": format!("constraints/{constraint}"),
        "subject": format!("projects/{project}/serviceAccounts/{email}?configvalue={email}"), "description": message});
    let failure = json!({"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": [violation]});
    api_error(400, "FAILED_PRECONDITION", message, &[failure])
}

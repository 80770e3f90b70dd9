//! Finds the service account keys in a stored Docker config.

use zeroize::Zeroizing;

use super::docker_config;
use super::service_account_key::ServiceAccountKey;

/// The public facts about a service account key in a Docker config.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainedKey {
    /// The email address of the service account.
    pub account: String,
    /// The id of the key.
    pub id: String,
}

/// Returns the service account keys in a Secret of type `kubernetes.io/dockercfg`, whose data are the entries themselves.
#[must_use]
pub fn contained_keys_of_dockercfg(entries: &[u8]) -> Vec<ContainedKey> {
    let parts = [br#"{"auths":"#, entries, b"}"];
    contained_keys(&Zeroizing::new(parts.concat()))
}

/// Returns the service account keys in the entries of a Docker config, each once, sorted. Entries with another credential and keys
/// without an id are left out. Empty for a config that cannot be decoded, with which no pull succeeds.
#[must_use]
pub fn contained_keys(config: &[u8]) -> Vec<ContainedKey> {
    let mut keys = Vec::new();
    for (user, password) in docker_config::logins(config) {
        let Some(key) = key_file(&user, &password) else {
            continue;
        };
        if let Some(id) = key.private_key_id() {
            let (account, id) = (key.client_email().to_owned(), id.to_owned());
            keys.push(ContainedKey { account, id });
        }
    }
    keys.sort();
    keys.dedup();
    keys
}

/// Returns the key file that is the password of this user, in either of the forms that Google accepts.
#[must_use]
pub fn key_file(user: &str, password: &str) -> Option<ServiceAccountKey> {
    let file = match user {
        "_json_key" => Zeroizing::new(password.as_bytes().to_vec()),
        "_json_key_base64" => docker_config::decode_leniently(password)?,
        _ => return None,
    };
    ServiceAccountKey::parse(file).ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    const FILE: &str = include_str!("testdata/key.json");

    #[test]
    fn keys_of_all_forms_are_found_once() {
        let file = FILE.trim();
        let known = ServiceAccountKey::parse(Zeroizing::new(file.into())).unwrap();
        let pair = |user: &str, password: &str| STANDARD.encode(format!("{user}:{password}"));
        let config = json!({"auths": {
            "gcr.io": {"auth": pair("_json_key", file)},
            "us.gcr.io": {"auth": pair("_json_key_base64", &STANDARD.encode(file))},
            "eu.gcr.io": {"username": "_json_key", "password": file},
            "a.gcr.io": {"auth": pair("_json_key", file).trim_end_matches('=').replacen('9', "9\n", 1)},
            "docker.io": {"auth": pair("robot", file)},
            "quay.io": {"auth": "?"},
            "asia.gcr.io": {"auth": pair("_json_key", "{}")},
        }});
        let expected = ContainedKey {
            account: known.client_email().to_owned(),
            id: known.private_key_id().unwrap().to_owned(),
        };
        assert_eq!(contained_keys(config.to_string().as_bytes()), [expected]);
        let entries = config["auths"].to_string();
        let found = contained_keys_of_dockercfg(entries.as_bytes());
        assert_eq!(found, contained_keys(config.to_string().as_bytes()));
        assert_eq!(contained_keys(b"[]"), []);
    }
}

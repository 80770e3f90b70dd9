//! Builds and merges the Docker config in a pull Secret: `{"auths":{HOST:{"auth":…}}}`.
//!
//! Entries contain only `auth`, as those of `docker login` do. The output is deterministic, so that repeated runs change
//! nothing. Merging keeps the entries of other owners as their original text. It fails for configs that kubelet cannot decode,
//! because those would break all image pulls that use the Secret.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::json_object::{self, JsonObjectError, Member};
use super::registry_host::{RegistryHost, RegistryOwner};

/// Base64 as leniently as a client may read it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A Docker config: the entries of this plugin, and kept entries of other owners.
pub struct DockerConfig {
    hosts: Vec<RegistryHost>,
    auth: SecretString,
    kept_entries: Vec<Kept>,
    kept_settings: Vec<Kept>,
}

/// A kept `"name": value` of another owner, as its original text.
struct Kept {
    name: String,
    raw: Zeroizing<String>,
}

/// A Docker config that cannot be decoded. Contains none of its content.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UndecodableDockerConfig {
    /// The config is not UTF-8.
    #[error("the docker config is not UTF-8 text")]
    NotUtf8,
    /// The config is not JSON, or not an object.
    #[error("the docker config {0}")]
    Json(JsonObjectError),
    /// `auths` is not an object.
    #[error("\"auths\" of the docker config is not an object")]
    Auths,
    /// An entry under `auths` is not an object.
    #[error("an entry under \"auths\" of the docker config is not an object")]
    Entry,
}

impl DockerConfig {
    /// Creates a config with one credential for these hosts, in the order given. Repeated hosts keep their first position.
    #[must_use]
    pub fn new(hosts: impl IntoIterator<Item = RegistryHost>, auth: SecretString) -> Self {
        let mut unique: Vec<RegistryHost> = Vec::new();
        for host in hosts {
            if !unique.contains(&host) {
                unique.push(host);
            }
        }
        Self {
            hosts: unique,
            auth,
            kept_entries: Vec::new(),
            kept_settings: Vec::new(),
        }
    }

    /// Returns this config with the entries of `existing` for other hosts. The entries of this config come first, then the
    /// kept entries in their order, then the fields of `existing` other than `auths`. Entries of `existing` for the hosts of this
    /// config are replaced, in any spelling of the host.
    ///
    /// # Errors
    /// Fails if `existing` is not a Docker config that kubelet can decode.
    pub fn merge(&self, existing: &[u8]) -> Result<Self, UndecodableDockerConfig> {
        let existing = Existing::read(existing)?;
        let is_ours = |name: &str| name.parse().is_ok_and(|host| self.hosts.contains(&host));
        let entries = existing
            .entries
            .iter()
            .filter(|entry| !is_ours(&entry.name));
        Ok(Self {
            hosts: self.hosts.clone(),
            auth: self.auth.clone(),
            kept_entries: entries.map(Kept::of).collect(),
            kept_settings: existing.settings.iter().map(Kept::of).collect(),
        })
    }

    /// Returns whether the config has nothing of another owner.
    #[must_use]
    pub fn is_ours_alone(&self) -> bool {
        self.kept_entries.is_empty() && self.kept_settings.is_empty()
    }

    /// Returns the hosts of all entries: those of this plugin, then the kept ones as written. In kept hosts, `***` replaces
    /// the text before an `@`, which may contain a password.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let ours = self.hosts.iter().map(ToString::to_string);
        ours.chain(
            self.kept_entries
                .iter()
                .map(|entry| without_user_info(&entry.name)),
        )
        .collect()
    }

    /// Returns the config as compact JSON. Equal configs have equal bytes.
    #[must_use]
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let auth = self.auth.expose_secret();
        let kept = self.kept_entries.iter().chain(&self.kept_settings);
        // Allocated at full size: a buffer that grows leaves copies behind. The framing of an entry takes 15 bytes.
        let size = self
            .hosts
            .iter()
            .map(|host| host.as_str().len() + auth.len() + 15)
            .sum::<usize>()
            + kept.map(|kept| kept.raw.len() + 1).sum::<usize>()
            + r#"{"auths":{}}"#.len();
        let mut json = Zeroizing::new(Vec::with_capacity(size));
        let mut write = |parts: &[&str]| {
            parts
                .iter()
                .for_each(|part| json.extend_from_slice(part.as_bytes()))
        };
        let mut comma = "";
        write(&[r#"{"auths":{"#]);
        for host in &self.hosts {
            // Neither valid hosts nor base64 contain characters that JSON escapes.
            write(&[comma, "\"", host.as_str(), r#"":{"auth":""#, auth, "\"}"]);
            comma = ",";
        }
        for entry in &self.kept_entries {
            write(&[comma, &entry.raw]);
            comma = ",";
        }
        write(&["}"]);
        for setting in &self.kept_settings {
            write(&[",", &setting.raw]);
        }
        write(&["}"]);
        json
    }
}

impl fmt::Debug for DockerConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DockerConfig")
            .field("hosts", &self.hosts())
            .finish_non_exhaustive()
    }
}

/// Returns the registry hosts of Google in a stored Docker config, normalized and in their order. Empty for a config that
/// cannot be decoded.
#[must_use]
pub fn google_hosts(config: &[u8]) -> Vec<String> {
    let Ok(existing) = Existing::read(config) else {
        return Vec::new();
    };
    let hosts = existing
        .entries
        .iter()
        .filter_map(|entry| entry.name.parse().ok());
    hosts
        .filter(|host: &RegistryHost| host.owner() != RegistryOwner::Foreign)
        .map(|host| host.to_string())
        .collect()
}

/// Returns the hosts whose entries contain the access token that a command of this plugin has written: of several tokens the
/// first, because [`DockerConfig::to_json`] writes kept entries last. Empty for a config without one.
#[must_use]
pub fn token_hosts(config: &[u8]) -> Vec<RegistryHost> {
    let Ok(existing) = Existing::read(config) else {
        return Vec::new();
    };
    let mut first: Option<Zeroizing<String>> = None;
    let mut hosts = Vec::new();
    for entry in &existing.entries {
        let members = json_object::members(entry.value).unwrap_or_default();
        let auth = members.iter().find(|member| member.name == "auth");
        let Some(token) = auth.and_then(|auth| token_of(&json_object::string(auth.value)?)) else {
            continue;
        };
        let is_ours = first.get_or_insert_with(|| token.clone()) == &token;
        if let (true, Ok(host)) = (is_ours, entry.name.parse()) {
            hosts.push(host);
        }
    }
    hosts
}

/// Returns the access token in an `auth`.
fn token_of(auth: &str) -> Option<Zeroizing<String>> {
    let decoded = Zeroizing::new(STANDARD.decode(auth.trim()).ok()?);
    let token = str::from_utf8(&decoded)
        .ok()?
        .strip_prefix("oauth2accesstoken:")?;
    Some(Zeroizing::new(token.to_owned()))
}

/// Returns the secret values of a Docker config: each `auth` and the password in it, `password`, `identitytoken` and
/// `registrytoken` of every entry (docker `cli/config/types/authconfig.go`), and the values of `HttpHeaders`. Empty for a
/// config that cannot be decoded: the plugins never send one.
pub(super) fn secrets(config: &[u8]) -> Vec<Zeroizing<String>> {
    let Ok(existing) = Existing::read(config) else {
        return Vec::new();
    };
    let mut secrets = Vec::new();
    for entry in &existing.entries {
        for field in json_object::members(entry.value).unwrap_or_default() {
            let Some(value) = json_object::string(field.value) else {
                continue;
            };
            match field.name.to_ascii_lowercase().as_str() {
                "auth" => {
                    secrets.extend(pair_of(&value).map(|(_, password)| password));
                    secrets.push(value);
                }
                "password" | "identitytoken" | "registrytoken" => secrets.push(value),
                _ => {}
            }
        }
    }
    for setting in &existing.settings {
        if setting.name.eq_ignore_ascii_case("HttpHeaders") {
            let headers = json_object::members(setting.value).unwrap_or_default();
            let values = headers.iter().map(|header| header.value);
            secrets.extend(values.filter_map(json_object::string));
        }
    }
    secrets
}

/// A user and a password.
pub(super) type Pair = (Zeroizing<String>, Zeroizing<String>);

/// Returns the users and passwords of all entries. As in kubelet, `auth` comes before the fields `username` and `password`. Empty
/// for a config that cannot be decoded.
pub(super) fn logins(config: &[u8]) -> Vec<Pair> {
    let Ok(existing) = Existing::read(config) else {
        return Vec::new();
    };
    let entries = existing.entries.iter();
    let logins = entries.filter_map(|entry| {
        let members = json_object::members(entry.value).unwrap_or_default();
        let field = |name: &str| {
            let members = members.iter().rev();
            let mut named = members.filter(|it| it.name.eq_ignore_ascii_case(name));
            json_object::string(named.next()?.value)
        };
        match field("auth").filter(|auth| !auth.is_empty()) {
            Some(auth) => pair_of(&auth),
            None => Some((field("username")?, field("password")?)),
        }
    });
    logins.collect()
}

/// Decodes base64 at least as leniently as kubelet and Google: without padding, and with white space.
pub(super) fn decode_leniently(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Allocated at full size: a buffer that grows leaves copies behind.
    let mut encoded = Zeroizing::new(Vec::with_capacity(text.len()));
    encoded.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    LENIENT.decode(&*encoded).ok().map(Zeroizing::new)
}

/// Returns the user and the password in an `auth`: base64 of `user:password`.
fn pair_of(auth: &str) -> Option<Pair> {
    let decoded = decode_leniently(auth)?;
    let (user, password) = str::from_utf8(&decoded).ok()?.split_once(':')?;
    let owned = |text: &str| Zeroizing::new(text.to_owned());
    Some((owned(user), owned(password)))
}

fn without_user_info(host: &str) -> String {
    match host.rsplit_once('@') {
        Some((_, host)) => format!("***@{host}"),
        None => host.to_owned(),
    }
}

impl Kept {
    fn of(member: &Member<'_>) -> Self {
        let mut raw = Zeroizing::new(String::with_capacity(
            member.raw_name.len() + 1 + member.value.len(),
        ));
        raw.push_str(member.raw_name);
        raw.push(':');
        raw.push_str(member.value);
        let name = member.name.to_string();
        Self { name, raw }
    }
}

/// The members of a stored config.
struct Existing<'a> {
    entries: Vec<Member<'a>>,
    settings: Vec<Member<'a>>,
}

impl<'a> Existing<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, UndecodableDockerConfig> {
        let text = str::from_utf8(bytes).map_err(|_| UndecodableDockerConfig::NotUtf8)?;
        let members = json_object::members(text).map_err(UndecodableDockerConfig::Json)?;
        // kubelet decodes the config with Go's encoding/json, which ignores the case of names, merges objects with the same
        // name, and treats null as absent.
        let (auths, settings): (Vec<_>, Vec<_>) = members
            .into_iter()
            .partition(|member| member.name.eq_ignore_ascii_case("auths"));
        let mut entries = Vec::new();
        for value in auths
            .iter()
            .map(|member| member.value)
            .filter(|value| *value != "null")
        {
            entries
                .extend(json_object::members(value).map_err(|_| UndecodableDockerConfig::Auths)?);
        }
        if entries
            .iter()
            .any(|entry| !entry.value.starts_with('{') && entry.value != "null")
        {
            return Err(UndecodableDockerConfig::Entry);
        }
        Ok(Self { entries, settings })
    }
}

#[cfg(test)]
mod tests;

//! The Docker config in a pull Secret: `{"auths":{HOST:{"auth":…}}}`.
//!
//! Writes `auth` alone, as `docker login` does, byte for byte the same each time, so that nothing to do stays
//! nothing to do. Merging keeps what others put there as the text it was. Refuses to merge with what kubelet could
//! not read: a config that cannot be decoded breaks every pull of its namespace.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::json_object::{self, JsonObjectError, Member};
use super::registry_host::RegistryHost;

/// A Docker config: our entries, and those of others that were kept.
pub struct DockerConfig {
    hosts: Vec<RegistryHost>,
    auth: SecretString,
    kept_entries: Vec<Kept>,
    kept_settings: Vec<Kept>,
}

/// Somebody else's `"name": value`, as it was written.
struct Kept {
    name: String,
    raw: Zeroizing<String>,
}

/// Why a Docker config in a Secret cannot be merged with. Holds no content.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UndecodableDockerConfig {
    /// Not UTF-8.
    #[error("the docker config is not UTF-8 text")]
    NotUtf8,
    /// Not JSON, or not an object.
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
    /// One credential for these hosts, in the order given. A host given twice stands where it was first.
    #[must_use]
    pub fn new(hosts: impl IntoIterator<Item = RegistryHost>, auth: SecretString) -> Self {
        let mut once: Vec<RegistryHost> = Vec::new();
        for host in hosts {
            if !once.contains(&host) {
                once.push(host);
            }
        }
        Self {
            hosts: once,
            auth,
            kept_entries: Vec::new(),
            kept_settings: Vec::new(),
        }
    }

    /// This config with what `existing` has for other hosts: ours first, then the kept entries in their order, then
    /// whatever else stood beside `auths`. An entry for one of our hosts, however spelled, is replaced by ours.
    ///
    /// # Errors
    /// Where `existing` is not a Docker config that kubelet could read.
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

    /// The hosts with an entry: ours, then the kept ones as they were written. What stands before an `@` in one of
    /// those could be a password and is shown as `***`.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let ours = self.hosts.iter().map(ToString::to_string);
        ours.chain(self.kept_entries.iter().map(|entry| shown(&entry.name)))
            .collect()
    }

    /// The config as compact JSON, the same bytes each time.
    #[must_use]
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let auth = self.auth.expose_secret();
        let kept = self.kept_entries.iter().chain(&self.kept_settings);
        // Room for all of it: a buffer that grows leaves copies behind. 15 bytes frame an entry.
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
            // Neither a checked host nor base64 holds a character that JSON escapes.
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
                    secrets.extend(password_of(&value));
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

/// Returns the password in an `auth`: base64 of `user:password`.
fn password_of(auth: &str) -> Option<Zeroizing<String>> {
    let decoded = Zeroizing::new(STANDARD.decode(auth.trim()).ok()?);
    let (_, password) = str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Zeroizing::new(password.to_owned()))
}

fn shown(host: &str) -> String {
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

/// A stored config, taken apart.
struct Existing<'a> {
    entries: Vec<Member<'a>>,
    settings: Vec<Member<'a>>,
}

impl<'a> Existing<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, UndecodableDockerConfig> {
        let text = str::from_utf8(bytes).map_err(|_| UndecodableDockerConfig::NotUtf8)?;
        let members = json_object::members(text).map_err(UndecodableDockerConfig::Json)?;
        // Kubelet reads it with Go's encoding/json: names in any case, several of one name as one map, null as none.
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
mod tests {
    use super::*;

    fn config(hosts: &str) -> DockerConfig {
        DockerConfig::new(
            RegistryHost::parse_list(hosts).unwrap(),
            "b3VyczpvdXJz".into(),
        )
    }

    fn json(config: &DockerConfig) -> String {
        String::from_utf8(config.to_json().to_vec()).unwrap()
    }

    fn merged(hosts: &str, existing: &str) -> String {
        json(&config(hosts).merge(existing.as_bytes()).unwrap())
    }

    #[test]
    fn entries_stand_in_the_order_given_each_once() {
        assert_eq!(
            json(&config("gcr.io")),
            r#"{"auths":{"gcr.io":{"auth":"b3VyczpvdXJz"}}}"#
        );
        assert_eq!(
            json(&config("us.gcr.io,gcr.io,https://US.gcr.io")),
            r#"{"auths":{"us.gcr.io":{"auth":"b3VyczpvdXJz"},"gcr.io":{"auth":"b3VyczpvdXJz"}}}"#
        );
    }

    #[test]
    fn nothing_is_moved_while_it_is_written() {
        let existing = br#"{"auths":{"a.example":{}},"HttpHeaders":{}}"#;
        for config in [
            config("gcr.io"),
            config("gcr.io,eu.gcr.io").merge(existing).unwrap(),
        ] {
            let json = config.to_json();
            assert!(json.capacity() >= json.len() && json.capacity() <= json.len() + 2);
        }
    }

    #[test]
    fn other_hosts_are_kept_as_they_were_written() {
        let existing = r#" {"auths" : {"z.example": { "auth":"eDp5" , "email":null}, "\u0061.example":{"auth":"YTpi"},
            "*.gcr.io":{}, "gcr.io/team/":{"auth":"Yzpk"}}, "HttpHeaders":{"X-Meta" : [1e2]}} "#;
        assert_eq!(
            merged("gcr.io", existing),
            r#"{"auths":{"gcr.io":{"auth":"b3VyczpvdXJz"},"z.example":{ "auth":"eDp5" , "email":null},"\u0061.example":{"auth":"YTpi"},"*.gcr.io":{},"gcr.io/team/":{"auth":"Yzpk"}},"HttpHeaders":{"X-Meta" : [1e2]}}"#
        );
    }

    #[test]
    fn our_host_is_replaced_however_it_was_spelled() {
        for spelling in [
            "gcr.io",
            "GCR.io",
            "gcr.io/",
            "https://gcr.io",
            "https://gcr.io/v2/",
            "gcr.io:443",
            "gcr\\u002eio",
        ] {
            let existing = format!(r#"{{"auths":{{"{spelling}":{{"auth":"b2xk"}}}}}}"#);
            assert_eq!(
                merged("gcr.io", &existing),
                r#"{"auths":{"gcr.io":{"auth":"b3VyczpvdXJz"}}}"#
            );
        }
    }

    #[test]
    fn merging_with_ones_own_result_changes_nothing() {
        let once = merged(
            "gcr.io",
            r#"{"x":1,"auths":{"a.example":{},"gcr.io":{"auth":"b2xk"}}}"#,
        );
        assert_eq!(merged("gcr.io", &once), once);
        assert_eq!(merged("gcr.io", "{}"), json(&config("gcr.io")));
        assert_eq!(
            merged("gcr.io", r#"{"auths":null}"#),
            json(&config("gcr.io"))
        );
    }

    #[test]
    fn no_old_entry_survives_under_another_spelling_of_auths() {
        let existing =
            r#"{"auths":{"a.example":{}},"AUTHS":{"gcr.io":{"auth":"b2xk"},"b.example":null}}"#;
        assert_eq!(
            merged("gcr.io", existing),
            r#"{"auths":{"gcr.io":{"auth":"b3VyczpvdXJz"},"a.example":{},"b.example":null}}"#
        );
    }

    #[test]
    fn what_kubelet_could_not_read_stops_a_merge() {
        for (existing, message) in [
            ("", "the docker config is not JSON (line 1, column 0)"),
            (
                "{\"auths\":hunter2}",
                "the docker config is not JSON (line 1, column 10)",
            ),
            ("[]", "the docker config is not a JSON object"),
            ("null", "the docker config is not a JSON object"),
            (
                r#"{"auths":[]}"#,
                "\"auths\" of the docker config is not an object",
            ),
            (
                r#"{"auths":"hunter2"}"#,
                "\"auths\" of the docker config is not an object",
            ),
            (
                r#"{"auths":{"a":"hunter2"}}"#,
                "an entry under \"auths\" of the docker config is not an object",
            ),
        ] {
            assert_eq!(
                config("gcr.io")
                    .merge(existing.as_bytes())
                    .unwrap_err()
                    .to_string(),
                message
            );
        }
        let error = config("gcr.io").merge(b"{\"\xff\":1}").unwrap_err();
        assert_eq!(error, UndecodableDockerConfig::NotUtf8);
    }

    #[test]
    fn hosts_are_listed_without_secrets() {
        let existing = br#"{"auths":{"https://user:hunter2@a.example/v1/":{},"gcr.io/":{}}}"#;
        let merged = config("gcr.io").merge(existing).unwrap();
        assert_eq!(merged.hosts(), ["gcr.io", "***@a.example/v1/"]);
        let shown = format!("{merged:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("b3Vy"),
            "{shown}"
        );
    }
}

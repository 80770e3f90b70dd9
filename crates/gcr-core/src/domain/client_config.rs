//! Edits the configuration file of a container client: Docker's `config.json`, or `auth.json` of Podman, Buildah and Skopeo.
//!
//! Only the entry of a host changes. All other text stays as it is, byte for byte and in its order: the files hold settings and
//! credentials of other owners. A file that clients read differently from each other is refused.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::json_object::{self, JsonObjectError, Member};

/// The fields of an entry that hold a credential (docker `cli/config/types/authconfig.go`).
const SECRETS: [&str; 5] = [
    "auth",
    "username",
    "password",
    "identitytoken",
    "registrytoken",
];

/// A file that must not be changed. Contains none of its credentials.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ClientConfigError {
    /// The file is not UTF-8.
    #[error("is not UTF-8 text")]
    NotUtf8,
    /// The file starts with a byte order mark, which Docker does not read.
    #[error("starts with a byte order mark, which Docker does not read")]
    ByteOrderMark,
    /// The file is not JSON, or not an object.
    #[error("{0}")]
    Json(JsonObjectError),
    /// A name occurs twice, so that clients choose different values.
    #[error("has {0:?} twice")]
    Duplicate(String),
    /// A field has an unexpected type.
    #[error("has a field {name:?} that is not {expected}")]
    Type {
        /// The name of the field.
        name: String,
        /// The type.
        expected: &'static str,
    },
}

/// The configuration file of a container client.
pub struct ClientConfig<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
    /// The value of `auths`, unless it is `null`.
    auths: Option<&'a str>,
    entries: Vec<Member<'a>>,
    helpers: Vec<(String, String)>,
    store: Option<String>,
}

impl fmt::Debug for ClientConfig<'_> {
    /// Omits the content.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClientConfig")
    }
}

impl<'a> ClientConfig<'a> {
    /// Reads the content of a file. An empty file has no entries, as for Docker.
    ///
    /// # Errors
    /// Fails if a client cannot read the file, or clients read it differently.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ClientConfigError> {
        let text = str::from_utf8(bytes).map_err(|_| ClientConfigError::NotUtf8)?;
        if text.starts_with('\u{feff}') {
            return Err(ClientConfigError::ByteOrderMark);
        }
        if text.trim().is_empty() {
            return Ok(Self {
                text: "",
                members: Vec::new(),
                auths: None,
                entries: Vec::new(),
                helpers: Vec::new(),
                store: None,
            });
        }
        let members = json_object::members(text).map_err(ClientConfigError::Json)?;
        require_unique(&members, true)?;
        let auths = field(&members, "auths");
        let entries = objects(auths, "auths")?;
        require_unique(&entries, false)?;
        for entry in &entries {
            require_unique(&objects(Some(entry.value), &entry.name)?, true)?;
        }
        let helpers = objects(field(&members, "credHelpers"), "credHelpers")?;
        require_unique(&helpers, false)?;
        let helper = |it: &Member<'_>| {
            let name = string(it.value, "credHelpers")?;
            Ok((it.name.to_string(), name.to_string()))
        };
        let helpers: Result<_, ClientConfigError> = helpers.iter().map(helper).collect();
        let store = field(&members, "credsStore");
        let store = store.map(|value| string(value, "credsStore")).transpose()?;
        Ok(Self {
            text,
            members,
            auths,
            entries,
            helpers: helpers?,
            store: store.map(|store| store.to_string()),
        })
    }

    /// Returns the helper that stores the credential of `host`, and the field that names it: that of `credHelpers`, else of
    /// `credsStore`. An empty name in `credHelpers` stands for the file itself (docker `cli/config/configfile/file.go`,
    /// `getConfiguredCredentialStore`).
    #[must_use]
    pub fn helper(&self, host: &str) -> Option<(&str, &'static str)> {
        let of_host = self.helpers.iter().find(|(name, _)| name == host);
        let found = match of_host {
            Some((_, helper)) => (helper.as_str(), "credHelpers"),
            None => (self.store.as_deref()?, "credsStore"),
        };
        (!found.0.is_empty()).then_some(found)
    }

    /// Returns whether the file has an entry for `host`.
    #[must_use]
    pub fn has_entry(&self, host: &str) -> bool {
        self.entry(host).is_some()
    }

    /// Returns whether the entry for `host` holds exactly this credential; without one, whether it exists and holds none.
    #[must_use]
    pub fn is_current(&self, host: &str, auth: Option<&SecretString>) -> bool {
        let Some(entry) = self.entry(host) else {
            return false;
        };
        let fields = json_object::members(entry.value).unwrap_or_default();
        let mut secrets = fields.iter().filter(|field| is_secret(field));
        match (auth, secrets.next(), secrets.next()) {
            (None, None, _) => true,
            (Some(auth), Some(found), None) => {
                found.name.eq_ignore_ascii_case("auth")
                    && json_object::string(found.value)
                        .is_some_and(|found| *found == auth.expose_secret())
            }
            _ => false,
        }
    }

    /// Returns the file with this credential in the entry for `host`. Without a credential, which a helper stores then, the entry
    /// holds none, as Docker writes it.
    #[must_use]
    pub fn with_entry(&self, host: &str, auth: Option<&SecretString>) -> Zeroizing<String> {
        let style = Style::of(self);
        if self.text.is_empty() {
            let entry = style.entry(&[], auth);
            let entries = style.object(1, &[(quoted(host), entry)]);
            return style.object(0, &[(quoted("auths"), entries)]);
        }
        if let Some(entry) = self.entry(host) {
            let kept = json_object::members(entry.value).unwrap_or_default();
            return self.replaced(entry.value, &style.entry(&kept, auth));
        }
        let entry = style.entry(&[], auth);
        match self.auths {
            Some(auths) => self.appended(&style, 1, auths, &self.entries, (quoted(host), entry)),
            None => {
                let entries = style.object(1, &[(quoted(host), entry)]);
                match self.members.iter().find(|it| is_named(it, "auths")) {
                    // `null`.
                    Some(member) => self.replaced(member.value, &entries),
                    None => {
                        let new = (quoted("auths"), entries);
                        self.appended(&style, 0, self.text.trim(), &self.members, new)
                    }
                }
            }
        }
    }

    fn entry(&self, host: &str) -> Option<&Member<'a>> {
        self.entries.iter().find(|entry| entry.name == host)
    }

    /// Returns the text with `new` in place of `part`, a part of it.
    fn replaced(&self, part: &str, new: &str) -> Zeroizing<String> {
        let start = part.as_ptr() as usize - self.text.as_ptr() as usize;
        let (before, after) = (&self.text[..start], &self.text[start + part.len()..]);
        joined(&[before, new, after])
    }

    /// Returns the text with a member after the last one of `object`, whose members are indented `depth` times more than the
    /// file.
    fn appended(
        &self,
        style: &Style,
        depth: usize,
        object: &str,
        members: &[Member<'_>],
        (name, value): (String, Zeroizing<String>),
    ) -> Zeroizing<String> {
        let Some(last) = members.last() else {
            return self.replaced(object, &style.object(depth, &[(name, value)]));
        };
        let break_ = style.line(depth + 1);
        let member = [last.value, ",", &break_, &name, style.colon(), &value];
        self.replaced(last.value, &joined(&member))
    }
}

/// How a file is laid out.
struct Style {
    /// The indentation of a level; `None` for a file in one line.
    indent: Option<String>,
}

impl Style {
    /// Returns the layout of a file. Docker indents with tabs.
    fn of(config: &ClientConfig<'_>) -> Self {
        let text = config.text;
        let Some(first) = config.members.first() else {
            return Self {
                indent: Some("\t".to_owned()),
            };
        };
        let start = first.raw_name.as_ptr() as usize - text.as_ptr() as usize;
        let line = text[..start].rsplit_once('\n');
        let indent = line.map(|(_, indent)| indent.to_owned());
        Self { indent }
    }

    fn line(&self, depth: usize) -> String {
        match &self.indent {
            Some(indent) => format!("\n{}", indent.repeat(depth)),
            None => String::new(),
        }
    }

    fn colon(&self) -> &'static str {
        if self.indent.is_some() { ": " } else { ":" }
    }

    /// Returns an object whose members are indented `depth + 1` times.
    fn object(&self, depth: usize, members: &[(String, Zeroizing<String>)]) -> Zeroizing<String> {
        if members.is_empty() {
            return Zeroizing::new("{}".to_owned());
        }
        let (line, end) = (self.line(depth + 1), self.line(depth));
        let mut parts = vec!["{"];
        for (index, (name, value)) in members.iter().enumerate() {
            if index > 0 {
                parts.push(",");
            }
            parts.extend([line.as_str(), name.as_str(), self.colon(), value.as_str()]);
        }
        parts.extend([end.as_str(), "}"]);
        joined(&parts)
    }

    /// Returns an entry with the fields of another one that hold no credential.
    fn entry(&self, kept: &[Member<'_>], auth: Option<&SecretString>) -> Zeroizing<String> {
        let mut members: Vec<(String, Zeroizing<String>)> = Vec::new();
        let mut auth = auth.map(|auth| {
            // Base64 contains no character that JSON escapes.
            let value = joined(&["\"", auth.expose_secret(), "\""]);
            (quoted("auth"), value)
        });
        for field in kept {
            if field.name.eq_ignore_ascii_case("auth") {
                members.extend(auth.take());
            } else if !is_secret(field) {
                let value = Zeroizing::new(field.value.to_owned());
                members.push((field.raw_name.to_owned(), value));
            }
        }
        if let Some(auth) = auth {
            members.insert(0, auth);
        }
        self.object(2, &members)
    }
}

/// Joins parts in a buffer that never grows: growing leaves copies behind.
fn joined(parts: &[&str]) -> Zeroizing<String> {
    let size = parts.iter().map(|part| part.len()).sum();
    let mut text = Zeroizing::new(String::with_capacity(size));
    parts.iter().for_each(|part| text.push_str(part));
    text
}

/// Returns a host or a name of a field as JSON. The host of an entry in a Secret may contain any character.
fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

/// Go ignores the case of the names of fields.
fn is_named(member: &Member<'_>, name: &str) -> bool {
    member.name.eq_ignore_ascii_case(name)
}

fn is_secret(field: &Member<'_>) -> bool {
    SECRETS.iter().any(|name| is_named(field, name))
}

/// Returns the value of a field that is neither missing nor `null`.
fn field<'a>(members: &[Member<'a>], name: &str) -> Option<&'a str> {
    let member = members.iter().find(|member| is_named(member, name))?;
    (member.value != "null").then_some(member.value)
}

fn objects<'a>(value: Option<&'a str>, name: &str) -> Result<Vec<Member<'a>>, ClientConfigError> {
    match value {
        None | Some("null") => Ok(Vec::new()),
        Some(value) => json_object::members(value).map_err(|_| ClientConfigError::Type {
            name: name.to_owned(),
            expected: "an object",
        }),
    }
}

fn string(value: &str, name: &str) -> Result<Zeroizing<String>, ClientConfigError> {
    json_object::string(value).ok_or_else(|| ClientConfigError::Type {
        name: name.to_owned(),
        expected: "a string",
    })
}

/// Fails if two members have the same name, ignoring the case if `any_case`.
fn require_unique(members: &[Member<'_>], any_case: bool) -> Result<(), ClientConfigError> {
    for (index, member) in members.iter().enumerate() {
        let is_same = |other: &Member<'_>| {
            other.name == member.name || any_case && other.name.eq_ignore_ascii_case(&member.name)
        };
        if members[..index].iter().any(is_same) {
            return Err(ClientConfigError::Duplicate(member.name.to_string()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

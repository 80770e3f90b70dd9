//! Decodes a Docker config as kubelet does: Go's `encoding/json` with the rules of `DockerConfigEntry`.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::secret_format::SecretFormat;
use crate::registry::Login;

/// Go's decoders ignore the unused bits of the last character.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
const PADDED: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    CONFIG.with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);
const UNPADDED: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    CONFIG.with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The entries of one Secret, each key once.
#[derive(Default)]
pub(super) struct Entries(Vec<(String, Login)>);

/// The members of an object in their order, repeated ones included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl Entries {
    /// Returns the entries; `None` if kubelet cannot decode the data.
    pub(super) fn parse(format: SecretFormat, data: &[u8]) -> Option<Self> {
        // Go replaces invalid UTF-8.
        let text = String::from_utf8_lossy(data);
        let text = Zeroizing::new(text.into_owned());
        let mut entries = Self::default();
        let top = members(&text)?;
        if format == SecretFormat::Dockercfg {
            entries.add(top)?;
            return Some(entries);
        }
        for (name, value) in top {
            if is_field(&name, "auths") {
                match value.get() {
                    "null" => entries.0.clear(),
                    object => entries.add(members(object)?)?,
                }
            } else if is_field(&name, "HttpHeaders") {
                for (_, header) in members(value.get())? {
                    optional_string(header)?;
                }
            }
        }
        Some(entries)
    }

    pub(super) fn into_logins(self) -> Vec<(String, Login)> {
        self.0
    }

    fn add(&mut self, found: Vec<(String, &RawValue)>) -> Option<()> {
        for (name, value) in found {
            let login = login(value)?;
            // The last of several equal keys counts.
            self.0.retain(|(known, _)| *known != name);
            self.0.push((name, login));
        }
        Some(())
    }
}

/// Returns the user and password of an entry. `auth` precedes `username` and `password`.
fn login(entry: &RawValue) -> Option<Login> {
    let mut username = String::new();
    let mut password = Zeroizing::new(String::new());
    let mut auth = Zeroizing::new(String::new());
    for (name, value) in members(entry.get())? {
        let is = |field: &str| is_field(&name, field);
        if !(is("username") || is("password") || is("email") || is("auth")) {
            continue;
        }
        // null leaves the value as it is.
        let Some(text) = optional_string(value)? else {
            continue;
        };
        if is("username") {
            text.as_str().clone_into(&mut username);
        } else if is("password") {
            password = text;
        } else if is("auth") {
            auth = text;
        }
    }
    if auth.is_empty() {
        return Some(Login::new(username, SecretString::from(password.as_str())));
    }
    let has_padding = auth.trim().ends_with('=');
    let engine = if has_padding { PADDED } else { UNPADDED };
    let lines: Zeroizing<String> = Zeroizing::new(
        auth.chars()
            .filter(|it| !matches!(it, '\r' | '\n'))
            .collect(),
    );
    let decoded = Zeroizing::new(engine.decode(lines.as_bytes()).ok()?);
    let text = Zeroizing::new(String::from_utf8_lossy(&decoded).into_owned());
    let (username, password) = text.split_once(':')?;
    Some(Login::new(username, SecretString::from(password)))
}

/// Returns the members of an object, none for `null`.
fn members(text: &str) -> Option<Vec<(String, &RawValue)>> {
    if text.trim() == "null" {
        return Some(Vec::new());
    }
    serde_json::from_str(text)
        .ok()
        .map(|Members(members)| members)
}

/// Returns a string, or `None` for null.
fn optional_string(value: &RawValue) -> Option<Option<Zeroizing<String>>> {
    serde_json::from_str(value.get()).ok()
}

/// Compares names of fields without case, as Go does: also the long s and the sign of kelvin.
fn is_field(name: &str, field: &str) -> bool {
    let fold = |it: char| match it {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    name.chars().map(fold).eq(field.chars().map(fold))
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

//! From a file's bytes to a kubeconfig.
//!
//! Tolerant as kubectl is: unknown fields, entries nobody uses, repeated keys (the last counts), anchors, JSON, CRLF and
//! byte order marks are fine. No error shows any of the file's text: it holds credentials.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::base64_data::{decode, is_base64};
use super::documents;
use super::kubeconfig::{File, Named, NamedEntry};
use super::yaml_as_json::YamlAsJson;
use crate::domain::escape_control::quoted;

/// Why a file is no kubeconfig. Holds nothing of the file but names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Not YAML, with the line of the trouble.
    Syntax(u64),
    /// YAML with something else where a kubeconfig has text or a list, with the line where that is known.
    WrongType(Option<u64>),
    /// Bytes that are not valid UTF-8, or UTF-16 after a byte order mark.
    NotText,
    /// UTF-16 that ends in half a character.
    IncompleteUtf16,
    /// A `kind` or `apiVersion` of something else.
    OtherKind { kind: String, version: String },
    /// Two entries of one name, of what client-go calls the list.
    Repeated(&'static str, String),
    /// Data that is not base64, at this byte.
    NotBase64(usize),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(line) => write!(f, "yaml: line {line}: not valid YAML"),
            Self::WrongType(line) => {
                let at = line.map_or_else(String::new, |line| format!("line {line}: "));
                write!(f, "yaml: {at}a value is not of the type that belongs there")
            }
            Self::NotText => f.write_str("yaml: invalid leading UTF-8 octet"),
            // Go's words (go-yaml `readerc.go`).
            Self::IncompleteUtf16 => f.write_str("yaml: incomplete UTF-16 character"),
            Self::OtherKind { kind, version } => write!(
                f,
                "no kind {} is registered for version {} in a kubeconfig",
                quoted(kind),
                quoted(version)
            ),
            Self::Repeated(kind, name) => {
                let becomes = match *kind {
                    EXTENSION => "runtime.Object".to_owned(),
                    kind => format!("*api.{kind}"),
                };
                write!(
                    f,
                    "error converting *[]Named{kind} into *map[string]{becomes}: duplicate name {} in list",
                    quoted(name)
                )
            }
            Self::NotBase64(byte) => write!(f, "illegal base64 data at input byte {byte}"),
        }
    }
}

impl File {
    /// Reads a file's bytes. An empty one, or one of comments only, is a kubeconfig without entries.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let text = text_of(bytes)?;
        if documents::behind_comments(&text).is_empty() {
            return Ok(Self::default());
        }
        let file = parse(documents::first(&text).0)?;
        file.check()?;
        Ok(file)
    }

    fn check(&self) -> Result<(), Unreadable> {
        let kind = self.kind.as_deref().unwrap_or_default();
        let version = self.api_version.as_deref().unwrap_or_default();
        if !matches!(kind, "" | "Config") || !matches!(version, "" | "v1") {
            let or = |given: &str, default: &str| {
                if given.is_empty() { default } else { given }.to_owned()
            };
            return Err(Unreadable::OtherKind {
                kind: or(kind, "Config"),
                version: or(version, "v1"),
            });
        }
        unique("Cluster", names(&self.clusters))?;
        unique("AuthInfo", names(&self.users))?;
        unique("Context", names(&self.contexts))?;
        self.check_extensions()?;
        let data = |data: &Option<String>| match data {
            Some(data) if !is_base64(data) => decode(data).map(drop),
            _ => Ok(()),
        };
        for cluster in entries(&self.clusters) {
            data(&cluster.certificate_authority_data)?;
        }
        for user in entries(&self.users) {
            data(&user.client_certificate_data)?;
            data(&user.client_key_data)?;
        }
        Ok(())
    }

    fn check_extensions(&self) -> Result<(), Unreadable> {
        let preferences = self.preferences.iter().map(|it| &it.extensions);
        let contexts = entries(&self.contexts).map(|it| &it.extensions);
        let clusters = entries(&self.clusters).map(|it| &it.extensions);
        let users = entries(&self.users).map(|it| &it.extensions);
        let entries = contexts.chain(clusters).chain(users);
        for list in preferences
            .chain([&self.extensions])
            .chain(entries)
            .flatten()
        {
            let mut full = HashSet::new();
            for extension in list {
                let extension = extension.as_ref();
                let name = extension
                    .and_then(|it| it.name.as_deref())
                    .unwrap_or_default();
                // One that holds nothing makes room for the next of its name.
                if full.contains(name) {
                    return Err(Unreadable::Repeated(EXTENSION, name.to_owned()));
                }
                if extension.is_some_and(|it| it.extension.is_some()) {
                    full.insert(name);
                }
            }
        }
        Ok(())
    }
}

/// As client-go calls a list of somebody else's data.
const EXTENSION: &str = "Extension";

fn entries<T: NamedEntry>(named: &Named<T>) -> impl Iterator<Item = &T::Entry> {
    named.iter().flatten().flatten().filter_map(T::entry)
}

/// The names in a list, of `null` the empty one.
fn names<T: NamedEntry>(named: &Named<T>) -> impl Iterator<Item = &str> {
    let named = named.iter().flatten();
    named.map(|it| it.as_ref().map(T::name).unwrap_or_default())
}

fn unique<'a>(kind: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), Unreadable> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Unreadable::Repeated(kind, name.to_owned()));
        }
    }
    Ok(())
}

/// UTF-8 with or without a byte order mark, or UTF-16 with one, as Go's YAML reads it.
pub(super) fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    let wide = |read: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let (pairs, []) = bytes.as_chunks() else {
            return Err(Unreadable::IncompleteUtf16);
        };
        let units: Vec<u16> = pairs.iter().copied().map(read).collect();
        String::from_utf16(&units)
            .map(Cow::Owned)
            .map_err(|_| Unreadable::NotText)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => wide(u16::from_be_bytes, rest),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => std::str::from_utf8(rest)
            .map(Cow::Borrowed)
            .map_err(|_| Unreadable::NotText),
    }
}

pub(super) fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        // A bare number or `true` is no text, as in the JSON that kubectl makes of the file.
        no_schema: true,
        // Which may be keys.
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_events: 50_000_000,
            max_nodes: 25_000_000,
        },
    }
}

/// One document, by way of JSON, as by kubectl: only so are a key that is a number, and `true` in quotes, what they are
/// to it.
fn parse(document: &str) -> Result<File, Unreadable> {
    let line = |error: serde_saphyr::Error| error.location().map(|it| it.line());
    if let Some(line) = documents::wrong_directive(document) {
        return Err(Unreadable::Syntax(line));
    }
    let yaml_as_json = match first_json(document) {
        Some(json) => Ok(json),
        None => serde_saphyr::from_str_with_options::<YamlAsJson>(document, yaml_options()),
    };
    let YamlAsJson(value) =
        yaml_as_json.map_err(|error| {
            match serde_saphyr::from_str_with_options::<IgnoredAny>(document, yaml_options()) {
                Err(syntax) => Unreadable::Syntax(line(syntax).unwrap_or(1)),
                Ok(_) => Unreadable::WrongType(line(error)),
            }
        })?;
    if !has_list_for_a_mapping(&value)
        && let Ok(file) = serde_json::from_value::<Option<File>>(value)
    {
        return Ok(file.unwrap_or_default());
    }
    // JSON knows no lines.
    let typed = serde_saphyr::from_str_with_options::<Option<File>>(document, yaml_options());
    Err(Unreadable::WrongType(typed.err().and_then(line)))
}

/// What is JSON already is read sooner so. Whatever stands behind it does not belong to the document any more.
fn first_json(document: &str) -> Option<YamlAsJson> {
    let said = documents::behind_comments(document);
    if !said.trim_ascii_start().starts_with('{') {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(said).into_iter::<YamlAsJson>();
    let json = values.next()?.ok()?;
    // A mapping may be a key in YAML.
    let behind = said[values.byte_offset()..].trim_ascii_start();
    (!behind.starts_with(':')).then_some(json)
}

/// Whether a list stands where serde would take it for the fields of a mapping, in their order.
fn has_list_for_a_mapping(file: &Value) -> bool {
    fn items(list: &Value) -> &[Value] {
        list.as_array().map_or(&[], Vec::as_slice)
    }
    let lists = [
        ("clusters", "cluster"),
        ("contexts", "context"),
        ("users", "user"),
    ];
    let has_one =
        |it: &Value| it.is_array() || items(&it["extensions"]).iter().any(Value::is_array);
    has_one(file)
        || has_one(&file["preferences"])
        || lists.iter().any(|(list, entry)| {
            items(&file[list]).iter().any(|item| {
                let entry = &item[entry];
                let exec = &entry["exec"];
                has_one(entry)
                    || [item, exec, &entry["auth-provider"]]
                        .iter()
                        .any(|it| it.is_array())
                    || items(&exec["env"]).iter().any(Value::is_array)
            })
        })
}

#[cfg(test)]
mod tests;

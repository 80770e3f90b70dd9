//! Parses the bytes of a kubeconfig file.
//!
//! As tolerant as kubectl: unknown fields, unused entries, repeated keys (the last one counts), anchors, JSON, CRLF and byte
//! order marks are accepted. Error messages quote only names, because the file holds credentials.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::base64_data::{Base64Error, decode, is_base64};
use super::documents;
use super::kubeconfig::{File, Named, NamedEntry};
use super::yaml_as_json::YamlAsJson;
use crate::escape_control::quoted;

/// The reason why a file is not a valid kubeconfig. Contains no text of the file except names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ParseError {
    /// Invalid YAML at this line.
    #[error("yaml: line {0}: not valid YAML")]
    Syntax(u64),
    /// A value of the wrong type at this line, if the line is known.
    #[error("yaml: {}a value is not of the type that belongs there", at_line(*.0))]
    WrongType(Option<u64>),
    /// Bytes that are not valid UTF-8, or UTF-16 after a byte order mark.
    #[error("yaml: invalid leading UTF-8 octet")]
    NotText,
    /// UTF-16 with an odd number of bytes. The message is go-yaml's (`readerc.go`).
    #[error("yaml: incomplete UTF-16 character")]
    IncompleteUtf16,
    /// A `kind` or `apiVersion` that is not a kubeconfig's.
    #[error(
        "no kind {} is registered for version {} in a kubeconfig",
        quoted(kind),
        quoted(version)
    )]
    OtherKind { kind: String, version: String },
    /// client-go's name of a list in which this name occurs twice.
    #[error(
        "error converting *[]Named{0} into *map[string]{target}: duplicate name {name} in list",
        target = map_target(.0),
        name = quoted(.1)
    )]
    DuplicateName(&'static str, String),
    /// Invalid base64 in a `…-data` field.
    #[error(transparent)]
    NotBase64(#[from] Base64Error),
}

fn at_line(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!("line {line}: "))
}

fn map_target(kind: &str) -> String {
    match kind {
        EXTENSION => "runtime.Object".to_owned(),
        kind => format!("*api.{kind}"),
    }
}

impl File {
    /// Parses a file. An empty file, or one with comments only, is a kubeconfig without entries.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let text = text_of(bytes)?;
        if documents::skip_comments(&text).is_empty() {
            return Ok(Self::default());
        }
        let file = parse_document(documents::first(&text).0)?;
        file.check()?;
        Ok(file)
    }

    fn check(&self) -> Result<(), ParseError> {
        let kind = self.kind.as_deref().unwrap_or_default();
        let version = self.api_version.as_deref().unwrap_or_default();
        if !matches!(kind, "" | "Config") || !matches!(version, "" | "v1") {
            let or = |given: &str, default: &str| {
                if given.is_empty() { default } else { given }.to_owned()
            };
            return Err(ParseError::OtherKind {
                kind: or(kind, "Config"),
                version: or(version, "v1"),
            });
        }
        check_unique("Cluster", names(&self.clusters))?;
        check_unique("AuthInfo", names(&self.users))?;
        check_unique("Context", names(&self.contexts))?;
        self.check_extensions()?;
        let check_base64 = |data: &Option<String>| match data {
            Some(data) if !is_base64(data) => decode(data).map(drop).map_err(ParseError::from),
            _ => Ok(()),
        };
        for cluster in entries(&self.clusters) {
            check_base64(&cluster.certificate_authority_data)?;
        }
        for user in entries(&self.users) {
            check_base64(&user.client_certificate_data)?;
            check_base64(&user.client_key_data)?;
        }
        Ok(())
    }

    fn check_extensions(&self) -> Result<(), ParseError> {
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
            let mut non_empty = HashSet::new();
            for extension in list {
                let extension = extension.as_ref();
                let name = extension
                    .and_then(|it| it.name.as_deref())
                    .unwrap_or_default();
                // client-go accepts a repeated name if the earlier extensions of that name are empty.
                if non_empty.contains(name) {
                    return Err(ParseError::DuplicateName(EXTENSION, name.to_owned()));
                }
                if extension.is_some_and(|it| it.extension.is_some()) {
                    non_empty.insert(name);
                }
            }
        }
        Ok(())
    }
}

/// client-go's name of a list of extensions.
const EXTENSION: &str = "Extension";

fn entries<T: NamedEntry>(named: &Named<T>) -> impl Iterator<Item = &T::Entry> {
    named.iter().flatten().flatten().filter_map(T::entry)
}

/// Returns the names in a list; the name of `null` is empty.
fn names<T: NamedEntry>(named: &Named<T>) -> impl Iterator<Item = &str> {
    let named = named.iter().flatten();
    named.map(|it| it.as_ref().map(T::name).unwrap_or_default())
}

fn check_unique<'a>(
    kind: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), ParseError> {
    let mut unique = HashSet::new();
    for name in names {
        if !unique.insert(name) {
            return Err(ParseError::DuplicateName(kind, name.to_owned()));
        }
    }
    Ok(())
}

/// Decodes UTF-8 with or without a byte order mark, or UTF-16 with one, like Go's YAML parser.
///
/// # Errors
/// The bytes are not valid text of that encoding.
pub(super) fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, ParseError> {
    let utf16 = |read: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let (pairs, []) = bytes.as_chunks() else {
            return Err(ParseError::IncompleteUtf16);
        };
        let units: Vec<u16> = pairs.iter().copied().map(read).collect();
        String::from_utf16(&units)
            .map(Cow::Owned)
            .map_err(|_| ParseError::NotText)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => utf16(u16::from_be_bytes, rest),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => std::str::from_utf8(rest)
            .map(Cow::Borrowed)
            .map_err(|_| ParseError::NotText),
    }
}

/// Returns the parser options under which YAML is read as kubectl reads it.
pub(super) fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        // An unquoted number or `true` is not a string, as in the JSON to which kubectl converts the file.
        no_schema: true,
        // Infinity and NaN may be keys.
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_events: 50_000_000,
            max_nodes: 25_000_000,
        },
    }
}

/// Parses one document. Like kubectl, converts it to JSON first: this decides how keys that are numbers and quoted values
/// are read.
fn parse_document(document: &str) -> Result<File, ParseError> {
    let line = |error: serde_saphyr::Error| error.location().map(|it| it.line());
    if let Some(line) = documents::wrong_directive(document) {
        return Err(ParseError::Syntax(line));
    }
    let yaml_as_json = match first_json(document) {
        Some(json) => Ok(json),
        None => serde_saphyr::from_str_with_options::<YamlAsJson>(document, yaml_options()),
    };
    let YamlAsJson(value) =
        yaml_as_json.map_err(|error| {
            match serde_saphyr::from_str_with_options::<IgnoredAny>(document, yaml_options()) {
                Err(syntax) => ParseError::Syntax(line(syntax).unwrap_or(1)),
                Ok(_) => ParseError::WrongType(line(error)),
            }
        })?;
    if !has_list_for_a_mapping(&value)
        && let Ok(file) = serde_json::from_value::<Option<File>>(value)
    {
        return Ok(file.unwrap_or_default());
    }
    // The JSON value has no line numbers: parses the YAML again to find the line of the error.
    let typed = serde_saphyr::from_str_with_options::<Option<File>>(document, yaml_options());
    Err(ParseError::WrongType(typed.err().and_then(line)))
}

/// Parses a document that is JSON, which is faster than parsing YAML. Text after the JSON value is ignored, as by kubectl.
fn first_json(document: &str) -> Option<YamlAsJson> {
    let content = documents::skip_comments(document);
    if !content.trim_ascii_start().starts_with('{') {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(content).into_iter::<YamlAsJson>();
    let json = values.next()?.ok()?;
    // In YAML the mapping may be the key of another mapping.
    let rest = content[values.byte_offset()..].trim_ascii_start();
    (!rest.starts_with(':')).then_some(json)
}

/// Returns whether a list occurs in place of a mapping. serde would accept it as the fields of a struct, in their order.
fn has_list_for_a_mapping(file: &Value) -> bool {
    fn items(list: &Value) -> &[Value] {
        list.as_array().map_or(&[], Vec::as_slice)
    }
    let lists = [
        ("clusters", "cluster"),
        ("contexts", "context"),
        ("users", "user"),
    ];
    let is_list =
        |it: &Value| it.is_array() || items(&it["extensions"]).iter().any(Value::is_array);
    is_list(file)
        || is_list(&file["preferences"])
        || lists.iter().any(|(list, entry)| {
            items(&file[list]).iter().any(|item| {
                let entry = &item[entry];
                let exec = &entry["exec"];
                is_list(entry)
                    || [item, exec, &entry["auth-provider"]]
                        .iter()
                        .any(|it| it.is_array())
                    || items(&exec["env"]).iter().any(Value::is_array)
            })
        })
}

#[cfg(test)]
mod tests;

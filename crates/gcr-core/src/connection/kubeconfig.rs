//! One kubeconfig file as data: what client-go's `clientcmd/api/v1` types hold, and no more.
//!
//! Tolerant as kubectl is: unknown fields, entries nobody uses, repeated keys (the last counts), anchors, JSON, CRLF and
//! byte order marks are fine, and everything may be absent. No error shows any of the file's text: it holds credentials.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::base64_data::{decode, is_base64};
use super::documents;
use super::plain_yaml;
use super::untyped::Untyped;
use crate::domain::printable::quoted;

/// A whole file.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct File {
    #[serde(rename = "apiVersion")]
    api_version: Option<String>,
    kind: Option<String>,
    pub(super) current_context: Option<String>,
    pub(super) contexts: Named<NamedContext>,
    pub(super) clusters: Named<NamedCluster>,
    pub(super) users: Named<NamedUser>,
}

/// A list of named entries, in which anything may be missing.
pub(super) type Named<T> = Option<Vec<Option<T>>>;

/// An entry and the name its list has for it.
pub(super) trait NamedEntry {
    /// What is named.
    type Entry: Clone + Default;
    /// The name.
    fn name(&self) -> &str;
    /// What is named, where there is something.
    fn entry(&self) -> Option<&Self::Entry>;
}

macro_rules! named {
    ($($named:ident, $field:ident: $entry:ident;)*) => {$(
        /// An element of the list of its kind.
        #[derive(Default, Deserialize)]
        #[serde(default)]
        pub(super) struct $named {
            name: Option<String>,
            $field: Option<$entry>,
        }

        impl NamedEntry for $named {
            type Entry = $entry;
            fn name(&self) -> &str {
                self.name.as_deref().unwrap_or_default()
            }
            fn entry(&self) -> Option<&$entry> {
                self.$field.as_ref()
            }
        }
    )*};
}

named! {
    NamedContext, context: Context;
    NamedCluster, cluster: Cluster;
    NamedUser, user: User;
}

/// Which cluster, as whom, where.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Context {
    pub(super) cluster: Option<String>,
    pub(super) user: Option<String>,
    pub(super) namespace: Option<String>,
}

/// How to reach a cluster and know it.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Cluster {
    pub(super) server: Option<String>,
    pub(super) tls_server_name: Option<String>,
    pub(super) insecure_skip_tls_verify: Option<bool>,
    pub(super) certificate_authority: Option<String>,
    pub(super) certificate_authority_data: Option<String>,
    pub(super) proxy_url: Option<String>,
    pub(super) disable_compression: Option<bool>,
    pub(super) extensions: Option<Vec<Option<Extension>>>,
}

/// Somebody else's data about a cluster.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Extension {
    pub(super) name: Option<String>,
    pub(super) extension: Option<Value>,
}

/// Who we are, for a cluster.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct User {
    pub(super) client_certificate: Option<String>,
    pub(super) client_certificate_data: Option<String>,
    pub(super) client_key: Option<String>,
    pub(super) client_key_data: Option<String>,
    pub(super) token: Option<String>,
    #[serde(rename = "tokenFile")]
    pub(super) token_file: Option<String>,
    #[serde(rename = "as")]
    pub(super) impersonate: Option<String>,
    #[serde(rename = "as-uid")]
    pub(super) impersonate_uid: Option<String>,
    #[serde(rename = "as-groups", deserialize_with = "texts")]
    pub(super) impersonate_groups: Option<Vec<String>>,
    #[serde(rename = "as-user-extra", deserialize_with = "text_lists")]
    pub(super) impersonate_user_extra: Option<TextLists>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) auth_provider: Option<AuthProvider>,
    pub(super) exec: Option<Exec>,
}

/// A list of texts, in which nothing is an empty one.
fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    Option::<Texts>::deserialize(from).map(|texts| texts.map(|texts| texts.0))
}

/// Such lists by key.
fn text_lists<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TextLists>, D::Error> {
    let lists = Option::<BTreeMap<String, Option<Texts>>>::deserialize(from)?;
    let list = |(key, texts): (_, Option<Texts>)| (key, texts.map(|texts| texts.0));
    Ok(lists.map(|lists| lists.into_iter().map(list).collect()))
}

type TextLists = BTreeMap<String, Option<Vec<String>>>;

struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let texts = Vec::<Option<String>>::deserialize(from)?;
        Ok(Self(
            texts.into_iter().map(Option::unwrap_or_default).collect(),
        ))
    }
}

/// One of client-go's built-in ways to log in, of which only `oidc` is left.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct AuthProvider {
    pub(super) name: Option<String>,
    pub(super) config: Option<BTreeMap<String, Option<String>>>,
}

/// A credential plugin.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Exec {
    pub(super) command: Option<String>,
    pub(super) args: Option<Vec<Option<String>>>,
    pub(super) env: Option<Vec<Option<Variable>>>,
    pub(super) api_version: Option<String>,
    pub(super) install_hint: Option<String>,
    pub(super) provide_cluster_info: Option<bool>,
    pub(super) interactive_mode: Option<String>,
}

/// A variable of a credential plugin's environment.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Variable {
    pub(super) name: Option<String>,
    pub(super) value: Option<String>,
}

/// Why a file is no kubeconfig. Holds nothing of the file but names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Not YAML, with the line of the trouble.
    Syntax(u64),
    /// YAML with something else where a kubeconfig has text or a list, with the line where that is known.
    Shape(Option<u64>),
    /// Bytes that are no text.
    NotText,
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
            Self::Shape(line) => {
                let at = line.map_or_else(String::new, |line| format!("line {line}: "));
                write!(f, "yaml: {at}a value is not of the type that belongs there")
            }
            Self::NotText => f.write_str("yaml: invalid leading UTF-8 octet"),
            Self::OtherKind { kind, version } => write!(
                f,
                "no kind {} is registered for version {} in a kubeconfig",
                quoted(kind),
                quoted(version)
            ),
            Self::Repeated(kind, name) => write!(
                f,
                "error converting *[]Named{kind} into *map[string]*api.{kind}: duplicate name {} in list",
                quoted(name)
            ),
            Self::NotBase64(byte) => write!(f, "illegal base64 data at input byte {byte}"),
        }
    }
}

impl File {
    /// Reads a file's bytes. An empty one, or one of comments only, is a kubeconfig without entries.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let text = text_of(bytes)?;
        let bare = |line: &str| {
            let line = line.trim();
            line.is_empty() || line.starts_with('#')
        };
        if text.split(['\n', '\r']).all(bare) {
            return Ok(Self::default());
        }
        let file = match plain_yaml::read(&text) {
            Some(file) => file,
            None => parse(documents::first(&text).0)?,
        };
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
        unique("Cluster", &self.clusters)?;
        unique("AuthInfo", &self.users)?;
        unique("Context", &self.contexts)?;
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
}

fn entries<T: NamedEntry>(named: &Named<T>) -> impl Iterator<Item = &T::Entry> {
    named.iter().flatten().flatten().filter_map(T::entry)
}

fn unique<T: NamedEntry>(kind: &'static str, named: &Named<T>) -> Result<(), Unreadable> {
    let mut seen = HashSet::new();
    for named in named.iter().flatten() {
        let name = named.as_ref().map(T::name).unwrap_or_default();
        if !seen.insert(name) {
            return Err(Unreadable::Repeated(kind, name.to_owned()));
        }
    }
    Ok(())
}

/// UTF-8 with or without a byte order mark, or UTF-16 with one, as Go's YAML reads it.
pub(super) fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    let wide = |read: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| read([pair[0], pair[1]]))
            .collect();
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
    // What is JSON already is read sooner so.
    let untyped = match serde_json::from_str::<Untyped>(document) {
        Ok(json) => Ok(json),
        Err(_) => serde_saphyr::from_str_with_options::<Untyped>(document, yaml_options()),
    };
    let Untyped(value) = untyped.map_err(|error| {
        match serde_saphyr::from_str_with_options::<IgnoredAny>(document, yaml_options()) {
            Err(syntax) => Unreadable::Syntax(line(syntax).unwrap_or(1)),
            Ok(_) => Unreadable::Shape(line(error)),
        }
    })?;
    if !has_list_for_a_mapping(&value)
        && let Ok(file) = serde_json::from_value::<Option<File>>(value)
    {
        return Ok(file.unwrap_or_default());
    }
    // JSON knows no lines.
    let typed = serde_saphyr::from_str_with_options::<Option<File>>(document, yaml_options());
    Err(Unreadable::Shape(typed.err().and_then(line)))
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
    file.is_array()
        || lists.iter().any(|(list, entry)| {
            items(&file[list]).iter().any(|item| {
                let entry = &item[entry];
                let exec = &entry["exec"];
                [item, entry, exec, &entry["auth-provider"]]
                    .iter()
                    .any(|it| it.is_array())
                    || items(&exec["env"]).iter().any(Value::is_array)
                    || items(&entry["extensions"]).iter().any(Value::is_array)
            })
        })
}

#[cfg(test)]
mod tests;

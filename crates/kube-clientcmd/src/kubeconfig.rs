//! Defines the data of a kubeconfig: the fields of client-go's `clientcmd/api/v1` types. Every field may be absent.
//!
//! [`super::kubeconfig_file`] parses a file into these types.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A kubeconfig file.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct File {
    #[serde(rename = "apiVersion")]
    pub(super) api_version: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) preferences: Option<Preferences>,
    pub(super) extensions: Extensions,
    pub(super) current_context: Option<String>,
    pub(super) contexts: Named<NamedContext>,
    pub(super) clusters: Named<NamedCluster>,
    pub(super) users: Named<NamedUser>,
}

/// The deprecated `preferences`. kubectl ignores the values but still checks their types.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Preferences {
    #[serde(rename = "colors")]
    _colors: Option<bool>,
    pub(super) extensions: Extensions,
}

/// A list of named entries. The list and each entry may be `null`.
pub(super) type Named<T> = Option<Vec<Option<T>>>;

/// An element of a [`Named`] list: a name and an entry.
pub(super) trait NamedEntry {
    /// The type of the entry.
    type Entry: Clone + Default;
    /// Returns the name; empty if it is absent.
    fn name(&self) -> &str;
    /// Returns the entry, if there is one.
    fn entry(&self) -> Option<&Self::Entry>;
}

macro_rules! named {
    ($($named:ident, $field:ident: $entry:ident;)*) => {$(
        /// A name with its entry.
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

/// A context: a cluster, a user and a default namespace.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Context {
    pub(super) cluster: Option<String>,
    pub(super) user: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) extensions: Extensions,
}

/// How to reach a cluster and verify its certificate.
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
    pub(super) extensions: Extensions,
}

/// Data of other programs.
pub(super) type Extensions = Option<Vec<Option<Extension>>>;

/// One named extension. An exec plugin may receive one of its cluster's extensions.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Extension {
    pub(super) name: Option<String>,
    pub(super) extension: Option<Value>,
}

/// A user's credentials, and the user to impersonate.
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
    #[serde(rename = "as-groups", deserialize_with = "strings")]
    pub(super) impersonate_groups: Option<Vec<String>>,
    #[serde(rename = "as-user-extra", deserialize_with = "string_lists")]
    pub(super) impersonate_user_extra: Option<StringLists>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) auth_provider: Option<AuthProvider>,
    pub(super) exec: Option<Exec>,
    pub(super) extensions: Extensions,
}

/// Deserializes a list of strings, in which `null` is an empty string.
fn strings<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    Option::<Strings>::deserialize(from).map(|strings| strings.map(|it| it.0))
}

/// Deserializes a map of lists of strings, in which `null` is an empty string.
fn string_lists<'de, D: Deserializer<'de>>(from: D) -> Result<Option<StringLists>, D::Error> {
    let lists = Option::<BTreeMap<String, Option<Strings>>>::deserialize(from)?;
    let list = |(key, strings): (_, Option<Strings>)| (key, strings.map(|it| it.0));
    Ok(lists.map(|lists| lists.into_iter().map(list).collect()))
}

type StringLists = BTreeMap<String, Option<Vec<String>>>;

struct Strings(Vec<String>);

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let strings = Vec::<Option<String>>::deserialize(from)?;
        Ok(Self(
            strings.into_iter().map(Option::unwrap_or_default).collect(),
        ))
    }
}

/// One of client-go's built-in auth providers, of which only `oidc` is left.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct AuthProvider {
    pub(super) name: Option<String>,
    pub(super) config: Option<BTreeMap<String, Option<String>>>,
}

/// The `ExecCredential` version for which `interactiveMode` is required.
pub(super) const EXEC_V1: &str = "client.authentication.k8s.io/v1";
/// The `ExecCredential` version for which `interactiveMode` is optional.
pub(super) const EXEC_V1BETA1: &str = "client.authentication.k8s.io/v1beta1";

/// The settings of an exec plugin.
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

/// An environment variable of an exec plugin.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Variable {
    pub(super) name: Option<String>,
    pub(super) value: Option<String>,
}

//! A kubeconfig as data: what client-go's `clientcmd/api/v1` types hold, and no more. Everything may be absent. How a file
//! becomes one is `kubeconfig_file`'s business.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A whole file.
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

/// What nobody reads any more; it has to be what it was all the same.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Preferences {
    #[serde(rename = "colors")]
    _colors: Option<bool>,
    pub(super) extensions: Extensions,
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
    pub(super) extensions: Extensions,
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
    pub(super) extensions: Extensions,
}

/// Somebody else's data.
pub(super) type Extensions = Option<Vec<Option<Extension>>>;

/// A piece of it. Of a cluster's, a credential plugin may be told.
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
    pub(super) extensions: Extensions,
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

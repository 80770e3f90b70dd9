//! Shares the credentials of exec plugins and `oidc` users between the connections of a run.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::cluster_info::ClusterInfo;
use super::credential_source::{CredentialSource, Credentials};
use super::exec_plugin::{ExecPlugin, UnsupportedVersion};
use super::exec_plugin_policy::Lookup;
use super::kubeconfig::Exec;

/// A kubeconfig file and the name of a user in it.
type OidcUser = (Option<PathBuf>, String);

/// The credentials of exec plugins and `oidc` users, so that each is used once for any number of contexts.
#[derive(Default)]
pub(super) struct CredentialCache {
    /// Held by the exec plugin that may prompt the user.
    terminal: Arc<tokio::sync::Mutex<()>>,
    exec_plugins: Mutex<Vec<CachedPlugin>>,
    oidc: Mutex<HashMap<OidcUser, Arc<Credentials>>>,
}

/// The settings of an exec plugin, the cluster information it receives, and its credentials.
struct CachedPlugin {
    exec: Exec,
    cluster: Option<ClusterInfo>,
    credentials: Arc<Credentials>,
}

impl CredentialCache {
    /// Returns the credentials of an exec plugin: the cached ones, or new ones from `source`.
    pub(super) fn exec_plugin(
        &self,
        exec: Exec,
        cluster: Option<ClusterInfo>,
        stdin_taken: bool,
        lookup: Lookup,
        source: impl FnOnce(Result<ExecPlugin, UnsupportedVersion>) -> CredentialSource,
    ) -> Arc<Credentials> {
        let mut plugins = self
            .exec_plugins
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let cached = plugins
            .iter()
            .find(|cached| cached.exec == exec && cached.cluster == cluster);
        if let Some(cached) = cached {
            return Arc::clone(&cached.credentials);
        }
        let plugin = ExecPlugin::new(
            exec.clone(),
            cluster.clone(),
            stdin_taken,
            lookup,
            Arc::clone(&self.terminal),
        );
        let credentials = Arc::new(Credentials::new(source(plugin)));
        plugins.push(CachedPlugin {
            exec,
            cluster,
            credentials: Arc::clone(&credentials),
        });
        credentials
    }

    /// Returns the credentials of an `oidc` user: the cached ones, or new ones from `source`. Some issuers accept a refresh
    /// token only once, so that two connections must not use it separately.
    pub(super) fn oidc(
        &self,
        file: Option<PathBuf>,
        user: &str,
        source: impl FnOnce() -> CredentialSource,
    ) -> Arc<Credentials> {
        let mut cached = self.oidc.lock().unwrap_or_else(PoisonError::into_inner);
        let credentials = cached
            .entry((file, user.to_owned()))
            .or_insert_with(|| Arc::new(Credentials::new(source())));
        Arc::clone(credentials)
    }
}

//! What several connections of one run have in common: a plugin's credential, an `oidc` user's, and the user's attention.
//!
//! Holds nothing of a cluster.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::cluster_info::ClusterInfo;
use super::credential::{CredentialSource, Credentials};
use super::exec_plugin::ExecPlugin;
use super::exec_plugin_policy::Lookup;
use super::kubeconfig::Exec;

/// The file of a user's entry, and the user's name there.
type Entry = (Option<PathBuf>, String);

/// ExecPlugins and `oidc` users, so that each is asked once, however many contexts name it.
#[derive(Default)]
pub(super) struct CredentialCache {
    terminal: Arc<tokio::sync::Mutex<()>>,
    plugins: Mutex<Vec<Known>>,
    oidc: Mutex<HashMap<Entry, Arc<Credentials>>>,
}

/// A plugin, what it is told, and the credential it gave.
struct Known {
    exec: Exec,
    cluster: Option<ClusterInfo>,
    credentials: Arc<Credentials>,
}

impl CredentialCache {
    /// The credentials of a plugin: those there are already, or new ones from `source`.
    pub(super) fn plugin(
        &self,
        exec: Exec,
        cluster: Option<ClusterInfo>,
        stdin_taken: bool,
        lookup: Lookup,
        source: impl FnOnce(Result<ExecPlugin, String>) -> CredentialSource,
    ) -> Arc<Credentials> {
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let same = plugins
            .iter()
            .find(|known| known.exec == exec && known.cluster == cluster);
        if let Some(known) = same {
            return Arc::clone(&known.credentials);
        }
        let plugin = ExecPlugin::new(
            exec.clone(),
            cluster.clone(),
            stdin_taken,
            lookup,
            Arc::clone(&self.terminal),
        );
        let credentials = Arc::new(Credentials::new(source(plugin)));
        plugins.push(Known {
            exec,
            cluster,
            credentials: Arc::clone(&credentials),
        });
        credentials
    }

    /// The credentials of an `oidc` user: those there are already, or new ones from `source`. A refresh token may be good
    /// for one use: two connections must not spend it both.
    pub(super) fn oidc(
        &self,
        file: Option<PathBuf>,
        user: &str,
        source: impl FnOnce() -> CredentialSource,
    ) -> Arc<Credentials> {
        let mut known = self.oidc.lock().unwrap_or_else(PoisonError::into_inner);
        let credentials = known
            .entry((file, user.to_owned()))
            .or_insert_with(|| Arc::new(Credentials::new(source())));
        Arc::clone(credentials)
    }
}

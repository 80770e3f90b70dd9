//! What several connections of one run have in common: a plugin's credential, and the user's attention.
//!
//! Holds nothing of a cluster.

use std::sync::{Arc, Mutex, PoisonError};

use super::credential::{Credentials, Source};
use super::kubeconfig::Exec;
use super::plugin::{ClusterInfo, Plugin};

/// Plugins that were made, so that each runs once, however many contexts name it.
#[derive(Default)]
pub(super) struct Shared {
    terminal: Arc<tokio::sync::Mutex<()>>,
    plugins: Mutex<Vec<Known>>,
}

/// A plugin, what it is told, and the credential it gave.
struct Known {
    exec: Exec,
    cluster: Option<ClusterInfo>,
    credentials: Arc<Credentials>,
}

impl Shared {
    /// The credentials of a plugin: those there are already, or new ones from `source`.
    pub(super) fn plugin(
        &self,
        exec: Exec,
        cluster: Option<ClusterInfo>,
        stdin_taken: bool,
        source: impl FnOnce(Result<Plugin, String>) -> Source,
    ) -> Arc<Credentials> {
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let same = plugins
            .iter()
            .find(|known| known.exec == exec && known.cluster == cluster);
        if let Some(known) = same {
            return Arc::clone(&known.credentials);
        }
        let plugin = Plugin::new(
            exec.clone(),
            cluster.clone(),
            stdin_taken,
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
}

//! What the commands share: the clusters and namespaces of a run, its signals, its output and its exit code.
//!
//! A command that works on namespaces implements [`NamespaceCommand`]; a command that only reads implements
//! [`Query`](crate::engine::Query) per cluster. A [`Session`] does the rest.

mod cluster_events;
mod cluster_query;
pub mod cluster_run;
mod confidential_connection;
pub mod delete;
pub mod describe;
pub mod list;
pub mod namespace_command;
mod namespace_lister;
pub mod pull_secret;
pub mod rbac;
pub mod refresh;
mod resolved_clusters;
mod restart_stuck;
pub mod session;
mod storage_order;

pub use cluster_events::ClusterEvents;
pub use cluster_run::{ClusterRun, reconcile_namespaces, register_namespaces};
pub use namespace_command::NamespaceCommand;
pub use namespace_lister::{listed_namespaces, selected_namespaces};
pub use pull_secret::PullSecretCommand;
pub use refresh::RefreshCommand;
pub use resolved_clusters::NamespaceSelection;
pub use session::{Notice, SelectedCluster, Session, show_progress};

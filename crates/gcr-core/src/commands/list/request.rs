//! The validated request of the user.

use crate::request::{OutputOptions, Scope};
use kube_clientcmd::ConnectionOptions;

/// The validated request of the user.
#[derive(Debug)]
pub struct ListRequest {
    /// How to reach the clusters.
    pub connection: ConnectionOptions,
    /// The clusters and namespaces to read.
    pub scope: Scope,
    /// The output options.
    pub output: OutputOptions,
    /// Whether the table begins with its header.
    pub headers: bool,
    /// The column to sort by, as an index of [`COLUMNS`](super::COLUMNS).
    pub sort_by: Option<usize>,
    /// The Secrets to list.
    pub filter: ListFilter,
}

/// The Secrets to list.
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    /// The label selector that they must match, in Kubernetes syntax; empty matches all.
    pub labels: String,
    /// Whether to add the pull Secrets without the label of this plugin.
    pub unmanaged: bool,
}

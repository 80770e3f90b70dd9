//! Names the targets of a run.

use std::fmt;
use std::sync::Arc;

use crate::domain::names::Namespace;

/// The name of a target, for the ledger and for reports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetName {
    /// The cluster's kubeconfig context, if it has one.
    pub context: Option<Arc<str>>,
    /// The part of the world that the target covers.
    pub scope: TargetScope,
}

/// What a target covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetScope {
    /// A Google project, by its id. Comes first: a project is set up before the clusters that use it.
    Project(Arc<str>),
    /// A whole cluster.
    Cluster,
    /// One namespace of a cluster.
    Namespace(Namespace),
    /// A local file, by its path with control characters escaped.
    File(Arc<str>),
}

impl TargetName {
    /// Returns the namespace, if the target is one.
    pub fn namespace(&self) -> Option<&Namespace> {
        match &self.scope {
            TargetScope::Namespace(namespace) => Some(namespace),
            _ => None,
        }
    }

    /// Returns the id of the Google project, if the target is one.
    pub fn project(&self) -> Option<&str> {
        match &self.scope {
            TargetScope::Project(project) => Some(project),
            _ => None,
        }
    }
}

impl fmt::Display for TargetName {
    /// Writes `namespace/NAME`, `project/ID`, `cluster/CONTEXT` or `file/PATH`, for diagnostics.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            TargetScope::Project(project) => write!(formatter, "project/{project}"),
            TargetScope::Namespace(namespace) => write!(formatter, "namespace/{namespace}"),
            TargetScope::File(path) => write!(formatter, "file/{path}"),
            TargetScope::Cluster => {
                let context = self.context.as_deref().unwrap_or_default();
                write!(formatter, "cluster/{context}")
            }
        }
    }
}

//! The unit of work: one namespace of one cluster, and the objects in it.

use std::fmt;
use std::sync::Arc;

use crate::domain::names::{Namespace, SecretName, ServiceAccountName};
use crate::kubernetes::ClusterClient;

/// One namespace of one cluster. A run reconciles a stream of targets.
#[derive(Clone)]
pub struct Target {
    /// The cluster.
    pub cluster: Arc<ClusterClient>,
    /// The namespace.
    pub namespace: Namespace,
    /// Whether the user named the namespace. Otherwise a list found it, and its deletion during the run is no error.
    pub named: bool,
}

impl Target {
    /// Returns its name, for reports.
    pub fn name(&self) -> TargetName {
        TargetName::new(&self.cluster, &self.namespace)
    }
}

/// A target's name without its connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetName {
    /// The cluster's kubeconfig context, if it has one.
    pub context: Option<Arc<str>>,
    /// The namespace.
    pub namespace: Namespace,
}

impl TargetName {
    /// Returns the name of a namespace of `cluster`.
    pub fn new(cluster: &ClusterClient, namespace: &Namespace) -> Self {
        Self {
            context: cluster.context().cloned(),
            namespace: namespace.clone(),
        }
    }
}

/// The name of an object of a target. The order is that of reports: the Secret before the ServiceAccounts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectName {
    /// The pull Secret.
    Secret(SecretName),
    /// A ServiceAccount that refers to it.
    ServiceAccount(ServiceAccountName),
}

impl fmt::Display for ObjectName {
    /// Writes `secret/NAME` or `serviceaccount/NAME`, like kubectl's name printer.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(name) => write!(formatter, "secret/{name}"),
            Self::ServiceAccount(name) => write!(formatter, "serviceaccount/{name}"),
        }
    }
}

//! The unit of work: one namespace of one cluster, and the objects in it.

use std::fmt;
use std::sync::Arc;

use crate::domain::names::{Namespace, SecretName, ServiceAccountName};
use crate::kubernetes::ClusterClient;

/// One namespace of one cluster. A run is a stream of these; one is the fleet of one.
#[derive(Clone)]
pub struct Target {
    /// The cluster.
    pub cluster: Arc<ClusterClient>,
    /// The namespace.
    pub namespace: Namespace,
    /// The user named it; else it was found by what it has to match, and may go away unasked for.
    pub named: bool,
}

impl Target {
    /// Its name, for reports.
    pub fn name(&self) -> TargetName {
        TargetName::new(&self.cluster, &self.namespace)
    }
}

/// A target's name without its connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetName {
    /// The cluster's context, where it has one.
    pub context: Option<Arc<str>>,
    /// The namespace.
    pub namespace: Namespace,
}

impl TargetName {
    /// The name of a namespace of a cluster.
    pub fn new(cluster: &ClusterClient, namespace: &Namespace) -> Self {
        Self {
            context: cluster.context().cloned(),
            namespace: namespace.clone(),
        }
    }
}

/// An object of a target, in the order a report lists kinds: Secret, ServiceAccount.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectName {
    /// The pull Secret.
    Secret(SecretName),
    /// A ServiceAccount that refers to it.
    ServiceAccount(ServiceAccountName),
}

impl fmt::Display for ObjectName {
    /// `secret/NAME` or `serviceaccount/NAME`, as kubectl's name printer has it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(name) => write!(formatter, "secret/{name}"),
            Self::ServiceAccount(name) => write!(formatter, "serviceaccount/{name}"),
        }
    }
}

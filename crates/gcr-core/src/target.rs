//! The unit of work: one namespace of one cluster, and the objects in it.

use std::fmt;
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::domain::names::{Namespace, SecretName, ServiceAccountName};

/// One namespace of one cluster. A run is a stream of these; one is the fleet of one.
#[derive(Clone)]
pub struct Target {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// The namespace.
    pub namespace: Namespace,
}

impl Target {
    /// Its name, for reports.
    pub fn name(&self) -> TargetName {
        TargetName {
            namespace: self.namespace.clone(),
        }
    }
}

/// A target's name without its connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetName {
    /// The namespace.
    pub namespace: Namespace,
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

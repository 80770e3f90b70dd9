//! The scope of a run: its clusters, and the namespaces of each.

use std::fmt;

use crate::domain::names::Namespace;
use crate::domain::namespace_filter::NamespaceFilter;

/// The clusters and namespaces of a run.
#[derive(Debug, Default)]
pub struct Scope {
    /// `--contexts` without duplicates, in the given order. If empty, the connection flags select the only context.
    pub contexts: Vec<String>,
    /// The namespaces of each cluster.
    pub namespaces: Namespaces,
    /// The parts of an object's location that its line states. Depends on the flags only, not on the number of targets.
    pub qualifiers: LineQualifiers,
}

/// A selection of the namespaces of a cluster.
#[derive(Debug, Default)]
pub enum Namespaces {
    /// The namespace of the context, or `default`.
    #[default]
    OfContext,
    /// `-n`: namespaces by name, without duplicates.
    Named(Vec<Namespace>),
    /// `-A`, `--namespace-selector`: the existing namespaces that match.
    Matching(NamespaceMatch),
}

/// The conditions that a namespace must match.
#[derive(Debug, Default)]
pub struct NamespaceMatch {
    /// `--namespace-selector`, in Kubernetes syntax.
    pub labels: Option<String>,
    /// The namespaces to exclude.
    pub filter: NamespaceFilter,
}

impl fmt::Display for NamespaceMatch {
    /// Writes the flags, for an error.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.labels {
            None => formatter.write_str("--all-namespaces")?,
            Some(labels) => write!(
                formatter,
                "--namespace-selector={}",
                kube_clientcmd::escape_control::escape_control(labels)
            )?,
        }
        for glob in &self.filter.exclude {
            write!(formatter, " --exclude-namespace={glob}")?;
        }
        Ok(())
    }
}

/// The parts of an object's location that its line contains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineQualifiers {
    /// ` -n NS`: the flags can select several namespaces. Then the run also prints progress and a summary.
    pub namespaces: bool,
    /// ` --context CTX`: the flags can select several clusters.
    pub contexts: bool,
}

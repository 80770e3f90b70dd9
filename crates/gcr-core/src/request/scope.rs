//! Where a run works: which clusters, and which of their namespaces.

use std::fmt;

use crate::domain::names::Namespace;
use crate::domain::namespace_filter::NamespaceFilter;

/// Where a run works.
#[derive(Debug, Default)]
pub struct Scope {
    /// `--contexts`, each once, in the order given; empty for the one that the connection flags choose.
    pub contexts: Vec<String>,
    /// Which namespaces of each.
    pub namespaces: Namespaces,
    /// What a line says of an object's place: by what was typed, never by how many there turn out to be.
    pub shape: LineQualifiers,
}

/// Which namespaces of a cluster.
#[derive(Debug, Default)]
pub enum Namespaces {
    /// The context's, else `default`.
    #[default]
    OfContext,
    /// `-n`: these, each once.
    Named(Vec<Namespace>),
    /// `-A`, `--namespace-selector`: those that are there and match.
    Matching(NamespaceMatch),
}

/// What a namespace has to match.
#[derive(Debug, Default)]
pub struct NamespaceMatch {
    /// `--namespace-selector`, in Kubernetes' own syntax.
    pub labels: Option<String>,
    /// What is left out.
    pub filter: NamespaceFilter,
}

impl fmt::Display for NamespaceMatch {
    /// As it was typed, for an error.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.labels {
            None => formatter.write_str("--all-namespaces")?,
            Some(labels) => write!(
                formatter,
                "--namespace-selector={}",
                crate::domain::escape_control::escape_control(labels)
            )?,
        }
        for glob in &self.filter.exclude {
            write!(formatter, " --exclude-namespace={glob}")?;
        }
        Ok(())
    }
}

/// What a line says of an object's place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineQualifiers {
    /// ` -n NS`: the command could name several namespaces. Then there is a count too.
    pub namespaces: bool,
    /// ` --context CTX`: the command could name several clusters.
    pub contexts: bool,
}

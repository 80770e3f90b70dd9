//! Which namespaces.

use clap::Args;

use super::{UsageError, parse_each};
use crate::domain::names::Namespace;

/// Where to work.
#[derive(Debug, Args)]
pub struct TargetArgs {
    #[arg(
        short,
        long,
        value_name = "NAMESPACE",
        help = "If present, the namespace scope for this CLI request; several are separated by commas"
    )]
    namespace: Option<String>,
}

impl TargetArgs {
    /// Whether a list was typed, however many different namespaces it names.
    pub fn several(&self) -> bool {
        self.namespace
            .as_ref()
            .is_some_and(|list| list.contains(','))
    }

    /// The namespaces, each once, in the order given; `None` where none was named.
    ///
    /// # Errors
    /// A name that no namespace can have.
    pub fn namespaces(&self) -> Result<Option<Vec<Namespace>>, UsageError> {
        let Some(list) = self.namespace.as_ref().filter(|list| !list.is_empty()) else {
            return Ok(None);
        };
        let mut namespaces: Vec<Namespace> = Vec::new();
        for namespace in parse_each(std::slice::from_ref(list))? {
            if !namespaces.contains(&namespace) {
                namespaces.push(namespace);
            }
        }
        if namespaces.is_empty() {
            Err(UsageError::new("--namespace names no namespace"))
        } else {
            Ok(Some(namespaces))
        }
    }
}

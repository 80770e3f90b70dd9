//! Which clusters, and which of their namespaces.

use clap::Args;

use super::{ConnectionArgs, UsageError, parse_each, parse_each_once};
use crate::domain::namespace_filter::NamespaceFilter;
use crate::request::{LineQualifiers, NamespaceMatch, Namespaces, Scope};

/// Where to work.
#[derive(Debug, Args)]
pub struct TargetArgs {
    #[arg(
        short = 'A',
        long,
        help = "If true, work in all namespaces but the system's (kube-*, openshift-*, gke-*, gmp-*)"
    )]
    all_namespaces: bool,
    #[arg(
        long,
        value_name = "CONTEXT",
        help = "The kubeconfig contexts of several clusters to work in side by side; repeatable, comma-separated"
    )]
    contexts: Vec<String>,
    #[arg(
        long,
        value_name = "NAMESPACE",
        help = "Namespaces to leave out, as team-*; with --all-namespaces or --namespace-selector; repeatable, \
                comma-separated"
    )]
    exclude_namespace: Vec<String>,
    #[arg(
        long,
        help = "If true, --all-namespaces and --namespace-selector take the system's namespaces in"
    )]
    include_system_namespaces: bool,
    #[arg(
        short,
        long,
        value_name = "NAMESPACE",
        help = "If present, the namespace scope for this CLI request; several are separated by commas"
    )]
    namespace: Option<String>,
    #[arg(
        long,
        value_name = "SELECTOR",
        help = "Selector (label query) of the namespaces to work in, supports '=', '==', '!=', 'in', 'notin'. The \
                system's are left out"
    )]
    namespace_selector: Option<String>,
}

impl TargetArgs {
    /// Where to work.
    ///
    /// # Errors
    /// A name that no namespace can have, or flags that contradict each other or `connection`'s.
    pub fn scope(&self, connection: &ConnectionArgs) -> Result<Scope, UsageError> {
        let namespaces = self.namespaces()?;
        let contexts = self.contexts()?;
        if let Some(flag) = connection.of_one_cluster().filter(|_| !contexts.is_empty()) {
            return Err(UsageError::new(format!(
                "--contexts cannot be used with {flag}, which is about one cluster"
            )));
        }
        let list = self.namespace.as_ref().is_some_and(|it| it.contains(','));
        let matching = matches!(namespaces, Namespaces::Matching(_));
        let qualifiers = LineQualifiers {
            // However many different ones a list names.
            namespaces: list || matching || !contexts.is_empty(),
            contexts: !contexts.is_empty(),
        };
        Ok(Scope {
            contexts,
            namespaces,
            qualifiers,
        })
    }

    fn namespaces(&self) -> Result<Namespaces, UsageError> {
        let named = self.namespace.as_ref().filter(|list| !list.is_empty());
        let matching = self.all_namespaces || self.namespace_selector.is_some();
        if named.is_some() && (matching || !self.exclude_namespace.is_empty()) {
            return Err(UsageError::new(
                "--namespace cannot be used with --all-namespaces, --namespace-selector or --exclude-namespace",
            ));
        }
        if matching {
            return self.matching().map(Namespaces::Matching);
        }
        let alone = [
            (!self.exclude_namespace.is_empty(), "--exclude-namespace"),
            (
                self.include_system_namespaces,
                "--include-system-namespaces",
            ),
        ];
        if let Some((_, flag)) = alone.iter().find(|(given, _)| *given) {
            return Err(UsageError::new(format!(
                "{flag} wants --all-namespaces or --namespace-selector"
            )));
        }
        match named {
            None => Ok(Namespaces::OfContext),
            Some(list) => {
                let namespaces = parse_each_once(std::slice::from_ref(list))?;
                Ok(Namespaces::Named(namespaces))
            }
        }
    }

    fn matching(&self) -> Result<NamespaceMatch, UsageError> {
        // An unset variable must not turn into every namespace there is.
        if self
            .namespace_selector
            .as_ref()
            .is_some_and(|labels| labels.trim().is_empty())
        {
            return Err(UsageError::new(
                "--namespace-selector is empty; --all-namespaces means every namespace",
            ));
        }
        Ok(NamespaceMatch {
            labels: self.namespace_selector.clone(),
            filter: NamespaceFilter {
                exclude: parse_each(&self.exclude_namespace)?,
                include_system: self.include_system_namespaces,
            },
        })
    }

    fn contexts(&self) -> Result<Vec<String>, UsageError> {
        let names: Vec<String> = parse_each_once(&self.contexts)?;
        if names.iter().any(String::is_empty) {
            return Err(UsageError::new("--contexts has an empty name in it"));
        }
        Ok(names)
    }
}

//! Defines the flags that select clusters and namespaces.

use clap::Args;

use crate::domain::namespace_filter::NamespaceFilter;
use crate::request::{LineQualifiers, NamespaceMatch, Namespaces, Scope};
use kubectl_plugin::{ConnectionArgs, UsageError, parse_each, parse_each_once};

/// The flags that select clusters and namespaces.
#[derive(Debug, Args)]
pub struct TargetArgs {
    #[arg(
        short = 'A',
        long,
        help = "If true, select all namespaces except system namespaces (kube-*, openshift, openshift-*, cattle-*, gke-*, gmp-*)"
    )]
    all_namespaces: bool,
    #[arg(
        long,
        value_name = "CONTEXT",
        help = "The names of the kubeconfig contexts to use, processed concurrently; can be repeated or comma-separated"
    )]
    contexts: Vec<String>,
    #[arg(
        long,
        value_name = "NAMESPACE",
        help = "Namespace to exclude, or a pattern such as team-*. Requires --all-namespaces or --namespace-selector; can \
                be repeated or comma-separated"
    )]
    exclude_namespace: Vec<String>,
    #[arg(
        long,
        help = "If true, --all-namespaces and --namespace-selector include system namespaces"
    )]
    include_system_namespaces: bool,
    #[arg(
        short,
        long,
        value_name = "NAMESPACE",
        help = "If present, the namespace scope for this CLI request; can be comma-separated"
    )]
    namespace: Option<String>,
    #[arg(
        long,
        value_name = "SELECTOR",
        help = "Selector (label query) to select namespaces by, supports '=', '==', '!=', 'in', 'notin'. System namespaces \
                are excluded"
    )]
    namespace_selector: Option<String>,
}

impl TargetArgs {
    /// Returns the selected clusters and namespaces.
    ///
    /// # Errors
    /// Fails for an invalid namespace name, and for flags that contradict each other or those of `connection`.
    pub fn scope(&self, connection: &ConnectionArgs) -> Result<Scope, UsageError> {
        let namespaces = self.namespaces()?;
        let contexts = self.contexts()?;
        if let Some(flag) = connection
            .single_cluster_flag()
            .filter(|_| !contexts.is_empty())
        {
            return Err(UsageError::new(format!(
                "--contexts cannot be used with {flag}, which applies to a single cluster"
            )));
        }
        let list = self.namespace.as_ref().is_some_and(|it| it.contains(','));
        let matching = matches!(namespaces, Namespaces::Matching(_));
        let qualifiers = LineQualifiers {
            // A list qualifies the lines even if all its entries are equal.
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
                "{flag} requires --all-namespaces or --namespace-selector"
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
        // An unset shell variable must not select every namespace.
        if self
            .namespace_selector
            .as_ref()
            .is_some_and(|labels| labels.trim().is_empty())
        {
            return Err(UsageError::new(
                "--namespace-selector is empty; use --all-namespaces to select every namespace",
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
            return Err(UsageError::new("--contexts contains an empty name"));
        }
        Ok(names)
    }
}

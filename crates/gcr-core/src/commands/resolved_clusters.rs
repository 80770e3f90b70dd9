//! Resolves the clusters of a run and the namespaces of each, before any request is sent.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::names::Namespace;
use crate::request::{NamespaceMatch, Namespaces, Scope};
use kube_clientcmd::escape_control::escape_control;
use kube_clientcmd::{Connection, ConnectionOptions, Environment, Kubeconfig};

use super::confidential_connection::ensure_confidential;

/// The namespaces of one cluster that a run selects.
#[derive(Debug)]
pub enum NamespaceSelection<'a> {
    /// Namespaces by name, without duplicates.
    Explicit(Vec<Namespace>),
    /// The existing namespaces that match.
    Selector(&'a NamespaceMatch),
}

/// A connection to a cluster, and the namespaces selected in it.
pub(super) struct ResolvedCluster<'a> {
    pub(super) connection: Connection,
    /// The kubeconfig context, if there is one: the name of the cluster in reports.
    pub(super) context: Option<Arc<str>>,
    pub(super) selection: NamespaceSelection<'a>,
    /// The earlier context with the same server, if that context covers all selected namespaces.
    pub(super) duplicate_of: Option<Arc<str>>,
}

/// Resolves the connections of all contexts. Calls `print` with a notice that is no error.
///
/// # Errors
/// The line to print. One unusable context fails the whole run before it begins.
pub(super) fn resolve_clusters<'a>(
    options: &ConnectionOptions,
    scope: &'a Scope,
    sends_a_key: bool,
    print: impl FnOnce(&str),
) -> Result<Vec<ResolvedCluster<'a>>, String> {
    let kubeconfig = Kubeconfig::load(options, Environment::of_process())
        .map_err(|error| error.kubectl_line())?;
    if let Some(line) = kubeconfig.notice() {
        print(line);
    }
    let contexts = &scope.contexts;
    let connections: Vec<Connection> = if contexts.is_empty() {
        vec![resolve(&kubeconfig, options, sends_a_key).map_err(|error| error.line)?]
    } else {
        let of_context = |context: &String| {
            let options = ConnectionOptions {
                context: Some(context.clone()),
                ..options.clone()
            };
            resolve(&kubeconfig, &options, sends_a_key).map_err(|error| {
                if error.names_context {
                    error.line
                } else {
                    format!("{} --context {}", error.line, escape_control(context))
                }
            })
        };
        contexts.iter().map(of_context).collect::<Result<_, _>>()?
    };
    let mut resolved: Vec<ResolvedCluster<'a>> = Vec::with_capacity(connections.len());
    for connection in connections {
        let selection = selection(scope, &connection, &resolved)?;
        let is_empty =
            matches!(&selection, NamespaceSelection::Explicit(names) if names.is_empty());
        let same = |earlier: &&ResolvedCluster<'_>| earlier.connection.same_endpoint(&connection);
        let duplicate_of = resolved.iter().find(same).filter(|_| is_empty);
        resolved.push(ResolvedCluster {
            duplicate_of: duplicate_of.and_then(|earlier| earlier.context.clone()),
            context: connection.context.as_deref().map(Arc::from),
            connection,
            selection,
        });
    }
    Ok(resolved)
}

/// The line to print about a connection that cannot be used.
struct UnusableConnection {
    line: String,
    names_context: bool,
}

fn resolve(
    kubeconfig: &Kubeconfig,
    options: &ConnectionOptions,
    sends_a_key: bool,
) -> Result<Connection, UnusableConnection> {
    let connection = kubeconfig
        .connection(options)
        .map_err(|error| UnusableConnection {
            line: error.kubectl_line(),
            names_context: error.names_context(),
        })?;
    if sends_a_key {
        ensure_confidential(&connection, options).map_err(|error| UnusableConnection {
            line: format!("error: {error}"),
            names_context: false,
        })?;
    }
    Ok(connection)
}

/// Returns the namespaces selected in a cluster. A namespace that two contexts with the same server select belongs to the
/// first of them.
fn selection<'a>(
    scope: &'a Scope,
    connection: &Connection,
    earlier: &[ResolvedCluster<'_>],
) -> Result<NamespaceSelection<'a>, String> {
    let same: Vec<&ResolvedCluster<'_>> = earlier
        .iter()
        .filter(|earlier| earlier.connection.same_endpoint(connection))
        .collect();
    let mut names = match &scope.namespaces {
        Namespaces::Matching(selector) if same.is_empty() => {
            return Ok(NamespaceSelection::Selector(selector));
        }
        Namespaces::Matching(_) => Vec::new(),
        Namespaces::Named(names) => names.clone(),
        Namespaces::OfContext => vec![of_context(connection)?],
    };
    let taken: HashSet<&Namespace> = same
        .iter()
        .flat_map(|earlier| match &earlier.selection {
            NamespaceSelection::Explicit(names) => names.as_slice(),
            NamespaceSelection::Selector(_) => &[],
        })
        .collect();
    names.retain(|name| !taken.contains(name));
    Ok(NamespaceSelection::Explicit(names))
}

/// Returns the namespace of the context, or `default`.
fn of_context(connection: &Connection) -> Result<Namespace, String> {
    let name = connection.namespace.as_deref().unwrap_or("default");
    name.parse().map_err(|error| format!("error: {error}"))
}

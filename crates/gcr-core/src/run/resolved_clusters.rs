//! Which clusters a run works in, and which namespaces of each: all of it resolved before anything is asked of any.

use std::collections::HashSet;
use std::sync::Arc;

use crate::cluster_run::NamespaceSelection;
use crate::connection::environment::Environment;
use crate::connection::{Connection, ConnectionOptions, Kubeconfig, ResolveError};
use crate::domain::escape_control::escape_control;
use crate::domain::names::Namespace;
use crate::request::{Namespaces, Scope};

/// A cluster and what is selection of it.
pub(super) struct ResolvedCluster<'a> {
    pub(super) connection: Connection,
    /// What reports call the cluster.
    pub(super) context: Option<Arc<str>>,
    pub(super) selection: NamespaceSelection<'a>,
    /// The earlier context whose server it reaches too, where that leaves nothing of its own.
    pub(super) duplicate_of: Option<Arc<str>>,
}

/// Resolves the connections of all contexts. `say` is given what stops nothing.
///
/// # Errors
/// The line to print: a single context that cannot be used ends the run before it has begun.
pub(super) fn resolve_clusters<'a>(
    options: &ConnectionOptions,
    scope: &'a Scope,
    sends_a_key: bool,
    say: impl FnOnce(&str),
) -> Result<Vec<ResolvedCluster<'a>>, String> {
    let kubeconfig = Kubeconfig::load(options, Environment::of_process())?;
    if let Some(line) = kubeconfig.notice() {
        say(line);
    }
    let contexts = &scope.contexts;
    let connections: Vec<Connection> = if contexts.is_empty() {
        let connection = resolve(&kubeconfig, options, sends_a_key);
        vec![connection.map_err(|error| error.to_string())?]
    } else {
        let of_context = |context: &String| {
            let options = ConnectionOptions {
                context: Some(context.clone()),
                ..options.clone()
            };
            resolve(&kubeconfig, &options, sends_a_key).map_err(|error| {
                if error.names_context() {
                    error.to_string()
                } else {
                    format!("{error} --context {}", escape_control(context))
                }
            })
        };
        contexts.iter().map(of_context).collect::<Result<_, _>>()?
    };
    let mut resolve_clusters: Vec<ResolvedCluster<'a>> = Vec::with_capacity(connections.len());
    for connection in connections {
        let selection = selection(scope, &connection, &resolve_clusters)?;
        let nothing_left =
            matches!(&selection, NamespaceSelection::Explicit(names) if names.is_empty());
        let same = |share: &&ResolvedCluster<'_>| share.connection.same_endpoint(&connection);
        let duplicate_of = resolve_clusters.iter().find(same).filter(|_| nothing_left);
        resolve_clusters.push(ResolvedCluster {
            duplicate_of: duplicate_of.and_then(|share| share.context.clone()),
            context: connection.context.as_deref().map(Arc::from),
            connection,
            selection,
        });
    }
    Ok(resolve_clusters)
}

fn resolve(
    kubeconfig: &Kubeconfig,
    options: &ConnectionOptions,
    sends_a_key: bool,
) -> Result<Connection, ResolveError> {
    let connection = kubeconfig.connection(options)?;
    if sends_a_key {
        connection.ensure_confidential()?;
    }
    Ok(connection)
}

/// What is selection of a cluster. The same namespace of the same server by two contexts is one target, the first one's.
fn selection<'a>(
    scope: &'a Scope,
    connection: &Connection,
    earlier: &[ResolvedCluster<'_>],
) -> Result<NamespaceSelection<'a>, String> {
    let same: Vec<&ResolvedCluster<'_>> = earlier
        .iter()
        .filter(|share| share.connection.same_endpoint(connection))
        .collect();
    let mut names = match &scope.namespaces {
        Namespaces::Matching(what) if same.is_empty() => {
            return Ok(NamespaceSelection::Selector(what));
        }
        Namespaces::Matching(_) => Vec::new(),
        Namespaces::Named(names) => names.clone(),
        Namespaces::OfContext => vec![of_context(connection)?],
    };
    let taken: HashSet<&Namespace> = same
        .iter()
        .flat_map(|share| match &share.selection {
            NamespaceSelection::Explicit(names) => names.as_slice(),
            NamespaceSelection::Selector(_) => &[],
        })
        .collect();
    names.retain(|name| !taken.contains(name));
    Ok(NamespaceSelection::Explicit(names))
}

/// The context's namespace, else `default`.
fn of_context(connection: &Connection) -> Result<Namespace, String> {
    let name = connection.namespace.as_deref().unwrap_or("default");
    name.parse().map_err(|error| format!("error: {error}"))
}

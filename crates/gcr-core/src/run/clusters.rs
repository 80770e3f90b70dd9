//! Which clusters a run works in, and which namespaces of each: all of it resolved before anything is asked of any.

use std::collections::HashSet;
use std::sync::Arc;

use crate::connection::environment::Environment;
use crate::connection::{Connection, ConnectionOptions, Kubeconfig};
use crate::domain::go_quote::go_quoted;
use crate::domain::names::Namespace;
use crate::domain::printable::printable;
use crate::fleet::Meant;
use crate::request::{Namespaces, Scope};

/// A cluster and what is meant of it.
pub(super) struct Share<'a> {
    pub(super) connection: Connection,
    /// What reports call the cluster.
    pub(super) context: Option<Arc<str>>,
    pub(super) meant: Meant<'a>,
    /// The earlier context whose server it reaches too, where that leaves nothing of its own.
    pub(super) same_as: Option<Arc<str>>,
}

/// Resolves the connections of all contexts. `say` is given what stops nothing.
///
/// # Errors
/// The line to print: a single context that cannot be used ends the run before it has begun.
pub(super) fn shares<'a>(
    options: &ConnectionOptions,
    scope: &'a Scope,
    sends_a_key: bool,
    say: impl FnOnce(&str),
) -> Result<Vec<Share<'a>>, String> {
    let kubeconfig = Kubeconfig::load(options, Environment::of_process())?;
    if let Some(line) = kubeconfig.notice() {
        say(line);
    }
    let contexts = &scope.contexts;
    let connections: Vec<Connection> = if contexts.is_empty() {
        vec![resolve(&kubeconfig, options, sends_a_key)?]
    } else {
        let of_context = |context: &String| {
            let options = ConnectionOptions {
                context: Some(context.clone()),
                ..options.clone()
            };
            resolve(&kubeconfig, &options, sends_a_key).map_err(|line| {
                let name = printable(context);
                if line.contains(&*name) || line.contains(&go_quoted(context.as_bytes())) {
                    line
                } else {
                    format!("{line} --context {name}")
                }
            })
        };
        contexts.iter().map(of_context).collect::<Result<_, _>>()?
    };
    let mut shares: Vec<Share<'a>> = Vec::with_capacity(connections.len());
    for connection in connections {
        let meant = meant(scope, &connection, &shares)?;
        let nothing_left = matches!(&meant, Meant::Named(names) if names.is_empty());
        let same = |share: &&Share<'_>| share.connection.reaches_the_same(&connection);
        let same_as = shares.iter().find(same).filter(|_| nothing_left);
        shares.push(Share {
            same_as: same_as.and_then(|share| share.context.clone()),
            context: connection.context.as_deref().map(Arc::from),
            connection,
            meant,
        });
    }
    Ok(shares)
}

fn resolve(
    kubeconfig: &Kubeconfig,
    options: &ConnectionOptions,
    sends_a_key: bool,
) -> Result<Connection, String> {
    let connection = kubeconfig.connection(options)?;
    if sends_a_key {
        connection.may_carry_a_key()?;
    }
    Ok(connection)
}

/// What is meant of a cluster. The same namespace of the same server by two contexts is one target, the first one's.
fn meant<'a>(
    scope: &'a Scope,
    connection: &Connection,
    earlier: &[Share<'_>],
) -> Result<Meant<'a>, String> {
    let same: Vec<&Share<'_>> = earlier
        .iter()
        .filter(|share| share.connection.reaches_the_same(connection))
        .collect();
    let mut names = match &scope.namespaces {
        Namespaces::Matching(what) if same.is_empty() => return Ok(Meant::Matching(what)),
        Namespaces::Matching(_) => Vec::new(),
        Namespaces::Named(names) => names.clone(),
        Namespaces::OfContext => vec![of_context(connection)?],
    };
    let taken: HashSet<&Namespace> = same
        .iter()
        .flat_map(|share| match &share.meant {
            Meant::Named(names) => names.as_slice(),
            Meant::Matching(_) => &[],
        })
        .collect();
    names.retain(|name| !taken.contains(name));
    Ok(Meant::Named(names))
}

/// The context's namespace, else `default`.
fn of_context(connection: &Connection) -> Result<Namespace, String> {
    let name = connection.namespace.as_deref().unwrap_or("default");
    name.parse().map_err(|error| format!("error: {error}"))
}

//! Prints the minimal role for a command line, or asks the server whether the caller has its permissions: `rbac`.

mod check;
mod manifests;
mod request;

use super::cluster_query::query_clusters;
use super::resolved_clusters::resolve_clusters;
use super::session::Session;
use crate::report::{Column, TableLayout, View};

pub use request::{CommandPermissions, RbacRequest, Subject};

use check::CheckQuery;

/// The columns of the table of `--check`, in the order of the cells.
const COLUMNS: [Column; 5] = [
    Column::new("NAMESPACE"),
    Column::new("RESOURCE"),
    Column::new("NAME"),
    Column::new("VERB"),
    Column::new("ALLOWED"),
];

/// Returns the roles and bindings as YAML documents. Sends nothing.
///
/// # Errors
/// The line to print if a context cannot be resolved.
pub fn manifests(request: &RbacRequest) -> Result<String, String> {
    let rules = request.permissions.all_rules();
    let scope = &request.permissions.scope;
    let clusters = resolve_clusters(&request.connection, scope, false, |_| ())?;
    let documents = clusters.iter().flat_map(|cluster| {
        let context = cluster
            .context
            .as_deref()
            .filter(|_| scope.qualifiers.contexts);
        manifests::documents(request, &rules, &cluster.selection, context)
    });
    let comments = request.permissions.comments.iter();
    let mut text: String = comments.map(|line| format!("# {line}\n")).collect();
    text += &documents.collect::<Vec<_>>().join("---\n");
    // The caller ends the text with a newline.
    text.truncate(text.trim_end().len());
    Ok(text)
}

/// Asks the servers whether the caller has each permission, and returns the exit code: 1 if one is missing.
pub fn check(request: RbacRequest) -> u8 {
    let rules = request.permissions.all_rules();
    let CommandPermissions { scope, output, .. } = request.permissions;
    let session = Session {
        view: View::Table(TableLayout {
            columns: &COLUMNS,
            headers: true,
            sort_by: None,
        }),
        ..Session::new(request.connection, scope, output)
    };
    session.run(async |clusters, run| {
        query_clusters(clusters, &run, |selected| CheckQuery {
            cluster: selected.cluster,
            selection: selected.selection,
            rules: rules.clone(),
        })
        .await;
    })
}

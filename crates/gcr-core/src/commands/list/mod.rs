//! Lists the pull Secrets in sight, and the ServiceAccounts that use them: `list`.

mod columns;
mod query;
mod request;
mod row;
mod secret_pages;

use super::cluster_query::query_clusters;
use super::session::Session;
use crate::report::{TableLayout, View};
use crate::request::Format;

pub use columns::COLUMNS;
pub use query::column_by_name;
pub use request::{ListFilter, ListRequest};

pub(super) use row::{NONE, UNKNOWN};

use query::ListQuery;

/// Executes the request and returns the exit code.
pub fn run(request: ListRequest) -> u8 {
    let ListRequest {
        connection,
        scope,
        output,
        headers,
        sort_by,
        filter,
    } = request;
    let sorts_by_pods = sort_by.is_some_and(|column| COLUMNS[column].wide);
    let with_pods = output.format == Format::Wide || sorts_by_pods;
    let session = Session {
        view: View::Table(TableLayout {
            columns: &COLUMNS,
            headers,
            sort_by,
        }),
        ..Session::new(connection, scope, output)
    };
    session.run(async |clusters, run| {
        query_clusters(clusters, &run, |selected| ListQuery {
            cluster: selected.cluster,
            selection: selected.selection,
            filter: filter.clone(),
            with_pods,
            now: jiff::Timestamp::now(),
            run: run.clone(),
        })
        .await;
    })
}

//! Describes a pull Secret: its metadata, credential, field managers, users and events. Reads no data: `describe`.

mod description;
mod query;
mod text;

use super::cluster_query::query_clusters;
use super::session::Session;
use crate::domain::names::SecretName;
use crate::report::View;
use crate::request::{OutputOptions, Scope};
use kube_clientcmd::ConnectionOptions;

use query::DescribeQuery;

/// The validated request of the user.
#[derive(Debug)]
pub struct DescribeRequest {
    /// How to reach the clusters.
    pub connection: ConnectionOptions,
    /// The clusters and namespaces to read.
    pub scope: Scope,
    /// The output options.
    pub output: OutputOptions,
    /// The Secret to describe in each namespace.
    pub name: SecretName,
}

/// Executes the request and returns the exit code.
pub fn run(request: DescribeRequest) -> u8 {
    let DescribeRequest {
        connection,
        scope,
        output,
        name,
    } = request;
    let qualifiers = scope.qualifiers;
    let session = Session {
        view: View::Texts,
        ..Session::new(connection, scope, output)
    };
    session.run(async |clusters, run| {
        query_clusters(clusters, &run, |selected| DescribeQuery {
            cluster: selected.cluster,
            selection: selected.selection,
            name: name.clone(),
            qualifiers,
            now: jiff::Timestamp::now(),
            run: run.clone(),
        })
        .await;
    })
}

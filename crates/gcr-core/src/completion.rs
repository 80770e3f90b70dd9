//! Completes the names of objects in the cluster, the images of pods and the hosts of registries (`kubectl_plugin::completion`).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::google_hosts;
use crate::domain::names::Namespace;
use crate::domain::pull_secret;
use crate::kubernetes::ClusterClient;
use crate::kubernetes::api_request::JSON;
use crate::kubernetes::pager::{Item, List, METADATA_LIST, Pager};
use crate::kubernetes::pod::Pod;
use crate::stop::StopSignal;
use kube_clientcmd::{Connection, ConnectionOptions};
use kubectl_plugin::completion::{LineBefore, ValueSource, within_time_limit};

/// The values of the plugins' own flags.
pub struct PluginValues;

impl ValueSource for PluginValues {
    fn values(&self, value_name: &str, line: LineBefore<'_>) -> Vec<String> {
        match value_name {
            "HOST" => google_hosts::suggestions(),
            "NAMESPACE" => cluster_names(line, Resource::Namespaces),
            "SERVICEACCOUNT" => cluster_names(line, Resource::ServiceAccounts),
            "SECRET" => cluster_names(line, Resource::PullSecrets),
            "POD" => cluster_names(line, Resource::Pods),
            "IMAGE" => cluster_names(line, Resource::Images),
            _ => Vec::new(),
        }
    }

    fn kinds(&self) -> &[&str] {
        &["po", "pod", "sa", "serviceaccount", "secret"]
    }

    fn is_list(&self, value_name: &str) -> bool {
        value_name == "NAMESPACE"
    }
}

/// The kind of the objects to list.
enum Resource {
    Namespaces,
    ServiceAccounts,
    PullSecrets,
    Pods,
    /// The images of pods.
    Images,
}

/// Returns names of objects from the cluster that the line selects.
fn cluster_names(line: LineBefore<'_>, resource: Resource) -> Vec<String> {
    let Some(options) = line.connection_options(env!("CARGO_PKG_VERSION")) else {
        return Vec::new();
    };
    let namespace = line
        .flag("namespace")
        .and_then(|value| value.to_str()?.split(',').next())
        .filter(|namespace| !namespace.is_empty())
        .map(str::to_owned);
    within_time_limit(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let names = runtime
            .ok()
            .and_then(|runtime| runtime.block_on(list_names(options, namespace, resource)));
        names.unwrap_or_default()
    })
}

async fn list_names(
    options: ConnectionOptions,
    namespace: Option<String>,
    resource: Resource,
) -> Option<Vec<String>> {
    let connection = Connection::resolve(&options).ok()?;
    let namespace = namespace
        .or_else(|| connection.namespace.clone())
        .unwrap_or_else(|| "default".to_owned());
    let namespace: Namespace = namespace.parse().ok()?;
    let (_stop, stopped) = StopSignal::channel();
    let cluster = Arc::new(ClusterClient::new(
        None,
        connection,
        Arc::new(()),
        stopped,
        Arc::default(),
    ));
    let mut list = List {
        accept: METADATA_LIST,
        namespace: Some(namespace),
        ..List::default()
    };
    match resource {
        Resource::Namespaces => {
            list.resource = "namespaces";
            list.namespace = None;
        }
        Resource::Pods => list.resource = "pods",
        Resource::Images => {
            list.resource = "pods";
            list.accept = JSON;
        }
        Resource::ServiceAccounts => list.resource = "serviceaccounts",
        Resource::PullSecrets => {
            list.resource = "secrets";
            list.fields = format!("type={}", pull_secret::TYPE);
        }
    }
    let items = Pager::new(&cluster, list).all().await.ok()?;
    if matches!(resource, Resource::Images) {
        return Some(images(&items));
    }
    Some(items.into_iter().map(|item| item.name).collect())
}

/// Returns the distinct images of pods.
fn images(pods: &[Item]) -> Vec<String> {
    let mut images = BTreeSet::new();
    for pod in pods {
        let pod: Pod = serde_json::from_str(pod.json.get()).unwrap_or_default();
        images.extend(pod.images().into_iter().map(|image| image.image));
    }
    images.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use kubectl_plugin::{EarlyExit, completion::complete};
    use std::ffi::OsString;

    #[derive(Parser)]
    #[command(name = "kubectl-test")]
    struct Cli {
        #[arg(long, value_name = "HOST")]
        registry: Vec<String>,
    }

    #[test]
    fn google_hosts_are_candidates_for_host() {
        let argv = ["kubectl_complete-test", "--registry", "gcr.io,us.g"].map(OsString::from);
        match complete::<Cli>(&argv, &PluginValues) {
            Some(EarlyExit::Print(text)) => assert_eq!(text, "gcr.io,us.gcr.io\n:4"),
            other => panic!("{other:?}"),
        }
    }
}

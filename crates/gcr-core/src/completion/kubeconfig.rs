//! The names in the kubeconfig, for completion. A file that cannot be read offers nothing.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    contexts: Vec<Named>,
    clusters: Vec<Named>,
    users: Vec<Named>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    name: String,
}

/// The names of all contexts, clusters or users: `what` is `CONTEXT`, `CLUSTER` or `USER`.
pub(super) fn names(file: Option<PathBuf>, what: &str) -> Vec<String> {
    let mut names = BTreeSet::new();
    for path in file.map_or_else(default_files, |file| vec![file]) {
        let text = fs::read_to_string(path).unwrap_or_default();
        let file: File = serde_saphyr::from_str(&text).unwrap_or_default();
        let entries = match what {
            "CONTEXT" => file.contexts,
            "CLUSTER" => file.clusters,
            _ => file.users,
        };
        names.extend(entries.into_iter().map(|entry| entry.name));
    }
    names.into_iter().filter(|name| !name.is_empty()).collect()
}

/// `$KUBECONFIG`, else `~/.kube/config`.
fn default_files() -> Vec<PathBuf> {
    match env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        Some(list) => env::split_paths(&list).collect(),
        None => env::home_dir()
            .map(|home| home.join(".kube").join("config"))
            .into_iter()
            .collect(),
    }
}

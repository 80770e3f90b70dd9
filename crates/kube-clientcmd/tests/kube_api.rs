//! Uses `kube::Api` and a watcher over a connection whose exec plugin's credential expires or is rejected.

#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use gcr_test_support::{ControlPlane, Session};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams, PostParams, WatchEvent, WatchParams};
use kube_clientcmd::{Connection, ConnectionOptions};
use serde_json::json;

/// A namespace of the shared control plane, and a kubeconfig whose exec plugin logs each of its runs.
struct Fixture {
    session: Session,
    namespace: String,
    kubeconfig: PathBuf,
}

impl Fixture {
    /// `first` is a shell expression for the first token; later runs return the real token. Each credential is valid for
    /// `seconds`.
    fn new(first: &str, seconds: u32) -> Self {
        let cluster = ControlPlane::shared();
        let session = cluster.session();
        let namespace = cluster.create_namespace("kube-api");
        let view = cluster
            .kubectl(["config", "view", "--raw", "-o", "json"])
            .run()
            .success();
        let mut config: serde_json::Value =
            serde_json::from_str(&view.stdout).expect("kubectl prints JSON");
        let token = config["users"][0]["user"]["token"]
            .as_str()
            .expect("the administrator has a token")
            .to_owned();
        let runs = session.work().join("runs");
        let script = format!(
            "#!/bin/sh\necho run >> {runs}\ntoken={token}\n[ \"$(wc -l < {runs})\" = 1 ] && token={first}\n\
             expires=$(date -u -d '+{seconds} seconds' +%Y-%m-%dT%H:%M:%SZ)\n\
             echo \"{{\\\"apiVersion\\\":\\\"client.authentication.k8s.io/v1\\\",\\\"kind\\\":\\\"ExecCredential\\\",\
             \\\"status\\\":{{\\\"token\\\":\\\"$token\\\",\\\"expirationTimestamp\\\":\\\"$expires\\\"}}}}\"\n",
            runs = runs.display(),
        );
        let command = session.script("login", &script);
        config["users"][0]["user"] = json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": command, "interactiveMode": "Never",
        }});
        let kubeconfig = session.file("exec.json", config.to_string(), 0o600);
        Self {
            session,
            namespace,
            kubeconfig,
        }
    }

    fn config_maps(&self) -> Api<ConfigMap> {
        let options = ConnectionOptions {
            kubeconfig: Some(self.kubeconfig.clone()),
            ..ConnectionOptions::default()
        };
        let connection = Connection::resolve(&options).unwrap_or_else(|error| panic!("{error}"));
        Api::namespaced(connection.client(), &self.namespace)
    }

    /// Returns how often the exec plugin ran.
    fn runs(&self) -> usize {
        let runs = fs::read_to_string(self.session.work().join("runs"));
        runs.expect("the plugin ran").lines().count()
    }
}

fn config_map(name: &str) -> ConfigMap {
    let mut map = ConfigMap::default();
    map.metadata.name = Some(name.to_owned());
    map
}

fn install_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[tokio::test]
async fn list_and_watch_survive_a_credential_that_expires_between_them() {
    install_provider();
    let fixture = Fixture::new("$token", 2);
    let maps = fixture.config_maps();
    let list = maps.list(&ListParams::default()).await.expect("the list");
    assert_eq!(fixture.runs(), 1);
    let version = list.metadata.resource_version.expect("a version");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let watch = maps
        .watch(&WatchParams::default().timeout(30), &version)
        .await
        .expect("the watch");
    maps.create(&PostParams::default(), &config_map("seen"))
        .await
        .expect("the object is created");
    let names = watch.try_filter_map(|event| async move {
        Ok(match event {
            WatchEvent::Added(map) => map.metadata.name,
            _ => None,
        })
    });
    let mut names = std::pin::pin!(names);
    while let Some(name) = names.next().await {
        if name.expect("the watch goes on") == "seen" {
            assert!(fixture.runs() >= 2, "{}", fixture.runs());
            return;
        }
    }
    panic!("the watch ended without the object");
}

#[tokio::test]
async fn rejected_credential_is_renewed_once_for_all_requests() {
    install_provider();
    let fixture = Fixture::new("rejected", 3600);
    let maps = fixture.config_maps();
    let names: Vec<String> = (0..8).map(|index| format!("map-{index}")).collect();
    let params = PostParams::default();
    let created = names.iter().map(|name| {
        let (maps, params) = (&maps, &params);
        async move { maps.create(params, &config_map(name)).await }
    });
    for created in futures_util::future::join_all(created).await {
        created.expect("the object is created with the renewed credential");
    }
    assert_eq!(fixture.runs(), 2);
}

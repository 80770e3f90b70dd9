//! What a test does to a cluster as its administrator, by the real kubectl: namespaces to work in, objects to put
//! there and to look at, users to be. Never removes a namespace: the server is thrown away.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::binaries::binaries;
use crate::error::{Error, Result};
use crate::invocation::Invocation;
use crate::session::Session;
use crate::user::User;

/// A cluster, by the kubeconfig of its administrator.
pub struct TestCluster {
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    connection: Connection,
}

/// Where a server is and how to know it.
pub(crate) struct Connection {
    pub(crate) server: String,
    pub(crate) ca_data: String,
}

impl TestCluster {
    /// The cluster that a kubeconfig's current context names. The directory of the file serves as kubectl's home: what
    /// it caches is shared, and goes with the file.
    ///
    /// # Errors
    /// kubectl does not build, or the kubeconfig names no server.
    pub fn from_kubeconfig(kubeconfig: &Path) -> Result<Self> {
        let mut cluster = Self {
            kubeconfig: kubeconfig.to_path_buf(),
            kubectl: binaries()?.kubectl.clone(),
            connection: Connection {
                server: String::new(),
                ca_data: String::new(),
            },
        };
        let view = cluster
            .kubectl(["config", "view", "--raw", "--minify", "-o", "json"])
            .run();
        let config: Value = serde_json::from_str(&view.stdout).unwrap_or_default();
        let entry = &config["clusters"][0]["cluster"];
        let Some(server) = entry["server"].as_str() else {
            return Err(Error::during(kubeconfig.display(), view));
        };
        cluster.connection = Connection {
            server: server.into(),
            ca_data: entry["certificate-authority-data"]
                .as_str()
                .unwrap_or_default()
                .into(),
        };
        Ok(cluster)
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The server's URL, as `https://127.0.0.1:40000`.
    pub fn server(&self) -> &str {
        &self.connection.server
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A session as the administrator.
    #[track_caller]
    pub fn session(&self) -> Session {
        Session::new(&self.kubeconfig)
    }

    /// `kubectl …` as the administrator.
    pub fn kubectl(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Invocation {
        let home = self.kubeconfig.parent().unwrap_or(Path::new("/"));
        let environment = BTreeMap::from([
            ("HOME".into(), home.into()),
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("KUBECONFIG".into(), self.kubeconfig.clone().into()),
        ]);
        Invocation::new(self.kubectl.clone(), home, environment).args(arguments)
    }

    /// Makes a namespace that nobody else has, as `create-1f3a5c7e`, and waits until its ServiceAccount `default` is
    /// there.
    #[track_caller]
    pub fn create_namespace(&self, prefix: &str) -> String {
        let name = self.create_namespace_unready(prefix);
        self.kubectl([
            "wait",
            "--for=create",
            "serviceaccount/default",
            "--timeout=30s",
            "-n",
            &name,
        ])
        .run()
        .success();
        name
    }

    /// As [`TestCluster::create_namespace`], without waiting for anything.
    #[track_caller]
    pub fn create_namespace_unready(&self, prefix: &str) -> String {
        let name = unique(prefix);
        self.kubectl(["create", "namespace", &name]).run().success();
        name
    }

    /// Many namespaces at once, as `fleet-1f3a5c7e-0000` and on, in order, each with its ServiceAccount `default`.
    #[track_caller]
    pub fn create_namespaces(&self, prefix: &str, count: usize) -> Vec<String> {
        let base = unique(prefix);
        let names: Vec<_> = (0..count)
            .map(|index| format!("{base}-{index:04}"))
            .collect();
        let object =
            |name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.create(names.iter().map(object).collect());
        let started = Instant::now();
        loop {
            let found = self.namespaces_with_account();
            if names.iter().all(|name| found.contains(name)) {
                return names;
            }
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "no account `default` in some of {base}-… after 60 s"
            );
        }
    }

    /// Creates objects, given whole. Those of a namespace say so in their metadata.
    #[track_caller]
    pub fn create(&self, objects: Vec<Value>) {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        self.kubectl(["create", "-f", "-"])
            .stdin(list.to_string())
            .run()
            .success();
    }

    /// An object, as `secret/gcr-io`, with all that the server has of it.
    ///
    /// # Panics
    /// It is not there.
    #[track_caller]
    pub fn get(&self, object: &str, namespace: &str) -> Value {
        self.get_opt(object, namespace)
            .unwrap_or_else(|| panic!("{object} is not in namespace {namespace}"))
    }

    /// As [`TestCluster::get`], for an object that may not be there.
    #[track_caller]
    pub fn get_opt(&self, object: &str, namespace: &str) -> Option<Value> {
        let arguments = [
            "get",
            object,
            "-n",
            namespace,
            "-o",
            "json",
            "--ignore-not-found",
            "--show-managed-fields",
        ];
        let output = self.kubectl(arguments).run().success();
        let text = output.stdout.trim();
        (!text.is_empty())
            .then(|| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{output}")))
    }

    /// All objects of a resource in all namespaces, as `secrets`.
    #[track_caller]
    pub fn list(&self, resource: &str) -> Vec<Value> {
        let output = self
            .kubectl(["get", resource, "-A", "-o", "json", "--show-managed-fields"])
            .run()
            .success();
        let mut list: Value = serde_json::from_str(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{output}"));
        match list["items"].take() {
            Value::Array(items) => items,
            _ => panic!("no list\n{output}"),
        }
    }

    /// A new user without any rights yet.
    #[track_caller]
    pub fn user(&self) -> User<'_> {
        User::new(self)
    }

    #[track_caller]
    fn namespaces_with_account(&self) -> HashSet<String> {
        let namespaces = "jsonpath={.items[*].metadata.namespace}";
        let accounts = [
            "get",
            "serviceaccounts",
            "-A",
            "--field-selector",
            "metadata.name=default",
            "-o",
            namespaces,
        ];
        let output = self.kubectl(accounts).run().success();
        output.stdout.split_whitespace().map(String::from).collect()
    }
}

/// A name that no other call gives.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{:08x}", fastrand::u32(..))
}

//! Provides administrator access to a cluster, through the real kubectl: creates namespaces, objects and users, and
//! reads objects back. Never deletes namespaces, because the control plane is discarded after the tests.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::binaries::binaries;
use crate::error::{Error, Result};
use crate::invocation::Invocation;
use crate::session::Session;

/// A cluster, accessed with its administrator's kubeconfig.
pub struct TestCluster {
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    connection: Connection,
}

/// Address and certificate authority of a server.
pub(crate) struct Connection {
    pub(crate) server: String,
    pub(crate) ca_data: String,
}

impl TestCluster {
    /// Returns the cluster of a kubeconfig's current context.
    ///
    /// The kubeconfig's directory is kubectl's home directory, so that all calls share kubectl's cache and the cache is
    /// removed with the file.
    ///
    /// # Errors
    /// kubectl cannot be built, or the kubeconfig names no server.
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

    /// Returns the administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Returns the server's URL, for example `https://127.0.0.1:40000`.
    pub fn server(&self) -> &str {
        &self.connection.server
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns a new session as the administrator.
    #[track_caller]
    pub fn session(&self) -> Session {
        Session::new(&self.kubeconfig)
    }

    /// Prepares `kubectl …` as the administrator.
    pub fn kubectl(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Invocation {
        let home = self.kubeconfig.parent().unwrap_or(Path::new("/"));
        let environment = BTreeMap::from([
            ("HOME".into(), home.into()),
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("KUBECONFIG".into(), self.kubeconfig.clone().into()),
        ]);
        Invocation::new(self.kubectl.clone(), home, environment).args(arguments)
    }

    /// Creates a namespace with a unique name, for example `create-1f3a5c7e`, and waits until its ServiceAccount
    /// `default` exists.
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

    /// Like [`TestCluster::create_namespace`], without waiting for the ServiceAccount.
    #[track_caller]
    pub fn create_namespace_unready(&self, prefix: &str) -> String {
        let name = unique(prefix);
        self.kubectl(["create", "namespace", &name]).run().success();
        name
    }

    /// Creates many namespaces at once, named `PREFIX-1f3a5c7e-0000` and so on, and waits until each has its
    /// ServiceAccount `default`. Returns the names in order.
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
            let found = self.namespaces_with_default_account();
            if names.iter().all(|name| found.contains(name)) {
                return names;
            }
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "some namespaces {base}-… still have no ServiceAccount `default` after 60 s"
            );
        }
    }

    /// Creates complete objects. Namespaced objects set `metadata.namespace`.
    #[track_caller]
    pub fn create(&self, objects: Vec<Value>) {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        self.kubectl(["create", "-f", "-"])
            .stdin(list.to_string())
            .run()
            .success();
    }

    /// Returns the objects of a manifest of YAML documents, as the client reads them.
    #[track_caller]
    pub fn objects_of(&self, manifest: &str) -> Vec<Value> {
        let output = self
            .kubectl(["create", "--dry-run=client", "-o", "json", "-f", "-"])
            .stdin(manifest)
            .run()
            .success();
        let objects = serde_json::Deserializer::from_str(&output.stdout).into_iter::<Value>();
        let mut found = Vec::new();
        for object in objects {
            let object = object.unwrap_or_else(|error| panic!("{error}\n{output}"));
            match object["items"].as_array() {
                Some(items) => found.extend(items.iter().cloned()),
                None => found.push(object),
            }
        }
        found
    }

    /// Returns an object, for example `secret/gcr-io`, with all its fields.
    ///
    /// # Panics
    /// The object does not exist.
    #[track_caller]
    pub fn get(&self, object: &str, namespace: &str) -> Value {
        self.get_opt(object, namespace)
            .unwrap_or_else(|| panic!("{object} not found in namespace {namespace}"))
    }

    /// Like [`TestCluster::get`], but returns `None` if the object does not exist.
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

    /// Returns all objects of a resource, for example `secrets`, in all namespaces.
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
            _ => panic!("response is not a list\n{output}"),
        }
    }

    #[track_caller]
    fn namespaces_with_default_account(&self) -> HashSet<String> {
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

/// Returns `prefix` with a random suffix.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{:08x}", fastrand::u32(..))
}

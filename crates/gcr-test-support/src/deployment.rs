//! Plays kubelet for the pods of a real Deployment: the controllers of the control plane create the pods, and no node runs
//! them.

use serde_json::{Value, json};

use crate::test_cluster::TestCluster;
use crate::wait::wait_until;

/// A Deployment and its pods.
pub struct Deployment<'cluster> {
    cluster: &'cluster TestCluster,
    namespace: String,
    name: String,
}

impl<'cluster> Deployment<'cluster> {
    /// Creates a Deployment, and waits until its pods exist. `spec` is merged into the spec of the pods.
    #[track_caller]
    pub fn create(
        cluster: &'cluster TestCluster,
        namespace: &str,
        name: &str,
        (image, replicas): (&str, usize),
        spec: Value,
    ) -> Self {
        let mut pod = spec;
        pod["containers"] = json!([{"name": name, "image": image}]);
        let labels = json!({"app": name});
        cluster.create(vec![json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod}}})]);
        let deployment = Self {
            cluster,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        deployment.wait_for(replicas, |_| true);
        deployment
    }

    /// Returns the pods that are not being deleted.
    #[track_caller]
    pub fn pods(&self) -> Vec<Value> {
        let label = format!("app={}", self.name);
        let list = self.cluster.kubectl([
            "get",
            "pods",
            "-o",
            "json",
            "-l",
            &label,
            "-n",
            &self.namespace,
        ]);
        let list: Value =
            serde_json::from_str(&list.run().success().stdout).expect("kubectl prints JSON");
        let items = list["items"].as_array().expect("a list").iter();
        let items = items.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
        items.cloned().collect()
    }

    /// Returns the names of the pods.
    #[track_caller]
    pub fn pod_names(&self) -> Vec<String> {
        let pods = self.pods().into_iter();
        pods.map(|pod| pod["metadata"]["name"].as_str().expect("a name").to_owned())
            .collect()
    }

    /// Writes the status of all pods as kubelet does while it cannot pull. A container that ran before leaves its pod running.
    #[track_caller]
    pub fn fail_pulls(&self, ran_before: bool) {
        for name in self.pod_names() {
            let phase = if ran_before { "Running" } else { "Pending" };
            let ready = if ran_before { "True" } else { "False" };
            let status = json!({"status": {"phase": phase,
                "conditions": [{"type": "Ready", "status": ready}],
                "containerStatuses": [{"name": self.name, "image": "", "imageID": "", "ready": false, "restartCount": 0,
                    "state": {"waiting": {"reason": "ImagePullBackOff",
                        "message": "Back-off pulling image: ErrImagePull: failed to authorize: 403 Forbidden"}}}]}});
            let patch = [
                "patch",
                "pod",
                &name,
                "--subresource=status",
                "--type=merge",
                "-p",
            ];
            let patch = self.cluster.kubectl(patch).arg(status.to_string());
            patch.args(["-n", &self.namespace]).run().success();
        }
    }

    /// Waits until there are this many pods, and each is as wanted.
    #[track_caller]
    pub fn wait_for(&self, count: usize, is_wanted: impl Fn(&Value) -> bool) {
        let description = format!("deployment/{} has {count} such pods", self.name);
        wait_until(&description, || {
            let pods = self.pods();
            pods.len() == count && pods.iter().all(&is_wanted)
        });
    }

    /// Waits until there are this many pods with exactly these pull secrets.
    #[track_caller]
    pub fn wait_for_pull_secrets(&self, count: usize, names: &[&str]) {
        let expected: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        self.wait_for(count, |pod| {
            pod["spec"]["imagePullSecrets"] == json!(expected)
        });
    }

    /// Creates a PodDisruptionBudget of the same name for the pods, and waits until the controller has computed what it allows.
    #[track_caller]
    pub fn protect(&self, min_available: usize) {
        self.cluster.create(vec![json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {"minAvailable": min_available, "selector": {"matchLabels": {"app": self.name}}}})]);
        let object = format!("poddisruptionbudget/{}", self.name);
        wait_until("the disruption controller has seen the budget", || {
            let budget = self.cluster.get(&object, &self.namespace);
            budget["status"]["observedGeneration"] == budget["metadata"]["generation"]
                && budget["status"]["currentHealthy"] == min_available
        });
    }

    /// Deletes the PodDisruptionBudget.
    #[track_caller]
    pub fn unprotect(&self) {
        let delete = ["delete", "pdb", &self.name, "-n", &self.namespace];
        self.cluster.kubectl(delete).run().success();
    }
}

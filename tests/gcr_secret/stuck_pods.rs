//! Creates stuck pods as kubelet leaves them, and reads what `doctor` says about them.

use gcr_test_support::Output;
use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use serde_json::{Value, json};

use crate::registry::Registry;

/// An image that the fake has once [`Registry::serve_images`] was called.
pub(crate) const IMAGE: &str = "us-docker.pkg.dev/demo-project/images/web:1.2";

/// The parts of a stuck pod that differ between tests.
pub(crate) struct StuckPod<'a> {
    pub(crate) name: &'a str,
    pub(crate) image: &'a str,
    pub(crate) secrets: &'a [&'a str],
    pub(crate) owner: Option<(&'a str, &'a str)>,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
    pub(crate) spec: Value,
}

impl Default for StuckPod<'_> {
    fn default() -> Self {
        Self {
            name: "web-7d4b9c-x2x9k",
            image: IMAGE,
            secrets: &[],
            owner: Some(("ReplicaSet", "web-7d4b9c")),
            reason: "ImagePullBackOff",
            message: "Back-off pulling image: ErrImagePull: failed to authorize: 403 Forbidden",
            spec: json!({}),
        }
    }
}

impl Registry {
    /// Lets every manifest exist.
    pub(crate) fn serve_images(&self) {
        let manifest = CannedError::new(200, "application/vnd.oci.image.manifest.v1+json", "{}");
        self.google
            .inject(Rule::on("registry.content"), Fault::Respond(manifest));
    }

    /// Creates a pod, and its status as kubelet writes it.
    #[track_caller]
    pub(crate) fn create_stuck_pod(&self, pod: &StuckPod<'_>) {
        let secrets: Vec<Value> = pod
            .secrets
            .iter()
            .map(|name| json!({"name": name}))
            .collect();
        let owners: Vec<Value> = pod
            .owner
            .iter()
            .map(|(kind, name)| {
                json!({"apiVersion": "apps/v1", "kind": kind, "name": name, "controller": true,
                "uid": "00000000-0000-0000-0000-000000000001"})
            })
            .collect();
        let mut spec = pod.spec.clone();
        spec["containers"] = json!([{"name": "web", "image": pod.image}]);
        spec["imagePullSecrets"] = secrets.into();
        self.fixture.create_object(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": pod.name, "ownerReferences": owners, "labels": {"pod-template-hash": "7d4b9c"}},
            "spec": spec}));
        let status = json!({"status": {"phase": "Pending", "containerStatuses": [{"name": "web", "image": pod.image,
            "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": pod.reason, "message": pod.message}}}]}});
        self.fixture.kubectl([
            "patch",
            "pod",
            pod.name,
            "--subresource=status",
            "--type=merge",
            "-p",
            &status.to_string(),
        ]);
    }

    /// Creates a node with this kubelet and these images. Returns its name. Nodes belong to no namespace, so that the test must
    /// delete it with [`Registry::delete_nodes`].
    #[track_caller]
    pub(crate) fn create_node(&self, version: &str, labels: &Value, images: &[&str]) -> String {
        let name = format!("node-{}", self.fixture.namespace);
        let mut labels = labels.clone();
        labels["test"] = self.fixture.namespace.as_str().into();
        self.fixture
            .cluster
            .create(vec![json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": labels}})]);
        let images: Vec<Value> = images
            .iter()
            .map(|image| json!({"names": [image], "sizeBytes": 1}))
            .collect();
        let status = json!({"status": {"nodeInfo": {"kubeletVersion": version, "architecture": "", "bootID": "",
            "containerRuntimeVersion": "", "kernelVersion": "", "kubeProxyVersion": "", "machineID": "",
            "operatingSystem": "", "osImage": "", "systemUUID": ""}, "images": images}});
        let patch = [
            "patch",
            "node",
            &name,
            "--subresource=status",
            "--type=merge",
            "-p",
        ];
        let patch = self.fixture.cluster.kubectl(patch);
        patch.arg(status.to_string()).run().success();
        name
    }

    /// Deletes the nodes of this test.
    #[track_caller]
    pub(crate) fn delete_nodes(&self) {
        let label = format!("test={}", self.fixture.namespace);
        let delete = ["delete", "node", "-l", &label];
        self.fixture.cluster.kubectl(delete).run().success();
    }

    /// Sets the pull secrets of the ServiceAccount `default`.
    #[track_caller]
    pub(crate) fn attach(&self, names: &[&str]) {
        let names: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        let patch = json!({"imagePullSecrets": names}).to_string();
        self.fixture
            .kubectl(["patch", "serviceaccount", "default", "-p", &patch]);
    }

    pub(crate) fn doctor(&self, args: &[&str]) -> Output {
        let words = ["doctor", "-n", &self.fixture.namespace];
        let command = self.fixture.session.gcr_secret(words).args(args);
        command.envs(self.google.environment()).run()
    }

    /// Returns the diagnoses as JSON. They have the same keys everywhere.
    #[track_caller]
    pub(crate) fn diagnoses(&self, args: &[&str]) -> Vec<Value> {
        let output = self.doctor(&[&["-o", "json"], args].concat());
        let list: Value = serde_json::from_str(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{output}"));
        let items = list["items"].as_array().expect("a list").clone();
        for item in &items {
            let keys: Vec<&String> = item.as_object().expect("an object").keys().collect();
            let expected = [
                "apiVersion",
                "cause",
                "container",
                "context",
                "fix",
                "image",
                "kind",
                "kubelet",
                "matches",
                "message",
                "namespace",
                "notes",
                "pod",
                "restarted",
                "serviceAccount",
                "steps",
                "verdict",
            ];
            assert_eq!(keys, expected);
        }
        items
    }

    /// Returns the only diagnosis: cause, message and fix without the namespace.
    #[track_caller]
    pub(crate) fn diagnosis(&self, args: &[&str]) -> [String; 3] {
        let found = self.diagnoses(args);
        assert_eq!(found.len(), 1, "{found:?}");
        let text = |key: &str| found[0][key].as_str().unwrap_or_default().to_owned();
        let flag = format!(" -n {}", self.fixture.namespace);
        [
            text("cause"),
            text("message"),
            text("fix").replace(&flag, ""),
        ]
    }

    #[track_caller]
    pub(crate) fn assert_diagnosis(&self, expected: [&str; 3]) {
        assert_eq!(self.diagnosis(&[]), expected.map(str::to_owned));
        let fix_line = if expected[2].is_empty() {
            String::new()
        } else {
            "\n  fix: ".to_owned()
        };
        let output = self.doctor(&[]);
        assert!(
            output
                .stdout
                .contains(&format!("\n  {}{fix_line}", expected[1])),
            "{output}"
        );
        assert_eq!(
            output.code,
            Some(i32::from(expected[0] != "retry-pending")),
            "{output}"
        );
    }
}

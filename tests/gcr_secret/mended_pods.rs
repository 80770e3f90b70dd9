//! Mends stuck pods with the commands that `doctor` prints, until a pod of the same Deployment pulls: the controllers create
//! the pods, kubelet's own code chooses the credentials, and a real client pulls from a real registry with exactly those.

use gcr_test_support::{Deployment, KubeletLookup, Registry as Images};
use serde_json::{Value, json};

use crate::pull_secrets::docker_config;
use crate::registry::{HOST, Registry};
use crate::stuck_pods::IMAGE;

/// The longest chain of commands: create the Secret, then replace the pod.
const MAX_FIXES: usize = 3;

/// A stuck Deployment whose image exists.
struct Case<'google> {
    registry: &'google Registry,
    images: Images<'google>,
    web: Deployment<'static>,
}

impl<'google> Case<'google> {
    #[track_caller]
    fn new(registry: &'google Registry, image: &str, spec: Value) -> Self {
        let images = Images::new(&registry.google);
        let operator = registry.google.operator_token();
        let pusher = docker_config(&[(HOST, "oauth2accesstoken", operator)]);
        images.push(IMAGE, &pusher).expect("push the image");
        let fixture = &registry.fixture;
        // The key file that the commands name.
        fixture.session.file("key.json", &registry.key, 0o600);
        let (cluster, namespace) = (fixture.cluster, &fixture.namespace);
        let web = Deployment::create(cluster, namespace, "web", (image, 1), spec);
        web.fail_pulls(false);
        Self {
            registry,
            images,
            web,
        }
    }

    /// Pulls as kubelet does: with the credentials of the pod's Secrets that match the image, in its order, until one works.
    fn pull(&self, pod: &Value) -> Result<String, String> {
        let fixture = &self.registry.fixture;
        let image = pod["spec"]["containers"][0]["image"]
            .as_str()
            .expect("an image");
        let references = pod["spec"]["imagePullSecrets"].as_array();
        let names = references.into_iter().flatten();
        let names = names.filter_map(|reference| reference["name"].as_str());
        let secrets = names.filter_map(|name| {
            let secret = fixture.find(&format!("secret/{name}"))?;
            let is_read = secret["type"] == "kubernetes.io/dockerconfigjson";
            is_read.then(|| fixture.docker_config_text(name))
        });
        let secrets: Vec<String> = secrets.collect();
        let answer = KubeletLookup::start()
            .expect("start the program")
            .ask(image, &secrets);
        if let Some(error) = answer["error"].as_str() {
            return Err(error.to_owned());
        }
        let mut result = Err("kubelet has no credential".to_owned());
        for credential in answer["creds"].as_array().expect("a list") {
            let text = |name: &str| credential[name].as_str().expect("a text");
            let config = docker_config(&[(HOST, text("username"), text("password"))]);
            result = self.images.pull(image, &config);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// Executes the printed commands until a pod pulls. `causes` are the causes before each command.
    #[track_caller]
    fn mend(&self, causes: &[&str]) {
        let broken = self.web.pods().remove(0);
        self.pull(&broken).expect_err("the pod is stuck");
        let mut found = Vec::new();
        for _ in 0..=MAX_FIXES {
            self.web.fail_pulls(false);
            let diagnoses = self.registry.diagnoses(&[]);
            // A Deployment that is rolled out keeps its old pod until the new one is ready.
            let newest = diagnoses.iter().find(|it| it["cause"] == "retry-pending");
            let Some(fix) = diagnoses[0]["fix"].as_str().filter(|_| newest.is_none()) else {
                break;
            };
            found.push(diagnoses[0]["cause"].as_str().expect("a cause").to_owned());
            let command = self.registry.fixture.session.shell(fix);
            command
                .envs(self.registry.google.environment())
                .run()
                .success();
            let is_replaced =
                fix.contains("--restart") || fix.starts_with("kubectl ") && !fix.contains("gcr-");
            if is_replaced {
                let old = broken["metadata"]["uid"].clone();
                gcr_test_support::wait_until("the controllers have created a new pod", || {
                    self.web
                        .pods()
                        .iter()
                        .any(|pod| pod["metadata"]["uid"] != old)
                });
            }
        }
        assert_eq!(found, causes);
        let pods = self.web.pods();
        let pulled: Vec<_> = pods.iter().map(|pod| self.pull(pod)).collect();
        assert!(pulled.iter().any(Result::is_ok), "{pulled:?}");
    }
}

/// Mends a pod whose template references the Secret `gcr-io`, which `config` fills.
#[track_caller]
fn mend_secret(cause: &str, config: Option<&str>) {
    let registry = Registry::new();
    if let Some(config) = config {
        registry.fixture.create_pull_secret("gcr-io", config);
    }
    let spec = json!({"imagePullSecrets": [{"name": "gcr-io"}]});
    Case::new(&registry, IMAGE, spec).mend(&[cause]);
}

#[test]
fn pod_without_secret_pulls_after_two_commands() {
    let registry = Registry::new();
    let case = Case::new(&registry, IMAGE, json!({}));
    case.mend(&["no-pull-secret", "pod-predates-secret"]);
}

#[test]
fn pod_with_unattached_secret_pulls_after_two_commands() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    let case = Case::new(&registry, IMAGE, json!({}));
    case.mend(&["no-pull-secret", "pod-predates-secret"]);
}

#[test]
fn pod_older_than_an_addition_to_its_account_pulls_after_a_restart() {
    let registry = Registry::new();
    let other = docker_config(&[("eu.gcr.io", "user", "password-password")]);
    registry.fixture.create_pull_secret("other", &other);
    registry.attach(&["other"]);
    let case = Case::new(&registry, IMAGE, json!({}));
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.attach(&["other", "gcr-io"]);
    let [cause, message, _] = registry.diagnosis(&[]);
    let expected = "the pod has only the pull secret other: it was created before ServiceAccount default listed other, gcr-io";
    assert_eq!(
        (cause.as_str(), message.as_str()),
        ("pod-predates-secret", expected)
    );
    case.mend(&["pod-predates-secret"]);
}

#[test]
fn pod_with_own_pull_secrets_pulls_without_them() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.attach(&["gcr-io"]);
    let spec = json!({"imagePullSecrets": [{"name": "mine"}]});
    Case::new(&registry, IMAGE, spec).mend(&["own-pull-secrets"]);
}

#[test]
fn pod_with_missing_secret_pulls_once_it_exists() {
    mend_secret("secret-missing", None);
}

#[test]
fn pod_with_undecodable_secret_pulls_once_it_is_rewritten() {
    let broken = json!({"auths": {"gcr.io": {"auth": "bm8tY29sb24="}}}).to_string();
    mend_secret("secret-undecodable", Some(&broken));
}

#[test]
fn pod_without_entry_for_host_pulls_once_it_is_added() {
    let config = docker_config(&[("gcr.io", "user", "password-password")]);
    mend_secret("no-entry-for-host", Some(&config));
}

#[test]
fn pod_without_entry_for_path_pulls_once_it_is_added() {
    let other = "us-docker.pkg.dev/demo-project/other/";
    let config = docker_config(&[(other, "user", "password-password")]);
    mend_secret("no-entry-for-host", Some(&config));
}

#[test]
fn pod_with_refused_credential_pulls_once_it_is_replaced() {
    let revoked = docker_config(&[(HOST, "_json_key", gcr_test_support::keys::KEY)]);
    mend_secret("credential-refused", Some(&revoked));
    let expired = docker_config(&[(HOST, "oauth2accesstoken", "ya29.expired-token-of-an-hour")]);
    mend_secret("credential-refused", Some(&expired));
}

#[test]
fn pod_with_secret_of_other_type_pulls_once_it_is_recreated() {
    let registry = Registry::new();
    registry
        .fixture
        .kubectl(["create", "secret", "generic", "gcr-io"]);
    let spec = json!({"imagePullSecrets": [{"name": "gcr-io"}]});
    Case::new(&registry, IMAGE, spec).mend(&["secret-wrong-type"]);
}

#[test]
fn pod_with_invalid_image_name_pulls_with_a_valid_one() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.attach(&["gcr-io"]);
    let image = "us-docker.pkg.dev/Demo-Project/images/web:1.2";
    Case::new(&registry, image, json!({})).mend(&["invalid-image-name"]);
}

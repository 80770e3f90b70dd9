//! The commands that a client dry run of `kubectl gcr-secret setup` prints, pasted into a shell with the real gcloud: they lead to the
//! same state as the command itself.

use gcr_test_support::fake_google::OPERATOR;
use gcr_test_support::{ControlPlane, Error, FakeGoogle, Options, Result, Session};
use serde_json::Value;

const REGISTRY: &str = "europe-west1-docker.pkg.dev/demo-project/images";
const EMAIL: &str = "gcr-pull@demo-project.iam.gserviceaccount.com";

/// Compares the states, for a key and for a token. Returns the number of commands.
///
/// # Errors
/// A command fails, or the states differ.
pub(super) fn run() -> Result<usize> {
    let cluster = ControlPlane::start(Options::new().throwaway())?;
    let session = Session::open(Some(cluster.kubeconfig()))?;
    let mut commands = 0;
    for credential in ["key", "token"] {
        let namespaces = cluster.create_namespaces("dry-run", 2);
        let [direct, by_hand] = [FakeGoogle::start(0)?, FakeGoogle::start(0)?];
        for google in [&direct, &by_hand] {
            if credential == "token" {
                // A token needs a role on the account, so that the account must exist.
                google.enable_services(["iam"]);
                google.add_key("gcr-pull");
                let role = "roles/iam.serviceAccountTokenCreator";
                google.grant_on_account(EMAIL, role, OPERATOR);
            }
        }
        let setup = |google: &FakeGoogle, namespace: &str, dry_run: &str| {
            let flags = [
                "setup",
                "--create-repository",
                "--registry",
                REGISTRY,
                "--credential",
                credential,
                "-n",
                namespace,
                dry_run,
            ];
            let environment = google.operator_environment();
            session.gcr_secret(flags).envs(environment).run().success()
        };
        setup(&direct, &namespaces[0], "--dry-run=none");
        let output = setup(&by_hand, &namespaces[1], "--dry-run=client");
        let script = output.commands().join(" &&\n");
        commands += output.commands().len();
        session
            .shell(&script)
            .envs(by_hand.gcloud_environment(&session.home().join(credential)))
            .timeout(std::time::Duration::from_secs(120))
            .run()
            .success();
        expect_equal("Google", &direct.summary(), &by_hand.summary())?;
        let [direct, by_hand] = [0, 1].map(|index| stored(&cluster, &namespaces[index]));
        expect_equal("cluster", &direct, &by_hand)?;
    }
    Ok(commands)
}

/// Returns what a namespace has, without what depends on the key, the token and the time.
fn stored(cluster: &ControlPlane, namespace: &str) -> Value {
    let secret = cluster.get("secret/gcr-io", namespace);
    let account = cluster.get("serviceaccount/default", namespace);
    let mut annotations = secret["metadata"]["annotations"].clone();
    if let Some(annotations) = annotations.as_object_mut() {
        for name in ["key-id", "content-digest", "expires", "account"] {
            annotations.remove(&format!("kubectl-gcr-secret/{name}"));
        }
    }
    serde_json::json!({
        "annotations": annotations,
        "labels": secret["metadata"]["labels"],
        "type": secret["type"],
        "manager": secret["metadata"]["managedFields"][0]["manager"],
        "pull secrets": account["imagePullSecrets"],
    })
}

fn expect_equal(what: &str, direct: &Value, by_hand: &Value) -> Result<()> {
    if direct == by_hand {
        return Ok(());
    }
    Err(Error::new(format!(
        "{what}: the command and the pasted commands differ\n{direct:#}\n{by_hand:#}"
    )))
}

//! Sets up projects while other clients change the same policy, and kills set-ups at random moments: no foreign binding is lost,
//! and one further run completes the work and names every key that nothing uses.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use gcr_test_support::fake_google::Propagation;
use gcr_test_support::{
    ControlPlane, FakeGoogle, Invocation, Output, Session, Signal, TestCluster,
};
use serde_json::{Value, json};

use crate::rounds::{is_long, min_median_max, print_figures, rounds};

const REGISTRY: &str = "europe-west1-docker.pkg.dev/demo-project/images";
const EMAIL: &str = "gcr-pull@demo-project.iam.gserviceaccount.com";
const READER: &str = "roles/artifactregistry.reader";
/// Number of bindings that the second writer adds per round.
const CHANGES: usize = 12;

struct SetUp {
    cluster: &'static TestCluster,
    session: Session,
}

impl SetUp {
    fn new() -> Self {
        let cluster = ControlPlane::shared();
        let session = cluster.session();
        Self { cluster, session }
    }

    fn command(&self, google: &FakeGoogle, namespace: &str) -> Invocation {
        self.session
            .gcr_secret(["setup", "--registry", REGISTRY, "-n", namespace])
            .envs(google.operator_environment())
    }

    /// Returns the ID of the key that the Secret of a namespace carries.
    fn stored_key(&self, namespace: &str) -> Option<String> {
        let secret = self.cluster.get_opt("secret/gcr-io", namespace)?;
        let id = &secret["metadata"]["annotations"]["kubectl-gcr-secret/key-id"];
        id.as_str().map(str::to_owned)
    }

    /// Asserts that Secret and ServiceAccount of a namespace are complete, and that every other key is named.
    fn assert_converged(&self, google: &FakeGoogle, namespace: &str, output: &Output) {
        let stored = self
            .stored_key(namespace)
            .expect("the Secret carries a key");
        let keys: Vec<String> = google
            .keys_of(EMAIL)
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        assert!(keys.contains(&stored), "{keys:?}\n{output}");
        let others: Vec<&String> = keys.iter().filter(|key| **key != stored).collect();
        assert!(others.len() <= 1, "{others:?}\n{output}");
        for key in others {
            let text = format!("{}\n{}", output.stdout, output.stderr);
            assert!(text.contains(key), "{key} is not named\n{output}");
        }
        let account = self.cluster.get("serviceaccount/default", namespace);
        assert_eq!(account["imagePullSecrets"], json!([{"name": "gcr-io"}]));
        let policy = google.repository_policy("europe-west1", "images");
        let member = format!("serviceAccount:{EMAIL}");
        assert!(members(&policy, READER).contains(&member), "{policy}");
    }
}

/// Returns the members of a role without a condition.
fn members(policy: &Value, role: &str) -> BTreeSet<String> {
    let bindings = policy["bindings"].as_array().into_iter().flatten();
    let bindings = bindings.filter(|it| it["role"] == role && it["condition"].is_null());
    let members = bindings.flat_map(|it| it["members"].as_array().into_iter().flatten());
    members
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect()
}

fn foreign_policy() -> [Value; 2] {
    let conditional = json!({"role": READER, "members": ["user:guest@example.com"], "condition": {
        "title": "until 2030", "description": "foreign", "expression": "request.time < timestamp('2030-01-01T00:00:00Z')"}});
    let audit = json!([{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ", "exemptedMembers": ["user:a@example.com"]}]}]);
    [conditional, audit]
}

#[test]
fn set_up_beside_other_writers_loses_no_binding() {
    let set_up = SetUp::new();
    let rounds = rounds(4, 100);
    let mut conflicts = Vec::new();
    for round in 1..=rounds {
        let google = FakeGoogle::new();
        google.enable_services(["iam", "artifactregistry"]);
        google.add_repository("europe-west1", "images");
        google.set_latency(Duration::from_millis(10));
        // In the long form, the real gcloud is another writer in each second round. It cannot change a policy with conditions,
        // because it sends version 1.
        let has_gcloud = is_long() && round % 2 == 0;
        let [conditional, audit] = foreign_policy();
        let foreign = if has_gcloud {
            json!({"role": "roles/artifactregistry.repoAdmin", "members": ["group:admins@example.com"]})
        } else {
            conditional
        };
        let policy = json!({"version": 3, "bindings": [foreign], "auditConfigs": audit});
        google.set_repository_policy("europe-west1", "images", policy);
        let namespace = set_up.cluster.create_namespace("policy-race");
        let run = set_up.command(&google, &namespace).spawn();
        let gcloud = has_gcloud.then(|| gcloud(&set_up, &google, round));
        let is_over = AtomicBool::new(false);
        let output = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for change in 0..CHANGES {
                    while google.count("repositories.getIamPolicy") == 0
                        && !is_over.load(Ordering::Relaxed)
                    {
                        sleep(Duration::from_millis(1));
                    }
                    let member = format!("user:writer-{change}@example.com");
                    google.add_repository_member("europe-west1", "images", READER, &member);
                    sleep(Duration::from_millis(fastrand::u64(0..25)));
                }
            });
            let output = run.wait();
            is_over.store(true, Ordering::Relaxed);
            writer.join().expect("the writer ends");
            output.success()
        });
        if let Some(gcloud) = gcloud {
            gcloud.wait().success();
        }
        let policy = google.repository_policy("europe-west1", "images");
        let bindings = policy["bindings"].as_array().expect("bindings");
        assert!(bindings.contains(&foreign), "round {round}: {policy}");
        assert_eq!(policy["auditConfigs"], audit, "round {round}");
        let readers = members(&policy, READER);
        let written = (0..CHANGES).map(|change| format!("user:writer-{change}@example.com"));
        for member in written {
            assert!(
                readers.contains(&member),
                "round {round}: {member} is lost\n{policy}"
            );
        }
        if has_gcloud {
            let writers = members(&policy, "roles/artifactregistry.writer");
            let member = format!("user:gcloud-{round}@example.com");
            assert!(writers.contains(&member), "round {round}: {policy}");
        }
        set_up.assert_converged(&google, &namespace, &output);
        conflicts.push(
            google
                .requests()
                .iter()
                .filter(|it| it.status == 409)
                .count(),
        );
    }
    print_figures(&format!(
        "{rounds} set-ups beside another writer, half of them also beside gcloud; conflicts per round (min / median / max): {}; no binding, condition or audit \
         config lost or changed",
        min_median_max(conflicts)
    ));
}

/// Starts the real gcloud, which adds a binding of another role to the policy.
fn gcloud(set_up: &SetUp, google: &FakeGoogle, round: usize) -> gcr_test_support::RunningCommand {
    let line = format!(
        "gcloud artifacts repositories add-iam-policy-binding images --location=europe-west1 --project=demo-project \
         --member=user:gcloud-{round}@example.com --role=roles/artifactregistry.writer"
    );
    let config = set_up.session.home().join("gcloud");
    let environment = google.gcloud_environment(&config);
    set_up.session.shell(&line).envs(environment).spawn()
}

#[test]
fn interrupted_set_up_leaves_no_key_without_a_name() {
    let set_up = SetUp::new();
    let rounds = rounds(4, 30);
    let (mut left, mut deleted) = (0, 0);
    for round in 1..=rounds {
        let google = FakeGoogle::new();
        google.enable_services(["iam", "artifactregistry"]);
        google.add_repository("europe-west1", "images");
        google.set_latency(Duration::from_millis(5));
        let namespace = set_up.cluster.create_namespace("interrupt");
        let mut run = set_up.command(&google, &namespace).spawn();
        // Most often around the creation of the key and the writes to the cluster.
        let requests = fastrand::usize(8..20);
        while google.requests().len() < requests && run.is_running() {
            sleep(Duration::from_micros(200));
        }
        sleep(Duration::from_micros(fastrand::u64(0..10_000)));
        run.signal(Signal::INT);
        let output = run.wait();
        let stored = set_up.stored_key(&namespace);
        for (key, _) in google.keys_of(EMAIL) {
            let text = format!("{}\n{}", output.stdout, output.stderr);
            let is_known = stored.as_ref() == Some(&key) || text.contains(&key);
            assert!(is_known, "round {round}: {key} is not named\n{output}");
            left += usize::from(stored.as_ref() != Some(&key));
        }
        deleted += usize::from(output.stdout.contains(" deleted\n"));
        let output = set_up.command(&google, &namespace).run().success();
        set_up.assert_converged(&google, &namespace, &output);
    }
    print_figures(&format!(
        "{rounds} interruptions; {deleted} new keys were deleted again, {left} were left and named; another run completed the work \
         every time"
    ));
}

#[test]
fn set_up_after_kill_converges_and_names_every_unused_key() {
    let set_up = SetUp::new();
    let rounds = rounds(6, 50);
    let mut orphans = 0;
    let mut written = Vec::new();
    for round in 1..=rounds {
        let google = FakeGoogle::new();
        google.add_repository("europe-west1", "images");
        google.set_latency(Duration::from_millis(5));
        google.set_propagation(Propagation {
            keys: 1,
            bindings: 1,
            ..Propagation::default()
        });
        let namespace = set_up.cluster.create_namespace("kill");
        let mut run = set_up.command(&google, &namespace).spawn();
        let requests = fastrand::usize(1..30);
        while google.requests().len() < requests && run.is_running() {
            sleep(Duration::from_micros(200));
        }
        sleep(Duration::from_micros(fastrand::u64(0..20_000)));
        run.signal(Signal::KILL);
        drop(run.wait());
        // Google and the cluster can still complete requests in flight.
        sleep(Duration::from_millis(30));
        let writes = google.requests().iter().filter(|it| !it.is_read()).count();
        written.push(writes);
        let output = set_up.command(&google, &namespace).run().success();
        set_up.assert_converged(&google, &namespace, &output);
        orphans += google.keys_of(EMAIL).len() - 1;
        // The run after that one changes nothing.
        google.reset_requests();
        set_up.command(&google, &namespace).run().success();
        let requests = google.requests();
        let writes: Vec<_> = requests.iter().filter(|it| !it.is_read()).collect();
        assert!(writes.is_empty(), "round {round}: {writes:?}");
    }
    let partial = written.iter().filter(|it| **it > 0).count();
    assert!(partial > 0, "no kill came after a write");
    print_figures(&format!(
        "{rounds} kills; writes to Google until the kill (min / median / max): {}; {orphans} keys were left, each named by the next run; \
         another run completed the work every time",
        min_median_max(written)
    ));
}

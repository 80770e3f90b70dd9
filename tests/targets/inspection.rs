//! Tests the commands that inspect several clusters, one of which is unreachable.

use gcr_test_support::{FakeGoogle, Output, Session};
use serde_json::{Value, json};

use crate::contexts::{kubeconfig, session, unreachable};
use crate::fixture::Fixture;

const REFUSED: &str = "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port? --context dead";

/// Two namespaces of a cluster, of which the first has an attached Secret, and a session with the contexts `dead` and `good`.
struct Clusters {
    fixture: Fixture,
    session: Session,
    google: FakeGoogle,
}

impl Clusters {
    #[track_caller]
    fn new(prefix: &str) -> Self {
        let fixture = Fixture::new(prefix, 2);
        let dead = unreachable(fixture.cluster);
        let contexts = [
            ("dead", dead.kubeconfig().to_path_buf(), "x"),
            (
                "good",
                kubeconfig(fixture.cluster),
                fixture.names[0].as_str(),
            ),
        ];
        let session = session(fixture.cluster, &contexts);
        let create = [
            "create",
            "--key-file=key.json",
            "--attach",
            "--context=good",
        ];
        session.gcr_secret(create).run().success();
        Self {
            fixture,
            session,
            google: FakeGoogle::new(),
        }
    }

    /// Runs a command for both contexts and the labelled namespaces.
    fn run(&self, line: &[&str]) -> Output {
        let command = self.session.gcr_secret(line).args([
            "--contexts=dead,good",
            "--namespace-selector",
            &self.fixture.selector,
        ]);
        command.envs(self.google.environment()).run()
    }

    /// Runs a command, which must print the lines of the reachable cluster, and an error for the other.
    #[track_caller]
    fn assert_lines(&self, line: &[&str], expected: &[String]) {
        let output = self.run(line).exits(1);
        let lines: Vec<&str> = output.stdout.lines().collect();
        assert_eq!(lines, expected, "{output}");
        assert!(
            output.stderr.lines().any(|line| line == REFUSED),
            "{output}"
        );
    }
}

#[test]
fn list_prints_rows_of_reachable_cluster_and_error_of_the_other() {
    let clusters = Clusters::new("inspect");
    let namespace = &clusters.fixture.names[0];
    let output = clusters.run(&["list"]).exits(1);
    assert_eq!(output.stderr, format!("{REFUSED}\n"));
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{output}");
    assert!(lines[0].starts_with("CONTEXT   NAMESPACE "), "{output}");
    let row: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(row[..3], ["good", namespace, "gcr-io"], "{output}");
    let output = clusters.run(&["list", "-o", "json"]).exits(1);
    let printed: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let items = printed["items"].as_array().expect("a list");
    assert_eq!(items.len(), 1, "{output}");
    assert_eq!(items[0]["context"], "good");
    // Named namespaces are read in each cluster.
    let named = [
        "list",
        "--no-headers",
        "--contexts=dead,good",
        "-n",
        namespace,
    ];
    let output = clusters.session.gcr_secret(named).run().exits(1);
    let counts = "1 read, 0 failed, 0 unknown, 1 not started";
    assert_eq!(output.stderr, format!("{REFUSED}\n{counts}\n"));
    assert!(output.stdout.starts_with("good "), "{output}");
    assert_eq!(output.stdout.lines().count(), 1, "{output}");
}

#[test]
fn describe_and_verify_cover_the_reachable_cluster() {
    let clusters = Clusters::new("inspect");
    let namespace = &clusters.fixture.names[0];
    let output = clusters.run(&["describe", "gcr-io"]).exits(1);
    assert_eq!(output.stderr, format!("{REFUSED}\n"));
    assert_eq!(output.stdout.matches("Name: ").count(), 1, "{output}");
    assert!(output.stdout.contains(namespace.as_str()), "{output}");
    let verified = format!(
        "secret/gcr-io account-deleted: gcr.io: the service account puller@example-project.iam.gserviceaccount.com does not exist (invalid_grant: Invalid grant: account not found) -n {namespace} --context good"
    );
    clusters.assert_lines(&["verify"], &[verified]);
}

#[test]
fn fix_of_doctor_names_namespace_and_context() {
    let clusters = Clusters::new("inspect");
    let names = &clusters.fixture.names;
    let image = "gcr.io/demo-project/web:1";
    let args = ["doctor", "--image", image, "-o", "json"];
    let output = clusters.run(&args).exits(1);
    assert!(output.stderr.contains(REFUSED), "{output}");
    let printed: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let items = printed["items"].as_array().expect("a list").iter();
    let without = items
        .clone()
        .find(|it| it["namespace"] == names[1].as_str());
    let without = without.unwrap_or_else(|| panic!("{output}"));
    assert_eq!(
        (&without["cause"], &without["context"]),
        (&json!("no-pull-secret"), &json!("good"))
    );
    let fix = format!(
        "kubectl gcr-secret create gcr-io --key-file key.json --registry gcr.io --attach -n {} --context good",
        names[1]
    );
    assert_eq!(without["fix"], fix);
    assert_eq!(items.len(), 2, "{output}");
    clusters.session.shell(&fix).run().success();
    let stored = clusters.fixture.cluster.get("secret/gcr-io", &names[1]);
    assert_eq!(stored["type"], "kubernetes.io/dockerconfigjson");
}

#[test]
fn delete_covers_the_reachable_cluster_and_counts_the_other() {
    let clusters = Clusters::new("inspect");
    let namespace = &clusters.fixture.names[0];
    let lines = ["serviceaccount/default patched", "secret/gcr-io deleted"];
    let lines = lines.map(|line| format!("{line} -n {namespace} --context good"));
    clusters.assert_lines(&["delete", "gcr-io"], &lines);
    assert_eq!(
        clusters.fixture.cluster.get_opt("secret/gcr-io", namespace),
        None
    );
}

#[test]
fn rbac_check_covers_the_reachable_cluster() {
    let clusters = Clusters::new("inspect");
    let output = clusters.run(&["rbac", "list", "--check"]).exits(1);
    assert!(output.stderr.contains(REFUSED), "{output}");
    let rows = output.stdout.lines().filter(|it| it.starts_with("good "));
    assert_eq!(rows.count(), 3, "{output}");
}

//! The objects and commands of `docs/rotation.md`, as they are written there.

use std::fs;

use gcr_test_support::{Session, checkout};
use serde_json::Value;

use crate::fixture::{EMAIL, Fixture};

/// Returns the blocks of a language in the page.
#[track_caller]
fn blocks(language: &str) -> Vec<String> {
    let page = fs::read_to_string(checkout::root().join("docs/rotation.md"))
        .expect("it has the expected form");
    let mut blocks = Vec::new();
    for part in page.split(&format!("```{language}\n")).skip(1) {
        blocks.push(part.split("```").next().unwrap_or_default().to_owned());
    }
    blocks
}

/// Creates the documented objects with the placeholders of a pool, and returns a session of the documented ServiceAccount and
/// the CronJob's arguments and variables.
#[test]
fn documented_cron_job_rotates_with_the_documented_roles() {
    let fixture = Fixture::new("rotate-docs", 2);
    let [yaml] = blocks("yaml")
        .try_into()
        .unwrap_or_else(|it| panic!("{it:?}"));
    let audience = fixture.google.workload_identity_audience();
    let pool = audience.trim_start_matches("//iam.googleapis.com/");
    let placeholder =
        "projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER";
    assert_eq!(yaml.matches(placeholder).count(), 2);
    let yaml = yaml.replace(placeholder, pool);
    fixture
        .cluster
        .kubectl(["apply", "-f", "-"])
        .stdin(yaml)
        .run()
        .success();

    let job = fixture
        .cluster
        .get("cronjob/gcr-secret-rotate", "gcr-secret");
    let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(container["command"][0], "kubectl-gcr_secret");
    let args = container["args"].as_array().unwrap().iter();
    let args: Vec<&str> = args.filter_map(Value::as_str).collect();
    let account = pod["serviceAccountName"].as_str().unwrap();
    let token = |extra: &[&str]| {
        let words = ["create", "token", account, "-n", "gcr-secret"];
        let output = fixture.cluster.kubectl(words).args(extra).run().success();
        output.stdout.trim().to_owned()
    };

    // The token of the volume, which the pool of the fake accepts, and the file of the ConfigMap.
    let source = &pod["volumes"][1]["projected"]["sources"][0]["serviceAccountToken"];
    let subject_token = token(&["--audience", source["audience"].as_str().unwrap()]);
    let subject = format!("system:serviceaccount:gcr-secret:{account}");
    let member = fixture
        .google
        .accept_subject_token(&subject_token, &subject);
    let role = "roles/iam.serviceAccountKeyAdmin";
    fixture.google.grant_on_account(EMAIL, role, &member);
    let map = fixture
        .cluster
        .get("configmap/google-credentials", "gcr-secret");
    let credentials = map["data"]["credentials.json"].as_str().unwrap();
    let session = fixture.cluster.session();
    let token_file = session.file("token", subject_token, 0o600);
    let mount = &container["volumeMounts"][1]["mountPath"];
    let mounted = format!(
        "{}/{}",
        mount.as_str().unwrap(),
        source["path"].as_str().unwrap()
    );
    assert!(credentials.contains(&mounted), "{credentials}");
    let credentials = credentials.replace(&mounted, &token_file.display().to_string());
    let credentials = session.file("credentials.json", credentials, 0o600);

    as_service_account(&session, &token(&[]));
    let rotate = |args: &[&str]| {
        session
            .gcr_secret(args)
            .envs(fixture.google.environment())
            .env(container["env"][0]["name"].as_str().unwrap(), &credentials)
    };
    // The shared cluster has Secrets of other tests: the namespaces are named here in place of -A.
    let scope = fixture.scope();
    let in_scope: Vec<&str> = args
        .iter()
        .flat_map(|arg| {
            if *arg == "-A" {
                vec!["-n", &scope]
            } else {
                vec![*arg]
            }
        })
        .collect();
    let output = rotate(&in_scope).run().success();
    assert!(
        output
            .stdout
            .contains(&format!("key/{} unchanged", fixture.old)),
        "{output}"
    );
    fixture.assert_untouched();
    let due: Vec<&str> = in_scope
        .iter()
        .map(|arg| if *arg == "90d" { "0s" } else { arg })
        .collect();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    rotate(&due).run().success();
    fixture.assert_rotated();
}

/// Lets the session's kubeconfig use this token.
fn as_service_account(session: &Session, token: &str) {
    let config = |args: &[&str]| session.kubectl(["config"]).args(args).run().success();
    config(&["set-credentials", "job", "--token", token]);
    config(&["set-context", "--current", "--user=job"]);
}

#[test]
fn documented_commands_are_valid() {
    let fixture = Fixture::new("rotate-docs-ci", 1);
    for block in blocks("sh") {
        for line in block
            .lines()
            .filter(|line| line.contains("kubectl gcr-secret rotate"))
        {
            let words = line
                .split('#')
                .next()
                .unwrap_or_default()
                .split_whitespace();
            let args: Vec<&str> = words.skip(3).filter(|word| *word != "-A").collect();
            let output = fixture.rotate(args).args(["--dry-run=client"]).run();
            output.success();
        }
    }
    fixture.assert_untouched();
}

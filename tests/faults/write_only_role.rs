//! Users that may write a Secret but not read it. The response to the write is all that the plugin learns.

use gcr_test_support::fault_proxy::{CannedResponse, FaultProxy, Rule};
use gcr_test_support::{ControlPlane, Output, PolicyRule, TestCluster, keys};

/// A namespace and a proxy in front of the cluster, for a user with `patch` and `create` on Secrets.
struct Fixture {
    cluster: &'static TestCluster,
    namespace: String,
    proxy: FaultProxy,
}

impl Fixture {
    #[track_caller]
    fn new() -> Self {
        let cluster = ControlPlane::shared();
        Self {
            cluster,
            namespace: cluster.create_namespace("write-only"),
            proxy: FaultProxy::new(cluster),
        }
    }

    fn create(&self, args: &[&str]) -> Output {
        self.create_with("--key-file=key.json", args)
    }

    fn create_with(&self, key: &str, args: &[&str]) -> Output {
        let rule = PolicyRule::new("patch,create", "secrets");
        let user = self.cluster.user().allow(&self.namespace, &[rule]);
        let session = self.proxy.session_for(&user.kubeconfig());
        session.file("key.json", keys::KEY, 0o600);
        session.file("rotated-key.json", keys::ROTATED_KEY, 0o600);
        let create = session.gcr_secret(["create", key, "-n", &self.namespace]);
        create.args(args).run()
    }
}

#[test]
fn secret_that_is_being_deleted_fails() {
    let fixture = Fixture::new();
    let kubectl = |args: &[&str]| {
        let invocation = fixture.cluster.kubectl(args);
        invocation.args(["-n", &fixture.namespace]).run().success()
    };
    fixture.create(&[]).success();
    let finalizer = r#"{"metadata":{"finalizers":["example.com/hold"]}}"#;
    kubectl(&["patch", "secret", "gcr-io", "-p", finalizer]);
    kubectl(&["delete", "secret", "gcr-io", "--wait=false"]);
    let output = fixture.create(&[]);
    kubectl(&[
        "patch",
        "secret",
        "gcr-io",
        "-p",
        r#"{"metadata":{"finalizers":null}}"#,
    ]);
    assert_eq!(
        (output.code, output.stdout.as_str(), output.stderr.as_str()),
        (
            Some(1),
            "",
            "error: secret \"gcr-io\" is still being deleted: waiting for example.com/hold\n"
        ),
        "{output}"
    );
}

#[test]
fn refused_dry_run_does_not_prevent_the_write() {
    let responses = [
        CannedResponse::status(
            400,
            "BadRequest",
            "admission webhook \"policy\" does not support dry run",
        ),
        CannedResponse::status(
            403,
            "Forbidden",
            "secrets \"gcr-io\" is forbidden: ValidatingAdmissionPolicy 'no-dry-run' denied request: no dry runs",
        ),
    ];
    for refused in responses {
        let fixture = Fixture::new();
        let dry_runs = Rule::on("patch", "secrets").query("dryRun", "All");
        let dry_runs = fixture.proxy.answer(dry_runs, refused);
        for (word, key) in [
            ("created", "--key-file=key.json"),
            ("configured", "--key-file=rotated-key.json"),
        ] {
            let output = fixture.create_with(key, &[]).success();
            assert_eq!(output.stdout, format!("secret/gcr-io {word}\n"), "{output}");
            assert_eq!(output.stderr, "", "{output}");
        }
        assert_eq!(fixture.proxy.hits(dry_runs), 2);
        // A dry run that the user asks for fails.
        fixture.create(&["--dry-run=server"]).exits(1);
    }
}

#[test]
fn denied_review_gives_the_reason_of_the_server_and_no_rule() {
    let fixture = Fixture::new();
    let message =
        "secrets \"gcr-io\" is forbidden: User \"jane\" cannot patch resource \"secrets\"";
    let forbidden = CannedResponse::status(403, "Forbidden", message);
    fixture
        .proxy
        .answer(Rule::on("patch", "secrets"), forbidden);
    fixture
        .proxy
        .change_response(Rule::on("create", "selfsubjectaccessreviews"), |review| {
            review["status"] = serde_json::json!({"allowed": false, "denied": true,
                "reason": "the platform manages\u{1b} this namespace"});
        });
    let output = fixture.create(&[]);
    assert_eq!(
        output.stderr,
        format!(
            "Error from server (Forbidden): {message}\nhint: the server denies it, whatever roles grant: the platform \
             manages^[ this namespace\n"
        ),
        "{output}"
    );
}

//! Proxies that filter lists of the whole cluster by the user's permissions: a list lacks objects that a read by name shows.

use gcr_test_support::fault_proxy::{FaultProxy, Rule};
use gcr_test_support::{Report, Session, keys};
use serde_json::json;

use crate::lists::ManyNamespaces;

/// Namespaces whose Secrets and accounts no list of the cluster shows.
struct Fixture {
    namespaces: ManyNamespaces,
    proxy: FaultProxy,
    session: Session,
}

impl Fixture {
    #[track_caller]
    fn new() -> Self {
        let namespaces = ManyNamespaces::new();
        let proxy = FaultProxy::new(namespaces.cluster);
        for resource in ["secrets", "serviceaccounts"] {
            proxy.filter_items(Rule::on("list", resource).namespace(""), |_| false);
        }
        let session = proxy.session();
        session.file("key.json", keys::KEY, 0o600);
        Self {
            namespaces,
            proxy,
            session,
        }
    }

    #[track_caller]
    fn create_accounts(&self, list: &serde_json::Value) {
        let account = |namespace: &String| {
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "imagePullSecrets": list,
                "metadata": {"name": "builder", "namespace": namespace, "labels": {"listed": "yes"}}})
        };
        let accounts = self.namespaces.names.iter().map(account).collect();
        self.namespaces.cluster.create(accounts);
    }

    fn patch(&self, args: &[&str]) -> gcr_test_support::Output {
        let patch = self
            .session
            .gcr_patch_sa(["builder", "--namespace-selector"]);
        patch.arg(&self.namespaces.label).args(args).run()
    }

    fn create(&self, args: &[&str]) -> gcr_test_support::Output {
        let create =
            self.session
                .gcr_secret(["create", "--key-file=key.json", "--namespace-selector"]);
        create.arg(&self.namespaces.label).args(args).run()
    }
}

#[test]
fn accounts_that_the_list_lacks_are_read_by_name() {
    let fixture = Fixture::new();
    fixture.create_accounts(&json!([]));
    let count = fixture.namespaces.names.len();
    let output = fixture.create(&["--serviceaccount=builder"]).success();
    Report::parse(&output).assert_all_succeeded(2 * count);
    assert!(!output.stderr.contains("not found"), "{output}");

    // The Secrets exist, so that there is no warning about them.
    let output = fixture.patch(&[]).success();
    assert_eq!(
        output.stderr.trim_end(),
        format!("{count} unchanged, 0 failed, 0 unknown, 0 not started"),
        "{output}"
    );
    let output = fixture.patch(&["--remove"]).success();
    assert_eq!(
        output.stderr.trim_end(),
        format!("{count} patched, 0 failed, 0 unknown, 0 not started"),
        "{output}"
    );
}

#[test]
fn accounts_that_do_not_exist_are_read_once_by_name() {
    let fixture = Fixture::new();
    let count = fixture.namespaces.names.len();
    let output = fixture.patch(&[]).exits(1);
    assert_eq!(
        output.stderr.lines().last(),
        Some(format!("{count} failed, 0 unknown, 0 not started").as_str()),
        "{output}"
    );
    let reads = fixture
        .proxy
        .traffic()
        .request_count("get", "serviceaccounts");
    assert_eq!(reads, count as u64, "{output}");
}

#[test]
fn secrets_that_the_list_lacks_are_merged_and_not_called_created() {
    let fixture = Fixture::new();
    let namespaces = &fixture.namespaces;
    let direct = namespaces.cluster.session();
    direct.file("key.json", keys::KEY, 0o600);
    let args = [
        "create",
        "--key-file=key.json",
        "--registry=eu.gcr.io",
        "--namespace-selector",
    ];
    direct
        .gcr_secret(args)
        .arg(&namespaces.label)
        .run()
        .success();
    let count = namespaces.names.len();
    let output = fixture.create(&["--merge"]).success();
    assert_eq!(
        output.stderr.trim_end(),
        format!("{count} configured, 0 failed, 0 unknown, 0 not started"),
        "{output}"
    );
    for namespace in &namespaces.names {
        let secret = namespaces.cluster.get("secret/gcr-io", namespace);
        let hosts = &secret["metadata"]["annotations"]["kubectl-gcr-secret/registries"];
        assert_eq!(hosts, "gcr.io,eu.gcr.io", "{namespace}");
    }
    let output = fixture.create(&["--merge"]).success();
    assert_eq!(
        output.stderr.trim_end(),
        format!("{count} unchanged, 0 failed, 0 unknown, 0 not started"),
        "{output}"
    );
}

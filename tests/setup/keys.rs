//! Reuse of keys, and what becomes of the others.

use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use gcr_test_support::{ControlPlane, PolicyRule};

use crate::fixture::{EMAIL, Fixture, REGISTRY};

#[test]
fn key_of_one_namespace_is_reused_in_another() {
    let fixture = Fixture::prepared("setup-reuse");
    fixture.setup([""; 0]).run().success();
    let key = fixture.key();
    let other = fixture.cluster.create_namespace("setup-reuse");
    let both = format!("{},{other}", fixture.namespace);
    let output = fixture
        .command(["--registry", REGISTRY, "-n", &both])
        .run()
        .success();
    assert!(
        output.stdout.contains(&format!("key/{key} unchanged\n")),
        "{output}"
    );
    assert!(
        output
            .stdout
            .contains(&format!("secret/gcr-io created -n {other}\n")),
        "{output}"
    );
    assert_eq!(fixture.key(), key);
}

#[test]
fn key_in_base64_is_reused() {
    let fixture = Fixture::prepared("setup-base64");
    let (_, file) = fixture.google.add_key("gcr-pull");
    let key = fixture.key();
    let file = fixture.session.file("key.json", file, 0o600);
    let create = fixture
        .session
        .gcr_secret(["create", "--auth=json-key-base64", "-n"])
        .arg(&fixture.namespace)
        .arg("--key-file")
        .arg(file);
    create.run().success();
    let output = fixture.setup([""; 0]).run().success();
    let line = format!("key/{key} unchanged\n");
    assert!(output.stdout.contains(&line), "{output}");
    fixture.assert_complete();
}

#[test]
fn new_key_leaves_the_old_one_and_names_it() {
    let fixture = Fixture::prepared("setup-new-key");
    fixture.setup([""; 0]).run().success();
    let old = fixture.key();
    let output = fixture.setup(["--new-key"]).run().success();
    let keys = fixture.google.keys_of(EMAIL);
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys.contains(&(old.clone(), false)), "{keys:?}");
    assert_ne!(fixture.stored_key(), Some(old.clone()));
    assert!(
        output.stdout.contains("secret/gcr-io configured\n"),
        "{output}"
    );
    let output = fixture.setup([""; 0]).run().success();
    assert!(
        output.stderr.contains(&format!(
            "1 key that no selected Secret carries: {old} (created "
        )) && output
            .stderr
            .contains("gcloud iam service-accounts keys delete KEY_ID"),
        "{output}"
    );
}

#[test]
fn disabled_or_deleted_key_is_not_reused() {
    let fixture = Fixture::prepared("setup-disabled-key");
    fixture.setup([""; 0]).run().success();
    let old = fixture.key();
    fixture.google.set_key_disabled(EMAIL, &old, true);
    fixture.setup([""; 0]).run().success();
    let new = fixture.stored_key().unwrap();
    assert_ne!(new, old);
    fixture.google.delete_key(EMAIL, &new);
    fixture.setup([""; 0]).run().success();
    let newest = fixture.stored_key().unwrap();
    assert!(newest != old && newest != new);
    assert!(fixture.keys().contains(&newest));
}

#[test]
fn user_that_may_not_read_secrets_gets_a_new_key() {
    let fixture = Fixture::prepared("setup-unreadable");
    fixture.setup([""; 0]).run().success();
    let old = fixture.key();
    let user = ControlPlane::shared().user().allow(
        &fixture.namespace,
        &[
            PolicyRule::new("create,patch", "secrets"),
            PolicyRule::new("get,patch", "serviceaccounts"),
        ],
    );
    let session = user.session();
    let setup = || {
        session
            .gcr_secret(["setup", "--registry", REGISTRY, "-n", &fixture.namespace])
            .envs(fixture.google.operator_environment())
    };
    let output = setup().run().success();
    assert!(output.stdout.contains(" created\n"), "{output}");
    assert_ne!(fixture.stored_key(), Some(old));
}

#[test]
fn key_is_reused_by_user_that_may_only_list_secrets() {
    let fixture = Fixture::prepared("setup-list-only");
    fixture.setup([""; 0]).run().success();
    let key = fixture.key();
    let label = format!("list-only={}", fixture.namespace);
    let label_args = ["label", "namespace", &fixture.namespace, &label];
    fixture.cluster.kubectl(label_args).run().success();
    let lists = [
        PolicyRule::new("list", "secrets"),
        PolicyRule::new("list", "namespaces"),
    ];
    let writes = [
        PolicyRule::new("create,patch", "secrets"),
        PolicyRule::new("get,patch", "serviceaccounts"),
    ];
    let user = ControlPlane::shared().user();
    let user = user
        .allow_cluster_wide(&lists)
        .allow(&fixture.namespace, &writes);
    let output = user
        .session()
        .gcr_secret(["setup", "--registry", REGISTRY])
        .args(["--namespace-selector", &label])
        .envs(fixture.google.operator_environment())
        .run()
        .success();
    let line = format!("key/{key} unchanged\n");
    assert!(output.stdout.contains(&line), "{output}");
    assert_eq!(fixture.key(), key);
}

#[test]
fn eleventh_key_is_refused_with_the_count() {
    let fixture = Fixture::prepared("setup-eleven");
    for _ in 0..10 {
        fixture
            .setup(["--new-key", "--verify=false", "--attach=false"])
            .run()
            .success();
    }
    let stored = fixture.stored_key();
    let output = fixture.setup(["--new-key"]).run().failure();
    assert!(
        output.stderr.contains(&format!(
            "create a key of {EMAIL}: the account has 10 of 10 keys\n"
        )),
        "{output}"
    );
    assert!(
        output
            .stderr
            .contains("hint: delete a key that is not used"),
        "{output}"
    );
    assert_eq!(fixture.stored_key(), stored);
    // Without the flag, the key in the Secret does.
    fixture.setup([""; 0]).run().success();
}

#[test]
fn lost_reply_to_the_creation_leaves_one_key() {
    for fault in [
        Fault::ReplyLost,
        Fault::Truncated,
        Fault::RespondAfterCommit(CannedError::unavailable()),
    ] {
        let fixture = Fixture::prepared("setup-lost");
        fixture
            .google
            .inject(Rule::on("keys.create").nth(1), fault.clone());
        let output = fixture.setup([""; 0]).run().success();
        assert_eq!(
            fixture.google.count("keys.create"),
            2,
            "{fault:?}\n{output}"
        );
        fixture.assert_complete();
    }
}

#[test]
fn lost_key_that_cannot_be_deleted_is_named() {
    let fixture = Fixture::prepared("setup-lost-named");
    fixture
        .google
        .inject(Rule::on("keys.create").nth(1), Fault::ReplyLost);
    fixture.google.deny("iam.serviceAccountKeys.delete", "");
    let output = fixture.setup([""; 0]).run().failure();
    let key = fixture.key();
    assert!(
        output.stderr.contains(&format!(
            "gcloud iam service-accounts keys delete {key} --iam-account={EMAIL}"
        )),
        "{output}"
    );
    assert!(fixture.secret().is_none());
}

#[test]
fn key_that_no_secret_holds_is_deleted_again() {
    let fixture = Fixture::prepared("setup-unused");
    let user = ControlPlane::shared().user();
    let session = user.session();
    let setup = || {
        session
            .gcr_secret(["setup", "--registry", REGISTRY, "-n", &fixture.namespace])
            .envs(fixture.google.operator_environment())
    };
    let output = setup().run().failure();
    assert_eq!(fixture.keys(), [""; 0], "{output}");
    let created = output
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("key/")?.strip_suffix(" created"));
    let key = created.unwrap_or_else(|| panic!("{output}"));
    assert!(
        output.stdout.ends_with(&format!("key/{key} deleted\n")),
        "{output}"
    );
    fixture.google.deny("iam.serviceAccountKeys.delete", "");
    let output = setup().run().failure();
    let key = fixture.key();
    assert!(
        output.stderr.contains(&format!(
            "error: no Secret holds the new key {key}, and it was not deleted: "
        )) && output.stderr.contains(&format!(
            "hint: delete the unused key: gcloud iam service-accounts keys delete {key} "
        )),
        "{output}"
    );
}

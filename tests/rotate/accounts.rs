//! Several accounts in scope, the age of keys, and the limit of ten.

use gcr_test_support::fake_google::{CannedError, Fault, Rule};

use crate::fixture::{EMAIL, Fixture, carried_key};

#[test]
fn several_accounts_are_rotated_one_after_the_other() {
    let fixture = Fixture::new("rotate-accounts", 2);
    let second = fixture.add_account("other", "other", &fixture.scope());
    let output = fixture.rotate([""; 0]).run().success();
    fixture.assert_rotated();
    let keys = fixture
        .google
        .keys_of("other@demo-project.iam.gserviceaccount.com");
    assert!(keys.len() == 1 && keys[0].0 != second, "{keys:?}\n{output}");
    let secret = fixture.cluster.get("secret/other", &fixture.namespaces[0]);
    assert_eq!(carried_key(&secret), keys[0].0);
    let ends: Vec<usize> = [&fixture.old, &second]
        .map(|key| output.stdout.find(&format!("key/{key} deleted")).unwrap())
        .into();
    assert_eq!(output.stdout.matches(" created\n").count(), 2, "{output}");
    let second_key = output.stdout.rfind(" created\n").unwrap();
    assert!(ends[0] < second_key && second_key < ends[1], "{output}");
}

#[test]
fn name_limits_the_rotation_to_secrets_of_that_name() {
    let fixture = Fixture::new("rotate-name", 1);
    let second = fixture.add_account("other", "other", &fixture.scope());
    fixture.rotate(["gcr-io"]).run().success();
    fixture.assert_rotated();
    let keys = fixture
        .google
        .keys_of("other@demo-project.iam.gserviceaccount.com");
    assert_eq!(keys, [(second, false)]);
}

#[test]
fn account_that_fails_does_not_hold_up_the_others() {
    let fixture = Fixture::new("rotate-one-fails", 1);
    let second = fixture.add_account("a-broken", "other", &fixture.scope());
    let broken = "a-broken@demo-project.iam.gserviceaccount.com";
    fixture.google.set_account_disabled(broken, true);
    let output = fixture.rotate([""; 0]).run().exits(1);
    fixture.assert_rotated();
    assert_eq!(fixture.google.keys_of(broken), [(second, false)]);
    assert!(
        output
            .stderr
            .contains(&format!("error: service account {broken} is disabled\n"))
            && output
                .stderr
                .contains(&format!("gcloud iam service-accounts enable {broken}")),
        "{output}"
    );
}

#[test]
fn nothing_found_is_an_error() {
    let fixture = Fixture::new("rotate-nothing", 1);
    let output = fixture.rotate(["no-such-secret"]).run().exits(1);
    assert!(
        output.stderr.contains(
            "error: no selected Secret of this plugin carries a key of a service account"
        ),
        "{output}"
    );
    fixture.assert_untouched();
}

#[test]
fn age_limit_rotates_only_older_keys() {
    let fixture = Fixture::new("rotate-age", 2);
    let output = fixture.rotate(["--max-age", "90d"]).run().success();
    let old = &fixture.old;
    assert!(
        output.stdout.contains(&format!("key/{old} unchanged\n")),
        "{output}"
    );
    assert_eq!(
        output.stdout.matches("secret/gcr-io unchanged").count(),
        2,
        "{output}"
    );
    fixture.assert_untouched();
    assert_eq!(fixture.google.count("keys.create"), 0);
    // The age of a key is Google's time against ours: a limit of a second is over soon.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    fixture.rotate(["--max-age", "1s"]).run().success();
    fixture.assert_rotated();
}

#[test]
fn full_account_is_an_error_before_anything_is_written() {
    let fixture = Fixture::new("rotate-ten", 1);
    for _ in 0..9 {
        fixture.google.add_key("gcr-pull");
    }
    let output = fixture.rotate([""; 0]).run().exits(1);
    assert!(
        output.stderr.contains(&format!(
            "error: create a key of {EMAIL}: the account has 10 of 10 keys; nothing was written\n"
        )),
        "{output}"
    );
    assert_eq!(fixture.google.count("keys.create"), 0);
    assert_eq!(fixture.carried(), std::slice::from_ref(&fixture.old));
    // Keys that a killed run may have left are named.
    let others = fixture.keys().into_iter().map(|(id, _)| id);
    for key in others.filter(|id| *id != fixture.old) {
        let command =
            format!("gcloud iam service-accounts keys delete {key} --iam-account={EMAIL}");
        assert!(output.stderr.contains(&command), "{key}\n{output}");
    }
}

#[test]
fn lost_reply_to_the_creation_leaves_one_key() {
    let fixture = Fixture::new("rotate-lost", 2);
    fixture
        .google
        .inject(Rule::on("keys.create").nth(1), Fault::ReplyLost);
    fixture.rotate([""; 0]).run().success();
    fixture.assert_rotated();
}

#[test]
fn lost_and_repeated_replies_to_the_retirement_are_harmless() {
    for fault in [
        Fault::ReplyLost,
        Fault::RespondAfterCommit(CannedError::unavailable()),
        Fault::Respond(CannedError::unavailable()),
    ] {
        let fixture = Fixture::new("rotate-retire", 1);
        for method in ["keys.disable", "keys.delete"] {
            fixture
                .google
                .inject(Rule::on(method).nth(1), fault.clone());
        }
        fixture.rotate([""; 0]).run().success();
        fixture.assert_rotated();
    }
}

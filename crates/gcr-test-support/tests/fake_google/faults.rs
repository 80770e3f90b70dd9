//! Every fault does what its name says.

use std::time::{Duration, Instant};

use gcr_test_support::fake_google::{CannedError, Fault, PROJECT, Rule};
use serde_json::{Value, json};

use crate::client::{IAM, ready};

#[test]
fn reply_lost_after_commit_leaves_the_key() {
    let (google, client) = ready();
    let email = client.create_account("puller");
    let url = format!("{IAM}/{PROJECT}/serviceAccounts/{email}/keys");
    let rule = google.inject(Rule::on("keys.create"), Fault::ReplyLost);
    assert!(
        client
            .try_send(client.request("POST", &url, &json!({})))
            .is_none()
    );
    assert_eq!((google.hits(rule), google.keys_of(&email).len()), (1, 1));
    google.clear_faults();
    google.inject(Rule::on("keys.create"), Fault::Reset);
    assert!(
        client
            .try_send(client.request("POST", &url, &json!({})))
            .is_none()
    );
    assert_eq!(google.keys_of(&email).len(), 1);
    google.clear_faults();
    google.inject(
        Rule::on("keys.create"),
        Fault::RespondAfterCommit(CannedError::unavailable()),
    );
    assert_eq!(client.post(&url, &json!({})).api_error().1, "UNAVAILABLE");
    assert_eq!(google.keys_of(&email).len(), 2);
}

#[test]
fn rule_selects_requests_by_method_path_and_order() {
    let (google, client) = ready();
    let emails = ["puller-a", "puller-b"].map(|name| client.create_account(name));
    let rule = Rule::on("serviceAccounts.get")
        .path("puller-b")
        .skip(1)
        .first(2);
    google.inject(rule, Fault::Respond(CannedError::quota(Some("1.5s"))));
    let get = |email: &str| client.get(&format!("{IAM}/{PROJECT}/serviceAccounts/{email}"));
    let statuses: Vec<u16> = emails
        .iter()
        .cycle()
        .take(8)
        .map(|email| get(email).status)
        .collect();
    assert_eq!(statuses, [200, 200, 200, 429, 200, 429, 200, 200]);
    assert_eq!(google.count("serviceAccounts.get"), 8);
    let counted = google.requests();
    assert_eq!(
        counted.last().map(|it| (it.status, it.is_read())),
        Some((200, true))
    );
}

#[test]
fn damaged_responses_are_as_named() {
    let (google, client) = ready();
    let url = format!("{IAM}/{PROJECT}/serviceAccounts");
    let request = || client.request("GET", &url, &Value::Null);
    let with = |fault: Fault| {
        google.clear_faults();
        google.inject(Rule::on("*"), fault);
        client.try_send(request())
    };
    assert!(with(Fault::Truncated).is_none());
    let echo = with(Fault::Echo).unwrap();
    assert!(echo.status == 400 && echo.text.contains(google.operator_token()));
    let html = with(Fault::Respond(CannedError::captive_portal())).unwrap();
    assert!(html.text.starts_with("<html>"));
    let huge = with(Fault::Huge(3_000_000)).unwrap();
    assert!(huge.text.len() > 3_000_000 && huge.json()["padding"].is_string());
    let started = Instant::now();
    with(Fault::Delay(Duration::from_millis(50))).unwrap().ok();
    assert!(started.elapsed() >= Duration::from_millis(50));
}

//! Tests the sources on the machine itself: gcloud and the metadata server.

use std::time::{Duration, Instant};

use gcr_google::credentials::CredentialError;
use gcr_google::iam_credentials::CLOUD_PLATFORM;

use crate::search::{ISSUED, Search};
use crate::stub::{Reply, Stub};

#[tokio::test]
async fn gcloud_tells_token_expiry_and_account() {
    let search = Search::new().gcloud(
        r#"test "$*" = "config config-helper --format=json" || exit 1
test -t 0 && exit 1
echo '{"configuration":{"properties":{"core":{"account":"user@example.com"}}},"credential":{"access_token":"ya29.gcloud","token_expiry":"2099-01-01T00:00:00Z"}}'"#,
    );
    let found = search.find().await.unwrap();
    assert_eq!(found.token.origin(), "gcloud (account user@example.com)");
    assert_eq!(found.billing_project(None, Some("p")).as_deref(), Some("p"));
    let token = found.token.token(&[CLOUD_PLATFORM]).await.unwrap();
    assert_eq!(token.token.expose(), "ya29.gcloud");
    assert_eq!(
        token.expires_at,
        Some("2099-01-01T00:00:00Z".parse().unwrap())
    );
}

#[tokio::test]
async fn failing_gcloud_is_an_error_with_its_message() {
    let script = "echo 'ERROR: (gcloud.config.config-helper) There was a problem refreshing: invalid_grant' >&2; exit 1";
    let error = Search::new().gcloud(script).token().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "gcloud: (gcloud.config.config-helper) There was a problem refreshing: invalid_grant"
    );
}

#[tokio::test(start_paused = true)]
async fn gcloud_that_hangs_is_given_up() {
    let error = Search::new().gcloud("exec sleep 100").token().await;
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "gcloud: no result within 30 seconds");
}

#[tokio::test(start_paused = true)]
async fn pipe_without_writer_is_given_up() {
    let search = Search::new();
    let pipe = search.directory.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let search = search.set("GOOGLE_APPLICATION_CREDENTIALS", pipe.to_str().unwrap());
    // The clock stands still while a thread waits for the writer.
    let clock = async {
        loop {
            tokio::time::advance(Duration::from_secs(1)).await;
            tokio::task::yield_now().await;
        }
    };
    let error = tokio::select! {
        token = search.token() => token.unwrap_err().to_string(),
        () = clock => unreachable!("the clock has no end"),
    };
    let expected = format!(
        "credential file \"{}\" (GOOGLE_APPLICATION_CREDENTIALS): cannot read: it does not end within 30 seconds",
        pipe.display()
    );
    assert_eq!(error, expected);
    // Ends the thread, for which the runtime waits.
    std::fs::write(&pipe, "").unwrap();
}

#[tokio::test]
async fn gcloud_without_account_and_no_metadata_server_means_no_credentials() {
    let script = "echo 'ERROR: You do not currently have an active account selected.' >&2; exit 1";
    let started = Instant::now();
    let error = Search::new().gcloud(script).token().await.unwrap_err();
    assert!(matches!(error, CredentialError::Missing), "{error}");
    assert!(
        error
            .hint()
            .unwrap()
            .contains("gcloud auth application-default login")
    );
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn metadata_server_is_asked_with_its_header() {
    let stub = Stub::start(|request| {
        if request.headers.get("metadata-flavor").is_none() {
            return Reply::json(403, "");
        }
        Reply::json(200, ISSUED)
    })
    .await;
    let host = format!("127.0.0.1:{}", stub.port);
    let search = Search::new().set("GCE_METADATA_HOST", &host);
    assert_eq!(search.token().await.unwrap(), "ya29.issued");
    let target = &stub.received()[0].target;
    assert!(
        target.starts_with(
            "/computeMetadata/v1/instance/service-accounts/default/token?scopes=https"
        ),
        "{target}"
    );
}

//! Tests that callers at the same time share one request.

use std::sync::Arc;

use futures_util::future::{BoxFuture, join_all};
use gcr_core::domain::server_clock::ServerClock;
use zeroize::Zeroizing;

use super::*;
use crate::credentials::SourceError;

/// Responds after a second with tokens of the given life, or fails.
struct Counted {
    requests: Arc<AtomicU64>,
    life: Option<Duration>,
}

impl TokenSource for Counted {
    fn token<'a>(&'a self, _: &'a [&'a str]) -> BoxFuture<'a, Result<IssuedToken, SourceError>> {
        Box::pin(async {
            let number = self.requests.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            let life = self
                .life
                .ok_or_else(|| SourceError::unusable(format!("no {number}")))?;
            let text = format!("token-{number}").into_bytes();
            Ok(IssuedToken {
                token: AccessToken::parse(Zeroizing::new(text)).unwrap(),
                expires_at: Some(Timestamp::now() + life),
                clock: ServerClock::default(),
            })
        })
    }
}

fn shared(life: Option<u64>) -> (SharedToken, Arc<AtomicU64>) {
    let requests = Arc::new(AtomicU64::new(0));
    let source = Counted {
        requests: Arc::clone(&requests),
        life: life.map(Duration::from_secs),
    };
    (
        SharedToken::new(Box::new(source), "source".to_owned()),
        requests,
    )
}

#[tokio::test(start_paused = true)]
async fn token_is_requested_once_for_all_that_wait() {
    let (shared, requests) = shared(Some(3600));
    let all = join_all((0..20).map(|_| shared.token(&["a"]))).await;
    assert!(
        all.iter()
            .all(|it| it.as_ref().unwrap().token.expose() == "token-0")
    );
    shared.token(&["a"]).await.unwrap();
    assert_eq!(requests.load(Ordering::Relaxed), 1);
    shared.token(&["b"]).await.unwrap();
    assert_eq!(requests.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn failure_is_shared_but_not_kept() {
    let (shared, requests) = shared(None);
    let all = join_all((0..20).map(|_| shared.token(&["a"]))).await;
    for result in all {
        assert_eq!(result.unwrap_err().to_string(), "source: no 0");
    }
    assert_eq!(requests.load(Ordering::Relaxed), 1);
    let next = shared.token(&["a"]).await.unwrap_err();
    assert_eq!(next.to_string(), "source: no 1");
}

#[tokio::test(start_paused = true)]
async fn token_that_expires_soon_is_renewed_by_the_next_caller_only() {
    let (shared, requests) = shared(Some(60));
    let all = join_all((0..20).map(|_| shared.token(&["a"]))).await;
    assert!(
        all.iter()
            .all(|it| it.as_ref().unwrap().token.expose() == "token-0")
    );
    assert_eq!(
        shared.token(&["a"]).await.unwrap().token.expose(),
        "token-1"
    );
    assert_eq!(requests.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn refused_token_is_renewed() {
    let (shared, _) = shared(Some(3600));
    let first = shared.token(&["a"]).await.unwrap();
    shared.forget(&first.token).await;
    assert_eq!(
        shared.token(&["a"]).await.unwrap().token.expose(),
        "token-1"
    );
    // Another caller forgets the old token late: the new one stays.
    shared.forget(&first.token).await;
    assert_eq!(
        shared.token(&["a"]).await.unwrap().token.expose(),
        "token-1"
    );
}

#[tokio::test(start_paused = true)]
async fn cancelled_request_leaves_the_next_caller_free() {
    let (shared, _) = shared(Some(3600));
    let cancelled = tokio::time::timeout(Duration::from_millis(1), shared.token(&["a"]));
    assert!(cancelled.await.is_err());
    assert_eq!(
        shared.token(&["a"]).await.unwrap().token.expose(),
        "token-1"
    );
}

//! Tests that kube's own API types work through the layers of the client, and that the layers retry, stop and recover.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{ListParams, PostParams, WatchEvent, WatchParams};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::BoxError;

use super::ClusterClient;
use crate::domain::pull_secret::Preconditions;
use crate::kubernetes::request_error::{RequestError, RequestErrorKind};
use crate::model::wire;
use crate::stop::StopSignal;
use kube_clientcmd::Connection;

/// A scripted reply.
enum Reply {
    Json(u16, Value),
    /// The lines of a watch, and then silence.
    Watch(String),
    /// The request was sent, and the connection breaks.
    Lost,
    /// The server never responds.
    Silent,
}

/// A server with scripted replies, and the methods of the requests that it received.
#[derive(Clone, Default)]
struct Script {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    received: Arc<Mutex<Vec<Method>>>,
}

impl Script {
    fn client(&self, replies: impl IntoIterator<Item = Reply>) -> ClusterClient {
        self.replies.lock().unwrap().extend(replies);
        let script = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let script = script.clone();
            let method = request.method().clone();
            async move { script.reply(method).await }
        });
        let client = kube::Client::new(service, "default");
        let timeout = Duration::from_secs(5);
        let connection = Connection::from_client(client, "127.0.0.1:9", timeout).unwrap();
        let (_, stop) = StopSignal::channel();
        ClusterClient::new(None, connection, Arc::new(()), stop, Arc::default())
    }

    async fn reply(
        &self,
        method: Method,
    ) -> Result<Response<UnsyncBoxBody<Bytes, BoxError>>, BoxError> {
        self.received.lock().unwrap().push(method);
        let reply = self.replies.lock().unwrap().pop_front();
        let (status, body) = match reply.expect("a scripted reply") {
            Reply::Json(status, json) => {
                let body = Full::new(Bytes::from(json.to_string()));
                (status, body.map_err(|never| match never {}).boxed_unsync())
            }
            Reply::Watch(lines) => {
                let first = Ok(Frame::data(Bytes::from(lines)));
                let endless = stream::iter([first]).chain(stream::pending());
                (200, StreamBody::new(endless).boxed_unsync())
            }
            Reply::Lost => return Err(wire::reset().await),
            Reply::Silent => std::future::pending().await,
        };
        Ok(Response::builder().status(status).body(body)?)
    }

    fn received(&self) -> Vec<Method> {
        self.received.lock().unwrap().clone()
    }
}

fn status(code: u16, reason: &str) -> Reply {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code});
    Reply::Json(code, status)
}

fn secret(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "default"}})
}

fn secrets(cluster: &ClusterClient) -> Api<Secret> {
    Api::default_namespaced(cluster.kube().clone())
}

fn cause(error: kube::Error) -> RequestErrorKind {
    RequestError::from_kube(error).cause
}

#[tokio::test(start_paused = true)]
async fn list_and_get_are_retried_after_an_overload() {
    let script = Script::default();
    let list =
        json!({"apiVersion": "v1", "kind": "SecretList", "metadata": {}, "items": [secret("a")]});
    let cluster = script.client([
        status(503, "ServiceUnavailable"),
        Reply::Json(200, list),
        status(429, "TooManyRequests"),
        Reply::Json(200, secret("a")),
    ]);
    let list = secrets(&cluster)
        .list(&ListParams::default())
        .await
        .unwrap();
    assert_eq!(list.items.len(), 1);
    let got = secrets(&cluster).get("a").await.unwrap();
    assert_eq!(got.metadata.name.as_deref(), Some("a"));
    assert_eq!(script.received().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn watch_is_streamed_while_it_lasts() {
    let script = Script::default();
    let event = json!({"type": "ADDED", "object": secret("a")});
    let cluster = script.client([Reply::Watch(format!("{event}\n"))]);
    let secrets = secrets(&cluster);
    let watch = secrets.watch(&WatchParams::default(), "0").await.unwrap();
    // The response never ends: a buffered one would not return.
    let event = watch.boxed().try_next().await.unwrap();
    assert!(matches!(event, Some(WatchEvent::Added(_))), "{event:?}");
}

#[tokio::test(start_paused = true)]
async fn create_is_not_repeated_after_a_lost_reply() {
    let script = Script::default();
    let cluster = script.client([
        status(429, "TooManyRequests"),
        Reply::Lost,
        Reply::Json(201, secret("a")),
    ]);
    let created: Secret = serde_json::from_value(secret("a")).unwrap();
    let result = secrets(&cluster)
        .create(&PostParams::default(), &created)
        .await;
    let error = RequestError::from_kube(result.unwrap_err());
    assert!(error.outcome_unknown, "{error:?}");
    // A 429 proves that nothing was written, a lost reply does not.
    assert_eq!(script.received(), [Method::POST, Method::POST]);
}

#[tokio::test(start_paused = true)]
async fn unavailable_cluster_recovers_after_a_successful_probe() {
    let script = Script::default();
    let cluster = script.client([Reply::Silent, Reply::Silent, Reply::Silent]);
    let get = || async { secrets(&cluster).get("a").await };
    assert!(matches!(
        cause(get().await.unwrap_err()),
        RequestErrorKind::ClusterUnavailable
    ));
    let begun = Instant::now();
    assert!(matches!(
        cause(get().await.unwrap_err()),
        RequestErrorKind::ClusterUnavailable
    ));
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(script.received().len(), 3);
    script
        .replies
        .lock()
        .unwrap()
        .extend([Reply::Json(200, secret("a")), Reply::Json(200, secret("a"))]);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(get().await.is_ok());
    assert!(get().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn error_of_the_server_keeps_its_status() {
    let script = Script::default();
    let cluster = script.client([status(404, "NotFound")]);
    let error = cause(secrets(&cluster).get("a").await.unwrap_err());
    let RequestErrorKind::Api(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.code, StatusCode::NOT_FOUND);
}

/// Returns the number of requests that the limiter lets in at once.
fn permits(cluster: &ClusterClient) -> usize {
    let free = std::iter::from_fn(|| cluster.limiter.acquire().now_or_never());
    free.collect::<Vec<_>>().len()
}

#[tokio::test(start_paused = true)]
async fn refusal_by_a_budget_is_no_overload() {
    let refused = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "TooManyRequests", "code": 429,
        "message": "Cannot evict pod as it would violate the pod's disruption budget.",
        "details": {"causes": [{"reason": "DisruptionBudget", "message": "The disruption budget web needs 1 healthy pods"}]}});
    let overload = [status(429, "TooManyRequests"), status(404, "NotFound")];
    for (replies, is_overload) in [
        (vec![Reply::Json(429, refused)], false),
        (overload.into(), true),
    ] {
        let script = Script::default();
        let count = replies.len();
        let cluster = script.client(replies);
        let before = permits(&cluster);
        tokio::time::advance(Duration::from_millis(1)).await;
        let namespace = "default".parse().unwrap();
        let preconditions = Preconditions {
            uid: Some("u".to_owned()),
            resource_version: "1".to_owned(),
        };
        let evicted = cluster.evict_pod(&namespace, "web", &preconditions, false, None);
        assert!(evicted.await.is_err());
        // The budget's refusal is returned at once, and an overload is retried with fewer requests in flight.
        assert_eq!(script.received().len(), count);
        assert_eq!(permits(&cluster) < before, is_overload);
    }
}

#[tokio::test]
async fn clients_of_one_server_share_a_limiter() {
    let cluster = |server| {
        let service = tower::service_fn(|_: http::Request<kube::client::Body>| async {
            Ok::<_, std::convert::Infallible>(http::Response::new(kube::client::Body::empty()))
        });
        let client = kube::Client::new(service, "default");
        let connection =
            Connection::from_client(client, server, Duration::from_secs(1)).expect("an address");
        let (_, stopped) = StopSignal::channel();
        ClusterClient::new(None, connection, Arc::new(()), stopped, Arc::default())
    };
    let first = cluster("127.0.0.1:9");
    let [same, other] =
        ["127.0.0.1:9", "127.0.0.1:8"].map(|it| cluster(it).share_limiter_with(&first));
    assert!(Arc::ptr_eq(&same.limiter, &first.limiter));
    assert!(!Arc::ptr_eq(&other.limiter, &first.limiter));
}

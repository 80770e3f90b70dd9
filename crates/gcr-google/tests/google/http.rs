//! Tests the HTTP client: redirects, size, time, plain HTTP, the log.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gcr_google::http_client::{HttpErrorKind, HttpRequest};
use url::Url;

use crate::stub::{Reply, Stub, client};

fn get(url: &str) -> HttpRequest {
    HttpRequest::get(Url::parse(url).unwrap())
}

#[tokio::test]
async fn redirect_to_another_host_is_not_followed() {
    let other = Stub::start(|_| Reply::json(200, "{}")).await;
    let target = other.url("/stolen");
    let stub = Stub::start(move |request| match request.target.as_str() {
        "/other" => Reply(302, vec![("location", target.clone())], String::new()),
        "/same" => Reply(302, vec![("location", "/end".to_owned())], String::new()),
        "/loop" => Reply(302, vec![("location", "/loop".to_owned())], String::new()),
        _ => Reply::json(200, "{}"),
    })
    .await;
    let http = client(&[]);
    let send = async |path: &str| {
        let request = get(&stub.url(path)).bearer("ya29.token");
        http.send(request).await.unwrap().status.as_u16()
    };
    assert_eq!(send("/other").await, 302);
    assert!(other.received().is_empty());
    assert_eq!(send("/same").await, 200);
    assert_eq!(send("/loop").await, 302);
}

#[tokio::test]
async fn large_body_is_refused() {
    let stub = Stub::start(|_| Reply::json(200, "x".repeat(5 * 1024 * 1024))).await;
    let error = client(&[]).send(get(&stub.url("/"))).await.unwrap_err();
    assert_eq!(*error.kind(), HttpErrorKind::TooLarge);
}

#[tokio::test]
async fn silent_server_ends_with_the_time_limit() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let limit = Duration::from_millis(100);
    let request = get(&format!("http://127.0.0.1:{port}/")).timeout(limit);
    let error = client(&[]).send(request).await.unwrap_err();
    assert_eq!(*error.kind(), HttpErrorKind::Timeout(limit));
    assert!(error.may_have_been_sent());
    drop(listener);
}

#[tokio::test]
async fn closed_port_is_an_error_of_connecting() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = client(&[])
        .send(get(&format!("http://127.0.0.1:{port}/")))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
    assert!(!error.may_have_been_sent());
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused() {
    let http = client(&[]);
    for url in [
        "http://gcr.io/v2/",
        "http://169.254.169.254/",
        "http://127.0.0.1.example.com/",
    ] {
        let error = http.send(get(url).bearer("ya29.token")).await.unwrap_err();
        assert_eq!(*error.kind(), HttpErrorKind::PlainHttp, "{url}");
    }
    // Only the metadata server is exempt where the caller asks for it.
    let error = http
        .send(get("http://gcr.io/v2/").to_metadata_server())
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), HttpErrorKind::PlainHttp);
}

/// Collects the messages of all events.
struct Log(Arc<Mutex<String>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("gcr_google")
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Text<'a>(&'a mut String);
        impl tracing::field::Visit for Text<'_> {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                writeln!(self.0, "{}={value:?}", field.name()).unwrap();
            }
        }
        event.record(&mut Text(&mut self.0.lock().unwrap()));
    }
}

#[tokio::test]
async fn log_has_method_url_and_status_but_no_secret() {
    let stub = Stub::start(|_| Reply::json(403, "body-secret")).await;
    let log = Arc::new(Mutex::new(String::new()));
    let guard = tracing::subscriber::set_default(Log(Arc::clone(&log)));
    let request = get(&stub.url("/v2/token?secret=query-secret")).bearer("header-secret");
    client(&[]).send(request).await.unwrap();
    drop(guard);
    let log = log.lock().unwrap();
    let expected = format!(
        "message=GET http://127.0.0.1:{}/v2/token 403 in ",
        stub.port
    );
    assert!(log.starts_with(&expected), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

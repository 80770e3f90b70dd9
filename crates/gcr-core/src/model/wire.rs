//! Builds the responses and transport errors that the model server returns to the HTTP client.
//!
//! The errors are hyper's own, from connections that really break: the client classifies them by their type.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioExecutor;
use tower::BoxError;

use super::store::Answer;

pub(super) type Reply = UnsyncBoxBody<Bytes, BoxError>;

pub(super) fn answer(
    (code, body): Answer,
    headers: &[(&str, String)],
    date: jiff::Timestamp,
) -> Response<Reply> {
    let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut response = Response::builder().status(code).header("date", date);
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    let body = Full::new(Bytes::from(body.to_string()));
    response.body(whole(body)).unwrap()
}

/// Returns the response of a proxy in front of the server.
pub(super) fn page(code: u16, text: &'static str) -> Response<Reply> {
    let response = Response::builder().status(code);
    response.body(whole(Full::from(text))).unwrap()
}

/// Returns a redirect.
pub(super) fn redirect(location: &'static str) -> Response<Reply> {
    let response = Response::builder().status(307).header("location", location);
    response.body(whole(Full::default())).unwrap()
}

/// Returns an endless response. It repeats one chunk, so that it needs no memory.
pub(super) fn huge() -> Response<Reply> {
    let piece = Bytes::from(vec![b' '; 1 << 20]);
    let pieces = futures_util::stream::repeat_with(move || Ok(Frame::data(piece.clone())));
    let response = Response::builder().header("content-type", "application/json");
    response
        .body(StreamBody::new(pieces).boxed_unsync())
        .unwrap()
}

fn whole(body: Full<Bytes>) -> Reply {
    body.map_err(|never| match never {}).boxed_unsync()
}

/// Returns a response whose connection breaks after half the body.
pub(super) fn broken_off((code, body): Answer) -> Response<Reply> {
    let mut text = body.to_string();
    text.truncate(text.len() / 2);
    let half: Result<_, BoxError> = Ok(Frame::data(Bytes::from(text)));
    let end: BoxError = io::Error::from(io::ErrorKind::ConnectionReset).into();
    let body = StreamBody::new(futures_util::stream::iter([half, Err(end)]));
    let response = Response::builder().status(code);
    response.body(body.boxed_unsync()).unwrap()
}

/// Returns the error of a connection that closes before the response.
pub(crate) async fn reset() -> BoxError {
    failing(|| Ok(ClosedConnection)).await
}

/// Returns the error of a refused connection.
pub(super) async fn not_connected() -> BoxError {
    failing(|| Err(io::ErrorKind::ConnectionRefused.into())).await
}

async fn failing(connect: fn() -> io::Result<ClosedConnection>) -> BoxError {
    let connector = tower::service_fn(move |_: Uri| std::future::ready(connect()));
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let request = Request::get("http://model.invalid/").body(Full::default());
    match client.request(request.unwrap()).await {
        Ok(_) => panic!("a closed connection cannot respond"),
        Err(error) => error.into(),
    }
}

/// A connection that accepts all writes and is closed for reading.
struct ClosedConnection;

impl Read for ClosedConnection {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Write for ClosedConnection {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Connection for ClosedConnection {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

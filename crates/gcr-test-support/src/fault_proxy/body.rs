//! Builds response bodies: complete, truncated, slow, and larger than a client should read.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Returns a body that is sent at once.
pub(super) fn full(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// Returns a body that ends with an error after its first half, which closes the connection.
pub(super) fn truncated(bytes: &Bytes) -> Body {
    let half = Ok(Frame::data(bytes.slice(..bytes.len() / 2)));
    let end = stream::once(async {
        // hyper may drop data that is still queued when the connection ends, so let it send the first half.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::ErrorKind::ConnectionReset.into())
    });
    StreamBody::new(stream::iter([half]).chain(end)).boxed_unsync()
}

/// Returns a body that is sent at one byte per second.
pub(super) fn trickling(bytes: Bytes) -> Body {
    let pieces = stream::iter(0..bytes.len()).then(move |at| {
        let piece = bytes.slice(at..at + 1);
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(Frame::data(piece))
        }
    });
    StreamBody::new(pieces).boxed_unsync()
}

/// Returns a JSON object padded to this size in bytes.
pub(super) fn padded(bytes: u64) -> Body {
    const HEAD: &str = r#"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"x"},"padding":""#;
    const TAIL: &str = r#""}"#;
    const PIECE: u64 = 1 << 20;
    let padding = bytes.saturating_sub((HEAD.len() + TAIL.len()) as u64);
    let piece = Bytes::from(vec![b'x'; PIECE as usize]);
    let full = stream::iter(0..padding / PIECE).map({
        let piece = piece.clone();
        move |_| piece.clone()
    });
    let rest = piece.slice(..(padding % PIECE) as usize);
    let pieces = stream::iter([Bytes::from_static(HEAD.as_bytes())])
        .chain(full)
        .chain(stream::iter([rest, Bytes::from_static(TAIL.as_bytes())]));
    StreamBody::new(pieces.map(|piece| Ok(Frame::data(piece)))).boxed_unsync()
}

//! Response bodies: complete, cut off, and larger than a client should read.

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
pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// Returns a body that ends with an error after its first half, which closes the connection.
pub(super) fn truncated(bytes: &[u8]) -> Body {
    let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
    let end = stream::once(async {
        // Let hyper send the first half before the connection ends.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::ErrorKind::ConnectionReset.into())
    });
    StreamBody::new(stream::iter([Ok(Frame::data(half))]).chain(end)).boxed_unsync()
}

/// Returns a JSON object padded to at least this size in bytes.
pub(super) fn padded(bytes: u64) -> Body {
    const PIECE: u64 = 1 << 20;
    let piece = Bytes::from(vec![b'x'; PIECE as usize]);
    let pieces = stream::iter([Bytes::from_static(br#"{"padding":""#)])
        .chain(stream::iter(0..bytes.div_ceil(PIECE)).map(move |_| piece.clone()))
        .chain(stream::iter([Bytes::from_static(br#""}"#)]));
    StreamBody::new(pieces.map(|piece| Ok(Frame::data(piece)))).boxed_unsync()
}

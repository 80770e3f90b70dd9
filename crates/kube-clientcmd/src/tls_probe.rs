//! Checks whether the first bytes from a server are TLS, so that an HTTP server is reported as such. rustls does not keep
//! the bytes of an invalid record.
//!
//! The rules and messages are Go's (`crypto/tls/conn.go`, `readRecordOrCCS`; `net/http/client.go` for HTTP).

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower::{BoxError, Service};

use super::connect_error::NotTls;

/// The length in bytes of a TLS record's header: type, version and length (RFC 8446 section 5.1).
const HEADER: usize = 5;
/// The first byte of an SSL 2 handshake.
const SSL_2: u8 = 0x80;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

fn check_header(header: &[u8]) -> Result<(), NotTls> {
    match header {
        b"HTTP/" => Err(NotTls::Http),
        [ALERT | HANDSHAKE, version, _, _, _] if *version < 0x10 => Ok(()),
        [SSL_2, ..] => Err(NotTls::Ssl2),
        // rustls reports the end of the connection.
        [] => Ok(()),
        complete if complete.len() == HEADER => Err(NotTls::Other),
        _ => Err(NotTls::CutShort),
    }
}

/// A connector that checks the first bytes of connections to `https` addresses.
#[derive(Clone)]
pub(super) struct ProbeConnector<C>(pub(super) C);

impl<C> Service<Uri> for ProbeConnector<C>
where
    C: Service<Uri, Error: Into<BoxError>>,
    C::Future: Send + 'static,
{
    type Response = ProbeStream<C::Response>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<ProbeStream<C::Response>, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let is_unchecked = address.scheme() == Some(&Scheme::HTTPS);
        let stream = self.0.call(address);
        Box::pin(async move {
            let stream = stream.await.map_err(Into::into)?;
            Ok(ProbeStream {
                stream,
                is_unchecked,
                header: Header::default(),
            })
        })
    }
}

/// A connection. `is_unchecked` until the first bytes have been checked; always false for plain HTTP.
pub(super) struct ProbeStream<S> {
    stream: S,
    is_unchecked: bool,
    header: Header,
}

/// The received part of a record's header.
#[derive(Default)]
struct Header {
    bytes: [u8; HEADER],
    filled: usize,
}

impl<S: Read + Unpin> Read for ProbeStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.is_unchecked {
            return Pin::new(&mut self.stream).poll_read(context, into);
        }
        let this = &mut *self;
        let Header { bytes, filled } = &mut this.header;
        while *filled < HEADER {
            let mut more = ReadBuf::new(&mut bytes[*filled..]);
            ready!(Pin::new(&mut this.stream).poll_read(context, more.unfilled()))?;
            match more.filled().len() {
                0 => break,
                count => *filled += count,
            }
        }
        check_header(&bytes[..*filled]).map_err(io::Error::other)?;
        this.is_unchecked = false;
        // The buffer is large enough: rustls reads into a buffer for whole records.
        into.put_slice(&bytes[..*filled]);
        Poll::Ready(Ok(()))
    }
}

impl<S: Write + Unpin> Write for ProbeStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}

impl<S: Connection> Connection for ProbeStream<S> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_header_accepts_only_handshake_or_alert() {
        for tls in [&[22, 3, 3, 0, 1][..], &[21, 3, 1, 0, 2], &[]] {
            assert_eq!(check_header(tls), Ok(()), "{tls:?}");
        }
        assert_eq!(check_header(b"HTTP/"), Err(NotTls::Http));
        assert_eq!(check_header(&[0x80, 0x2e, 1, 0, 2]), Err(NotTls::Ssl2));
        for short in [&b"HT"[..], &[22]] {
            assert_eq!(check_header(short), Err(NotTls::CutShort), "{short:?}");
        }
        for other in [
            &b"SSH-2"[..],
            b"220 m",
            &[23, 3, 3, 0, 1],
            &[22, 16, 0, 0, 0],
        ] {
            assert_eq!(check_header(other), Err(NotTls::Other), "{other:?}");
        }
    }
}

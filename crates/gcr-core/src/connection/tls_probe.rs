//! What a server says first where TLS is expected, looked at before TLS does: rustls keeps nothing of what is none, and an
//! HTTP server behind the wrong port is another mistake than an SSH server.
//!
//! Go's rule (`crypto/tls/conn.go`, `readRecordOrCCS`; `net/http/client.go` has the words for HTTP).

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower::{BoxError, Service};

/// A record's header (RFC 8446 section 5.1): its type, a version, a length.
const HEADER: usize = 5;
/// How a handshake of SSL 2 begins.
const SSL_2: u8 = 0x80;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// What came, where TLS should begin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotTls {
    /// HTTP.
    #[error("http: server gave HTTP response to HTTPS client")]
    Http,
    /// SSL 2.
    #[error("tls: unsupported SSLv2 handshake received")]
    Ssl2,
    /// Less than a record's header.
    #[error("unexpected EOF")]
    CutShort,
    /// Something else.
    #[error("tls: first record does not look like a TLS handshake")]
    Other,
}

fn look(header: &[u8]) -> Result<(), NotTls> {
    match header {
        b"HTTP/" => Err(NotTls::Http),
        [ALERT | HANDSHAKE, version, _, _, _] if *version < 0x10 => Ok(()),
        [SSL_2, ..] => Err(NotTls::Ssl2),
        // Whoever reads on learns that this is the end.
        [] => Ok(()),
        whole if whole.len() == HEADER => Err(NotTls::Other),
        _ => Err(NotTls::CutShort),
    }
}

/// A connector whose connections to `https` addresses are looked at.
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
        let is_new = address.scheme() == Some(&Scheme::HTTPS);
        let way = self.0.call(address);
        Box::pin(async move {
            let way = way.await.map_err(Into::into)?;
            Ok(ProbeStream {
                way,
                is_new,
                header: Header::default(),
            })
        })
    }
}

/// A connection; `is_new` while it has to begin with TLS and has not.
pub(super) struct ProbeStream<S> {
    way: S,
    is_new: bool,
    header: Header,
}

/// As much of a record's header as has come.
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
        if !self.is_new {
            return Pin::new(&mut self.way).poll_read(context, into);
        }
        let this = &mut *self;
        let Header { bytes, filled } = &mut this.header;
        while *filled < HEADER {
            let mut more = ReadBuf::new(&mut bytes[*filled..]);
            ready!(Pin::new(&mut this.way).poll_read(context, more.unfilled()))?;
            match more.filled().len() {
                0 => break,
                count => *filled += count,
            }
        }
        look(&bytes[..*filled]).map_err(io::Error::other)?;
        this.is_new = false;
        // rustls reads with room for whole records (RFC 8446 section 5.1).
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
        Pin::new(&mut self.way).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.way).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.way).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.way.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.way).poll_write_vectored(context, slices)
    }
}

impl<S: Connection> Connection for ProbeStream<S> {
    fn connected(&self) -> Connected {
        self.way.connected()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_handshake_or_an_alert_begins_tls() {
        for tls in [&[22, 3, 3, 0, 1][..], &[21, 3, 1, 0, 2], &[]] {
            assert_eq!(look(tls), Ok(()), "{tls:?}");
        }
        assert_eq!(look(b"HTTP/"), Err(NotTls::Http));
        assert_eq!(look(&[0x80, 0x2e, 1, 0, 2]), Err(NotTls::Ssl2));
        for short in [&b"HT"[..], &[22]] {
            assert_eq!(look(short), Err(NotTls::CutShort), "{short:?}");
        }
        for other in [
            &b"SSH-2"[..],
            b"220 m",
            &[23, 3, 3, 0, 1],
            &[22, 16, 0, 0, 0],
        ] {
            assert_eq!(look(other), Err(NotTls::Other), "{other:?}");
        }
    }
}

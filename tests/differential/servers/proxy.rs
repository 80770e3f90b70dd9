//! An HTTP proxy. It opens tunnels (`CONNECT`) for clients with a `User-Agent`, refuses others with an empty 403, and responds
//! to all other requests with an empty 404.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

use rustls::{ServerConnection, StreamOwned};

use super::certificates::{Certificate, Certificates};
use super::http::{Request, Response, credential};
use super::{Log, splice};

pub(super) fn serve(stream: TcpStream, port: u16, tls: bool, log: &Log) {
    if tls {
        serve_tls(stream, port, log);
        return;
    }
    let Ok(writer) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(stream);
    if let Some(upstream) = accept_request(&mut reader, writer, port, log) {
        // The client waits for the response to CONNECT, so the buffer contains no bytes of the tunnel.
        let _ = splice(reader.into_inner(), upstream);
    }
}

/// Reads a request and responds to it. Returns the connection to the server if the request opens a tunnel.
fn accept_request(
    reader: &mut BufReader<impl Read>,
    mut writer: impl Write,
    port: u16,
    log: &Log,
) -> Option<TcpStream> {
    let request = Request::read(reader)?;
    let mut line = format!("{} {}", request.method, request.target.split('?').next()?);
    if let Some(header) = request.header("proxy-authorization") {
        line += &format!(" as {}", credential(header));
    }
    log.record(line);
    let has_agent = request
        .header("user-agent")
        .is_some_and(|it| !it.is_empty());
    if request.method != "CONNECT" || !has_agent {
        let status = if has_agent { 404 } else { 403 };
        // Without this header the client would send its next request over the closed connection.
        let response = Response::new(status, "text/plain", "").header("connection", "close");
        let _ = response.write(&mut writer, &str::to_owned);
        return None;
    }
    writer.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").ok()?;
    writer.flush().ok()?;
    TcpStream::connect(("127.0.0.1", port)).ok()
}

/// Serves a connection over TLS. One thread copies both directions in turns, with short read timeouts, because a TLS
/// session inside the tunnel sends in both directions.
fn serve_tls(stream: TcpStream, port: u16, log: &Log) {
    let config = Certificates::get().tls(Certificate::Good);
    let Ok(session) = ServerConnection::new(config) else {
        return;
    };
    let mut stream = StreamOwned::new(session, stream);
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return;
        }
        head.push(byte[0]);
    }
    let Some(mut upstream) = accept_request(&mut BufReader::new(&head[..]), &mut stream, port, log)
    else {
        return;
    };
    let timeout = Some(std::time::Duration::from_millis(5));
    if stream.sock.set_read_timeout(timeout).is_err() || upstream.set_read_timeout(timeout).is_err()
    {
        return;
    }
    let mut buffer = [0; 16384];
    loop {
        for towards_server in [true, false] {
            let read = if towards_server {
                stream.read(&mut buffer)
            } else {
                upstream.read(&mut buffer)
            };
            let written = match read {
                Ok(0) => return,
                Ok(count) if towards_server => upstream.write_all(&buffer[..count]),
                Ok(count) => stream
                    .write_all(&buffer[..count])
                    .and_then(|()| stream.flush()),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
                Err(error) => Err(error),
            };
            if written.is_err() {
                return;
            }
        }
    }
}

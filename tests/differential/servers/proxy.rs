//! An HTTP proxy: tunnels (`CONNECT`), and answers what it is asked to fetch for somebody with an empty 404.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

use rustls::{ServerConnection, StreamOwned};

use super::certificates::{Certificate, Certificates};
use super::http::{Answer, Request, credential};
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
    if let Some(onward) = meet(&mut reader, writer, port, log) {
        // The client waits for our answer: nothing of the tunnel's is in the buffer.
        let _ = splice(reader.into_inner(), onward);
    }
}

/// Reads a request; the connection to lead it to, where it wants a tunnel.
fn meet(
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
    log.note(line);
    if request.method != "CONNECT" {
        // Said to end here, or the next request meets a connection that is gone.
        let answer = Answer::new(404, "text/plain", "").header("connection", "close");
        let _ = answer.write(&mut writer, &str::to_owned);
        return None;
    }
    writer.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").ok()?;
    writer.flush().ok()?;
    TcpStream::connect(("127.0.0.1", port)).ok()
}

/// The same over TLS. One direction at a time would do for HTTP, but not for a TLS session inside: small waits.
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
    let Some(mut onward) = meet(&mut BufReader::new(&head[..]), &mut stream, port, log) else {
        return;
    };
    let short = Some(std::time::Duration::from_millis(5));
    if stream.sock.set_read_timeout(short).is_err() || onward.set_read_timeout(short).is_err() {
        return;
    }
    let mut piece = [0; 16384];
    loop {
        for towards_server in [true, false] {
            let read = if towards_server {
                stream.read(&mut piece)
            } else {
                onward.read(&mut piece)
            };
            let written = match read {
                Ok(0) => return,
                Ok(count) if towards_server => onward.write_all(&piece[..count]),
                Ok(count) => stream
                    .write_all(&piece[..count])
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

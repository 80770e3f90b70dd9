//! A SOCKS5 proxy (RFC 1928), with user name and password (RFC 1929) where they are offered.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpStream};

use super::{Log, splice};

pub(super) fn serve(mut stream: TcpStream, port: u16, log: &Log) {
    if let Ok(line) = greet(&mut stream) {
        log.note(line);
        if let Ok(onward) = TcpStream::connect(("127.0.0.1", port)) {
            let _ = splice(stream, onward);
        }
    }
}

fn greet(stream: &mut TcpStream) -> io::Result<String> {
    let [_version, count] = take(stream)?;
    let methods = take_some(stream, count)?;
    let mut user = String::new();
    if methods.contains(&2) {
        stream.write_all(&[5, 2])?;
        let [_version, length] = take(stream)?;
        let name = take_some(stream, length)?;
        let [length] = take(stream)?;
        let password = take_some(stream, length)?;
        user = format!(
            " as {}:{}",
            String::from_utf8_lossy(&name),
            String::from_utf8_lossy(&password)
        );
        stream.write_all(&[1, 0])?;
    } else {
        stream.write_all(&[5, 0])?;
    }
    let [_version, _command, _reserved, kind] = take(stream)?;
    let host = match kind {
        1 => Ipv4Addr::from(take::<4>(stream)?).to_string(),
        4 => Ipv6Addr::from(take::<16>(stream)?).to_string(),
        _ => {
            let [length] = take(stream)?;
            format!(
                "name {}",
                String::from_utf8_lossy(&take_some(stream, length)?)
            )
        }
    };
    let port = u16::from_be_bytes(take(stream)?);
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    Ok(format!("to {host}:{port}{user}"))
}

fn take<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn take_some(stream: &mut TcpStream, count: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count.into()];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

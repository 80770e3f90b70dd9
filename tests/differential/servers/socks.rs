//! A SOCKS5 proxy (RFC 1928). It accepts a user name and password (RFC 1929) if the client offers them.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpStream};

use super::{Log, splice};

pub(super) fn serve(mut stream: TcpStream, port: u16, log: &Log) {
    if let Ok(line) = negotiate(&mut stream) {
        log.record(line);
        if let Ok(upstream) = TcpStream::connect(("127.0.0.1", port)) {
            let _ = splice(stream, upstream);
        }
    }
}

fn negotiate(stream: &mut TcpStream) -> io::Result<String> {
    let [_version, count] = read_array(stream)?;
    let methods = read_bytes(stream, count)?;
    let mut user = String::new();
    if methods.contains(&2) {
        stream.write_all(&[5, 2])?;
        let [_version, length] = read_array(stream)?;
        let name = read_bytes(stream, length)?;
        let [length] = read_array(stream)?;
        let password = read_bytes(stream, length)?;
        user = format!(
            " as {}:{}",
            String::from_utf8_lossy(&name),
            String::from_utf8_lossy(&password)
        );
        stream.write_all(&[1, 0])?;
    } else {
        stream.write_all(&[5, 0])?;
    }
    let [_version, _command, _reserved, kind] = read_array(stream)?;
    let host = match kind {
        1 => Ipv4Addr::from(read_array::<4>(stream)?).to_string(),
        4 => Ipv6Addr::from(read_array::<16>(stream)?).to_string(),
        _ => {
            let [length] = read_array(stream)?;
            format!(
                "name {}",
                String::from_utf8_lossy(&read_bytes(stream, length)?)
            )
        }
    };
    let port = u16::from_be_bytes(read_array(stream)?);
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    Ok(format!("to {host}:{port}{user}"))
}

fn read_array<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_bytes(stream: &mut TcpStream, count: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count.into()];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

//! Compares the keys of entries with images, by the rules of kubelet and of Go's `net/url`, on which they are based.

use std::net::Ipv6Addr;

/// The host and path of a key or an image. Bytes, because percent escapes need not be UTF-8.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Address {
    host: Vec<u8>,
    path: Vec<u8>,
}

/// Returns host and path of an entry's key, by which kubelet orders entries; `None` if the key is no URL (Go `url.Parse`).
pub(super) fn key(name: &str) -> Option<Vec<u8>> {
    let bare = name
        .strip_prefix("https://")
        .or_else(|| name.strip_prefix("http://"));
    let Address { host, mut path } = Address::parse(bare.unwrap_or(name).as_bytes())?;
    if path.starts_with(b"/v2/") || path.starts_with(b"/v1/") {
        path.drain(..3);
    }
    let mut key = host;
    if path != b"/" {
        key.append(&mut path);
    }
    Some(key)
}

impl Address {
    /// Parses a URL without its scheme, as Go parses it with `https://`.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (text, fragment) = cut(text, b'#');
        if text.iter().any(u8::is_ascii_control) {
            return None;
        }
        unescape(fragment)?;
        let (text, _) = cut(text, b'?');
        let slash = text.iter().position(|it| *it == b'/').unwrap_or(text.len());
        let (authority, path) = text.split_at(slash);
        let at = authority.iter().rposition(|it| *it == b'@');
        let host = match at {
            Some(at) if is_user(&authority[..at]) => &authority[at + 1..],
            Some(_) => return None,
            None => authority,
        };
        Some(Self {
            host: host_of(host)?,
            path: unescape(path)?,
        })
    }

    /// Returns whether this key matches an image: equal ports, each label of the host by its glob, the path as a prefix.
    pub(super) fn matches(&self, target: &Self) -> bool {
        let (host, port) = split_port(&self.host);
        let (target_host, target_port) = split_port(&target.host);
        let labels: Vec<&[u8]> = host.split(|it| *it == b'.').collect();
        let target_labels: Vec<&[u8]> = target_host.split(|it| *it == b'.').collect();
        port == target_port
            && labels.len() == target_labels.len()
            && target.path.starts_with(&self.path)
            && labels
                .iter()
                .zip(&target_labels)
                .all(|(glob, label)| glob_matches(glob, label))
    }
}

fn cut(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|it| *it == separator) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}

/// Go's `validUserinfo` and `unescape`.
fn is_user(user: &[u8]) -> bool {
    let is_allowed = |it: &u8| it.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(it);
    user.iter().all(is_allowed) && unescape(user).is_some()
}

/// Go's `parseHost`: an optional port of digits, an IPv6 address in brackets, escapes only of bytes outside ASCII.
fn host_of(host: &[u8]) -> Option<Vec<u8>> {
    let is_port = |port: &[u8]| match port.split_first() {
        None => true,
        Some((b':', digits)) => digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    };
    match host.iter().rposition(|it| *it == b'[') {
        Some(0) => {
            let end = host.iter().rposition(|it| *it == b']')?;
            let name = str::from_utf8(&host[1..end]).ok()?;
            let address = name.split("%25").next()?;
            address.parse::<Ipv6Addr>().ok()?;
            return is_port(&host[end + 1..]).then(|| host.to_vec());
        }
        Some(_) => return None,
        None => {}
    }
    let colon = host.iter().position(|it| *it == b':').unwrap_or(host.len());
    if !is_port(&host[colon..]) {
        return None;
    }
    let is_allowed = |it: &u8| {
        *it >= 0x80 || it.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(it)
    };
    let mut escapes = host.split(|it| *it == b'%').skip(1);
    let is_outside_ascii = |rest: &[u8]| rest.first().is_some_and(|it| !(b'0'..=b'7').contains(it));
    (host.iter().all(is_allowed) && escapes.all(is_outside_ascii)).then(|| unescape(host))?
}

/// Decodes percent escapes; `None` if one is incomplete.
fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let is_whole = |rest: &[u8]| rest.len() >= 2 && rest[..2].iter().all(u8::is_ascii_hexdigit);
    let whole = text.split(|it| *it == b'%').skip(1).all(is_whole);
    whole.then(|| percent_encoding::percent_decode(text).collect())
}

/// Go's `net.SplitHostPort`; without a port, or on an error, the port is empty.
fn split_port(host: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = host.iter().rposition(|it| *it == b':') else {
        return (host, &[]);
    };
    let (name, port) = (&host[..colon], &host[colon + 1..]);
    match (name.strip_prefix(b"["), name.strip_suffix(b"]")) {
        (Some(_), Some(_)) => (&name[1..name.len() - 1], port),
        // An IPv6 address in brackets without a port.
        (Some(_), None) => (host, &[]),
        _ => (name, port),
    }
}

/// Go's `filepath.Match` for the characters that a host can contain. A bracket begins a class of characters, which never
/// matches an address in brackets.
fn glob_matches(glob: &[u8], label: &[u8]) -> bool {
    match glob.split_first() {
        None => label.is_empty(),
        Some((b'[', _)) => false,
        Some((b'*', rest)) => {
            (0..=label.len()).any(|skipped| glob_matches(rest, &label[skipped..]))
        }
        Some((first, rest)) => label
            .split_first()
            .is_some_and(|(found, label)| found == first && glob_matches(rest, label)),
    }
}

//! Checks whether Go's `url.Parse` accepts a URL (Go `net/url/url.go`): its percent escapes, the characters of its user and
//! host, and its port.

/// Returns whether Go accepts `url`, which must have a scheme followed by `://`.
pub fn is_valid(url: &str) -> bool {
    // Go does not check the query.
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    let url = url.split_once('?').map_or(url, |(before, _)| before);
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    !url.bytes().any(|it| it.is_ascii_control())
        && is_user(user)
        && is_host(host)
        && has_whole_escapes(path)
        && has_whole_escapes(fragment)
}

/// Returns whether Go accepts the user information (`validUserinfo` and `unescape`).
fn is_user(user: &str) -> bool {
    let is_allowed = |it: u8| it.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&it);
    user.bytes().all(is_allowed) && has_whole_escapes(user)
}

/// Returns whether Go accepts a host with its optional port (`parseHost`).
fn is_host(host: &str) -> bool {
    let is_port = |port: &str| {
        port.strip_prefix(':').map_or(port.is_empty(), |port| {
            port.bytes().all(|it| it.is_ascii_digit())
        })
    };
    let port_at = match host.strip_prefix('[') {
        Some(_) => match host.rfind(']') {
            Some(end) => end + 1,
            None => return false,
        },
        None => host.rfind(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(port_at);
    // `%25` begins the zone of an IPv6 address, in which more characters may be escaped.
    let (name, zone) = match name.split_once("%25") {
        Some((name, zone)) if name.starts_with('[') => (name, zone),
        _ => (name, ""),
    };
    let is_allowed = |it: u8| {
        it >= 0x80 || it.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&it)
    };
    is_port(port)
        && name.bytes().all(is_allowed)
        && has_whole_escapes(name)
        && has_whole_escapes(zone)
        && escapes(name).all(|escape| escape.starts_with(|it: char| it >= '8') || escape == "25")
}

/// Returns the two characters after each `%`, or fewer at the end.
fn escapes(text: &str) -> impl Iterator<Item = &str> {
    text.split('%')
        .skip(1)
        .map(|rest| rest.get(..2).unwrap_or(rest))
}

fn has_whole_escapes(text: &str) -> bool {
    escapes(text).all(|escape| escape.len() == 2 && escape.bytes().all(|it| it.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    // The results of kubectl 1.37.2 for a `proxy-url`.

    #[test]
    fn is_valid_with_url_that_go_accepts_returns_true() {
        for url in [
            "http://p.test:3128",
            "http://p.test:",
            "http://",
            "http://u:p%40@p.test/a%20b?%zz#%20",
            "http://a:b:c@p.test",
            "http://[::1]:1",
            "http://[fe80::1%25lo]:1",
            "http://%C3%A9.test:1",
            "http://é.test",
            "http://127.0.0.1:1/a b",
        ] {
            assert!(is_valid(url), "{url}");
        }
    }

    #[test]
    fn is_valid_with_url_that_go_rejects_returns_false() {
        for url in [
            "http://u:%zz@p.test",
            "http://u:%2@p.test",
            "http://u:a b@p.test",
            "http://a\"b@p.test",
            "http://p%41.test",
            "http://p.test:x",
            "http://a^b:1",
            "http://a b:1",
            "http://[::1",
            "http://[::1%zz]:1",
            "http://127.0.0.1:1/%zz",
            "http://127.0.0.1:1#%zz",
            "http://p.test/\u{7}",
        ] {
            assert!(!is_valid(url), "{url}");
        }
    }
}

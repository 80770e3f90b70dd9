//! Whether Go's `url.Parse` takes an address (Go `net/url/url.go`): its escapes, the letters of its user and host, its port.
//! Says nothing of what an address is good for.

/// Whether it is taken. `url` has a scheme, and `://` behind it.
pub(crate) fn is_taken(url: &str) -> bool {
    // The query is taken as it is.
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

/// `validUserinfo`, and what `unescape` takes.
fn is_user(user: &str) -> bool {
    let is_taken = |it: u8| it.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&it);
    user.bytes().all(is_taken) && has_whole_escapes(user)
}

/// `parseHost`: a name or an address with its port.
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
    // Behind `%25` a zone begins, in which more may be escaped.
    let (name, zone) = match name.split_once("%25") {
        Some((name, zone)) if name.starts_with('[') => (name, zone),
        _ => (name, ""),
    };
    let is_taken = |it: u8| {
        it >= 0x80 || it.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&it)
    };
    is_port(port)
        && name.bytes().all(is_taken)
        && has_whole_escapes(name)
        && has_whole_escapes(zone)
        && escapes(name).all(|escape| escape.starts_with(|it: char| it >= '8') || escape == "25")
}

/// What stands behind each `%`: two letters, or fewer at the end.
fn escapes(text: &str) -> impl Iterator<Item = &str> {
    text.split('%')
        .skip(1)
        .map(|behind| behind.get(..2).unwrap_or(behind))
}

fn has_whole_escapes(text: &str) -> bool {
    escapes(text).all(|escape| escape.len() == 2 && escape.bytes().all(|it| it.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::is_taken;

    // What kubectl 1.37.2 took and refused as a `proxy-url`.

    #[test]
    fn what_go_takes_is_taken() {
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
            assert!(is_taken(url), "{url}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
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
            assert!(!is_taken(url), "{url}");
        }
    }
}

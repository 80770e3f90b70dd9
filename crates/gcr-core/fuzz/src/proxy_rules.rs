//! Proxies and exceptions from them: a server, what `HTTPS_PROXY` and `HTTP_PROXY` say, what `NO_PROXY` says, a line each.

use gcr_core::connection::environment::Environment;
use gcr_core::connection::proxy::Proxy;
use http::Uri;

type Answer = Result<Option<Proxy>, String>;

/// Asks for the way to the input's first line.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (server, proxy, list) = (line(), line(), line());
    let Ok(server) = server.parse::<Uri>() else {
        return;
    };
    let answer = way(&server, proxy, list);
    match &answer {
        Ok(Some(proxy)) => usable(proxy),
        Ok(None) => exempt(&server, proxy, list),
        Err(said) => assert!(!said.contains(char::is_control), "{said:?}"),
    }
    if let Err(said) = &answer {
        assert_eq!(repeated(said, proxy), None, "{said}");
    }
    assert_eq!(way(&server, proxy, &list.to_ascii_uppercase()), answer);
    assert_eq!(way(&server, proxy, &format!("{list},*")), Ok(None));
    assert_eq!(way(&server, "", list), Ok(None));
    // What a kubeconfig says is meant, whatever the environment makes of it.
    let variables = [("HTTPS_PROXY", "http://other.test"), ("NO_PROXY", "*")];
    let configured = Proxy::to(&server, Some(proxy), &Environment::of(&variables));
    assert_ne!(configured, Ok(None));
}

fn way(server: &Uri, proxy: &str, list: &str) -> Answer {
    let variables = [
        ("HTTP_PROXY", proxy),
        ("HTTPS_PROXY", proxy),
        ("NO_PROXY", list),
    ];
    Proxy::to(server, None, &Environment::of(&variables))
}

fn usable(proxy: &Proxy) {
    assert!(proxy.url.host().is_some_and(|host| !host.is_empty()));
    assert!(proxy.url.port_u16().is_some(), "{}", proxy.url);
}

/// No exception is taken back by one more.
fn exempt(server: &Uri, proxy: &str, list: &str) {
    for more in [format!("{list},other.test"), format!("other.test,{list}")] {
        assert_eq!(way(server, proxy, &more), Ok(None), "{more}");
    }
}

/// The user and password of a proxy, where they are said again.
fn repeated<'a>(said: &str, proxy: &'a str) -> Option<&'a str> {
    let (_, rest) = proxy.split_once("://").unwrap_or(("", proxy));
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    (user.len() >= 8 && proxy.matches(user).count() == 1 && said.contains(user)).then_some(user)
}

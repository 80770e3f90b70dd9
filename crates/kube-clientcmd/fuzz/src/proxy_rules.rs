//! Checks proxy selection. The input has three lines: a server, the value of `HTTPS_PROXY` and `HTTP_PROXY`, and the value of
//! `NO_PROXY`.

use http::Uri;
use kube_clientcmd::Environment;
use kube_clientcmd::proxy::{Proxy, ProxyError};

type Selection = Result<Option<Proxy>, ProxyError>;

/// Selects the proxy for the server in the input, and checks the result.
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
    let selection = select(&server, proxy, list);
    match &selection {
        Ok(Some(proxy)) => check_proxy(proxy),
        Ok(None) => check_exception(&server, proxy, list),
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains(char::is_control), "{message:?}");
            assert_eq!(leaked_user(&message, proxy), None, "{message}");
        }
    }
    assert_eq!(
        select(&server, proxy, &list.to_ascii_uppercase()),
        selection
    );
    assert_eq!(select(&server, proxy, &format!("{list},*")), Ok(None));
    assert_eq!(select(&server, "", list), Ok(None));
    // `proxy-url` of the kubeconfig takes precedence over the environment.
    let variables = [("HTTPS_PROXY", "http://other.test"), ("NO_PROXY", "*")];
    let configured = Proxy::to(&server, Some(proxy), &Environment::of(&variables));
    assert_ne!(configured, Ok(None));
}

fn select(server: &Uri, proxy: &str, list: &str) -> Selection {
    let variables = [
        ("HTTP_PROXY", proxy),
        ("HTTPS_PROXY", proxy),
        ("NO_PROXY", list),
    ];
    Proxy::to(server, None, &Environment::of(&variables))
}

fn check_proxy(proxy: &Proxy) {
    assert!(proxy.url.host().is_some_and(|host| !host.is_empty()));
    assert!(proxy.url.port_u16().is_some(), "{}", proxy.url);
}

/// Checks that further exceptions do not remove an exception.
fn check_exception(server: &Uri, proxy: &str, list: &str) {
    for longer in [format!("{list},other.test"), format!("other.test,{list}")] {
        assert_eq!(select(server, proxy, &longer), Ok(None), "{longer}");
    }
}

/// Returns the user and password of the proxy if the message contains them.
fn leaked_user<'a>(message: &str, proxy: &'a str) -> Option<&'a str> {
    let (_, rest) = proxy.split_once("://").unwrap_or(("", proxy));
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    (user.len() >= 8 && proxy.matches(user).count() == 1 && message.contains(user)).then_some(user)
}

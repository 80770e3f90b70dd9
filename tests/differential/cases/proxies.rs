//! Proxies. `0.0.0.0` reaches the local machine, but Go does not treat it as a loopback address, so it can be proxied.

use crate::case::{Case, case};
use crate::servers::ConnectionMode;

use super::reasons;

const THROUGH_PROXY: [&str; 2] = [
    "server as token good, host cluster.example:6443, name cluster.example",
    "proxy CONNECT cluster.example:6443",
];
const LOCAL_DIRECT: [&str; 1] = ["server as token good, host 0.0.0.0:{PORT}"];
const LOCAL_THROUGH_PROXY: [&str; 2] = [
    "server as token good, host 0.0.0.0:{PORT}",
    "proxy CONNECT 0.0.0.0:{PORT}",
];

fn to_server(name: &'static str, server: &str, more: &str) -> Case {
    let cluster = format!("server: '{server}', certificate-authority-data: {{CA}}{more}");
    case(name).cluster_and_user(&cluster, "token: good")
}

fn remote(name: &'static str) -> Case {
    to_server(name, "https://cluster.example:6443", "")
}

/// Returns a case for a local server that is reached through the proxy unless NO_PROXY exempts it.
fn local(name: &'static str, no_proxy: &'static str) -> Case {
    to_server(name, "https://0.0.0.0:{PORT}", "")
        .env("HTTPS_PROXY", "http://{PROXY}")
        .env("NO_PROXY", no_proxy)
}

pub(crate) fn cases() -> Vec<Case> {
    [selection(), no_proxy_exceptions(), proxy_kinds()]
        .into_iter()
        .flatten()
        .collect()
}

fn selection() -> Vec<Case> {
    vec![
        to_server("proxy-url", "https://cluster.example:6443", ", proxy-url: 'http://{PROXY}'")
            .reaches_exactly(THROUGH_PROXY),
        to_server("proxy-url with a local server", "{SERVER}", ", proxy-url: 'http://{PROXY}'")
            .reaches_exactly(["server as token good", "proxy CONNECT {HOST}"]),
        to_server("proxy-url overrides HTTPS_PROXY", "https://cluster.example:6443", ", proxy-url: 'http://{PROXY}'")
            .env("HTTPS_PROXY", "http://{CLOSED}")
            .reaches_exactly(THROUGH_PROXY),
        to_server("NO_PROXY does not apply to proxy-url", "https://cluster.example:6443", ", proxy-url: 'http://{PROXY}'")
            .env("NO_PROXY", "cluster.example")
            .reaches_exactly(THROUGH_PROXY),
        remote("--proxy-url").flags(["--proxy-url=http://{PROXY}"]).reaches_exactly(THROUGH_PROXY),
        to_server("--proxy-url overrides proxy-url", "https://cluster.example:6443", ", proxy-url: 'http://{CLOSED}'")
            .flags(["--proxy-url=http://{PROXY}"])
            .reaches_exactly(THROUGH_PROXY),
        remote("HTTPS_PROXY").env("HTTPS_PROXY", "http://{PROXY}").reaches_exactly(THROUGH_PROXY),
        remote("https_proxy").env("https_proxy", "http://{PROXY}").reaches_exactly(THROUGH_PROXY),
        remote("HTTPS_PROXY overrides https_proxy")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("https_proxy", "http://{CLOSED}")
            .reaches_exactly(THROUGH_PROXY),
        remote("HTTPS_PROXY without a scheme").env("HTTPS_PROXY", "{PROXY}").reaches_exactly(THROUGH_PROXY),
        to_server("HTTP_PROXY does not apply to HTTPS", "{SERVER}", "")
            .env("HTTP_PROXY", "http://{PROXY}")
            .reaches("token good"),
        local("ALL_PROXY is ignored", "")
            .env("HTTPS_PROXY", "")
            .env("ALL_PROXY", "http://{PROXY}")
            .reaches_exactly(LOCAL_DIRECT),
        to_server("HTTP_PROXY for plain HTTP", "http://0.0.0.0:{PORT}", "")
            .env("HTTP_PROXY", "http://{PROXY}")
            .reports("Error from server (NotFound): the server could not find the requested resource (get serviceaccounts default)")
            .but_plugin(reasons::PLAIN_TUNNEL)
            .reaches_exactly(["server as anonymous, host 0.0.0.0:{PORT}, plain", "proxy CONNECT 0.0.0.0:{PORT}"]),
        to_server("HTTP_PROXY for plain HTTP without a port", "http://cluster.example", "")
            .env("HTTP_PROXY", "http://{PROXY}")
            .reports("Error from server (NotFound): the server could not find the requested resource (get serviceaccounts default)")
            .reaches_exactly(["proxy GET http://cluster.example/api/v1/namespaces/default/serviceaccounts/default"])
            .but_plugin(reasons::PLAIN_TUNNEL)
            .reaches_exactly(["server as anonymous, host cluster.example, plain", "proxy CONNECT cluster.example:80"]),
        to_server("a loopback address is not proxied", "{SERVER}", "")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .reaches("token good"),
        to_server("localhost is not proxied", "https://localhost:{PORT}", "")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .reaches_exactly(["server as token good, host localhost:{PORT}, name localhost"]),
        remote("the tunnel request contains the default port")
            .flags(["--server=https://cluster.example"])
            .env("HTTPS_PROXY", "http://{PROXY}")
            .reaches_exactly(["server as token good, host cluster.example, name cluster.example", "proxy CONNECT cluster.example:443"]),
    ]
}

fn no_proxy_exceptions() -> Vec<Case> {
    vec![
        local("NO_PROXY with an address", "0.0.0.0").reaches_exactly(LOCAL_DIRECT),
        local("NO_PROXY with another address", "10.0.0.1").reaches_exactly(LOCAL_THROUGH_PROXY),
        local("NO_PROXY with the proxy's own host", "127.0.0.1")
            .reaches_exactly(LOCAL_THROUGH_PROXY),
        local("NO_PROXY with a network", "0.0.0.0/8").reaches_exactly(LOCAL_DIRECT),
        local("NO_PROXY with another network", "10.0.0.0/8").reaches_exactly(LOCAL_THROUGH_PROXY),
        local("NO_PROXY with empty entries and spaces", ", ,0.0.0.0 ,,")
            .reaches_exactly(LOCAL_DIRECT),
        local("NO_PROXY with a star", "*").reaches_exactly(LOCAL_DIRECT),
        local("NO_PROXY with a star after another entry", "a.example,*")
            .reaches_exactly(LOCAL_DIRECT),
        local("NO_PROXY with the port", "0.0.0.0:{PORT}").reaches_exactly(LOCAL_DIRECT),
        local("NO_PROXY with another port", "0.0.0.0:1").reaches_exactly(LOCAL_THROUGH_PROXY),
        local("no_proxy", "")
            .env("no_proxy", "0.0.0.0")
            .reaches("token good, host 0.0.0.0:{PORT}"),
        remote("NO_PROXY with a host name")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("NO_PROXY", "cluster.example")
            .reports("Unable to connect to the server: lookup cluster.example"),
        remote("NO_PROXY with a domain")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("NO_PROXY", "example")
            .reports("Unable to connect to the server: lookup cluster.example"),
        remote("NO_PROXY with a domain and a leading dot")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("NO_PROXY", ".Example")
            .reports("Unable to connect to the server: lookup cluster.example"),
        remote("NO_PROXY with only the subdomains of the host")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("NO_PROXY", ".cluster.example")
            .reaches_exactly(THROUGH_PROXY),
        remote("NO_PROXY with the end of a host name")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("NO_PROXY", "ster.example")
            .reaches_exactly(THROUGH_PROXY),
        remote("NO_PROXY with a host name and another port")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("NO_PROXY", "cluster.example:443")
            .reaches_exactly(THROUGH_PROXY),
    ]
}

fn proxy_kinds() -> Vec<Case> {
    let proxy = |name, url: &'static str| remote(name).env("HTTPS_PROXY", url);
    vec![
        proxy("a proxy with a user name", "http://me:p%40w@{PROXY}").reaches_exactly([
            THROUGH_PROXY[0],
            "proxy CONNECT cluster.example:6443 as basic me:p@w",
        ]),
        proxy("a SOCKS5 proxy", "socks5://{SOCKS}")
            .reaches_exactly(["server as token good, host cluster.example:6443, name cluster.example", "socks to name cluster.example:6443"]),
        proxy("a SOCKS5 proxy that resolves names", "socks5h://{SOCKS}")
            .reaches_exactly(["server as token good, host cluster.example:6443, name cluster.example", "socks to name cluster.example:6443"]),
        proxy("a SOCKS5 proxy with a user name", "socks5://me:pw@{SOCKS}")
            .reaches_exactly(["server as token good, host cluster.example:6443, name cluster.example", "socks to name cluster.example:6443 as me:pw"]),
        proxy("a proxy with TLS", "https://{TLS_PROXY}")
            .reaches_exactly(["server as token good, host cluster.example:6443, name cluster.example", "tls proxy CONNECT cluster.example:6443"]),
        proxy("a proxy that refuses connections", "http://{CLOSED}")
            .reports("The connection to the server cluster.example:6443 was refused - did you specify the right host or port?"),
        local("HTTPS_PROXY with an invalid host", "")
            .env("HTTPS_PROXY", "http://%zz")
            .reaches_exactly(LOCAL_DIRECT)
            .but_plugin(reasons::BAD_PROXY)
            .reports("Unable to connect to the server: proxyconnect tcp: invalid proxy address"),
        local("HTTPS_PROXY with an invalid escape in the user name", "")
            .env("HTTPS_PROXY", "http://a:b%2@{PROXY}")
            .reaches_exactly(LOCAL_DIRECT)
            .but_plugin(reasons::BAD_PROXY)
            .reports("Unable to connect to the server: proxyconnect tcp: invalid proxy address"),
        local("HTTPS_PROXY with a character in the user name that Go rejects", "")
            .env("HTTPS_PROXY", "http://a\"b@{PROXY}")
            .fails()
            .but_plugin(reasons::BAD_PROXY)
            .reports("Unable to connect to the server: proxyconnect tcp: invalid proxy address"),
        case("a proxy-url with an invalid escape in the user name")
            .usual()
            .flags(["--proxy-url=http://a:b%2@{PROXY}"])
            .reports("error: invalid 'proxy-url' \"http://a:b%2@{PROXY}\" for cluster \"k\": could not parse: http://a:b%2@{PROXY}"),
        case("a proxy-url with https for a proxy without TLS")
            .usual()
            .server(ConnectionMode::HttpResponseToTls)
            .flags(["--server=https://cluster.example:6443", "--proxy-url=https://{HOST}"])
            .reports("Unable to connect to the server: proxyconnect tcp: tls: first record does not look like a TLS handshake"),
        case("a proxy-url with an invalid escape in the path")
            .usual()
            .flags(["--proxy-url=http://{PROXY}/%zz"])
            .reports("error: invalid 'proxy-url' \"http://{PROXY}/%zz\" for cluster \"k\": could not parse: http://{PROXY}/%zz"),
        case("a proxy-url with a non-numeric port")
            .usual()
            .flags(["--proxy-url=http://127.0.0.1:x"])
            .reports("error: invalid 'proxy-url' \"http://127.0.0.1:x\" for cluster \"k\": could not parse: http://127.0.0.1:x"),
        case("a proxy-url with a space in its host")
            .usual()
            .flags(["--proxy-url=http://a b:1"])
            .reports("error: invalid 'proxy-url' \"http://a b:1\" for cluster \"k\": could not parse: http://a b:1"),
        case("a proxy-url with an unclosed IPv6 address")
            .usual()
            .flags(["--proxy-url=http://[::1"])
            .reports("error: invalid 'proxy-url' \"http://[::1\" for cluster \"k\": could not parse: http://[::1"),
        case("a proxy-url with a non-ASCII letter")
            .usual()
            .flags(["--proxy-url=http://%C3%A9.test:1"])
            .fails()
            .but_plugin(reasons::HOST_NAME)
            .reports("Unable to connect to the server: proxyconnect tcp: invalid proxy address"),
        case("a proxy-url with an escape in the host")
            .usual()
            .flags(["--proxy-url=http://a%41b:1"])
            .reports("error: invalid 'proxy-url' \"http://a%41b:1\" for cluster \"k\": could not parse: http://a%41b:1"),
        local("HTTPS_PROXY with a leading space", "")
            .env("HTTPS_PROXY", " http://{PROXY}")
            .reaches_exactly(LOCAL_DIRECT)
            .but_plugin(reasons::BAD_PROXY)
            .reports("Unable to connect to the server: proxyconnect tcp: invalid proxy address"),
        proxy("a proxy with an upper-case scheme and a path", "HTTP://{PROXY}/x?y=z").reaches_exactly(THROUGH_PROXY),
        proxy("a proxy with a user name and without a scheme", "me@{PROXY}")
            .reaches_exactly([THROUGH_PROXY[0], "proxy CONNECT cluster.example:6443 as basic me:"]),
        proxy("a proxy with an empty user name", "http://@{PROXY}")
            .reaches_exactly([THROUGH_PROXY[0], "proxy CONNECT cluster.example:6443 as basic :"]),
        proxy("a SOCKS4 proxy is treated as an HTTP proxy", "socks4://{PROXY}").reaches_exactly(THROUGH_PROXY),
        to_server("proxy-url with an upper-case scheme and a path", "https://cluster.example:6443", ", proxy-url: 'HTTP://{PROXY}/x'")
            .reaches_exactly(THROUGH_PROXY),
        to_server("proxy-url without a host", "https://cluster.example:6443", ", proxy-url: 'http://'")
            .reports("The connection to the server cluster.example:6443 was refused - did you specify the right host or port?")
            .but_plugin(reasons::PROXY_WITHOUT_HOST)
            .reports("Unable to connect to the server: proxyconnect tcp: invalid proxy address"),
        proxy("a proxy with an unknown scheme", "gopher://{PROXY}")
            .reaches_exactly(["server as token good, host cluster.example:6443, name cluster.example", "proxy CONNECT cluster.example:6443"]),
        to_server("proxy-url with an unknown scheme", "https://cluster.example:6443", ", proxy-url: 'gopher://{PROXY}'")
            .reports("error: invalid 'proxy-url' \"gopher://{PROXY}\" for cluster \"k\": unsupported scheme \"gopher\", must be http, https, or socks5"),
        to_server("proxy-url without a scheme", "https://cluster.example:6443", ", proxy-url: '{PROXY}'")
            .reports("error: invalid 'proxy-url' \"{PROXY}\" for cluster \"k\": could not parse: {PROXY}"),
        remote("--proxy-url with an unknown scheme")
            .flags(["--proxy-url=gopher://{PROXY}"])
            .reports("error: invalid 'proxy-url' \"gopher://{PROXY}\" for cluster \"k\": unsupported scheme \"gopher\", must be http, https, or socks5"),
        proxy("a server behind a proxy closes the connection", "http://{PROXY}")
            .server(ConnectionMode::ClosesConnection)
            .reports("Unable to connect to the server: EOF"),
        proxy("a proxy that refuses to open a tunnel", "http://{OTHER}")
            .reports("Unable to connect to the server: Words")
            .but_plugin(reasons::PROXY_ERROR)
            .reports("Unable to connect to the server: dial tcp: tunnel error: unsuccessful"),
    ]
}

//! By which way. `0.0.0.0` leads to this machine and is no loopback address to Go: it may be proxied.

use crate::case::{Case, case};
use crate::servers::Manners;

use super::reasons;

const THROUGH: [&str; 2] = [
    "server as token good, host cluster.example:6443, name cluster.example",
    "proxy CONNECT cluster.example:6443",
];
const DIRECT: [&str; 1] = ["server as token good, host 0.0.0.0:{PORT}"];
const AROUND: [&str; 2] = [
    "server as token good, host 0.0.0.0:{PORT}",
    "proxy CONNECT 0.0.0.0:{PORT}",
];

fn to(name: &'static str, server: &str, more: &str) -> Case {
    let cluster = format!("server: '{server}', certificate-authority-data: {{CA}}{more}");
    case(name).cluster_and_user(&cluster, "token: good")
}

fn far(name: &'static str) -> Case {
    to(name, "https://cluster.example:6443", "")
}

/// To an address of this machine that is proxied unless NO_PROXY exempts it.
fn near(name: &'static str, no_proxy: &'static str) -> Case {
    to(name, "https://0.0.0.0:{PORT}", "")
        .env("HTTPS_PROXY", "http://{PROXY}")
        .env("NO_PROXY", no_proxy)
}

pub(crate) fn cases() -> Vec<Case> {
    [choosing(), exempting(), kinds()]
        .into_iter()
        .flatten()
        .collect()
}

fn choosing() -> Vec<Case> {
    vec![
        to("proxy-url", "https://cluster.example:6443", ", proxy-url: 'http://{PROXY}'")
            .sees(THROUGH),
        to("proxy-url to a server on this machine", "{SERVER}", ", proxy-url: 'http://{PROXY}'")
            .sees(["server as token good", "proxy CONNECT {HOST}"]),
        to("proxy-url beats HTTPS_PROXY", "https://cluster.example:6443", ", proxy-url: 'http://{PROXY}'")
            .env("HTTPS_PROXY", "http://{NOBODY}")
            .sees(THROUGH),
        to("NO_PROXY does not concern proxy-url", "https://cluster.example:6443", ", proxy-url: 'http://{PROXY}'")
            .env("NO_PROXY", "cluster.example")
            .sees(THROUGH),
        far("--proxy-url").flags(["--proxy-url=http://{PROXY}"]).sees(THROUGH),
        to("--proxy-url beats proxy-url", "https://cluster.example:6443", ", proxy-url: 'http://{NOBODY}'")
            .flags(["--proxy-url=http://{PROXY}"])
            .sees(THROUGH),
        far("HTTPS_PROXY").env("HTTPS_PROXY", "http://{PROXY}").sees(THROUGH),
        far("https_proxy").env("https_proxy", "http://{PROXY}").sees(THROUGH),
        far("HTTPS_PROXY beats https_proxy")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("https_proxy", "http://{NOBODY}")
            .sees(THROUGH),
        far("HTTPS_PROXY without a scheme").env("HTTPS_PROXY", "{PROXY}").sees(THROUGH),
        to("HTTP_PROXY is not for https", "{SERVER}", "")
            .env("HTTP_PROXY", "http://{PROXY}")
            .reaches("token good"),
        near("ALL_PROXY is not known", "")
            .env("HTTPS_PROXY", "")
            .env("ALL_PROXY", "http://{PROXY}")
            .sees(DIRECT),
        to("HTTP_PROXY for plain HTTP", "http://0.0.0.0:{PORT}", "")
            .env("HTTP_PROXY", "http://{PROXY}")
            .says("Error from server (NotFound): the server could not find the requested resource (get serviceaccounts default)")
            .but_ours(reasons::PLAIN_TUNNEL)
            .sees(["server as nobody, host 0.0.0.0:{PORT}, plain", "proxy CONNECT 0.0.0.0:{PORT}"]),
        to("HTTP_PROXY for plain HTTP without a port", "http://cluster.example", "")
            .env("HTTP_PROXY", "http://{PROXY}")
            .says("Error from server (NotFound): the server could not find the requested resource (get serviceaccounts default)")
            .sees(["proxy GET http://cluster.example/api/v1/namespaces/default/serviceaccounts/default"])
            .but_ours(reasons::PLAIN_TUNNEL)
            .sees(["server as nobody, host cluster.example, plain", "proxy CONNECT cluster.example:80"]),
        to("a loopback address is not proxied", "{SERVER}", "")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .reaches("token good"),
        to("localhost is not proxied", "https://localhost:{PORT}", "")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .sees(["server as token good, host localhost:{PORT}, name localhost"]),
        far("the default port is tunnelled to by its number")
            .flags(["--server=https://cluster.example"])
            .env("HTTPS_PROXY", "http://{PROXY}")
            .sees(["server as token good, host cluster.example, name cluster.example", "proxy CONNECT cluster.example:443"]),
    ]
}

fn exempting() -> Vec<Case> {
    vec![
        near("NO_PROXY of an address", "0.0.0.0").sees(DIRECT),
        near("NO_PROXY of another address", "10.0.0.1").sees(AROUND),
        near("NO_PROXY of the proxy's own host", "127.0.0.1").sees(AROUND),
        near("NO_PROXY of a network", "0.0.0.0/8").sees(DIRECT),
        near("NO_PROXY of another network", "10.0.0.0/8").sees(AROUND),
        near("NO_PROXY with empty items and spaces", ", ,0.0.0.0 ,,").sees(DIRECT),
        near("NO_PROXY of everything", "*").sees(DIRECT),
        near("NO_PROXY of everything among others", "a.example,*").sees(DIRECT),
        near("NO_PROXY with the port", "0.0.0.0:{PORT}").sees(DIRECT),
        near("NO_PROXY with another port", "0.0.0.0:1").sees(AROUND),
        near("no_proxy", "")
            .env("no_proxy", "0.0.0.0")
            .reaches("token good, host 0.0.0.0:{PORT}"),
        far("NO_PROXY of a name")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("NO_PROXY", "cluster.example")
            .says("Unable to connect to the server: lookup cluster.example"),
        far("NO_PROXY of a domain")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("NO_PROXY", "example")
            .says("Unable to connect to the server: lookup cluster.example"),
        far("NO_PROXY of a domain with a dot")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("NO_PROXY", ".Example")
            .says("Unable to connect to the server: lookup cluster.example"),
        far("NO_PROXY of names below")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("NO_PROXY", ".cluster.example")
            .sees(THROUGH),
        far("NO_PROXY of a name's end")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("NO_PROXY", "ster.example")
            .sees(THROUGH),
        far("NO_PROXY of a name with another port")
            .env("HTTPS_PROXY", "http://{PROXY}")
            .env("NO_PROXY", "cluster.example:443")
            .sees(THROUGH),
    ]
}

fn kinds() -> Vec<Case> {
    let proxy = |name, url: &'static str| far(name).env("HTTPS_PROXY", url);
    vec![
        proxy("a proxy with a user name", "http://me:p%40w@{PROXY}").sees([
            THROUGH[0],
            "proxy CONNECT cluster.example:6443 as basic me:p@w",
        ]),
        proxy("a SOCKS5 proxy", "socks5://{SOCKS}")
            .sees(["server as token good, host cluster.example:6443, name cluster.example", "socks to name cluster.example:6443"]),
        proxy("a SOCKS5 proxy that looks names up", "socks5h://{SOCKS}")
            .sees(["server as token good, host cluster.example:6443, name cluster.example", "socks to name cluster.example:6443"]),
        proxy("a SOCKS5 proxy with a user name", "socks5://me:pw@{SOCKS}")
            .sees(["server as token good, host cluster.example:6443, name cluster.example", "socks to name cluster.example:6443 as me:pw"]),
        proxy("a proxy that speaks TLS", "https://{TLS_PROXY}")
            .sees(["server as token good, host cluster.example:6443, name cluster.example", "tls proxy CONNECT cluster.example:6443"]),
        proxy("a proxy that is not there", "http://{NOBODY}")
            .says("The connection to the server cluster.example:6443 was refused - did you specify the right host or port?"),
        near("HTTPS_PROXY that is no address", "")
            .env("HTTPS_PROXY", "http://%zz")
            .sees(DIRECT)
            .but_ours(reasons::BAD_PROXY)
            .says("Unable to connect to the server: proxyconnect tcp: invalid proxy address"),
        near("HTTPS_PROXY whose user has a broken escape", "")
            .env("HTTPS_PROXY", "http://a:b%2@{PROXY}")
            .sees(DIRECT)
            .but_ours(reasons::BAD_PROXY)
            .says("Unable to connect to the server: proxyconnect tcp: invalid proxy address"),
        near("HTTPS_PROXY whose user has a character that Go does not take", "")
            .env("HTTPS_PROXY", "http://a\"b@{PROXY}")
            .fails()
            .but_ours(reasons::BAD_PROXY)
            .says("Unable to connect to the server: proxyconnect tcp: invalid proxy address"),
        case("a proxy-url whose user has a broken escape")
            .usual()
            .flags(["--proxy-url=http://a:b%2@{PROXY}"])
            .says("error: invalid 'proxy-url' \"http://a:b%2@{PROXY}\" for cluster \"k\": could not parse: http://a:b%2@{PROXY}"),
        case("a proxy-url to what speaks HTTP and not TLS")
            .usual()
            .server(Manners::HttpToTls)
            .flags(["--server=https://cluster.example:6443", "--proxy-url=https://{HOST}"])
            .says("Unable to connect to the server: proxyconnect tcp: tls: first record does not look like a TLS handshake"),
        case("a proxy-url whose path has a broken escape")
            .usual()
            .flags(["--proxy-url=http://{PROXY}/%zz"])
            .says("error: invalid 'proxy-url' \"http://{PROXY}/%zz\" for cluster \"k\": could not parse: http://{PROXY}/%zz"),
        case("a proxy-url with a port that is none")
            .usual()
            .flags(["--proxy-url=http://127.0.0.1:x"])
            .says("error: invalid 'proxy-url' \"http://127.0.0.1:x\" for cluster \"k\": could not parse: http://127.0.0.1:x"),
        case("a proxy-url with a space in its host")
            .usual()
            .flags(["--proxy-url=http://a b:1"])
            .says("error: invalid 'proxy-url' \"http://a b:1\" for cluster \"k\": could not parse: http://a b:1"),
        case("a proxy-url with an address that does not end")
            .usual()
            .flags(["--proxy-url=http://[::1"])
            .says("error: invalid 'proxy-url' \"http://[::1\" for cluster \"k\": could not parse: http://[::1"),
        case("a proxy-url with a letter outside ASCII")
            .usual()
            .flags(["--proxy-url=http://%C3%A9.test:1"])
            .fails()
            .but_ours(reasons::HOST_NAME)
            .says("Unable to connect to the server: proxyconnect tcp: invalid proxy address"),
        case("a proxy-url whose host has an escape")
            .usual()
            .flags(["--proxy-url=http://a%41b:1"])
            .says("error: invalid 'proxy-url' \"http://a%41b:1\" for cluster \"k\": could not parse: http://a%41b:1"),
        near("HTTPS_PROXY with a space before it", "")
            .env("HTTPS_PROXY", " http://{PROXY}")
            .sees(DIRECT)
            .but_ours(reasons::BAD_PROXY)
            .says("Unable to connect to the server: proxyconnect tcp: invalid proxy address"),
        proxy("a proxy in capitals, with a path", "HTTP://{PROXY}/x?y=z").sees(THROUGH),
        proxy("a proxy with a user name alone, without a scheme", "me@{PROXY}")
            .sees([THROUGH[0], "proxy CONNECT cluster.example:6443 as basic me:"]),
        proxy("a proxy with an empty user name", "http://@{PROXY}")
            .sees([THROUGH[0], "proxy CONNECT cluster.example:6443 as basic :"]),
        proxy("a SOCKS4 proxy is taken for HTTP", "socks4://{PROXY}").sees(THROUGH),
        to("proxy-url in capitals, with a path", "https://cluster.example:6443", ", proxy-url: 'HTTP://{PROXY}/x'")
            .sees(THROUGH),
        to("proxy-url without a host", "https://cluster.example:6443", ", proxy-url: 'http://'")
            .says("The connection to the server cluster.example:6443 was refused - did you specify the right host or port?")
            .but_ours(reasons::PROXY_WITHOUT_HOST)
            .says("Unable to connect to the server: proxyconnect tcp: invalid proxy address"),
        proxy("a proxy of an unknown kind", "gopher://{PROXY}")
            .sees(["server as token good, host cluster.example:6443, name cluster.example", "proxy CONNECT cluster.example:6443"]),
        to("proxy-url of an unknown kind", "https://cluster.example:6443", ", proxy-url: 'gopher://{PROXY}'")
            .says("error: invalid 'proxy-url' \"gopher://{PROXY}\" for cluster \"k\": unsupported scheme \"gopher\", must be http, https, or socks5"),
        to("proxy-url without a scheme", "https://cluster.example:6443", ", proxy-url: '{PROXY}'")
            .says("error: invalid 'proxy-url' \"{PROXY}\" for cluster \"k\": could not parse: {PROXY}"),
        far("--proxy-url of an unknown kind")
            .flags(["--proxy-url=gopher://{PROXY}"])
            .says("error: invalid 'proxy-url' \"gopher://{PROXY}\" for cluster \"k\": unsupported scheme \"gopher\", must be http, https, or socks5"),
        proxy("a server behind a proxy that hangs up", "http://{PROXY}")
            .server(Manners::HangsUp)
            .says("Unable to connect to the server: EOF"),
        proxy("a proxy that refuses", "http://{OTHER}")
            .says("Unable to connect to the server: Words")
            .but_ours(reasons::PROXY_ERROR)
            .says("Unable to connect to the server: dial tcp: tunnel error: unsuccessful"),
    ]
}

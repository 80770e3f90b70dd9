//! Decides by `NO_PROXY` which hosts are reached without a proxy (Go `golang.org/x/net/http/httpproxy`).

use std::net::IpAddr;

/// The hosts that are reached without a proxy.
#[derive(Debug, Default)]
pub(super) struct NoProxy {
    everything: bool,
    rules: Vec<Rule>,
}

#[derive(Debug)]
enum Rule {
    Network(IpAddr, u8),
    Address(IpAddr, Option<String>),
    /// A domain with a leading dot, a port, and whether the domain itself matches besides its subdomains.
    Domain(String, Option<String>, bool),
}

impl NoProxy {
    /// Parses the value of `NO_PROXY`. Ignores invalid items.
    pub(super) fn parse(list: &str) -> Self {
        let mut rules = Vec::new();
        for item in list.split(',') {
            let item = item.trim().to_lowercase();
            if item == "*" {
                return Self {
                    everything: true,
                    rules: Vec::new(),
                };
            }
            rules.extend(rule(&item));
        }
        Self {
            everything: false,
            rules,
        }
    }

    /// Returns whether `host` at `port` is reached without a proxy. Loopback addresses always are.
    pub(super) fn exempts(&self, host: &str, port: u16) -> bool {
        let address: Option<IpAddr> = host.parse().ok();
        let address = address.map(|ip| ip.to_canonical());
        if host == "localhost" || address.is_some_and(|ip| ip.is_loopback()) || self.everything {
            return true;
        }
        let host = host.trim().to_lowercase();
        let port = port.to_string();
        let is_port = |expected: &Option<String>| expected.as_ref().is_none_or(|it| *it == port);
        self.rules.iter().any(|rule| match (rule, address) {
            (Rule::Network(network, bits), Some(ip)) => contains(*network, *bits, ip),
            (Rule::Address(address, port), Some(ip)) => *address == ip && is_port(port),
            (Rule::Domain(domain, port, includes_itself), None) => {
                (host.ends_with(domain.as_str()) || (*includes_itself && host == domain[1..]))
                    && is_port(port)
            }
            _ => false,
        })
    }
}

fn rule(item: &str) -> Option<Rule> {
    if let Some((network, bits)) = item.split_once('/')
        && let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u8>())
        && bits <= if network.is_ipv4() { 32 } else { 128 }
    {
        return Some(Rule::Network(network, bits));
    }
    let (host, port) = split_port(item);
    let port = port.filter(|port| !port.is_empty()).map(str::to_owned);
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(Rule::Address(ip.to_canonical(), port));
    }
    let host = if host.starts_with("*.") {
        &host[1..]
    } else {
        host
    };
    match host.chars().next()? {
        '.' => Some(Rule::Domain(host.to_owned(), port, false)),
        _ => Some(Rule::Domain(format!(".{host}"), port, true)),
    }
}

/// Splits an item like Go's `net.SplitHostPort`. If that fails, the whole item is the host.
fn split_port(item: &str) -> (&str, Option<&str>) {
    if let Some(rest) = item.strip_prefix('[') {
        return match rest.split_once("]:") {
            Some((host, port)) => (host, Some(port)),
            None => (item, None),
        };
    }
    match item.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (item, None),
    }
}

fn contains(network: IpAddr, bits: u8, ip: IpAddr) -> bool {
    let same =
        |left: u128, right: u128, width: u8| bits == 0 || (left ^ right) >> (width - bits) == 0;
    match (network, ip) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => {
            same(network.to_bits().into(), ip.to_bits().into(), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(ip)) => same(network.to_bits(), ip.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exempts_matches_rules_of_go() {
        // From the documentation of `httpproxy.Config.NoProxy` and its tests.
        let list = "example.com, .dot.net ,*.star.org,10.0.0.1,10.1.0.0/16,192.168.1.1:6443,port.io:8443,,[2001:db8::1]:443,2001:db8:1::/48";
        let rules = NoProxy::parse(list);
        for (host, port, expected) in [
            ("example.com", 443, true),
            ("EXAMPLE.com", 443, true),
            ("a.example.com", 443, true),
            ("badexample.com", 443, false),
            ("dot.net", 443, false),
            ("x.dot.net", 443, true),
            ("star.org", 443, false),
            ("a.star.org", 443, true),
            ("10.0.0.1", 443, true),
            ("10.0.0.2", 443, false),
            ("10.1.255.3", 443, true),
            ("10.2.0.1", 443, false),
            ("192.168.1.1", 6443, true),
            ("192.168.1.1", 443, false),
            ("port.io", 8443, true),
            ("port.io", 443, false),
            ("2001:db8::1", 443, true),
            ("2001:db8::1", 6443, false),
            ("2001:db8:1::5", 443, true),
            ("localhost", 443, true),
            ("127.0.0.1", 443, true),
            ("::1", 443, true),
            ("other.test", 443, false),
        ] {
            assert_eq!(rules.exempts(host, port), expected, "{host}:{port}");
        }
    }

    #[test]
    fn exempts_with_asterisk_matches_all_hosts_and_with_invalid_items_none() {
        assert!(NoProxy::parse("a,*").exempts("example.com", 443));
        for list in ["", ",", ":80", "*.", "10.0.0.0/99"] {
            assert!(!NoProxy::parse(list).exempts("example.com", 443), "{list}");
        }
    }
}

//! From which address a client comes, also where reverse proxies stand in between.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

use crate::config::{ForwardedHeader, Http};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// So many proxies may stand in a row.
const MAX_HOPS: usize = 16;

/// The reverse proxies whose word counts.
pub struct Proxies {
    trusted: Vec<IpNet>,
    header: ForwardedHeader,
}

/// Where a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Its address, as far as it can be known.
    pub address: IpAddr,
    /// Whether it is on this machine, and not only a proxy that hands it on.
    pub is_local: bool,
}

impl Proxies {
    /// Those that are configured.
    pub fn new(config: &Http) -> Self {
        Self { trusted: config.proxy_networks(), header: config.forwarded_header }
    }

    /// The client behind `peer`: going back from it, the first that is no trusted proxy. What comes before that anybody can have
    /// written.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let mut address = peer.to_canonical();
        let is_handed_on = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(header::FORWARDED);
        if !self.trusts(address) {
            return Client { address, is_local: address.is_loopback() && !is_handed_on };
        }
        let name = match self.header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => header::FORWARDED,
        };
        let values: Vec<&str> =
            headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        let hops = values.iter().rev().flat_map(|value| value.rsplit(','));
        for hop in hops.take(MAX_HOPS) {
            let node = match self.header {
                ForwardedHeader::XForwardedFor => Some(hop),
                ForwardedHeader::Forwarded => forwarded_for(hop),
            };
            // What hides or makes no sense counts with the proxy that said it.
            let Some(before) = node.and_then(node_address) else { break };
            address = before;
            if !self.trusts(address) {
                break;
            }
        }
        Client { address, is_local: address.is_loopback() }
    }

    /// Whether the address is a trusted proxy's.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }
}

/// The parameter `for` of a forwarded element (RFC 7239 §4).
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
    })
}

/// An address, with or without a port (RFC 7239 §6).
fn node_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::from);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse::<IpAddr>().ok().or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(header: ForwardedHeader, peer: &str, headers: &[(HeaderName, &str)]) -> (String, bool) {
        let proxies = Proxies::new(&Http {
            trusted_proxies: vec!["10.0.0.0/8".to_owned(), "fd00::/8".to_owned()],
            forwarded_header: header,
            ..Http::default()
        });
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value.parse().unwrap());
        }
        let client = proxies.client(peer.parse().unwrap(), &map);
        (client.address.to_string(), client.is_local)
    }

    fn by_x(peer: &str, values: &[&str]) -> String {
        let headers: Vec<_> = values.iter().map(|value| (X_FORWARDED_FOR, *value)).collect();
        seen(ForwardedHeader::XForwardedFor, peer, &headers).0
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_as_far_as_it_can_know() {
        for (peer, values, client) in [
            ("192.0.2.1", &[][..], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.9"], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.9"], "198.51.100.9"),
            ("::ffff:10.0.0.1", &["198.51.100.9"], "198.51.100.9"),
            // What the client wrote itself stands to the left.
            ("10.0.0.1", &["203.0.113.5, 198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5", "198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5, 198.51.100.9, 10.2.3.4"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5, 198.51.100.9", "10.2.3.4"], "198.51.100.9"),
            ("10.0.0.1", &["10.9.9.9, 10.2.3.4"], "10.9.9.9"),
            ("10.0.0.1", &["203.0.113.5, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.5, , 10.2.3.4"], "10.2.3.4"),
            ("10.0.0.1", &["198.51.100.9:4711"], "198.51.100.9"),
            ("10.0.0.1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]:443, fd00::1"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["::ffff:198.51.100.9"], "198.51.100.9"),
        ] {
            assert_eq!(by_x(peer, values), client, "{peer} {values:?}");
        }
        let many = vec!["10.1.1.1"; MAX_HOPS + 1].join(",");
        assert_eq!(by_x("10.0.0.1", &[&format!("203.0.113.5,{many}")]), "10.1.1.1");
    }

    #[test]
    fn of_the_two_headers_the_configured_one_is_read() {
        let forwarded = |value| (header::FORWARDED, value);
        let x = (X_FORWARDED_FOR, "203.0.113.5");
        for (value, client) in [
            ("for=198.51.100.9", "198.51.100.9"),
            ("proto=https;For=\"198.51.100.9:80\";by=10.0.0.1", "198.51.100.9"),
            ("for=203.0.113.5, for=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("for=203.0.113.5, for=_hidden", "10.0.0.1"),
            ("for=\"203.0.113.5, for=198.51.100.9", "198.51.100.9"),
            ("proto=https", "10.0.0.1"),
        ] {
            let seen = seen(ForwardedHeader::Forwarded, "10.0.0.1", &[x.clone(), forwarded(value)]);
            assert_eq!(seen.0, client, "{value}");
        }
        let seen = seen(ForwardedHeader::XForwardedFor, "10.0.0.1", &[forwarded("for=198.51.100.9"), x]);
        assert_eq!(seen.0, "203.0.113.5");
    }

    #[test]
    fn who_comes_over_a_proxy_of_this_machine_is_not_on_this_machine() {
        let x = |value| [(X_FORWARDED_FOR, value)];
        let local = |peer: &str, headers: &[_]| seen(ForwardedHeader::XForwardedFor, peer, headers).1;
        assert!(local("127.0.0.1", &[]) && local("::1", &[]) && local("::ffff:127.0.0.1", &[]));
        assert!(!local("127.0.0.1", &x("127.0.0.1")), "a proxy that nobody has told us of");
        assert!(!local("127.0.0.1", &[(header::FORWARDED, "for=127.0.0.1")]));
        assert!(!local("192.0.2.1", &[]) && !local("10.0.0.1", &x("198.51.100.9")));
        assert!(local("10.0.0.1", &x("127.0.0.1")));
    }
}

//! Reverse proxies in front of this process.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Config, Http};

/// The header in which proxies name their client. Only one is read: a proxy that writes the one may hand the other on as its
/// client made it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Http {
    /// The networks of `trusted_proxies`; what is none is left out, and among the problems.
    #[must_use]
    pub fn proxy_networks(&self) -> Vec<IpNet> {
        self.trusted_proxies.iter().filter_map(|text| network(text)).collect()
    }
}

impl Config {
    pub(super) fn proxy_problems(&self) -> Vec<String> {
        let wrong = self.http.trusted_proxies.iter().filter(|text| network(text).is_none());
        wrong
            .map(|text| {
                format!("http.trusted_proxies: {text:?} is no network such as 10.0.0.0/8, nor an address")
            })
            .collect()
    }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_network_or_an_address() {
        let proxies = |text: &str| Config {
            http: Http { trusted_proxies: vec![text.to_owned()], ..Http::default() },
            ..Config::default()
        };
        for (text, is_sound) in [
            ("10.0.0.0/8", true),
            ("192.0.2.7", true),
            ("fd00::/8", true),
            ("::1", true),
            ("10.0.0.0/33", false),
            ("proxy.internal", false),
            ("", false),
        ] {
            let config = proxies(text);
            assert_eq!(config.proxy_problems().is_empty(), is_sound, "{text}");
            assert_eq!(config.http.proxy_networks().len(), usize::from(is_sound), "{text}");
        }
    }
}

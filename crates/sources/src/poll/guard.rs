//! The only HTTP client for what is outside: feeds, and keys of issuers. It connects to public addresses alone, so that an address
//! in a configuration, a redirect or a name server's answer cannot make it ask a machine of ours (OWASP SSRF prevention).
//!
//! Names are resolved once per connection and the addresses that pass the check are the ones connected to, so an answer
//! that changes between check and use changes nothing. Proxies are not used, since a proxy would resolve on its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Url};

/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 3;
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Which addresses a client may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressPolicy {
    /// Addresses of the public internet.
    #[default]
    PublicOnly,
    /// Addresses of the public internet, and one machine of one's own by its literal address.
    PublicAnd(IpAddr),
    /// Addresses of this machine, and no others.
    ThisMachine,
    /// Any address: for what is in one's own network, and tests.
    AllowPrivate,
}

/// An address that must not be connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForbiddenAddress {
    /// Neither http nor https.
    #[error("`{0}` is not an http or https address")]
    Scheme(String),
    /// It is, or resolves to, an address that the policy does not let through.
    #[error("`{0}` is not a public address; set allow_private to read what is in your own network")]
    NotPublic(String),
    /// More redirects than are followed.
    #[error("more than {MAX_REDIRECTS} redirects")]
    TooManyRedirects,
}

/// An HTTP client that cannot leave its [`AddressPolicy`].
#[derive(Debug, Clone)]
pub struct GuardedClient {
    client: Client,
    policy: AddressPolicy,
}

impl GuardedClient {
    /// A client that introduces itself as `CrisisLens/<version> (+<contact>)`; `contact` is an address at which the owner
    /// of a source reaches the operator.
    ///
    /// # Errors
    /// When `contact` cannot stand in a header, or TLS cannot be set up.
    pub fn new(policy: AddressPolicy, contact: &str) -> Result<Self, reqwest::Error> {
        let agent = format!("CrisisLens/{} (+{contact})", env!("CARGO_PKG_VERSION"));
        Self::build(policy, &agent, Policy::custom(move |attempt| follow(policy, attempt)))
    }

    /// A client that follows no redirect, for answers that are believed because of the address they come from.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn without_redirects(policy: AddressPolicy) -> Result<Self, reqwest::Error> {
        Self::build(policy, concat!("CrisisLens/", env!("CARGO_PKG_VERSION")), Policy::none())
    }

    fn build(policy: AddressPolicy, agent: &str, redirects: Policy) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(agent)
            .dns_resolver(Arc::new(GuardedResolver { policy }))
            .redirect(redirects)
            .connect_timeout(CONNECT_TIMEOUT)
            .no_proxy()
            .gzip(true)
            .build()?;
        Ok(Self { client, policy })
    }

    /// A request for `url`.
    ///
    /// # Errors
    /// When the address itself is forbidden. What its name resolves to is checked on connecting.
    pub fn get(&self, url: &Url) -> Result<reqwest::RequestBuilder, ForbiddenAddress> {
        self.policy.check(url)?;
        Ok(self.client.get(url.clone()))
    }
}

impl GuardedClient {
    /// The client for requests of other kinds; whoever uses it checks each address by [`AddressPolicy::check`] first.
    #[must_use]
    pub fn unchecked(&self) -> Client {
        self.client.clone()
    }
}

impl AddressPolicy {
    /// Whether `url` may be asked for, as far as the address itself shows.
    ///
    /// # Errors
    /// When it may not.
    pub fn check(self, url: &Url) -> Result<(), ForbiddenAddress> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ForbiddenAddress::Scheme(url.scheme().to_owned()));
        }
        // `Url` has already brought every spelling of an address (octal, hex, one number) into its plain form.
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) if !self.allows(address) => Err(ForbiddenAddress::NotPublic(host.to_owned())),
            // Of this machine's names the resolver sees to the rest.
            Err(_) if !matches!(self, Self::AllowPrivate | Self::ThisMachine) && is_local_name(host) => {
                Err(ForbiddenAddress::NotPublic(host.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Whether `address` may be connected to.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::PublicOnly => is_public(address),
            Self::PublicAnd(own) => address == own || is_public(address),
            Self::ThisMachine => address.to_canonical().is_loopback(),
            Self::AllowPrivate => true,
        }
    }
}

fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.is_empty() || host == "localhost" || host.ends_with(".localhost") || host.ends_with(".internal")
}

/// Whether `address` belongs to the public internet (IANA special-purpose registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // shared by carriers, RFC 6598
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19)); // benchmarks, RFC 2544
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let segments = address.segments();
    let embedded = Ipv4Addr::from((u32::from(segments[6]) << 16) | u32::from(segments[7]));
    match segments {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) carry an IPv4 address that is connected to in the end.
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => is_public_v4(embedded),
        [0x2002, high, low, ..] => is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))),
        // Teredo, ORCHID, benchmarking, documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // All that is global lies in 2000::/3.
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

fn follow(policy: AddressPolicy, attempt: Attempt<'_>) -> reqwest::redirect::Action {
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error(ForbiddenAddress::TooManyRedirects);
    }
    match policy.check(attempt.url()) {
        Ok(()) => attempt.follow(),
        Err(forbidden) => attempt.error(forbidden),
    }
}

struct GuardedResolver {
    policy: AddressPolicy,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| policy.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(ForbiddenAddress::NotPublic(name.as_str().to_owned()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| AddressPolicy::PublicOnly.check(&url).is_err())
    }

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://0.0.0.0/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.64.0.1/",
            "http://198.18.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[fe80::1]/",
            "http://[fc00::1]/",
            "http://[fd12:3456::1]/",
            "http://[ff02::1]/",
            "http://[2001:db8::1]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://x.localhost/",
            "http://metadata.google.internal/",
            "http://user@127.0.0.1/",
            "ftp://example.org/",
            "file:///etc/passwd",
        ] {
            assert!(refused(url), "{url}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        for url in [
            "https://earthquake.usgs.gov/",
            "http://8.8.8.8/",
            "http://[2606:4700::1111]/",
            "http://[64:ff9b::808:808]/",
        ] {
            assert!(!refused(url), "{url}");
        }
        assert!(AddressPolicy::AllowPrivate.check(&Url::parse("http://127.0.0.1:8000/").unwrap()).is_ok());
    }

    #[tokio::test]
    async fn who_may_ask_this_machine_alone_asks_no_other() {
        let policy = AddressPolicy::ThisMachine;
        let is_taken = |url: &str| policy.check(&Url::parse(url).unwrap()).is_ok();
        for url in ["http://127.0.0.1:1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://localhost/"]
        {
            assert!(is_taken(url), "{url}");
        }
        for url in ["http://10.1.2.3/", "http://8.8.8.8/", "http://169.254.169.254/", "http://0.0.0.0/"] {
            assert!(!is_taken(url), "{url}");
        }
        let resolve = async |policy| {
            let found = GuardedResolver { policy }.resolve("localhost".parse().unwrap()).await;
            found.map(|addresses| addresses.map(|address| address.ip()).collect::<Vec<_>>())
        };
        assert!(resolve(policy).await.unwrap().iter().all(IpAddr::is_loopback));
        let refused = resolve(AddressPolicy::PublicOnly).await.unwrap_err();
        assert!(refused.downcast_ref::<ForbiddenAddress>().is_some(), "a name is what it resolves to");
    }
}

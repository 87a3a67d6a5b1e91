//! How many live connections one address may have, how fast it may open them, and how many may be open that have not said yet
//! who they are.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use metrics::{counter, gauge};
use tokio::time::Instant;

use crate::config::Realtime;
use crate::http::Problem;

/// An address may open so many connections at once as it may in so many seconds.
const BURST_SECONDS: u32 = 4;
/// Seconds after which a place may be free again.
const RETRY_AFTER_S: u64 = 5;
/// Where more addresses than these are known, those without a connection are forgotten from time to time.
const SWEEP_ABOVE: usize = 1024;
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// The live connections of this node, by address.
pub struct Places {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Of one address; 0 for none.
    open: usize,
    /// Of one address; 0 for none.
    per_second: u32,
    unauthenticated: usize,
    unauthenticated_of_address: usize,
}

#[derive(Default)]
struct State {
    addresses: HashMap<IpAddr, Address>,
    unauthenticated: usize,
    swept_at: Option<Instant>,
}

struct Address {
    open: usize,
    unauthenticated: usize,
    /// Connections that may still be opened at `at`.
    left: f64,
    at: Instant,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    #[error("your address has its limit of {0} live connections; close one first")]
    Connections(usize),
    #[error("your address opens more than {0} live connections per second; slow down")]
    Rate(u32),
    #[error(
        "your address has {0} live connections that have not sent a token; send it in the Authorization header, as a \
         subprotocol or as a ticket"
    )]
    Unauthenticated(usize),
    #[error(
        "too many live connections wait for their token here; try again in a moment, or send it with the request"
    )]
    UnauthenticatedInAll,
}

impl Crowded {
    const fn code(self) -> &'static str {
        match self {
            Self::Connections(_) => "too_many_connections_of_address",
            Self::Rate(_) => "too_many_connects_of_address",
            Self::Unauthenticated(_) => "too_many_unauthenticated_of_address",
            Self::UnauthenticatedInAll => "too_many_unauthenticated",
        }
    }
}

impl From<Crowded> for Problem {
    fn from(crowded: Crowded) -> Self {
        let (status, retry_after) = match crowded {
            Crowded::Connections(_) | Crowded::Unauthenticated(_) => {
                (StatusCode::TOO_MANY_REQUESTS, RETRY_AFTER_S)
            }
            Crowded::Rate(_) => (StatusCode::TOO_MANY_REQUESTS, 1),
            Crowded::UnauthenticatedInAll => (StatusCode::SERVICE_UNAVAILABLE, RETRY_AFTER_S),
        };
        counter!("crisislens_realtime_refused_total", "reason" => crowded.code()).increment(1);
        Self::new(status, crowded.to_string()).after(retry_after)
    }
}

impl Limits {
    fn burst(self) -> f64 {
        f64::from(self.per_second.saturating_mul(BURST_SECONDS))
    }
}

impl Places {
    /// Places as they are configured.
    pub fn new(config: &Realtime) -> Arc<Self> {
        let limits = Limits {
            open: config.max_connections_per_address,
            per_second: config.connects_per_address_s,
            unauthenticated: config.max_unauthenticated,
            unauthenticated_of_address: config.max_unauthenticated_per_address,
        };
        Arc::new(Self { limits, state: Mutex::default() })
    }

    /// A place for one connection, until it is dropped.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Place, Crowded> {
        let (address, limits, now) = (network(address), self.limits, Instant::now());
        let mut state = self.state();
        state.sweep(limits, now);
        let of_address = state.addresses.entry(address).or_insert(Address {
            open: 0,
            unauthenticated: 0,
            left: limits.burst(),
            at: now,
        });
        of_address.fill(limits, now);
        if limits.per_second > 0 && of_address.left < 1.0 {
            return Err(Crowded::Rate(limits.per_second));
        }
        of_address.left -= 1.0;
        if limits.open > 0 && of_address.open >= limits.open {
            return Err(Crowded::Connections(limits.open));
        }
        of_address.open += 1;
        state.measure();
        drop(state);
        Ok(Place { places: Arc::clone(self), address, is_unauthenticated: false })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets addresses that have nothing open and may open as many as ever.
    fn sweep(&mut self, limits: Limits, now: Instant) {
        let swept_lately = self.swept_at.is_some_and(|at| now - at < SWEEP_EVERY);
        if self.addresses.len() <= SWEEP_ABOVE || swept_lately {
            return;
        }
        self.swept_at = Some(now);
        self.addresses.retain(|_, address| {
            address.fill(limits, now);
            address.open > 0 || address.left < limits.burst()
        });
        self.addresses.shrink_to_fit();
    }

    fn measure(&self) {
        gauge!("crisislens_realtime_addresses").set(self.addresses.len() as f64);
        gauge!("crisislens_realtime_unauthenticated").set(self.unauthenticated as f64);
    }
}

impl Address {
    fn fill(&mut self, limits: Limits, now: Instant) {
        let come = (now - self.at).as_secs_f64() * f64::from(limits.per_second);
        self.left = (self.left + come).min(limits.burst());
        self.at = now;
    }
}

/// The place of one connection.
pub struct Place {
    places: Arc<Places>,
    address: IpAddr,
    is_unauthenticated: bool,
}

impl Place {
    /// Counts it among those that have not said who they are.
    pub fn await_token(&mut self) -> Result<(), Crowded> {
        let limits = self.places.limits;
        let mut state = self.places.state();
        if state.unauthenticated >= limits.unauthenticated {
            return Err(Crowded::UnauthenticatedInAll);
        }
        if let Some(of_address) = state.addresses.get_mut(&self.address) {
            if of_address.unauthenticated >= limits.unauthenticated_of_address {
                return Err(Crowded::Unauthenticated(limits.unauthenticated_of_address));
            }
            of_address.unauthenticated += 1;
        }
        state.unauthenticated += 1;
        state.measure();
        drop(state);
        self.is_unauthenticated = true;
        Ok(())
    }

    /// It has said who it is.
    pub fn authenticated(&mut self) {
        if std::mem::take(&mut self.is_unauthenticated) {
            let mut state = self.places.state();
            state.unauthenticated -= 1;
            if let Some(of_address) = state.addresses.get_mut(&self.address) {
                of_address.unauthenticated -= 1;
            }
            state.measure();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.authenticated();
        let mut state = self.places.state();
        if let Some(of_address) = state.addresses.get_mut(&self.address) {
            of_address.open -= 1;
            if of_address.open == 0 && self.places.limits.per_second == 0 {
                state.addresses.remove(&self.address);
            }
        }
        state.measure();
    }
}

/// What counts as one address: of IPv6 a /64, which is what one customer has at least.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(change: impl FnOnce(&mut Realtime)) -> Arc<Places> {
        let mut config = Realtime {
            max_connections_per_address: 2,
            connects_per_address_s: 0,
            max_unauthenticated: 3,
            max_unauthenticated_per_address: 2,
            ..Realtime::default()
        };
        change(&mut config);
        Places::new(&config)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_connections_and_gets_each_back() {
        let places = places(|_| {});
        let one = places.enter(address("192.0.2.1")).unwrap();
        let _two = places.enter(address("::ffff:192.0.2.1")).unwrap();
        let refused = places.enter(address("192.0.2.1")).err();
        assert_eq!(refused, Some(Crowded::Connections(2)));
        let _other = places.enter(address("192.0.2.2")).unwrap();
        drop(one);
        let again = places.enter(address("192.0.2.1")).unwrap();
        assert!(places.enter(address("192.0.2.1")).is_err());
        drop(again);
        assert!(places.enter(address("192.0.2.1")).is_ok());

        let _a = places.enter(address("2001:db8::1")).unwrap();
        let _b = places.enter(address("2001:db8::2:0:0:1")).unwrap();
        assert!(places.enter(address("2001:db8::3")).is_err(), "one network");
        assert!(places.enter(address("2001:db8:0:1::3")).is_ok(), "another");
    }

    #[test]
    fn nothing_is_left_of_who_went() {
        let places = places(|config| config.max_connections_per_address = 0);
        let mut all: Vec<_> = (0..100).map(|_| places.enter(address("192.0.2.1")).unwrap()).collect();
        all[0].await_token().unwrap();
        all[1].await_token().unwrap();
        all[1].authenticated();
        all[1].authenticated();
        drop(all);
        let state = places.state();
        assert_eq!((state.addresses.len(), state.unauthenticated), (0, 0));
    }

    #[test]
    fn who_has_not_said_who_they_are_are_few_by_address_and_in_all() {
        let places = places(|config| config.max_connections_per_address = 0);
        let wait = |text: &str| {
            let mut place = places.enter(address(text)).unwrap();
            place.await_token().map(|()| place)
        };
        let mut first = wait("192.0.2.1").unwrap();
        let second = wait("192.0.2.1").unwrap();
        assert_eq!(wait("192.0.2.1").err(), Some(Crowded::Unauthenticated(2)));
        let _third = wait("192.0.2.2").unwrap();
        assert_eq!(wait("192.0.2.3").err(), Some(Crowded::UnauthenticatedInAll));
        first.authenticated();
        let fourth = wait("192.0.2.1").unwrap();
        assert!(wait("192.0.2.1").is_err());
        drop((second, fourth));
        assert!(wait("192.0.2.1").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_opens_a_burst_and_then_so_many_a_second() {
        let places = places(|config| {
            config.connects_per_address_s = 2;
            config.max_connections_per_address = 0;
        });
        let enter = |text: &str| places.enter(address(text)).map(drop);
        for _ in 0..8 {
            enter("192.0.2.1").unwrap();
        }
        assert_eq!(enter("192.0.2.1"), Err(Crowded::Rate(2)));
        enter("192.0.2.2").unwrap();
        tokio::time::advance(Duration::from_millis(500)).await;
        enter("192.0.2.1").unwrap();
        assert_eq!(enter("192.0.2.1"), Err(Crowded::Rate(2)));
        // Who comes from everywhere costs no memory for ever.
        for number in 0..3_000_u32 {
            let _ = enter(&std::net::Ipv4Addr::from(number).to_string());
        }
        assert!(places.state().addresses.len() > SWEEP_ABOVE);
        tokio::time::advance(Duration::from_secs(60)).await;
        let _one = places.enter(address("192.0.2.9")).unwrap();
        assert_eq!(places.state().addresses.len(), 1);
    }
}

//! Ports for servers that must know theirs before they start.

use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

use crate::{Result, ServersError, random};

/// Lowest port that is chosen.
const LOWEST: u16 = 10_240;
/// First port that the kernel may give to outgoing connections, where the kernel does not say (its own default).
const FIRST_EPHEMERAL: u16 = 32_768;
/// Candidates that are tried.
const ATTEMPTS: u32 = 2_000;
/// Starts of one server, each with new ports, when others take them first.
const STARTS: u32 = 4;

/// Ports that this process has given away: they may not be bound yet.
static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A port on 127.0.0.1 that nobody listens on, and that this process has not given away before.
///
/// It lies below the range of outgoing connections. A port from that range is not safe for a server that is killed and
/// started again: a client that knocks in vain may be given that very port as its own end, connect to itself, and keep
/// the server out.
pub fn free_port() -> Result<u16> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let given = given.get_or_insert_with(HashSet::new);
    let range = u32::from(first_ephemeral().saturating_sub(LOWEST).max(1));
    for _ in 0..ATTEMPTS {
        let offset = u16::try_from(random::number()? % range).unwrap_or_default();
        let port = LOWEST + offset;
        if !given.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            given.insert(port);
            return Ok(port);
        }
    }
    Err(ServersError::Missing {
        what: "a free port".to_owned(),
        remedy: format!("{ATTEMPTS} ports from {LOWEST} on were taken; end what listens there"),
    })
}

/// Starts again, with new ports, as long as the reason is that somebody else took one of the last.
pub fn retry_on_collision<T>(mut start: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 1..STARTS {
        match start() {
            Err(error) if error.is_port_collision() => {}
            other => return other,
        }
    }
    start()
}

fn first_ephemeral() -> u16 {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let first = text.split_whitespace().next().and_then(|first| first.parse().ok());
    first.filter(|first| *first > LOWEST + 1_000).unwrap_or(FIRST_EPHEMERAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_and_never_given_twice() {
        let ports: Vec<u16> = (0..50).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), 50);
        for port in ports {
            assert!(port < first_ephemeral(), "{port}");
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        }
    }

    #[test]
    fn a_collision_is_tried_again_and_another_failure_is_not() {
        let failed = |tail: &str| ServersError::Start {
            server: String::new(),
            reason: String::new(),
            tail: tail.to_owned(),
            log: std::path::PathBuf::new(),
        };
        let mut starts = 0;
        let third = retry_on_collision(|| {
            starts += 1;
            if starts < 3 { Err(failed("bind: Address already in use")) } else { Ok(starts) }
        });
        assert_eq!(third.unwrap(), 3);
        let mut starts = 0;
        let never: Result<()> = retry_on_collision(|| {
            starts += 1;
            Err(failed("out of memory"))
        });
        assert!(never.is_err());
        assert_eq!(starts, 1);
    }
}

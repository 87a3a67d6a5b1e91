//! Ten thousand subscribers after the server was killed: how long until each is back and has what it missed, while
//! messages go on.
//!
//! Killed, not stopped: a server that is stopped tells its clients to come back at different times, and then there is no
//! storm. They come back within a second of being cut and try again twice a second: far more eager than our client library,
//! which begins with three seconds and waits longer each time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::case::Case;
use crate::client::Client;
use crate::measure::{Figures, SETTLE, Used, WARM_UP, drain, figures, receive};
use crate::profile::{Profile, Profiler};
use crate::publisher::{Publishing, Way};
use crate::server::{Contestant, Running};

/// Subscribers come back, and try again, spread over so many milliseconds.
const SPREAD_MS: usize = 1_000;
/// Longest until all have caught up.
const PATIENCE: Duration = Duration::from_secs(120);
/// Load after all have caught up: what came twice or late then would show.
const AFTER: Duration = Duration::from_secs(3);

/// Those who wait for their next try, the earliest first.
#[derive(Default)]
struct Returning {
    waiting: BinaryHeap<Reverse<(Instant, usize)>>,
    tries: u64,
}

impl Returning {
    /// Notes who has fallen, and opens the connections whose time has come.
    fn turn(&mut self, client: &mut Client<'_>) -> anyhow::Result<()> {
        client.turn(5)?;
        let now = Instant::now();
        for number in client.fallen.as_mut().map(std::mem::take).unwrap_or_default() {
            self.waiting.push(Reverse((now + wait(number, self.tries), number)));
        }
        while let Some(Reverse((_, number))) = self.waiting.peek().filter(|next| next.0.0 <= now).copied() {
            self.waiting.pop();
            self.tries += 1;
            client.open_again(number);
        }
        Ok(())
    }
}

/// Evenly spread, and another for each try.
fn wait(number: usize, tries: u64) -> Duration {
    let spread = number.wrapping_mul(7_919).wrapping_add(usize::try_from(tries).unwrap_or(0)) % SPREAD_MS;
    Duration::from_millis(spread as u64)
}

/// Measures `case`.
pub fn measure(
    case: Case,
    contestant: &Contestant<'_>,
    server: &mut Running,
    way: &Way,
    profiler: Option<&Profiler>,
) -> anyhow::Result<Figures> {
    let dialect = server.dialect();
    let mut client = Client::new(server.address(), case, &*dialect)?;
    client.open_all()?;
    client.rest(SETTLE)?;
    let publishing = Publishing::start(case, &dialect, way);
    let progress = Arc::clone(&publishing.progress);
    client.follow(&progress);
    receive(&mut client, &progress, WARM_UP)?;

    let before = client.joins;
    client.fallen = Some(Vec::new());
    let mut returning = Returning::default();
    let killed = Instant::now();
    let ready = std::thread::scope(|scope| {
        let restart = scope.spawn(|| contestant.restart(server).map(|()| killed.elapsed()));
        while !restart.is_finished() {
            returning.turn(&mut client)?;
        }
        restart.join().ok().context("the restart panicked")?
    })?;
    let profile = profiler.map(|profiler| profiler.begin(case.name, server.pid())).transpose()?;
    let all = case.connections as u64;
    while !(client.joins - before >= all && returning.waiting.is_empty() && client.has_caught_up()) {
        returning.turn(&mut client)?;
        let back = client.live();
        ensure!(killed.elapsed() < PATIENCE, "{back} of {all} subscribers are back after {PATIENCE:?}");
    }
    let caught_up = killed.elapsed();
    profile.map(Profile::end).transpose()?;
    client.fallen = None;
    let from = Used::now(server.pid(), &client)?;
    receive(&mut client, &progress, AFTER)?;
    let until = Used::now(server.pid(), &client)?;
    publishing.stop();
    drain(&mut client, &publishing)?;
    publishing.end()?;
    let missed = client.missed as f64 / all as f64;
    let figures = figures(&mut client, &progress, &from, &until, Figures::default());
    let extra = BTreeMap::from([
        ("ready_s", ready.as_secs_f64()),
        ("caught_up_s", caught_up.as_secs_f64()),
        ("missed_per_connection", missed),
        ("tries_per_connection", returning.tries as f64 / all as f64),
    ]);
    Ok(Figures { extra, ..figures })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_longer_than_the_spread_and_they_do_not_all_come_at_once() {
        let waits: Vec<Duration> = (0..2_000).map(|number| wait(number, 3)).collect();
        assert!(waits.iter().all(|wait| *wait < Duration::from_millis(SPREAD_MS as u64)));
        let at_once = |ms: u64| waits.iter().filter(|wait| **wait == Duration::from_millis(ms)).count();
        assert_eq!((at_once(0), at_once(999)), (2, 2));
    }
}

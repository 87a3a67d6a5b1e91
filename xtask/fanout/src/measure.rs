//! One case against one server: opens the connections, publishes, and says what it cost and what came.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::case::{Case, Load, Subject};
use crate::client::Client;
use crate::latency;
use crate::marker::now_ns;
use crate::process::{cpu_seconds, machine_seconds, rss_kb};
use crate::profile::{Profile, Profiler};
use crate::publisher::{Progress, Publishing, Way};
use crate::server::Running;

/// Rest between the last join and the reading of memory.
pub const SETTLE: Duration = Duration::from_secs(3);
/// Load before anything is measured.
pub const WARM_UP: Duration = Duration::from_secs(2);
/// The pipeline brings its first message within this.
const FIRST_WITHIN: Duration = Duration::from_secs(90);
/// After that, what waited for it and its joining of groups are over within this.
const TO_CALM_DOWN: Duration = Duration::from_secs(8);
/// After the load, how long nothing may come before the rest counts as lost.
const SILENCE: Duration = Duration::from_secs(3);

/// What was measured. Times of the server are processor time, user and system.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Microseconds of the server for each message that arrived at a subscriber.
    pub us_per_delivery: f64,
    /// Messages that arrived, each second.
    pub deliveries_per_s: f64,
    /// Milliseconds from intended publishing to receipt: half of them were faster …
    pub p50_ms: f64,
    /// … 99 of 100 …
    pub p99_ms: f64,
    /// … 999 of 1,000.
    pub p999_ms: f64,
    /// Resident memory that a resting connection added, KB; the kernel's is not in it.
    pub rss_kb_per_connection: f64,
    /// Milliseconds of the server for each connection until it was in its room.
    pub join_cpu_ms: f64,
    /// Cores that the server kept busy.
    pub server_cores: f64,
    /// The same of this program: near 1, it and not the server set the pace.
    pub client_cores: f64,
    /// The same of everything else on the machine.
    pub other_cores: f64,
    /// Bytes on the wire for each message that arrived.
    pub bytes_per_delivery: f64,
    /// Messages that did not arrive.
    pub lost: u64,
    /// Messages that arrived twice, or where they did not belong.
    pub repeated: u64,
    /// Messages that arrived after later ones of their stream.
    pub reordered: u64,
    /// Connections that the server ended, and messages that it did not take.
    pub refused: u64,
    /// What only this case has, by name.
    pub extra: BTreeMap<&'static str, f64>,
}

impl Figures {
    /// Everything that must be zero.
    pub const fn violations(&self) -> u64 {
        self.lost + self.repeated + self.reordered + self.refused
    }
}

/// What the processes have used at one moment.
pub struct Used {
    at: Instant,
    server: f64,
    client: f64,
    machine: f64,
    delivered: u64,
    bytes: u64,
}

impl Used {
    /// By the server with this process id, and by this program with its `client`.
    pub fn now(server: u32, client: &Client<'_>) -> anyhow::Result<Self> {
        Ok(Self {
            at: Instant::now(),
            server: cpu_seconds(server)?,
            client: cpu_seconds(std::process::id())?,
            machine: machine_seconds()?,
            delivered: client.counts.delivered,
            bytes: client.received().0,
        })
    }
}

/// Measures `case`.
pub fn measure(
    case: Case,
    server: &Running,
    way: &Way,
    time: Duration,
    profiler: Option<&Profiler>,
) -> anyhow::Result<Figures> {
    let pid = server.pid();
    let dialect = server.dialect();
    let (rss_before, cpu_before) = (rss_kb(pid)?, cpu_seconds(pid)?);
    let mut client = Client::new(server.address(), case, &*dialect)?;
    client.open_all()?;
    let connections = case.connections as f64;
    let join_cpu_ms = (cpu_seconds(pid)? - cpu_before) * 1e3 / connections;
    client.rest(SETTLE)?;
    let rss_kb_per_connection = (rss_kb(pid)? - rss_before) / connections;
    let resting = Figures { rss_kb_per_connection, join_cpu_ms, ..Figures::default() };
    if case.load == Load::Idle {
        return Ok(Figures { refused: client.counts.closed + client.counts.refused, ..resting });
    }

    let publishing = Publishing::start(case, &dialect, way);
    let progress = Arc::clone(&publishing.progress);
    if case.subject == Subject::Latency {
        // Before that, consumers join their groups, and what waited for them comes all at once.
        receive_until(&mut client, &progress, FIRST_WITHIN, |client| client.counts.delivered > 0)?;
        receive(&mut client, &progress, TO_CALM_DOWN)?;
    }
    receive(&mut client, &progress, WARM_UP)?;
    let profile = profiler.map(|profiler| profiler.begin(case.name, pid)).transpose()?;
    client.measured.start = now_ns();
    let before = Used::now(pid, &client)?;
    receive(&mut client, &progress, time)?;
    let after = Used::now(pid, &client)?;
    client.measured.end = now_ns();
    profile.map(Profile::end).transpose()?;
    publishing.stop();
    drain(&mut client, &publishing)?;
    publishing.end()?;
    if let Some(complaint) = client.complaint() {
        eprintln!("  {}: {complaint}", case.name);
    }
    let extra = latency::from_acknowledgement(&client, &progress);
    let figures = figures(&mut client, &progress, &before, &after, resting);
    Ok(Figures { extra, ..figures })
}

/// Reads for so long.
pub fn receive(client: &mut Client<'_>, progress: &Progress, time: Duration) -> anyhow::Result<()> {
    receive_until(client, progress, time, |_| false)
}

/// Reads for so long, or until `is_done` says so.
pub fn receive_until(
    client: &mut Client<'_>,
    progress: &Progress,
    time: Duration,
    mut is_done: impl FnMut(&Client<'_>) -> bool,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < time && !is_done(client) {
        client.turn(5)?;
        progress.delivered.store(client.counts.delivered, Ordering::Relaxed);
    }
    Ok(())
}

/// Reads until all is in, or nothing comes any more.
pub fn drain(client: &mut Client<'_>, publishing: &Publishing) -> anyhow::Result<()> {
    let mut last = (Instant::now(), client.counts.delivered);
    while last.0.elapsed() < SILENCE {
        client.turn(5)?;
        if client.counts.delivered != last.1 {
            last = (Instant::now(), client.counts.delivered);
        } else if publishing.is_over() && client.lost(&publishing.progress) == 0 {
            break;
        }
    }
    Ok(())
}

/// The figures of what lies between two moments.
pub fn figures(
    client: &mut Client<'_>,
    progress: &Progress,
    before: &Used,
    after: &Used,
    resting: Figures,
) -> Figures {
    let wall = (after.at - before.at).as_secs_f64();
    let delivered = (after.delivered - before.delivered) as f64;
    let (server, own) = (after.server - before.server, after.client - before.client);
    let counts = &client.counts;
    let (repeated, reordered) = (counts.repeated, counts.reordered);
    let refused = counts.closed + counts.refused + progress.refused.load(Ordering::Relaxed);
    let lost = client.lost(progress);
    let latencies = &mut client.latencies;
    Figures {
        us_per_delivery: server * 1e6 / delivered,
        deliveries_per_s: delivered / wall,
        p50_ms: quantile(latencies, 0.5),
        p99_ms: quantile(latencies, 0.99),
        p999_ms: quantile(latencies, 0.999),
        server_cores: server / wall,
        client_cores: own / wall,
        other_cores: (after.machine - before.machine - server - own) / wall,
        bytes_per_delivery: (after.bytes - before.bytes) as f64 / delivered,
        lost,
        repeated,
        reordered,
        refused,
        ..resting
    }
}

/// Milliseconds that `share` of `micros` do not exceed; no number where there are none.
pub fn quantile(micros: &mut [u32], share: f64) -> f64 {
    if micros.is_empty() {
        return f64::NAN;
    }
    let at = ((micros.len() as f64 * share) as usize).min(micros.len() - 1);
    f64::from(*micros.select_nth_unstable(at).1) / 1e3
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr, TcpStream};

    use super::*;
    use crate::dialect::{Dialect, Floor};
    use crate::floor::{self, Mode};

    const SMALL: Case = Case {
        name: "small",
        connections: 20,
        rooms: 2,
        load: Load::Window(8),
        publishers: 4,
        message_bytes: 200,
        subject: Subject::Cost,
    };

    /// Runs the small case against a floor in this process; answers messages published and what came of them.
    fn against(mode: Mode, event_stream: bool) -> (u64, u64, u64) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, crisislens_servers::free_port().unwrap()));
        std::thread::spawn(move || floor::serve(mode, address));
        while TcpStream::connect(address).is_err() {
            std::thread::yield_now();
        }
        let dialect: Arc<dyn Dialect> = Arc::new(Floor { event_stream });
        let mut client = Client::new(address, SMALL, &*dialect).unwrap();
        client.open_all().unwrap();
        let publishing = Publishing::start(SMALL, &dialect, &Way::Http(address));
        let progress = Arc::clone(&publishing.progress);
        while progress.published.load(Ordering::Relaxed) < 200 {
            receive(&mut client, &progress, Duration::from_millis(5)).unwrap();
        }
        publishing.stop();
        drain(&mut client, &publishing).unwrap();
        publishing.end().unwrap();
        let wrong = client.lost(&progress) + client.counts.repeated + client.counts.reordered;
        (progress.published.load(Ordering::Relaxed), client.counts.delivered, wrong)
    }

    #[test]
    fn every_floor_brings_each_message_once_and_in_order_to_each_member_of_its_room() {
        for (mode, event_stream) in [
            (Mode::Raw, false),
            (Mode::Raw, true),
            (Mode::Direct, true),
            (Mode::Batch, false),
            (Mode::AxumDirect, false),
        ] {
            let (published, delivered, wrong) = against(mode, event_stream);
            assert_eq!((delivered, wrong), (published * 10, 0), "{mode:?}");
        }
    }

    #[test]
    fn a_quantile_is_a_latency_that_was_seen() {
        let mut micros: Vec<u32> = (1..=1000).rev().map(|n| n * 1000).collect();
        assert!((quantile(&mut micros, 0.5) - 501.0).abs() < 0.01);
        assert!((quantile(&mut micros, 0.999) - 1000.0).abs() < 0.01);
        assert!(quantile(&mut [], 0.5).is_nan());
    }
}

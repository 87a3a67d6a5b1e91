//! The fan-out yardstick: N subscribers in R rooms, M messages a second, and what each delivery costs the server's
//! processor; ours beside the least program that does the same work (the floor) and beside a peer, in turn, in one run.
//!
//! Ours is the product's own binary as a gateway, everything switched on: signed tokens, rooms, positions, presence. Messages take the real way, over the log: tail, hub, sockets. With the embedded log, which only one process
//! can open, they are appended through the route that operators publish by (`POST /api/topics/{topic}/records`), one
//! durable append each, as the floor and the peer are published to over HTTP; with Kafka a producer writes to
//! `normalized-items` beside the server. A program of its own around the hub would be no cheaper in what is measured
//! (the route costs one request for up to 5,000 deliveries) and would not be what runs in production.
//!
//! How to run it and what each figure means: `docs/guides/fanout.md`.

mod case;
mod client;
mod dialect;
mod engines;
mod floor;
mod goals;
mod latency;
mod marker;
mod measure;
mod process;
mod profile;
mod publisher;
mod report;
mod server;
mod storm;
mod stuck;
mod subscriber;
mod tally;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, ValueEnum};
use crisislens_servers::{Kafka, KafkaOptions};

use case::{Letter, Load, Subject};
use dialect::Stream;
use engines::Engines;
use floor::Mode;
use measure::{Figures, measure};
use profile::Profiler;
use publisher::Way;
use report::Line;
use server::{Contestant, Work};

/// Fan-out yardstick for `cargo xtask bench fanout`.
#[derive(Parser)]
enum Arguments {
    /// Measures ours, the floor and the peer
    Run(Run),
    /// Is the floor, until killed
    Floor {
        /// How it writes
        #[arg(long)]
        mode: Mode,
        /// Address and port
        #[arg(long)]
        listen: SocketAddr,
    },
}

/// Which log feeds ours, and the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// Ours on its embedded log, the peer published to over HTTP
    Embedded,
    /// Both from Kafka
    Kafka,
}

/// What is measured.
#[derive(Args)]
struct Run {
    /// The product's binary
    #[arg(long)]
    server: PathBuf,
    /// The peer's binary; without it there is no peer
    #[arg(long)]
    peer: Option<PathBuf>,
    /// Cases
    #[arg(long, value_delimiter = ',')]
    case: Vec<Letter>,
    /// What feeds ours and the peer
    #[arg(long, default_value = "embedded")]
    engine: Engine,
    /// What subscribers of ours are connected by
    #[arg(long, default_value = "ws")]
    stream: Stream,
    /// How the floor writes; by the case where absent
    #[arg(long)]
    floor: Option<Mode>,
    /// Seconds that are measured of each case
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Rounds; of each server's the one with the least processor time is kept
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Folder of recorded posts, which the case latency sends
    #[arg(long)]
    recordings: PathBuf,
    /// Folder for tables of where ours spends its processor time, by perf
    #[arg(long)]
    profile: Option<PathBuf>,
}

fn main() -> ExitCode {
    let done = match Arguments::parse() {
        Arguments::Run(run) => run.all(),
        Arguments::Floor { mode, listen } => floor::serve(mode, listen),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fanout: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Run {
    fn all(&self) -> anyhow::Result<()> {
        server::raise_limits()?;
        let letters = if self.case.is_empty() { Letter::value_variants() } else { &self.case };
        // Before anything is pinned: the broker may use every core. Posts have engines of their own.
        let needs_broker = letters.iter().any(|letter| letter.case().subject != Subject::Latency);
        let kafka = match self.engine {
            Engine::Kafka if needs_broker => {
                Some(Kafka::start(KafkaOptions::default()).context("Apache Kafka")?)
            }
            _ => None,
        };
        if let Some(kafka) = &kafka {
            server::make_peer_topic(kafka)?;
        }
        let profiler = self.profile.as_deref().map(Profiler::new).transpose()?;
        process::pin(server::CLIENT_CORE)?;
        if !self.json {
            println!("{}", report::head());
        }
        let mut goals = String::new();
        for letter in letters {
            let line = self.one(*letter, kafka.as_ref(), profiler.as_ref())?;
            println!("{}", if self.json { serde_json::to_string(&line)? } else { line.row() });
            goals.push_str(&goals::rows(&line));
        }
        if !self.json {
            println!("\n{}\n{goals}", goals::head());
        }
        Ok(())
    }

    fn one(
        &self,
        letter: Letter,
        kafka: Option<&Kafka>,
        profiler: Option<&Profiler>,
    ) -> anyhow::Result<Line> {
        let case = letter.case();
        let brokers = kafka.map(Kafka::bootstrap);
        let by_case = if case.is_sparse() { Mode::Raw } else { Mode::Batch };
        let floor_mode = self.floor.unwrap_or(by_case);
        // What takes posts takes them over HTTP.
        let brokers = brokers.filter(|_| case.subject != Subject::Latency);
        let floor = Contestant::Floor { mode: floor_mode, event_stream: self.stream == Stream::Sse };
        let peer =
            self.peer.as_deref().map(|binary| Contestant::Centrifuge { binary, brokers: brokers.clone() });
        let (mut our, mut floors, mut peers) = (None, None, None);
        for _ in 0..self.rounds.max(1) {
            let (work, engines) = self.work(letter, kafka).context("ours")?;
            let (binary, stream, rooms) = (self.server.as_path(), self.stream, case.rooms);
            let ours = Contestant::CrisisLens { binary, stream, rooms, work };
            keep(&mut our, self.turn(letter, &ours, brokers.as_deref(), profiler).context("ours")?);
            drop(engines);
            keep(&mut floors, self.turn(letter, &floor, None, None).context("the floor")?);
            if let Some(peer) = &peer {
                keep(&mut peers, self.turn(letter, peer, brokers.as_deref(), None).context("the peer")?);
            }
        }
        let (our, floors) = (our.unwrap_or_default(), floors.unwrap_or_default());
        let engine = if self.engine == Engine::Kafka { "kafka" } else { "embedded" };
        let named = (case.name, case.load == Load::Idle);
        Ok(Line::new(named, engine, floor_mode.name(), &our, &floors, peers.as_ref()))
    }

    /// What ours does in a case, and the engines that it does it on where those are not inside it.
    fn work(&self, letter: Letter, kafka: Option<&Kafka>) -> anyhow::Result<(Work, Option<Engines>)> {
        if letter.case().subject != Subject::Latency {
            let log = kafka.map(|kafka| format!("kafka://{}", kafka.bootstrap()));
            return Ok((Work::Gateway(log.unwrap_or_default()), None));
        }
        let posts: Arc<[String]> = crisislens_bench::posts::read(&self.recordings)?.into();
        let engines = (self.engine == Engine::Kafka).then(Engines::start).transpose()?;
        let settings = engines.as_ref().map(Engines::settings);
        Ok((Work::Pipeline(settings.unwrap_or_default(), posts), engines))
    }

    fn turn(
        &self,
        letter: Letter,
        contestant: &Contestant<'_>,
        brokers: Option<&str>,
        profiler: Option<&Profiler>,
    ) -> anyhow::Result<Figures> {
        let mut running = contestant.start()?;
        let way = match brokers {
            Some(brokers) => Way::Kafka(brokers.to_owned()),
            None => Way::Http(running.address()),
        };
        let (case, time) = (letter.case(), Duration::from_secs(self.seconds));
        let figures = match case.subject {
            Subject::Cost | Subject::Latency => measure(case, &running, &way, time, profiler),
            Subject::Stuck => stuck::measure(case, &running, &way, time, profiler),
            Subject::Storm => storm::measure(case, contestant, &mut running, &way, profiler),
        }?;
        running.stop()?;
        Ok(figures)
    }
}

/// Keeps the round that others on the machine disturbed least; what went wrong in any is never forgotten.
fn keep(best: &mut Option<Figures>, new: Figures) {
    let Some(old) = best else {
        *best = Some(new);
        return;
    };
    let sums = |of: fn(&Figures) -> u64| of(old) + of(&new);
    let (lost, repeated) = (sums(|figures| figures.lost), sums(|figures| figures.repeated));
    let (reordered, refused) = (sums(|figures| figures.reordered), sums(|figures| figures.refused));
    let is_better = (new.us_per_delivery, new.join_cpu_ms) < (old.us_per_delivery, old.join_cpu_ms);
    let kept = if is_better { new } else { old.clone() };
    *best = Some(Figures { lost, repeated, reordered, refused, ..kept });
}

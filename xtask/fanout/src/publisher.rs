//! Publishers: threads that send messages on time, or as fast as a window lets them, over HTTP or Kafka.

mod http;
mod kafka;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;

use crate::case::{Case, Load, Subject};
use crate::dialect::Dialect;
use crate::marker::{self, Marker, now_ns};

/// What publishers and subscribers tell each other.
pub struct Progress {
    /// Messages published.
    pub published: AtomicU64,
    /// By stream.
    streams: Vec<Progressing>,
    /// Messages delivered, counted at every subscriber.
    pub delivered: AtomicU64,
    /// Messages that the server did not take.
    pub refused: AtomicU64,
    /// Ends publishing.
    pub stop: AtomicBool,
}

/// What came of one stream.
#[derive(Default)]
struct Progressing {
    /// Messages published; also the next number in it.
    published: AtomicU64,
    /// By number, microseconds from when each was to be sent until it was acknowledged.
    acknowledged: Mutex<Vec<u32>>,
}

impl Progress {
    /// Nothing yet.
    pub fn new(case: &Case) -> Self {
        Self {
            published: AtomicU64::new(0),
            streams: (0..case.streams()).map(|_| Progressing::default()).collect(),
            delivered: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }

    /// Messages published in a stream.
    pub fn in_stream(&self, stream: usize) -> u64 {
        self.streams.get(stream).map_or(0, |stream| stream.published.load(Ordering::Relaxed))
    }

    /// The next number of a stream, which counts as published from now on.
    pub fn begin(&self, stream: usize) -> u64 {
        self.published.fetch_add(1, Ordering::Relaxed);
        self.streams.get(stream).map_or(0, |stream| stream.published.fetch_add(1, Ordering::Relaxed))
    }

    fn acknowledge(&self, stream: usize, intended_ns: u64) {
        let micros = now_ns().saturating_sub(intended_ns) / 1_000;
        if let Some(stream) = self.streams.get(stream) {
            let mut acknowledged = stream.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
            acknowledged.push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
    }

    /// By stream and number, microseconds from when each message was to be sent until the server had taken it. Says
    /// something of publishing over HTTP only.
    pub fn acknowledgements(&self) -> Vec<Vec<u32>> {
        let of =
            |stream: &Progressing| stream.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.streams.iter().map(of).collect()
    }
}

/// Most messages in one request.
const MOST_AT_ONCE: usize = 500;

/// Where messages go.
#[derive(Clone)]
pub enum Way {
    /// To the server itself, each connection waiting for its answer. Where a request takes many messages, and it is not one message
    /// that is measured, there is one publisher, which sends what is due by then, as a producer of Kafka's does.
    Http(SocketAddr),
    /// To the broker with these addresses.
    Kafka(String),
}

/// A connection that messages are sent on.
enum Line {
    Http(http::Http),
    Kafka(kafka::Kafka),
}

impl Line {
    fn open(way: &Way, dialect: &dyn Dialect, progress: &Arc<Progress>) -> anyhow::Result<Self> {
        Ok(match way {
            Way::Http(server) => Self::Http(http::Http::open(*server, dialect.publishing_headers())?),
            Way::Kafka(brokers) => Self::Kafka(kafka::Kafka::open(brokers, Arc::clone(progress))?),
        })
    }

    /// Sends messages to their rooms; where `until` is given, again until they are taken or that is set.
    fn send(
        &mut self,
        dialect: &dyn Dialect,
        messages: &[(usize, String)],
        until: Option<&AtomicBool>,
    ) -> anyhow::Result<()> {
        match self {
            Self::Http(http) => http.send(&dialect.post(messages), until),
            Self::Kafka(kafka) => {
                messages.iter().try_for_each(|(room, message)| kafka.send(dialect.kafka(*room, message)))
            }
        }
    }
}

/// Publishes the streams of publisher `me` of `of` until told to stop.
fn publish(
    case: Case,
    dialect: &dyn Dialect,
    way: &Way,
    progress: &Arc<Progress>,
    (me, of): (usize, usize),
) -> anyhow::Result<()> {
    let mut line = Line::open(way, dialect, progress)?;
    let streams: Vec<usize> = (0..case.streams()).filter(|stream| stream % of == me).collect();
    let at_once = if of == 1 && dialect.takes_many() { MOST_AT_ONCE } else { 1 };
    let start = now_ns();
    // When a message is due; those of a window are when it lets them go.
    let due = |turn: usize| match case.load {
        Load::Rate(rate) => start + ((turn * of + me) as f64 * 1e9 / rate) as u64,
        Load::Window(_) | Load::Idle => now_ns(),
    };
    let mut turn = 0;
    loop {
        let most = match case.load {
            Load::Rate(_) => {
                wait_until(due(turn), progress);
                at_once
            }
            Load::Window(window) => wait_for_window(&case, window, progress).min(at_once),
            Load::Idle => return Ok(()),
        };
        if progress.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (mut sent, mut messages) = (Vec::new(), Vec::new());
        while messages.len() < most.max(1) && due(turn) <= now_ns() {
            let (stream, intended_ns) = (streams[turn % streams.len()], due(turn));
            let marker = Marker { stream, number: progress.begin(stream), intended_ns };
            messages.push((case.room_of(stream), marker::message(&marker, case.message_bytes)));
            sent.push((stream, intended_ns));
            turn += 1;
        }
        let until = (case.subject == Subject::Storm).then_some(&progress.stop);
        if let Err(error) = line.send(dialect, &messages, until) {
            progress.refused.fetch_add(messages.len() as u64, Ordering::Relaxed);
            progress.stop.store(true, Ordering::Relaxed);
            return Err(error);
        }
        for (stream, intended) in sent {
            progress.acknowledge(stream, intended);
        }
    }
}

/// The publishers of a case at work.
pub struct Publishing {
    /// What they have done.
    pub progress: Arc<Progress>,
    threads: Vec<JoinHandle<anyhow::Result<()>>>,
}

impl Publishing {
    /// Starts them.
    pub fn start(case: Case, dialect: &Arc<dyn Dialect>, way: &Way) -> Self {
        let progress = Arc::new(Progress::new(&case));
        let of = publishers(&case, way, &**dialect);
        let start = |me| {
            let (dialect, way, progress) = (Arc::clone(dialect), way.clone(), Arc::clone(&progress));
            std::thread::spawn(move || publish(case, &*dialect, &way, &progress, (me, of)))
        };
        let threads = (0..of).map(start).collect();
        Self { progress, threads }
    }

    /// Tells them to stop.
    pub fn stop(&self) {
        self.progress.stop.store(true, Ordering::Relaxed);
    }

    /// Whether they have stopped.
    pub fn is_over(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Waits until they have, and says what went wrong.
    pub fn end(self) -> anyhow::Result<()> {
        for thread in self.threads {
            thread.join().ok().context("a publisher panicked")??;
        }
        Ok(())
    }
}

/// How many publishers a case has on this way: one where its messages go together and in order. What a single post costs, and
/// how long it takes, is measured with each in a request of its own.
fn publishers(case: &Case, way: &Way, dialect: &dyn Dialect) -> usize {
    match way {
        Way::Http(_) if case.subject != Subject::Cost || !dialect.takes_many() => case.publishers,
        Way::Http(_) | Way::Kafka(_) => 1,
    }
}

fn wait_until(at: u64, progress: &Progress) {
    while !progress.stop.load(Ordering::Relaxed) {
        let now = now_ns();
        if now >= at {
            return;
        }
        std::thread::sleep(Duration::from_nanos(at - now).min(Duration::from_millis(100)));
    }
}

/// Waits until fewer than `window` messages are under way, and answers how many may follow. All rooms are of one size, so
/// deliveries divided by it are whole messages.
fn wait_for_window(case: &Case, window: u64, progress: &Progress) -> usize {
    let members = (case.connections / case.rooms) as u64;
    while !progress.stop.load(Ordering::Relaxed) {
        let published = progress.published.load(Ordering::Relaxed);
        let under_way = published.saturating_sub(progress.delivered.load(Ordering::Relaxed) / members);
        if under_way < window {
            return usize::try_from(window - under_way).unwrap_or(usize::MAX);
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    0
}

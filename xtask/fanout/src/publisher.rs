//! Publishers: threads that send messages on time, or as fast as a window lets them, over HTTP or Kafka.

mod http;
mod kafka;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::case::{Case, Load};
use crate::dialect::Dialect;
use crate::marker::{self, Marker, now_ns};

/// Bytes of one message, its marker included.
pub const MESSAGE_BYTES: usize = 200;

/// What publishers and subscribers tell each other.
pub struct Progress {
    /// Messages published.
    pub published: AtomicU64,
    /// The same by stream; also the next number in it.
    pub of_stream: Vec<AtomicU64>,
    /// Messages delivered, counted at every subscriber.
    pub delivered: AtomicU64,
    /// Messages that the server did not take.
    pub refused: AtomicU64,
    /// Ends publishing.
    pub stop: AtomicBool,
}

impl Progress {
    /// Nothing yet.
    pub fn new(case: &Case) -> Self {
        Self {
            published: AtomicU64::new(0),
            of_stream: (0..case.streams()).map(|_| AtomicU64::new(0)).collect(),
            delivered: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }
}

/// Where messages go.
#[derive(Clone)]
pub enum Way {
    /// To the server itself, one request a message, each connection waiting for its answer.
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

    fn send(&mut self, dialect: &dyn Dialect, room: usize, message: &str) -> anyhow::Result<()> {
        match self {
            Self::Http(http) => http.send(&dialect.post(room, message)),
            Self::Kafka(kafka) => kafka.send(dialect.kafka(room, message)),
        }
    }
}

/// Publishes the streams of publisher `me` of `of` until told to stop.
pub fn publish(
    case: Case,
    dialect: &dyn Dialect,
    way: &Way,
    progress: &Arc<Progress>,
    (me, of): (usize, usize),
) -> anyhow::Result<()> {
    let mut line = Line::open(way, dialect, progress)?;
    let streams: Vec<usize> = (0..case.streams()).filter(|stream| stream % of == me).collect();
    let start = now_ns();
    for (turn, stream) in streams.iter().cycle().enumerate() {
        let intended = match case.load {
            Load::Rate(rate) => {
                let at = start + ((turn * of + me) as f64 * 1e9 / rate) as u64;
                wait_until(at, progress);
                at
            }
            Load::Window(window) => {
                wait_for_window(&case, window, progress);
                now_ns()
            }
            Load::Idle => break,
        };
        if progress.stop.load(Ordering::Relaxed) {
            break;
        }
        let number = progress.of_stream[*stream].fetch_add(1, Ordering::Relaxed);
        progress.published.fetch_add(1, Ordering::Relaxed);
        let marker = Marker { stream: *stream, number, intended_ns: intended };
        let message = marker::message(&marker, MESSAGE_BYTES);
        if let Err(error) = line.send(dialect, case.room_of(*stream), &message) {
            progress.refused.fetch_add(1, Ordering::Relaxed);
            progress.stop.store(true, Ordering::Relaxed);
            return Err(error);
        }
    }
    Ok(())
}

/// How many publishers a case has on this way: over Kafka one, whose messages are under way together and in order.
pub const fn publishers(case: &Case, way: &Way) -> usize {
    match way {
        Way::Http(_) => case.publishers,
        Way::Kafka(_) => 1,
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

/// Waits until fewer than `window` messages are under way. All rooms are of one size, so deliveries divided by it are
/// whole messages.
fn wait_for_window(case: &Case, window: u64, progress: &Progress) {
    let members = (case.connections / case.rooms) as u64;
    while !progress.stop.load(Ordering::Relaxed) {
        let published = progress.published.load(Ordering::Relaxed);
        if published.saturating_sub(progress.delivered.load(Ordering::Relaxed) / members) < window {
            return;
        }
        std::thread::sleep(Duration::from_micros(50));
    }
}

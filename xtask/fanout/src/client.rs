//! All subscribers of a run on one thread, by epoll, and what they have received.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::ensure;
use memchr::memmem::Finder;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::Timespec;

use crate::case::Case;
use crate::dialect::Dialect;
use crate::marker::{self, Marker};
use crate::publisher::Progress;
use crate::subscriber::{Reading, State, Subscriber};
use crate::tally::Arrival;

/// Connections that are being opened at one time.
const OPENING: usize = 64;
/// Longest time until all are open.
const OPEN_WITHIN: Duration = Duration::from_secs(120);
/// Events taken from the kernel at once.
const EVENTS: usize = 512;
/// Bytes read at once.
const READ_BYTES: usize = 256 * 1024;

/// What came that should not have, and how much came.
#[derive(Debug, Default)]
pub struct Counts {
    /// Messages that arrived for the first time.
    pub delivered: u64,
    /// Messages that arrived again, or in a room that they were not published to.
    pub repeated: u64,
    /// Messages that arrived after later ones of their stream.
    pub reordered: u64,
    /// Connections that ended after they had joined.
    pub closed: u64,
    /// Connections that never joined.
    pub refused: u64,
}

/// The subscribers.
pub struct Client<'a> {
    server: SocketAddr,
    case: Case,
    epoll: OwnedFd,
    subscribers: Vec<Subscriber>,
    reading: Reading<'a>,
    opening: usize,
    /// What was received.
    pub counts: Counts,
    /// Microseconds from intended publishing to receipt, of messages intended at or after `measure_from`.
    pub latencies: Vec<u32>,
    /// On the markers' clock.
    pub measure_from: u64,
}

impl<'a> Client<'a> {
    /// No subscriber yet.
    pub fn new(server: SocketAddr, case: Case, dialect: &'a dyn Dialect) -> anyhow::Result<Self> {
        ensure!(server.ip().is_loopback(), "{server} is not on this machine");
        let reading = Reading {
            dialect,
            finder: Finder::new(marker::START),
            host: server.to_string(),
            scratch: vec![0; READ_BYTES],
            markers: Vec::new(),
            bytes: 0,
            frames: 0,
            complaint: None,
        };
        Ok(Self {
            server,
            case,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            subscribers: Vec::with_capacity(case.connections),
            reading,
            opening: 0,
            counts: Counts::default(),
            latencies: Vec::new(),
            measure_from: u64::MAX,
        })
    }

    /// Opens every connection; fails where one is refused, with what the server said.
    pub fn open_all(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let streams = self.case.streams() / self.case.rooms;
        while self.subscribers.len() < self.case.connections || self.opening > 0 {
            while self.subscribers.len() < self.case.connections && self.opening < OPENING {
                let number = self.subscribers.len();
                let subscriber = Subscriber::connect(self.server, number % self.case.rooms, streams)?;
                let data = EventData::new_u64(number as u64);
                epoll::add(&self.epoll, &subscriber.socket, data, EventFlags::OUT)?;
                self.subscribers.push(subscriber);
                self.opening += 1;
            }
            self.turn(50)?;
            ensure!(begun.elapsed() < OPEN_WITHIN, "only {} connections in time", self.live());
        }
        let (live, wanted) = (self.live(), self.case.connections);
        let said = self.reading.complaint.as_deref().unwrap_or("no word");
        ensure!(live == wanted, "{live} of {wanted} connections joined; the server said: {said}");
        Ok(())
    }

    fn live(&self) -> usize {
        self.subscribers.iter().filter(|subscriber| subscriber.state == State::Live).count()
    }

    /// Reads for so long.
    pub fn rest(&mut self, time: Duration) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.turn(20)?;
        }
        Ok(())
    }

    /// Waits at most so long for something to read, and reads it.
    pub fn turn(&mut self, milliseconds: i64) -> anyhow::Result<()> {
        let timeout = Timespec { tv_sec: 0, tv_nsec: milliseconds * 1_000_000 };
        let mut events =
            [const { epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) } }; EVENTS];
        let count = match epoll::wait(&self.epoll, &mut events, Some(&timeout)) {
            Ok(count) => count,
            Err(Errno::INTR) => 0,
            Err(error) => return Err(error.into()),
        };
        for event in &events[..count] {
            let number = usize::try_from(event.data.u64())?;
            self.ready(number);
        }
        Ok(())
    }

    fn ready(&mut self, number: usize) {
        let Some(subscriber) = self.subscribers.get_mut(number) else { return };
        let before = subscriber.state;
        let done = match before {
            State::Dead => return,
            State::Connecting => {
                let opening = self.reading.dialect.opening(number, subscriber.room);
                let data = EventData::new_u64(number as u64);
                let opened = opening.and_then(|opening| subscriber.open(&opening, &self.reading));
                opened
                    .and_then(|()| Ok(epoll::modify(&self.epoll, &subscriber.socket, data, EventFlags::IN)?))
            }
            State::Opening | State::Joining | State::Live => subscriber.read(&mut self.reading),
        };
        if let Err(error) = done {
            self.reading.complaint.get_or_insert_with(|| error.to_string());
            let _ = epoll::delete(&self.epoll, &subscriber.socket);
            subscriber.state = State::Dead;
        }
        let after = subscriber.state;
        match (before, after) {
            (State::Live, State::Dead) => self.counts.closed += 1,
            (State::Live, _) => {}
            (_, State::Live) => self.opening -= 1,
            (_, State::Dead) => {
                self.opening -= 1;
                self.counts.refused += 1;
            }
            _ => {}
        }
        self.count(number);
    }

    fn count(&mut self, number: usize) {
        if self.reading.markers.is_empty() {
            return;
        }
        let now = marker::now_ns();
        let Some(subscriber) = self.subscribers.get_mut(number) else { return };
        for Marker { stream, number, intended_ns } in self.reading.markers.drain(..) {
            let tally = subscriber.tallies.get_mut(stream / self.case.rooms);
            let arrival = match tally.filter(|_| self.case.room_of(stream) == subscriber.room) {
                Some(tally) => tally.arrived(number),
                None => Arrival::Again,
            };
            match arrival {
                Arrival::Again => {
                    self.counts.repeated += 1;
                    continue;
                }
                Arrival::Late => self.counts.reordered += 1,
                Arrival::New => {}
            }
            self.counts.delivered += 1;
            if intended_ns >= self.measure_from {
                let micros = now.saturating_sub(intended_ns) / 1_000;
                self.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
            }
        }
    }

    /// Messages that did not arrive, over all subscribers.
    pub fn lost(&self, progress: &Progress) -> u64 {
        let published = |stream: usize| progress.of_stream[stream].load(Ordering::Relaxed);
        let lost_by = |subscriber: &Subscriber| -> u64 {
            let streams = subscriber.tallies.iter().enumerate();
            streams.map(|(n, tally)| tally.lost(published(n * self.case.rooms + subscriber.room))).sum()
        };
        self.subscribers.iter().map(lost_by).sum()
    }

    /// Bytes and frames received so far.
    pub fn received(&self) -> (u64, u64) {
        (self.reading.bytes, self.reading.frames)
    }

    /// What a server first said when it ended a connection.
    pub fn complaint(&self) -> Option<&str> {
        self.reading.complaint.as_deref()
    }
}

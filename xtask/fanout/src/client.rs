//! All subscribers of a run on one thread, by epoll, and what they have received.

use std::net::SocketAddr;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use memchr::memmem::Finder;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::Timespec;

use crate::case::{Case, Subject};
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
    /// Of messages that were to be sent within `measured`.
    pub latencies: Vec<u32>,
    /// Which messages those were, stream and number, where it matters.
    pub messages: Option<Vec<(u32, u32)>>,
    /// From and until when messages count that were to be sent then; on the markers' clock.
    pub measured: Range<u64>,
    /// A subscriber that is no yardstick for others: its latencies are not measured.
    pub set_aside: Option<usize>,
    /// Subscribers whose connection has ended, to be opened again; none while an end is not to be expected.
    pub fallen: Option<Vec<usize>>,
    /// How often a subscriber came into its room.
    pub joins: u64,
    /// Messages that subscribers had missed when they came back.
    pub missed: u64,
    /// Subscribers that are owed messages.
    behind: usize,
    /// What was published, where subscribers come back.
    progress: Option<Arc<Progress>>,
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
            keeps_positions: dialect.resumes() && matches!(case.subject, Subject::Stuck | Subject::Storm),
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
            messages: (case.subject == Subject::Latency).then(Vec::new),
            measured: u64::MAX..u64::MAX,
            set_aside: None,
            fallen: None,
            joins: 0,
            missed: 0,
            behind: 0,
            progress: None,
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

    /// Subscribers in their rooms.
    pub fn live(&self) -> usize {
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
                let position = Some(subscriber.position.as_str()).filter(|position| !position.is_empty());
                let opening = self.reading.dialect.opening(number, subscriber.room, position);
                let data = EventData::new_u64(number as u64);
                let opened = opening.and_then(|opening| subscriber.open(&opening, &self.reading));
                opened
                    .and_then(|()| Ok(epoll::modify(&self.epoll, &subscriber.socket, data, EventFlags::IN)?))
            }
            State::Opening | State::Joining | State::Live => subscriber.read(&mut self.reading),
        };
        if let Err(error) = done {
            if self.fallen.is_none() {
                self.reading.complaint.get_or_insert_with(|| error.to_string());
            }
            let _ = epoll::delete(&self.epoll, &subscriber.socket);
            subscriber.state = State::Dead;
        }
        match (before, subscriber.state) {
            (State::Live, State::Live) => {}
            (State::Live, _) => self.fell(number, true),
            (_, State::Live) => {
                self.opening -= 1;
                self.came(number);
            }
            (_, State::Dead) => {
                self.opening -= 1;
                self.fell(number, false);
            }
            _ => {}
        }
        self.count(number);
    }

    fn fell(&mut self, number: usize, was_live: bool) {
        let owed = self.subscribers.get_mut(number).and_then(|subscriber| subscriber.owed.take());
        self.behind -= usize::from(owed.is_some());
        match &mut self.fallen {
            Some(fallen) => fallen.push(number),
            None if was_live => self.counts.closed += 1,
            None => self.counts.refused += 1,
        }
    }

    /// Notes what a subscriber that came into its room is owed.
    fn came(&mut self, number: usize) {
        self.joins += 1;
        let Some(progress) = self.progress.as_ref().filter(|_| self.reading.keeps_positions) else { return };
        let Some(subscriber) = self.subscribers.get_mut(number) else { return };
        let streams = (0..subscriber.tallies.len()).map(|n| n * self.case.rooms + subscriber.room);
        subscriber.owed = Some(streams.map(|stream| progress.in_stream(stream)).collect());
        self.missed += subscriber.missed();
        self.behind += 1;
        self.settle(number);
    }

    fn settle(&mut self, number: usize) {
        let Some(subscriber) = self.subscribers.get_mut(number) else { return };
        if subscriber.owed.is_some() && subscriber.has_caught_up() {
            subscriber.owed = None;
            self.behind -= 1;
        }
    }

    fn count(&mut self, of: usize) {
        if self.reading.markers.is_empty() {
            return;
        }
        let now = marker::now_ns();
        let Some(subscriber) = self.subscribers.get_mut(of) else { return };
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
                // Posts are items with keys of their own: no order among them is promised.
                Arrival::Late if self.case.subject != Subject::Latency => self.counts.reordered += 1,
                Arrival::Late | Arrival::New => {}
            }
            self.counts.delivered += 1;
            if self.measured.contains(&intended_ns) && self.set_aside != Some(of) {
                let micros = now.saturating_sub(intended_ns) / 1_000;
                self.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
                if let Some(messages) = &mut self.messages {
                    messages.push((stream as u32, number as u32));
                }
            }
        }
        self.settle(of);
    }

    /// Messages that did not arrive, over all subscribers; one that was set aside counts where it could have come back
    /// for them.
    pub fn lost(&self, progress: &Progress) -> u64 {
        let lost_by = |subscriber: &Subscriber| -> u64 {
            let streams = subscriber.tallies.iter().enumerate();
            let room = subscriber.room;
            streams.map(|(n, tally)| tally.lost(progress.in_stream(n * self.case.rooms + room))).sum()
        };
        let excused = self.set_aside.filter(|_| !self.reading.keeps_positions);
        let all = self.subscribers.iter().enumerate();
        all.filter(|(number, _)| Some(*number) != excused).map(|(_, subscriber)| lost_by(subscriber)).sum()
    }

    /// Bytes and frames received so far.
    pub fn received(&self) -> (u64, u64) {
        (self.reading.bytes, self.reading.frames)
    }

    /// Subscribers that come back from now on are owed what was published.
    pub fn follow(&mut self, progress: &Arc<Progress>) {
        self.progress = Some(Arc::clone(progress));
    }

    /// How many there are.
    pub const fn subscribers(&self) -> usize {
        self.subscribers.len()
    }

    /// A subscriber.
    pub fn subscriber(&self, number: usize) -> Option<&Subscriber> {
        self.subscribers.get(number)
    }

    /// Opens a subscriber's connection again. Where that fails at once it has fallen again.
    pub fn open_again(&mut self, number: usize) {
        let Some(subscriber) = self.subscribers.get_mut(number) else { return };
        let data = EventData::new_u64(number as u64);
        let opened = subscriber.connect_again(self.server);
        let opened =
            opened.and_then(|()| Ok(epoll::add(&self.epoll, &subscriber.socket, data, EventFlags::OUT)?));
        match opened {
            Ok(()) => self.opening += 1,
            Err(_) => {
                subscriber.state = State::Dead;
                self.fell(number, false);
            }
        }
    }

    /// Whether everybody is in their room and has what was published before they came.
    pub fn has_caught_up(&self) -> bool {
        self.opening == 0 && self.behind == 0 && self.live() == self.case.connections
    }

    /// A subscriber stops reading. Fails where it is not connected: everybody was too slow then.
    pub fn stop_reading(&mut self, number: usize) -> anyhow::Result<()> {
        let live = self.subscribers.get(number).filter(|subscriber| subscriber.state == State::Live);
        let said = self.complaint().unwrap_or("no word");
        let subscriber = live.with_context(|| {
            format!(
                "the reader that is to stop reading is not connected (the server said: {said}); if the machine is busy, try \
                 again when it is not"
            )
        })?;
        Ok(epoll::delete(&self.epoll, &subscriber.socket)?)
    }

    /// It reads again.
    pub fn read_again(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(subscriber) = self.subscribers.get(number) else { return Ok(()) };
        let data = EventData::new_u64(number as u64);
        Ok(epoll::add(&self.epoll, &subscriber.socket, data, EventFlags::IN)?)
    }

    /// What a server first said when it ended a connection.
    pub fn complaint(&self) -> Option<&str> {
        self.reading.complaint.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::case::Load;
    use crate::dialect::{CrisisLens, Messages, Stream};
    use crate::wire;

    const ONE: Case = Case {
        name: "one",
        connections: 1,
        rooms: 1,
        load: Load::Idle,
        publishers: 1,
        message_bytes: 100,
        subject: Subject::Storm,
    };

    fn dialect() -> CrisisLens {
        CrisisLens::new("secret", Stream::Ws, Messages::Incidents, 1).unwrap()
    }

    fn frame(kind: &str, position: &str, number: Option<u64>) -> Vec<u8> {
        let message = number.map(|number| Marker { stream: 0, number, intended_ns: 1 });
        let message = message.map(|marker| marker::message(&marker, 100)).unwrap_or_default();
        let text = format!(r#"{{"type":"{kind}","room":"global","position":"{position}","m":"{message}"}}"#);
        wire::server_frame(text.as_bytes())
    }

    /// Lets one subscriber in and sends it `frames`; answers its socket and its request.
    fn let_in(listener: &TcpListener, frames: &[Vec<u8>]) -> (TcpStream, String) {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while wire::http_head(&request).is_none() {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        socket.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").unwrap();
        socket.write_all(&frames.concat()).unwrap();
        (socket, String::from_utf8(request).unwrap())
    }

    fn turn_until(client: &mut Client<'_>, is_so: impl Fn(&Client<'_>) -> bool) {
        for _ in 0..2_000 {
            if is_so(client) {
                return;
            }
            client.turn(5).unwrap();
        }
        panic!("it never came to that: {:?}", client.complaint());
    }

    #[test]
    fn who_comes_back_brings_its_position_and_has_caught_up_when_it_has_all_that_was_published_before() {
        let (listener, dialect) = (TcpListener::bind("127.0.0.1:0").unwrap(), dialect());
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let joined = [frame("joined_room", "P0", None), frame("incident_update", "P1", Some(0))];
            drop(let_in(&listener, &joined));
            let (mut socket, request) = let_in(&listener, &[frame("joined_room", "P1", None)]);
            let missed = [frame("incident_update", "P2", Some(1)), frame("incident_update", "P3", Some(2))];
            socket.write_all(&missed.concat()).unwrap();
            (socket, request)
        });
        let mut client = Client::new(address, ONE, &dialect).unwrap();
        let progress = Arc::new(Progress::new(&ONE));
        client.fallen = Some(Vec::new());
        client.open_all().unwrap();
        client.follow(&progress);
        turn_until(&mut client, |client| client.fallen.as_ref().is_some_and(|fallen| fallen == &[0]));
        for _ in 0..3 {
            progress.begin(0);
        }
        assert!(!client.has_caught_up());
        client.open_again(0);
        turn_until(&mut client, |client| client.has_caught_up());
        let (_socket, request) = server.join().unwrap();
        assert!(request.starts_with("GET /ws?position=P1 "), "{request}");
        assert_eq!((client.missed, client.lost(&progress), client.counts.repeated), (2, 0, 0));
        assert_eq!((client.counts.closed, client.counts.refused), (0, 0), "it was to be expected");
    }

    #[test]
    fn who_stopped_reading_receives_nothing_until_it_reads_again_and_is_no_yardstick_for_others() {
        let (listener, dialect) = (TcpListener::bind("127.0.0.1:0").unwrap(), dialect());
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || let_in(&listener, &[frame("joined_room", "P0", None)]).0);
        let mut client = Client::new(address, ONE, &dialect).unwrap();
        client.open_all().unwrap();
        let mut socket = server.join().unwrap();
        (client.set_aside, client.measured) = (Some(0), 0..u64::MAX);
        client.stop_reading(0).unwrap();
        socket.write_all(&frame("incident_update", "P1", Some(0))).unwrap();
        (0..20).for_each(|_| client.turn(1).unwrap());
        assert_eq!(client.counts.delivered, 0);
        client.read_again(0).unwrap();
        turn_until(&mut client, |client| client.counts.delivered == 1);
        assert!(client.latencies.is_empty());
    }
}

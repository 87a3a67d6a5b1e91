//! One subscriber: opens its connection, joins its room, and reads what comes. It does no waiting; [`crate::client`] says
//! when its socket is ready.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use memchr::memmem::{self, Finder};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

use crate::dialect::{Dialect, Opening};
use crate::marker::{self, Marker};
use crate::tally::Tally;
use crate::wire;

/// How far a subscriber is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The kernel connects.
    Connecting,
    /// The request was sent.
    Opening,
    /// The answer has come, the room is not joined yet.
    Joining,
    /// It is in its room.
    Live,
    /// Closed or refused.
    Dead,
}

/// A subscriber.
pub struct Subscriber {
    /// Its socket.
    pub socket: TcpStream,
    /// How far it is.
    pub state: State,
    /// Its room.
    pub room: usize,
    /// What it has received, by stream of its room.
    pub tallies: Vec<Tally>,
    /// Where it has got to, for coming back; kept where [`Reading::keeps_positions`].
    pub position: String,
    /// How many messages of each of its streams had been published when it came in, until it has them all.
    pub owed: Option<Vec<u64>>,
    /// The code that the server closed it with.
    pub closed_with: Option<u16>,
    /// Bytes that it has read.
    pub bytes: u64,
    /// The beginning of a frame whose end has not come.
    held: Vec<u8>,
}

/// What all subscribers of a run share.
pub struct Reading<'a> {
    /// How the server speaks.
    pub dialect: &'a dyn Dialect,
    /// Finds markers.
    pub finder: Finder<'static>,
    /// `Host:` of requests.
    pub host: String,
    /// Where bytes are read into first.
    pub scratch: Vec<u8>,
    /// Markers of what was just read, for the caller to count.
    pub markers: Vec<Marker>,
    /// Whether subscribers note where they have got to.
    pub keeps_positions: bool,
    /// Bytes read in all.
    pub bytes: u64,
    /// Frames and events with a message, or none, in all.
    pub frames: u64,
    /// What a server said when it refused or closed a connection; the first such.
    pub complaint: Option<String>,
}

impl Reading<'_> {
    fn complain(&mut self, what: &str, said: &[u8]) {
        let said = || String::from_utf8_lossy(&said[..said.len().min(300)]).into_owned();
        self.complaint.get_or_insert_with(|| format!("{what}: {}", said()));
    }
}

fn dial(server: SocketAddr) -> anyhow::Result<TcpStream> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    match connect(&socket, &server) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    let socket = TcpStream::from(socket);
    socket.set_nodelay(true)?;
    Ok(socket)
}

impl Subscriber {
    /// Begins to connect to `server`.
    pub fn connect(server: SocketAddr, room: usize, streams: usize) -> anyhow::Result<Self> {
        let tallies = (0..streams).map(|_| Tally::default()).collect();
        Ok(Self {
            socket: dial(server)?,
            state: State::Connecting,
            room,
            tallies,
            position: String::new(),
            owed: None,
            closed_with: None,
            bytes: 0,
            held: Vec::new(),
        })
    }

    /// Begins to connect again; what it has received and its position stay.
    pub fn connect_again(&mut self, server: SocketAddr) -> anyhow::Result<()> {
        self.socket = dial(server)?;
        self.state = State::Connecting;
        self.owed = None;
        self.closed_with = None;
        self.held.clear();
        Ok(())
    }

    /// Whether it has all that it is owed.
    pub fn has_caught_up(&self) -> bool {
        self.missed() == 0
    }

    /// Messages that it is owed and has not received.
    pub fn missed(&self) -> u64 {
        let owed = self.owed.iter().flatten();
        self.tallies.iter().zip(owed).map(|(tally, published)| tally.lost(*published)).sum()
    }

    /// Sends the opening request, once the kernel has connected.
    pub fn open(&mut self, opening: &Opening, with: &Reading<'_>) -> anyhow::Result<()> {
        if let Some(error) = self.socket.take_error()? {
            return Err(error.into());
        }
        let kind = if with.dialect.is_event_stream() {
            "Accept: text/event-stream\r\n"
        } else {
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        };
        let Opening { path, headers } = opening;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{kind}{headers}\r\n", with.host);
        self.state = State::Opening;
        self.send(request.as_bytes())
    }

    fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        // What a subscriber sends always fits into an empty socket buffer.
        Ok((&self.socket).write_all(bytes)?)
    }

    /// Reads what is there, once; markers go to `with.markers`. An error means that the connection is of no use any more.
    pub fn read(&mut self, with: &mut Reading<'_>) -> anyhow::Result<()> {
        let mut scratch = std::mem::take(&mut with.scratch);
        let read = (&self.socket).read(&mut scratch);
        let done = match read {
            Ok(0) => Err(anyhow::anyhow!("closed")),
            Ok(length) => {
                with.bytes += length as u64;
                self.bytes += length as u64;
                self.take(&scratch[..length], with)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(()),
            Err(error) => Err(error.into()),
        };
        with.scratch = scratch;
        done
    }

    fn take(&mut self, bytes: &[u8], with: &mut Reading<'_>) -> anyhow::Result<()> {
        if self.held.is_empty() {
            let used = self.consume(bytes, with)?;
            self.held.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        let used = self.consume(&held, with)?;
        held.drain(..used);
        if !held.is_empty() {
            self.held = held;
        }
        Ok(())
    }

    /// Uses what is whole; answers how many bytes that were.
    fn consume(&mut self, bytes: &[u8], with: &mut Reading<'_>) -> anyhow::Result<usize> {
        let mut at = 0;
        if self.state == State::Opening {
            let Some(head) = wire::http_head(bytes) else { return Ok(0) };
            let wanted = if with.dialect.is_event_stream() { "HTTP/1.1 200" } else { "HTTP/1.1 101" };
            if !head.line.starts_with(wanted) {
                with.complain("a connection was refused", bytes);
                anyhow::bail!("refused");
            }
            at = head.length;
            self.state = if with.dialect.joined().is_none() { State::Live } else { State::Joining };
            for join in with.dialect.join(self.room) {
                self.send(&wire::client_frame(wire::TEXT, join.as_bytes()))?;
            }
        }
        if with.dialect.is_event_stream() {
            return Ok(at + self.consume_events(&bytes[at..], with));
        }
        while let Some(frame) = wire::frame(&bytes[at..]) {
            at += frame.length;
            match frame.opcode {
                wire::CLOSE => {
                    self.closed_with =
                        frame.payload.first_chunk().map(|code: &[u8; 2]| u16::from_be_bytes(*code));
                    with.complain("a connection was closed", frame.payload.get(2..).unwrap_or_default());
                    anyhow::bail!("closed by the server");
                }
                wire::PING => self.send(&wire::client_frame(wire::PONG, frame.payload))?,
                wire::PONG => {}
                _ => self.payload(frame.payload, with)?,
            }
        }
        Ok(at)
    }

    fn payload(&mut self, payload: &[u8], with: &mut Reading<'_>) -> anyhow::Result<()> {
        if with.keeps_positions
            && let Some(position) = with.dialect.position(payload)
        {
            self.position.clear();
            self.position.push_str(position);
        }
        if self.state == State::Joining {
            if with.dialect.joined().is_some_and(|joined| memmem::find(payload, joined.as_bytes()).is_some())
            {
                self.state = State::Live;
            } else if memmem::find(payload, b"\"error\"").is_some() {
                with.complain("a join was refused", payload);
                anyhow::bail!("not let into the room");
            }
            return Ok(());
        }
        if with.dialect.text_ping().is_some_and(|ping| payload.trim_ascii() == ping.as_bytes()) {
            return self.send(&wire::client_frame(wire::TEXT, payload));
        }
        with.frames += 1;
        if !with.dialect.is_message(payload) {
            return Ok(());
        }
        let mut rest = payload;
        while let Some(at) = with.finder.find(rest) {
            let Some(found) = rest.get(at..at + marker::LENGTH) else { break };
            with.markers.extend(marker::parse(found));
            rest = &rest[at + marker::LENGTH..];
        }
        Ok(())
    }

    /// Event streams are searched for markers as they come: chunk heads and `data:` never fall into a marker, because
    /// servers write an event in one chunk.
    fn consume_events(&mut self, bytes: &[u8], with: &mut Reading<'_>) -> usize {
        if self.state == State::Joining {
            let joined = with.dialect.joined().unwrap_or_default();
            if memmem::find(bytes, joined.as_bytes()).is_none() {
                return 0;
            }
            self.state = State::Live;
        }
        let mut at = 0;
        while let Some(found) = with.finder.find(&bytes[at..]) {
            let Some(whole) = bytes.get(at + found..at + found + marker::LENGTH) else { return at + found };
            with.frames += 1;
            with.markers.extend(marker::parse(whole));
            at += found + marker::LENGTH;
        }
        // The beginning of a marker may stand at the very end.
        at.max(bytes.len().saturating_sub(marker::START.len() - 1))
    }
}

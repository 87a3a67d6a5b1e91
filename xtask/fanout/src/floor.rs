//! The floor: the least that a fan-out server can do, so that what ours costs can be said as a ratio to the limit of the
//! machine. No auth, no positions, no presence, no log; a full socket loses the frame (raw) or gets a queue (the others).
//!
//! `GET /ws/{room}` and `GET /sse/{room}` join a room; each line of the body of `POST /pub`, which begins with a room, goes to
//! everybody in that.

mod axum_upgrade;
mod members;
mod raw;
mod tasks;

use std::net::SocketAddr;
use std::time::Duration;

use clap::ValueEnum;

use members::Rooms;

/// Within this time of a write to a room, further messages are put together into one write to each member.
const GATHER: Duration = Duration::from_millis(5);
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;

/// How it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// One thread, epoll, one send for each member: nothing costs less without putting messages together
    Raw,
    /// tokio; who publishes writes to each member; a queue only behind a full socket
    Direct,
    /// As direct, and what comes within 5 ms of the last write goes out as one write
    Batch,
    /// As batch, behind axum's upgrade: what a product can reach
    AxumDirect,
}

impl Mode {
    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Direct => "direct",
            Self::Batch => "batch",
            Self::AxumDirect => "axum-direct",
        }
    }
}

/// Serves until killed.
pub fn serve(mode: Mode, listen: SocketAddr) -> anyhow::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let gather = matches!(mode, Mode::Batch | Mode::AxumDirect).then_some(GATHER);
    if mode == Mode::Raw {
        return raw::serve(listen);
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(listen)?;
        let (listener, rooms) = (socket.listen(BACKLOG)?, Rooms::new(gather));
        if mode == Mode::AxumDirect {
            axum_upgrade::serve(listener, rooms).await
        } else {
            tasks::serve(listener, rooms).await
        }
    })
}

/// The answer to a publisher.
const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
/// The answer to a subscriber of events.
const STREAM: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The answer that makes a connection a WebSocket.
fn switching(key: &str) -> Vec<u8> {
    let accept = accept_key(key);
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

fn accept_key(key: &str) -> String {
    tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.trim().as_bytes())
}

/// The messages of a publisher's request, each with its room.
fn messages(body: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    body.split(|byte| *byte == b'\n').filter_map(|line| {
        let at = memchr::memchr(b' ', line)?;
        Some((str::from_utf8(&line[..at]).ok()?, &line[at + 1..]))
    })
}

/// Room and kind of a subscriber's request, from its first line.
struct Request<'a> {
    is_post: bool,
    is_event_stream: bool,
    room: &'a str,
}

impl<'a> Request<'a> {
    fn of(line: &'a str) -> Self {
        let path = line.split(' ').nth(1).unwrap_or_default();
        Self {
            is_post: line.starts_with("POST "),
            is_event_stream: path.starts_with("/sse/"),
            room: path.rsplit('/').next().unwrap_or_default(),
        }
    }
}

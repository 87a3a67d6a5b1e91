//! The WebSocket transport: `/ws` (room `global`) and `/ws/items/{id}`.
//!
//! One task for each connection reads what the client sends. What the rooms send it does not see: the hub writes that to the
//! socket itself, and the task only helps a socket along that was full.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Buf;
use crisislens_model::frame::{ClientFrame, ServerFrame};
use crisislens_model::{ItemId, Room, Timestamp};
use crisislens_realtime::{ConnectError, Flushed, Session, Sink, Wire, close};
use crisislens_websocket::frame::{self, Opcode};
use crisislens_websocket::{Decoder, Incoming, Limits};
use rustix::net::{Shutdown, shutdown};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::allowance::{self, Allowance, Verdict};
use super::upgrade::Upgrade;
use super::{identify, origin_allowed, query, subprotocol};
use crate::app::App;
use crate::auth::{Claims, Grant, TokenError};
use crate::http::Problem;
use crate::http::listener::Held;
use crate::http::serve::Peer;

/// A client that takes nothing for so long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Read from the socket at once.
const READ_BYTES: usize = 4096;
/// Reads before somebody else has a turn.
const READS_AT_ONCE: usize = 8;
/// Pings without any answer before a connection counts as dead.
const PINGS_UNANSWERED: u32 = 2;

/// How a connection ends whose token has.
const EXPIRED: (u16, &str) = (close::TOKEN_EXPIRED, close::reason(close::TOKEN_EXPIRED));

/// How one ends whose session was ended elsewhere.
const REVOKED: (u16, &str) = (close::ACCESS_REVOKED, close::reason(close::ACCESS_REVOKED));

/// `GET /ws`.
pub async fn global(
    State(app): State<Arc<App>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Result<Upgrade, Problem>,
) -> Result<Response, Problem> {
    Ok(accept(app, peer, &headers, &uri, upgrade?, Room::Global))
}

/// `GET /ws/items/{id}`.
pub async fn item(
    State(app): State<Arc<App>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    path: Result<Path<ItemId>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Result<Upgrade, Problem>,
) -> Result<Response, Problem> {
    let Path(id) = path?;
    Ok(accept(app, peer, &headers, &uri, upgrade?, Room::Item(id)))
}

fn accept(
    app: Arc<App>,
    peer: SocketAddr,
    headers: &HeaderMap,
    uri: &Uri,
    upgrade: Upgrade,
    room: Room,
) -> Response {
    if !origin_allowed(&app, headers) {
        let detail = "this origin may not open live connections; add it to http.allowed_origins";
        return Problem::new(StatusCode::FORBIDDEN, detail).into_response();
    }
    let identity = identify(&app, headers, uri, peer);
    let position = query(uri, "position").map(str::to_owned);
    let deflate = upgrade.deflate(app.config.realtime.compression);
    let (answer, opened) = upgrade.answer(subprotocol(headers), deflate);
    let sockets = app.sockets.clone();
    sockets.spawn(async move {
        let Some(opened) = opened.await else { return };
        let socket = Arc::new(opened.socket);
        let wire = if deflate { Wire::Deflate } else { Wire::Plain };
        let (code, reason) = match identity {
            Ok(claims) => match app.hub.connect_direct(claims.viewer(), socket.clone(), wire) {
                Ok(session) => {
                    let mut decoder = Decoder::new(Limits::default(), deflate);
                    decoder.feed(&opened.early);
                    let connection = Connection::new(app, socket, session, decoder, &claims);
                    // Boxed, because most of a connection's life needs far less than its beginning.
                    return Box::pin(connection.serve(room, position.as_deref())).await;
                }
                Err(ConnectError::TooManyOfUser { .. }) => {
                    (close::POLICY, "too many connections of this account")
                }
                Err(_) => (1013, "try again later"),
            },
            Err(TokenError::Expired) => EXPIRED,
            Err(TokenError::Revoked) => REVOKED,
            Err(TokenError::Invalid) => (close::POLICY, "a valid token is needed"),
        };
        say_goodbye(&socket, code, reason).await;
    });
    answer
}

/// Sends a close frame and waits a moment for the client to go: a socket closed at once may lose the frame.
async fn say_goodbye(socket: &Held, code: u16, reason: &str) {
    let mut frame = frame::close(code, reason);
    let told = async {
        while !frame.is_empty() {
            socket.stream().writable().await?;
            match socket.try_write(&frame) {
                Ok(taken) => frame.advance(taken),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    if !matches!(timeout(WRITE_TIMEOUT, told).await, Ok(Ok(()))) {
        return;
    }
    // What comes behind a broken rule cannot be read, an answer to the close frame neither: the client sees the end without one.
    if matches!(code, 1002 | 1007 | 1009) && shutdown(socket.stream(), Shutdown::Write).is_err() {
        return;
    }
    let mut decoder = Decoder::new(Limits::default(), true);
    let gone = async {
        while let Ok(true) = read_some(socket, &mut decoder).await {
            while let Ok(Some(incoming)) = decoder.decode() {
                if matches!(incoming, Incoming::Close(_)) {
                    return;
                }
            }
        }
    };
    let _ = timeout(CLOSE_TIMEOUT, gone).await;
}

/// Reads once into the decoder; false at the end of the stream.
async fn read_some(socket: &Held, decoder: &mut Decoder) -> io::Result<bool> {
    loop {
        socket.stream().readable().await?;
        match try_read(socket, decoder) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}

fn try_read(socket: &Held, decoder: &mut Decoder) -> io::Result<bool> {
    let mut buffer = [0; READ_BYTES];
    let read = socket.stream().try_read(&mut buffer)?;
    decoder.feed(&buffer[..read]);
    Ok(read > 0)
}

/// One open connection.
struct Connection {
    app: Arc<App>,
    socket: Arc<Held>,
    session: Session,
    decoder: Decoder,
    /// What the token stands on.
    grant: Grant,
    /// Wakes when tokens were withdrawn.
    withdrawn: watch::Receiver<()>,
    /// When the token ends.
    expires: Instant,
    allowance: Allowance,
    unanswered: u32,
}

/// Why a connection ends.
enum End {
    /// The client went, or cannot be reached.
    Gone,
    /// We close it.
    Close(u16, &'static str),
}

impl End {
    /// For a token that is taken no more.
    fn of_token(error: TokenError) -> Self {
        let (code, reason) = match error {
            TokenError::Expired => EXPIRED,
            TokenError::Revoked => REVOKED,
            TokenError::Invalid => (close::POLICY, "the token is not valid"),
        };
        Self::Close(code, reason)
    }
}

impl Connection {
    fn new(app: Arc<App>, socket: Arc<Held>, session: Session, decoder: Decoder, claims: &Claims) -> Self {
        let expires = deadline(claims.session_end(), app.clock.now());
        let withdrawn = app.tokens.revoked.changes();
        let (grant, allowance) = (claims.grant(), Allowance::full());
        Self { app, socket, session, decoder, grant, withdrawn, expires, allowance, unanswered: 0 }
    }

    async fn serve(mut self, room: Room, position: Option<&str>) {
        let ended = match self.begin(room, position) {
            Ok(ping) => self.work(ping).await,
            Err(end) => end,
        };
        self.app.gone.note(self.session.viewer().user, self.session.id());
        if let End::Close(code, reason) = ended {
            self.session.close(code);
            if self.finish_frame().await {
                let Self { socket, session, .. } = self;
                drop(session);
                say_goodbye(&socket, code, reason).await;
            }
        }
    }

    /// Answers how often the client is pinged.
    fn begin(&mut self, room: Room, position: Option<&str>) -> Result<Duration, End> {
        // It may have been withdrawn after the token was checked, and before anything would wake this connection.
        self.still_holds()?;
        let ping = Duration::from_secs(self.app.config.realtime.ping_s);
        self.session.greet(ping);
        self.session.join(&room.to_string(), position, None);
        self.obey_all()?;
        Ok(ping)
    }

    async fn work(&mut self, ping: Duration) -> End {
        let mut next_ping = Instant::now() + ping;
        // When a full socket must have taken something.
        let mut stuck = None;
        let socket = Arc::clone(&self.socket);
        let mut timer = Box::pin(sleep_until(next_ping));
        loop {
            let due = stuck.map_or(next_ping, |stuck| next_ping.min(stuck)).min(self.expires);
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            let step = tokio::select! {
                readable = socket.stream().readable() => match readable {
                    Ok(()) => self.read(),
                    Err(_) => Err(End::Gone),
                },
                () = self.session.changed(), if stuck.is_none() => Ok(()),
                _ = self.withdrawn.changed() => match self.still_holds() {
                    // Nothing of ours: it says nothing of whether the client reads.
                    Ok(()) => continue,
                    ended => ended,
                },
                writable = socket.stream().writable(), if stuck.is_some() => writable.map_err(|_| End::Gone),
                () = &mut timer => self.on_time(stuck, &mut next_ping, ping),
            };
            if let Err(end) = step {
                return end;
            }
            match self.session.flush() {
                Flushed::Done => stuck = None,
                Flushed::Blocked => stuck = Some(Instant::now() + WRITE_TIMEOUT),
                Flushed::Ended { code, reason } => return End::Close(code, reason),
                Flushed::Gone => return End::Gone,
            }
        }
    }

    fn still_holds(&self) -> Result<(), End> {
        let account = self.session.viewer().user;
        self.app.tokens.still_holds(account, self.grant).map_err(End::of_token)
    }

    fn on_time(
        &mut self,
        stuck: Option<Instant>,
        next_ping: &mut Instant,
        ping: Duration,
    ) -> Result<(), End> {
        let now = Instant::now();
        if self.expires <= now {
            return Err(End::Close(EXPIRED.0, EXPIRED.1));
        }
        if stuck.is_some_and(|stuck| stuck <= now) {
            return Err(End::Gone);
        }
        if *next_ping <= now {
            *next_ping = now + ping;
            if self.unanswered >= PINGS_UNANSWERED {
                return Err(End::Gone);
            }
            self.unanswered += 1;
            self.session.send_raw(frame::message(Opcode::Ping, b""));
        }
        Ok(())
    }

    /// Finishes a frame of which the socket has taken a part: a close frame in its middle would be read as text.
    async fn finish_frame(&self) -> bool {
        let finished = async {
            loop {
                match self.session.flush() {
                    Flushed::Blocked if self.socket.stream().writable().await.is_ok() => {}
                    Flushed::Blocked => return false,
                    Flushed::Done | Flushed::Ended { .. } | Flushed::Gone => return true,
                }
            }
        };
        timeout(WRITE_TIMEOUT, finished).await.unwrap_or(false)
    }

    fn read(&mut self) -> Result<(), End> {
        for _ in 0..READS_AT_ONCE {
            match try_read(&self.socket, &mut self.decoder) {
                Ok(true) => self.obey_all()?,
                Ok(false) => return Err(End::Gone),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return Err(End::Gone),
            }
        }
        Ok(())
    }

    /// Does what has come whole.
    fn obey_all(&mut self) -> Result<(), End> {
        while let Some(incoming) =
            self.decoder.decode().map_err(|violation| End::Close(violation.code, violation.reason))?
        {
            self.unanswered = 0;
            match incoming {
                Incoming::Text(text) => self.message(&text)?,
                Incoming::Binary(_) => return Err(End::Close(1003, "send JSON text frames")),
                Incoming::Ping(payload) => self.session.send_raw(frame::message(Opcode::Pong, &payload)),
                Incoming::Pong => {}
                Incoming::Close(code) => {
                    let _ = self.session.flush();
                    self.session.send_raw(frame::close_answer(code));
                    return Err(End::Gone);
                }
            }
        }
        Ok(())
    }

    fn message(&mut self, text: &str) -> Result<(), End> {
        match self.allowance.take() {
            Verdict::Taken => {}
            Verdict::Refused => {
                self.session.send(&ServerFrame::Error {
                    code: "rate_limited",
                    message: format!("at most {} messages per second are read", allowance::PER_SECOND),
                    room: None,
                    retry_after: Some(1),
                });
                return Ok(());
            }
            Verdict::Exhausted => return Err(End::Close(close::POLICY, "too many messages")),
        }
        match serde_json::from_str::<ClientFrame>(text) {
            Ok(frame) => self.obey(frame),
            Err(error) => {
                self.session.send(&ServerFrame::error("bad_frame", error.to_string()));
                Ok(())
            }
        }
    }

    fn obey(&mut self, frame: ClientFrame) -> Result<(), End> {
        match frame {
            ClientFrame::Ping => self.session.send(&ServerFrame::Pong { at: self.app.clock.now() }),
            ClientFrame::Auth { token } => return self.renew(&token),
            ClientFrame::JoinRoom { room, position, filter } => {
                self.session.join(&room, position.as_deref(), filter.map(|filter| *filter));
            }
            ClientFrame::LeaveRoom { room } => {
                self.session.leave(&room);
            }
            ClientFrame::CursorMove { resource_id, position } => self.session.cursor(&resource_id, position),
        }
        Ok(())
    }

    fn renew(&mut self, token: &str) -> Result<(), End> {
        match self.app.tokens.check(token) {
            Ok(claims) if claims.sub == self.session.viewer().user => {
                self.expires = deadline(claims.session_end(), self.app.clock.now());
                self.session.renew(claims.viewer());
                self.grant = claims.grant();
                Ok(())
            }
            Ok(_) => Err(End::Close(close::POLICY, "the token is another person's")),
            Err(error) => Err(End::of_token(error)),
        }
    }
}

/// When a token that ends at `exp` (seconds since 1970) ends on the monotonic clock.
pub(super) fn deadline(exp: i64, now: Timestamp) -> Instant {
    let seconds = u64::try_from(exp - now.as_second()).unwrap_or(0);
    Instant::now() + Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests;

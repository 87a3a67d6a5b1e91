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
use axum::response::Response;
use crisislens_model::frame::{ClientFrame, ServerFrame};
use crisislens_model::{ItemFilter, ItemId, Room};
use crisislens_realtime::{ConnectError, Flushed, JoinOutcome, Session, Wire, close};
use crisislens_websocket::frame::{self, Opcode};
use crisislens_websocket::{Decoder, Incoming, Limits};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::allowance::{Allowance, Pace, Verdict};
use super::end::{EXPIRED, End, FLOODED, farewell};
use super::goodbye::say_goodbye;
use super::replays::Replays;
use super::stuck::Stuck;
use super::upgrade::Upgrade;
use super::{bad_frame, deadline, first_word, identify, origin, query, subprotocol};
use crate::app::App;
use crate::auth::{Claims, Grant};
use crate::config::Realtime;
use crate::http::Problem;
use crate::http::listener::Held;
use crate::http::params::refuse_others;
use crate::http::serve::Peer;

/// A client that takes nothing for so long is gone.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Read from the socket at once.
const READ_BYTES: usize = 4096;
/// Reads before somebody else has a turn.
const READS_AT_ONCE: usize = 8;
/// Pings without any answer before a connection counts as dead: with the next one due, twice the time between them is over.
const PINGS_UNANSWERED: u32 = 1;

/// `GET /ws`.
pub async fn global(
    State(app): State<Arc<App>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Result<Upgrade, Problem>,
) -> Result<Response, Problem> {
    accept(app, peer, &headers, &uri, upgrade?, Room::Global).await
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
    accept(app, peer, &headers, &uri, upgrade?, Room::Item(id)).await
}

async fn accept(
    app: Arc<App>,
    peer: SocketAddr,
    headers: &HeaderMap,
    uri: &Uri,
    upgrade: Upgrade,
    room: Room,
) -> Result<Response, Problem> {
    // What is wanted of a room is said in `join_room`: here it would be passed over, and everything come through.
    refuse_others(uri, |name| ["position", "ticket", "token"].contains(&name))?;
    let client = app.proxies.client(peer.ip(), headers);
    // First, so that a flood from one address costs nothing else.
    let mut place = app.places.enter(client.address)?;
    if !origin::is_allowed(&app.config.http.allowed_origins, headers) {
        let detail = "this origin may not open live connections; add it to http.allowed_origins";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let identity = identify(&app, headers, uri, client).await;
    if matches!(identity, Ok(None)) {
        place.await_token()?;
    }
    let position = query(uri, "position").map(str::to_owned);
    let deflate = upgrade.deflate(app.config.realtime.compression);
    let (answer, opened) = upgrade.answer(subprotocol(headers), deflate);
    let sockets = app.sockets.clone();
    sockets.spawn(async move {
        let Some(opened) = opened.await else { return };
        let socket = Arc::new(opened.socket);
        let wire = if deflate { Wire::Deflate } else { Wire::Plain };
        let mut decoder = Decoder::new(first_word::LIMITS, deflate);
        decoder.feed(&opened.early);
        let claims = match identity {
            Ok(Some(claims)) => Ok(claims),
            Ok(None) => Box::pin(first_word::hear(&app, &socket, &mut decoder, opened.early.len())).await,
            Err(error) => Err(farewell(error)),
        };
        place.authenticated();
        decoder.set_limits(limits(&app.config.realtime));
        let (code, reason) = match claims {
            Ok(claims) => match app.hub.connect_direct(claims.viewer(), socket.clone(), wire) {
                Ok(session) => {
                    let connection = Connection::new(app, socket, session, decoder, &claims);
                    // Boxed, because most of a connection's life needs far less than its beginning.
                    return Box::pin(connection.serve(room, position.as_deref())).await;
                }
                Err(ConnectError::TooManyOfUser { .. }) => {
                    (close::POLICY, "too many connections of this account")
                }
                Err(_) => (1013, "try again later"),
            },
            Err(farewell) => farewell,
        };
        say_goodbye(&socket, code, reason).await;
        drop(place);
    });
    Ok(answer)
}

/// What a client may send.
fn limits(config: &Realtime) -> Limits {
    Limits { message_bytes: config.message_bytes, fragments: config.message_fragments }
}

/// Reads once into the decoder; how many bytes, none at the end of the stream.
pub(super) async fn read_some(socket: &Held, decoder: &mut Decoder) -> io::Result<usize> {
    loop {
        socket.stream().readable().await?;
        match try_read(socket, decoder) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}

fn try_read(socket: &Held, decoder: &mut Decoder) -> io::Result<usize> {
    let mut buffer = [0; READ_BYTES];
    let read = socket.stream().try_read(&mut buffer)?;
    decoder.feed(&buffer[..read]);
    Ok(read)
}

/// What takes its time.
enum Pending {
    /// A token that is not checked yet.
    Renewal(String),
    /// A room joined from a position.
    Join { room: String, position: String, filter: Option<Box<ItemFilter>> },
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
    /// What has come and cannot be done at once; what came after it waits.
    pending: Option<Box<Pending>>,
    unanswered: u32,
    /// The last sign of a person: what a client sends by itself, pings and tokens, is none.
    person_at: Instant,
}

impl Connection {
    fn new(app: Arc<App>, socket: Arc<Held>, session: Session, decoder: Decoder, claims: &Claims) -> Self {
        let expires = deadline(claims.session_end(), app.clock.now());
        let withdrawn = app.tokens.revoked.changes();
        let (grant, allowance) = (claims.grant(), Allowance::full(Pace::of(&app.config.realtime)));
        let (pending, unanswered, person_at) = (None, 0, Instant::now());
        Self {
            app,
            socket,
            session,
            decoder,
            grant,
            withdrawn,
            expires,
            allowance,
            pending,
            unanswered,
            person_at,
        }
    }

    async fn serve(mut self, room: Room, position: Option<&str>) {
        let ended = match self.begin(room, position) {
            Ok(ping) => match Box::pin(self.settle()).await {
                Ok(()) => self.work(ping).await,
                Err(end) => end,
            },
            Err(end) => end,
        };
        self.app.gone.note(self.session.viewer().user, self.session.id());
        if let End::Close(code, reason) = ended {
            // Why it is closed may be held.
            let _ = self.session.flush();
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
        self.session.hold();
        self.session.greet(ping);
        let room = room.to_string();
        match position {
            Some(position) => {
                let position = position.to_owned();
                self.pending = Some(Box::new(Pending::Join { room, position, filter: None }));
            }
            None => drop(self.session.join(&room, None, None)),
        }
        self.obey_all()?;
        Ok(ping)
    }

    async fn work(&mut self, ping: Duration) -> End {
        let mut next_ping = Instant::now() + ping;
        let mut stuck = None;
        let socket = Arc::clone(&self.socket);
        let mut timer = Box::pin(sleep_until(next_ping));
        if let Err(end) = self.flush(&mut stuck) {
            return end;
        }
        loop {
            let turn = self.turn();
            let waits = turn.is_some();
            let due = [stuck.as_deref().map(Stuck::ends), turn, Some(self.expires)];
            let due = due.into_iter().flatten().fold(next_ping, Instant::min);
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            let step = tokio::select! {
                readable = socket.stream().readable(), if !waits => match readable {
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
                () = &mut timer => self.on_time(stuck.as_deref(), &mut next_ping, ping),
            };
            if let Err(end) = step {
                return end;
            }
            if self.pending.is_some()
                && let Err(end) = Box::pin(self.settle()).await
            {
                return end;
            }
            if let Err(end) = self.flush(&mut stuck) {
                return end;
            }
        }
    }

    /// When it is this connection's turn to do what is pending.
    fn turn(&self) -> Option<Instant> {
        self.pending.as_ref()?;
        Some(Instant::now() + self.app.replays.wait(self.session.viewer().user).unwrap_or_default())
    }

    /// Writes what waits.
    fn flush(&self, stuck: &mut Option<Box<Stuck>>) -> Result<(), End> {
        match self.session.flush() {
            Flushed::Done => *stuck = None,
            Flushed::Blocked { took } => stuck.get_or_insert_with(|| Box::new(Stuck::begin())).took(took),
            Flushed::Ended { code, reason } => return Err(End::Close(code, reason)),
            Flushed::Gone => return Err(End::Gone),
        }
        Ok(())
    }

    fn still_holds(&self) -> Result<(), End> {
        let account = self.session.viewer().user;
        self.app.tokens.still_holds(account, self.grant).map_err(End::of_token)
    }

    fn on_time(&mut self, stuck: Option<&Stuck>, next_ping: &mut Instant, ping: Duration) -> Result<(), End> {
        let now = Instant::now();
        if self.expires <= now {
            return Err(End::Close(EXPIRED.0, EXPIRED.1));
        }
        if stuck.is_some_and(|stuck| stuck.ends() <= now) {
            return Err(End::Gone);
        }
        if *next_ping <= now {
            *next_ping = now + ping;
            // Who is still being told what was missed has not seen the ping yet.
            if self.unanswered >= PINGS_UNANSWERED && self.session.is_drained() {
                return Err(End::Gone);
            }
            self.unanswered += 1;
            self.session.send_raw(frame::message(Opcode::Ping, b""));
            return self.is_used(now);
        }
        Ok(())
    }

    /// Ends a connection that nobody has used for as long as is configured.
    fn is_used(&self, now: Instant) -> Result<(), End> {
        let limit = self.app.config.realtime.inactive_after_s;
        if limit == 0 || now.duration_since(self.person_at) < Duration::from_secs(limit) {
            return Ok(());
        }
        let message = format!("no sign of a person for {limit} seconds; connect again when somebody is back");
        self.session.send(&ServerFrame::error("inactive", message));
        Err(End::Close(close::INACTIVE, close::reason(close::INACTIVE)))
    }

    /// Finishes a frame of which the socket has taken a part: a close frame in its middle would be read as text.
    async fn finish_frame(&self) -> bool {
        let finished = async {
            loop {
                match self.session.flush() {
                    Flushed::Blocked { .. } if self.socket.stream().writable().await.is_ok() => {}
                    Flushed::Blocked { .. } => return false,
                    Flushed::Done | Flushed::Ended { .. } | Flushed::Gone => return true,
                }
            }
        };
        timeout(WRITE_TIMEOUT, finished).await.unwrap_or(false)
    }

    fn read(&mut self) -> Result<(), End> {
        self.session.hold();
        for _ in 0..READS_AT_ONCE {
            if self.pending.is_some() {
                break;
            }
            match try_read(&self.socket, &mut self.decoder) {
                Ok(0) => return Err(End::Gone),
                Ok(_) => self.obey_all()?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return Err(End::Gone),
            }
        }
        Ok(())
    }

    /// Does what has come whole.
    fn obey_all(&mut self) -> Result<(), End> {
        while self.pending.is_none()
            && let Some(incoming) =
                self.decoder.decode().map_err(|violation| End::Close(violation.code, violation.reason))?
        {
            self.unanswered = 0;
            match incoming {
                Incoming::Text(text) => self.message(&text)?,
                Incoming::Binary(_) => return Err(End::Close(1003, "send JSON text frames")),
                Incoming::Ping(payload) => match self.allowance.take(self.pace()) {
                    Verdict::Taken => self.session.send_raw(frame::message(Opcode::Pong, &payload)),
                    Verdict::Refused => {}
                    Verdict::Exhausted => return Err(FLOODED),
                },
                // They are obeyed by nobody, and cost as much as a message.
                Incoming::Pong if self.allowance.take(self.pace()) == Verdict::Exhausted => {
                    return Err(FLOODED);
                }
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

    fn pace(&self) -> Pace {
        Pace::of(&self.app.config.realtime)
    }

    fn message(&mut self, text: &str) -> Result<(), End> {
        let pace = self.pace();
        match self.allowance.take(pace) {
            Verdict::Taken => {}
            Verdict::Refused => {
                self.session.send(&ServerFrame::Error {
                    code: "rate_limited",
                    message: format!("at most {} messages per second are read", pace.per_second),
                    room: None,
                    retry_after: Some(1),
                });
                return Ok(());
            }
            Verdict::Exhausted => return Err(FLOODED),
        }
        if !text.trim_start().starts_with('{') {
            self.session.send(&ServerFrame::error("bad_frame", "a frame is a JSON object"));
            return Ok(());
        }
        match serde_json::from_str::<ClientFrame>(text) {
            Ok(frame) => self.obey(frame),
            Err(error) => {
                self.session.send(&bad_frame(text, &error));
                Ok(())
            }
        }
    }

    fn obey(&mut self, frame: ClientFrame) -> Result<(), End> {
        if frame.is_of_a_person() {
            self.person_at = Instant::now();
        }
        match frame {
            ClientFrame::Ping => self.session.pong(self.app.clock.now()),
            ClientFrame::Auth { token } => self.pending = Some(Box::new(Pending::Renewal(token))),
            ClientFrame::JoinRoom { room, position: Some(position), filter } => {
                self.pending = Some(Box::new(Pending::Join { room, position, filter }));
            }
            ClientFrame::JoinRoom { room, position: None, filter } => {
                self.session.join(&room, None, filter.map(|filter| *filter));
            }
            ClientFrame::LeaveRoom { room } => {
                self.session.leave(&room);
            }
            ClientFrame::CursorMove { resource_id, position } => self.session.cursor(&resource_id, position),
            ClientFrame::Presence { state } => self.session.say(state),
            ClientFrame::GetPresence { resource_id } => self.session.tell_presence(&resource_id),
        }
        Ok(())
    }

    /// Does what takes its time, and obeys what came after each. What it is not time for stays pending.
    async fn settle(&mut self) -> Result<(), End> {
        while let Some(pending) = self.pending.take() {
            match *pending {
                Pending::Renewal(token) => self.renew(&token).await?,
                Pending::Join { room, position, filter } => {
                    let user = self.session.viewer().user;
                    if self.app.replays.wait(user).is_some() {
                        Replays::put_off();
                        self.pending = Some(Box::new(Pending::Join { room, position, filter }));
                        return Ok(());
                    }
                    let joined = self.session.join(&room, Some(&position), filter.map(|filter| *filter));
                    if let JoinOutcome::Joined { comparisons, .. } = joined {
                        self.app.replays.charge(user, comparisons);
                    }
                }
            }
            self.obey_all()?;
        }
        Ok(())
    }

    async fn renew(&mut self, token: &str) -> Result<(), End> {
        // What goes before is not to wait for another issuer's keys.
        let _ = self.session.flush();
        match self.app.authenticate(token).await {
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

#[cfg(test)]
mod tests;

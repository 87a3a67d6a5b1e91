//! The WebSocket transport: `/ws` (room `global`) and `/ws/items/{id}`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use crisislens_model::frame::{ClientFrame, ServerFrame};
use crisislens_model::{ItemId, Room, Timestamp};
use crisislens_realtime::{ConnectError, Outgoing, Session, close};
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::{identify, origin_allowed, query, subprotocol};
use crate::app::App;
use crate::auth::{Claims, TokenError};
use crate::http::Problem;
use crate::http::listener::Peer;

/// Largest message from a client, bytes.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// The library's default of 128 KiB is allocated for every connection.
const READ_BUFFER_BYTES: usize = 2 * 1024;
/// Frames are gathered up to this before a write.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;
/// A client that takes nothing for so long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Messages a client may send in a burst, and per second after it.
const MESSAGES_BURST: f64 = 100.0;
const MESSAGES_PER_SECOND: f64 = 50.0;
/// Pings without any answer before a connection counts as dead.
const PINGS_UNANSWERED: u32 = 2;

/// `GET /ws`.
pub async fn global(
    State(app): State<Arc<App>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
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
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let Path(id) = path?;
    Ok(accept(app, peer, &headers, &uri, upgrade?, Room::Item(id)))
}

fn accept(
    app: Arc<App>,
    peer: SocketAddr,
    headers: &HeaderMap,
    uri: &Uri,
    upgrade: WebSocketUpgrade,
    room: Room,
) -> Response {
    if !origin_allowed(&app, headers) {
        let detail = "this origin may not open live connections; add it to http.allowed_origins";
        return Problem::new(StatusCode::FORBIDDEN, detail).into_response();
    }
    let identity = identify(&app, headers, uri, peer);
    let position = query(uri, "position").map(str::to_owned);
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(4 * 1024 * 1024)
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES);
    let upgrade = match subprotocol(headers) {
        Some(protocol) => upgrade.protocols([protocol.to_owned()]),
        None => upgrade,
    };
    upgrade.on_upgrade(move |mut socket| async move {
        let refusal = match identity {
            Ok(claims) => match app.hub.connect(claims.viewer()) {
                Ok(session) => {
                    Connection::new(app, socket, session, &claims).serve(room, position.as_deref()).await;
                    return;
                }
                Err(ConnectError::TooManyOfUser { .. }) => (1008, "too many connections of this account"),
                Err(_) => (1013, "try again later"),
            },
            Err(TokenError::Expired) => (4401, "the token has expired"),
            Err(TokenError::Invalid) => (1008, "a valid token is needed"),
        };
        close_with(&mut socket, refusal.0, refusal.1).await;
    })
}

async fn close_with(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    let _ = timeout(WRITE_TIMEOUT, socket.send(Message::Close(Some(frame)))).await;
}

/// One open connection.
struct Connection {
    app: Arc<App>,
    socket: WebSocket,
    session: Session,
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

impl Connection {
    fn new(app: Arc<App>, socket: WebSocket, session: Session, claims: &Claims) -> Self {
        let expires = deadline(claims.session_end(), app.clock.now());
        Self { app, socket, session, expires, allowance: Allowance::full(), unanswered: 0 }
    }

    async fn serve(mut self, room: Room, position: Option<&str>) {
        let ping = Duration::from_secs(self.app.config.realtime.ping_s);
        self.session.greet(ping);
        self.session.join(&room.to_string(), position, None);
        if let End::Close(code, reason) = self.work(ping).await {
            close_with(&mut self.socket, code, reason).await;
        }
    }

    async fn work(&mut self, ping: Duration) -> End {
        let mut pings = interval_at(Instant::now() + ping, ping);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                outgoing = self.session.next() => match outgoing {
                    Some(outgoing) => self.write(outgoing).await,
                    None => Err(End::Gone),
                },
                message = self.socket.next() => match message {
                    Some(Ok(message)) => self.read(message),
                    Some(Err(_)) | None => Err(End::Gone),
                },
                _ = pings.tick() => self.ping().await,
                () = tokio::time::sleep_until(self.expires) => Err(End::Close(4401, "the token has expired")),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Writes what waits, gathered into as few system calls as the buffer allows.
    async fn write(&mut self, first: Outgoing) -> Result<(), End> {
        let mut next = Some(first);
        while let Some(outgoing) = next {
            match outgoing {
                Outgoing::Frame(frame) => {
                    let text = Utf8Bytes::try_from(frame.bytes().clone()).map_err(|_| End::Gone)?;
                    let fed = timeout(WRITE_TIMEOUT, self.socket.feed(Message::Text(text))).await;
                    fed.map_err(|_| End::Gone)?.map_err(|_| End::Gone)?;
                }
                Outgoing::Close { code, reason } => return Err(End::Close(code, reason)),
            }
            next = self.session.try_next();
        }
        timeout(WRITE_TIMEOUT, self.socket.flush()).await.map_err(|_| End::Gone)?.map_err(|_| End::Gone)
    }

    async fn ping(&mut self) -> Result<(), End> {
        if self.unanswered >= PINGS_UNANSWERED {
            return Err(End::Gone);
        }
        self.unanswered += 1;
        let sent = timeout(WRITE_TIMEOUT, self.socket.send(Message::Ping(Vec::new().into()))).await;
        sent.map_err(|_| End::Gone)?.map_err(|_| End::Gone)
    }

    fn read(&mut self, message: Message) -> Result<(), End> {
        self.unanswered = 0;
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(End::Close(1003, "send JSON text frames")),
            Message::Close(_) => return Err(End::Gone),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
        };
        if !self.allowance.take() {
            self.session.send(&ServerFrame::Error {
                code: "rate_limited",
                message: format!("at most {MESSAGES_PER_SECOND} messages per second are read"),
                room: None,
                retry_after: Some(1),
            });
            return Ok(());
        }
        match serde_json::from_str::<ClientFrame>(&text) {
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
                Ok(())
            }
            Ok(_) => Err(End::Close(close::POLICY, "the token is another person's")),
            Err(TokenError::Expired) => Err(End::Close(4401, "the token has expired")),
            Err(TokenError::Invalid) => Err(End::Close(close::POLICY, "the token is not valid")),
        }
    }
}

/// When a token that ends at `exp` (seconds since 1970) ends on the monotonic clock.
pub(super) fn deadline(exp: i64, now: Timestamp) -> Instant {
    let seconds = u64::try_from(exp - now.as_second()).unwrap_or(0);
    Instant::now() + Duration::from_secs(seconds)
}

/// A token bucket for messages of one client.
struct Allowance {
    left: f64,
    at: Instant,
}

impl Allowance {
    fn full() -> Self {
        Self { left: MESSAGES_BURST, at: Instant::now() }
    }

    fn take(&mut self) -> bool {
        let now = Instant::now();
        self.left = (self.left + (now - self.at).as_secs_f64() * MESSAGES_PER_SECOND).min(MESSAGES_BURST);
        self.at = now;
        let has = self.left >= 1.0;
        if has {
            self.left -= 1.0;
        }
        has
    }
}

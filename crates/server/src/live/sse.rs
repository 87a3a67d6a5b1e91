//! The Server-Sent Events transport: `/api/sse/stream|items|alerts`.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use axum_extra::extract::Query;
use crisislens_model::event::EventKind;
use crisislens_model::query::StreamParams;
use crisislens_model::{Item, ItemFilter, Room};
use crisislens_realtime::{ConnectError, FrameText, JoinOutcome, Outgoing, QueueLimits, Refusal, Session};
use crisislens_search::Query as SearchQuery;
use futures_util::Stream;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::IntoParams;

use super::deadline;
use super::places::Place;
use super::{identify, origin};
use crate::app::App;
use crate::auth::{Grant, TokenError};
use crate::http::Problem;
use crate::http::params::{AlertStream, AnyStream, ItemParams, ItemStream, Params, refuse_unknown};
use crate::http::presence::refused;
use crate::http::serve::Peer;

/// How long a browser waits before it connects again, milliseconds.
const RETRY: Duration = Duration::from_secs(2);
/// Kinds of frame that every stream tells, whatever is asked for.
pub const CONTROL_KINDS: [&str; 5] = ["connection", "joined_room", "resync", "error", "going_away"];
/// Kinds of frame about people; only rooms that show them have those.
pub const PEOPLE_KINDS: [&str; 3] = ["presence_state", "presence_update", "cursor_update"];
/// Kinds of event of `/api/sse/items`.
pub const ITEM_KINDS: [&str; 3] = ["new_item", "item_update", "item_delete"];
/// Kinds of event of `/api/sse/alerts`.
pub const ALERT_KINDS: [&str; 2] = ["alert", "user_activity"];

/// Everything of the room `global`, or of another.
#[utoipa::path(get, path = "/api/sse/stream", tag = "live", params(AnyStream),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 429, body = Problem)))]
pub async fn stream(request: Request) -> Result<impl IntoResponse, Problem> {
    request.open::<AnyStream>(None).await
}

/// New and changed items.
#[utoipa::path(get, path = "/api/sse/items", tag = "live", params(ItemStream),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn items(request: Request) -> Result<impl IntoResponse, Problem> {
    request.open::<ItemStream>(Some((Room::Global, &ITEM_KINDS))).await
}

/// Alerts and their revisions, and who says that they see to one (`user_activity`).
#[utoipa::path(get, path = "/api/sse/alerts", tag = "live", params(AlertStream),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn alerts(request: Request) -> Result<impl IntoResponse, Problem> {
    request.open::<AlertStream>(Some((Room::Alerts, &ALERT_KINDS))).await
}

/// What every stream needs of its request.
#[derive(axum::extract::FromRequestParts)]
#[from_request(state(Arc<App>))]
pub struct Request {
    #[from_request(via(State))]
    app: Arc<App>,
    #[from_request(via(ConnectInfo))]
    peer: Peer,
    headers: HeaderMap,
    uri: Uri,
    filter: Params<ItemParams>,
    stream: Params<StreamParams>,
}

impl Request {
    /// Opens the stream of these events of a room, or where none are given of the ones that the request names. `P` is what it takes.
    async fn open<P: IntoParams>(
        self,
        fixed: Option<(Room, &[&'static str])>,
    ) -> Result<impl IntoResponse + use<P>, Problem> {
        let client = self.app.proxies.client(self.peer.0.ip(), &self.headers);
        let place = self.app.places.enter(client.address)?;
        if !origin::is_allowed(&self.app.config.http.allowed_origins, &self.headers) {
            return Err(Problem::new(StatusCode::FORBIDDEN, "this origin may not open live streams"));
        }
        // First, so that a request that is wrong does not use up its ticket.
        refuse_unknown::<P>(&self.uri, &["token", "ticket", "risk_min", "max_risk"])?;
        let (Query(filter), Query(params)) = (self.filter?, self.stream?);
        let (room, wanted) = match fixed {
            Some((room, kinds)) => (room, kinds.iter().map(|kind| (*kind).to_owned()).collect()),
            None => (room_of(&params)?, kinds_of(&params)?),
        };
        let conditions = filter.filter().map_err(Problem::of_parameter)?;
        let SearchQuery { text, filter } = match filter.text() {
            Some(text) => SearchQuery::parse(text, conditions)?,
            None => SearchQuery::from(conditions),
        };
        let words = text.map(|text| SearchQuery { text: Some(text), filter: ItemFilter::default() });
        let withdrawn = self.app.tokens.revoked.changes();
        let claims =
            identify(&self.app, &self.headers, &self.uri, client).await?.ok_or(TokenError::Invalid)?;
        let queue = QueueLimits {
            frames: self.app.config.realtime.sse_queue_frames,
            bytes: self.app.config.realtime.queue_bytes,
            ..QueueLimits::SSE
        };
        let session = self.app.hub.connect_with(claims.viewer(), queue).map_err(|error| match error {
            ConnectError::TooManyOfUser { .. } => Problem::too_many(error.to_string(), 1),
            _ => Problem::later(&format!("{error}; try again in a moment")),
        })?;
        let heartbeat = Duration::from_secs(self.app.config.realtime.sse_heartbeat_s);
        session.greet(heartbeat);
        // Whatever bytes it has, a last id that we have not given out is of no use, and the client must hear that.
        let last = self.headers.get("last-event-id").map(|value| String::from_utf8_lossy(value.as_bytes()));
        let position = last.as_deref().filter(|id| !id.is_empty()).or(params.position.as_deref());
        if position.is_some() {
            self.app.replays.turn(claims.sub).await;
        }
        match session.join_or_resync(&room.to_string(), position, Some(filter)) {
            JoinOutcome::Joined { comparisons, .. } => self.app.replays.charge(claims.sub, comparisons),
            JoinOutcome::Refused(refusal) => return Err(refused(refusal)),
        }
        let ends = deadline(claims.session_end(), self.app.clock.now());
        let (app, grant) = (self.app, claims.grant());
        let events = events(Feed {
            app,
            session,
            room,
            wanted,
            words,
            grant,
            withdrawn,
            ends,
            heartbeat,
            is_first: true,
            _place: place,
        });
        // The headers keep proxies from gathering what should be live.
        let headers: [(HeaderName, &str); 2] = [
            (header::CACHE_CONTROL, "no-cache, no-transform"),
            (HeaderName::from_static("x-accel-buffering"), "no"),
        ];
        Ok((headers, Sse::new(events)))
    }
}

fn room_of(params: &StreamParams) -> Result<Room, Problem> {
    let Some(name) = &params.room else { return Ok(Room::Global) };
    name.parse().map_err(|_| Problem::parameter("room", Refusal::UnknownRoom.message()))
}

/// Kinds of event that a request names; all where none.
fn kinds_of(params: &StreamParams) -> Result<HashSet<String>, Problem> {
    let is_kind = |kind: &str| {
        PEOPLE_KINDS.contains(&kind) || EventKind::ALL.iter().any(|known| known.as_str() == kind)
    };
    match params.kinds().find(|kind| !is_kind(kind)) {
        Some(kind) => Err(Problem::parameter("type", format!("there is no event {kind:?}"))),
        None => Ok(params.kinds().map(str::to_owned).collect()),
    }
}

struct Feed {
    app: Arc<App>,
    session: Session,
    room: Room,
    /// Kinds of event wanted; all where empty.
    wanted: HashSet<String>,
    /// What items must say.
    words: Option<SearchQuery>,
    /// What the token stands on.
    grant: Grant,
    /// Wakes when tokens were withdrawn.
    withdrawn: watch::Receiver<()>,
    /// How long a quiet stream stays quiet.
    heartbeat: Duration,
    /// When the token ends; the browser then connects again with a fresh one.
    ends: Instant,
    is_first: bool,
    /// Given back when the client is gone.
    _place: Place,
}

fn events(feed: Feed) -> impl Stream<Item = Result<Event, Infallible>> {
    futures_util::stream::unfold(feed, |mut feed| async move {
        let quiet_until = Instant::now() + feed.heartbeat;
        loop {
            let outgoing = tokio::select! {
                outgoing = feed.session.next() => outgoing,
                () = tokio::time::sleep_until(feed.ends) => None,
                _ = feed.withdrawn.changed() => if feed.still_holds() { continue } else { None },
                () = tokio::time::sleep_until(quiet_until) => {
                    let event = feed.beat();
                    return Some((Ok(event), feed));
                }
            };
            match outgoing {
                Some(Outgoing::Frame(frame)) if feed.wants(&frame) => {
                    let event = feed.event(&frame);
                    return Some((Ok(event), feed));
                }
                Some(Outgoing::Frame(_)) => {}
                Some(Outgoing::Close { .. }) | None => return None,
            }
        }
    })
}

/// Whether a frame tells of an item that says what is looked for, or of no whole item.
fn has_words(words: &SearchQuery, frame: &FrameText) -> bool {
    #[derive(Deserialize)]
    struct Told {
        data: Option<Item>,
        updates: Option<Item>,
    }
    if !ITEM_KINDS.contains(&frame.kind()) {
        return true;
    }
    // Of an item that joins an incident its own room is told nothing but that.
    let told = serde_json::from_str::<Told>(frame.as_str()).ok();
    told.and_then(|told| told.data.or(told.updates)).is_none_or(|item| words.matches(&item))
}

/// Locks that it held are given back as those of a WebSocket.
impl Drop for Feed {
    fn drop(&mut self) {
        self.app.gone.note(self.session.viewer().user, self.session.id());
    }
}

impl Feed {
    fn still_holds(&self) -> bool {
        self.app.tokens.still_holds(self.session.viewer().user, self.grant).is_ok()
    }

    fn wants(&self, frame: &FrameText) -> bool {
        CONTROL_KINDS.contains(&frame.kind())
            || ((self.wanted.is_empty() || self.wanted.contains(frame.kind()))
                && self.words.as_ref().is_none_or(|words| has_words(words, frame)))
    }

    /// A comment, so that proxies see traffic, and the present position: a client whose filter lets nothing through
    /// for hours still resumes from here, and not from further back than history reaches.
    fn beat(&self) -> Event {
        let event = Event::default().comment("heartbeat");
        match self.session.position(&self.room.to_string()) {
            Some(position) => event.id(position),
            None => event,
        }
    }

    fn event(&mut self, frame: &FrameText) -> Event {
        let mut event = Event::default().event(frame.kind()).data(frame.as_str());
        if let Some(position) = frame.position() {
            event = event.id(position);
        }
        if std::mem::take(&mut self.is_first) {
            event = event.retry(RETRY);
        }
        event
    }
}

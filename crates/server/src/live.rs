//! Live transports: WebSocket and Server-Sent Events on top of the rooms.

pub mod address;
pub mod allowance;
mod end;
mod first_word;
mod goodbye;
pub mod origin;
pub mod places;
pub mod replays;
pub mod sse;
mod stuck;
mod upgrade;
pub mod ws;

use std::time::Duration;

use axum::http::{HeaderMap, Uri, header};
use crisislens_model::Timestamp;
use crisislens_model::frame::ServerFrame;
use serde::Deserialize;
use tokio::time::Instant;

use crate::app::App;
use crate::auth::{Claims, TokenError};
use crate::config::QueryToken;
use crate::http::bearer;
use address::Client;

/// Prefix of the subprotocol that carries a token.
const SUBPROTOCOL: &str = "bearer.";
/// Of what is wrong with a frame so much is told.
const MAX_ERROR_CHARS: usize = 300;

/// Finds the token of a live request, wherever a client can put one, and checks it; none where there is none.
///
/// In turn: `Authorization: Bearer`, the subprotocol `bearer.<jwt>`, `?ticket=`, and where the configuration lets it
/// `?token=`. Tokens in addresses are never logged: nothing here logs addresses.
pub async fn identify(
    app: &App,
    headers: &HeaderMap,
    uri: &Uri,
    client: Client,
) -> Result<Option<Claims>, TokenError> {
    if let Some(token) = bearer(headers) {
        return app.authenticate(token).await.map(Some);
    }
    if let Some(token) = subprotocol(headers).and_then(|protocol| protocol.strip_prefix(SUBPROTOCOL)) {
        return app.authenticate(token).await.map(Some);
    }
    if let Some(ticket) = query(uri, "ticket") {
        let claims = app.tokens.redeem(ticket, &*app.store).await?;
        // It is used up all the same: who brings it from elsewhere has it from somebody.
        let is_theirs = origin::may_use_ticket(claims.origin.as_deref(), headers);
        return if is_theirs { Ok(Some(claims)) } else { Err(TokenError::Invalid) };
    }
    let Some(token) = query(uri, "token") else { return Ok(None) };
    let is_allowed = match app.config.realtime.query_token {
        QueryToken::Never => false,
        QueryToken::Loopback => client.is_local,
        QueryToken::Always => true,
    };
    if is_allowed { app.authenticate(token).await.map(Some) } else { Err(TokenError::Invalid) }
}

/// The subprotocol that carries a token, to be confirmed in the answer.
fn subprotocol(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .find(|protocol| protocol.starts_with(SUBPROTOCOL))
}

/// A query parameter; tokens and tickets need no decoding.
fn query<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// When a token that ends at `exp` (seconds since 1970) ends on the monotonic clock.
fn deadline(exp: i64, now: Timestamp) -> Instant {
    let seconds = u64::try_from(exp - now.as_second()).unwrap_or(0);
    Instant::now() + Duration::from_secs(seconds)
}

/// What a client is told of a frame that cannot be read; with the room, where it names one, so that whoever waits for that hears of it.
fn bad_frame(text: &str, error: &serde_json::Error) -> ServerFrame {
    #[derive(Deserialize)]
    struct Named {
        room: Option<String>,
    }
    let short = |text: &str| text.chars().take(MAX_ERROR_CHARS).collect::<String>();
    let room = serde_json::from_str::<Named>(text).ok().and_then(|named| named.room);
    ServerFrame::Error {
        code: "bad_frame",
        // It may repeat what it does not know, however long that is.
        message: short(&error.to_string()),
        room: room.as_deref().map(short),
        retry_after: None,
    }
}

//! Live transports: WebSocket and Server-Sent Events on top of the rooms.

pub mod address;
pub mod allowance;
mod first_word;
mod goodbye;
pub mod places;
pub mod sse;
mod upgrade;
pub mod ws;

use axum::http::{HeaderMap, Uri, header};

use crate::app::App;
use crate::auth::{Claims, TokenError};
use crate::config::QueryToken;
use crate::http::bearer;
use address::Client;

/// Prefix of the subprotocol that carries a token.
const SUBPROTOCOL: &str = "bearer.";

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
        return app.tokens.redeem(ticket, &*app.store).await.map(Some);
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

/// Whether a browser's origin may open live connections: our own host, or one of the list. Programs send none.
fn origin_allowed(app: &App, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = host.is_some_and(|host| {
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
    });
    own || app.config.http.allowed_origins.iter().any(|allowed| allowed == origin)
}

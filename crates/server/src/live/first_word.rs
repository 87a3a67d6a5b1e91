//! A WebSocket that came without a token: it may send one as its first message, and is sent nothing before.

use std::time::Duration;

use crisislens_model::frame::ClientFrame;
use crisislens_realtime::close;
use crisislens_websocket::{Decoder, Incoming, Limits};
use tokio::time::timeout;

use super::end::{Farewell, farewell};
use super::ws::read_some;
use crate::app::App;
use crate::auth::{Claims, MAX_TOKEN_BYTES};
use crate::http::listener::Held;

/// The message that holds the longest token, and not more.
pub const LIMITS: Limits = Limits { message_bytes: MAX_TOKEN_BYTES + 256, fragments: 8 };
/// With control frames and headers, no more than this is read.
const MAX_BYTES: usize = 2 * LIMITS.message_bytes;

/// Who the first message says it is; `early` bytes of it the decoder has already.
pub async fn hear(app: &App, socket: &Held, decoder: &mut Decoder, early: usize) -> Result<Claims, Farewell> {
    let within = Duration::from_secs(app.config.realtime.auth_within_s);
    let token = tokio::select! {
        token = timeout(within, token(socket, decoder, early)) => {
            token.map_err(|_| (close::POLICY, "a token is needed: send it with the request, or at once"))??
        }
        () = app.cancel.cancelled() => return Err((close::SERVICE_RESTART, close::reason(close::SERVICE_RESTART))),
    };
    app.authenticate(&token).await.map_err(farewell)
}

async fn token(socket: &Held, decoder: &mut Decoder, early: usize) -> Result<String, Farewell> {
    const GONE: Farewell = (1000, "");
    let mut heard = early;
    loop {
        while let Some(incoming) = decoder.decode().map_err(|violation| (violation.code, violation.reason))? {
            match incoming {
                Incoming::Text(text) => {
                    return match serde_json::from_str(&text) {
                        Ok(ClientFrame::Auth { token }) => Ok(token),
                        _ => Err((close::POLICY, r#"send {"type":"auth","token":…} first"#)),
                    };
                }
                Incoming::Binary(_) => return Err((1003, "send JSON text frames")),
                // Not answered: who is nobody yet is sent nothing.
                Incoming::Ping(_) | Incoming::Pong => {}
                Incoming::Close(_) => return Err(GONE),
            }
        }
        if heard > MAX_BYTES {
            return Err((close::POLICY, r#"send {"type":"auth","token":…} first"#));
        }
        match read_some(socket, decoder).await {
            Ok(0) | Err(_) => return Err(GONE),
            Ok(read) => heard += read,
        }
    }
}

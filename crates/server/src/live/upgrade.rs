//! From HTTP to a WebSocket: the handshake, after which the socket is ours.
//!
//! The socket is taken back from the HTTP server, because what the rooms send is written past it: one buffer for everybody, and no
//! buffers per connection.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use crisislens_websocket::handshake::{self, DEFLATE_ANSWER};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::http::Problem;
use crate::http::listener::Held;

/// A sound upgrade request.
pub struct Upgrade {
    on: OnUpgrade,
    accept: String,
    /// Whether the client can take compressed messages.
    offers_deflate: bool,
}

/// The socket, and what the client sent behind its request.
pub struct Opened {
    pub socket: Held,
    pub early: Bytes,
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let headers = &parts.headers;
        let bad = |detail: &str| Problem::new(StatusCode::BAD_REQUEST, detail);
        if !has_word(headers, header::CONNECTION, "upgrade")
            || !has_word(headers, header::UPGRADE, "websocket")
        {
            return Err(bad(
                "this is a WebSocket: connect with `Connection: Upgrade` and `Upgrade: websocket`",
            ));
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(bad("only version 13 of the WebSocket protocol is spoken (Sec-WebSocket-Version)"));
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok());
        let accept = key.and_then(handshake::accept);
        let accept = accept.ok_or_else(|| bad("Sec-WebSocket-Key is not 16 bytes in base64"))?;
        let offers = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter();
        let offers_deflate = offers.filter_map(|value| value.to_str().ok()).any(handshake::offers_deflate);
        let on = parts.extensions.remove::<OnUpgrade>();
        let on = on.ok_or_else(|| Problem::new(StatusCode::UPGRADE_REQUIRED, "connect over HTTP/1.1"))?;
        Ok(Self { on, accept, offers_deflate })
    }
}

impl Upgrade {
    /// Whether compressed messages are sent and taken, where the server is willing.
    pub fn deflate(&self, is_willing: bool) -> bool {
        is_willing && self.offers_deflate
    }

    /// The answer, and what becomes the socket once it is sent.
    pub fn answer(
        self,
        protocol: Option<&str>,
        deflate: bool,
    ) -> (Response, impl Future<Output = Option<Opened>> + Send + use<>) {
        let mut answer = Response::new(axum::body::Body::empty());
        *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = answer.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::try_from(self.accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(protocol) = protocol.and_then(|protocol| HeaderValue::from_str(protocol).ok()) {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        if deflate {
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(DEFLATE_ANSWER));
        }
        let on = self.on;
        let opened = async move {
            let parts = on.await.ok()?.downcast::<TokioIo<Held>>().ok()?;
            // The buffer behind `early` would live as long as the connection.
            let early = Bytes::copy_from_slice(&parts.read_buf);
            Some(Opened { socket: parts.io.into_inner(), early })
        };
        (answer, opened)
    }
}

/// Whether a comma-separated header has this word, in any case.
fn has_word(headers: &HeaderMap, name: header::HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(word))
}

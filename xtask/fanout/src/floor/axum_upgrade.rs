//! Requests by axum and hyper; after the upgrade the bare socket is taken back.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Response, StatusCode, header};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::net::{TcpListener, TcpStream};

use super::members::Rooms;
use super::{accept_key, messages};

/// Serves until killed.
pub async fn serve(listener: TcpListener, rooms: Arc<Rooms>) -> anyhow::Result<()> {
    let router = Router::new().route("/ws/{room}", get(join)).route("/pub", post(publish)).with_state(rooms);
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}

async fn publish(State(rooms): State<Arc<Rooms>>, body: Bytes) -> &'static str {
    for (room, message) in messages(&body) {
        rooms.publish(room, message);
    }
    "{}"
}

async fn join(
    State(rooms): State<Arc<Rooms>>,
    Path(room): Path<String>,
    mut request: Request,
) -> Result<Response<Body>, StatusCode> {
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok());
    let accept = key.map(accept_key).ok_or(StatusCode::BAD_REQUEST)?;
    let upgrade = request.extensions_mut().remove::<OnUpgrade>().ok_or(StatusCode::BAD_REQUEST)?;
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = downcast::<TokioIo<TcpStream>>(upgraded) else { return };
        // hyper's read buffer of 8 KB would live as long as the connection.
        drop(parts.read_buf);
        rooms.serve(parts.io.into_inner(), &room, false).await;
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::UPGRADE, "websocket")
        .header(header::CONNECTION, "Upgrade")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept)
        .body(Body::empty())
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

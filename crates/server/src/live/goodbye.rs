//! The end of a WebSocket that we close.

use std::io;
use std::time::Duration;

use bytes::Buf;
use crisislens_realtime::Sink;
use crisislens_websocket::{Decoder, Incoming, Limits, frame};
use rustix::net::{Shutdown, shutdown};
use tokio::time::timeout;

use super::ws::{WRITE_TIMEOUT, read_some};
use crate::http::listener::Held;

/// How long a client may take to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Sends a close frame and waits a moment for the client to go: a socket closed at once may lose the frame.
pub(super) async fn say_goodbye(socket: &Held, code: u16, reason: &str) {
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
        while let Ok(1..) = read_some(socket, &mut decoder).await {
            while let Ok(Some(incoming)) = decoder.decode() {
                if matches!(incoming, Incoming::Close(_)) {
                    return;
                }
            }
        }
    };
    let _ = timeout(CLOSE_TIMEOUT, gone).await;
}

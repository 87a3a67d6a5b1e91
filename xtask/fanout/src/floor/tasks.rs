//! A task for each connection on bare sockets, with requests read by hand.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::members::Rooms;
use super::{Request, STREAM, TAKEN, messages, switching};
use crate::wire;

/// Serves until killed.
pub async fn serve(listener: TcpListener, rooms: Arc<Rooms>) -> anyhow::Result<()> {
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let rooms = Arc::clone(&rooms);
        tokio::spawn(async move {
            // A connection that breaks is the client's to report.
            let _ = connection(socket, &rooms).await;
        });
    }
}

async fn connection(mut socket: TcpStream, rooms: &Arc<Rooms>) -> std::io::Result<()> {
    let mut held = Vec::with_capacity(512);
    loop {
        let mut used = 0;
        if let Some(head) = wire::http_head(&held) {
            let request = Request::of(head.line);
            if !request.is_post {
                let answer = match head.key {
                    Some(key) if !request.is_event_stream => switching(key),
                    _ => STREAM.to_vec(),
                };
                socket.write_all(&answer).await?;
                let (room, is_event_stream) = (request.room.to_owned(), request.is_event_stream);
                drop(held);
                rooms.serve(socket, &room, is_event_stream).await;
                return Ok(());
            }
            if let Some(body) = held.get(head.length..head.length + head.body) {
                for (room, message) in messages(body) {
                    rooms.publish(room, message);
                }
                used = head.length + head.body;
            }
        }
        if used > 0 {
            held.drain(..used);
            socket.write_all(TAKEN).await?;
        } else if socket.read_buf(&mut held).await? == 0 {
            return Ok(());
        }
    }
}

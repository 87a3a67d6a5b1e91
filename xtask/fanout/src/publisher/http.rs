//! Publishing over HTTP/1.1: one connection, one request at a time, so messages keep their order.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::dialect::Post;
use crate::wire;

/// Wait before a message is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(20);

/// A connection to the server.
pub struct Http {
    server: SocketAddr,
    socket: TcpStream,
    host: String,
    headers: String,
    answer: Vec<u8>,
}

fn dial(server: SocketAddr) -> anyhow::Result<TcpStream> {
    let socket = TcpStream::connect(server).context("the publisher cannot connect")?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

impl Http {
    /// Connects; `headers` stand in every request.
    pub fn open(server: SocketAddr, headers: String) -> anyhow::Result<Self> {
        let socket = dial(server)?;
        Ok(Self { server, socket, host: server.to_string(), headers, answer: Vec::new() })
    }

    /// Sends `post` and waits for its answer; where `until` is given, again on a new connection until it is taken or that
    /// is set.
    pub fn send(&mut self, post: &Post, until: Option<&AtomicBool>) -> anyhow::Result<()> {
        loop {
            let sent = self.send_once(post);
            if sent.is_ok() || until.is_none_or(|stop| stop.load(Ordering::Relaxed)) {
                return sent;
            }
            std::thread::sleep(AGAIN_AFTER);
            if let Ok(socket) = dial(self.server) {
                self.socket = socket;
            }
        }
    }

    fn send_once(&mut self, post: &Post) -> anyhow::Result<()> {
        let Post { path, body } = post;
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{body}",
            self.host,
            self.headers,
            body.len()
        );
        self.socket.write_all(request.as_bytes())?;
        self.answer.clear();
        let mut part = [0; 4096];
        loop {
            let read = self.socket.read(&mut part)?;
            ensure!(read > 0, "the server closed the publisher's connection");
            self.answer.extend_from_slice(&part[..read]);
            let Some(head) = wire::http_head(&self.answer) else { continue };
            if self.answer.len() >= head.length + head.body {
                let taken = head.line.starts_with("HTTP/1.1 2");
                ensure!(taken, "publishing was answered: {}", String::from_utf8_lossy(&self.answer));
                return Ok(());
            }
        }
    }
}

//! A WebSocket client and a reader of server-sent events, both with deadlines.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test support")]

use std::collections::BTreeMap;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::support::{PATIENCE, Server, text};

/// The bare socket of a client that has asked for `/ws` and does nothing by itself: it answers no ping and takes next to nothing
/// before it is read.
pub async fn bare(server: &Server, token: &str) -> TcpStream {
    let address = server.url.trim_start_matches("http://");
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(address.parse().unwrap()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// One WebSocket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol that the server chose.
    pub protocol: Option<String>,
    /// What the server calls the connection, once its first frame was read by [`Socket::open`].
    pub session: String,
}

impl Socket {
    /// Opens `path` with any headers.
    pub async fn connect(
        server: &Server,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        Self::connect_to(&server.url, path, headers).await
    }

    /// The same at an address.
    pub async fn connect_to(url: &str, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let url = format!("{}{path}", url.replace("http://", "ws://"));
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let connecting = tokio_tungstenite::connect_async(request);
        let (stream, response) = timeout(PATIENCE, connecting).await.expect("the server answers in time")?;
        let protocol = response.headers().get("sec-websocket-protocol");
        let protocol = protocol.map(|value| value.to_str().unwrap().to_owned());
        Ok(Self { stream, protocol, session: String::new() })
    }

    /// Opens `path` with a token and reads the two frames that every connection begins with.
    pub async fn open(server: &Server, path: &str, token: &str) -> Self {
        let mut socket =
            Self::connect(server, path, &[("authorization", &format!("Bearer {token}"))]).await.unwrap();
        let connection = socket.frame().await;
        assert_eq!(connection["type"], "connection");
        socket.session = text(&connection["session"]);
        assert_eq!(socket.frame().await["type"], "joined_room");
        socket
    }

    async fn message(&mut self) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, self.stream.next()).await.expect("a message comes in time")
    }

    /// The next text frame; transport pings are answered and passed over.
    pub async fn frame(&mut self) -> Value {
        let next = async {
            loop {
                match self.message().await {
                    Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("expected a text frame, got {other:?}"),
                }
            }
        };
        timeout(PATIENCE, next).await.expect("a frame comes in time")
    }

    /// The next frame of this type; others are passed over.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The next so many events of this type.
    pub async fn take(&mut self, kind: &str, count: usize) -> Vec<Value> {
        let mut frames = Vec::with_capacity(count);
        while frames.len() < count {
            frames.push(self.until(kind).await);
        }
        frames
    }

    /// The code with which the server closes; frames before it are passed over.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match self.message().await {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a close frame, got {other:?}"),
            }
        }
    }

    /// The code with which the server closes before it sends anything else.
    pub async fn next_is_close(&mut self) -> u16 {
        match self.message().await {
            Some(Ok(Message::Close(Some(frame)))) => frame.code.into(),
            other => panic!("expected a close frame, got {other:?}"),
        }
    }

    /// The next text frame, or nothing where the server closes or goes away instead.
    pub async fn try_frame(&mut self) -> Option<Value> {
        loop {
            match self.message().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    /// Waits for the end, however it comes.
    pub async fn ended(&mut self) {
        while let Some(Ok(_)) = self.message().await {}
    }

    /// Sends a JSON frame.
    pub async fn send(&mut self, frame: &Value) {
        self.send_message(Message::text(frame.to_string())).await;
    }

    /// Sends anything.
    pub async fn send_message(&mut self, message: Message) {
        self.try_send(message).await.unwrap();
    }

    /// Sends anything to a server that may hang up.
    pub async fn try_send(&mut self, message: Message) -> Result<(), Error> {
        self.stream.send(message).await
    }

    /// Asks for a `pong`; frames before it are answered. Nothing that was sent before can come after it.
    pub async fn drain(&mut self) -> Vec<Value> {
        self.send(&json!({"type": "ping"})).await;
        let mut frames = Vec::new();
        loop {
            let frame = self.frame().await;
            if frame["type"] == "pong" {
                return frames;
            }
            frames.push(frame);
        }
    }
}

/// One event of a stream.
#[derive(Debug)]
pub struct Event {
    pub kind: String,
    pub id: Option<String>,
    pub data: Value,
}

/// A reader of server-sent events.
pub struct Events {
    response: reqwest::Response,
    waiting: String,
}

impl Events {
    /// Opens a stream, resuming after `last` where there is one; its first event must be `connection`.
    pub async fn open(server: &Server, path: &str, token: &str, last: Option<&str>) -> Self {
        let mut request = server.request(reqwest::Method::GET, token, path);
        if let Some(last) = last {
            request = request.header("last-event-id", last.as_bytes());
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut events = Self { response, waiting: String::new() };
        assert_eq!(events.next().await.kind, "connection");
        events
    }

    /// The next event; comments are passed over.
    pub async fn next(&mut self) -> Event {
        loop {
            while let Some((block, rest)) = self.waiting.split_once("\n\n") {
                let fields: BTreeMap<&str, &str> =
                    block.lines().filter_map(|line| line.split_once(": ")).collect();
                let event = fields.get("event").map(|kind| Event {
                    kind: (*kind).to_owned(),
                    id: fields.get("id").map(|id| (*id).to_owned()),
                    data: serde_json::from_str(fields.get("data").copied().unwrap_or("null")).unwrap(),
                });
                self.waiting = rest.to_owned();
                if let Some(event) = event {
                    return event;
                }
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("an event comes in time");
            let chunk = chunk.unwrap().expect("the stream goes on");
            self.waiting.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Waits until the server ends the stream; events before that are passed over.
    pub async fn ended(&mut self) {
        while timeout(PATIENCE, self.response.chunk()).await.expect("it ends in time").unwrap().is_some() {}
    }

    /// The next event of this kind; others are passed over.
    pub async fn until(&mut self, kind: &str) -> Event {
        loop {
            let event = self.next().await;
            if event.kind == kind {
                return event;
            }
        }
    }
}

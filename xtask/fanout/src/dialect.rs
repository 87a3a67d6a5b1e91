//! How a server is spoken to: what a subscriber sends to get into a room, and how a message is published.
//!
//! Everything else (frames, markers, counting) is the same for all servers.

mod centrifuge;
mod crisislens;
mod floor;

pub use centrifuge::Centrifuge;
pub use crisislens::{CrisisLens, Messages, Stream};
pub use floor::Floor;

/// The request that opens a subscriber's connection.
pub struct Opening {
    /// Path and query.
    pub path: String,
    /// Further header lines, each ended by CR LF.
    pub headers: String,
}

/// Messages as an HTTP request.
pub struct Post {
    /// Path and query.
    pub path: String,
    /// The body.
    pub body: String,
}

/// A message as a record on Kafka.
pub struct KafkaMessage {
    /// Its topic.
    pub topic: &'static str,
    /// Decides the partition, and so the order.
    pub key: String,
    /// The value.
    pub value: String,
    /// Headers.
    pub headers: Vec<(String, Vec<u8>)>,
}

/// One server's ways.
pub trait Dialect: Send + Sync {
    /// How subscriber `connection` opens its connection, which is for room `room`; with the position that it has reached,
    /// where it was connected before and the server gives positions.
    fn opening(&self, connection: usize, room: usize, position: Option<&str>) -> anyhow::Result<Opening>;

    /// Whether subscribers get an event stream rather than a WebSocket.
    fn is_event_stream(&self) -> bool {
        false
    }

    /// The text frames that join a room once the connection is open; none where opening it joins.
    fn join(&self, _room: usize) -> Vec<String> {
        Vec::new()
    }

    /// What the frame holds that says that the room is joined; none where the answer to the opening says it.
    fn joined(&self) -> Option<&'static str> {
        None
    }

    /// The server's ping as a text frame, which is sent back as it came.
    fn text_ping(&self) -> Option<&'static str> {
        None
    }

    /// Whether a subscriber that comes back gets what it missed.
    fn resumes(&self) -> bool {
        false
    }

    /// The position that a text frame brings its subscriber to, for [`Self::opening`].
    fn position<'a>(&self, _payload: &'a [u8]) -> Option<&'a str> {
        None
    }

    /// Whether a text frame brings a message, and not word of what became of one that was brought before.
    fn is_message(&self, _payload: &[u8]) -> bool {
        true
    }

    /// What the server's log says when it cuts a reader that is too slow; none where it says nothing.
    fn slow_line(&self) -> Option<&'static str> {
        None
    }

    /// Header lines of every publishing request, each ended by CR LF.
    fn publishing_headers(&self) -> String {
        String::new()
    }

    /// Whether one request takes many messages.
    fn takes_many(&self) -> bool {
        true
    }

    /// Messages with their rooms over HTTP; one where [`Self::takes_many`] says no.
    fn post(&self, messages: &[(usize, String)]) -> Post;

    /// `message` for `room` over Kafka; none where the server does not read Kafka.
    fn kafka(&self, _room: usize, _message: &str) -> Option<KafkaMessage> {
        None
    }
}

//! The floor's ways: joined by the path, published to by lines of room and message.

use super::{Dialect, Opening, Post};

/// A floor server, WebSocket or event streams.
pub struct Floor {
    /// Whether subscribers get event streams.
    pub event_stream: bool,
}

impl Dialect for Floor {
    fn opening(&self, _: usize, room: usize, _: Option<&str>) -> anyhow::Result<Opening> {
        let kind = if self.event_stream { "sse" } else { "ws" };
        Ok(Opening { path: format!("/{kind}/{room}"), headers: String::new() })
    }

    fn is_event_stream(&self) -> bool {
        self.event_stream
    }

    fn post(&self, messages: &[(usize, String)]) -> Post {
        let line =
            |(room, message): &(usize, String)| format!(r#"{room} {{"type":"new_item","data":"{message}"}}"#);
        let lines: Vec<String> = messages.iter().map(line).collect();
        Post { path: "/pub".to_owned(), body: lines.join("\n") }
    }
}

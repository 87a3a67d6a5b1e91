//! The floor's ways: joined by the path, published to by the path, the message as it is.

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

    fn post(&self, room: usize, message: &str) -> Post {
        Post { path: format!("/pub/{room}"), body: format!(r#"{{"type":"new_item","data":"{message}"}}"#) }
    }
}

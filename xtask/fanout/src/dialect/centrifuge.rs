//! The ways of `peers/centrifuge`: Centrifugo's JSON protocol, connect and subscribe as two commands of one frame.

use super::{Dialect, KafkaMessage, Opening, Post};

/// The peer.
pub struct Centrifuge;

impl Centrifuge {
    /// The topic that it reads.
    pub const TOPIC: &str = "fanout";
}

fn publication(room: usize, message: &str) -> String {
    format!(r#"{{"channel":"room{room}","data":{{"type":"new_item","data":"{message}"}}}}"#)
}

impl Dialect for Centrifuge {
    fn opening(&self, _: usize, _: usize, _: Option<&str>) -> anyhow::Result<Opening> {
        Ok(Opening { path: "/connection/websocket".to_owned(), headers: String::new() })
    }

    fn join(&self, room: usize) -> Vec<String> {
        vec![format!(
            "{{\"id\":1,\"connect\":{{}}}}\n{{\"id\":2,\"subscribe\":{{\"channel\":\"room{room}\"}}}}"
        )]
    }

    fn joined(&self) -> Option<&'static str> {
        Some("\"id\":2")
    }

    fn text_ping(&self) -> Option<&'static str> {
        Some("{}")
    }

    fn post(&self, messages: &[(usize, String)]) -> Post {
        let publications: Vec<String> =
            messages.iter().map(|(room, message)| publication(*room, message)).collect();
        Post { path: "/api/publish".to_owned(), body: publications.join("\n") }
    }

    fn kafka(&self, room: usize, message: &str) -> Option<KafkaMessage> {
        Some(KafkaMessage {
            topic: Self::TOPIC,
            key: format!("room{room}"),
            value: publication(room, message),
            headers: Vec::new(),
        })
    }
}

//! Our own ways: a person of its own for every connection, with a signed token; messages as items on the log.
//!
//! One room is `global`; several are rooms of items, which show presence. A message is the text of an item with the
//! least fields that an item's record must have, so that what is measured is the message and our envelope.

use crisislens_model::topic::event_type;
use crisislens_model::{EventId, ItemId, Topic, UserId};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;

use super::{Dialect, KafkaMessage, Opening, Post};

/// How long tokens hold, seconds.
const TOKEN_SECONDS: u64 = 6 * 3600;

/// What subscribers are connected by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Stream {
    /// WebSocket.
    Ws,
    /// Server-sent events; only cases of one room.
    Sse,
}

/// A server of ours.
pub struct CrisisLens {
    key: EncodingKey,
    stream: Stream,
    items: Vec<ItemId>,
    publisher: String,
}

impl CrisisLens {
    /// For a server whose signing secret is `secret`.
    pub fn new(secret: &str, stream: Stream, rooms: usize) -> anyhow::Result<Self> {
        anyhow::ensure!(stream == Stream::Ws || rooms == 1, "an event stream has one room");
        let key = EncodingKey::from_secret(secret.as_bytes());
        let items = (0..rooms).map(|room| ItemId::of("bench", &format!("room-{room}"))).collect();
        let publisher = token(&key, usize::MAX, "admin")?;
        Ok(Self { key, stream, items, publisher })
    }

    fn item(&self, room: usize, message: &str) -> String {
        let id = self.items.get(room).copied().unwrap_or_else(ItemId::random);
        format!(
            r#"{{"id":"{id}","version":1,"status":"new","source":"bench","source_kind":"official","timestamp":"2026-03-01T12:00:00Z","hazard":{{"type":"earthquake"}},"severity":"high","risk_score":0.5,"text":"{message}"}}"#
        )
    }

    fn item_key(&self, room: usize) -> String {
        self.items.get(room).map(ToString::to_string).unwrap_or_default()
    }
}

/// An access token of a person that no other connection has.
fn token(key: &EncodingKey, connection: usize, role: &str) -> anyhow::Result<String> {
    let now = jsonwebtoken::get_current_timestamp();
    let claims = json!({
        "iss": "crisislens", "aud": "crisislens", "sub": UserId::random(), "name": format!("Reader {connection}"),
        "role": role, "typ": "access", "iat": now, "exp": now + TOKEN_SECONDS, "jti": EventId::random(),
    });
    Ok(jsonwebtoken::encode(&Header::default(), &claims, key)?)
}

impl Dialect for CrisisLens {
    fn opening(&self, connection: usize, room: usize) -> anyhow::Result<Opening> {
        let path = match (self.stream, self.items.as_slice()) {
            (Stream::Sse, _) => "/api/sse/stream".to_owned(),
            (Stream::Ws, [_]) => "/ws".to_owned(),
            (Stream::Ws, items) => format!("/ws/items/{}", items[room % items.len()]),
        };
        let token = token(&self.key, connection, "analyst")?;
        Ok(Opening { path, headers: format!("Authorization: Bearer {token}\r\n") })
    }

    fn is_event_stream(&self) -> bool {
        self.stream == Stream::Sse
    }

    fn joined(&self) -> Option<&'static str> {
        Some("\"joined_room\"")
    }

    fn publishing_headers(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.publisher)
    }

    fn post(&self, room: usize, message: &str) -> Post {
        let (key, kind) = (self.item_key(room), event_type::ITEM_CREATED);
        let value = self.item(room, message);
        Post {
            path: format!("/api/topics/{}/records", Topic::NormalizedItems),
            body: format!(r#"{{"key":"{key}","type":"{kind}","value":{value}}}"#),
        }
    }

    fn kafka(&self, room: usize, message: &str) -> Option<KafkaMessage> {
        let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        Some(KafkaMessage {
            topic: Topic::NormalizedItems.as_str(),
            key: self.item_key(room),
            value: self.item(room, message),
            headers: vec![
                header("ce_specversion", "1.0"),
                header("ce_id", &EventId::random().to_string()),
                header("ce_type", event_type::ITEM_CREATED),
                header("ce_source", "/bench"),
                header("ce_time", "2026-03-01T12:00:00Z"),
                header("content-type", "application/json"),
            ],
        })
    }
}

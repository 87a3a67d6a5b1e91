//! Our own ways: a person of its own for every connection, with a signed token; messages as changes of incidents.
//!
//! One room is `global`; several are rooms of incidents, which show presence. A message is the title of an incident with
//! the least members that rooms read, so that what is measured is the message and our envelope. Changes of incidents are
//! what nothing but the rooms reads: items on the same topic would also be clustered and indexed by the process that has
//! the embedded log, and that is not what a delivery costs.

use crisislens_model::topic::event_type;
use crisislens_model::{EventId, IncidentId, Topic, UserId};
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
    incidents: Vec<IncidentId>,
    publisher: String,
}

impl CrisisLens {
    /// For a server whose signing secret is `secret`.
    pub fn new(secret: &str, stream: Stream, rooms: usize) -> anyhow::Result<Self> {
        anyhow::ensure!(stream == Stream::Ws || rooms == 1, "an event stream has one room");
        let key = EncodingKey::from_secret(secret.as_bytes());
        let incidents = (0..rooms).map(|_| IncidentId::random()).collect();
        let publisher = token(&key, usize::MAX, "admin")?;
        Ok(Self { key, stream, incidents, publisher })
    }

    fn incident(&self, room: usize) -> String {
        self.incidents.get(room).map(ToString::to_string).unwrap_or_default()
    }

    fn value(&self, room: usize, message: &str) -> String {
        let id = self.incident(room);
        format!(
            r#"{{"incident":{{"id":"{id}","hazard":"earthquake","severity":"high","title":"{message}"}},"joined":[]}}"#
        )
    }

    fn is_global(&self) -> bool {
        self.incidents.len() == 1
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
    fn opening(&self, connection: usize, _room: usize) -> anyhow::Result<Opening> {
        let path = match self.stream {
            Stream::Sse => "/api/sse/stream",
            Stream::Ws => "/ws",
        };
        let token = token(&self.key, connection, "analyst")?;
        Ok(Opening { path: path.to_owned(), headers: format!("Authorization: Bearer {token}\r\n") })
    }

    fn is_event_stream(&self) -> bool {
        self.stream == Stream::Sse
    }

    fn join(&self, room: usize) -> Vec<String> {
        if self.is_global() {
            return Vec::new();
        }
        // The path has joined `global`.
        vec![
            r#"{"type":"leave_room","room":"global"}"#.to_owned(),
            format!(r#"{{"type":"join_room","room":"incident:{}"}}"#, self.incident(room)),
        ]
    }

    fn joined(&self) -> Option<&'static str> {
        Some(if self.is_global() { r#""joined_room""# } else { r#""joined_room","room":"incident:"# })
    }

    fn publishing_headers(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.publisher)
    }

    fn post(&self, room: usize, message: &str) -> Post {
        let (key, kind) = (self.incident(room), event_type::INCIDENT_UPDATED);
        let value = self.value(room, message);
        Post {
            path: format!("/api/topics/{}/records", Topic::NormalizedItems),
            body: format!(r#"{{"key":"{key}","type":"{kind}","value":{value}}}"#),
        }
    }

    fn kafka(&self, room: usize, message: &str) -> Option<KafkaMessage> {
        let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        Some(KafkaMessage {
            topic: Topic::NormalizedItems.as_str(),
            key: self.incident(room),
            value: self.value(room, message),
            headers: vec![
                header("ce_specversion", "1.0"),
                header("ce_id", &EventId::random().to_string()),
                header("ce_type", event_type::INCIDENT_UPDATED),
                header("ce_source", "/bench"),
                header("ce_time", "2026-03-01T12:00:00Z"),
                header("content-type", "application/json"),
            ],
        })
    }
}

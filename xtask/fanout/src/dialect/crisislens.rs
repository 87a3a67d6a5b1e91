//! Our own ways: a person of its own for every connection, with a signed token; messages as changes of incidents.
//!
//! One room is `global`; several are rooms of incidents, which show presence. A message is the title of an incident with
//! the least members that rooms read, so that what is measured is the message and our envelope. Changes of incidents are
//! what nothing but the rooms reads: items on the same topic would also be clustered and indexed by the process that has
//! the embedded log, and that is not what a delivery costs. Where just that is asked for, messages are posts
//! ([`Messages::Posts`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crisislens_model::topic::event_type;
use crisislens_model::{EventId, IncidentId, Topic, UserId};
use jsonwebtoken::{EncodingKey, Header};
use memchr::{memchr, memmem};
use serde_json::json;

use super::{Dialect, KafkaMessage, Opening, Post};
use crate::marker;

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

/// What stands for a message.
#[derive(Debug, Clone)]
pub enum Messages {
    /// A change of an incident, which nothing but the rooms reads.
    Incidents,
    /// A post with one of these texts, which goes through the whole pipeline. Its own id at its source is the message.
    Posts(Arc<[String]>),
}

/// What the beginning of a frame's position looks like.
const POSITION: &[u8] = br#""position":""#;

/// A server of ours.
pub struct CrisisLens {
    key: EncodingKey,
    stream: Stream,
    messages: Messages,
    /// Posts made so far: each has a text that no other has.
    posts: AtomicUsize,
    incidents: Vec<IncidentId>,
    publisher: String,
}

impl CrisisLens {
    /// For a server whose signing secret is `secret`.
    pub fn new(secret: &str, stream: Stream, messages: Messages, rooms: usize) -> anyhow::Result<Self> {
        anyhow::ensure!(stream == Stream::Ws || rooms == 1, "an event stream has one room");
        let is_plain = matches!(messages, Messages::Incidents);
        anyhow::ensure!(stream == Stream::Ws || is_plain, "latency is measured with --stream ws");
        let key = EncodingKey::from_secret(secret.as_bytes());
        let incidents = (0..rooms).map(|_| IncidentId::random()).collect();
        let publisher = token(&key, usize::MAX, "admin")?;
        Ok(Self { key, stream, messages, posts: AtomicUsize::new(0), incidents, publisher })
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

    fn post_of(&self, texts: &[String], message: &str) -> Post {
        let number = self.posts.fetch_add(1, Ordering::Relaxed);
        // The number keeps a text that comes round again from being a duplicate, which would be less work.
        let text = format!("{} ({number})", texts[number % texts.len()]);
        // The padding that makes other servers' messages as long as a post is no part of the id.
        let id = message.get(..marker::LENGTH).unwrap_or(message);
        let body = json!({"source": "bench", "source_id": id, "text": text});
        Post { path: "/api/ingest".to_owned(), body: body.to_string() }
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
    fn opening(&self, connection: usize, _room: usize, position: Option<&str>) -> anyhow::Result<Opening> {
        let path = match self.stream {
            Stream::Sse => "/api/sse/stream",
            Stream::Ws => "/ws",
        };
        let path = position.map_or_else(|| path.to_owned(), |at| format!("{path}?position={at}"));
        let token = token(&self.key, connection, "analyst")?;
        Ok(Opening { path, headers: format!("Authorization: Bearer {token}\r\n") })
    }

    fn resumes(&self) -> bool {
        // Of an event stream the position is the event's id, which the client does not read.
        self.stream == Stream::Ws && self.is_global()
    }

    fn position<'a>(&self, payload: &'a [u8]) -> Option<&'a str> {
        let word = &payload[memmem::find(payload, POSITION)? + POSITION.len()..];
        std::str::from_utf8(&word[..memchr(b'"', word)?]).ok()
    }

    fn is_message(&self, payload: &[u8]) -> bool {
        match self.messages {
            Messages::Incidents => true,
            // The same item comes again with its incident.
            Messages::Posts(_) => payload.starts_with(br#"{"type":"new_item""#),
        }
    }

    fn slow_line(&self) -> Option<&'static str> {
        Some("closed a slow consumer")
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

    fn takes_many(&self) -> bool {
        matches!(self.messages, Messages::Incidents)
    }

    fn post(&self, messages: &[(usize, String)]) -> Post {
        if let (Messages::Posts(texts), Some((_, message))) = (&self.messages, messages.first()) {
            debug_assert_eq!(messages.len(), 1, "a post has a request of its own");
            return self.post_of(texts, message);
        }
        let record = |(room, message): &(usize, String)| {
            let (key, kind) = (self.incident(*room), event_type::INCIDENT_UPDATED);
            let value = self.value(*room, message);
            // An id of its own: sent again after a lost answer, it is still one event.
            format!(r#"{{"key":"{key}","type":"{kind}","id":"{}","value":{value}}}"#, EventId::random())
        };
        let records: Vec<String> = messages.iter().map(record).collect();
        Post {
            path: format!("/api/topics/{}/records", Topic::NormalizedItems),
            body: format!("[{}]", records.join(",")),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(messages: Messages) -> CrisisLens {
        CrisisLens::new("secret", Stream::Ws, messages, 1).unwrap()
    }

    #[test]
    fn a_subscriber_comes_back_with_the_position_of_the_last_frame() {
        let ours = ours(Messages::Incidents);
        let frame = br#"{"type":"incident_update","room":"global","position":"AQ-_7","at":"","data":{}}"#;
        let position = ours.position(frame);
        assert_eq!(position, Some("AQ-_7"));
        assert_eq!(ours.opening(0, 0, position).unwrap().path, "/ws?position=AQ-_7");
        assert_eq!(ours.position(br#"{"type":"cursor_update","position":{"x":1}}"#), None);
    }

    #[test]
    fn a_post_is_counted_when_it_is_new_and_not_when_it_joins_an_incident() {
        let texts: Arc<[String]> = vec!["flood".to_owned()].into();
        let ours = ours(Messages::Posts(texts));
        let message = marker::message(&marker::Marker { stream: 1, number: 2, intended_ns: 3 }, 300);
        let body = || ours.post(&[(0, message.clone())]).body;
        let bodies = [body(), body()];
        assert!(bodies[0].contains(&message[..marker::LENGTH]) && !bodies[0].contains("xx"));
        assert!(bodies[0].contains("flood (0)") && bodies[1].contains("flood (1)"));
        assert!(ours.is_message(br#"{"type":"new_item","room":"global"}"#));
        assert!(!ours.is_message(br#"{"type":"item_update","room":"global"}"#));
    }
}

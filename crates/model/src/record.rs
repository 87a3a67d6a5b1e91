//! A record before it has a place on the log: key, JSON value, and CloudEvents headers in binary mode.

use serde::{Deserialize, Serialize};

use crate::{EventId, Timestamp, Topic};

/// One header; values are bytes, as on Kafka.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Name.
    pub name: String,
    /// Value.
    pub value: Vec<u8>,
}

impl Header {
    /// `name: value`.
    pub fn new(name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// A record to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Where to.
    pub topic: Topic,
    /// Decides the partition; records of one key keep their order.
    pub key: Vec<u8>,
    /// The payload; `None` is Kafka's null value.
    pub value: Option<Vec<u8>>,
    /// CloudEvents attributes (`ce_*`), `content-type` and `traceparent`.
    pub headers: Vec<Header>,
}

/// Attributes of one event, after the CloudEvents Kafka binding 1.0.2 §3.2 (binary mode).
#[derive(Debug, Clone, Copy)]
pub struct EventMeta<'a> {
    /// `ce_id`.
    pub id: EventId,
    /// `ce_type`.
    pub kind: &'a str,
    /// `ce_source`, a URI reference: which part of CrisisLens speaks.
    pub source: &'a str,
    /// `ce_time`.
    pub time: Timestamp,
}

impl NewRecord {
    /// Bytes of key, value and headers, as a topic's `max_message_bytes` counts them.
    #[must_use]
    pub fn size(&self) -> usize {
        size(&self.key, self.value.as_deref(), &self.headers)
    }

    /// An event with a JSON value.
    #[must_use]
    pub fn event(topic: Topic, key: Vec<u8>, value: Vec<u8>, meta: EventMeta<'_>) -> Self {
        let headers = vec![
            Header::new("ce_specversion", *b"1.0"),
            Header::new("ce_id", meta.id.to_string()),
            Header::new("ce_type", meta.kind),
            Header::new("ce_source", meta.source),
            Header::new("ce_time", meta.time.to_string()),
            Header::new("content-type", *b"application/json"),
        ];
        Self { topic, key, value: Some(value), headers }
    }
}

/// Bytes of a record's parts, as a topic's `max_message_bytes` counts them.
#[must_use]
pub fn size(key: &[u8], value: Option<&[u8]>, headers: &[Header]) -> usize {
    let headers: usize = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    key.len() + value.map_or(0, <[u8]>::len) + headers
}

/// The first header called `name` as text.
#[must_use]
pub fn header<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|header| header.name == name)
        .and_then(|header| std::str::from_utf8(&header.value).ok())
}

/// The event's id, from `ce_id`.
#[must_use]
pub fn event_id(headers: &[Header]) -> Option<EventId> {
    header(headers, "ce_id")?.parse().ok()
}

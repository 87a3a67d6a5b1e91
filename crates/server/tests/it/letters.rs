//! Support for tests of dead letters: records that cannot be applied, and what becomes of them.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Server, eventually_within};

/// A record that cannot be applied is on the dead-letter topic within this.
pub const DEAD_WITHIN: Duration = Duration::from_secs(5);

/// Publishes `value` as it is to `topic`, `None` for a record without one; the event's id.
pub async fn publish(server: &Server, admin: &str, topic: &str, key: &str, value: Option<&[u8]>) -> String {
    let id = Uuid::now_v7().to_string();
    let mut body = json!({"key": key, "type": kind(topic), "id": id});
    match value {
        Some(bytes) => body["value_base64"] = STANDARD.encode(bytes).into(),
        None => body["null_value"] = true.into(),
    }
    server.post(admin, &format!("/api/topics/{topic}/records"), &body).await.expect(StatusCode::CREATED);
    id
}

fn kind(topic: &str) -> &'static str {
    match topic {
        "raw-items" => "crisislens.raw-item.received",
        "alerts" => "crisislens.alert.raised",
        _ => "crisislens.test",
    }
}

/// The newest dead letter of an event, once there are `count` of it.
pub async fn letter_of(server: &Server, admin: &str, event: &str, count: u64) -> Value {
    eventually_within(DEAD_WITHIN, &format!("dead letter {count} of event {event}"), async || {
        let page = server.get(admin, &format!("/api/dlq?event_id={event}")).await.expect(StatusCode::OK);
        (page["total"] == count).then(|| page["items"][0].clone())
    })
    .await
}

/// Makes `count` dead letters; their events.
pub async fn rubbish(server: &Server, admin: &str, topic: &str, count: usize) -> Vec<String> {
    let mut events = Vec::with_capacity(count);
    for number in 0..count {
        let value = format!("rubbish {number}");
        events.push(publish(server, admin, topic, &number.to_string(), Some(value.as_bytes())).await);
    }
    for event in &events {
        letter_of(server, admin, event, 1).await;
    }
    events
}

/// The offset of a letter.
pub fn offset(letter: &Value) -> u64 {
    letter["offset"].as_u64().unwrap()
}

//! Records, hubs, people and a reader for tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crisislens_log::LogRecord;
use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{
    Clock, EventId, HazardType, IncidentId, ItemId, NewRecord, Role, Severity, Timestamp, Topic, UserId,
};
use crisislens_realtime::{Hub, HubOptions, Outgoing, Session, Viewer};
use serde_json::{Value, json};

pub const EPOCH: u32 = 7;
pub const PARTITIONS: [(Topic, u32); 3] =
    [(Topic::NormalizedItems, 3), (Topic::Alerts, 2), (Topic::Notifications, 1)];

/// When every record was appended: 2026-03-01T12:00:00Z, where the clock begins.
pub const APPENDED_AT: Timestamp = Timestamp::constant(1_772_366_400, 0);

/// A clock that stands still until it is told.
pub struct TestClock(Mutex<Timestamp>);

impl TestClock {
    pub fn advance(&self, by: Duration) -> Timestamp {
        let mut now = self.0.lock().unwrap();
        *now += by;
        *now
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub fn clock() -> Arc<TestClock> {
    Arc::new(TestClock(Mutex::new("2026-03-01T12:00:00Z".parse().unwrap())))
}

pub fn hub_with(options: HubOptions) -> (Arc<Hub>, Arc<TestClock>) {
    let clock = clock();
    let hub = Hub::new(options, EPOCH, &PARTITIONS, "node-a", clock.clone());
    hub.mark_ready();
    (hub, clock)
}

pub fn hub() -> (Arc<Hub>, Arc<TestClock>) {
    hub_with(HubOptions::default())
}

pub fn viewer(name: &str) -> Viewer {
    Viewer {
        user: UserId(crisislens_model::id::named("user", name)),
        name: name.to_owned(),
        role: Role::Analyst,
    }
}

/// An item as it stands on the log; `n` tells it from others.
pub fn item_json(id: ItemId, n: u64, hazard: HazardType, country: &str) -> Value {
    json!({
        "id": id, "source": "usgs", "source_id": n.to_string(), "source_kind": "official", "text": "a \"quoted\" text",
        "timestamp": "2026-03-01T11:00:00Z", "ingested_at": "2026-03-01T11:00:01Z",
        "language": {"code": "en", "confidence": 0.9}, "hazard": {"type": hazard, "confidence": 0.9, "why": []},
        "location": {"name": "x", "lat": 1.0, "lon": 2.0, "country": country, "precision": "point", "confidence": 1.0},
        "severity": "high", "risk_score": 0.5, "risk_level": "medium", "status": "new", "revision": 1, "version": n,
    })
}

pub fn record_of(topic: Topic, kind: &str, value: &Value) -> NewRecord {
    let time = "2026-03-01T12:00:00Z".parse().unwrap();
    let meta = EventMeta { id: EventId::random(), kind, source: "/test", time };
    NewRecord::event(topic, b"key".to_vec(), value.to_string().into_bytes(), meta)
}

pub fn item_created(id: ItemId, n: u64) -> NewRecord {
    let value = item_json(id, n, HazardType::Earthquake, "IT");
    record_of(Topic::NormalizedItems, event_type::ITEM_CREATED, &value)
}

pub fn item_updated(id: ItemId, n: u64) -> NewRecord {
    let value = item_json(id, n, HazardType::Flood, "FR");
    record_of(Topic::NormalizedItems, event_type::ITEM_UPDATED, &value)
}

pub fn alert_raised(incident: IncidentId, n: u64) -> NewRecord {
    let value = json!({"incident_id": incident, "hazard": "flood", "country": "FR", "severity": Severity::High,
        "revision": n, "version": n});
    record_of(Topic::Alerts, event_type::ALERT_RAISED, &value)
}

pub fn incident_updated(incident: IncidentId, n: u64, joined: &[(ItemId, u64)]) -> NewRecord {
    let joined: Vec<_> = joined.iter().map(|(id, version)| json!({"id": id, "version": version})).collect();
    let value = json!({"incident": {"id": incident, "hazard": "flood", "country": "FR", "severity": "high",
        "version": n}, "joined": joined});
    record_of(Topic::NormalizedItems, event_type::INCIDENT_UPDATED, &value)
}

pub fn notified(user: UserId, n: u64) -> NewRecord {
    let value = json!({"recipient": user, "version": n});
    record_of(Topic::Notifications, event_type::NOTIFICATION, &value)
}

/// The record with a place on the log.
pub fn placed(record: NewRecord, partition: u32, offset: u64) -> LogRecord {
    LogRecord {
        topic: record.topic,
        partition,
        offset,
        timestamp: APPENDED_AT,
        key: record.key.into(),
        value: record.value.map(Into::into),
        headers: record.headers,
    }
}

pub fn item_id(n: u64) -> ItemId {
    ItemId::of("test", &n.to_string())
}

pub fn incident_id(n: u64) -> IncidentId {
    IncidentId(crisislens_model::id::named("incident", &n.to_string()))
}

/// Publishes `count` items to partition 0 from offset `from` on; their versions are their offsets.
pub fn publish_items(hub: &Hub, from: u64, count: u64) {
    let record = |n| placed(item_created(item_id(n), n), 0, n);
    hub.publish(&(from..from + count).map(record).collect::<Vec<_>>());
}

/// The next frame, which must be there.
pub fn frame(session: &mut Session) -> Value {
    match session.try_next() {
        Some(Outgoing::Frame(frame)) => serde_json::from_str(frame.as_str()).unwrap(),
        other => panic!("a frame should wait, not {other:?}"),
    }
}

/// All frames that wait.
pub fn frames(session: &mut Session) -> Vec<Value> {
    let mut frames = Vec::new();
    while let Some(Outgoing::Frame(frame)) = session.try_next() {
        frames.push(serde_json::from_str(frame.as_str()).unwrap());
    }
    frames
}

pub fn kinds(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect()
}

/// The number an event was made with.
pub fn number(frame: &Value) -> u64 {
    let places = [&frame["version"], &frame["data"]["version"], &frame["data"]["incident"]["version"]];
    places.into_iter().find_map(Value::as_u64).unwrap()
}

/// The events among the frames, by number.
pub fn numbers(frames: &[Value]) -> Vec<u64> {
    frames.iter().filter(|frame| frame.get("at").is_some()).map(number).collect()
}

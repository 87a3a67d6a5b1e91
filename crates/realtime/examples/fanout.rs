//! How fast one core hands items to 50 sessions: decode, route, history, queues, and a reader that empties them.
//!
//! `cargo run --release -p crisislens-realtime --example fanout`

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crisislens_log::LogRecord;
use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{EventId, ItemId, NewRecord, Role, SystemClock, Timestamp, Topic, UserId};
use crisislens_realtime::{Hub, HubOptions, Outgoing, Session, Viewer};

const SESSIONS: usize = 50;
const RECORDS: u64 = 100_000;
const BATCH: usize = 256;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hub =
        Hub::new(HubOptions::default(), 1, &[(Topic::NormalizedItems, 1)], "bench", Arc::new(SystemClock));
    hub.mark_ready();
    let mut sessions = Vec::new();
    for n in 0..SESSIONS {
        let session =
            hub.connect(Viewer { user: UserId::random(), name: n.to_string(), role: Role::Analyst })?;
        session.join("global", None, None);
        sessions.push(session);
    }
    let records: Vec<_> = (0..RECORDS).map(record).collect();
    let size = records[0].value.as_ref().map_or(0, Bytes::len);
    let (mut publishing, mut frames, mut bytes) = (Duration::ZERO, 0_u64, 0_u64);
    let start = Instant::now();
    for batch in records.chunks(BATCH) {
        let before = Instant::now();
        hub.publish(batch);
        publishing += before.elapsed();
        for session in &mut sessions {
            let read = drain(session);
            frames += read.0;
            bytes += read.1;
        }
    }
    let total = start.elapsed();
    let events = RECORDS as f64;
    println!("{RECORDS} records of {size} bytes, {SESSIONS} sessions, {frames} frames, {} MB", bytes >> 20);
    println!("publish: {:.0} events/s", events / publishing.as_secs_f64());
    println!("publish: {:.3} µs/delivery", publishing.as_secs_f64() * 1e6 / frames as f64);
    println!("with reading: {:.0} events/s", events / total.as_secs_f64());
    println!("with reading: {:.3} µs/delivery", total.as_secs_f64() * 1e6 / frames as f64);
    Ok(())
}

fn drain(session: &mut Session) -> (u64, u64) {
    let (mut frames, mut bytes) = (0, 0);
    while let Some(Outgoing::Frame(frame)) = session.try_next() {
        frames += 1;
        bytes += frame.size() as u64;
    }
    (frames, bytes)
}

fn record(n: u64) -> LogRecord {
    let id = ItemId::of("bench", &n.to_string());
    let text =
        "Strong shaking was felt across the region; residents report cracked walls and \"falling\" objects. ";
    let value = format!(
        r#"{{"id":"{id}","source":"usgs","source_id":"{n}","source_kind":"official","url":"https://example.org/{n}","title":"M 5.1 - 12 km W of Somewhere","text":"{}","timestamp":"2026-03-01T12:00:00Z","ingested_at":"2026-03-01T12:00:01Z","language":{{"code":"en","confidence":0.98}},"hazard":{{"type":"earthquake","confidence":0.97,"why":["shaking"]}},"location":{{"name":"Somewhere","lat":41.9,"lon":12.5,"country":"IT","precision":"point","confidence":1.0,"why":[]}},"entities":[],"topics":["damage"],"severity":"high","risk_score":0.61,"risk_parts":[],"risk_level":"medium","status":"new","revision":1,"version":1}}"#,
        text.repeat(2).replace('"', "\\\"")
    );
    let meta = EventMeta {
        id: EventId::random(),
        kind: event_type::ITEM_CREATED,
        source: "/bench",
        time: Timestamp::UNIX_EPOCH,
    };
    let record =
        NewRecord::event(Topic::NormalizedItems, id.to_string().into_bytes(), value.into_bytes(), meta);
    LogRecord {
        topic: record.topic,
        partition: 0,
        offset: n,
        timestamp: Timestamp::UNIX_EPOCH,
        key: record.key.into(),
        value: record.value.map(Into::into),
        headers: record.headers,
    }
}

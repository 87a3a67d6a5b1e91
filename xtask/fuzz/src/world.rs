//! A hub with a little history and somebody in it, and the client's end of a connection.

use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use crisislens_log::LogRecord;
use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{Clock, EventId, ItemId, NewRecord, Role, Timestamp, Topic, UserId, id};
use crisislens_realtime::{HistoryLimits, Hub, HubOptions, QueueLimits, Session, Sink, Viewer};
use serde_json::{Value, json};

use crate::Reached;

/// The log's epoch; seeds with positions name it.
const EPOCH: u32 = 7;
const PARTITIONS: [(Topic, u32); 3] =
    [(Topic::NormalizedItems, 2), (Topic::Alerts, 1), (Topic::Notifications, 1)];
/// Small, so that a short input can fill it.
const QUEUE: QueueLimits = QueueLimits { frames: 32, bytes: 32 * 1024, patience: Duration::ZERO };
/// Records that were published before the client came. The history keeps fewer.
const RECORDS: usize = 6;
const HISTORY: usize = 4;
/// The log: one record more than that.
static LOG: LazyLock<Vec<LogRecord>> = LazyLock::new(|| (0..=RECORDS).map(record).collect());
/// Longer than any grace.
const LONG: Duration = Duration::from_secs(3600);

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// One node, on which Bob looks at everything.
pub(crate) struct World {
    pub hub: Arc<Hub>,
    /// In `global` and in the room of the first item.
    pub bob: Session,
}

impl World {
    pub fn new() -> Self {
        let history = HistoryLimits { records: HISTORY, ..HistoryLimits::default() };
        // Without a second share there are no threads to be started for each input, which would take most of the time.
        let options = HubOptions { queue: QUEUE, history, shards: 1, ..HubOptions::default() };
        let hub = Hub::new(options, EPOCH, &PARTITIONS, "node-a", Arc::new(Still));
        hub.mark_ready();
        let bob = hub.connect(viewer("bob", Role::Analyst)).expect("the hub is empty");
        for room in ["global".to_owned(), format!("item:{}", item(0))] {
            bob.join(&room, None, None);
        }
        hub.publish(&LOG[..RECORDS]);
        Self { hub, bob }
    }

    /// Publishes the next item.
    pub fn publish_one_more(&self) {
        self.hub.publish(&LOG[RECORDS..]);
    }

    /// A client that is gone leaves nothing behind.
    pub fn check_left(&mut self) {
        self.hub.tick(Timestamp::UNIX_EPOCH + LONG);
        let counts = self.hub.counts();
        assert_eq!((counts.connections, counts.rooms), (1, 2), "only Bob and his rooms are left");
    }
}

fn record(n: usize) -> LogRecord {
    let value = json!({
        "id": item(n), "source": "usgs", "source_id": n.to_string(), "source_kind": "official", "text": "a \"quoted\" text",
        "timestamp": "2026-03-01T11:00:00Z", "ingested_at": "2026-03-01T11:00:01Z",
        "language": {"code": "en", "confidence": 0.9}, "hazard": {"type": "flood", "confidence": 0.9, "why": []},
        "location": {"name": "x", "lat": 1.0, "lon": 2.0, "country": "IT", "precision": "point", "confidence": 1.0},
        "severity": "high", "risk_score": 0.5, "risk_level": "medium", "status": "new", "revision": 1, "version": n,
    });
    let event_id = EventId(id::named("event", &n.to_string()));
    let kind = event_type::ITEM_CREATED;
    let meta = EventMeta { id: event_id, kind, source: "/fuzz", time: Timestamp::UNIX_EPOCH };
    let record =
        NewRecord::event(Topic::NormalizedItems, b"key".to_vec(), value.to_string().into_bytes(), meta);
    LogRecord {
        topic: record.topic,
        partition: 0,
        offset: n as u64,
        timestamp: Timestamp::UNIX_EPOCH,
        key: record.key.into(),
        value: record.value.map(Into::into),
        headers: record.headers,
    }
}

/// Item `n`. Bob is in the room of 0.
pub(crate) fn item(n: usize) -> ItemId {
    ItemId::of("fuzz", &n.to_string())
}

/// A person.
pub(crate) fn viewer(name: &str, role: Role) -> Viewer {
    Viewer { user: UserId(id::named("user", name)), name: name.to_owned(), role }
}

/// What a client has received, and how much more it takes now.
pub(crate) struct Wire(Mutex<(Vec<u8>, usize)>);

impl Wire {
    pub fn taking(bytes: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new((Vec::new(), bytes))))
    }

    /// From now on it takes everything.
    pub fn open(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = usize::MAX;
    }

    pub fn received(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}

impl Sink for Wire {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut wire = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = bytes.len().min(wire.1);
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        wire.0.extend_from_slice(&bytes[..taken]);
        wire.1 -= taken;
        Ok(taken)
    }
}

/// Notes the type of a text frame, which must be a JSON object on one line.
pub(crate) fn note_frame(text: &str, reached: &mut Reached) {
    let frame: Value = serde_json::from_str(text).expect("a text frame is JSON");
    let kind = frame["type"].as_str().expect("a frame has a type");
    assert!(!text.contains(['\n', '\r']), "a frame is one line, or it breaks an event stream");
    reached.insert(kind.to_owned());
    if let Some(code) = frame["code"].as_str() {
        reached.insert(code.to_owned());
    }
}

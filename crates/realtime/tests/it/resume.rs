//! The guarantee, over random histories: a client that goes from node to node with its last position gets every event
//! of its room once and in order, or is told to refetch.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crisislens_log::LogRecord;
use crisislens_model::{ItemFilter, NewRecord, Position, Room, Topic};
use crisislens_realtime::{
    HistoryLimits, Hub, HubOptions, JoinOutcome, Outgoing, QueueLimits, Session, route,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::fake_log::FakeLog;
use crate::line::Wired;
use crate::support::*;

const STREAMS: [(Topic, u32); 5] = [
    (Topic::NormalizedItems, 0),
    (Topic::NormalizedItems, 1),
    (Topic::NormalizedItems, 2),
    (Topic::Alerts, 0),
    (Topic::Alerts, 1),
];

#[derive(Debug, Clone)]
enum Step {
    Put {
        stream: usize,
        kind: u8,
    },
    PutAgain {
        stream: usize,
    },
    Tail {
        node: usize,
        stream: usize,
        most: usize,
    },
    /// Several partitions together, as a pass of the tail.
    TailAll {
        node: usize,
        most: usize,
    },
    Join {
        client: usize,
        node: usize,
        is_wired: bool,
    },
    Read {
        client: usize,
        most: usize,
    },
    Break {
        client: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (node, stream, client) = (0..2_usize, 0..STREAMS.len(), 0..5_usize);
    let step = prop_oneof![
        6 => (stream.clone(), 0..3_u8).prop_map(|(stream, kind)| Step::Put { stream, kind }),
        1 => stream.clone().prop_map(|stream| Step::PutAgain { stream }),
        6 => (node.clone(), stream, 1..5_usize).prop_map(|(node, stream, most)| Step::Tail { node, stream, most }),
        3 => (node.clone(), 1..4_usize).prop_map(|(node, most)| Step::TailAll { node, most }),
        4 => (client.clone(), node, any::<bool>())
            .prop_map(|(client, node, is_wired)| Step::Join { client, node, is_wired }),
        4 => (client.clone(), 1..6_usize).prop_map(|(client, most)| Step::Read { client, most }),
        2 => client.prop_map(|client| Step::Break { client }),
    ];
    proptest::collection::vec(step, 1..150)
}

struct World {
    log: Arc<FakeLog>,
    nodes: [Arc<Hub>; 2],
    clients: Vec<Client>,
    put: u64,
    last: HashMap<usize, NewRecord>,
    /// The partition that each number went to.
    stream_of: HashMap<u64, usize>,
    resyncs: usize,
}

struct Client {
    room: Room,
    filter: Option<ItemFilter>,
    link: Option<Link>,
    /// The last position read, as a plain client stores it.
    position: Option<String>,
    /// What it knows from elsewhere: where it first joined, or what it refetched.
    base: Option<Position>,
    seen: HashSet<u64>,
    /// The last number seen of each partition.
    order: HashMap<usize, u64>,
}

/// How a client is connected: it takes frames one by one, or the hub writes to it.
enum Link {
    Pulled(Session),
    Wired(Wired),
}

impl Link {
    fn session(&self) -> &Session {
        match self {
            Self::Pulled(session) | Self::Wired(Wired { session, .. }) => session,
        }
    }

    /// Some frames, about as many as `most`, and the code if it has ended.
    fn read(&mut self, most: usize) -> (Vec<String>, Option<u16>) {
        let session = match self {
            // Not a whole number of frames.
            Self::Wired(wired) => return wired.read(most.saturating_mul(301)),
            Self::Pulled(session) => session,
        };
        let mut texts = Vec::new();
        for _ in 0..most {
            match session.try_next() {
                Some(Outgoing::Frame(frame)) => texts.push(frame.as_str().to_owned()),
                Some(Outgoing::Close { code, .. }) => return (texts, Some(code)),
                None => break,
            }
        }
        (texts, None)
    }
}

impl World {
    fn new(history: usize, queue: usize) -> Self {
        let history = HistoryLimits { records: history, ..HistoryLimits::default() };
        let queue = QueueLimits { frames: queue, bytes: 1 << 20, ..QueueLimits::default() };
        // One node fans out alone, the other one's shards work side by side however few listen.
        let node = |shards| {
            let parallel_from = 0;
            hub_with(HubOptions { history, queue, shards, parallel_from, ..HubOptions::default() }).0
        };
        let flood = serde_json::from_value(serde_json::json!({"hazard": ["flood"]})).unwrap();
        let rooms = [Room::Global, Room::Alerts, Room::Item(item_id(1)), Room::Incident(incident_id(1))];
        let mut clients: Vec<_> = rooms.map(|room| Client::new(room, None)).into();
        clients.push(Client::new(Room::Global, Some(flood)));
        Self {
            log: FakeLog::new(),
            nodes: [node(1), node(3)],
            clients,
            put: 0,
            last: HashMap::new(),
            stream_of: HashMap::new(),
            resyncs: 0,
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Put { stream, kind } => self.put(stream, kind),
            Step::PutAgain { stream } => {
                if let Some(record) = self.last.get(&stream) {
                    self.log.put(STREAMS[stream].1, record.clone());
                }
            }
            Step::Tail { node, stream, most } => drop(self.tail(node, stream, most)),
            Step::TailAll { node, most } => self.tail_all(node, most),
            Step::Join { client, node, is_wired } => self.join(client, node, is_wired),
            Step::Read { client, most } => self.read(client, most),
            Step::Break { client } => self.clients[client].link = None,
        }
    }

    fn put(&mut self, stream: usize, kind: u8) {
        self.put += 1;
        let (topic, partition) = STREAMS[stream];
        let record = match (topic, kind) {
            (Topic::Alerts, _) => alert_raised(incident_id(1), self.put),
            (_, 0) => item_created(item_id(1), self.put),
            (_, 1) => item_updated(item_id(2), self.put),
            _ => incident_updated(incident_id(1), self.put, &[(item_id(1), self.put)]),
        };
        self.last.insert(stream, record.clone());
        self.stream_of.insert(self.put, stream);
        self.log.put(partition, record);
    }

    /// Whether there was anything.
    fn tail(&self, node: usize, stream: usize, most: usize) -> bool {
        let (topic, partition) = STREAMS[stream];
        let next = self.nodes[node].position().offset(topic, partition).unwrap();
        let records = self.log.slice(topic, partition, next, most);
        self.nodes[node].publish(&records);
        !records.is_empty()
    }

    fn tail_all(&self, node: usize, most: usize) {
        let position = self.nodes[node].position();
        let records = STREAMS.iter().flat_map(|(topic, partition)| {
            let next = position.offset(*topic, *partition).unwrap();
            self.log.slice(*topic, *partition, next, most)
        });
        self.nodes[node].publish(&records.collect::<Vec<_>>());
    }

    fn join(&mut self, client: usize, node: usize, is_wired: bool) {
        let client = &mut self.clients[client];
        if client.link.is_some() {
            return;
        }
        let link = if is_wired {
            Link::Wired(Wired::connect(&self.nodes[node], "ada"))
        } else {
            Link::Pulled(self.nodes[node].connect(viewer("ada")).unwrap())
        };
        let room = client.room.to_string();
        // As at the beginning of a connection: what comes meanwhile waits for the first read.
        link.session().hold();
        let outcome = link.session().join(&room, client.position.as_deref(), client.filter.clone());
        if client.position.is_none() {
            client.base = Some(self.nodes[node].position());
        }
        assert!(matches!(outcome, JoinOutcome::Joined { .. }));
        client.link = Some(link);
    }

    fn read(&mut self, client: usize, most: usize) {
        let client = &mut self.clients[client];
        let Some(link) = &mut client.link else { return };
        let (texts, ended) = link.read(most);
        for text in texts {
            let frame: Value = serde_json::from_str(&text).unwrap();
            self.resyncs += usize::from(client.saw(&frame, &self.stream_of));
        }
        if let Some(code) = ended {
            assert_eq!(code, 4408);
            client.link = None;
        }
    }

    /// Everybody reads everything, and everything must have come.
    fn settle(&mut self) {
        self.clients.iter_mut().for_each(|client| client.link = None);
        let mut is_settled = false;
        while !is_settled {
            for client in 0..self.clients.len() {
                self.join(client, client % 2, client % 3 == 0);
                self.read(client, usize::MAX);
            }
            let streams = 0..STREAMS.len();
            let more = streams.filter(|stream| self.tail(0, *stream, 1) | self.tail(1, *stream, 1)).count();
            is_settled = more == 0 && self.clients.iter().all(|client| client.link.is_some());
        }
        for client in &self.clients {
            client.check(&self.log);
        }
    }
}

impl Client {
    fn new(room: Room, filter: Option<ItemFilter>) -> Self {
        Self {
            room,
            filter,
            link: None,
            position: None,
            base: None,
            seen: HashSet::new(),
            order: HashMap::new(),
        }
    }

    /// Takes a frame in; whether it was told to refetch.
    fn saw(&mut self, frame: &Value, stream_of: &HashMap<u64, usize>) -> bool {
        if let Some(position) = frame["position"].as_str() {
            self.position = Some(position.to_owned());
        }
        if frame["type"] == "joined_room" && frame["recovered"] == false {
            self.base = Some(Position::decode(frame["position"].as_str().unwrap()).unwrap());
            return true;
        }
        if frame.get("at").is_some() {
            let number = number(frame);
            assert!(self.seen.insert(number), "{} got {number} twice", self.room);
            let last = self.order.insert(stream_of[&number], number);
            assert!(last.is_none_or(|last| last < number), "{} got {number} after {last:?}", self.room);
        }
        false
    }

    fn check(&self, log: &FakeLog) {
        let base = self.base.as_ref().unwrap();
        for (topic, partition) in STREAMS {
            let mut ids = HashSet::new();
            for record in log.slice(topic, partition, 0, usize::MAX) {
                let routed = route(&record).unwrap().unwrap();
                let is_first = ids.insert(routed.event_id);
                let passes = self.filter.as_ref().is_none_or(|filter| routed.pass(&self.room, filter));
                let is_due = record.offset >= base.offset(topic, partition).unwrap();
                if is_first && is_due && passes && routed.body_for(&self.room).is_some() {
                    assert!(self.seen.contains(&number_of(&record)), "{} missed {record:?}", self.room);
                }
            }
        }
    }
}

fn number_of(record: &LogRecord) -> u64 {
    let value: Value = serde_json::from_slice(record.value.as_ref().unwrap()).unwrap();
    value["version"].as_u64().or_else(|| value["incident"]["version"].as_u64()).unwrap()
}

/// 400 cases; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(400), failure_persistence: None, ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_event_comes_once_or_the_client_is_told_to_refetch(steps in steps(), history in 3..40_usize, queue in 3..12_usize) {
        let mut world = World::new(history, queue);
        steps.iter().for_each(|step| world.step(step));
        world.settle();
    }

    #[test]
    fn with_enough_history_nobody_is_told_to_refetch(steps in steps(), queue in 3..12_usize) {
        let mut world = World::new(10_000, queue);
        steps.iter().for_each(|step| world.step(step));
        world.settle();
        prop_assert_eq!(world.resyncs, 0);
    }
}

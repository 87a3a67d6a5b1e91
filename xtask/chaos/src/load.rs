//! Writers: they send revisions of many keys, send again what got no answer, and note what was acknowledged.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crisislens_model::{Clock, SystemClock};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::api::{Answer, Api};
use crate::oracle::History;
use crate::oracle::payload::{WriteId, source, source_id, text};

/// Writers side by side.
const WRITERS: u32 = 3;
/// Keys of one writer begin at a multiple of this.
const KEYS_OF_A_WRITER: u32 = 1_000_000;
/// Most writes in one request.
const BATCH: usize = 8;
/// One key of so many is what an authority says of a flood: an incident, an alert, a message.
const OFFICIAL_EVERY: u32 = 25;
/// Wait before what failed is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Filler of the texts.
const WORDS: [&str; 12] = [
    "bridge", "river", "quiet", "road", "school", "north", "market", "evening", "harbour", "people", "water",
    "train",
];

/// What writers note together.
#[derive(Default)]
struct Notes {
    history: History,
    last_answer: Option<Instant>,
    worst_gap: Duration,
    gap: Duration,
    refused: Vec<String>,
    retries: u64,
}

/// Running writers.
pub struct Load {
    seed: u64,
    api: Api,
    notes: Arc<Mutex<Notes>>,
    stop: CancellationToken,
    give_up: CancellationToken,
    tasks: JoinSet<()>,
    fresh: u32,
}

/// What the writers can tell when they have stopped.
pub struct Written {
    /// Everything that was sent.
    pub history: History,
    /// Longest time between two acknowledgements.
    pub worst_gap: Duration,
    /// How often something was sent again.
    pub retries: u64,
    /// Requests that were refused though nothing was wrong with them.
    pub refused: Vec<String>,
}

impl Load {
    /// Begins to write, `writes_per_s` in all.
    pub fn begin(seed: u64, api: &Api, writes_per_s: u32) -> Self {
        let (stop, give_up) = (CancellationToken::new(), CancellationToken::new());
        let notes = Arc::new(Mutex::new(Notes::default()));
        let mut tasks = JoinSet::new();
        if writes_per_s > 0 {
            for number in 0..WRITERS {
                let writer = Writer {
                    seed,
                    api: api.clone(),
                    notes: Arc::clone(&notes),
                    random: StdRng::seed_from_u64(seed ^ u64::from(number + 1)),
                    first_key: number * KEYS_OF_A_WRITER,
                    revisions: Vec::new(),
                    pace: Duration::from_secs(1) * WRITERS / writes_per_s,
                };
                tasks.spawn(writer.run(stop.clone(), give_up.clone()));
            }
        }
        Self { seed, api: api.clone(), notes, stop, give_up, tasks, fresh: 0 }
    }

    /// Notes a write that a case sends by another way.
    pub fn note_sent(&self, id: WriteId) {
        lock(&self.notes).history.sent(id);
    }

    /// Notes that such a write is durable.
    pub fn note_acknowledged(&self, id: WriteId) {
        lock(&self.notes).history.acknowledged(id);
    }

    /// How often something had to be sent again so far.
    pub fn retries(&self) -> u64 {
        lock(&self.notes).retries
    }

    /// How many writes were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        lock(&self.notes).history.obligations()
    }

    /// The longest time between two acknowledgements, up to now, since this was asked last.
    pub fn take_gap(&self) -> Duration {
        let mut notes = lock(&self.notes);
        let open = notes.last_answer.map(|last| last.elapsed()).unwrap_or_default();
        let gap = notes.gap.max(open);
        notes.gap = Duration::ZERO;
        gap
    }

    /// Sends one write of a key of its own until it is acknowledged. Answers its `source_id`.
    pub async fn fresh(&mut self) -> String {
        let sent = self.send_own(1, "something new").await;
        source_id(sent.first().map_or(0, |id| id.key))
    }

    /// Sends `count` writes of keys of their own with some `bytes` of text each, until they are acknowledged: much to show at once. Answers their
    /// `source_id`s.
    pub async fn burst(&mut self, count: usize, bytes: usize) -> Vec<String> {
        // One long word: what it costs to understand it is not what is tried.
        let words = "x".repeat(bytes);
        let mut sent = Vec::new();
        for begun in (0..count).step_by(BATCH) {
            sent.extend(self.send_own(BATCH.min(count - begun), &words).await);
        }
        sent.into_iter().map(|id| source_id(id.key)).collect()
    }

    /// Sends `count` posts, each with a statement that can be verified: some say the same, others contradict them.
    pub async fn statements(&mut self, count: usize) {
        for number in 0..count {
            let dead = 3 + number % 7;
            let words =
                format!("Earthquake in L'Aquila. {dead} people were killed by the earthquake in L'Aquila.");
            self.send_own(1, &words).await;
        }
    }

    async fn send_own(&mut self, count: usize, words: &str) -> Vec<WriteId> {
        let mut ids = Vec::new();
        for _ in 0..count {
            self.fresh += 1;
            ids.push(WriteId { key: WRITERS * KEYS_OF_A_WRITER + self.fresh, revision: 1 });
        }
        let items = ids.iter().map(|id| raw_item(self.seed, *id, words)).collect();
        let body = Value::Array(items).to_string().into_bytes();
        ids.iter().for_each(|id| self.note_sent(*id));
        for node in 0.. {
            if self.api.ingest(node, body.clone()).await == Answer::Accepted {
                break;
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
        ids.iter().for_each(|id| self.note_acknowledged(*id));
        ids
    }

    /// Lets the writers finish what they have begun, for at most `within`.
    pub async fn end(&mut self, within: Duration) -> Written {
        self.stop.cancel();
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(within, finished).await.is_err() {
            self.give_up.cancel();
            while self.tasks.join_next().await.is_some() {}
        }
        let notes = std::mem::take(&mut *lock(&self.notes));
        Written {
            history: notes.history,
            worst_gap: notes.worst_gap,
            retries: notes.retries,
            refused: notes.refused,
        }
    }
}

fn lock(notes: &Mutex<Notes>) -> MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Writer {
    seed: u64,
    api: Api,
    notes: Arc<Mutex<Notes>>,
    random: StdRng,
    first_key: u32,
    /// The last revision of each key.
    revisions: Vec<u32>,
    /// Time that one write is worth.
    pace: Duration,
}

impl Writer {
    async fn run(mut self, stop: CancellationToken, give_up: CancellationToken) {
        while !stop.is_cancelled() {
            let (ids, body) = self.batch();
            let paced = tokio::time::sleep(self.pace * u32::try_from(ids.len()).unwrap_or(1));
            tokio::select! {
                () = give_up.cancelled() => return,
                () = self.deliver(&ids, &body) => {}
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = paced => {}
            }
        }
    }

    /// Some writes, at most one of each key: what is sent again is then the same revision again, whatever of it arrived.
    fn batch(&mut self) -> (Vec<WriteId>, Vec<u8>) {
        let size = self.random.random_range(1..=BATCH);
        let mut ids: Vec<WriteId> = Vec::with_capacity(size);
        for _ in 0..size {
            let known = self.revisions.len();
            let index = if known == 0 || self.random.random_bool(0.5) {
                self.revisions.push(0);
                known
            } else {
                self.random.random_range(0..known)
            };
            let key = self.first_key + u32::try_from(index).unwrap_or(u32::MAX);
            if ids.iter().any(|id| id.key == key) {
                continue;
            }
            self.revisions[index] += 1;
            ids.push(WriteId { key, revision: self.revisions[index] });
        }
        let words = |random: &mut StdRng| {
            let count = random.random_range(3..30);
            let words: Vec<&str> = (0..count).map(|_| WORDS[random.random_range(0..WORDS.len())]).collect();
            words.join(" ")
        };
        let items: Vec<Value> =
            ids.iter().map(|id| raw_item(self.seed, *id, &words(&mut self.random))).collect();
        (ids, Value::Array(items).to_string().into_bytes())
    }

    async fn deliver(&mut self, ids: &[WriteId], body: &[u8]) {
        ids.iter().for_each(|id| lock(&self.notes).history.sent(*id));
        loop {
            let node = self.random.random_range(0..self.api.urls.len());
            match self.api.ingest(node, body.to_vec()).await {
                Answer::Accepted => break,
                Answer::Refused(status, text) => {
                    lock(&self.notes).refused.push(format!("{status} {text}"));
                    return;
                }
                Answer::Unavailable(_) => {
                    lock(&self.notes).retries += 1;
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
            }
        }
        let mut notes = lock(&self.notes);
        ids.iter().for_each(|id| notes.history.acknowledged(*id));
        let now = Instant::now();
        if let Some(last) = notes.last_answer.replace(now) {
            notes.worst_gap = notes.worst_gap.max(now - last);
            notes.gap = notes.gap.max(now - last);
        }
    }
}

/// The raw item of a write. Its time is its own, so that sending it again is the same statement.
pub fn raw_item(seed: u64, id: WriteId, words: &str) -> Value {
    let mut item = json!({
        "source": source(seed), "source_id": source_id(id.key), "text": text(seed, id, words),
        "timestamp": SystemClock.now().to_string(), "source_kind": "social",
    });
    if id.key.is_multiple_of(OFFICIAL_EVERY) {
        // Far enough from each other to be happenings of their own, most of them.
        let (lat, lon) = (f64::from(id.key / OFFICIAL_EVERY % 60), f64::from(id.key / OFFICIAL_EVERY % 170));
        item["source_kind"] = json!("official");
        item["title"] = json!(format!("Severe flooding, bulletin {}", id.key));
        item["stated"] = json!({
            "hazard": "flood", "severity": "high", "lat": lat, "lon": lon, "place": format!("Place {}", id.key),
            "event_id": format!("chaos-{seed:x}-{}", id.key),
        });
    }
    item
}

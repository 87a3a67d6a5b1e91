//! The one writer: it gathers the appends that wait, makes them durable with one sync, and answers their callers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crisislens_model::{Clock, NewRecord, Timestamp, Topic};
use fjall::{Keyspace, OwnedWriteBatch, PersistMode};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use super::codec::{self, place_key};
use super::events;
use super::open;
use super::slot::{Opening, Slot};
use super::store::{Store, TopicStore, unavailable};
use crate::{LogError, Placed, partition_for};

/// How long the writer waits for a flush. Beyond that something is wrong, and the commit finds out what.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// After a failure, how often the log is opened again at most.
const OPEN_AGAIN_EVERY: Duration = Duration::from_secs(1);

/// The records of one append, waiting.
pub(super) struct Request {
    pub records: Vec<NewRecord>,
    /// Of all records, as [`NewRecord::size`] counts.
    pub bytes: usize,
    pub reply: oneshot::Sender<Result<Vec<Placed>, LogError>>,
    /// Its share of the queue, given back when it is answered.
    pub room: [OwnedSemaphorePermit; 2],
}

/// The writer thread's state.
pub(super) struct Writer {
    /// Where the store is; only the writer exchanges it.
    pub slot: Arc<Slot>,
    pub opening: Opening,
    pub clock: Arc<dyn Clock>,
    /// In the order of [`Topic::ALL`].
    pub changes: Vec<watch::Sender<u64>>,
    pub commit_records: usize,
    pub commit_bytes: usize,
    /// Bound of all write buffers.
    pub write_buffers_bytes: u64,
    /// A topic goes on in a new segment after so many bytes.
    pub segment_bytes: u64,
    /// Why nothing is written now. After a failed commit it is unknown what is in the journal, and an offset must not
    /// be given twice: the log is opened again, which reads from disk how far it really goes.
    pub failure: Option<Failure>,
}

/// A commit that failed.
pub(super) struct Failure {
    reason: String,
    /// When the log was last tried to be opened again.
    tried: Option<Instant>,
}

/// An append whose records have their places, until the commit is durable.
struct Staged {
    placed: Vec<Placed>,
    reply: oneshot::Sender<Result<Vec<Placed>, LogError>>,
    _room: [OwnedSemaphorePermit; 2],
}

/// Where a partition that this commit touches goes on.
struct Tail {
    /// The segment that is written.
    keyspace: Keyspace,
    /// Next offset.
    end: u64,
    /// Bytes of all records before it.
    bytes: u64,
}

impl Writer {
    /// Writes until every sender is gone.
    pub fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        while let Some(first) = queue.blocking_recv() {
            let store = self.usable();
            if let Ok(store) = &store {
                self.await_buffers(store);
            }
            let requests = self.gather(first, &mut queue);
            match store {
                Ok(store) => self.serve(&store, requests),
                Err(reason) => refuse(requests, &reason),
            }
        }
        if let Ok(store) = self.slot.store()
            && let Err(error) = store.sync()
        {
            events::sync_failed(&error);
        }
    }

    /// The store, opened again where a write has failed; or why nothing can be written now.
    fn usable(&mut self) -> Result<Arc<Store>, String> {
        if let Some(failure) = &mut self.failure {
            if failure.tried.is_some_and(|tried| tried.elapsed() < OPEN_AGAIN_EVERY) {
                return Err(failure.reason.clone());
            }
            failure.tried = Some(Instant::now());
            if let Err(why) = self.opening.exchange(&self.slot, &failure.reason) {
                events::not_opened_again(&why);
                return Err(failure.reason.clone());
            }
            events::opened_again();
            self.failure = None;
            // What failed may be there after all.
            self.changes.iter().for_each(|changes| changes.send_modify(|count| *count += 1));
        }
        self.slot.store().map_err(|error| error.to_string())
    }

    /// Waits until the write buffers are below their bound.
    ///
    /// The engine's own brake counts sealed buffers, but the thread that seals them is the one that compacts: while it
    /// does that, an open buffer would grow with the load (measured: 450 MiB after 2 GiB at full speed).
    fn await_buffers(&self, store: &Store) {
        let waiting = Instant::now();
        while store.db.write_buffer_size() > self.write_buffers_bytes && waiting.elapsed() < LONGEST_WAIT {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn gather(&self, first: Request, queue: &mut mpsc::Receiver<Request>) -> Vec<Request> {
        let (mut records, mut bytes) = (first.records.len(), first.bytes);
        let mut requests = vec![first];
        while records < self.commit_records && bytes < self.commit_bytes {
            let Ok(next) = queue.try_recv() else { break };
            records += next.records.len();
            bytes += next.bytes;
            requests.push(next);
        }
        requests
    }

    fn serve(&mut self, store: &Store, requests: Vec<Request>) {
        let started = Instant::now();
        let mut tails = BTreeMap::new();
        let mut batch = store.db.batch().durability(Some(PersistMode::SyncAll));
        let now = self.clock.now();
        let staged: Vec<_> =
            requests.into_iter().map(|request| stage(store, request, now, &mut tails, &mut batch)).collect();
        let records = batch.len();
        match batch.commit() {
            Ok(()) => {
                self.publish(store, &tails);
                events::committed(records, staged.len(), started.elapsed());
                for append in staged {
                    let _ = append.reply.send(Ok(append.placed));
                }
                self.roll(store, &tails);
            }
            Err(error) => self.fail(&error, staged),
        }
    }

    /// Makes durable records readable and wakes those who wait for them.
    fn publish(&self, store: &Store, tails: &BTreeMap<(Topic, u32), Tail>) {
        let mut last = None;
        for ((topic, partition), tail) in tails {
            let state = &store.topic(*topic).partitions[*partition as usize];
            state.bytes.store(tail.bytes, Ordering::Relaxed);
            state.end.store(tail.end, Ordering::Release);
        }
        for (topic, _) in tails.keys() {
            if last.replace(*topic) != Some(*topic) {
                self.changes[topic.index()].send_modify(|count| *count += 1);
            }
        }
    }

    /// Lets topics whose segment is full go on in a new one. Where that fails, the old one is filled further.
    fn roll(&self, store: &Store, tails: &BTreeMap<(Topic, u32), Tail>) {
        let topics: BTreeSet<Topic> = tails.keys().map(|(topic, _)| *topic).collect();
        for topic in topics.into_iter().map(|topic| store.topic(topic)) {
            if topic.segment_bytes() < self.segment_bytes {
                continue;
            }
            let create = |name: &str| open::segment(&store.db, topic.topic, name, &self.opening.options);
            let rolled = topic.segments.roll(&store.db, &store.meta, topic.topic, topic.bases(), create);
            if let Err(error) = rolled {
                events::not_rolled(topic.topic, &error);
            }
        }
    }

    fn fail(&mut self, error: &fjall::Error, staged: Vec<Staged>) {
        let reason = format!("a write failed, and the log must be opened again: {error}");
        events::commit_failed(&reason);
        for append in staged {
            let _ = append.reply.send(Err(unavailable(error)));
        }
        self.failure = Some(Failure { reason, tried: None });
    }
}

fn refuse(requests: Vec<Request>, reason: &str) {
    for request in requests {
        // A caller that went away needs no answer, here and elsewhere.
        let _ = request.reply.send(Err(LogError::Unavailable(reason.to_owned())));
    }
}

/// Gives the records of an append their places.
fn stage(
    store: &Store,
    request: Request,
    now: Timestamp,
    tails: &mut BTreeMap<(Topic, u32), Tail>,
    batch: &mut OwnedWriteBatch,
) -> Staged {
    let place = |record: NewRecord| {
        let topic = store.topic(record.topic);
        let partition = partition_for(&record.key, topic.partitions.len() as u32);
        let tail = tails.entry((record.topic, partition)).or_insert_with(|| tail(topic, partition));
        let key = place_key(partition, tail.end);
        batch.insert(&tail.keyspace, key, codec::encode(&key, now, tail.bytes, &record));
        let placed = Placed { topic: record.topic, partition, offset: tail.end };
        tail.end += 1;
        tail.bytes += record.size() as u64;
        placed
    };
    let placed = request.records.into_iter().map(place).collect();
    Staged { placed, reply: request.reply, _room: request.room }
}

fn tail(topic: &TopicStore, partition: u32) -> Tail {
    let state = &topic.partitions[partition as usize];
    Tail {
        keyspace: topic.segments.last().keyspace.clone(),
        end: state.end.load(Ordering::Relaxed),
        bytes: state.bytes.load(Ordering::Relaxed),
    }
}

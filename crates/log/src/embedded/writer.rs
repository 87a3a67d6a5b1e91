//! The one writer: it gathers the appends that wait, makes them durable with one sync, and answers their callers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crisislens_model::{Clock, NewRecord, Timestamp, Topic};
use fjall::{OwnedWriteBatch, PersistMode};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use super::codec::{self, place_key};
use super::events;
use super::store::{Store, unavailable};
use crate::{LogError, Placed, partition_for};

/// How long the writer waits for a flush. Beyond that something is wrong, and the commit finds out what.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The records of one append, waiting.
pub(super) struct Request {
    pub records: Vec<NewRecord>,
    /// Of all records, as [`codec::size`] counts.
    pub bytes: usize,
    pub reply: oneshot::Sender<Result<Vec<Placed>, LogError>>,
    /// Its share of the queue, given back when it is answered.
    pub room: [OwnedSemaphorePermit; 2],
}

/// The writer thread's state.
pub(super) struct Writer {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    /// In the order of [`Topic::ALL`].
    pub changes: Vec<watch::Sender<u64>>,
    pub commit_records: usize,
    pub commit_bytes: usize,
    /// Bound of all write buffers.
    pub write_buffers_bytes: u64,
    /// Why nothing more is written. After a failed commit it is unknown what is in the journal, and an offset must not
    /// be given twice: the next open reads from disk how far the log really goes.
    pub failure: Option<String>,
}

/// An append whose records have their places, until the commit is durable.
struct Staged {
    placed: Vec<Placed>,
    reply: oneshot::Sender<Result<Vec<Placed>, LogError>>,
    _room: [OwnedSemaphorePermit; 2],
}

/// Next offset and bytes of a partition that this commit touches.
#[derive(Clone, Copy)]
struct Tail {
    end: u64,
    bytes: u64,
}

impl Writer {
    /// Writes until every sender is gone.
    pub fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        while let Some(first) = queue.blocking_recv() {
            self.await_buffers();
            let requests = self.gather(first, &mut queue);
            self.serve(requests);
        }
        if let Err(error) = self.store.sync() {
            events::sync_failed(&error);
        }
    }

    /// Waits until the write buffers are below their bound.
    ///
    /// The engine's own brake counts sealed buffers, but the thread that seals them is the one that compacts: while it
    /// does that, an open buffer would grow with the load (measured: 450 MiB after 2 GiB at full speed).
    fn await_buffers(&self) {
        if self.failure.is_some() {
            return;
        }
        let waiting = Instant::now();
        while self.store.db.write_buffer_size() > self.write_buffers_bytes && waiting.elapsed() < LONGEST_WAIT
        {
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

    fn serve(&mut self, requests: Vec<Request>) {
        if let Some(reason) = &self.failure {
            for request in requests {
                // A caller that went away needs no answer, here and below.
                let _ = request.reply.send(Err(LogError::Unavailable(reason.clone())));
            }
            return;
        }
        let started = Instant::now();
        let mut tails = BTreeMap::new();
        let mut batch = self.store.db.batch().durability(Some(PersistMode::SyncAll));
        let now = self.clock.now();
        let staged: Vec<_> =
            requests.into_iter().map(|request| self.stage(request, now, &mut tails, &mut batch)).collect();
        let records = batch.len();
        match batch.commit() {
            Ok(()) => {
                self.publish(&tails);
                events::committed(records, staged.len(), started.elapsed());
                for append in staged {
                    let _ = append.reply.send(Ok(append.placed));
                }
            }
            Err(error) => self.fail(&error, staged),
        }
    }

    fn stage(
        &self,
        request: Request,
        now: Timestamp,
        tails: &mut BTreeMap<(Topic, u32), Tail>,
        batch: &mut OwnedWriteBatch,
    ) -> Staged {
        let place = |record: NewRecord| {
            let topic = self.store.topic(record.topic);
            let partition = partition_for(&record.key, topic.partitions.len() as u32);
            let tail =
                tails.entry((record.topic, partition)).or_insert_with(|| self.tail(record.topic, partition));
            let key = place_key(partition, tail.end);
            batch.insert(&topic.keyspace, key, codec::encode(&key, now, tail.bytes, &record));
            let placed = Placed { topic: record.topic, partition, offset: tail.end };
            tail.end += 1;
            tail.bytes += codec::size(&record) as u64;
            placed
        };
        let placed = request.records.into_iter().map(place).collect();
        Staged { placed, reply: request.reply, _room: request.room }
    }

    fn tail(&self, topic: Topic, partition: u32) -> Tail {
        let partition = &self.store.topic(topic).partitions[partition as usize];
        Tail { end: partition.end.load(Ordering::Relaxed), bytes: partition.bytes.load(Ordering::Relaxed) }
    }

    /// Makes durable records readable and wakes those who wait for them.
    fn publish(&self, tails: &BTreeMap<(Topic, u32), Tail>) {
        let mut last = None;
        for ((topic, partition), tail) in tails {
            let state = &self.store.topic(*topic).partitions[*partition as usize];
            state.bytes.store(tail.bytes, Ordering::Relaxed);
            state.end.store(tail.end, Ordering::Release);
        }
        for (topic, _) in tails.keys() {
            if last.replace(*topic) != Some(*topic) {
                self.changes[topic.index()].send_modify(|count| *count += 1);
            }
        }
    }

    fn fail(&mut self, error: &fjall::Error, staged: Vec<Staged>) {
        let reason =
            format!("a write failed, and nothing more is written until the log is opened again: {error}");
        events::commit_failed(&reason);
        for append in staged {
            let _ = append.reply.send(Err(unavailable(error)));
        }
        self.failure = Some(reason);
    }
}

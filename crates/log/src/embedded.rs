//! The log on this machine's disk: one fjall database, one writer, group commit, sync before every answer.

mod codec;
mod compaction;
mod events;
mod groups;
mod meta;
mod open;
mod options;
mod retention;
mod segments;
mod slot;
mod store;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use crisislens_model::{Clock, NewRecord, Topic};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use crate::{
    Appending, Bounds, EventLog, GroupView, LogError, LogRecord, Membership, ReadLimit, TopicDefinitions,
};
use groups::Groups;
pub use options::EmbeddedOptions;
use slot::{Opening, Slot};
use store::Store;
use writer::{Request, Writer};

/// The embedded engine.
pub struct EmbeddedLog {
    definitions: TopicDefinitions,
    options: EmbeddedOptions,
    epoch: u32,
    clock: Arc<dyn Clock>,
    /// Empty once the log is closed, and for a moment while the writer opens it again.
    slot: Arc<Slot>,
    /// The way to the writer; gone once the log is closed, and then the writer ends.
    queue: Mutex<Option<mpsc::Sender<Request>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Room in the queue, in records and in bytes.
    record_room: Arc<Semaphore>,
    byte_room: Arc<Semaphore>,
    /// Bounds the reads on the blocking pool.
    read_room: Arc<Semaphore>,
    /// Retention runs once at a time.
    retention_turn: Arc<Semaphore>,
    /// In the order of [`Topic::ALL`].
    changes: Vec<watch::Sender<u64>>,
    groups: Groups,
}

impl EmbeddedLog {
    /// Opens the log in `dir`, or creates it there. Blocks on the disk.
    ///
    /// Errors with [`LogError::InUse`] if another process has it open, with [`LogError::Definition`] if a topic has
    /// fewer partitions than before, and with [`LogError::Unavailable`] if the disk cannot be used.
    pub fn open(
        dir: impl AsRef<Path>,
        definitions: TopicDefinitions,
        clock: Arc<dyn Clock>,
        options: EmbeddedOptions,
    ) -> Result<Arc<Self>, LogError> {
        let options = options.sane();
        let (store, id) = open::open(dir.as_ref(), &definitions, &options)?;
        let slot = Arc::new(Slot::new(store));
        let changes: Vec<_> = Topic::ALL.map(|_| watch::Sender::new(0)).into();
        let writer = Writer {
            slot: Arc::clone(&slot),
            opening: Opening {
                dir: dir.as_ref().to_owned(),
                definitions: definitions.clone(),
                options: options.clone(),
                id,
                ends: None,
            },
            clock: Arc::clone(&clock),
            changes: changes.clone(),
            commit_records: options.commit_records,
            commit_bytes: options.commit_bytes,
            write_buffers_bytes: options.write_buffers_bytes,
            segment_bytes: options.segment_bytes,
            failure: None,
        };
        let (sender, queue) = mpsc::channel(options.queue_records);
        let thread = std::thread::Builder::new().name("log-writer".to_owned()).spawn(|| writer.run(queue));
        let thread = thread.map_err(|e| LogError::Unavailable(e.to_string()))?;
        Ok(Arc::new(Self {
            definitions,
            epoch: crc32fast::hash(id.as_bytes()),
            clock,
            slot,
            queue: Mutex::new(Some(sender)),
            writer: Mutex::new(Some(thread)),
            record_room: Arc::new(Semaphore::new(options.queue_records)),
            byte_room: Arc::new(Semaphore::new(options.queue_bytes)),
            read_room: Arc::new(Semaphore::new(options.concurrent_reads)),
            retention_turn: Arc::new(Semaphore::new(1)),
            changes,
            groups: Groups::default(),
            options,
        }))
    }

    fn store(&self) -> Result<Arc<Store>, LogError> {
        self.slot.store()
    }

    fn queue(&self) -> Result<mpsc::Sender<Request>, LogError> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(LogError::Closed)
    }

    /// Waits for room in the queue. What is larger than the queue takes all of it, and so passes alone.
    async fn room(&self, records: usize, bytes: usize) -> Result<[OwnedSemaphorePermit; 2], LogError> {
        let records = records.min(self.options.queue_records) as u32;
        let bytes = bytes.min(self.options.queue_bytes) as u32;
        let closed = |_| LogError::Closed;
        let record_room = Arc::clone(&self.record_room).acquire_many_owned(records).await.map_err(closed)?;
        let byte_room = Arc::clone(&self.byte_room).acquire_many_owned(bytes).await.map_err(closed)?;
        events::queue_room(self.record_room.available_permits(), self.byte_room.available_permits());
        Ok([record_room, byte_room])
    }

    /// Ends the ways in, and returns the writer if this call was the first to do so.
    fn shut(&self) -> Option<JoinHandle<()>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.record_room.close();
        self.byte_room.close();
        self.read_room.close();
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl EventLog for EmbeddedLog {
    fn definitions(&self) -> &TopicDefinitions {
        &self.definitions
    }

    fn epoch(&self) -> u32 {
        self.epoch
    }

    async fn enqueue(&self, records: Vec<NewRecord>) -> Result<Appending, LogError> {
        let bytes = self.definitions.checked_bytes(&records)?;
        let queue = self.queue()?;
        if records.is_empty() {
            return Ok(Appending::done(Vec::new()));
        }
        let room = self.room(records.len(), bytes).await?;
        let (reply, answer) = oneshot::channel();
        let request = Request { records, bytes, reply, room };
        queue.send(request).await.map_err(|_| writer_gone())?;
        drop(queue);
        Ok(Appending::new(async move { answer.await.map_err(|_| writer_gone())? }))
    }

    async fn read(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        limit: ReadLimit,
    ) -> Result<Vec<LogRecord>, LogError> {
        let store = self.store()?;
        let behind = store.topic(topic).bounds_with(partition, from)?.end - from;
        if behind == 0 {
            return Ok(Vec::new());
        }
        // The newest records are in memory, and to change threads costs more than to fetch them.
        if behind <= self.options.inline_read_records {
            return store.topic(topic).read(partition, from, limit);
        }
        let room = Arc::clone(&self.read_room).acquire_owned().await.map_err(|_| LogError::Closed)?;
        blocking(move || {
            let _room = room;
            store.topic(topic).read(partition, from, limit)
        })
        .await
    }

    async fn bounds(&self, topic: Topic, partition: u32) -> Result<Bounds, LogError> {
        Ok(self.store()?.topic(topic).partition(partition)?.bounds())
    }

    fn changes(&self, topic: Topic) -> watch::Receiver<u64> {
        self.changes[topic.index()].subscribe()
    }

    async fn join(&self, group: &str, topic: Topic) -> Result<Membership, LogError> {
        self.queue()?;
        Ok(self.groups.join(group, topic, self.definitions.get(topic).partitions))
    }

    async fn groups(&self) -> Result<Vec<GroupView>, LogError> {
        self.queue()?;
        Ok(self.groups.view())
    }

    fn rebalances(&self) -> BTreeMap<(String, Topic), u64> {
        self.groups.rebalances()
    }

    async fn enforce_retention(&self) -> Result<(), LogError> {
        let store = self.store()?;
        let turn = Arc::clone(&self.retention_turn).acquire_owned().await.map_err(|_| LogError::Closed)?;
        let (definitions, now) = (self.definitions.clone(), self.clock.now());
        blocking(move || {
            let _turn = turn;
            retention::enforce(&store, &definitions, now)
        })
        .await
    }

    async fn close(&self, within: Duration) -> Result<(), LogError> {
        let deadline = Instant::now() + within;
        let writer = self.shut();
        self.groups.dissolve();
        let finished = blocking(move || {
            if let Some(writer) = writer {
                writer.join().map_err(|_| LogError::Unavailable("the log's writer failed".to_owned()))?;
            }
            Ok(())
        });
        let finished = tokio::time::timeout(within, finished).await;
        let Some(store) = self.slot.close() else { return Ok(()) };
        // Who waits for new records learns from the next read that the log is closed.
        self.changes.iter().for_each(|changes| changes.send_modify(|count| *count += 1));
        finished.map_err(|_| too_slow(within))??;
        let released = blocking(move || Ok(release(store, deadline))).await?;
        if released { Ok(()) } else { Err(too_slow(within)) }
    }
}

impl Drop for EmbeddedLog {
    /// Waits for the commit in flight, so that the directory is free afterwards; it is at most one sync.
    fn drop(&mut self) {
        if let Some(writer) = self.shut() {
            let _ = writer.join();
        }
    }
}

/// Closes the database once nobody reads any more; false if that takes too long.
fn release(store: Arc<Store>, deadline: Instant) -> bool {
    while Arc::strong_count(&store) > 1 {
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| LogError::Unavailable(format!("the log's work did not finish: {e}")))?
}

fn too_slow(within: Duration) -> LogError {
    LogError::Unavailable(format!("the log did not close within {} ms", within.as_millis()))
}

fn writer_gone() -> LogError {
    LogError::Unavailable("the log's writer has ended".to_owned())
}

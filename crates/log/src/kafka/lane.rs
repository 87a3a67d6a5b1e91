//! A lane: one consumer without a group, on a thread of its own, that fills windows of the partitions of one topic.
//!
//! The thread does nothing but fetch, so no handler can keep it from polling. Windows above the high mark pause.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crisislens_model::Topic;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::sync::{Notify, watch};

use super::context::{Listening, Trouble};
use super::convert;
use super::window::{Window, WindowLimits};
use crate::{LogError, LogRecord};

/// How long the thread waits for records before it looks for orders.
const POLL: Duration = Duration::from_millis(20);
/// Most records taken from the consumer before they are handed to readers.
const GATHER: usize = 1000;

/// A lane's handle. Dropping it ends the thread.
pub(super) struct Lane {
    windows: Arc<Windows>,
    orders: Sender<Order>,
    generation: AtomicU64,
}

/// What readers and the thread share.
#[derive(Default)]
struct Windows {
    by_partition: Mutex<HashMap<u32, Window>>,
    arrived: Notify,
}

enum Order {
    Assign { partition: u32, from: u64, generation: u64 },
    Unassign { partition: u32 },
}

struct Fetcher {
    topic: Topic,
    name: String,
    consumer: BaseConsumer<Listening>,
    windows: Arc<Windows>,
    orders: Receiver<Order>,
    /// The generation that each assigned partition was assigned for.
    assigned: HashMap<u32, u64>,
    limits: WindowLimits,
    changes: watch::Sender<u64>,
}

impl Lane {
    /// Starts a lane of `topic`, called `name` on the brokers. `changes` counts up whenever records have come.
    pub fn start(
        config: &ClientConfig,
        topic: Topic,
        name: &str,
        limits: WindowLimits,
        changes: watch::Sender<u64>,
        trouble: Trouble,
    ) -> Result<Self, LogError> {
        let unusable =
            |error: KafkaError| LogError::Setup(format!("the Kafka reader cannot be made: {error}"));
        let consumer: BaseConsumer<Listening> =
            config.create_with_context(Listening { trouble }).map_err(unusable)?;
        let windows = Arc::<Windows>::default();
        let (orders, receiver) = mpsc::channel();
        let fetcher = Fetcher {
            topic,
            name: name.to_owned(),
            consumer,
            windows: Arc::clone(&windows),
            orders: receiver,
            assigned: HashMap::new(),
            limits,
            changes,
        };
        std::thread::Builder::new()
            .name(format!("read-{topic}"))
            .spawn(move || fetcher.run())
            .map_err(|error| LogError::Unavailable(error.to_string()))?;
        Ok(Self { windows, orders, generation: AtomicU64::new(0) })
    }

    /// The windows of its partitions.
    pub fn windows(&self) -> MutexGuard<'_, HashMap<u32, Window>> {
        self.windows.state()
    }

    /// Wakes whenever records or the end of a partition have come.
    pub fn arrived(&self) -> &Notify {
        &self.windows.arrived
    }

    /// Makes a new window of `partition` that begins at `from`.
    pub fn assign(&self, windows: &mut HashMap<u32, Window>, partition: u32, from: u64) {
        let generation = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
        windows.insert(partition, Window::new(generation, from));
        let _ = self.orders.send(Order::Assign { partition, from, generation });
    }

    /// Fetches `partition` no more.
    pub fn unassign(&self, windows: &mut HashMap<u32, Window>, partition: u32) {
        if windows.remove(&partition).is_some() {
            let _ = self.orders.send(Order::Unassign { partition });
        }
    }
}

impl Windows {
    fn state(&self) -> MutexGuard<'_, HashMap<u32, Window>> {
        // Every change leaves a window whole, so a panic elsewhere has not broken it.
        self.by_partition.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fetcher {
    fn run(mut self) {
        loop {
            loop {
                match self.orders.try_recv() {
                    Ok(order) => self.obey(&order),
                    Err(mpsc::TryRecvError::Empty) => break,
                    Err(mpsc::TryRecvError::Disconnected) => return,
                }
            }
            let (records, ended) = self.gather();
            if !records.is_empty() || !ended.is_empty() {
                self.hand_over(records, &ended);
            }
            self.regulate();
        }
    }

    fn obey(&mut self, order: &Order) {
        match *order {
            Order::Assign { partition, from, generation } => {
                self.unassign(partition);
                let from = i64::try_from(from).unwrap_or(i64::MAX);
                match self.consumer.incremental_assign(&self.list(partition, Offset::Offset(from))) {
                    Ok(()) => {
                        self.assigned.insert(partition, generation);
                    }
                    Err(error) => {
                        tracing::warn!(topic = %self.topic, partition, %error, "cannot fetch a partition")
                    }
                }
            }
            Order::Unassign { partition } => self.unassign(partition),
        }
    }

    fn unassign(&mut self, partition: u32) {
        if self.assigned.remove(&partition).is_none() {
            return;
        }
        let list = self.list(partition, Offset::Invalid);
        // The client remembers that a partition is paused even while it is not assigned.
        if let Err(error) =
            self.consumer.resume(&list).and_then(|()| self.consumer.incremental_unassign(&list))
        {
            tracing::warn!(topic = %self.topic, partition, %error, "cannot let a partition go");
        }
    }

    fn list(&self, partition: u32, offset: Offset) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        // Fails only for offsets that cannot be: none of ours.
        let _ = list.add_partition_offset(&self.name, partition.cast_signed(), offset);
        list
    }

    /// What the consumer has now: records, and partitions whose end was reached.
    fn gather(&self) -> (Vec<LogRecord>, Vec<u32>) {
        let (mut records, mut ended) = (Vec::new(), Vec::new());
        let mut bytes = 0;
        let mut wait = POLL;
        // In bytes too: a thousand of the largest records would be ten gigabytes.
        while records.len() < GATHER && bytes < self.limits.high_bytes {
            match self.consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => {
                    let record = convert::record(self.topic, &message);
                    bytes += convert::size_read(&record);
                    records.push(record);
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => ended.push(partition.unsigned_abs()),
                // Readers that wait find out what is wrong with their partition; those that sleep are woken to do so.
                Some(Err(error)) => {
                    tracing::debug!(topic = %self.topic, %error, "fetching");
                    self.changes.send_modify(|count| *count += 1);
                }
            }
            wait = Duration::ZERO;
        }
        (records, ended)
    }

    fn hand_over(&self, records: Vec<LogRecord>, ended: &[u32]) {
        let mut windows = self.windows.state();
        let is_current =
            |partition: u32, window: &Window| self.assigned.get(&partition) == Some(&window.generation);
        let any = !records.is_empty();
        for record in records {
            let partition = record.partition;
            if let Some(window) = windows.get_mut(&partition).filter(|window| is_current(partition, window)) {
                window.push(record);
            }
        }
        for partition in ended {
            if let Some(window) = windows.get_mut(partition).filter(|window| is_current(*partition, window)) {
                window.at_end = true;
            }
        }
        drop(windows);
        self.windows.arrived.notify_waiters();
        if any {
            self.changes.send_modify(|count| *count += 1);
        }
    }

    fn regulate(&self) {
        let mut windows = self.windows.state();
        for (partition, window) in windows.iter_mut() {
            if self.assigned.get(partition) != Some(&window.generation) {
                continue;
            }
            let Some(pause) = window.flow(self.limits) else { continue };
            let list = self.list(*partition, Offset::Invalid);
            let done = if pause { self.consumer.pause(&list) } else { self.consumer.resume(&list) };
            match done {
                Ok(()) => window.paused = pause,
                Err(error) => {
                    tracing::warn!(topic = %self.topic, partition, %error, "cannot pause or resume")
                }
            }
        }
    }
}

impl Window {
    /// Whether nobody has read it for `idle`.
    pub(super) fn is_idle(&self, now: Instant, idle: Duration) -> bool {
        now.duration_since(self.last_read) > idle
    }
}

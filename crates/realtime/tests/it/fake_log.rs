//! A log in memory, with retention and failures on demand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use crisislens_log::{
    Appending, Bounds, EventLog, GroupView, LogError, LogRecord, Membership, Placed, ReadLimit,
    TopicDefinitions,
};
use crisislens_model::{NewRecord, Topic};
use tokio::sync::watch;

use crate::support::{APPENDED_AT, EPOCH, PARTITIONS};

#[derive(Default)]
struct Partition {
    start: u64,
    records: Vec<LogRecord>,
}

/// See the module.
pub struct FakeLog {
    partitions: Mutex<HashMap<(Topic, u32), Partition>>,
    changes: HashMap<Topic, watch::Sender<u64>>,
    failures: Mutex<u32>,
    /// How many partitions the topics have.
    counts: Mutex<HashMap<Topic, u32>>,
}

impl FakeLog {
    pub fn new() -> Arc<Self> {
        let changes = Topic::ALL.into_iter().map(|topic| (topic, watch::Sender::new(0))).collect();
        let counts = Mutex::new(PARTITIONS.into_iter().collect());
        Arc::new(Self { partitions: Mutex::default(), changes, failures: Mutex::new(0), counts })
    }

    /// Adds partitions to a topic.
    pub fn grow(&self, topic: Topic, partitions: u32) {
        self.counts.lock().unwrap().insert(topic, partitions);
        self.changes[&topic].send_modify(|count| *count += 1);
    }

    /// Appends to a partition of the test's choice.
    pub fn put(&self, partition: u32, record: NewRecord) -> u64 {
        let topic = record.topic;
        let mut partitions = self.partitions.lock().unwrap();
        let kept = partitions.entry((topic, partition)).or_default();
        let offset = kept.start + kept.records.len() as u64;
        kept.records.push(LogRecord {
            topic,
            partition,
            offset,
            timestamp: APPENDED_AT,
            key: record.key.into(),
            value: record.value.map(Into::into),
            headers: record.headers,
        });
        drop(partitions);
        self.changes[&topic].send_modify(|count| *count += 1);
        offset
    }

    /// Everything kept of a partition from `from` on, at most `most`.
    pub fn slice(&self, topic: Topic, partition: u32, from: u64, most: usize) -> Vec<LogRecord> {
        let partitions = self.partitions.lock().unwrap();
        let Some(kept) = partitions.get(&(topic, partition)) else { return Vec::new() };
        kept.records.iter().filter(|record| record.offset >= from).take(most).cloned().collect()
    }

    /// Drops everything before `start`.
    pub fn expire(&self, topic: Topic, partition: u32, start: u64) {
        let mut partitions = self.partitions.lock().unwrap();
        let kept = partitions.get_mut(&(topic, partition)).unwrap();
        kept.records.retain(|record| record.offset >= start);
        kept.start = start;
    }

    /// Lets the next reads fail.
    pub fn fail(&self, times: u32) {
        *self.failures.lock().unwrap() = times;
    }

    fn check(&self) -> Result<(), LogError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures == 0 {
            return Ok(());
        }
        *failures -= 1;
        Err(LogError::Unavailable("the test says so".to_owned()))
    }
}

#[async_trait]
impl EventLog for FakeLog {
    fn definitions(&self) -> &TopicDefinitions {
        unimplemented!("the tail takes its partitions from the hub")
    }

    fn partitions(&self, topic: Topic) -> u32 {
        self.counts.lock().unwrap().get(&topic).copied().unwrap_or(0)
    }

    fn rebalances(&self) -> std::collections::BTreeMap<(String, Topic), u64> {
        std::collections::BTreeMap::new()
    }

    fn epoch(&self) -> u32 {
        EPOCH
    }

    async fn enqueue(&self, records: Vec<NewRecord>) -> Result<Appending, LogError> {
        let place = |record: NewRecord| {
            let topic = record.topic;
            Placed { topic, partition: 0, offset: self.put(0, record) }
        };
        Ok(Appending::done(records.into_iter().map(place).collect()))
    }

    async fn read(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        limit: ReadLimit,
    ) -> Result<Vec<LogRecord>, LogError> {
        self.check()?;
        let Bounds { start, end } = self.bounds(topic, partition).await?;
        if from < start || from > end {
            return Err(LogError::OutOfRange { topic, partition, asked: from, start, end });
        }
        Ok(self.slice(topic, partition, from, limit.records))
    }

    async fn bounds(&self, topic: Topic, partition: u32) -> Result<Bounds, LogError> {
        if partition >= EventLog::partitions(self, topic) {
            return Err(LogError::NoPartition { topic, partition });
        }
        let mut partitions = self.partitions.lock().unwrap();
        let kept = partitions.entry((topic, partition)).or_default();
        Ok(Bounds { start: kept.start, end: kept.start + kept.records.len() as u64 })
    }

    fn changes(&self, topic: Topic) -> watch::Receiver<u64> {
        self.changes[&topic].subscribe()
    }

    async fn join(&self, _group: &str, _topic: Topic) -> Result<Membership, LogError> {
        unimplemented!("the tail joins no group")
    }

    async fn groups(&self) -> Result<Vec<GroupView>, LogError> {
        Ok(Vec::new())
    }

    async fn enforce_retention(&self) -> Result<(), LogError> {
        Ok(())
    }

    async fn close(&self, _within: Duration) -> Result<(), LogError> {
        Ok(())
    }
}

//! A log that fails when told to, in front of one that works.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use crisislens_log::{
    Appending, Bounds, EventLog, GroupView, LogError, LogRecord, MemberControl, Membership, ReadLimit,
    TopicDefinitions,
};
use crisislens_model::{NewRecord, Topic};
use tokio::sync::watch;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFault {
    /// Nothing.
    #[default]
    None,
    /// Appends and reads answer that the log is unavailable, and do nothing.
    Down,
    /// Appends are done and answer that the log is unavailable.
    AppendsWithoutSayingSo,
    /// Appends are done and never answer: as if the process had died right then.
    AppendsAndHangs,
    /// Nothing is done and nothing answers: brokers that are gone, before a client gives up.
    Hangs,
    /// An append with a record that has a header [`REFUSED`] is refused for it; others are done.
    Refuses,
    /// Reads answer as if nothing had ever been appended: a log that is looked at before it has found itself.
    LooksEmpty,
}

/// The header of a record that is refused.
pub const REFUSED: &str = "refused";

/// The log in front of another.
pub struct FaultyLog {
    inner: Arc<dyn EventLog>,
    fault: Mutex<LogFault>,
    reads: Mutex<Vec<(Topic, u32, u64)>>,
    gives_everyone_everything: bool,
}

impl FaultyLog {
    /// In front of `inner`, without a fault.
    #[must_use]
    pub fn new(inner: Arc<dyn EventLog>) -> Arc<Self> {
        Arc::new(Self::before(inner, false))
    }

    /// In front of `inner`; every member of a group holds every partition, as a member holds too much that has not
    /// yet seen that it has lost some.
    #[must_use]
    pub fn without_groups(inner: Arc<dyn EventLog>) -> Arc<Self> {
        Arc::new(Self::before(inner, true))
    }

    fn before(inner: Arc<dyn EventLog>, gives_everyone_everything: bool) -> Self {
        Self { inner, fault: Mutex::default(), reads: Mutex::default(), gives_everyone_everything }
    }

    /// From now on this goes wrong.
    pub fn fail(&self, fault: LogFault) {
        *lock(&self.fault) = fault;
    }

    /// Every read so far that reached the log behind: topic, partition and first offset.
    #[must_use]
    pub fn reads(&self) -> Vec<(Topic, u32, u64)> {
        lock(&self.reads).clone()
    }

    fn fault(&self) -> LogFault {
        *lock(&self.fault)
    }

    /// Whether it answers at all.
    async fn answer(&self) -> Result<(), LogError> {
        match self.fault() {
            LogFault::Down => Err(unavailable()),
            LogFault::Hangs => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unavailable() -> LogError {
    LogError::Unavailable("the test has taken the log away".to_owned())
}

/// A membership that holds every partition until it is dropped.
struct HoldsAll(
    #[expect(dead_code, reason = "kept so that the assignment stays open")] watch::Sender<Vec<u32>>,
    #[expect(dead_code, reason = "kept so that nothing stays in its way")] watch::Sender<Option<String>>,
);

impl MemberControl for HoldsAll {
    fn settled(&self, _: &[u32]) {}
    fn consumed(&self, _: u32, _: u64) {}
}

#[async_trait]
impl EventLog for FaultyLog {
    fn definitions(&self) -> &TopicDefinitions {
        self.inner.definitions()
    }

    fn partitions(&self, topic: Topic) -> u32 {
        self.inner.partitions(topic)
    }

    fn epoch(&self) -> u32 {
        self.inner.epoch()
    }

    async fn enqueue(&self, records: Vec<NewRecord>) -> Result<Appending, LogError> {
        self.answer().await?;
        let is_refused = |record: &NewRecord| record.headers.iter().any(|header| header.name == REFUSED);
        if self.fault() == LogFault::Refuses && records.iter().any(is_refused) {
            return Err(LogError::Refused("the test does not want it".to_owned()));
        }
        let appending = self.inner.enqueue(records).await?;
        match self.fault() {
            LogFault::AppendsWithoutSayingSo => {
                appending.await?;
                Err(unavailable())
            }
            LogFault::AppendsAndHangs => {
                appending.await?;
                std::future::pending().await
            }
            LogFault::None | LogFault::Down | LogFault::Hangs | LogFault::Refuses | LogFault::LooksEmpty => {
                Ok(appending)
            }
        }
    }

    async fn read(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        limit: ReadLimit,
    ) -> Result<Vec<LogRecord>, LogError> {
        self.answer().await?;
        if self.fault() == LogFault::LooksEmpty {
            let empty = || LogError::OutOfRange { topic, partition, asked: from, start: 0, end: 0 };
            return if from == 0 { Ok(Vec::new()) } else { Err(empty()) };
        }
        lock(&self.reads).push((topic, partition, from));
        self.inner.read(topic, partition, from, limit).await
    }

    async fn bounds(&self, topic: Topic, partition: u32) -> Result<Bounds, LogError> {
        if self.fault() == LogFault::Hangs {
            std::future::pending::<()>().await;
        }
        self.inner.bounds(topic, partition).await
    }

    fn changes(&self, topic: Topic) -> watch::Receiver<u64> {
        self.inner.changes(topic)
    }

    async fn join(&self, group: &str, topic: Topic) -> Result<Membership, LogError> {
        if !self.gives_everyone_everything {
            return self.inner.join(group, topic).await;
        }
        let partitions = 0..self.definitions().get(topic).partitions;
        let (held, assignment) = watch::channel(partitions.collect());
        let (well, trouble) = watch::channel(None);
        Ok(Membership { assignment, trouble, control: Box::new(HoldsAll(held, well)) })
    }

    async fn groups(&self) -> Result<Vec<GroupView>, LogError> {
        self.inner.groups().await
    }

    fn rebalances(&self) -> BTreeMap<(String, Topic), u64> {
        self.inner.rebalances()
    }

    async fn enforce_retention(&self) -> Result<(), LogError> {
        self.inner.enforce_retention().await
    }

    async fn close(&self, within: Duration) -> Result<(), LogError> {
        self.inner.close(within).await
    }
}

//! A log and a store of a test's own, in a directory or on shared servers, and what runs on them.
#![expect(clippy::unwrap_used, reason = "test support: an engine that fails ends the test")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crisislens_log::embedded::{EmbeddedLog, EmbeddedOptions};
use crisislens_log::{EventLog, LogRecord, ReadLimit, TopicDefinitions};
use crisislens_model::{Clock, NewRecord, Topic};
use crisislens_state::Store;
use crisislens_state::sqlite::SqliteStore;
use crisislens_stream::{
    FailurePolicy, Gate, Handler, Health, Intake, IntakeOptions, Relay, RelayOptions, Runner, RunnerOptions,
};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::shared::{Servers, SharedStore};
use crate::{ManualClock, until};

/// Small batches.
pub const QUICK: RunnerOptions = RunnerOptions { batch_records: 64, batch_bytes: 1 << 20 };

/// A policy that loses no time between tries and delays nothing.
#[must_use]
pub fn quick_policy() -> FailurePolicy {
    FailurePolicy {
        in_place_attempts: 3,
        in_place_back_off: Duration::from_millis(1),
        in_place_back_off_max: Duration::from_millis(4),
        delays: Vec::new(),
        dependency_back_off_max: Duration::from_millis(4),
        ..FailurePolicy::default()
    }
}

/// Everything at once.
const NO_LIMIT: ReadLimit = ReadLimit { records: usize::MAX, bytes: usize::MAX };

/// A log and a store. What was made for them, a directory or topics and a database, goes when this does.
pub struct Engines {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The consumers' clock, at noon of 2026-03-01 UTC; the embedded log's, too.
    pub clock: Arc<ManualClock>,
    /// Wakes the relay.
    pub wake: Arc<Notify>,
    /// What consumers wait for.
    pub health: Health,
    /// Open until a test closes it.
    pub gate: Gate,
    home: Home,
    dir: TempDir,
}

/// What an engine's value is beside its port, so that it can be closed.
enum Home {
    Embedded(Arc<SqliteStore>),
    Shared(SharedStore, Arc<Servers>),
}

impl Engines {
    /// Empty engines in a directory: the embedded log and SQLite.
    pub async fn open() -> Self {
        let clock = Arc::new(ManualClock::at("2026-03-01T12:00:00Z"));
        Self::open_in(TempDir::new().unwrap(), clock).await
    }

    /// Empty engines that several nodes share: topics on the brokers of `CRISISLENS_TEST_KAFKA` and a database on the
    /// server of `CRISISLENS_TEST_POSTGRES`. `None`, and a line that says so, where one of these is not set.
    pub async fn open_shared() -> Option<Self> {
        let servers = Arc::new(Servers::find().await?);
        servers.make_topics().await;
        let clock = Arc::new(ManualClock::at("2026-03-01T12:00:00Z"));
        Some(Self::open_on(servers, TempDir::new().unwrap(), clock).await)
    }

    async fn open_in(dir: TempDir, clock: Arc<ManualClock>) -> Self {
        let definitions = TopicDefinitions::shipped().unwrap();
        let time: Arc<dyn Clock> = clock.clone();
        let log =
            EmbeddedLog::open(dir.path().join("log"), definitions, time, EmbeddedOptions::default()).unwrap();
        let store = Arc::new(SqliteStore::open(&dir.path().join("state.db")).await.unwrap());
        Self::of(log, store.clone(), clock, Home::Embedded(store), dir)
    }

    async fn open_on(servers: Arc<Servers>, dir: TempDir, clock: Arc<ManualClock>) -> Self {
        let log = servers.open_log().await;
        let store = servers.open_store().await;
        Self::of(log, store.clone(), clock, Home::Shared(store, servers), dir)
    }

    fn of(
        log: Arc<dyn EventLog>,
        store: Arc<dyn Store>,
        clock: Arc<ManualClock>,
        home: Home,
        dir: TempDir,
    ) -> Self {
        let (wake, health, gate) = (Arc::default(), Health::default(), Gate::default());
        Self { log, store, clock, wake, health, gate, home, dir }
    }

    /// Closes both and opens them again, as one process does that is started again.
    #[must_use]
    pub async fn reopen(self) -> Self {
        let Self { log, clock, home, dir, .. } = self;
        log.close(Duration::from_secs(60)).await.unwrap();
        match home {
            Home::Embedded(store) => {
                store.close().await;
                Self::open_in(dir, clock).await
            }
            Home::Shared(store, servers) => {
                store.close().await;
                Self::open_on(servers, dir, clock).await
            }
        }
    }

    /// Whether they are on servers, where joining a group takes seconds.
    #[must_use]
    pub fn are_shared(&self) -> bool {
        matches!(self.home, Home::Shared(..))
    }

    /// A second node's engines on the same servers, or the same engines where they are in a directory.
    pub async fn second_node(&self) -> (Arc<dyn EventLog>, Arc<dyn Store>) {
        match &self.home {
            Home::Embedded(store) => (Arc::clone(&self.log), store.clone()),
            Home::Shared(_, servers) => (servers.open_log().await, servers.open_store().await),
        }
    }

    /// A directory that goes with them.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A runner of `handler` on these engines.
    #[must_use]
    pub fn runner<H: Handler>(&self, handler: &Arc<H>) -> Runner<H> {
        Runner {
            handler: Arc::clone(handler),
            log: Arc::clone(&self.log),
            store: Arc::clone(&self.store),
            clock: self.clock.clone(),
            relay: Arc::clone(&self.wake),
            health: self.health.clone(),
            gate: self.gate.clone(),
            policy: quick_policy(),
            instance: "test".into(),
            options: QUICK,
            gives_way: None,
        }
    }

    /// A relay on these engines that removes at once what it has appended.
    #[must_use]
    pub fn relay(&self) -> Relay {
        Relay {
            store: Arc::clone(&self.store),
            log: Arc::clone(&self.log),
            clock: self.clock.clone(),
            wake: Arc::clone(&self.wake),
            health: self.health.clone(),
            lease: None,
            options: RelayOptions { remove_after: Duration::ZERO, ..RelayOptions::default() },
        }
    }

    /// An intake to `log` and the outbox of these engines.
    #[must_use]
    pub fn intake(&self, log: Arc<dyn EventLog>, options: IntakeOptions) -> Intake {
        Intake::new(log, Arc::clone(&self.store), self.clock.clone(), Arc::clone(&self.wake), options)
    }

    /// Appends to the log.
    pub async fn append(&self, records: Vec<NewRecord>) {
        self.log.append(records).await.unwrap();
    }

    /// Runs `handler` until it has come to the end of its topic.
    pub async fn apply<H: Handler>(&self, handler: &Arc<H>) {
        self.finish(self.runner(handler)).await;
    }

    /// Runs `runner` until it has come to the end of its topic.
    pub async fn finish<H: Handler>(&self, runner: Runner<H>) {
        let handler = Arc::clone(&runner.handler);
        let cancel = CancellationToken::new();
        let running = tokio::spawn(runner.run(cancel.clone()));
        let what = format!("{} reads {} to its end", handler.consumer(), handler.topic());
        until(&what, async || self.is_finished(&*handler).await).await;
        cancel.cancel();
        running.await.unwrap().unwrap();
    }

    /// Whether `handler` has come to the end of its topic.
    pub async fn is_finished<H: Handler>(&self, handler: &H) -> bool {
        let topic = handler.topic();
        for partition in 0..self.log.definitions().get(topic).partitions {
            let next = self.store.offset(&handler.consumer(), topic, partition).await.unwrap();
            if next < self.log.bounds(topic, partition).await.unwrap().end {
                return false;
            }
        }
        true
    }

    /// Relays until nothing waits in the outbox.
    pub async fn relay_all(&self) {
        let cancel = CancellationToken::new();
        let relaying = tokio::spawn(self.relay().run(cancel.clone()));
        until("the outbox is empty", async || self.store.waiting(0, 1).await.unwrap().is_empty()).await;
        cancel.cancel();
        relaying.await.unwrap();
    }

    /// Every record of a topic, partition by partition.
    pub async fn records(&self, topic: Topic) -> Vec<LogRecord> {
        let mut records = Vec::new();
        for partition in 0..self.log.definitions().get(topic).partitions {
            let bounds = self.log.bounds(topic, partition).await.unwrap();
            let mut next = bounds.start;
            while next < bounds.end {
                // A log on servers gives what it has at hand.
                let read = self.log.read(topic, partition, next, NO_LIMIT).await.unwrap();
                next = read.last().map_or(next, |last| last.offset + 1);
                records.extend(read);
            }
        }
        records
    }
}

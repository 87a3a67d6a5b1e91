//! The monitor: how far every consumer is behind, what waits in the outbox, and the gate that closes when it is too much.
//!
//! It looks from time to time, sets metrics, and keeps the last look for operators' pages. It looks at the outbox and at the
//! consumers each for itself: the gate must close just when the log is gone, and a look at that may take long. It works alike on
//! every engine, because progress is read from the store and ends from the log.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crisislens_log::{EventLog, LogError, ReadLimit};
use crisislens_model::{Clock, Timestamp, Topic};
use crisislens_state::dead_letters::LetterStatus;
use crisislens_state::stream::OutboxDepth;
use crisislens_state::{StateError, Store};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Gate, Health};

mod outbox;
mod slow;

use slow::told_when_slow;

/// Bounds of the monitor.
#[derive(Debug, Clone, Copy)]
pub struct MonitorOptions {
    /// How often it looks.
    pub every: Duration,
    /// With more records than that in the outbox, consumers wait.
    pub max_outbox_records: u64,
    /// With more bytes than that in the outbox, too.
    pub max_outbox_bytes: u64,
    /// With a record that has waited in the outbox for longer, no dead letters are written: they would have nowhere to go.
    pub outbox_stuck_after: Duration,
}

impl Default for MonitorOptions {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(2),
            max_outbox_records: 200_000,
            max_outbox_bytes: 1024 * 1024 * 1024,
            outbox_stuck_after: Duration::from_secs(15),
        }
    }
}

/// One consumer's place in one partition.
#[derive(Debug, Clone, PartialEq)]
pub struct Lag {
    /// Group and stage.
    pub consumer: String,
    /// The topic.
    pub topic: Topic,
    /// The partition.
    pub partition: u32,
    /// The next offset it will read.
    pub next: u64,
    /// Records on the log that it has not read.
    pub records: u64,
    /// Age of the oldest of them, seconds; 0 when there is none.
    pub seconds: f64,
    /// Records put off.
    pub delayed: u64,
}

/// What the monitor saw when it last looked.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// When it last saw the consumers; `None` before the first look.
    pub at: Option<Timestamp>,
    /// Every consumer's place in every partition.
    pub lags: Vec<Lag>,
    /// What waits in the outbox.
    pub outbox: OutboxDepth,
    /// Age of the oldest record in the outbox, seconds.
    pub outbox_seconds: f64,
    /// Dead letters that wait for a decision.
    pub letters_waiting: u64,
}

/// A consumer that keeps its places somewhere else than in the store.
#[async_trait]
pub trait Follower: Send + Sync {
    /// Group and stage.
    fn consumer(&self) -> &str;

    /// The topic that it reads.
    fn topic(&self) -> Topic;

    /// The next offset of each partition; `None` while that cannot be told, which is then not a trouble of the monitor's.
    async fn places(&self) -> Option<BTreeMap<u32, u64>>;
}

/// Looks at consumers and the outbox.
pub struct Monitor {
    /// Where progress is kept.
    pub store: Arc<dyn Store>,
    /// Where ends are.
    pub log: Arc<dyn EventLog>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Told when it cannot look.
    pub health: Health,
    /// Closed when the outbox is too full.
    pub gate: Gate,
    /// Consumers and the topics they read, whether they have begun or not.
    pub consumers: Vec<(String, Topic)>,
    /// Consumers whose places the store does not have.
    pub followers: Vec<Arc<dyn Follower>>,
    /// Where the last look is kept.
    pub seen: watch::Sender<Snapshot>,
    /// Its bounds.
    pub options: MonitorOptions,
}

/// One look at the consumers.
struct Look {
    at: Timestamp,
    lags: Vec<Lag>,
    letters_waiting: u64,
}

#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    State(#[from] StateError),
}

impl Monitor {
    /// Looks until `cancel`.
    pub async fn run(self, cancel: CancellationToken) {
        let consumers = ("monitor", "the log or the store");
        tokio::join!(
            self.watch(outbox::TROUBLE, || self.store.outbox_depth(), |it| self.see_outbox(it), &cancel),
            self.watch(consumers, || self.look(), |it| self.see_consumers(it), &cancel),
        );
    }

    /// Looks at `what` again and again until `cancel`, and tells health under `name` while that fails or takes long.
    async fn watch<T, E: Display, Looking: Future<Output = Result<T, E>>>(
        &self,
        (name, what): (&str, &str),
        look: impl Fn() -> Looking,
        see: impl Fn(T),
        cancel: &CancellationToken,
    ) {
        let looks = async {
            loop {
                match told_when_slow(look(), &self.health, name, what).await {
                    Ok(looked) => {
                        self.health.well(name);
                        see(looked);
                    }
                    Err(error) => {
                        self.health.failed(name, error.to_string());
                    }
                }
                tokio::time::sleep(self.options.every).await;
            }
        };
        cancel.run_until_cancelled(looks).await;
    }

    fn see_consumers(&self, look: Look) {
        self.measure(&look);
        self.seen.send_modify(|seen| {
            seen.at = Some(look.at);
            seen.lags = look.lags;
            seen.letters_waiting = look.letters_waiting;
        });
    }

    async fn look(&self) -> Result<Look, LookError> {
        let now = self.clock.now();
        let mut delayed: BTreeMap<(String, Topic, u32), u64> = BTreeMap::new();
        for count in self.store.delayed_counts().await? {
            delayed.insert((count.consumer, count.topic, count.partition), count.records);
        }
        let mut places: BTreeMap<(String, Topic, u32), u64> = BTreeMap::new();
        for (consumer, topic) in &self.consumers {
            for partition in 0..self.log.partitions(*topic) {
                places.insert((consumer.clone(), *topic, partition), 0);
            }
        }
        for offset in self.store.offsets().await? {
            places.insert((offset.consumer, offset.topic, offset.partition), offset.next);
        }
        for follower in &self.followers {
            let Some(known) = follower.places().await else { continue };
            for partition in 0..self.log.partitions(follower.topic()) {
                let next = known.get(&partition).copied().unwrap_or(0);
                places.insert((follower.consumer().to_owned(), follower.topic(), partition), next);
            }
        }
        let mut ends = BTreeMap::new();
        let mut lags = Vec::with_capacity(places.len());
        for ((consumer, topic, partition), next) in places {
            let bounds = match ends.get(&(topic, partition)) {
                Some(bounds) => *bounds,
                None => {
                    let bounds = self.log.bounds(topic, partition).await?;
                    ends.insert((topic, partition), bounds);
                    bounds
                }
            };
            let next = next.max(bounds.start);
            let records = bounds.end.saturating_sub(next);
            let seconds = if records == 0 { 0.0 } else { self.age(topic, partition, next, now).await? };
            let delayed = delayed.get(&(consumer.clone(), topic, partition)).copied().unwrap_or(0);
            lags.push(Lag { consumer, topic, partition, next, records, seconds, delayed });
        }
        let letters = self.store.letter_counts().await?;
        let waiting = letters.iter().filter(|count| count.status == LetterStatus::Waiting);
        Ok(Look { at: now, lags, letters_waiting: waiting.map(|count| count.letters).sum() })
    }

    async fn age(&self, topic: Topic, partition: u32, next: u64, now: Timestamp) -> Result<f64, LogError> {
        let limit = ReadLimit { records: 1, bytes: 1 };
        match self.log.read(topic, partition, next, limit).await {
            Ok(records) => Ok(records.first().map_or(0.0, |record| seconds_between(record.timestamp, now))),
            // Retention was faster.
            Err(LogError::OutOfRange { .. }) => Ok(0.0),
            Err(error) => Err(error),
        }
    }

    fn measure(&self, look: &Look) {
        metrics::gauge!("crisislens_stream_dead_letters_waiting").set(look.letters_waiting as f64);
        let troubles = self.health.troubles();
        let mut paused: BTreeMap<&str, u32> = BTreeMap::new();
        for lag in &look.lags {
            let labels = [
                ("consumer", lag.consumer.clone()),
                ("topic", lag.topic.to_string()),
                ("partition", lag.partition.to_string()),
            ];
            metrics::gauge!("crisislens_stream_lag_records", &labels).set(lag.records as f64);
            metrics::gauge!("crisislens_stream_lag_seconds", &labels).set(lag.seconds);
            metrics::gauge!("crisislens_stream_delayed_records", &labels).set(lag.delayed as f64);
            let is_paused =
                troubles.contains_key(&format!("{} {}/{}", lag.consumer, lag.topic, lag.partition));
            *paused.entry(&lag.consumer).or_default() += u32::from(is_paused);
        }
        for (consumer, partitions) in paused {
            metrics::gauge!("crisislens_stream_paused_partitions", "consumer" => consumer.to_owned())
                .set(f64::from(partitions));
        }
    }
}

fn seconds_between(earlier: Timestamp, later: Timestamp) -> f64 {
    later.duration_since(earlier).as_secs_f64().max(0.0)
}

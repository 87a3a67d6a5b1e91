//! The engine on Apache Kafka (4, KRaft): the same port as the embedded one.
//!
//! Appends go through one idempotent producer ([`producer`]), reads through consumers without a group ([`reader`], [`lane`],
//! [`window`]), group membership through consumers that fetch nothing ([`groups`], [`member`], [`hold`]). Where a consumer has come to is the
//! store's business; what the brokers are told of it is a hint. Topics are made and changed by [`admin`].

pub mod admin;
mod context;
mod convert;
mod copies;
mod coverage;
mod group_view;
mod groups;
mod hold;
mod lane;
mod member;
mod member_id;
mod plan;
mod producer;
mod reader;
pub mod settings;
mod topics;
mod window;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use crisislens_model::{NewRecord, Topic};
use rdkafka::ClientConfig;
use rdkafka::producer::Producer as _;
use tokio::sync::{Semaphore, watch};

pub use settings::{KafkaSettings, Mechanism, Protection};

use crate::{
    Appending, Bounds, EventLog, GroupView, LogError, LogRecord, Membership, ReadLimit, Rebalances,
    TopicDefinitions,
};
use context::Trouble;
use groups::Groups;
use member::Place;
use producer::Producer;
use reader::Reader;
use topics::Topics;
use window::WindowLimits;

/// Topics are made to take so much more than the largest record, for what Kafka adds to it (batch and record headers).
pub(crate) const MESSAGE_MARGIN_BYTES: usize = 16 * 1024;

/// Topics that are not there for so long are missing.
const TOPICS_WITHIN: Duration = Duration::from_secs(3);

/// The log on Kafka.
pub struct KafkaLog {
    topics: Arc<Topics>,
    settings: KafkaSettings,
    version: String,
    epoch: u32,
    producer: Arc<Producer>,
    readers: Vec<Reader>,
    groups: Arc<Groups>,
    rebalances: Rebalances,
    member_config: ClientConfig,
    trouble: Trouble,
    closed: AtomicBool,
}

impl KafkaLog {
    /// Connects to the brokers of `url` (`kafka://host:port[,…]`) and checks that the topics are there.
    ///
    /// # Errors
    /// [`LogError::Setup`] when a setting is wrong, the brokers refuse us, or topics are missing; [`LogError::Unavailable`]
    /// when nobody answers within `request_timeout_ms`.
    pub async fn open(
        url: &str,
        definitions: TopicDefinitions,
        settings: KafkaSettings,
    ) -> Result<Arc<Self>, LogError> {
        let brokers = KafkaSettings::brokers(url)?;
        let every = settings.metadata_refresh();
        let log = blocking(move || Self::connect(&brokers, definitions, settings)).await?;
        tokio::spawn(look_for_partitions(Arc::downgrade(&log), every));
        Ok(log)
    }

    fn connect(
        brokers: &str,
        definitions: TopicDefinitions,
        settings: KafkaSettings,
    ) -> Result<Arc<Self>, LogError> {
        let trouble = Trouble::default();
        let largest = definitions.iter().map(|topic| topic.max_message_bytes).max().unwrap_or_default();
        let producer = Arc::new(Producer::new(brokers, &settings, largest, trouble.clone())?);
        let client = producer.client();
        let asked = Instant::now();
        let (metadata, topics) = loop {
            let metadata = admin::metadata(client.client(), settings.request_timeout(), &trouble, brokers)?;
            match Topics::named(definitions.clone(), &settings.prefix).found_on(&metadata) {
                Ok(topics) => break (metadata, topics),
                // Brokers come to know a topic that was just made one after the other.
                Err(_) if asked.elapsed() < TOPICS_WITHIN => std::thread::sleep(TOPICS_WITHIN / 15),
                Err(missing) => return Err(missing),
            }
        };
        // Positions are told apart by it for ever, so that it is not guessed when nobody answers in time.
        let cluster = client.client().fetch_cluster_id(settings.request_timeout());
        let cluster = cluster.ok_or_else(|| {
            LogError::Unavailable(trouble.explain("the brokers did not say which cluster they are"))
        })?;
        let epoch = crc32fast::hash(format!("{cluster}/{}", settings.prefix).as_bytes());
        let limits = WindowLimits {
            high_bytes: settings.read_ahead_high_bytes,
            low_bytes: settings.read_ahead_low_bytes.min(settings.read_ahead_high_bytes),
            behind_bytes: settings.read_behind_bytes,
        };
        let access = reader::Access {
            config: reader_config(brokers, &settings)?,
            limits,
            timeout: settings.request_timeout(),
            trouble: trouble.clone(),
            producer: Arc::clone(&producer),
        };
        let reader =
            |topic: Topic| Reader::new(topic, topics.name(topic), topics.partitions(topic), access.clone());
        Ok(Arc::new(Self {
            readers: Topic::ALL.into_iter().map(reader).collect(),
            member_config: member_config(brokers, &settings)?,
            topics: Arc::new(topics),
            version: format!("Apache Kafka (cluster {cluster}, {} brokers)", metadata.brokers().len()),
            epoch,
            producer,
            groups: Arc::default(),
            rebalances: Rebalances::default(),
            settings,
            trouble,
            closed: AtomicBool::new(false),
        }))
    }

    /// What answers: the cluster and how many brokers it had when the log was opened.
    #[must_use]
    pub fn describe(&self) -> &str {
        &self.version
    }

    fn open_still(&self) -> Result<(), LogError> {
        if self.closed.load(Ordering::Acquire) { Err(LogError::Closed) } else { Ok(()) }
    }

    async fn reader(&self, topic: Topic, partition: u32) -> Result<&Reader, LogError> {
        self.open_still()?;
        let reader = &self.readers[topic.index()];
        // A group may give a partition that was added a moment ago.
        if !reader.has(partition) {
            self.look_for_partitions().await?;
        }
        if reader.has(partition) { Ok(reader) } else { Err(LogError::NoPartition { topic, partition }) }
    }

    /// Asks the brokers how many partitions the topics have. Readers know of new ones before records go there.
    async fn look_for_partitions(&self) -> Result<(), LogError> {
        let (producer, trouble) = (Arc::clone(&self.producer), self.trouble.clone());
        let timeout = self.settings.request_timeout();
        let metadata = blocking(move || {
            let metadata = producer.client().client().fetch_metadata(None, timeout);
            metadata.map_err(|error| LogError::Unavailable(trouble.explain(error)))
        });
        let grown = |topic: Topic, partitions| self.readers[topic.index()].grow(partitions);
        self.topics.grow(&metadata.await?, grown);
        Ok(())
    }
}

/// Looks for added partitions for as long as somebody uses the log.
async fn look_for_partitions(log: Weak<KafkaLog>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(log) = log.upgrade().filter(|log| log.open_still().is_ok()) else { return };
        if let Err(error) = log.look_for_partitions().await {
            tracing::debug!(%error, "looking for added partitions");
        }
    }
}

fn reader_config(brokers: &str, settings: &KafkaSettings) -> Result<ClientConfig, LogError> {
    let mut config = settings.client(brokers)?;
    config
        // Only a name: no group is joined by assigning partitions by hand.
        .set("group.id", format!("{}crisislens-reader", settings.prefix))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set("fetch.wait.max.ms", "250")
        .set("fetch.error.backoff.ms", "100")
        .set("queued.max.messages.kbytes", "8192")
        // The default waits a second each time the queue has been full: 44,000 records/s instead of what the brokers give.
        .set("fetch.queue.backoff.ms", "5")
        .set("check.crcs", "true");
    Ok(config)
}

fn member_config(brokers: &str, settings: &KafkaSettings) -> Result<ClientConfig, LogError> {
    let mut config = settings.client(brokers)?;
    config
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("session.timeout.ms", settings.session_timeout_ms.max(1_000).to_string())
        // A member learns with a heartbeat that partitions have become free for it: until then nobody works on them.
        .set("heartbeat.interval.ms", (settings.session_timeout_ms / 10).clamp(100, 1_000).to_string())
        .set("max.poll.interval.ms", settings.session_timeout_ms.max(300_000).to_string())
        // It fetches nothing; what comes before its partitions are paused should be little.
        .set("queued.max.messages.kbytes", "64")
        .set("fetch.message.max.bytes", "1024");
    Ok(config)
}

#[async_trait]
impl EventLog for KafkaLog {
    fn definitions(&self) -> &TopicDefinitions {
        self.topics.definitions()
    }

    fn partitions(&self, topic: Topic) -> u32 {
        self.topics.partitions(topic)
    }

    fn epoch(&self) -> u32 {
        self.epoch
    }

    async fn enqueue(&self, records: Vec<NewRecord>) -> Result<Appending, LogError> {
        self.open_still()?;
        self.topics.definitions().checked_bytes(&records)?;
        if records.is_empty() {
            return Ok(Appending::done(Vec::new()));
        }
        let started = Instant::now();
        let sending = self.producer.send(&records, &self.topics).await?;
        drop(records);
        metrics::gauge!("crisislens_log_append_room_bytes").set(self.producer.room_bytes() as f64);
        let producer = Arc::clone(&self.producer);
        let known: Vec<_> = self.readers.iter().map(Reader::ends).collect();
        // On its own, so that a caller who waits no more leaves nothing behind that has no deadline.
        let finishing = tokio::spawn(async move { producer.finish(sending).await });
        Ok(Appending::new(async move {
            let placed = finishing.await.map_err(|_| LogError::Closed)??;
            for place in &placed {
                known[place.topic.index()].knows(place.partition, place.offset + 1);
            }
            metrics::histogram!("crisislens_log_append_seconds").record(started.elapsed());
            metrics::counter!("crisislens_log_appended_records_total").increment(placed.len() as u64);
            Ok(placed)
        }))
    }

    async fn read(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        limit: ReadLimit,
    ) -> Result<Vec<LogRecord>, LogError> {
        let read = self.reader(topic, partition).await?.read(partition, from, limit).await?;
        self.open_still()?;
        Ok(read)
    }

    async fn bounds(&self, topic: Topic, partition: u32) -> Result<Bounds, LogError> {
        self.reader(topic, partition).await?.bounds(partition).await
    }

    fn changes(&self, topic: Topic) -> watch::Receiver<u64> {
        self.readers[topic.index()].changes()
    }

    async fn join(&self, group: &str, topic: Topic) -> Result<Membership, LogError> {
        self.open_still()?;
        let mut config = self.member_config.clone();
        let group_id = format!("{}{group}", self.settings.prefix);
        config.set("group.id", &group_id);
        let named = !self.settings.instance.is_empty();
        let instance = named.then(|| format!("{}-{topic}", self.settings.instance));
        if let Some(instance) = &instance {
            config.set("group.instance.id", instance);
        }
        let (group, topics) = (group.to_owned(), Arc::clone(&self.topics));
        let (rebalances, trouble) = (self.rebalances.clone(), self.trouble.clone());
        let leave_on_stop = self.settings.leave_on_stop;
        let revoke_wait = Duration::from_millis(self.settings.revoke_wait_ms);
        let place = move |hold| Place {
            config,
            group_id,
            group,
            topic,
            topics,
            instance,
            leave_on_stop,
            hold,
            rebalances,
            trouble,
            revoke_wait,
        };
        let groups = Arc::clone(&self.groups);
        blocking(move || groups.join(place)).await
    }

    async fn groups(&self) -> Result<Vec<GroupView>, LogError> {
        self.open_still()?;
        let (producer, topics) = (Arc::clone(&self.producer), Arc::clone(&self.topics));
        let (prefix, timeout) = (self.settings.prefix.clone(), self.settings.request_timeout());
        let trouble = self.trouble.clone();
        blocking(move || {
            let client = producer.client();
            let list = client.client().fetch_group_list(None, timeout);
            let list = list.map_err(|error| LogError::Unavailable(trouble.explain(error)))?;
            let mut views = Vec::new();
            for info in list.groups() {
                let Some(group) = info.name().strip_prefix(&prefix) else { continue };
                let members = group_view::members(info, |name| topics.by_name(name));
                let view = |(topic, members)| GroupView { group: group.to_owned(), topic, members };
                views.extend(members.into_iter().map(view));
            }
            Ok(views)
        })
        .await
    }

    fn rebalances(&self) -> BTreeMap<(String, Topic), u64> {
        self.rebalances.seen()
    }

    async fn enforce_retention(&self) -> Result<(), LogError> {
        // The brokers do it, by the topics' own configuration.
        self.open_still()
    }

    async fn close(&self, within: Duration) -> Result<(), LogError> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let (groups, producer) = (Arc::clone(&self.groups), Arc::clone(&self.producer));
        // Not behind calls that may wait for longer than it has.
        let finished = at_once(move || {
            let started = Instant::now();
            let left = groups.close(within);
            producer.close(within.saturating_sub(started.elapsed()))?;
            if left {
                Ok(())
            } else {
                Err(LogError::Unavailable("the groups were not left in time".to_owned()))
            }
        })
        .await;
        self.readers.iter().for_each(Reader::close);
        finished
    }
}

/// So many calls may wait for the brokers at once, of all logs of a process: the threads for what blocks are few, and others need
/// them while the brokers are away.
static BLOCKING_ROOM: Semaphore = Semaphore::const_new(4);

/// Runs what waits for the brokers where blocking is allowed, when there is room.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    let room = BLOCKING_ROOM.acquire().await.map_err(|_| LogError::Closed)?;
    at_once(move || {
        // Taken along: who waits for it may leave, and the thread stays.
        let _room = room;
        work()
    })
    .await
}

/// The same without asking for room.
async fn at_once<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| LogError::Unavailable(format!("work on the log did not finish: {error}")))?
}

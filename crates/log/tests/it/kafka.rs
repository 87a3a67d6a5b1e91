//! The engine on Apache Kafka, against real brokers: the contract, and what only Kafka has (topics to make, a producer that
//! can be lost, groups of several members). Skipped where `CRISISLENS_TEST_KAFKA` names no brokers.

mod away;
mod members;
mod secured;

use std::sync::Arc;
use std::time::Duration;

use crisislens_log::kafka::admin::{Admin, Change};
use crisislens_log::kafka::{KafkaLog, KafkaSettings};
use crisislens_log::{EventLog, LogError, LogRecord, Membership, ReadLimit, TopicDefinitions, contract};
use crisislens_model::nulls::Nulls;
use crisislens_model::{NewRecord, Topic};
use crisislens_servers::{Kafka, KafkaOptions};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use super::record;

/// Longest time for what groups do: sessions last 6 s here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Topics of a name of their own on the brokers of the test environment; removed by [`Cluster::remove`].
pub struct Cluster {
    pub url: String,
    pub settings: KafkaSettings,
}

impl Cluster {
    /// `None`, and a line that says so, where there are no brokers.
    pub fn find() -> Option<Self> {
        let Ok(brokers) = std::env::var("CRISISLENS_TEST_KAFKA") else {
            eprintln!("skipped: CRISISLENS_TEST_KAFKA names no brokers");
            return None;
        };
        Some(Self::at(&brokers))
    }

    /// On these brokers.
    pub fn at(brokers: &str) -> Self {
        let prefix = format!("t{}.", uuid::Uuid::new_v4().simple());
        let settings =
            KafkaSettings { prefix, linger_ms: 1, session_timeout_ms: 6_000, ..Default::default() };
        Self { url: format!("kafka://{brokers}"), settings }
    }

    pub async fn make_topics(&self) {
        let admin = self.admin();
        admin.apply(&admin.plan(false).await.unwrap()).await.unwrap();
    }

    pub fn admin(&self) -> Admin {
        self.admin_of(TopicDefinitions::shipped().unwrap())
    }

    pub fn admin_of(&self, definitions: TopicDefinitions) -> Admin {
        Admin::new(&self.url, definitions, self.settings.clone()).unwrap()
    }

    /// With its topics made.
    pub async fn with_topics() -> Option<Self> {
        let cluster = Self::find()?;
        cluster.make_topics().await;
        Some(cluster)
    }

    pub async fn open(&self) -> Arc<KafkaLog> {
        self.try_open().await.unwrap()
    }

    pub async fn try_open(&self) -> Result<Arc<KafkaLog>, LogError> {
        let definitions = TopicDefinitions::shipped().unwrap();
        KafkaLog::open(&self.url, definitions, self.settings.clone()).await
    }

    pub async fn remove(self) {
        self.admin().remove().await.unwrap();
    }
}

/// Whether tests may start brokers of their own, to stop and to lock them.
fn may_start(what: &str) -> bool {
    let may = std::env::var("CRISISLENS_TEST_SERVERS").is_ok_and(|value| value == "1");
    if !may {
        eprintln!("skipped: {what}, because CRISISLENS_TEST_SERVERS is not 1");
    }
    may
}

/// Brokers of a test's own.
async fn start(options: KafkaOptions) -> Arc<Kafka> {
    Arc::new(tokio::task::spawn_blocking(|| Kafka::start(options)).await.unwrap().unwrap())
}

/// Waits until `holds`.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    assert!(waited.is_ok(), "within a minute it did not come to this: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kafka_log_keeps_the_contract() {
    let Some(cluster) = Cluster::with_topics().await else { return };
    contract::run(async || {
        let log: Arc<dyn EventLog> = cluster.open().await;
        log
    })
    .await;
    cluster.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_made_once_and_changed_by_plan() {
    let Some(cluster) = Cluster::find() else { return };
    let shipped = TopicDefinitions::shipped().unwrap();
    let missing = KafkaLog::open(&cluster.url, shipped.clone(), cluster.settings.clone()).await;
    let Err(LogError::Setup(missing)) = missing else { panic!("missing topics must be named") };
    assert!(missing.contains("raw-items") && missing.contains("topics init"), "{missing}");

    let admin = cluster.admin();
    let plan = admin.plan(false).await.unwrap();
    assert_eq!((plan.changes.len(), plan.refused.len()), (7, 0));
    admin.apply(&plan).await.unwrap();
    admin.apply(&plan).await.unwrap();
    let after = admin.plan(false).await.unwrap();
    assert_eq!((after.changes.len(), after.refused.len()), (0, 0), "nothing is left to do");
    let copies = Cluster {
        url: cluster.url.clone(),
        settings: KafkaSettings { replication_factor: 3, ..cluster.settings.clone() },
    };
    let after = copies.admin().plan(false).await.unwrap();
    let said = after.cautions.join("\n");
    assert!(said.contains("raw-items") && said.contains("replication_factor says 3"), "{said}");
    assert!(said.contains("a single copy of each partition"), "{said}");
    let elsewhere = Cluster {
        url: cluster.url.clone(),
        settings: KafkaSettings {
            prefix: format!("{}more.", cluster.settings.prefix),
            ..copies.settings.clone()
        },
    };
    let impossible = elsewhere.admin().plan(false).await.unwrap();
    assert_eq!(impossible.changes, [], "one broker cannot hold three copies");
    assert!(impossible.refused[0].contains("replication_factor is 3"), "{:?}", impossible.refused);

    let mut alerts = shipped.get(Topic::Alerts).clone();
    (alerts.partitions, alerts.retention_ms) = (3, alerts.retention_ms / 2);
    let mut claims = shipped.get(Topic::Claims).clone();
    claims.partitions -= 1;
    claims.retention_ms *= 2;
    let changed = shipped.with(alerts).unwrap().with(claims).unwrap();
    let admin = cluster.admin_of(changed);
    let plan = admin.plan(false).await.unwrap();
    assert!(
        plan.changes.iter().any(|one| matches!(one, Change::AddPartitions { from: 2, to: 3, .. })),
        "{plan:?}"
    );
    assert_eq!(plan.changes.len(), 2, "{plan:?}");
    assert_eq!(plan.refused.len(), 2, "fewer partitions and a shorter retention: {plan:?}");
    admin.apply(&plan).await.unwrap();
    assert_eq!(admin.plan(false).await.unwrap().changes, [], "what was done is done");
    admin.apply(&admin.plan(true).await.unwrap()).await.unwrap();
    assert_eq!(admin.plan(true).await.unwrap().refused.len(), 1, "partitions are never taken away");
    cluster.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_are_added_are_written_read_and_held_by_who_is_running() {
    const MORE: u32 = 8;
    let Some(mut cluster) = Cluster::with_topics().await else { return };
    cluster.settings.metadata_refresh_ms = 500;
    let logs = [cluster.open().await, cluster.open().await];
    let members = [
        logs[0].join("g", Topic::RawItems).await.unwrap(),
        logs[1].join("g", Topic::RawItems).await.unwrap(),
    ];
    let held = || {
        let held = members.iter().flat_map(|member| member.assignment.borrow().clone());
        held.collect::<std::collections::BTreeSet<_>>().len()
    };
    until("they share what is there", async || held() == 6).await;
    let mut changes = logs[1].changes(Topic::RawItems);
    changes.mark_unchanged();
    let shipped = TopicDefinitions::shipped().unwrap();
    let mut wider = shipped.get(Topic::RawItems).clone();
    wider.partitions = MORE;
    let admin = cluster.admin_of(shipped.with(wider).unwrap());
    admin.apply(&admin.plan(false).await.unwrap()).await.unwrap();

    until("both know of them", async || logs.iter().all(|log| log.partitions(Topic::RawItems) == MORE)).await;
    assert!(changes.has_changed().unwrap(), "who sleeps until there is something new is woken");
    until("they share what was added", async || held() == MORE as usize).await;
    let batch = (0..64).map(|n| record(Topic::RawItems, &format!("key {n}"), "v")).collect();
    let placed = logs[0].append(batch).await.unwrap();
    for place in placed.iter().filter(|place| place.partition >= 6) {
        let limit = ReadLimit { records: 1, bytes: 1 };
        for log in &logs {
            let read = log.read(Topic::RawItems, place.partition, place.offset, limit).await.unwrap();
            assert_eq!(read[0].offset, place.offset);
        }
    }
    assert_eq!(placed.iter().map(|place| place.partition).max(), Some(MORE - 1));
    let beyond = logs[0].bounds(Topic::RawItems, MORE).await;
    assert!(matches!(beyond, Err(LogError::NoPartition { .. })), "{beyond:?}");
    cluster.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_far_apart_each_get_everything_in_order() {
    const RECORDS: u64 = 3_000;
    let Some(mut cluster) = Cluster::with_topics().await else { return };
    (cluster.settings.read_ahead_high_bytes, cluster.settings.read_ahead_low_bytes) = (64 << 10, 16 << 10);
    cluster.settings.read_behind_bytes = 16 << 10;
    let log = cluster.open().await;
    let batch = (0..RECORDS).map(|n| record(Topic::Dlq, "k", n.to_be_bytes().repeat(16))).collect();
    log.append(batch).await.unwrap();
    let reader = |from: u64| {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            let (mut next, mut taken) = (from, 0);
            while next < RECORDS {
                let limit = ReadLimit { records: 97, bytes: usize::MAX };
                let records = log.read(Topic::Dlq, 0, next, limit).await.unwrap();
                assert!(!records.is_empty(), "the end is known to lie further");
                for record in records {
                    assert_eq!(record.offset, next);
                    assert_eq!(record.value.unwrap()[..8], next.to_be_bytes());
                    next += 1;
                    taken += 1;
                }
            }
            taken
        })
    };
    let readers: Vec<_> = [0, 600, 1_200, 1_800, 2_400, 2_999].into_iter().map(|n| (n, reader(n))).collect();
    for (from, reader) in readers {
        assert_eq!(reader.await.unwrap(), RECORDS - from);
    }
    log.close(Duration::from_secs(10)).await.unwrap();
    cluster.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_in_flight_is_bounded_and_callers_wait_for_room() {
    let Some(mut cluster) = Cluster::with_topics().await else { return };
    cluster.settings.in_flight_bytes = 256 << 10;
    let log = cluster.open().await;
    // A single call of sixteen times the room passes through it in order.
    let batch = (0..4_096_u64).map(|n| record(Topic::Dlq, "k", n.to_be_bytes().repeat(128))).collect();
    let placed = log.append(batch).await.unwrap();
    assert!(placed.iter().zip(0..).all(|(place, offset)| place.offset == offset), "in the order of the call");
    // A record larger than the room passes alone.
    log.append(vec![record(Topic::Dlq, "k", vec![7; 1 << 20])]).await.unwrap();
    cluster.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_is_not_asynchronous_appends_as_well() {
    let Some(cluster) = Cluster::with_topics().await else { return };
    let log = cluster.open().await;
    let appending = Arc::clone(&log);
    let thread = std::thread::spawn(move || appending.append_blocking(vec![record(Topic::Claims, "k", "v")]));
    let placed = thread.join().unwrap().unwrap();
    assert_eq!((placed.len(), placed[0].offset), (1, 0));
    let appending = log.enqueue(vec![record(Topic::Claims, "k", "w")]).await.unwrap();
    assert_eq!(appending.await.unwrap()[0].offset, 1);
    cluster.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_are_not_there_are_named_in_time() {
    let settings = KafkaSettings { request_timeout_ms: 1_000, ..Default::default() };
    let opened =
        KafkaLog::open("kafka://127.0.0.1:9", TopicDefinitions::shipped().unwrap(), settings.clone()).await;
    let Err(LogError::Unavailable(reason)) = opened else { panic!("nobody is there") };
    assert!(reason.contains("127.0.0.1:9"), "{reason}");
    let opened = KafkaLog::open("kafka://nowhere", TopicDefinitions::shipped().unwrap(), settings).await;
    assert!(matches!(opened, Err(LogError::Setup(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_programs_write_without_key_value_or_header_values_is_written_again_as_it_was() {
    let Some(cluster) = Cluster::with_topics().await else { return };
    let brokers = cluster.url.trim_start_matches("kafka://");
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
    let name = format!("{}dlq", cluster.settings.prefix);
    let empty = OwnedHeaders::new().insert(Header::<&str> { key: "nothing", value: None });
    producer.send(BaseRecord::<str, str>::to(&name).partition(0)).unwrap();
    producer.send(BaseRecord::<str, str>::to(&name).partition(0).key("k").headers(empty)).unwrap();
    producer.send(BaseRecord::<str, str>::to(&name).partition(0).payload("v")).unwrap();
    tokio::task::spawn_blocking(move || producer.flush(Duration::from_secs(10))).await.unwrap().unwrap();
    let log = cluster.open().await;
    let mut read = Vec::new();
    let limit = ReadLimit { records: 10, bytes: 1 << 20 };
    while read.len() < 3 {
        read.extend(log.read(Topic::Dlq, 0, read.len() as u64, limit).await.unwrap());
    }
    let again = |one: &LogRecord| NewRecord {
        topic: Topic::Dlq,
        key: one.key.to_vec(),
        value: one.value.as_ref().map(|value| value.to_vec()),
        headers: one.headers.clone(),
    };
    // The note of what was null is not written: that it is there again shows that null was.
    log.append(read.iter().map(again).collect()).await.unwrap();
    for (before, after) in read.iter().zip(log.read(Topic::Dlq, 0, 3, limit).await.unwrap()) {
        assert_eq!((&before.key, &before.value, &before.headers), (&after.key, &after.value, &after.headers));
    }
    assert_eq!(Nulls::of(&read[0].headers), Nulls { key: true, ..Nulls::default() });
    assert_eq!(Nulls::of(&read[1].headers), Nulls { key: false, headers: [0].into() });
    let seen: Vec<_> = read.iter().map(|one| (&one.key[..], one.value.as_deref())).collect();
    assert_eq!(seen, [(&b""[..], None), (b"k", None), (b"", Some(&b"v"[..]))]);
    assert_eq!((read[1].headers[0].name.as_str(), read[1].headers[0].value.len()), ("nothing", 0));
    cluster.remove().await;
}

/// Two processes that were given one name.
async fn twins(cluster: &Cluster) -> [Arc<KafkaLog>; 2] {
    let definitions = TopicDefinitions::shipped().unwrap();
    let settings = KafkaSettings { instance: "twin".to_owned(), ..cluster.settings.clone() };
    let open = || KafkaLog::open(&cluster.url, definitions.clone(), settings.clone());
    [open().await.unwrap(), open().await.unwrap()]
}

async fn until_held(assignment: &mut tokio::sync::watch::Receiver<Vec<u32>>, count: usize) {
    let held = assignment.wait_for(|held| held.len() == count);
    tokio::time::timeout(PATIENCE, held).await.expect("in time").expect("not lost for good");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_member_that_is_fenced_once_takes_its_place_again() {
    let Some(cluster) = Cluster::with_topics().await else { return };
    let [log, _] = twins(&cluster).await;
    let mut member = log.join("g", Topic::Claims).await.unwrap();
    until_held(&mut member.assignment, 4).await;
    // Joins in its name and is gone again at once, as its own late return is.
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", cluster.url.trim_start_matches("kafka://"));
    config.set("group.id", format!("{}g", cluster.settings.prefix)).set("group.instance.id", "twin-claims");
    config.set("partition.assignment.strategy", "cooperative-sticky").set("session.timeout.ms", "6000");
    let other: BaseConsumer = config.create().unwrap();
    other.subscribe(&[&format!("{}claims", cluster.settings.prefix)]).unwrap();
    let begun = std::time::Instant::now();
    while !member.assignment.borrow().is_empty() {
        assert!(begun.elapsed() < PATIENCE, "it is never fenced");
        tokio::task::block_in_place(|| other.poll(Duration::from_millis(100)));
    }
    drop(other);
    until_held(&mut member.assignment, 4).await;
    log.close(PATIENCE).await.unwrap();
    cluster.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_of_one_name_one_loses_its_place_for_good_and_the_other_has_everything() {
    let Some(cluster) = Cluster::with_topics().await else { return };
    let [first, second] = twins(&cluster).await;
    let mut members =
        [first.join("g", Topic::Claims).await.unwrap(), second.join("g", Topic::Claims).await.unwrap()];
    let [one, other] = &mut members;
    let lost = async |member: &mut Membership| while member.assignment.changed().await.is_ok() {};
    let kept = tokio::time::timeout(PATIENCE, async {
        tokio::select! {
            () = lost(one) => other,
            () = lost(other) => one,
        }
    });
    let kept = kept.await.expect("one gives up in time");
    until_held(&mut kept.assignment, 4).await;
    drop(members);
    for log in [first, second] {
        log.close(PATIENCE).await.unwrap();
    }
    cluster.remove().await;
}

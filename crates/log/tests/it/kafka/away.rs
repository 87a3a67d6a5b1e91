//! A broker that goes away under load and comes back: what was acknowledged is there, callers are told what was not, and
//! memory stays bounded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crisislens_log::kafka::KafkaLog;
use crisislens_log::{EventLog as _, LogError, ReadLimit};
use crisislens_model::Topic;
use crisislens_servers::{Kafka, KafkaOptions};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Cluster, may_start, record, start, until};

const KEYS: [&str; 4] = ["a", "b", "c", "d"];
const DEADLINE: Duration = Duration::from_secs(3);

/// What callers saw.
#[derive(Default)]
struct Seen {
    acknowledged: AtomicU64,
    failed: AtomicU64,
}

/// Appends numbers under `key`, each again until it is acknowledged. Answers how many were.
async fn count_up(log: Arc<KafkaLog>, key: &'static str, seen: Arc<Seen>, stop: CancellationToken) -> u64 {
    let mut next = 0_u64;
    while !stop.is_cancelled() {
        let batch = (next..next + 3).map(|number| record(Topic::RawItems, key, number.to_string())).collect();
        match log.append(batch).await {
            Ok(_) => {
                next += 3;
                seen.acknowledged.fetch_add(3, Ordering::Relaxed);
            }
            Err(LogError::Unavailable(_)) => {
                seen.failed.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => panic!("only what may pass is expected here: {error}"),
        }
    }
    next
}

/// The numbers under each key in log order, without those that came again.
async fn first_times(log: &KafkaLog) -> BTreeMap<Vec<u8>, Vec<u64>> {
    let mut by_key: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
    for partition in 0..log.definitions().get(Topic::RawItems).partitions {
        let end = log.bounds(Topic::RawItems, partition).await.unwrap().end;
        let mut next = 0;
        while next < end {
            let limit = ReadLimit { records: 1_000, bytes: 1 << 20 };
            let read = log.read(Topic::RawItems, partition, next, limit).await.unwrap();
            next = read.last().map_or(next, |last| last.offset + 1);
            for one in read {
                let number = std::str::from_utf8(one.value.as_ref().unwrap()).unwrap().parse().unwrap();
                let numbers = by_key.entry(one.key.to_vec()).or_default();
                if !numbers.contains(&number) {
                    numbers.push(number);
                }
            }
        }
    }
    by_key
}

async fn on_broker(kafka: &Arc<Kafka>, act: impl FnOnce(&Kafka) + Send + 'static) {
    let kafka = Arc::clone(kafka);
    tokio::task::spawn_blocking(move || act(&kafka)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_stops_and_comes_back_under_load_has_every_acknowledged_record_in_order() {
    if !may_start("a broker that is stopped") {
        return;
    }
    let kafka = start(KafkaOptions::default()).await;
    let mut cluster = Cluster::at(&kafka.bootstrap());
    cluster.settings.delivery_timeout_ms = 3_000;
    cluster.make_topics().await;
    let log = cluster.open().await;
    let (seen, stop) = (Arc::new(Seen::default()), CancellationToken::new());
    let counting =
        KEYS.map(|key| tokio::spawn(count_up(Arc::clone(&log), key, Arc::clone(&seen), stop.clone())));
    let more = async |what: &str| {
        let before = seen.acknowledged.load(Ordering::Relaxed);
        until(what, async || seen.acknowledged.load(Ordering::Relaxed) > before + 100).await;
    };
    more("appends are acknowledged").await;
    on_broker(&kafka, |kafka| kafka.kill(1).unwrap()).await;
    until("the deadline passes, and callers are told", async || seen.failed.load(Ordering::Relaxed) >= 4)
        .await;
    on_broker(&kafka, |kafka| kafka.start_node(1).unwrap()).await;
    more("appends are acknowledged after the kill").await;
    on_broker(&kafka, |kafka| {
        kafka.stop(1).unwrap();
        kafka.start_node(1).unwrap();
    })
    .await;
    more("appends are acknowledged after the stop").await;
    stop.cancel();
    let mut counts = BTreeMap::new();
    for (key, counting) in KEYS.iter().zip(counting) {
        counts.insert(key.as_bytes().to_vec(), counting.await.unwrap());
    }
    let on_the_log = first_times(&log).await;
    for (key, count) in counts {
        let numbers = &on_the_log[&key];
        // Of what was not acknowledged some may be there as well, behind all that was.
        assert_eq!(numbers[..usize::try_from(count).unwrap()], (0..count).collect::<Vec<_>>());
        assert!(numbers.is_sorted(), "{key:?}");
    }
    bounded_without_a_broker(&kafka, &cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_member_keeps_its_place_however_often_the_coordinator_goes_away() {
    if !may_start("a coordinator that is restarted") {
        return;
    }
    let kafka = start(KafkaOptions::default()).await;
    let mut cluster = Cluster::at(&kafka.bootstrap());
    cluster.settings.instance = "alone".to_owned();
    cluster.make_topics().await;
    let log = cluster.open().await;
    let member = log.join("g", Topic::Claims).await.unwrap();
    let (mut assignment, control) = (member.assignment, member.control);
    // Progress is told all the time, and so also while nobody listens.
    let telling = CancellationToken::new();
    let told = telling.clone();
    let telling_thread = tokio::spawn(async move {
        let mut next = 0;
        while tokio::time::timeout(Duration::from_millis(20), told.cancelled()).await.is_err() {
            next += 1;
            (0..4).for_each(|partition| control.consumed(partition, next));
        }
        control
    });
    let hold = async |assignment: &mut watch::Receiver<Vec<u32>>, count: usize| {
        let held = assignment.wait_for(|held| held.len() == count);
        let held = tokio::time::timeout(Duration::from_secs(60), held).await;
        held.expect("in time").expect("its place is not lost for good");
    };
    hold(&mut assignment, 4).await;
    let begun = Instant::now();
    for round in 0..4 {
        // Away for longer than its session, stopped in one way and another: what it says in the name of the old one comes late.
        let pauses = round % 2 == 0;
        on_broker(&kafka, move |kafka| if pauses { kafka.pause(1) } else { kafka.kill(1) }.unwrap()).await;
        hold(&mut assignment, 0).await;
        on_broker(&kafka, move |kafka| if pauses { kafka.resume(1) } else { kafka.start_node(1) }.unwrap())
            .await;
        hold(&mut assignment, 4).await;
    }
    println!("four times away in {:?}", begun.elapsed());
    // Still its own, also after whatever came late.
    let lost =
        tokio::time::timeout(Duration::from_secs(5), async { while assignment.changed().await.is_ok() {} });
    assert!(lost.await.is_err(), "nobody else has its name");
    assert_eq!(assignment.borrow().len(), 4);
    telling.cancel();
    drop(telling_thread.await.unwrap());
    log.close(Duration::from_secs(10)).await.unwrap();
}

/// The same broker, once more away: callers wait for room, each is told at the deadline, and then it works again.
async fn bounded_without_a_broker(kafka: &Arc<Kafka>, cluster: &Cluster) {
    let mut settings = cluster.settings.clone();
    settings.in_flight_bytes = 256 << 10;
    let log = Cluster { url: cluster.url.clone(), settings }.open().await;
    log.append(vec![record(Topic::Claims, "k", "warm")]).await.unwrap();
    on_broker(kafka, |kafka| kafka.kill(1).unwrap()).await;
    let began = Instant::now();
    let kilobytes = |count: usize| vec![record(Topic::Claims, "k", vec![7; count << 10])];
    let mut handed_in = Vec::new();
    for _ in 0..3 {
        handed_in.push(log.enqueue(kilobytes(64)).await.unwrap());
    }
    let waiting = tokio::time::timeout(Duration::from_millis(300), log.enqueue(kilobytes(64))).await;
    assert!(waiting.is_err(), "the fourth 64 KiB and what is kept beside them are over 256 KiB: it waits");
    for one in handed_in {
        let error = one.await.unwrap_err();
        assert!(matches!(error, LogError::Unavailable(_)), "{error}");
    }
    let told_after = began.elapsed();
    assert!((DEADLINE..DEADLINE * 3).contains(&told_after), "{told_after:?}");
    // What failed has given its room back.
    let small = tokio::time::timeout(Duration::from_secs(1), log.enqueue(kilobytes(64))).await;
    let refused = small.unwrap().unwrap();
    let _ = refused.await;
    // A call that is larger than the room waits for room that it holds itself, and is told as well.
    let large = (0..16).map(|_| record(Topic::Claims, "k", vec![7; 64 << 10])).collect();
    let told = tokio::time::timeout(DEADLINE * 4, log.append(large)).await.unwrap().unwrap_err();
    assert!(matches!(told, LogError::Unavailable(_)), "{told}");
    on_broker(kafka, |kafka| kafka.start_node(1).unwrap()).await;
    until("appends are acknowledged again", async || log.append(kilobytes(1)).await.is_ok()).await;
    log.close(Duration::from_secs(10)).await.unwrap();
}

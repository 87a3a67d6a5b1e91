//! The suite that every engine of [`EventLog`] passes. Test support: it asserts and unwraps.
//!
//! It makes no assumption about what is already on the log, and appends only to topics as `topics.yaml` ships them.
#![expect(clippy::unwrap_used, reason = "a contract suite fails by panicking, like every test")]

mod groups;
mod reading;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use crisislens_model::{Header, NewRecord, Topic};

use crate::{EventLog, LogError, LogRecord, Placed, ReadLimit, TopicDefinitions, partition_for};

/// How long an engine may take for what happens on its own: a signal, a rebalance, a close.
const PATIENCE: Duration = Duration::from_secs(60);
/// Reads everything in one go.
const NO_LIMIT: ReadLimit = ReadLimit { records: usize::MAX, bytes: usize::MAX };

/// Runs every rule. `make` opens the same log each time; the one before is closed by then.
pub async fn run(make: impl AsyncFn() -> Arc<dyn EventLog>) {
    let log = make().await;
    writing::offsets_follow_each_other_in_the_order_of_the_call(&*log).await;
    writing::records_of_one_key_keep_their_order(&*log).await;
    writing::records_come_back_byte_for_byte(&*log).await;
    writing::the_largest_record_is_taken_and_a_larger_one_refuses_the_whole_call(&*log).await;
    writing::the_largest_record_with_the_most_headers_is_taken_and_one_header_more_is_refused(&*log).await;
    writing::many_appenders_lose_and_double_nothing(&log).await;
    reading::limits_hold_and_one_record_always_comes(&*log).await;
    reading::the_end_reads_as_empty_and_beyond_it_is_out_of_range(&*log).await;
    reading::a_partition_that_does_not_exist_is_refused(&*log).await;
    reading::a_signal_wakes_who_waits_for_a_topic(&log).await;
    groups::members_share_the_partitions_and_take_over_from_each_other(&*log).await;
    reopening_keeps_everything(log, make).await;
}

async fn reopening_keeps_everything(log: Arc<dyn EventLog>, make: impl AsyncFn() -> Arc<dyn EventLog>) {
    let epoch = log.epoch();
    let batch = (0..50).map(|n| record(Topic::Claims, &format!("reopen-{n}"), n)).collect();
    let placed = log.append(batch).await.unwrap();
    let before = read_placed(&*log, &placed).await;
    let ends = ends(&*log, Topic::Claims).await;
    log.close(PATIENCE).await.unwrap();
    refuses_everything(&*log).await;

    let log = make().await;
    assert_eq!(log.epoch(), epoch, "a log keeps its epoch");
    assert_eq!(self::ends(&*log, Topic::Claims).await, ends, "a log keeps its ends");
    assert_eq!(read_placed(&*log, &placed).await, before, "a log keeps its records");
    let next = log.append(vec![record(Topic::Claims, "reopen-0", 50)]).await.unwrap()[0];
    assert_eq!(next.offset, ends[next.partition as usize], "offsets go on where they were");
    log.close(PATIENCE).await.unwrap();
}

async fn refuses_everything(log: &dyn EventLog) {
    let append = log.append(vec![record(Topic::Claims, "late", 0)]).await;
    assert!(matches!(append, Err(LogError::Closed)), "{append:?}");
    let read = log.read(Topic::Claims, 0, 0, NO_LIMIT).await;
    assert!(matches!(read, Err(LogError::Closed)), "{read:?}");
    let bounds = log.bounds(Topic::Claims, 0).await;
    assert!(matches!(bounds, Err(LogError::Closed)), "{bounds:?}");
    assert!(matches!(log.join("late", Topic::Claims).await, Err(LogError::Closed)));
    assert!(matches!(log.enforce_retention().await, Err(LogError::Closed)));
    assert!(matches!(log.groups().await, Err(LogError::Closed)));
}

/// A record whose value says which it is.
fn record(topic: Topic, key: &str, number: u64) -> NewRecord {
    NewRecord {
        topic,
        key: key.as_bytes().to_vec(),
        value: Some(number.to_string().into_bytes()),
        headers: vec![Header::new("ce_id", number.to_string())],
    }
}

fn number(record: &LogRecord) -> u64 {
    std::str::from_utf8(record.value.as_ref().unwrap()).unwrap().parse().unwrap()
}

fn partition_of(log: &dyn EventLog, topic: Topic, key: &str) -> u32 {
    partition_for(key.as_bytes(), log.definitions().get(topic).partitions)
}

/// The end of every partition.
async fn ends(log: &dyn EventLog, topic: Topic) -> Vec<u64> {
    let mut ends = Vec::new();
    for partition in 0..log.definitions().get(topic).partitions {
        ends.push(log.bounds(topic, partition).await.unwrap().end);
    }
    ends
}

/// Everything from `from` to the end.
async fn read_on(log: &dyn EventLog, topic: Topic, partition: u32, mut from: u64) -> Vec<LogRecord> {
    let mut records = Vec::new();
    loop {
        let more =
            log.read(topic, partition, from, ReadLimit { records: 500, bytes: 1 << 20 }).await.unwrap();
        let Some(last) = more.last() else { return records };
        from = last.offset + 1;
        records.extend(more);
    }
}

/// Each record by its place.
async fn read_placed(log: &dyn EventLog, placed: &[Placed]) -> Vec<LogRecord> {
    let mut records = Vec::new();
    for place in placed {
        let limit = ReadLimit { records: 1, bytes: 1 };
        let mut read = log.read(place.topic, place.partition, place.offset, limit).await.unwrap();
        assert_eq!(read.len(), 1);
        let record = read.remove(0);
        assert_eq!((record.partition, record.offset), (place.partition, place.offset));
        records.push(record);
    }
    records
}

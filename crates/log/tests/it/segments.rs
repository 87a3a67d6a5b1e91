//! A topic that goes on in new segments reads, ends and is dropped like one that never does.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crisislens_log::embedded::{EmbeddedLog, EmbeddedOptions};
use crisislens_log::{Bounds, EventLog, ReadLimit, TopicDefinitions, contract};
use crisislens_model::Topic;

use super::{HandClock, noise, open_in_segments, record, try_open_with};

const ALL: ReadLimit = ReadLimit { records: 100_000, bytes: usize::MAX };

const SEGMENT_BYTES: u64 = 20_000;

fn open(dir: &Path) -> Arc<EmbeddedLog> {
    open_in_segments(dir, SEGMENT_BYTES)
}

/// Appends records of a kibibyte each, of several keys, in small batches.
async fn fill(log: &EmbeddedLog, topic: Topic, records: std::ops::Range<u64>) {
    for n in records.step_by(5) {
        let batch = (n..n + 5).map(|n| record(topic, &format!("key {}", n % 7), noise(n))).collect();
        log.append(batch).await.unwrap();
    }
}

/// The keyspaces of a topic, sorted.
fn keyspaces(dir: &Path, topic: Topic) -> Vec<String> {
    let db = fjall::Database::builder(dir).open().unwrap();
    let mut names: Vec<String> = db.list_keyspace_names().iter().map(|name| name.to_string()).collect();
    names.retain(|name| name.split('.').next() == Some(topic.as_str()));
    names.sort();
    names
}

/// Every record of a topic by partition, each partition without a gap.
async fn read(log: &EmbeddedLog, topic: Topic) -> Vec<Vec<Vec<u8>>> {
    let mut partitions = Vec::new();
    for partition in 0..log.definitions().get(topic).partitions {
        let Bounds { start, end } = log.bounds(topic, partition).await.unwrap();
        let records = log.read(topic, partition, start, ALL).await.unwrap();
        assert!(records.iter().map(|record| record.offset).eq(start..end));
        partitions.push(records.into_iter().map(|record| record.value.unwrap().to_vec()).collect());
    }
    partitions
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_many_segments_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    contract::run(async || open(dir.path()) as Arc<dyn EventLog>).await;
}

#[tokio::test]
async fn many_segments_read_as_one_log_before_and_after_it_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    fill(&log, Topic::RawItems, 0..500).await;
    let before = read(&log, Topic::RawItems).await;
    assert_eq!(before.iter().map(Vec::len).sum::<usize>(), 500);
    // From the middle of a segment over the next ones, as far as the limit goes.
    let partition = (0..6).max_by_key(|n| before[*n as usize].len()).unwrap();
    let some = ReadLimit { records: 60, bytes: usize::MAX };
    let records = log.read(Topic::RawItems, partition, 13, some).await.unwrap();
    assert!(records.iter().map(|record| record.offset).eq(13..73));
    log.close(Duration::from_secs(10)).await.unwrap();
    let segments = keyspaces(dir.path(), Topic::RawItems).len();
    assert!(segments > 15, "{segments}");

    let log = open(dir.path());
    assert_eq!(read(&log, Topic::RawItems).await, before);
    fill(&log, Topic::RawItems, 500..600).await;
    assert_eq!(read(&log, Topic::RawItems).await.iter().map(Vec::len).sum::<usize>(), 600);
}

#[tokio::test]
async fn segments_that_retention_has_passed_leave_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let definitions = TopicDefinitions::shipped().unwrap();
    let options = EmbeddedOptions { segment_bytes: SEGMENT_BYTES, ..Default::default() };
    let open =
        || EmbeddedLog::open(dir.path(), definitions.clone(), Arc::clone(&clock) as _, options.clone());
    let log = open().unwrap();
    fill(&log, Topic::Alerts, 0..200).await;
    clock.advance_ms(definitions.get(Topic::Alerts).retention_ms as i64 - 60_000);
    fill(&log, Topic::Alerts, 200..300).await;
    let kept: Vec<_> =
        [log.bounds(Topic::Alerts, 0).await.unwrap().end, log.bounds(Topic::Alerts, 1).await.unwrap().end]
            .into();
    clock.advance_ms(120_000);
    log.enforce_retention().await.unwrap();
    let left = read(&log, Topic::Alerts).await;
    assert_eq!(left.iter().map(Vec::len).sum::<usize>(), 100);
    log.close(Duration::from_secs(10)).await.unwrap();
    let names = keyspaces(dir.path(), Topic::Alerts);
    assert!((5..8).contains(&names.len()), "{names:?}");
    assert!(!names.contains(&"alerts".to_owned()), "{names:?}");

    // All of it: the ends stay, in a segment that has nothing.
    let log = open().unwrap();
    assert_eq!(read(&log, Topic::Alerts).await, left);
    clock.advance_ms(definitions.get(Topic::Alerts).retention_ms as i64);
    log.enforce_retention().await.unwrap();
    log.close(Duration::from_secs(10)).await.unwrap();
    assert_eq!(keyspaces(dir.path(), Topic::Alerts).len(), 1);
    let log = open().unwrap();
    for (partition, end) in (0..).zip(kept) {
        assert_eq!(log.bounds(Topic::Alerts, partition).await.unwrap(), Bounds { start: end, end });
    }
}

#[tokio::test]
async fn a_log_from_before_there_were_segments_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = super::open(dir.path());
    fill(&log, Topic::Claims, 0..100).await;
    let before = read(&log, Topic::Claims).await;
    log.close(Duration::from_secs(10)).await.unwrap();
    let format = || -> Vec<u8> {
        let db = fjall::Database::builder(dir.path()).open().unwrap();
        let notes = db.keyspace("meta", fjall::KeyspaceCreateOptions::default).unwrap();
        notes.get("format").unwrap().unwrap().to_vec()
    };
    {
        let db = fjall::Database::builder(dir.path()).open().unwrap();
        let notes = db.keyspace("meta", fjall::KeyspaceCreateOptions::default).unwrap();
        notes.insert("format", [1]).unwrap();
        db.persist(fjall::PersistMode::SyncAll).unwrap();
    }
    let log = open(dir.path());
    assert_eq!(read(&log, Topic::Claims).await, before);
    fill(&log, Topic::Claims, 100..200).await;
    assert_eq!(read(&log, Topic::Claims).await.iter().map(Vec::len).sum::<usize>(), 200);
    log.close(Duration::from_secs(10)).await.unwrap();
    assert_eq!(format(), [2], "an older program must not take it for a log without segments");
    assert!(keyspaces(dir.path(), Topic::Claims).len() > 2);
}

#[tokio::test]
async fn a_segment_that_a_crash_left_unnoted_is_removed_and_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    fill(&log, Topic::Dlq, 0..10).await;
    log.close(Duration::from_secs(10)).await.unwrap();
    {
        let db = fjall::Database::builder(dir.path()).open().unwrap();
        let left = db.keyspace("dlq.1", fjall::KeyspaceCreateOptions::default).unwrap();
        left.insert([&[0; 4], 5_u64.to_be_bytes().as_slice()].concat(), "not a record").unwrap();
        db.persist(fjall::PersistMode::SyncAll).unwrap();
    }
    let log = open(dir.path());
    assert_eq!(read(&log, Topic::Dlq).await[0].len(), 10);
    fill(&log, Topic::Dlq, 10..60).await;
    assert_eq!(read(&log, Topic::Dlq).await[0].len(), 60);
}

#[tokio::test]
async fn a_log_that_dies_each_time_before_it_has_noted_its_new_segment_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    fill(&log, Topic::Dlq, 0..5).await;
    log.close(Duration::from_secs(10)).await.unwrap();
    drop(log);
    for _ in 0..4 {
        let db = fjall::Database::builder(dir.path()).open().unwrap();
        db.keyspace("dlq.1", fjall::KeyspaceCreateOptions::default).unwrap();
        drop(db);
        let log = open(dir.path());
        assert_eq!(read(&log, Topic::Dlq).await.concat().len(), 5);
        log.close(Duration::from_secs(10)).await.unwrap();
    }
    assert_eq!(keyspaces(dir.path(), Topic::Dlq), ["dlq", "dlq.1"], "it is there for the next time");
    let log = open(dir.path());
    fill(&log, Topic::Dlq, 5..200).await;
    log.close(Duration::from_secs(10)).await.unwrap();
    drop(log);
    assert!(keyspaces(dir.path(), Topic::Dlq).len() > 2);
    assert_eq!(read(&open(dir.path()), Topic::Dlq).await.concat().len(), 200);
}

#[tokio::test]
async fn a_log_that_misses_a_segment_says_so_and_gives_no_offset_twice() {
    // One that has gone on in new segments, and one that never did.
    for topic in [Topic::RawItems, Topic::Claims] {
        let dir = tempfile::tempdir().unwrap();
        let log = open(dir.path());
        fill(&log, Topic::RawItems, 0..200).await;
        log.append(vec![record(Topic::Claims, "key", noise(1))]).await.unwrap();
        log.close(Duration::from_secs(10)).await.unwrap();
        let last = keyspaces(dir.path(), topic).pop().unwrap();
        let db = fjall::Database::builder(dir.path()).open().unwrap();
        let keyspace = db.keyspace(&last, fjall::KeyspaceCreateOptions::default).unwrap();
        db.delete_keyspace(keyspace).unwrap();
        drop(db);
        let options = EmbeddedOptions { segment_bytes: SEGMENT_BYTES, ..Default::default() };
        let error = try_open_with(dir.path(), options).err().expect("it is not opened").to_string();
        assert!(error.contains(&format!("the segment {last} of the log is missing")), "{error}");
    }
}

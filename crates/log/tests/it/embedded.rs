//! The contract, and what only the embedded log promises.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crisislens_log::embedded::{EmbeddedLog, EmbeddedOptions};
use crisislens_log::{EventLog, LogError, ReadLimit, TopicDefinitions, contract};
use crisislens_model::{SystemClock, Topic};

use super::{noise, open, record, try_open};

const LIMIT: ReadLimit = ReadLimit { records: 10_000, bytes: usize::MAX };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    contract::run(async || open(dir.path()) as Arc<dyn EventLog>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract_with_a_queue_for_one_record() {
    let dir = tempfile::tempdir().unwrap();
    let options =
        EmbeddedOptions { queue_records: 1, queue_bytes: 1, commit_records: 1, ..Default::default() };
    contract::run(async || {
        let definitions = TopicDefinitions::shipped().unwrap();
        let log = EmbeddedLog::open(dir.path(), definitions, Arc::new(SystemClock), options.clone());
        log.unwrap() as Arc<dyn EventLog>
    })
    .await;
}

#[tokio::test]
async fn a_second_open_is_told_that_the_log_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let second = try_open(dir.path());
    assert!(matches!(second, Err(LogError::InUse(_))), "{:?}", second.err());
    log.close(Duration::from_secs(10)).await.unwrap();
    log.close(Duration::from_secs(10)).await.unwrap();
    // The closed log is still referred to, and yet the directory is free.
    open(dir.path());
    drop(log);
}

#[tokio::test]
async fn dropping_the_log_frees_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..5 {
        let log = open(dir.path());
        assert_eq!(log.append(vec![record(Topic::Dlq, "k", "v")]).await.unwrap()[0].offset, n);
    }
}

#[tokio::test]
async fn partitions_may_become_more_but_not_fewer() {
    let dir = tempfile::tempdir().unwrap();
    let with = |partitions| {
        let shipped = TopicDefinitions::shipped().unwrap();
        let mut claims = shipped.get(Topic::Claims).clone();
        claims.partitions = partitions;
        let definitions = shipped.with(claims).unwrap();
        EmbeddedLog::open(dir.path(), definitions, Arc::new(SystemClock), EmbeddedOptions::default())
    };
    drop(with(4).unwrap());
    let more = with(6).unwrap();
    assert_eq!(more.bounds(Topic::Claims, 5).await.unwrap().end, 0);
    drop(more);
    let fewer = with(4);
    let Err(LogError::Definition(message)) = fewer else { panic!("fewer partitions must be refused") };
    assert!(message.contains("claims") && message.contains('6'), "{message}");
}

#[tokio::test]
async fn another_log_has_another_epoch() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_ne!(open(one.path()).epoch(), open(other.path()).epoch());
}

#[tokio::test]
async fn what_was_flushed_to_tables_reads_like_what_is_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let options = EmbeddedOptions { quiet_memtable_bytes: 64 << 10, ..Default::default() };
    let definitions = TopicDefinitions::shipped().unwrap();
    let log = EmbeddedLog::open(dir.path(), definitions, Arc::new(SystemClock), options).unwrap();
    for round in 0..40 {
        let batch = (round * 100..(round + 1) * 100).map(|n| record(Topic::Dlq, "k", noise(n))).collect();
        log.append(batch).await.unwrap();
    }
    let read = log.read(Topic::Dlq, 0, 0, LIMIT).await.unwrap();
    assert_eq!(read.len(), 4000);
    for (n, record) in (0..).zip(&read) {
        assert_eq!(record.offset, n);
        assert_eq!(record.value.as_deref(), Some(noise(n).as_slice()));
    }
}

#[tokio::test]
async fn closing_answers_every_append_that_was_let_in() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let appends: Vec<_> = (0..200)
        .map(|n| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { log.append(vec![record(Topic::Dlq, "k", n.to_string())]).await })
        })
        .collect();
    tokio::task::yield_now().await;
    log.close(Duration::from_secs(10)).await.unwrap();
    let mut taken = Vec::new();
    for append in appends {
        match append.await.unwrap() {
            Ok(placed) => taken.push(placed[0].offset),
            Err(error) => assert!(matches!(error, LogError::Closed), "{error}"),
        }
    }
    let log = open(dir.path());
    assert_eq!(log.bounds(Topic::Dlq, 0).await.unwrap().end, taken.len() as u64);
}

#[tokio::test]
async fn a_damaged_or_missing_record_is_named_and_the_others_stay_readable() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.append((0..10).map(|n| record(Topic::Dlq, "k", noise(n))).collect()).await.unwrap();
    log.close(Duration::from_secs(10)).await.unwrap();
    tamper(dir.path());

    let log = open(dir.path());
    assert_eq!(log.bounds(Topic::Dlq, 0).await.unwrap().end, 10, "a damaged last record keeps its offset");
    for offset in [4, 7, 9] {
        let read = log.read(Topic::Dlq, 0, offset, LIMIT).await;
        let Err(LogError::Damaged { partition: 0, offset: named, .. }) = read else {
            panic!("{offset} must be damaged, not {read:?}")
        };
        assert_eq!(named, offset);
    }
    assert_eq!(
        log.read(Topic::Dlq, 0, 0, ReadLimit { records: 4, bytes: usize::MAX }).await.unwrap().len(),
        4
    );
    assert_eq!(
        log.read(Topic::Dlq, 0, 5, ReadLimit { records: 2, bytes: usize::MAX }).await.unwrap().len(),
        2
    );
    assert_eq!(log.append(vec![record(Topic::Dlq, "k", "next")]).await.unwrap()[0].offset, 10);
}

/// Changes a bit of records 4 and 9, and takes record 7 away.
fn tamper(dir: &Path) {
    let db = fjall::Database::builder(dir).open().unwrap();
    let records = db.keyspace("dlq", fjall::KeyspaceCreateOptions::default).unwrap();
    let place = |offset: u64| [&[0; 4], offset.to_be_bytes().as_slice()].concat();
    for offset in [4, 9] {
        let mut bytes = records.get(place(offset)).unwrap().unwrap().to_vec();
        bytes[500] ^= 1;
        records.insert(place(offset), bytes).unwrap();
    }
    records.remove(place(7)).unwrap();
    db.persist(fjall::PersistMode::SyncAll).unwrap();
}

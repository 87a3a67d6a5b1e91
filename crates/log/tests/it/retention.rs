//! Retention, under a clock set by hand.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crisislens_log::embedded::{EmbeddedLog, EmbeddedOptions};
use crisislens_log::{Bounds, EventLog, LogError, ReadLimit, TopicDefinitions};
use crisislens_model::Topic;

use super::{HandClock, noise, record};

const HOUR_MS: i64 = 3_600_000;
const LIMIT: ReadLimit = ReadLimit { records: 10_000, bytes: usize::MAX };

fn open(dir: &Path, clock: &Arc<HandClock>, retention_bytes: Option<u64>) -> Arc<EmbeddedLog> {
    open_with(dir, clock, retention_bytes, EmbeddedOptions::default())
}

fn open_with(
    dir: &Path,
    clock: &Arc<HandClock>,
    retention_bytes: Option<u64>,
    options: EmbeddedOptions,
) -> Arc<EmbeddedLog> {
    let shipped = TopicDefinitions::shipped().unwrap();
    let mut dlq = shipped.get(Topic::Dlq).clone();
    (dlq.retention_ms, dlq.retention_bytes) = (10 * HOUR_MS as u64, retention_bytes);
    let definitions = shipped.with(dlq).unwrap();
    EmbeddedLog::open(dir, definitions, Arc::clone(clock) as _, options).unwrap()
}

/// A hundred records of 100 bytes each hour.
async fn fill(log: &EmbeddedLog, clock: &HandClock, hours: u64) {
    for _ in 0..hours {
        log.append((0..100).map(|_| record(Topic::Dlq, "k", [7; 99])).collect()).await.unwrap();
        clock.advance_ms(HOUR_MS);
    }
}

async fn bounds(log: &EmbeddedLog) -> Bounds {
    log.bounds(Topic::Dlq, 0).await.unwrap()
}

#[tokio::test]
async fn records_older_than_the_retention_are_dropped_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let log = open(dir.path(), &clock, None);
    fill(&log, &clock, 24).await;
    log.enforce_retention().await.unwrap();
    assert_eq!(bounds(&log).await, Bounds { start: 1400, end: 2400 });
    let below = log.read(Topic::Dlq, 0, 1399, LIMIT).await;
    assert!(
        matches!(below, Err(LogError::OutOfRange { asked: 1399, start: 1400, end: 2400, .. })),
        "{below:?}"
    );
    let kept = log.read(Topic::Dlq, 0, 1400, LIMIT).await.unwrap();
    assert_eq!((kept.len(), kept[0].offset), (1000, 1400));

    clock.advance_ms(1);
    log.enforce_retention().await.unwrap();
    assert_eq!(bounds(&log).await.start, 1500);
}

#[tokio::test]
async fn an_end_never_goes_back_even_if_everything_was_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let log = open(dir.path(), &clock, None);
    fill(&log, &clock, 3).await;
    clock.advance_ms(20 * HOUR_MS);
    log.enforce_retention().await.unwrap();
    assert_eq!(bounds(&log).await, Bounds { start: 300, end: 300 });
    assert_eq!(log.read(Topic::Dlq, 0, 300, LIMIT).await.unwrap(), []);
    drop(log);

    let log = open(dir.path(), &clock, None);
    assert_eq!(bounds(&log).await, Bounds { start: 300, end: 300 });
    let placed = log.append(vec![record(Topic::Dlq, "k", "new")]).await.unwrap();
    assert_eq!(placed[0].offset, 300);
    drop(log);
    let log = open(dir.path(), &clock, None);
    log.enforce_retention().await.unwrap();
    assert_eq!(bounds(&log).await, Bounds { start: 300, end: 301 });
}

#[tokio::test]
async fn a_limit_in_bytes_drops_the_oldest_but_never_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let log = open(dir.path(), &clock, Some(25_000));
    fill(&log, &clock, 5).await;
    log.enforce_retention().await.unwrap();
    assert_eq!(bounds(&log).await, Bounds { start: 250, end: 500 });
    drop(log);

    let log = open(dir.path(), &clock, Some(25_000));
    fill(&log, &clock, 1).await;
    log.enforce_retention().await.unwrap();
    assert_eq!(bounds(&log).await, Bounds { start: 350, end: 600 });
    log.append(vec![record(Topic::Dlq, "k", [1; 50_000])]).await.unwrap();
    log.enforce_retention().await.unwrap();
    assert_eq!(bounds(&log).await, Bounds { start: 600, end: 601 });
}

#[tokio::test]
async fn a_clock_that_steps_back_drops_nothing_too_much() {
    let dir = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let log = open(dir.path(), &clock, None);
    fill(&log, &clock, 2).await;
    clock.advance_ms(-12 * HOUR_MS);
    fill(&log, &clock, 2).await;
    clock.advance_ms(10 * HOUR_MS);
    log.enforce_retention().await.unwrap();
    assert_eq!(bounds(&log).await, Bounds { start: 0, end: 400 });
}

#[tokio::test]
async fn dropped_records_give_their_disk_space_back() {
    let dir = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let options = EmbeddedOptions { quiet_memtable_bytes: 256 << 10, ..Default::default() };
    let log = open_with(dir.path(), &clock, None, options);
    for batch in 0..80 {
        log.append((0..100).map(|n| record(Topic::Dlq, "k", noise(batch * 100 + n))).collect())
            .await
            .unwrap();
    }
    let tables = dir.path().join("keyspaces");
    let before = disk_bytes(&tables);
    assert!(before > 6 << 20, "most of the 8 MB are in tables: {before}");
    clock.advance_ms(11 * HOUR_MS);
    log.enforce_retention().await.unwrap();
    assert_eq!(bounds(&log).await, Bounds { start: 8000, end: 8000 });
    log.close(Duration::from_secs(10)).await.unwrap();
    let after = disk_bytes(&tables);
    assert!(after < 2 << 20, "what is not yet in tables may stay a while: {after}");
}

fn disk_bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    let bytes = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
        Ok(metadata) => metadata.len(),
        // Compaction may have removed it meanwhile.
        Err(_) => 0,
    };
    entries.map(bytes).sum()
}

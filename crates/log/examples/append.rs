//! How fast the embedded log appends and reads on this machine, and what memory it takes.
//!
//! `cargo run --release -p crisislens-log --example append -- [records] [callers] [directory]`
#![expect(clippy::unwrap_used, reason = "a measuring tool may stop at the first error")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crisislens_log::embedded::{EmbeddedLog, EmbeddedOptions};
use crisislens_log::{EventLog, ReadLimit, TopicDefinitions};
use crisislens_model::{NewRecord, SystemClock, Topic};

const BATCH: usize = 100;
const VALUE_BYTES: usize = 1024;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let records: usize = arguments.next().map_or(200_000, |text| text.parse().unwrap());
    let callers: usize = arguments.next().map_or(1, |text| text.parse().unwrap());
    let dir = arguments.next().unwrap_or_else(|| "/tmp/crisislens-append".to_owned());
    let _ = std::fs::remove_dir_all(&dir);
    report("before", 0, Duration::from_secs(1));
    let log = open(&dir);

    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| tokio::spawn(append(Arc::clone(&log), caller, records / callers)))
        .collect();
    let mut slowest = Duration::ZERO;
    for task in tasks {
        slowest = slowest.max(task.await.unwrap());
    }
    report("append", records, started.elapsed());
    println!("slowest append of {BATCH}: {} ms", slowest.as_millis());

    let started = Instant::now();
    let scanned = scan(&log).await;
    report("scan", scanned, started.elapsed());
    log.close(Duration::from_secs(60)).await.unwrap();

    let started = Instant::now();
    let log = open(&dir);
    report("reopen", 1, started.elapsed());
    log.close(Duration::from_secs(60)).await.unwrap();
}

fn open(dir: &str) -> Arc<EmbeddedLog> {
    let definitions = TopicDefinitions::shipped().unwrap();
    EmbeddedLog::open(dir, definitions, Arc::new(SystemClock), EmbeddedOptions::default()).unwrap()
}

/// Appends in batches and tells the slowest.
async fn append(log: Arc<EmbeddedLog>, caller: usize, records: usize) -> Duration {
    let mut slowest = Duration::ZERO;
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64 + caller as u64;
    for batch in 0..records / BATCH {
        let batch = (0..BATCH).map(|n| NewRecord {
            topic: Topic::RawItems,
            key: format!("{caller}-{batch}-{n}").into_bytes(),
            value: Some(value(&mut noise)),
            headers: vec![],
        });
        let started = Instant::now();
        log.append(batch.collect()).await.unwrap();
        slowest = slowest.max(started.elapsed());
    }
    slowest
}

/// Half noise, half text, so that it packs about as well as JSON does.
fn value(noise: &mut u64) -> Vec<u8> {
    let mut value = vec![b'a'; VALUE_BYTES];
    for word in value[..VALUE_BYTES / 2].as_chunks_mut::<8>().0 {
        *noise ^= *noise << 13;
        *noise ^= *noise >> 7;
        *noise ^= *noise << 17;
        *word = noise.to_ne_bytes();
    }
    value
}

async fn scan(log: &EmbeddedLog) -> usize {
    let mut scanned = 0;
    for partition in 0..log.definitions().get(Topic::RawItems).partitions {
        let mut from = 0;
        loop {
            let limit = ReadLimit { records: 1000, bytes: 1 << 20 };
            let records = log.read(Topic::RawItems, partition, from, limit).await.unwrap();
            let Some(last) = records.last() else { break };
            from = last.offset + 1;
            scanned += records.len();
        }
    }
    scanned
}

fn report(what: &str, records: usize, took: Duration) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
    };
    let rate = records as f64 / took.as_secs_f64();
    println!(
        "{what}: {records} in {:.3} s = {rate:.0}/s; RSS {} MiB, peak {} MiB",
        took.as_secs_f64(),
        field("VmRSS"),
        field("VmHWM")
    );
}

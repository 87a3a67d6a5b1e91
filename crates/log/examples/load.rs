//! What a steady load costs: 3,000 appends of 1 KiB a second over the seven topics, and four tailing readers per topic.
//!
//! `cargo run --release -p crisislens-log --example load -- [seconds] [directory]`
#![expect(clippy::unwrap_used, reason = "a measuring tool may stop at the first error")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crisislens_log::embedded::{EmbeddedLog, EmbeddedOptions};
use crisislens_log::{EventLog, ReadLimit, TopicDefinitions};
use crisislens_model::{NewRecord, SystemClock, Topic};

const RECORDS_PER_SECOND: u64 = 3000;
const TICK: Duration = Duration::from_millis(5);
const READERS_PER_TOPIC: usize = 4;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(30, |text| text.parse().unwrap());
    let dir = arguments.next().unwrap_or_else(|| "/tmp/crisislens-load".to_owned());
    let _ = std::fs::remove_dir_all(&dir);
    let definitions = TopicDefinitions::shipped().unwrap();
    let log =
        EmbeddedLog::open(&dir, definitions, Arc::new(SystemClock), EmbeddedOptions::default()).unwrap();
    let read = Arc::new(AtomicU64::new(0));
    let mut readers = Vec::new();
    for topic in Topic::ALL {
        for _ in 0..READERS_PER_TOPIC {
            readers.push(tokio::spawn(tail(Arc::clone(&log), topic, Arc::clone(&read))));
        }
    }
    let mut slowest = Duration::ZERO;
    let mut appends = Vec::new();
    let started = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    let mut sent = 0;
    while started.elapsed() < Duration::from_secs(seconds) {
        ticks.tick().await;
        let due = started.elapsed().as_millis() as u64 * RECORDS_PER_SECOND / 1000;
        let batch = (sent..due).map(record).collect();
        sent = due;
        let log = Arc::clone(&log);
        appends.push(tokio::spawn(async move {
            let started = Instant::now();
            log.append(batch).await.unwrap();
            started.elapsed()
        }));
    }
    let count = appends.len() as u32;
    let mut total = Duration::ZERO;
    for append in appends {
        let took = append.await.unwrap();
        slowest = slowest.max(took);
        total += took;
    }
    println!("appended {sent} in {seconds} s; call: mean {:?}, slowest {slowest:?}", total / count);
    println!("read {} times by the readers; {}", read.load(Ordering::Relaxed), usage(seconds));
    log.close(Duration::from_secs(60)).await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
}

fn record(number: u64) -> NewRecord {
    // Half of the load on the two busy topics, the rest over all seven.
    let topic = Topic::ALL[if number.is_multiple_of(2) { number / 2 % 2 } else { number / 2 % 7 } as usize];
    let mut value = vec![b'a'; 1024];
    let mut noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for word in value[..512].as_chunks_mut::<8>().0 {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        *word = noise.to_ne_bytes();
    }
    NewRecord { topic, key: number.to_string().into_bytes(), value: Some(value), headers: vec![] }
}

/// Follows every partition of a topic until the log is closed.
async fn tail(log: Arc<EmbeddedLog>, topic: Topic, read: Arc<AtomicU64>) {
    let mut changes = log.changes(topic);
    let mut next = vec![0; log.definitions().get(topic).partitions as usize];
    loop {
        changes.mark_unchanged();
        for (partition, from) in (0..).zip(&mut next) {
            let limit = ReadLimit { records: 500, bytes: 1 << 20 };
            let Ok(records) = log.read(topic, partition, *from, limit).await else { return };
            *from += records.len() as u64;
            read.fetch_add(records.len() as u64, Ordering::Relaxed);
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Processor time and memory of this process.
fn usage(seconds: u64) -> String {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let memory: Vec<_> =
        status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM")).collect();
    format!("{} % of one core; {}", ticks / seconds, memory.join(", "))
}

//! An acknowledged append survives `kill -9`: a child appends and says what was acknowledged, and is killed somewhere.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crisislens_log::embedded::EmbeddedLog;
use crisislens_log::{EventLog, ReadLimit};
use crisislens_model::Topic;

use super::{again, next_random, open_in_segments, record};

/// So small that it is killed at times while it goes on in a new one.
const SEGMENT_BYTES: u64 = 100_000;

/// Where the child finds the log; only the child has it.
const DIR: &str = "CRISISLENS_LOG_CRASH_DIR";
/// Repeats a run.
const SEED: &str = "CRISISLENS_LOG_CRASH_SEED";
const ROUNDS: u32 = 15;
const APPENDERS: u64 = 4;
/// Appender `n` writes to a topic of one partition or of several.
const TOPICS: [Topic; 4] = [Topic::Dlq, Topic::RawItems, Topic::Dlq, Topic::RawItems];

#[test]
fn acknowledged_appends_survive_being_killed() {
    if let Ok(dir) = std::env::var(DIR) {
        return append_until_killed(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut seed = seed();
    println!("{SEED}={seed}");
    let mut acknowledged = [0_u64; APPENDERS as usize];
    for round in 0..ROUNDS {
        let lifetime = Duration::from_millis(next_random(&mut seed) % 300);
        kill_one(dir.path(), lifetime, &mut acknowledged);
        check(dir.path(), &mut acknowledged, round);
    }
    println!("acknowledged: {acknowledged:?}");
    assert!(
        acknowledged.iter().all(|count| *count > 100),
        "the children did not append enough: {acknowledged:?}"
    );
}

/// Runs a child for `lifetime` after its first acknowledgement and takes note of what it acknowledged.
fn kill_one(dir: &Path, lifetime: Duration, acknowledged: &mut [u64]) {
    let mut child = again("crash::acknowledged_appends_survive_being_killed", DIR, dir);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut note = |line: String| {
        // `ack <appender> <sequence>`; the test harness prints lines of its own, and the last line may be cut.
        let mut words = line.split(' ');
        if words.next() == Some("ack") && line.ends_with('.') {
            let appender: usize = words.next().unwrap().parse().unwrap();
            let sequence: u64 = words.next().unwrap().parse().unwrap();
            acknowledged[appender] = acknowledged[appender].max(sequence + 1);
        }
    };
    let first = lines.find(|line| line.starts_with("ack")).expect("a child that appends");
    note(first);
    let killer = std::thread::spawn(move || {
        std::thread::sleep(lifetime);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    lines.for_each(note);
    killer.join().unwrap();
}

/// Reads everything back: every appender's records from 0 on, in order, without gap or double, and at least as many as
/// were acknowledged. More is right too: they were durable before their acknowledgement was printed.
fn check(dir: &Path, acknowledged: &mut [u64], round: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let log = open_in_segments(dir, SEGMENT_BYTES);
        for appender in 0..APPENDERS {
            let found = sequences(&log, appender).await;
            assert_eq!(
                found,
                (0..found.len() as u64).collect::<Vec<_>>(),
                "round {round}, appender {appender}"
            );
            let least = acknowledged[appender as usize];
            assert!(
                found.len() as u64 >= least,
                "round {round}, appender {appender}: {} < {least}",
                found.len()
            );
            acknowledged[appender as usize] = found.len() as u64;
        }
        log.close(Duration::from_secs(10)).await.unwrap();
    });
}

async fn sequences(log: &EmbeddedLog, appender: u64) -> Vec<u64> {
    let topic = TOPICS[appender as usize];
    let key = format!("appender-{appender}");
    let mut sequences = Vec::new();
    for partition in 0..log.definitions().get(topic).partitions {
        let mut from = 0;
        loop {
            let limit = ReadLimit { records: 2000, bytes: 4 << 20 };
            let records = log.read(topic, partition, from, limit).await.unwrap();
            let Some(last) = records.last() else { break };
            assert_eq!(last.offset + 1 - from, records.len() as u64);
            from = last.offset + 1;
            let own = records.iter().filter(|record| record.key == key.as_bytes());
            sequences.extend(own.map(|record| {
                let value = record.value.as_ref().unwrap();
                u64::from_be_bytes(value[..8].try_into().unwrap())
            }));
        }
    }
    sequences
}

fn append_until_killed(dir: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let log = open_in_segments(dir, SEGMENT_BYTES);
        let appenders: Vec<_> =
            (0..APPENDERS).map(|appender| tokio::spawn(append_forever(Arc::clone(&log), appender))).collect();
        // A child whose parent is gone must not fill the disk.
        let _ = tokio::time::timeout(Duration::from_secs(20), async {
            for appender in appenders {
                appender.await.unwrap();
            }
        })
        .await;
    });
}

async fn append_forever(log: Arc<EmbeddedLog>, appender: u64) {
    let mut sequence = sequences(&log, appender).await.len() as u64;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        // One to five records a call, up to 1.5 KiB each, so that kills fall at every state of a batch.
        let batch = (sequence..=sequence + sequence % 5).map(|n| {
            let mut value = n.to_be_bytes().to_vec();
            value.resize(8 + (n * 997 % 1500) as usize, n as u8);
            record(TOPICS[appender as usize], &format!("appender-{appender}"), value)
        });
        sequence += log.append(batch.collect()).await.unwrap().len() as u64;
        let line = format!("ack {appender} {} .\n", sequence - 1);
        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
    }
}

fn seed() -> u64 {
    let given = std::env::var(SEED).ok().map(|seed| seed.parse().unwrap());
    given.unwrap_or_else(|| u64::from(std::process::id()) * 2_654_435_761 + 1)
}

//! The embedded engine beside a broker with acks=all on the same machine, alone, and as it grows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crisislens_log::embedded::{EmbeddedLog, EmbeddedOptions};
use crisislens_log::{EventLog, TopicDefinitions};
use crisislens_model::SystemClock;

use super::{Figures, batches, consume, median, p99, peer};
use crate::round;
use crate::shared::start_kafka;

/// Callers that append at once, and records of one call.
const CALLERS: usize = 8;
const BATCH: usize = 200;
/// Single appends whose time is taken.
const SINGLE: usize = 2_000;
const MILLION: usize = 1_000_000;

fn open(dir: &tempfile::TempDir) -> anyhow::Result<Arc<EmbeddedLog>> {
    let definitions = TopicDefinitions::shipped()?;
    Ok(EmbeddedLog::open(dir.path(), definitions, Arc::new(SystemClock), EmbeddedOptions::default())?)
}

/// Appends in batches, reads, and appends one by one.
pub async fn measure(records: usize, rounds: usize) -> anyhow::Result<()> {
    let kafka = start_kafka()?;
    peer::make_topic(&kafka)?;
    let (mut ours, mut theirs, mut consumed, mut their_consumed) = (vec![], vec![], vec![], vec![]);
    let mut single = Vec::new();
    for round in 0..rounds {
        theirs.push(peer::produce(&kafka, records)?);
        let dir = tempfile::tempdir()?;
        let log: Arc<dyn EventLog> = open(&dir)?;
        ours.push(append(&log, records).await?);
        their_consumed.push(peer::consume(&kafka, records)?);
        consumed.push(consume::consume(&log, records, "bench").await?);
        single.extend(one_by_one(&log).await?);
        log.close(Duration::from_secs(60)).await?;
        eprintln!("round {}: appended {ours:?} beside {theirs:?}", round + 1);
    }
    Figures { p99_ms: Some(p99(single)), ..Figures::compared("embedded", "append", ours, theirs) }.say()?;
    Figures::compared("embedded", "consume", consumed, their_consumed).say()
}

/// Durable records a second.
async fn append(log: &Arc<dyn EventLog>, records: usize) -> anyhow::Result<f64> {
    let calls: Vec<_> = (0..CALLERS).map(|caller| batches(caller, records / CALLERS, BATCH)).collect();
    let begun = Instant::now();
    let callers: Vec<_> = calls
        .into_iter()
        .map(|calls| {
            let log = Arc::clone(log);
            tokio::spawn(async move {
                for call in calls {
                    log.append(call).await?;
                }
                Ok::<_, crisislens_log::LogError>(())
            })
        })
        .collect();
    for caller in callers {
        caller.await??;
    }
    Ok((records / CALLERS * CALLERS) as f64 / begun.elapsed().as_secs_f64())
}

/// The time of each append of one record.
async fn one_by_one(log: &Arc<dyn EventLog>) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(SINGLE);
    for call in batches(0, SINGLE, 1) {
        let begun = Instant::now();
        log.append(call).await?;
        times.push(begun.elapsed());
    }
    Ok(times)
}

/// Appends `records` and compares the first million with the last.
pub async fn grow(records: usize) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let log: Arc<dyn EventLog> = open(&dir)?;
    let mut rates = Vec::new();
    for million in 1..=records.div_ceil(MILLION) {
        rates.push(append(&log, MILLION).await?);
        eprintln!("million {million}: {:.0}/s", rates[million - 1]);
    }
    let read = consume::consume(&log, records.div_ceil(MILLION) * MILLION, "bench").await?;
    log.close(Duration::from_secs(60)).await?;
    let (first, last) = (rates.first().copied().unwrap_or(1.0), rates.last().copied().unwrap_or_default());
    Figures {
        engine: "embedded",
        op: "append",
        records_per_s: round(last),
        peer_records_per_s: None,
        ratio: Some((last / first * 100.0).round() / 100.0),
        p99_ms: None,
        note: Some(format!(
            "the last million of {records} against the first ({first:.0}/s); median of all {:.0}/s; read back at {read:.0}/s",
            median(rates)
        )),
    }
    .say()
}

//! The log's engines: appends and reads of 1 KiB records, beside Kafka's own tools on the same broker in the same run.
//!
//! Each line: engine, op, records_per_s, peer_records_per_s, ratio, p99_ms. The peer of every op is
//! `ProducerPerformance` (acks=all, lz4) or `ConsumerPerformance` of Apache Kafka. Ours and theirs take turns, so that both
//! see the machine in the same moods; the figures are medians of the rounds.

mod consume;
mod embedded;
mod kafka;
mod peer;

use std::time::Duration;

use clap::Args;
use crisislens_model::{NewRecord, Topic};
use serde::Serialize;

use crate::shared::Engine;
use crate::{quantile, round};

/// Bytes of a record's value.
const VALUE_BYTES: usize = 1024;

/// What is measured, and how much of it.
#[derive(Args)]
pub struct Log {
    /// The engine
    #[arg(long, value_enum)]
    engine: Engine,
    /// Records of each round
    #[arg(long)]
    records: usize,
    /// Rounds of ours and theirs in turn
    #[arg(long)]
    rounds: usize,
    /// Appends so many records to the embedded log and compares the first million with the last
    #[arg(long)]
    grow_to: Option<usize>,
}

/// One op of one engine.
#[derive(Serialize)]
struct Figures {
    engine: &'static str,
    op: &'static str,
    records_per_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_records_per_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p99_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Figures {
    fn compared(engine: &'static str, op: &'static str, ours: Vec<f64>, theirs: Vec<f64>) -> Self {
        let (ours, theirs) = (median(ours), median(theirs));
        Self {
            engine,
            op,
            records_per_s: round(ours),
            peer_records_per_s: Some(round(theirs)),
            ratio: Some((ours / theirs * 100.0).round() / 100.0),
            p99_ms: None,
            note: None,
        }
    }

    fn say(&self) -> anyhow::Result<()> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}

/// Measures.
pub async fn measure(arguments: Log) -> anyhow::Result<()> {
    match (arguments.engine, arguments.grow_to) {
        (Engine::Embedded, Some(records)) => embedded::grow(records).await,
        (Engine::Embedded, None) => embedded::measure(arguments.records, arguments.rounds).await,
        (Engine::Kafka, _) => kafka::measure(arguments.records, arguments.rounds).await,
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Random capital letters, as `ProducerPerformance` makes them, so that both pack alike.
struct Letters(u64);

impl Letters {
    fn new(seed: usize) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ (seed as u64 + 1))
    }

    fn value(&mut self) -> Vec<u8> {
        let mut value = Vec::with_capacity(VALUE_BYTES);
        while value.len() < VALUE_BYTES {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            value.extend(self.0.to_le_bytes().map(|byte| b'A' + byte % 26));
        }
        value.truncate(VALUE_BYTES);
        value
    }
}

/// So many records of one caller, made before the clock runs.
fn batches(caller: usize, records: usize, batch: usize) -> Vec<Vec<NewRecord>> {
    let mut letters = Letters::new(caller);
    // As the peer does: few different values, each sent often.
    let values: Vec<Vec<u8>> = (0..256).map(|_| letters.value()).collect();
    let record = |number: usize| NewRecord {
        topic: Topic::RawItems,
        key: format!("{caller}-{number}").into_bytes(),
        value: Some(values[number % values.len()].clone()),
        headers: vec![],
    };
    let numbers: Vec<usize> = (0..records).collect();
    numbers.chunks(batch).map(|chunk| chunk.iter().map(|number| record(*number)).collect()).collect()
}

fn p99(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    round(quantile(&times, 0.99))
}

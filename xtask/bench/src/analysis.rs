//! What everything that the stream makes of one item costs on one core, how long the models and the gazetteer take to load, and what they
//! hold.
//!
//! Each record goes through the handlers of the stream, but for what they read and write in the store: it is decoded and analysed, with the
//! keys of its copies; the item is encoded and decoded as on its topic; what it states is found; and so are the keys of the incidents that it
//! may join. Recorded posts, each with a number of its own.
//!
//! Prints one JSON line: items_per_s, p50_ms, p99_ms, max_ms, the mean of each part in µs (normalise_us, claims_us, incidents_us), load_ms,
//! rss_mb, items.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use crisislens_analysis::Analyzer;
use crisislens_analysis::incident::keys;
use crisislens_bench::posts;
use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{Clock as _, Header, NewRecord, RawItem, RiskWeights, SystemClock, Timestamp};
use crisislens_pipeline::{Cluster, ExtractClaims, Memory, Normalise, raw_item_record};
use crisislens_stream::Handler;
use serde::Serialize;

use crate::process::peak_rss_mb;
use crate::{quantile, round};

/// Items of which a node remembers what they state.
const REMEMBERED: usize = 20_000;
/// From this check-worthiness on a sentence is a claim, unless somebody configures it.
const MIN_CHECKWORTHINESS: f64 = 0.5;

/// What is measured, and how much of it.
#[derive(Args)]
pub struct Analysis {
    /// Folder of the recordings
    #[arg(long)]
    pub recordings: PathBuf,
    /// Posts analysed
    #[arg(long)]
    items: usize,
    /// Then looks things up in a store of 10,000 items, and of ten times as many, up to this
    #[arg(long)]
    pub lookups_to: Option<u64>,
}

/// What was measured.
#[derive(Serialize)]
struct Figures {
    items_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    normalise_us: f64,
    claims_us: f64,
    incidents_us: f64,
    load_ms: f64,
    rss_mb: f64,
    items: usize,
}

/// The handlers that an item goes through.
pub struct Handlers {
    normalise: Normalise,
    claims: ExtractClaims,
    cluster: Cluster,
}

/// How long each part took.
struct Times {
    normalise: Duration,
    claims: Duration,
    incidents: Duration,
}

impl Handlers {
    fn of(analyzer: Analyzer) -> Self {
        let (analyzer, clock) = (Arc::new(analyzer), Arc::new(SystemClock));
        Self {
            normalise: Normalise { analyzer: Arc::clone(&analyzer), clock: clock.clone() },
            claims: ExtractClaims {
                analyzer,
                memory: Arc::new(Memory::new(REMEMBERED)),
                clock: clock.clone(),
                min_checkworthiness: MIN_CHECKWORTHINESS,
            },
            cluster: Cluster::new(clock, RiskWeights::default()),
        }
    }

    /// Makes everything of one record.
    fn enrich(&self, raw: &LogRecord) -> anyhow::Result<Times> {
        let begun = Instant::now();
        let analysed = self.normalise.prepare(raw)?.context("a post is passed over")?;
        let item = analysed.item();
        let told = LogRecord {
            value: Some(serde_json::to_vec(&item)?.into()),
            headers: vec![Header::new("ce_type", event_type::ITEM_CREATED)],
            ..raw.clone()
        };
        let normalise = begun.elapsed();
        let begun = Instant::now();
        std::hint::black_box(self.claims.prepare(&told)?.context("an item is passed over")?);
        let claims = begun.elapsed();
        let begun = Instant::now();
        std::hint::black_box(self.cluster.prepare(&told)?);
        std::hint::black_box(keys::of_item(&item));
        Ok(Times { normalise, claims, incidents: begun.elapsed() })
    }
}

/// Makes everything of recorded posts, one after the other.
pub fn measure(arguments: &Analysis) -> anyhow::Result<()> {
    let before_mb = peak_rss_mb(std::process::id())?;
    let started = Instant::now();
    let handlers = Handlers::of(Analyzer::new()?);
    let load = started.elapsed();
    let texts = posts::read(&arguments.recordings)?;
    // The texts are the generator's.
    let texts_mb = peak_rss_mb(std::process::id())? - before_mb;
    let mut times: Vec<Duration> = Vec::with_capacity(arguments.items);
    let mut sums = [Duration::ZERO; 3];
    let now = SystemClock.now();
    for number in 0..arguments.items {
        let text = format!("{} ({number})", texts[number % texts.len()]);
        let raw = RawItem {
            timestamp: now,
            ingested_at: now,
            ..RawItem::post("bench", &number.to_string(), &text)
        };
        let Times { normalise, claims, incidents } =
            handlers.enrich(&record(raw_item_record(&raw, "/bench")?))?;
        times.push(normalise + claims + incidents);
        for (sum, part) in sums.iter_mut().zip([normalise, claims, incidents]) {
            *sum += part;
        }
    }
    let seconds = sums.iter().sum::<Duration>().as_secs_f64();
    times.sort_unstable();
    let ms = |share: f64| (quantile(&times, share) * 1e3).round() / 1e3;
    let [normalise_us, claims_us, incidents_us] =
        sums.map(|sum| round(sum.as_secs_f64() * 1e6 / arguments.items.max(1) as f64));
    let figures = Figures {
        items_per_s: (arguments.items as f64 / seconds).round(),
        p50_ms: ms(0.5),
        p99_ms: ms(0.99),
        max_ms: ms(1.0),
        normalise_us,
        claims_us,
        incidents_us,
        load_ms: round(load.as_secs_f64() * 1e3),
        rss_mb: round(peak_rss_mb(std::process::id())?),
        items: arguments.items,
    };
    eprintln!("of the memory, {texts_mb:.1} MB are texts and what was loaded before the first item");
    eprintln!(
        "{} items/s; p50 {} ms, p99 {} ms, longest {} ms; loads in {} ms; {} MB",
        figures.items_per_s, figures.p50_ms, figures.p99_ms, figures.max_ms, figures.load_ms, figures.rss_mb
    );
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

/// A record as it comes from the log.
pub fn record(new: NewRecord) -> LogRecord {
    LogRecord {
        topic: new.topic,
        partition: 0,
        offset: 0,
        timestamp: Timestamp::UNIX_EPOCH,
        key: new.key.into(),
        value: new.value.map(Into::into),
        headers: new.headers,
    }
}

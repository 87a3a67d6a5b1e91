//! What the analysis of one item costs on one core, how long the models and the gazetteer take to load, and what they hold.
//!
//! Prints one JSON line: items_per_s, p99_ms, load_ms, rss_mb, items. Recorded posts, each with a number of its own.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use crisislens_analysis::Analyzer;
use crisislens_bench::posts;
use crisislens_model::RawItem;
use serde::Serialize;

use crate::process::peak_rss_mb;
use crate::{quantile, round};

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
    p99_ms: f64,
    load_ms: f64,
    rss_mb: f64,
    items: usize,
}

/// Analyses recorded posts one after the other.
pub fn measure(arguments: &Analysis) -> anyhow::Result<()> {
    let before_mb = peak_rss_mb(std::process::id())?;
    let started = Instant::now();
    let analyzer = Analyzer::new()?;
    let load = started.elapsed();
    let items = items(&posts::read(&arguments.recordings)?, arguments.items);
    // The texts are the generator's.
    let texts_mb = peak_rss_mb(std::process::id())? - before_mb;
    let mut times: Vec<Duration> = Vec::with_capacity(items.len());
    for item in &items {
        let started = Instant::now();
        std::hint::black_box(analyzer.analyze(item));
        times.push(started.elapsed());
    }
    let seconds = times.iter().sum::<Duration>().as_secs_f64();
    times.sort_unstable();
    let figures = Figures {
        items_per_s: (items.len() as f64 / seconds).round(),
        p99_ms: (quantile(&times, 0.99) * 1e3).round() / 1e3,
        load_ms: round(load.as_secs_f64() * 1e3),
        rss_mb: round(peak_rss_mb(std::process::id())?),
        items: items.len(),
    };
    eprintln!("of the memory, {texts_mb:.1} MB are texts and what was loaded before the first analysis");
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

fn items(texts: &[String], count: usize) -> Vec<RawItem> {
    let text = |number: usize| format!("{} ({number})", texts[number % texts.len()]);
    (0..count).map(|number| RawItem::post("bench", &number.to_string(), &text(number))).collect()
}

//! How long an analysis takes and how much memory the analyser holds, on the IDRISI posts.
//!
//! `cargo run --release -p crisislens-analysis --example speed -- ../shared/data`

use std::io::Read;
use std::time::Instant;

use crisislens_analysis::Analyzer;
use crisislens_model::RawItem;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = std::env::args().nth(1).unwrap_or_else(|| "../shared/data".to_owned());
    let before_kib = resident_kib();
    let started = Instant::now();
    let analyzer = Analyzer::new()?;
    let load = started.elapsed();
    let loaded_kib = resident_kib();
    let posts = posts(&data)?;
    let before_run_kib = resident_kib();
    let mut micros: Vec<f64> = Vec::with_capacity(posts.len());
    let mut placed = 0;
    for post in &posts {
        let started = Instant::now();
        let analysis = analyzer.analyze(post);
        micros.push(started.elapsed().as_secs_f64() * 1e6);
        placed += usize::from(analysis.location.is_some());
    }
    let after_kib = resident_kib();
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros.get((micros.len() as f64 * share) as usize).copied().unwrap_or_default();
    println!(
        "load {:.1} ms, {} KiB more resident after it",
        load.as_secs_f64() * 1e3,
        loaded_kib - before_kib
    );
    println!("analysing touched {} KiB more (pages of the gazetteer)", after_kib - before_run_kib);
    println!("{} posts, {placed} with a place", posts.len());
    println!(
        "µs per post: median {:.1}, p90 {:.1}, p99 {:.1}, mean {:.1}",
        at(0.5),
        at(0.9),
        at(0.99),
        micros.iter().sum::<f64>() / micros.len().max(1) as f64
    );
    Ok(())
}

fn posts(data: &str) -> Result<Vec<RawItem>, Box<dyn std::error::Error>> {
    let mut posts = Vec::new();
    for folder in ["lmr-en", "lmr-ar"] {
        for file in std::fs::read_dir(format!("{data}/labelled/idrisi/{folder}"))? {
            let mut text = String::new();
            flate2::read::GzDecoder::new(std::fs::File::open(file?.path())?).read_to_string(&mut text)?;
            for line in text.lines() {
                let row: serde_json::Value = serde_json::from_str(line)?;
                let text = row["text"].as_str().unwrap_or_default();
                posts.push(RawItem::post("idrisi", text, text));
            }
        }
    }
    Ok(posts)
}

/// Resident memory by the kernel's account (Linux); 0 elsewhere.
fn resident_kib() -> i64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmRSS:"))?.to_owned();
            line.split_whitespace().nth(1)?.parse().ok()
        })
        .unwrap_or(0)
}

//! Measures the index: `cargo run --release -p crisislens-search --example speed [posts] [posts per commit]`.

use std::fs;
use std::time::{Duration, Instant};

use crisislens_search::contract::sample::Random;
use crisislens_search::tantivy::{TantivyIndex, TantivyOptions};
use crisislens_search::{Query, SearchError, SearchIndex, SearchRequest};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let posts = numbers.next().unwrap_or(50_000);
    let each = numbers.next().unwrap_or(3_000);
    let dir = std::env::temp_dir().join(format!("crisislens-search-speed-{}", std::process::id()));
    let index = TantivyIndex::open(&dir, TantivyOptions::default())?;
    let rss_empty_mb = rss_mb();

    let mut random = Random::new(1);
    let (mut busy, mut commits, mut segments, mut peak_mb) = (Duration::ZERO, Vec::new(), 0, 0);
    for start in (0..posts).step_by(usize::try_from(each)?) {
        let end = posts.min(start + each);
        let items = (start..end).map(|n| random.item(n)).collect();
        let began = Instant::now();
        index.put(items).await?;
        let put = Instant::now();
        index.commit([(0, end)].into()).await?;
        commits.push(put.elapsed());
        busy += began.elapsed();
        segments = segments.max(index.segments());
        peak_mb = peak_mb.max(rss_mb());
    }
    println!("docs_per_s {:.0}", posts as f64 / busy.as_secs_f64());
    show("commit", &mut commits);
    println!("rss_mb empty {rss_empty_mb} peak {peak_mb} end {}; segments_max {segments}", rss_mb());

    updates(&index, posts, &mut random).await?;
    for q in [
        "",
        "flood",
        "flood ri",
        "\"power cut\"",
        "risk:>0.5 country:TR,US",
        "(quake OR fire) -school",
        "地震",
    ] {
        let mut times = Vec::new();
        for _ in 0..50 {
            times.push(search(&index, q).await?);
        }
        show(&format!("query `{q}`"), &mut times);
    }
    let began = Instant::now();
    index.facets(&Query::default()).await?;
    println!("facets of all {:.2} ms", ms(began.elapsed()));
    drop(index);
    let began = Instant::now();
    let _again = TantivyIndex::open(&dir, TantivyOptions::default())?;
    println!("reopen {:.1} ms, on disk {} KB", ms(began.elapsed()), disk_kb(&dir)?);
    fs::remove_dir_all(&dir)?;
    Ok(())
}

/// Commits of a few hundred, half of them updates: what a desk's work looks like.
async fn updates(index: &TantivyIndex, posts: u64, random: &mut Random) -> Result<(), SearchError> {
    let mut commits = Vec::new();
    for round in 0..40 {
        let items = (0..300)
            .map(|n| {
                let number = if n % 2 == 0 { random.below(posts) } else { posts + round * 300 + n };
                random.item(number)
            })
            .collect();
        let began = Instant::now();
        index.put(items).await?;
        index.commit([(0, posts + round)].into()).await?;
        commits.push(began.elapsed());
    }
    show("put and commit of 300, half of them updates", &mut commits);
    Ok(())
}

async fn search(index: &TantivyIndex, q: &str) -> Result<Duration, Box<dyn std::error::Error>> {
    let query = Query::parse(q, Default::default())?;
    let began = Instant::now();
    index.search(&SearchRequest { query, limit: 50, after: None }).await?;
    Ok(began.elapsed())
}

fn show(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: usize| {
        times.get((times.len() * share / 100).min(times.len() - 1)).copied().unwrap_or_default()
    };
    println!("{what}: p50 {:.2} ms, p99 {:.2} ms", ms(at(50)), ms(at(99)));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn rss_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn disk_kb(dir: &std::path::Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes / 1024)
}

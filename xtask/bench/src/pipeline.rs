//! The way of a post, from durable ingest to searchable and broadcast, against a server process of its own.
//!
//! Prints one JSON line: items, seconds, items_per_s, p50_ms, p99_ms, rss_mb, ready_ms, and on which engines. Real posts are
//! replayed with ids of their own; load generator, client, server and the engines' servers share the machine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use crisislens_bench::posts;
use serde::Serialize;

use crate::client::{Api, Watcher};
use crate::process::Process;
use crate::shared::{Engine, Shared};
use crate::{quantile, round};

/// Posts in one request while flat out.
const BATCH: usize = 500;
/// Requests under way while flat out.
const SENDERS: usize = 3;
/// Posts a second for the latency.
const STEADY_PER_S: u64 = 200;
/// Everything must have come through within this.
const PATIENCE: Duration = Duration::from_secs(600);

/// What is measured, and how much of it.
#[derive(Args)]
pub struct Pipeline {
    /// The server's binary
    #[arg(long)]
    server: PathBuf,
    /// Folder of the recordings
    #[arg(long)]
    recordings: PathBuf,
    /// Posts replayed flat out
    #[arg(long)]
    items: usize,
    /// Seconds of steady load
    #[arg(long)]
    steady_s: u64,
    /// On which engines: embedded ones, or Kafka and PostgreSQL
    #[arg(long, value_enum, default_value_t = Engine::Embedded)]
    engine: Engine,
    /// With `--engine kafka`, search on OpenSearch as well
    #[arg(long)]
    opensearch: bool,
}

/// What was measured.
#[derive(Serialize)]
struct Figures {
    items: usize,
    seconds: f64,
    items_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    rss_mb: f64,
    ready_ms: f64,
    engines: String,
}

/// Measures.
pub async fn measure(arguments: Pipeline) -> anyhow::Result<()> {
    let posts = posts::read(&arguments.recordings)?;
    let data = std::env::temp_dir().join(format!("crisislens-bench-{}", std::process::id()));
    let shared = match arguments.engine {
        Engine::Embedded => Shared::none(),
        Engine::Kafka => Shared::start(arguments.opensearch)?,
    };
    eprintln!("engines: {}", shared.describe());
    let (server, fresh_ready) = Process::start(&arguments.server, &data, shared.environment()).await?;
    let api = Arc::new(Api::sign_in(&server.url).await?);

    eprintln!("steady: {STEADY_PER_S} items/s for {} s", arguments.steady_s);
    let mut latencies = steady(&api, &posts, arguments.steady_s).await?;
    latencies.sort_unstable();

    eprintln!("flat out: {} posts", arguments.items);
    let begun = Instant::now();
    let seconds = flat_out(&api, &posts, arguments.items).await.context("flat out")?;
    eprintln!("done in {:.1} s", begun.elapsed().as_secs_f64());

    let rss_mb = server.peak_rss_mb()?;
    let (server, full_ready) = server.restart(&arguments.server).await?;
    let rss_mb = rss_mb.max(server.peak_rss_mb()?);
    server.stop().await?;
    std::fs::remove_dir_all(&data)?;
    let figures = Figures {
        items: arguments.items,
        seconds: round(seconds),
        items_per_s: round(arguments.items as f64 / seconds),
        p50_ms: round(quantile(&latencies, 0.50)),
        p99_ms: round(quantile(&latencies, 0.99)),
        rss_mb: round(rss_mb),
        ready_ms: round(fresh_ready.max(full_ready).as_secs_f64() * 1000.0),
        engines: shared.describe(),
    };
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

/// Sends posts one by one at a fixed rate; answers each one's time from the moment it was due to its frame.
async fn steady(api: &Arc<Api>, posts: &[String], seconds: u64) -> anyhow::Result<Vec<Duration>> {
    let watcher = Watcher::start(api).await?;
    let count = STEADY_PER_S * seconds;
    let begun = tokio::time::Instant::now();
    let mut due = Vec::with_capacity(count as usize);
    let mut sends = Vec::with_capacity(count as usize);
    for number in 0..count {
        let at = begun + Duration::from_micros(number * 1_000_000 / STEADY_PER_S);
        tokio::time::sleep_until(at).await;
        due.push(at.into_std());
        let body = posts::numbered(posts, "steady", number as usize, 1);
        let api = Arc::clone(api);
        sends.push(tokio::spawn(async move { api.ingest(body).await }));
    }
    for send in sends {
        send.await??;
    }
    let seen = watcher.wait_for(count as usize, PATIENCE).await?;
    due.iter()
        .enumerate()
        .map(|(number, due)| {
            let at = seen.get(&posts::id("steady", number)).context("a post never reached the WebSocket")?;
            Ok(at.saturating_duration_since(*due))
        })
        .collect()
}

/// Sends posts as fast as they are taken; answers the seconds until the last is searchable and broadcast.
async fn flat_out(api: &Arc<Api>, posts: &[String], items: usize) -> anyhow::Result<f64> {
    let watcher = Watcher::start(api).await?;
    let before = api.searchable().await?;
    let begun = Instant::now();
    let mut sends = tokio::task::JoinSet::new();
    let mut sent = 0;
    while sent < items {
        if sends.len() >= SENDERS
            && let Some(done) = sends.join_next().await
        {
            done??;
        }
        let count = BATCH.min(items - sent);
        let body = posts::numbered(posts, "flat", sent, count);
        let api = Arc::clone(api);
        sends.spawn(async move { api.ingest(body).await });
        sent += count;
    }
    while let Some(done) = sends.join_next().await {
        done??;
    }
    eprintln!("all durable after {:.1} s", begun.elapsed().as_secs_f64());
    watcher.wait_for(items, PATIENCE).await?;
    eprintln!("all broadcast after {:.1} s", begun.elapsed().as_secs_f64());
    while api.searchable().await? < before + items as u64 {
        ensure!(begun.elapsed() < PATIENCE, "not everything became searchable");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(begun.elapsed().as_secs_f64())
}

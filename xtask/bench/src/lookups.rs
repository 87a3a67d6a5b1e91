//! What it takes to look for what a new item repeats and for the incidents that it may join, in a store of more and more items.
//!
//! Prints a JSON line for each size and each kind of look-up: op, items, p50_us and p99_us of one item's look-up, batch_us, which is what an
//! item costs among as many as the stream looks up at once, and found, rows that one look-up answers on average. The store is the embedded
//! one; what is in it stands in [`made`] and, of incidents, in [`going_on`]. What comes is looked up by the pipeline's own keys; of texts, one in two repeats something.

mod going_on;
mod made;

use std::ops::Range;
use std::time::{Duration, Instant};

use crisislens_analysis::incident::keys;
use crisislens_model::{Clock as _, SystemClock, Timestamp};
use crisislens_state::contract::sample;
use crisislens_state::copies::KeptSketch;
use crisislens_state::items::ItemRow;
use crisislens_state::sqlite::SqliteStore;
use crisislens_state::{Durability, Store};
use serde::Serialize;

use self::going_on::GoingOn;
use self::made::{Made, mixed};
use crate::process::peak_rss_mb;
use crate::{quantile, round};

/// Items written in one transaction: keys are evenly spread, and what goes in together shares pages.
const BATCH: u64 = 50_000;
/// Rows made and written at once.
const ROWS: u64 = 1_000;
/// Look-ups at each size.
const LOOKUPS: u64 = 1_000;
/// Items that the stream looks up at once.
const TOGETHER: u64 = 256;
/// Batches of which the store has not put the keys in order when it is asked.
const RUNS: u64 = 12;
/// Batches of those.
const BATCHES: u64 = 8;
/// The sizes.
const SIZES: [u64; 4] = [10_000, 100_000, 1_000_000, 5_000_000];
/// One item in so many tells of what goes on.
const TELLING: u64 = 10;

/// What was measured at one size.
#[derive(Serialize)]
struct Figures {
    op: &'static str,
    items: u64,
    p50_us: f64,
    p99_us: f64,
    batch_us: f64,
    found: f64,
}

/// Fills a store up to `most` items and looks things up at each size.
pub async fn measure(texts: &[String], most: u64) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let store = SqliteStore::open(&dir.path().join("state.db")).await?;
    let now = SystemClock.now();
    let made = Made::of(texts, now)?;
    let mut going_on = GoingOn::default();
    let mut there = 0;
    let sizes = SIZES.iter().copied().filter(|size| *size < most).chain([most]);
    for size in sizes {
        fill(&store, &made, &mut going_on, there..size, now).await?;
        there = size;
        duplicates(&store, &made, size, now).await?.say()?;
        incidents(&store, &made, size).await?.say()?;
        eprintln!("{:.0} MB at the most so far", peak_rss_mb(std::process::id())?);
    }
    Ok(())
}

async fn fill(
    store: &SqliteStore,
    made: &Made,
    going_on: &mut GoingOn,
    Range { start, end: to }: Range<u64>,
    now: Timestamp,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    for first in (start..to).step_by(BATCH as usize) {
        let end = to.min(first + BATCH);
        let mut tx = store.begin(Durability::Process).await?;
        for row in (first..end).step_by(ROWS as usize) {
            let numbers = row..end.min(row + ROWS);
            let items: Vec<ItemRow> = numbers.clone().map(|n| sample::row_of(made.item(n))).collect();
            tx.put_items(items).await?;
            numbers.filter(|n| n.is_multiple_of(TELLING)).for_each(|n| going_on.say(&made.item(n)));
            let (changed, moved) = going_on.news();
            tx.put_incidents(&changed).await?;
            tx.index_incidents(&moved).await?;
        }
        // The last ones as the stream keeps them, so that some of their keys are not in the table yet.
        let last = if end == to { end.saturating_sub(RUNS * TOGETHER).max(first) } else { end };
        let kept: Vec<KeptSketch> = (first..last).map(|n| made.kept(n)).collect();
        tx.keep_sketches(&kept, now).await?;
        for batch in (last..end).step_by(TOGETHER as usize) {
            let kept: Vec<KeptSketch> = (batch..end.min(batch + TOGETHER)).map(|n| made.kept(n)).collect();
            tx.keep_sketches(&kept, now).await?;
        }
        tx.commit().await?;
        let incidents = going_on.len();
        eprintln!("{end} items and {incidents} incidents after {:.0} s", begun.elapsed().as_secs_f64());
    }
    Ok(())
}

async fn duplicates(store: &SqliteStore, made: &Made, items: u64, now: Timestamp) -> anyhow::Result<Figures> {
    let mut tx = store.begin(Durability::Process).await?;
    let asked = |n: u64| if n.is_multiple_of(2) { mixed(n) % items } else { items + mixed(n) % items };
    let (mut times, mut found) = (Vec::new(), 0);
    for n in 0..LOOKUPS {
        let keys = [made.keys(asked(n))];
        let begun = Instant::now();
        let near = tx.nearby(&keys, now).await?;
        times.push(begun.elapsed());
        let near = &near[0].items;
        if n.is_multiple_of(2) {
            let id = Made::id(asked(n));
            anyhow::ensure!(near.iter().any(|near| near.id == id), "item {id} is not found by its own keys");
        }
        found += near.len();
    }
    let mut together = Vec::new();
    for batch in 1..=BATCHES {
        let keys: Vec<Vec<u64>> = (0..TOGETHER).map(|n| made.keys(asked(LOOKUPS * batch + n))).collect();
        let begun = Instant::now();
        tx.nearby(&keys, now).await?;
        together.push(begun.elapsed());
    }
    Ok(Figures::of("duplicate", items, times, together, found))
}

async fn incidents(store: &SqliteStore, made: &Made, items: u64) -> anyhow::Result<Figures> {
    let mut tx = store.begin(Durability::Process).await?;
    let coming = |n: u64| keys::of_item(&made.coming(items + mixed(n) % items));
    let (mut times, mut found) = (Vec::new(), 0);
    for n in 0..LOOKUPS {
        let keys = coming(n);
        let begun = Instant::now();
        found += tx.find_incidents(&keys).await?.len();
        times.push(begun.elapsed());
    }
    anyhow::ensure!(found > 0, "no item finds an incident");
    let mut together = Vec::new();
    for batch in 1..=BATCHES {
        let keys: Vec<u64> = (0..TOGETHER).flat_map(|n| coming(LOOKUPS * batch + n)).collect();
        let begun = Instant::now();
        tx.find_incidents(&keys).await?;
        together.push(begun.elapsed());
    }
    Ok(Figures::of("incident", items, times, together, found))
}

impl Figures {
    fn of(
        op: &'static str,
        items: u64,
        mut times: Vec<Duration>,
        mut together: Vec<Duration>,
        found: usize,
    ) -> Self {
        times.sort_unstable();
        together.sort_unstable();
        let us = |sorted: &[Duration], share| quantile(sorted, share) * 1e3;
        Self {
            op,
            items,
            p50_us: round(us(&times, 0.5)),
            p99_us: round(us(&times, 0.99)),
            batch_us: round(us(&together, 0.5) / TOGETHER as f64),
            found: round(found as f64 / LOOKUPS as f64),
        }
    }

    fn say(&self) -> anyhow::Result<()> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}

//! What it takes to look for what a new item repeats and for the incidents that it may join, in a store of more and more items.
//!
//! Prints a JSON line for each size and each kind of look-up: op, items, p50_us, p99_us, read. The store is the embedded one. Keys are
//! made up, as many as real posts have; one look-up in two finds something.

use std::time::{Duration, Instant};

use anyhow::Context;
use crisislens_analysis::Analyzer;
use crisislens_analysis::incident::keys;
use crisislens_analysis::world::World;
use crisislens_model::incident::Centre;
use crisislens_model::{Incident, ItemId, RawItem, Timestamp};
use crisislens_state::contract::sample;
use crisislens_state::copies::{KeptSketch, MAX_BAND_ITEMS};
use crisislens_state::incidents::IncidentIndex;
use crisislens_state::sqlite::SqliteStore;
use crisislens_state::{Durability, Store, Tx};
use serde::Serialize;

use crate::{quantile, round};

/// Items written in one transaction.
const BATCH: u64 = 1_000;
/// Look-ups at each size.
const LOOKUPS: u64 = 400;
/// The first size; each further one is ten times as large.
const FIRST: u64 = 10_000;
/// One incident for so many items.
const ITEMS_OF_INCIDENT: u64 = 20;
/// Over so many seconds the items are said.
const SPAN_S: u64 = 7 * 24 * 3600;

/// What was measured at one size.
#[derive(Serialize)]
struct Figures {
    op: &'static str,
    items: u64,
    p50_us: f64,
    p99_us: f64,
    /// Rows that one look-up answered, on average.
    read: f64,
}

/// What a sketch of a post is like: how many keys it is kept under, and its bytes.
struct Shape {
    keys: usize,
    sketch: Vec<u8>,
}

impl Shape {
    fn of(texts: &[String]) -> anyhow::Result<Self> {
        let analyzer = Analyzer::new()?;
        let mut all: Vec<Self> = texts
            .iter()
            .filter_map(|text| analyzer.analyze(&RawItem::post("bench", text, text)).sketch)
            .map(|sketch| Self { keys: sketch.bands(World::Real).len(), sketch: sketch.to_bytes() })
            .collect();
        all.sort_by_key(|shape| shape.sketch.len());
        let middle = all.len() / 2;
        all.into_iter().nth(middle).context("no text is long enough to be known again")
    }

    /// The keys of item `n`. One in eight is shared by some others, as forms and quotations are.
    fn keys_of(&self, n: u64) -> Vec<u64> {
        let own = (0..self.keys as u64).map(|key| mixed(n * 1_000 + key));
        let shared = mixed(u64::MAX - n / (MAX_BAND_ITEMS as u64 / 2));
        own.chain(n.is_multiple_of(8).then_some(shared)).collect()
    }
}

/// Numbers that only look random (splitmix64, Steele 2014).
fn mixed(n: u64) -> u64 {
    let n = n.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}

/// Fills a store up to `most` items and looks things up at each size.
pub async fn measure(texts: &[String], most: u64) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let store = SqliteStore::open(&dir.path().join("state.db")).await?;
    let shape = Shape::of(texts)?;
    let (mut there, mut size) = (0, FIRST.min(most));
    loop {
        let begun = Instant::now();
        fill(&store, &shape, there, size).await?;
        eprintln!("{} items written in {:.0} s", size - there, begun.elapsed().as_secs_f64());
        there = size;
        duplicates(&store, &shape, size).await?.say()?;
        incidents(&store, size).await?.say()?;
        if size >= most {
            return Ok(());
        }
        size = (size * 10).min(most);
    }
}

async fn fill(store: &SqliteStore, shape: &Shape, from: u64, to: u64) -> anyhow::Result<()> {
    for first in (from..to).step_by(BATCH as usize) {
        let numbers = first..to.min(first + BATCH);
        let mut tx = store.begin(Durability::Process).await?;
        let items = numbers.clone().map(|n| sample::row_of(sample::item(n))).collect();
        tx.put_items(items).await?;
        let kept: Vec<KeptSketch> = numbers.clone().map(|n| kept(shape, n)).collect();
        // Whatever is kept and looked up belongs to one week.
        tx.keep_sketches(&kept, sample::at(0)).await?;
        let begun: Vec<Incident> =
            numbers.filter(|n| n.is_multiple_of(ITEMS_OF_INCIDENT)).map(incident).collect();
        tx.put_incidents(&begun).await?;
        let indexed = begun.iter().map(|incident| IncidentIndex {
            id: incident.id,
            keys: keys::of_incident(incident),
            due: None,
        });
        tx.index_incidents(&indexed.collect::<Vec<_>>()).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn kept(shape: &Shape, n: u64) -> KeptSketch {
    KeptSketch { id: item_id(n), said_at: said_at(n), bands: shape.keys_of(n), sketch: shape.sketch.clone() }
}

fn item_id(n: u64) -> ItemId {
    sample::item(n).id
}

fn said_at(n: u64) -> Timestamp {
    sample::at(mixed(n) % SPAN_S)
}

/// An incident somewhere on the globe.
fn incident(n: u64) -> Incident {
    let share = |salt: u64| (mixed(n ^ salt) % 1_000_000) as f64 / 1e6;
    let centre = Centre { lat: share(1) * 180.0 - 90.0, lon: share(2) * 360.0 - 180.0, weight: 1.0 };
    Incident { first_seen: said_at(n), last_seen: said_at(n), centre: Some(centre), ..sample::incident(n) }
}

async fn duplicates(store: &SqliteStore, shape: &Shape, items: u64) -> anyhow::Result<Figures> {
    let mut tx = store.begin(Durability::Process).await?;
    let (mut times, mut read) = (Vec::new(), 0);
    for n in 0..LOOKUPS {
        let of = if n % 2 == 0 { mixed(n) % items } else { items + n * 8 + 1 };
        let keys = [shape.keys_of(of)];
        let begun = Instant::now();
        let found = tx.nearby(&keys, sample::at(0)).await?;
        times.push(begun.elapsed());
        let found = found.first().map_or(0, |one| one.items.len());
        anyhow::ensure!(found > 0 || n % 2 == 1, "item {of} is not found by its own keys");
        read += found;
    }
    Ok(Figures::of("duplicate", items, times, read))
}

async fn incidents(store: &SqliteStore, items: u64) -> anyhow::Result<Figures> {
    let mut tx = store.begin(Durability::Process).await?;
    let (mut times, mut read) = (Vec::new(), 0);
    for n in 0..LOOKUPS {
        let like = incident(mixed(n) % items / ITEMS_OF_INCIDENT * ITEMS_OF_INCIDENT);
        let begun = Instant::now();
        let found = joinable(&mut *tx, &like).await?;
        times.push(begun.elapsed());
        read += found.len();
    }
    Ok(Figures::of("incident", items, times, read))
}

/// The incidents that an item may join which speaks of what `like` is about.
async fn joinable(tx: &mut dyn Tx, like: &Incident) -> anyhow::Result<Vec<Incident>> {
    // An item where it is would be looked for under the keys that it is kept under.
    Ok(tx.find_incidents(&keys::of_incident(like)).await?)
}

impl Figures {
    fn of(op: &'static str, items: u64, mut times: Vec<Duration>, read: usize) -> Self {
        times.sort_unstable();
        let us = |share| round(quantile(&times, share) * 1e3);
        Self { op, items, p50_us: us(0.5), p99_us: us(0.99), read: round(read as f64 / LOOKUPS as f64) }
    }

    fn say(&self) -> anyhow::Result<()> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}

//! Killed at any moment, the index has every document up to its offsets once and none beyond.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use async_trait::async_trait;
use crisislens_model::{Item, ItemId};
use crisislens_search::contract::sample::{self, Random};
use crisislens_search::tantivy::{TantivyIndex, TantivyOptions};
use crisislens_search::{Query, RebuildSource, Resume, SearchError, SearchIndex, SearchRequest};
use tempfile::TempDir;

/// Names the directory for the child; without it, the child's test does nothing.
const DIR: &str = "CRISISLENS_SEARCH_CRASH_DIR";
/// Every so many items, one is an update of an earlier item.
const UPDATE_EVERY: u64 = 5;

fn open(dir: &Path) -> Arc<TantivyIndex> {
    TantivyIndex::open(dir, TantivyOptions::default()).unwrap()
}

/// Which item stands at `offset`: most are new, some are an earlier one again.
fn number(offset: u64) -> u64 {
    if offset % UPDATE_EVERY == UPDATE_EVERY - 1 { offset / 2 } else { offset }
}

#[tokio::test]
async fn child_that_indexes_until_it_is_killed() {
    let Ok(dir) = env::var(DIR) else {
        return;
    };
    let index = open(Path::new(&dir));
    let mut offset = index.offsets().await.unwrap().get(&0).copied().unwrap_or(0);
    loop {
        let end = offset + 1 + offset % 90;
        let items =
            (offset..end).map(|offset| sample::item(number(offset), &format!("offset{offset}"))).collect();
        index.put(items).await.unwrap();
        offset = end;
        index.commit([(0, offset)].into()).await.unwrap();
        println!("committed {offset}");
    }
}

/// Runs the test `child`, kills it after `commits` commits and then some, and tells its last known offset.
fn run_and_kill(child: &str, dir: &Path, commits: u64, spins: u64) -> u64 {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", child, "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut known = 0;
    let mut seen = 0;
    // Kept open, so that the child can go on writing until it is killed.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while seen < commits {
        let line = lines.next().unwrap().unwrap();
        if let Some((_, offset)) = line.split_once("committed ") {
            known = offset.trim().parse().unwrap();
            seen += 1;
        }
    }
    // Into the middle of the next put or commit, without sleeping.
    let mut random = Random::new(spins);
    (0..spins).for_each(|_| {
        std::hint::black_box(random.below(9));
    });
    child.kill().unwrap();
    child.wait().unwrap();
    known
}

async fn assert_exact(dir: &Path, known: u64) -> u64 {
    let index = open(dir);
    let next = index.offsets().await.unwrap().get(&0).copied().unwrap_or(0);
    assert!(next >= known, "{next} after {known} was committed");
    let request = SearchRequest { query: Query::default(), limit: 10_000, after: None };
    let mut after = None;
    let mut found = Vec::new();
    loop {
        let page = index.search(&SearchRequest { after, ..request.clone() }).await.unwrap();
        found.extend(page.ids);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let wanted: BTreeSet<_> = (0..next).map(|offset| sample::item(number(offset), "").id).collect();
    assert_eq!(found.len(), wanted.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), wanted);
    for offset in [next.saturating_sub(1), next] {
        let q = Query::parse(&format!("\"offset{offset}\""), Default::default()).unwrap();
        let total = index.search(&SearchRequest { query: q, ..request.clone() }).await.unwrap().total;
        assert_eq!(total, u64::from(offset < next), "offset {offset} of {next}");
    }
    next
}

/// Every item says which rebuild it is of.
struct Generation(u64);

const REBUILT_ITEMS: u64 = 300;

#[async_trait]
impl RebuildSource for Generation {
    async fn page(&self, after: Option<ItemId>) -> Result<Vec<Item>, SearchError> {
        let text = format!("generation{}", self.0);
        let mut items: Vec<Item> = (0..REBUILT_ITEMS).map(|n| sample::item(n, &text)).collect();
        items.sort_by_key(|item| item.id);
        items.retain(|item| after.is_none_or(|after| item.id > after));
        items.truncate(100);
        Ok(items)
    }
}

#[tokio::test]
async fn child_that_rebuilds_until_it_is_killed() {
    let Ok(dir) = env::var(DIR) else {
        return;
    };
    let index = open(Path::new(&dir));
    index.commit([(0, 77)].into()).await.unwrap();
    for generation in 1.. {
        index.rebuild(&Generation(generation), Resume::Committed).await.unwrap();
        println!("committed {generation}");
    }
}

#[tokio::test]
async fn after_a_kill_during_a_rebuild_the_old_index_or_the_new_one_is_whole() {
    for round in 0..8 {
        let dir = TempDir::new().unwrap();
        let child = "crash::child_that_rebuilds_until_it_is_killed";
        let known = run_and_kill(child, dir.path(), 1 + round % 3, round * 3_000_000);
        let index = open(dir.path());
        assert_eq!(index.offsets().await.unwrap(), [(0, 77)].into());
        let mut whole = Vec::new();
        // It goes on between what it said last and its end, on a busy machine for many generations.
        for generation in known..known + 200 {
            let q = Query::parse(&format!("\"generation{generation}\""), Default::default()).unwrap();
            let request = SearchRequest { query: q, limit: 1, after: None };
            whole.push(index.search(&request).await.unwrap().total);
        }
        whole.retain(|items| *items > 0);
        assert_eq!(whole, [REBUILT_ITEMS]);
        assert_eq!(index.summary().await.unwrap().items, REBUILT_ITEMS);
    }
}

#[tokio::test]
async fn after_a_kill_documents_and_offsets_agree() {
    let dir = TempDir::new().unwrap();
    let child = "crash::child_that_indexes_until_it_is_killed";
    let mut last = 0;
    for round in 0..12 {
        let known = run_and_kill(child, dir.path(), 1 + round * 2, round * 1_000_000);
        let next = assert_exact(dir.path(), known).await;
        assert!(next > last);
        last = next;
    }
}

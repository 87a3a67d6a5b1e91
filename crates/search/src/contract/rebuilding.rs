//! The promises about rebuilding and about count and checksum.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use crisislens_model::{Item, ItemId, ItemStatus};

use super::sample::{self, Random};
use super::{Engine, assert_same, filled, find, ids, newest, offsets, query};
use crate::{RebuildSource, Resume, SearchError, SearchIndex, SearchRequest, Summary, summary_of};

/// Items of one page.
const PAGE: usize = 64;

/// A source over a list, with something that happens before each page.
struct Source<H> {
    items: BTreeMap<ItemId, Item>,
    happening: H,
    pages: AtomicU64,
}

#[async_trait]
trait Happening: Send + Sync {
    /// Happens before page `number`, counted from zero.
    async fn before(&self, number: u64) -> Result<(), SearchError>;
}

#[async_trait]
impl<H: Happening> RebuildSource for Source<H> {
    async fn page(&self, after: Option<ItemId>) -> Result<Vec<Item>, SearchError> {
        self.happening.before(self.pages.fetch_add(1, Ordering::Relaxed)).await?;
        let next = self.items.iter().filter(|(id, _)| after.is_none_or(|after| **id > after));
        Ok(next.map(|(_, item)| item.clone()).take(PAGE).collect())
    }
}

fn source<H>(items: &[Item], happening: H) -> Source<H> {
    let items = items.iter().map(|item| (item.id, item.clone())).collect();
    Source { items, happening, pages: AtomicU64::new(0) }
}

struct Nothing;

#[async_trait]
impl Happening for Nothing {
    async fn before(&self, _: u64) -> Result<(), SearchError> {
        Ok(())
    }
}

/// Count and checksum are those of the committed items, in whatever order they came and however often.
pub async fn the_summary_is_of_what_is_searchable(engine: &dyn Engine) {
    let index = engine.open().await;
    index.commit(offsets(0)).await.unwrap();
    assert_eq!(index.summary().await.unwrap(), Summary::default());
    let mut items = sample::items(300);
    index.put(items.iter().rev().cloned().collect()).await.unwrap();
    assert_eq!(index.summary().await.unwrap(), Summary::default());
    index.commit(offsets(300)).await.unwrap();
    index.put(items[..50].to_vec()).await.unwrap();
    index.commit(offsets(350)).await.unwrap();
    assert_eq!(index.summary().await.unwrap(), summary_of(&items));
    let before = index.summary().await.unwrap();
    items[7].status = if items[7].status == ItemStatus::New { ItemStatus::Verified } else { ItemStatus::New };
    index.put(vec![items[7].clone()]).await.unwrap();
    index.commit(offsets(351)).await.unwrap();
    let after = index.summary().await.unwrap();
    assert_eq!(after, summary_of(&items));
    assert_ne!(after.checksum, before.checksum);
}

/// After a rebuild the index answers as its source does, whatever it had before, and keeps its offsets, reopened too.
pub async fn a_rebuild_ends_equal_to_its_source(engine: &dyn Engine) {
    let (index, mut items) = filled(engine).await;
    let committed = index.offsets().await.unwrap();
    // The store has lost some, changed others without a record, and has some that never reached the index.
    items.truncate(900);
    items.iter_mut().step_by(7).for_each(|item| item.text.push_str(" corrected"));
    let mut random = Random::new(23);
    items.extend((5_000..5_100).map(|n| random.item(n)));

    let report = index.rebuild(&source(&items, Nothing), Resume::Committed).await.unwrap();
    assert_eq!((report.items, report.summary), (1_000, summary_of(&items)));
    assert_eq!(index.summary().await.unwrap(), report.summary);
    assert_eq!(index.offsets().await.unwrap(), committed);
    for _ in 0..60 {
        let q = random.query(2);
        let wanted = newest(items.iter().filter(|item| query(&q).matches(item)));
        assert_same(&ids(&*index, query(&q)).await, &wanted, &q);
    }
    assert_eq!(find(&*index, "\"corrected\"").await.len(), 900_usize.div_ceil(7));
    drop(index);

    let index = engine.open().await;
    assert_eq!(index.summary().await.unwrap(), report.summary);
    assert_eq!(index.offsets().await.unwrap(), committed);
    index.put(vec![sample::item(9_999, "afterwards")]).await.unwrap();
    index.commit(offsets(99)).await.unwrap();
    assert_eq!(find(&*index, "afterwards").await.len(), 1);
}

/// Searches that run beside a rebuild see at every moment as many items as before.
pub async fn a_rebuild_hides_nothing_meanwhile(engine: &dyn Engine) {
    let (index, items) = filled(engine).await;
    let ended = Arc::new(AtomicBool::new(false));
    let watching = {
        let (index, ended, wanted) = (Arc::clone(&index), Arc::clone(&ended), items.len() as u64);
        tokio::spawn(async move {
            let request = SearchRequest { query: query(""), limit: 3, after: None };
            let mut searches = 0;
            while !ended.load(Ordering::Relaxed) {
                assert_eq!(index.search(&request).await.unwrap().total, wanted);
                searches += 1;
            }
            searches
        })
    };
    for _ in 0..3 {
        index.rebuild(&source(&items, Nothing), Resume::Committed).await.unwrap();
    }
    ended.store(true, Ordering::Relaxed);
    assert!(watching.await.unwrap() > 3);
    assert_eq!(index.summary().await.unwrap(), summary_of(&items));
}

/// Changes the items of a source while a rebuild reads it, as a projector would.
struct Changes {
    index: Arc<dyn SearchIndex>,
    /// Put before page 1 and committed.
    committed: Vec<Item>,
    /// Put before page 2 and not committed.
    uncommitted: Item,
}

#[async_trait]
impl Happening for Changes {
    async fn before(&self, number: u64) -> Result<(), SearchError> {
        match number {
            1 => {
                self.index.put(self.committed.clone()).await?;
                self.index.commit(offsets(500)).await
            }
            2 => self.index.put(vec![self.uncommitted.clone()]).await,
            _ => Ok(()),
        }
    }
}

/// What is put during and after a rebuild is there when it is committed, whether the source has it or not, and newer
/// versions are not undone by older ones of the source.
pub async fn what_is_put_during_a_rebuild_survives(engine: &dyn Engine) {
    let index = engine.open().await;
    let mut items: Vec<Item> = (0..300).map(|n| sample::item(n, "first")).collect();
    items.sort_by_key(|item| item.id);
    index.put(items.clone()).await.unwrap();
    index.commit(offsets(300)).await.unwrap();

    let second = |item: &Item| Item { version: 2, text: "second".to_owned(), ..item.clone() };
    // The source gave the first already, and will give the last after this.
    let mut committed = vec![second(&items[0]), second(&items[299])];
    committed.push(sample::item(1_001, "during"));
    let changes = Changes { index: Arc::clone(&index), committed, uncommitted: sample::item(1_002, "late") };
    let report = index.rebuild(&source(&items, changes), Resume::Committed).await.unwrap();
    assert_eq!(report.items, 300);
    assert_eq!(find(&*index, "second").await.len(), 2);
    assert_eq!(find(&*index, "during").await.len(), 1);
    assert_eq!(index.offsets().await.unwrap(), offsets(500));
    index.put(vec![sample::item(1_003, "afterwards")]).await.unwrap();
    index.commit(offsets(501)).await.unwrap();
    for text in ["late", "afterwards"] {
        assert_eq!(find(&*index, text).await.len(), 1, "{text}");
    }
    assert_eq!(find(&*index, "first").await.len(), 298);
    assert_eq!(index.offsets().await.unwrap(), offsets(501));
}

struct FailsAt(u64);

#[async_trait]
impl Happening for FailsAt {
    async fn before(&self, number: u64) -> Result<(), SearchError> {
        if number == self.0 {
            Err(SearchError::Unavailable("the store went away".to_owned()))
        } else {
            Ok(())
        }
    }
}

/// A source that fails half-way leaves the index as it was, writable, and to be rebuilt another time.
pub async fn a_rebuild_that_fails_leaves_the_old_index(engine: &dyn Engine) {
    let (index, items) = filled(engine).await;
    let before = (index.summary().await.unwrap(), index.offsets().await.unwrap());
    let error = index.rebuild(&source(&items[..500], FailsAt(3)), Resume::Committed).await.unwrap_err();
    assert!(error.to_string().contains("the store went away"), "{error}");
    assert_eq!((index.summary().await.unwrap(), index.offsets().await.unwrap()), before);
    index.put(vec![sample::item(9_999, "afterwards")]).await.unwrap();
    index.commit(offsets(99)).await.unwrap();
    assert_eq!(find(&*index, "afterwards").await.len(), 1);
    index.rebuild(&source(&items[..500], Nothing), Resume::Committed).await.unwrap();
    assert_eq!(index.summary().await.unwrap(), summary_of(&items[..500]));
}

/// A rebuild from the beginning leaves what its source has and no offsets, and whoever was writing must ask for them first.
pub async fn a_rebuild_from_the_beginning_forgets_the_offsets(engine: &dyn Engine) {
    let (index, items) = filled(engine).await;
    index.put(vec![sample::item(9_999, "pending")]).await.unwrap();
    index.rebuild(&source(&items[..500], Nothing), Resume::Beginning).await.unwrap();
    assert_eq!(index.summary().await.unwrap(), summary_of(&items[..500]));
    assert!(index.commit(offsets(7_000)).await.is_err(), "that offset is of what was there before");
    assert!(index.offsets().await.unwrap().is_empty());
    index.put(vec![sample::item(9_999, "again")]).await.unwrap();
    index.commit(offsets(1)).await.unwrap();
    assert_eq!((find(&*index, "again").await.len(), find(&*index, "pending").await.len()), (1, 0));
    assert_eq!(index.offsets().await.unwrap(), offsets(1));
}

/// An index that began empty is not filled, whatever is put into it, until it is rebuilt; from then on it is.
pub async fn an_index_is_filled_once_it_was_rebuilt(engine: &dyn Engine) {
    let (index, items) = filled(engine).await;
    assert!(!index.standing().await.unwrap().is_filled);
    index.rebuild(&source(&items[..500], FailsAt(3)), Resume::Committed).await.unwrap_err();
    assert!(!index.standing().await.unwrap().is_filled);
    index.rebuild(&source(&items, Nothing), Resume::Committed).await.unwrap();
    index.put(vec![sample::item(9_999, "afterwards")]).await.unwrap();
    index.commit(offsets(9_999)).await.unwrap();
    drop(index);
    let standing = engine.open().await.standing().await.unwrap();
    assert!(standing.is_filled);
    assert_eq!(standing.offsets, offsets(9_999));
}

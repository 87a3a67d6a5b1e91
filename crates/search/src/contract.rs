//! What every engine must do: one case per promise of the port, for tests. A case panics where a promise is broken.
//!
//! Each case wants an engine of its own that begins empty. Opening it again, after the handle before was dropped, must
//! show what was committed.

#![expect(clippy::unwrap_used, reason = "test support: a broken promise ends the test")]

mod rebuilding;
mod relevance;
pub mod sample;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use crisislens_model::filter::ItemFacts;
use crisislens_model::{Item, ItemFilter, ItemId, ItemStatus};

use crate::query::{MAX_QUERY_DEPTH, MAX_QUERY_TERMS};
use crate::{Query, SearchError, SearchIndex, SearchRequest};
pub use rebuilding::{
    a_rebuild_ends_equal_to_its_source, a_rebuild_from_the_beginning_forgets_the_offsets,
    a_rebuild_hides_nothing_meanwhile, a_rebuild_that_fails_leaves_the_old_index,
    an_index_is_filled_once_it_was_rebuilt, the_summary_is_of_what_is_searchable,
    what_is_put_during_a_rebuild_survives,
};
pub use relevance::{relevant_items_are_the_best_by_bm25, relevant_items_are_within_the_conditions};
use sample::Random;
pub use shared::{exercises_are_told_apart, the_shared_queries_find_what_they_found};

/// Opens the engine under test.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The index as it was last committed.
    async fn open(&self) -> Arc<dyn SearchIndex>;
}

/// What was put last of one id replaces what was put before, within a commit and across commits.
pub async fn the_newest_of_one_id_wins(engine: &dyn Engine) {
    let index = engine.open().await;
    let mut item = sample::item(1, "bridge closed");
    index.put(vec![item.clone()]).await.unwrap();
    item.text = "bridge damaged".to_owned();
    index.put(vec![item.clone()]).await.unwrap();
    index.commit(offsets(2)).await.unwrap();
    assert!(find(&*index, "closed").await.is_empty());
    assert_eq!(find(&*index, "damaged").await, [item.id]);

    item.text = "bridge open".to_owned();
    item.status = ItemStatus::Verified;
    index.put(vec![sample::item(2, "road closed"), item.clone()]).await.unwrap();
    index.commit(offsets(4)).await.unwrap();
    assert!(find(&*index, "damaged").await.is_empty());
    assert_eq!(find(&*index, "bridge status:verified").await, [item.id]);
    assert_eq!(find(&*index, "").await.len(), 2);
}

/// Items show only after a commit, and with the offsets of that commit.
pub async fn the_uncommitted_is_invisible(engine: &dyn Engine) {
    let index = engine.open().await;
    assert!(index.offsets().await.unwrap().is_empty());
    index.put(vec![sample::item(1, "flood")]).await.unwrap();
    assert!(find(&*index, "").await.is_empty());
    index.commit(offsets(1)).await.unwrap();
    assert_eq!(find(&*index, "").await.len(), 1);
    assert_eq!(index.offsets().await.unwrap(), offsets(1));
}

/// After a restart, the items and offsets of the last commit are there and nothing else.
pub async fn offsets_and_items_survive_reopening(engine: &dyn Engine) {
    let index = engine.open().await;
    let several: BTreeMap<u32, u64> = [(0, 17), (3, 4), (5, u64::MAX)].into();
    index.put(vec![sample::item(1, "committed")]).await.unwrap();
    index.commit(several.clone()).await.unwrap();
    index.put(vec![sample::item(2, "forgotten")]).await.unwrap();
    drop(index);

    let index = engine.open().await;
    assert_eq!(index.offsets().await.unwrap(), several);
    assert_eq!(find(&*index, "").await, [sample::item(1, "").id]);
}

/// A commit moves no offset back, and leaves alone the partitions that it does not name.
pub async fn offsets_only_move_forward(engine: &dyn Engine) {
    let index = engine.open().await;
    for (commit, wanted) in [
        (vec![(0, 17), (3, 4)], vec![(0, 17), (3, 4)]),
        (vec![(0, 18)], vec![(0, 18), (3, 4)]),
        (vec![(0, 2), (3, 5)], vec![(0, 18), (3, 5)]),
        (vec![], vec![(0, 18), (3, 5)]),
    ] {
        index.commit(commit.into_iter().collect()).await.unwrap();
        assert_eq!(index.offsets().await.unwrap(), wanted.into_iter().collect());
    }
}

/// An older version takes no newer one's place, whether that is committed or only put.
pub async fn an_older_version_never_replaces_a_newer(engine: &dyn Engine) {
    let index = engine.open().await;
    let version = |version, text| Item { version, ..sample::item(1, text) };
    index.put(vec![version(5, "fifth"), version(4, "fourth")]).await.unwrap();
    index.commit(offsets(1)).await.unwrap();
    assert_eq!(find(&*index, "fifth").await.len(), 1);
    index.put(vec![version(3, "third"), sample::item(2, "another")]).await.unwrap();
    index.commit(offsets(2)).await.unwrap();
    assert_eq!((find(&*index, "fifth").await.len(), find(&*index, "another").await.len()), (1, 1));
    index.put(vec![version(6, "sixth")]).await.unwrap();
    index.commit(offsets(3)).await.unwrap();
    assert_eq!((find(&*index, "sixth").await.len(), find(&*index, "").await.len()), (1, 2));
}

/// Looking how far the index is changes nothing, and tells what is committed only.
pub async fn looking_does_not_disturb_the_writer(engine: &dyn Engine) {
    let index = engine.open().await;
    index.offsets().await.unwrap();
    index.put(vec![sample::item(1, "flood")]).await.unwrap();
    assert!(index.standing().await.unwrap().offsets.is_empty());
    index.commit(offsets(1)).await.unwrap();
    assert_eq!(index.standing().await.unwrap().offsets, offsets(1));
    assert_eq!(find(&*index, "flood").await.len(), 1);
}

/// Texts in scripts with and without spaces are found by their words.
pub async fn texts_in_many_scripts_are_found(engine: &dyn Engine) {
    let texts = [
        ("زلزال قوي يضرب مدينة أنطاكيا", "زلزال", "انطاكيا"),
        ("भूकंप के तेज़ झटके महसूस किए गए, क्षेत्र में बाढ़", "भूकंप", "क्षेत्र"),
        ("東京で強い地震が発生しました", "地震", "\"強い地震\""),
        ("台湾花莲发生地震", "花莲", "震"),
        ("서울에서 지진이 발생했습니다", "지진", "서울"),
        ("น้ำท่วมกรุงเทพ", "น้ำท่วม", "กรุงเทพ"),
        ("Überschwemmung in São Paulo", "uberschwemmung", "SÃO paulo"),
        ("Сильное наводнение в Оренбурге", "НАВОДНЕНИЕ", "оренбур"),
    ];
    let index = engine.open().await;
    let items: Vec<Item> = (0..).zip(texts).map(|(n, (text, ..))| sample::item(n, text)).collect();
    index.put(items.clone()).await.unwrap();
    index.commit(offsets(items.len() as u64)).await.unwrap();
    for (item, (text, one, other)) in items.iter().zip(texts) {
        assert!(find(&*index, one).await.contains(&item.id), "{one} in {text}");
        assert!(find(&*index, other).await.contains(&item.id), "{other} in {text}");
    }
    assert_eq!(find(&*index, "東京").await.len(), 1);
    assert!(find(&*index, "京東").await.is_empty());
}

/// Phrases, beginnings, AND, OR, NOT and place names mean what the query language says.
pub async fn phrases_and_operators_mean_what_they_say(engine: &dyn Engine) {
    let index = engine.open().await;
    let mut placed = sample::item(3, "river rising");
    placed.location = Some(sample::place("New Orleans", "US", 29.95, -90.07));
    let texts = ["power cut in the north", "cut the power supply"];
    let mut items: Vec<Item> = (1..).zip(texts).map(|(n, text)| sample::item(n, text)).collect();
    items.push(placed);
    index.put(items).await.unwrap();
    index.commit(offsets(3)).await.unwrap();
    let cases: [(&str, &[u64]); 14] = [
        ("power cut", &[2, 1]),
        ("\"power cut\"", &[1]),
        ("text:\"cut the\"", &[2]),
        ("pow", &[2, 1]),
        ("\"pow\"", &[]),
        ("nor cut", &[]),
        ("cut nor", &[1]),
        ("north OR supply", &[2, 1]),
        ("power -north", &[2]),
        ("NOT power", &[3]),
        ("(north OR river) NOT supply", &[3, 1]),
        ("location:orleans", &[3]),
        ("orleans", &[3]),
        ("location:river", &[]),
    ];
    for (q, wanted) in cases {
        let wanted: Vec<ItemId> = wanted.iter().map(|n| sample::item(*n, "").id).collect();
        assert_eq!(find(&*index, q).await, wanted, "{q}");
    }
}

/// A query as deep and as long as the language allows is answered like any other.
pub async fn the_deepest_query_is_answered(engine: &dyn Engine) {
    let index = engine.open().await;
    index.put(vec![sample::item(1, "flood"), sample::item(2, "flood road")]).await.unwrap();
    index.commit(offsets(2)).await.unwrap();
    let depth = MAX_QUERY_DEPTH;
    let nested = format!("{}road{}", "(quake OR flood ".repeat(depth), ")".repeat(depth));
    assert_eq!(find(&*index, &nested).await, [sample::item(2, "").id]);
    let denied = format!("{}road{}", "NOT (".repeat(depth / 2), ")".repeat(depth / 2));
    assert_eq!(find(&*index, &denied).await, [sample::item(2, "").id]);
    let long = vec!["flood"; MAX_QUERY_TERMS].join(" OR ");
    assert_eq!(find(&*index, &long).await.len(), 2);
}

/// Pages follow each other without a gap or an overlap, though newer items come in between.
pub async fn pages_do_not_overlap_while_items_are_added(engine: &dyn Engine) {
    let index = engine.open().await;
    let mut random = Random::new(7);
    // Few different times, so that many items tie.
    let mut items: Vec<Item> = (0..200).map(|n| sample::item(n, "flood")).collect();
    items.iter_mut().for_each(|item| item.timestamp = sample::at(random.below(9)));
    index.put(items.clone()).await.unwrap();
    index.commit(offsets(200)).await.unwrap();

    let mut seen = Vec::new();
    let mut after = None;
    for round in 0_u64.. {
        let request = SearchRequest { query: query("flood"), limit: 7, after };
        let page = index.search(&request).await.unwrap();
        assert_eq!(page.total, 200 + round);
        seen.extend(page.ids);
        after = page.next;
        if after.is_none() {
            break;
        }
        let mut newer = sample::item(1_000 + round, "flood");
        newer.timestamp = sample::at(1_000);
        index.put(vec![newer]).await.unwrap();
        index.commit(offsets(201 + round)).await.unwrap();
    }
    items.sort_by_key(|item| std::cmp::Reverse((item.timestamp, item.id)));
    let wanted: Vec<ItemId> = items.iter().map(|item| item.id).collect();
    assert_eq!(seen, wanted);
}

/// A page that ends with the last match has no next; a cursor that was not given out is refused.
pub async fn cursors_end_and_are_checked(engine: &dyn Engine) {
    let index = engine.open().await;
    index.put(sample::items(10)).await.unwrap();
    index.commit(offsets(10)).await.unwrap();
    let mut request = SearchRequest { query: Query::default(), limit: 10, after: None };
    assert_eq!(index.search(&request).await.unwrap().next, None);
    request.limit = 0;
    assert_eq!(index.search(&request).await.unwrap().total, 10);
    for cursor in ["", "x", "ü", "0123456789abcdef", &"é".repeat(24), &"0".repeat(49)] {
        request.after = Some(cursor.to_owned());
        let answer = index.search(&request).await;
        assert!(matches!(answer, Err(SearchError::InvalidCursor)), "{cursor}");
    }
}

/// Over 1,000 random items in several commits, any filter finds what [`ItemFilter::matches`] accepts, newest first.
pub async fn filters_find_exactly_what_matches(engine: &dyn Engine) {
    let (index, items) = filled(engine).await;
    let mut random = Random::new(11);
    for _ in 0..300 {
        let filter = random.filter();
        let wanted = newest(items.iter().filter(|item| filter.matches(&ItemFacts::from(*item))));
        assert_same(&ids(&*index, Query::from(filter.clone())).await, &wanted, &format!("{filter:?}"));
    }
}

/// Any query finds what [`Query::matches`] accepts, newest first.
pub async fn queries_find_exactly_what_matches(engine: &dyn Engine) {
    let (index, items) = filled(engine).await;
    let mut random = Random::new(13);
    for _ in 0..400 {
        let q = random.query(3);
        let query = query(&q);
        let wanted = newest(items.iter().filter(|item| query.matches(item)));
        assert_same(&ids(&*index, query).await, &wanted, &q);
    }
}

/// Facets count the matches of the query and no others.
pub async fn facets_count_the_matches(engine: &dyn Engine) {
    let (index, items) = filled(engine).await;
    let mut random = Random::new(17);
    for q in ["", "flood", "risk:>0.5 -status:new", "nowhere_to_be_found"].map(str::to_owned) {
        let query = Query::parse(&q, random.filter()).unwrap();
        let counted = index.facets(&query).await.unwrap();
        let mut wanted: BTreeMap<String, BTreeMap<String, u64>> =
            ["source", "hazard", "country", "status", "severity", "humanitarian"]
                .map(|name| (name.to_owned(), BTreeMap::new()))
                .into();
        for item in items.iter().filter(|item| query.matches(item)) {
            for (facet, label) in labels(item) {
                *wanted.entry(facet.to_owned()).or_default().entry(label).or_default() += 1;
            }
        }
        assert_eq!(counted, wanted, "{q}");
    }
}

fn labels(item: &Item) -> Vec<(&'static str, String)> {
    let country = item.location.as_ref().and_then(|place| place.country.clone());
    let mut labels = vec![
        ("source", item.source.clone()),
        ("hazard", item.hazard.kind.as_str().to_owned()),
        ("status", item.status.as_str().to_owned()),
        ("severity", item.severity.as_str().to_owned()),
    ];
    labels.extend(country.map(|code| ("country", code)));
    labels.extend(item.humanitarian.map(|said| ("humanitarian", said.category.as_str().to_owned())));
    labels
}

/// An index with 1,000 random items, a tenth of them put twice, and the items as they must be found.
async fn filled(engine: &dyn Engine) -> (Arc<dyn SearchIndex>, Vec<Item>) {
    let index = engine.open().await;
    let mut random = Random::new(3);
    let mut items: BTreeMap<ItemId, Item> = BTreeMap::new();
    for round in 0..10 {
        let batch: Vec<Item> = (round * 100..round * 100 + 110).map(|n| random.item(n)).collect();
        items.extend(batch.iter().map(|item| (item.id, item.clone())));
        index.put(batch).await.unwrap();
        index.commit(offsets(round + 1)).await.unwrap();
    }
    (index, items.into_values().collect())
}

fn newest<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<ItemId> {
    let keys: BTreeSet<_> = items.map(|item| (item.timestamp, item.id)).collect();
    keys.into_iter().rev().map(|(_, id)| id).collect()
}

/// Tells how two long lists differ instead of printing them.
fn assert_same(found: &[ItemId], wanted: &[ItemId], asked: &str) {
    let at = found.iter().zip(wanted).position(|(found, wanted)| found != wanted);
    assert!(
        found == wanted,
        "{asked}: {} found, {} wanted, first difference at {at:?}",
        found.len(),
        wanted.len()
    );
}

fn query(q: &str) -> Query {
    Query::parse(q, ItemFilter::default()).unwrap()
}

async fn find(index: &dyn SearchIndex, q: &str) -> Vec<ItemId> {
    ids(index, query(q)).await
}

async fn ids(index: &dyn SearchIndex, query: Query) -> Vec<ItemId> {
    let page = index.search(&SearchRequest { query: query.clone(), limit: 10_000, after: None }).await;
    let page = page.map_err(|error| format!("{error} for {query:?}")).unwrap();
    assert_eq!(page.total, page.ids.len() as u64);
    page.ids
}

fn offsets(next: u64) -> BTreeMap<u32, u64> {
    [(0, next)].into()
}

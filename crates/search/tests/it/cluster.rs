//! A real OpenSearch server, named by `CRISISLENS_TEST_OPENSEARCH` (its HTTP address): what is promised of an index that
//! several write to, and of one that others tamper with. Each test has its own indexes and removes them.

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;

use async_trait::async_trait;
use crisislens_model::{Item, ItemId};
use crisislens_search::contract::Engine;
use crisislens_search::contract::sample;
use crisislens_search::opensearch::{OpenSearchIndex, OpenSearchOptions};
use crisislens_search::{
    Query, RebuildSource, Resume, SearchError, SearchIndex, SearchRequest, Summary, summary_of,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};

const SERVER: &str = "CRISISLENS_TEST_OPENSEARCH";

/// A part of the server that is this test's own.
pub struct Cluster {
    /// The server's address without a slash at its end.
    pub http: String,
    pub prefix: String,
}

impl Cluster {
    /// None, and a line that says so, where no server is named.
    pub fn named() -> Option<Self> {
        let Ok(http) = env::var(SERVER) else {
            println!("skipped: {SERVER} names no OpenSearch server");
            return None;
        };
        let prefix = format!("test-{}", ItemId::random().0.as_simple());
        Some(Self { http: http.trim_end_matches('/').to_owned(), prefix })
    }

    fn url(&self) -> String {
        format!("opensearch://{}/{}", self.http.strip_prefix("http://").unwrap(), self.prefix)
    }

    pub async fn index(&self) -> Arc<OpenSearchIndex> {
        OpenSearchIndex::open(&self.url(), OpenSearchOptions::default()).await.unwrap()
    }

    /// As an installation of that name has it; the server is not spoken to yet.
    pub fn owned_by(&self, owner: &str) -> Arc<OpenSearchIndex> {
        let options = OpenSearchOptions { owner: owner.to_owned(), ..OpenSearchOptions::default() };
        OpenSearchIndex::connect(&self.url(), options).unwrap()
    }

    pub fn alias(&self) -> String {
        format!("{}-items", self.prefix)
    }

    /// Asks the server behind the engine's back.
    pub async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let request = Client::new().request(method, format!("{}/{path}", self.http)).json(&body);
        request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    /// Deletes an index, if it is still there.
    pub async fn delete(&self, name: &str) {
        let deleted = Client::new().delete(format!("{}/{name}", self.http)).send().await.unwrap();
        assert!(
            deleted.status().is_success() || deleted.status() == 404,
            "{}",
            deleted.text().await.unwrap()
        );
    }

    /// Whether an index or an alias has that name.
    pub async fn exists(&self, name: &str) -> bool {
        Client::new().head(format!("{}/{name}", self.http)).send().await.unwrap().status().is_success()
    }

    /// The names of this test's indexes.
    pub async fn indexes(&self) -> Vec<String> {
        let url = format!("{}/_cat/indices/{}-items-*?format=json&h=index", self.http, self.prefix);
        let rows: Vec<BTreeMap<String, String>> =
            Client::new().get(url).send().await.unwrap().json().await.unwrap();
        rows.into_iter().map(|mut row| row.remove("index").unwrap()).collect()
    }

    async fn remove(&self) {
        for index in self.indexes().await {
            self.ask(Method::DELETE, &index, Value::Null).await;
        }
        let template = format!("{}/_index_template/{}-items", self.http, self.prefix);
        Client::new().delete(template).send().await.unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let this = Self { http: self.http.clone(), prefix: self.prefix.clone() };
        // On a thread of its own: dropping happens inside the test's runtime.
        let removed = std::thread::spawn(move || {
            let this = std::mem::ManuallyDrop::new(this);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(this.remove());
        });
        if removed.join().is_err() {
            eprintln!("{}-items-* could not be removed", self.prefix);
        }
    }
}

#[async_trait]
impl Engine for Cluster {
    async fn open(&self) -> Arc<dyn SearchIndex> {
        self.index().await
    }
}

fn offsets(next: u64) -> BTreeMap<u32, u64> {
    [(0, next)].into()
}

fn version(version: u64, text: &str) -> Item {
    Item { version, ..sample::item(1, text) }
}

pub async fn total(index: &dyn SearchIndex, q: &str) -> u64 {
    let query = Query::parse(q, Default::default()).unwrap();
    index.search(&SearchRequest { query, limit: 1, after: None }).await.unwrap().total
}

#[tokio::test]
async fn a_writer_that_was_held_up_undoes_nothing() {
    let Some(cluster) = Cluster::named() else { return };
    let (slow, quick) = (cluster.index().await, cluster.index().await);
    slow.put(vec![version(1, "first"), sample::item(2, "of the slow one")]).await.unwrap();
    quick.put(vec![version(2, "second")]).await.unwrap();
    quick.commit([(0, 20), (1, 5)].into()).await.unwrap();

    slow.commit([(0, 10), (2, 3)].into()).await.unwrap();
    assert_eq!((total(&*slow, "first").await, total(&*slow, "second").await), (0, 1));
    assert_eq!(total(&*slow, "slow").await, 1);
    let reached: BTreeMap<u32, u64> = [(0, 20), (1, 5), (2, 3)].into();
    assert_eq!(slow.offsets().await.unwrap(), reached);
    quick.commit([(1, 6)].into()).await.unwrap();
    assert_eq!(slow.offsets().await.unwrap()[&1], 6);
}

#[tokio::test]
async fn many_that_open_at_once_make_one_index() {
    let Some(cluster) = Cluster::named() else { return };
    let opened = futures_util::future::join_all((0..6).map(|_| cluster.index())).await;
    assert_eq!(cluster.indexes().await.len(), 1);
    for (n, index) in (0..).zip(&opened) {
        index.put(vec![sample::item(n, "flood")]).await.unwrap();
        index.commit([(u32::try_from(n).unwrap(), 1)].into()).await.unwrap();
    }
    assert_eq!((total(&*opened[0], "").await, opened[0].offsets().await.unwrap().len()), (6, 6));
}

#[tokio::test]
async fn an_index_that_was_deleted_is_noticed_and_filled_again_from_the_beginning() {
    let Some(cluster) = Cluster::named() else { return };
    let index = cluster.index().await;
    index.put(sample::items(10)).await.unwrap();
    index.commit(offsets(10)).await.unwrap();
    for name in cluster.indexes().await {
        cluster.ask(Method::DELETE, &name, Value::Null).await;
    }
    let request = SearchRequest { query: Query::default(), limit: 1, after: None };
    let error = index.search(&request).await.unwrap_err();
    assert!(error.to_string().contains("not there"), "{error}");
    index.put(vec![sample::item(11, "flood")]).await.unwrap();
    let error = index.commit(offsets(11)).await.unwrap_err();
    assert!(error.to_string().contains("not there"), "{error}");
    assert!(index.commit(offsets(12)).await.is_err(), "not before the offsets are asked for");

    assert!(index.offsets().await.unwrap().is_empty());
    index.put(sample::items(11)).await.unwrap();
    index.commit(offsets(11)).await.unwrap();
    assert_eq!((total(&*index, "").await, cluster.indexes().await.len()), (11, 1));
}

#[tokio::test]
async fn who_writes_to_an_index_that_another_replaced_learns_of_it_at_the_commit() {
    let Some(cluster) = Cluster::named() else { return };
    let (index, other) = (cluster.index().await, cluster.index().await);
    index.put(sample::items(10)).await.unwrap();
    index.commit(offsets(10)).await.unwrap();
    other.rebuild(&Empty, Resume::Beginning).await.unwrap();
    index.put(vec![sample::item(11, "flood")]).await.unwrap();
    let error = index.commit(offsets(11)).await.unwrap_err();
    assert!(error.to_string().contains("replaced"), "{error}");
    assert!(index.offsets().await.unwrap().is_empty());
    assert_eq!(cluster.indexes().await.len(), 1);
}

#[tokio::test]
async fn an_index_of_an_older_schema_is_started_over_and_one_of_a_newer_is_left_alone() {
    let Some(cluster) = Cluster::named() else { return };
    let index = cluster.index().await;
    index.put(sample::items(10)).await.unwrap();
    index.commit(offsets(10)).await.unwrap();
    let name = cluster.indexes().await.remove(0);
    let mapping = format!("{name}/_mapping");
    cluster.ask(Method::PUT, &mapping, json!({ "_meta": { "schema": 1_000, "token": "x" } })).await;
    let error = index.offsets().await.unwrap_err();
    assert!(error.to_string().contains("newer release"), "{error}");
    assert_eq!(total(&*index, "").await, 10);
    cluster.ask(Method::PUT, &mapping, json!({ "_meta": { "schema": 0, "token": "x" } })).await;
    assert!(index.offsets().await.unwrap().is_empty());
    assert_eq!(total(&*index, "").await, 0);
    assert_ne!(cluster.indexes().await, [name]);
}

#[tokio::test]
async fn a_read_only_index_is_named_as_such_and_takes_up_again_when_it_is_not() {
    let Some(cluster) = Cluster::named() else { return };
    let index = cluster.index().await;
    let block = |on: Value| json!({ "index.blocks.read_only_allow_delete": on });
    let settings = format!("{}/_settings", cluster.alias());
    cluster.ask(Method::PUT, &settings, block(json!(true))).await;
    index.put(vec![sample::item(1, "flood")]).await.unwrap();
    let error = index.commit(offsets(1)).await.unwrap_err();
    assert!(error.to_string().contains("disk is nearly full"), "{error}");
    assert!(index.offsets().await.unwrap().is_empty());
    cluster.ask(Method::PUT, &settings, block(Value::Null)).await;
    index.put(vec![sample::item(1, "flood")]).await.unwrap();
    index.commit(offsets(1)).await.unwrap();
    assert_eq!(total(&*index, "flood").await, 1);
}

#[tokio::test]
async fn an_item_that_the_mapping_does_not_take_fails_the_commit_and_moves_no_offset() {
    let Some(cluster) = Cluster::named() else { return };
    let index = cluster.index().await;
    let field = json!({ "type": "alias", "path": "lon" });
    let name = cluster.indexes().await.remove(0);
    cluster.ask(Method::DELETE, &name, Value::Null).await;
    let foreign = json!({
        "mappings": { "_meta": { "schema": 4, "token": "t" }, "properties": { "extra": field } },
        "settings": { "index.mapping.ignore_malformed": false, "index.analysis.analyzer.words.tokenizer": "keyword" },
        "aliases": { cluster.alias(): { "is_write_index": true } }
    });
    cluster.ask(Method::PUT, &name, foreign).await;
    cluster.ask(Method::PUT, &format!("{name}/_doc/offsets-t"), json!({ "offsets": { "0": 7 } })).await;
    assert_eq!(index.offsets().await.unwrap(), offsets(7));
    // As one word, this text is longer than a word of the index may be.
    let mut long = sample::item(2, "");
    long.text = "flood ".repeat(10_000);
    index.put(vec![sample::item(1, "flood"), long.clone()]).await.unwrap();
    let error = index.commit(offsets(9)).await.unwrap_err();
    assert!(error.to_string().contains(&long.id.0.as_simple().to_string()), "{error}");
    assert_eq!(index.offsets().await.unwrap(), offsets(7));
}

#[tokio::test]
async fn what_is_too_much_to_hold_is_written_ahead_and_still_not_seen_before_the_commit() {
    let Some(cluster) = Cluster::named() else { return };
    let url = format!("opensearch://{}/{}", cluster.http.strip_prefix("http://").unwrap(), cluster.prefix);
    let options = OpenSearchOptions { buffer_items: 20, ..OpenSearchOptions::default() };
    let index = OpenSearchIndex::open(&url, options).await.unwrap();
    index.put(sample::items(50)).await.unwrap();
    assert_eq!(total(&*index, "").await, 0);
    index.commit(offsets(50)).await.unwrap();
    assert_eq!(index.summary().await.unwrap(), summary_of(&sample::items(50)));
}

/// Gives one item a page; before each, another process writes.
struct Beside {
    items: Vec<Item>,
    other: Arc<OpenSearchIndex>,
}

#[async_trait]
impl RebuildSource for Beside {
    async fn page(&self, after: Option<ItemId>) -> Result<Vec<Item>, SearchError> {
        let given =
            self.items.iter().filter(|item| after.is_some_and(|after| item.id <= after)).count() as u64;
        self.other.put(vec![sample::item(1_000 + given, "beside")]).await?;
        self.other.commit(offsets(1_000 + given)).await?;
        let next = self.items.iter().find(|item| after.is_none_or(|after| item.id > after));
        Ok(next.cloned().into_iter().collect())
    }
}

#[tokio::test]
async fn what_another_process_writes_during_a_rebuild_is_there_and_it_learns_of_the_new_index() {
    let Some(cluster) = Cluster::named() else { return };
    let (index, other) = (cluster.index().await, cluster.index().await);
    let mut items = sample::items(12);
    items.sort_by_key(|item| item.id);
    index
        .rebuild(&Beside { items: items.clone(), other: Arc::clone(&other) }, Resume::Committed)
        .await
        .unwrap();
    items.extend((0..=12).map(|n| sample::item(1_000 + n, "beside")));
    assert_eq!(index.summary().await.unwrap(), summary_of(&items));
    assert_eq!(index.offsets().await.unwrap(), offsets(1_012));
    assert_eq!(cluster.indexes().await.len(), 1);

    other.put(vec![sample::item(2_000, "late")]).await.unwrap();
    assert!(other.commit(offsets(2_000)).await.unwrap_err().to_string().contains("replaced"));
    assert_eq!(other.offsets().await.unwrap(), offsets(1_012));
    other.put(vec![sample::item(2_000, "late")]).await.unwrap();
    other.commit(offsets(2_000)).await.unwrap();
    assert_eq!((total(&*index, "late").await, index.offsets().await.unwrap()), (1, offsets(2_000)));
}

/// Begins a second rebuild when the first is asked for a page.
struct Overtaken(Arc<OpenSearchIndex>);

struct Empty;

#[async_trait]
impl RebuildSource for Empty {
    async fn page(&self, _: Option<ItemId>) -> Result<Vec<Item>, SearchError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl RebuildSource for Overtaken {
    async fn page(&self, after: Option<ItemId>) -> Result<Vec<Item>, SearchError> {
        if after.is_some() {
            return Ok(Vec::new());
        }
        self.0.rebuild(&Empty, Resume::Committed).await?;
        Ok(vec![sample::item(5, "flood")])
    }
}

#[tokio::test]
async fn of_two_rebuilds_the_one_that_began_last_wins_and_the_other_leaves_nothing_behind() {
    let Some(cluster) = Cluster::named() else { return };
    let (index, other) = (cluster.index().await, cluster.index().await);
    index.put(sample::items(10)).await.unwrap();
    index.commit(offsets(10)).await.unwrap();
    let error = index.rebuild(&Overtaken(other), Resume::Committed).await.unwrap_err();
    assert!(error.to_string().contains("replaced") || error.to_string().contains("not there"), "{error}");
    assert_eq!(index.summary().await.unwrap(), Summary::default());
    assert_eq!((index.offsets().await.unwrap(), cluster.indexes().await.len()), (offsets(10), 1));
}

//! The search index is a projection: it follows from where its own commit ended, and can be made again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crisislens_log::EventLog;
use crisislens_model::{Item, ItemFilter, ItemId, RawItem, Topic};
use crisislens_pipeline::{ProjectorOptions, SearchProjector};
use crisislens_search::tantivy::{TantivyIndex, TantivyOptions};
use crisislens_search::{
    Query, RebuildReport, RebuildSource, RelevantHits, RelevantRequest, Resume, SearchError, SearchIndex,
    SearchPage, SearchRequest, Standing, Summary,
};
use crisislens_testkit::{Engines, FaultyLog, LogFault, until};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::flow::{Flow, says};

const QUICK: ProjectorOptions = ProjectorOptions {
    batch: 7,
    commit_items: 20,
    commit_after: Duration::from_millis(5),
    look_after: Duration::from_millis(20),
};

fn posts(numbers: std::ops::Range<u32>) -> Vec<RawItem> {
    numbers.map(|n| says("x", &n.to_string(), 0, &format!("The library opens at nine, part {n}"))).collect()
}

fn directory(engines: &Engines) -> PathBuf {
    engines.dir().join("search")
}

/// An index that says of itself that others write to it too.
struct Shared(Arc<TantivyIndex>);

#[async_trait]
impl SearchIndex for Shared {
    async fn offsets(&self) -> Result<BTreeMap<u32, u64>, SearchError> {
        self.0.offsets().await
    }

    async fn standing(&self) -> Result<Standing, SearchError> {
        self.0.standing().await
    }

    async fn put(&self, items: Vec<Item>) -> Result<(), SearchError> {
        self.0.put(items).await
    }

    async fn commit(&self, offsets: BTreeMap<u32, u64>) -> Result<(), SearchError> {
        self.0.commit(offsets).await
    }

    async fn search(&self, request: &SearchRequest) -> Result<SearchPage, SearchError> {
        self.0.search(request).await
    }

    async fn relevant(&self, request: &RelevantRequest) -> Result<RelevantHits, SearchError> {
        self.0.relevant(request).await
    }

    async fn facets(&self, query: &Query) -> Result<BTreeMap<String, BTreeMap<String, u64>>, SearchError> {
        self.0.facets(query).await
    }

    async fn rebuild(
        &self,
        source: &dyn RebuildSource,
        resume: Resume,
    ) -> Result<RebuildReport, SearchError> {
        self.0.rebuild(source, resume).await
    }

    async fn summary(&self) -> Result<Summary, SearchError> {
        self.0.summary().await
    }

    fn is_shared(&self) -> bool {
        true
    }
}

/// A store in which nothing is.
struct Empty;

#[async_trait]
impl RebuildSource for Empty {
    async fn page(&self, _: Option<ItemId>) -> Result<Vec<Item>, SearchError> {
        Ok(Vec::new())
    }
}

/// Opens the index beside the engines. Only one can be open at a time.
fn open(engines: &Engines) -> Arc<TantivyIndex> {
    TantivyIndex::open(directory(engines), TantivyOptions::default()).unwrap()
}

async fn ends(engines: &Engines) -> BTreeMap<u32, u64> {
    let mut ends = BTreeMap::new();
    for partition in 0..engines.log.definitions().get(Topic::NormalizedItems).partitions {
        ends.insert(partition, engines.log.bounds(Topic::NormalizedItems, partition).await.unwrap().end);
    }
    ends.retain(|_, end| *end > 0);
    ends
}

/// Runs a projector over `log` until everything on it is searchable.
async fn project(engines: &Engines, log: Arc<dyn EventLog>, index: &Arc<TantivyIndex>) {
    let (progress, reached) = watch::channel(BTreeMap::new());
    let (index, health): (Arc<dyn SearchIndex>, _) = (index.clone(), engines.health.clone());
    let cancel = CancellationToken::new();
    let projector = SearchProjector { log, index, health, options: QUICK, progress };
    let running = tokio::spawn(projector.run(cancel.clone()));
    let ends = ends(engines).await;
    until("the index has come to the end", async || *reached.borrow() == ends).await;
    cancel.cancel();
    running.await.unwrap();
}

async fn count(index: &TantivyIndex, text: &str) -> u64 {
    let query = Query::parse(text, ItemFilter::default()).unwrap();
    index.search(&SearchRequest { query, limit: 1, after: None }).await.unwrap().total
}

#[tokio::test]
async fn items_become_searchable_and_a_revision_takes_the_place_of_the_one_before() {
    let flow = Flow::open().await;
    let index = open(&flow.engines);
    flow.bring(&posts(0..60)).await;
    project(&flow.engines, Arc::clone(&flow.engines.log), &index).await;
    assert_eq!((count(&index, "library").await, count(&index, "closed").await), (60, 0));
    flow.bring(&[RawItem { text: "It stays closed".to_owned(), ..posts(7..8).remove(0) }]).await;
    project(&flow.engines, Arc::clone(&flow.engines.log), &index).await;
    assert_eq!((count(&index, "library").await, count(&index, "closed").await), (59, 1));
    assert_eq!(index.offsets().await.unwrap(), ends(&flow.engines).await);
}

#[tokio::test]
async fn after_a_restart_it_continues_from_its_own_offsets() {
    let flow = Flow::open().await;
    flow.bring(&posts(0..60)).await;
    let index = open(&flow.engines);
    project(&flow.engines, Arc::clone(&flow.engines.log), &index).await;
    drop(index);
    let reached = ends(&flow.engines).await;
    let flow = Flow::on(flow.engines.reopen().await);
    flow.bring(&posts(60..80)).await;

    let index = open(&flow.engines);
    assert_eq!(index.offsets().await.unwrap(), reached);
    let log = FaultyLog::new(Arc::clone(&flow.engines.log));
    project(&flow.engines, log.clone(), &index).await;
    assert_eq!(count(&index, "library").await, 80);
    for (_, partition, from) in log.reads() {
        assert!(
            from >= reached.get(&partition).copied().unwrap_or(0),
            "{partition} was read again from {from}"
        );
    }
}

#[tokio::test]
async fn an_index_whose_directory_is_gone_is_filled_again() {
    let flow = Flow::open().await;
    flow.bring(&posts(0..60)).await;
    let index = open(&flow.engines);
    project(&flow.engines, Arc::clone(&flow.engines.log), &index).await;
    drop(index);
    std::fs::remove_dir_all(directory(&flow.engines)).unwrap();
    let index = open(&flow.engines);
    assert_eq!(count(&index, "library").await, 0);
    project(&flow.engines, Arc::clone(&flow.engines.log), &index).await;
    assert_eq!(count(&index, "library").await, 60);
}

#[tokio::test]
async fn an_index_that_is_ahead_of_the_log_is_left_as_it_is_and_health_says_so() {
    let (long, short) = (Flow::open().await, Flow::open().await);
    long.bring(&posts(0..60)).await;
    short.bring(&posts(100..130)).await;
    let index = open(&long.engines);
    project(&long.engines, Arc::clone(&long.engines.log), &index).await;
    let reached = index.standing().await.unwrap();
    let told = async {
        let troubles = || short.engines.health.troubles();
        let is_told =
            || troubles().get("search projector").is_some_and(|it| it.reason.contains("the log ends at"));
        until("health says so", async || is_told()).await;
        assert_eq!((count(&index, "library").await, index.standing().await.unwrap()), (60, reached));
        // As the server does then.
        index.rebuild(&Empty, Resume::Beginning).await.unwrap();
    };
    tokio::join!(project(&short.engines, Arc::clone(&short.engines.log), &index), told);
    assert_eq!(count(&index, "library").await, 30, "only what is on this log");
}

#[tokio::test]
async fn while_the_log_is_away_health_names_the_projector_and_then_it_goes_on() {
    let flow = Flow::open().await;
    flow.bring(&posts(0..30)).await;
    let index = open(&flow.engines);
    let log = FaultyLog::new(Arc::clone(&flow.engines.log));
    log.fail(LogFault::Down);
    let coming_back = async {
        let troubles = || flow.engines.health.troubles();
        until("health names it", async || troubles().contains_key("search projector")).await;
        log.fail(LogFault::None);
    };
    tokio::join!(project(&flow.engines, log.clone(), &index), coming_back);
    assert_eq!(count(&index, "library").await, 30);
    assert!(flow.engines.health.troubles().is_empty());
}

#[tokio::test]
async fn a_shared_index_that_others_begin_anew_or_move_on_is_noticed_though_nothing_new_comes() {
    let flow = Flow::open().await;
    flow.bring(&posts(0..60)).await;
    let index = open(&flow.engines);
    let ends = ends(&flow.engines).await;
    let (progress, mut reached) = watch::channel(BTreeMap::new());
    let cancel = CancellationToken::new();
    let projector = SearchProjector {
        log: Arc::clone(&flow.engines.log),
        index: Arc::new(Shared(Arc::clone(&index))),
        health: flow.engines.health.clone(),
        options: QUICK,
        progress,
    };
    let running = tokio::spawn(projector.run(cancel.clone()));
    reached.wait_for(|offsets| *offsets == ends).await.unwrap();

    index.rebuild(&Empty, Resume::Beginning).await.unwrap();
    until("it is filled again", async || count(&index, "library").await == 60).await;
    reached.wait_for(|offsets| *offsets == ends).await.unwrap();

    // Another node of a newer release counts a partition that this one does not know.
    index.commit([(99, 7)].into()).await.unwrap();
    reached.wait_for(|offsets| offsets.get(&99) == Some(&7)).await.unwrap();
    cancel.cancel();
    running.await.unwrap();
    assert!(flow.engines.health.troubles().is_empty());
}

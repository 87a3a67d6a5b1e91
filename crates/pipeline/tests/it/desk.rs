//! The whole way from posts to verified claims, for tests.

use std::sync::Arc;
use std::time::Duration;

use crisislens_analysis::evidence::rank::Ranker;
use crisislens_model::{Claim, ClaimId, ClaimTopic, RawItem, SourceKind, Topic, Workflow};
use crisislens_pipeline::{ExtractClaims, Memory, Verifier, VerifierOptions, Verify};
use crisislens_search::SearchIndex;
use crisislens_search::tantivy::{TantivyIndex, TantivyOptions};
use crisislens_state::verification::{ClaimFilter, ClaimOrder};
use crisislens_testkit::Engines;

use crate::flow::{ANALYZER, Flow, says};

pub const DEATHS: &str = "Earthquake in L'Aquila: 12 people were killed, officials say.";

/// The whole way from posts to verified claims.
pub struct Desk {
    pub flow: Flow,
    pub index: Arc<TantivyIndex>,
    pub extract: Arc<ExtractClaims>,
    pub verify: Arc<Verify>,
    pub verifier: Verifier,
}

impl Desk {
    pub async fn open() -> Self {
        let flow = Flow::open().await;
        let folder = flow.engines.dir().join("search");
        let index = TantivyIndex::open(folder, TantivyOptions::default()).unwrap();
        let memory = Arc::new(Memory::new(1_000));
        let search: Arc<dyn SearchIndex> = index.clone();
        let verifier = verifier(&flow.engines, &search, &memory);
        let clock = flow.engines.clock.clone();
        let extract = Arc::new(ExtractClaims {
            analyzer: Arc::clone(&ANALYZER),
            memory,
            clock: clock.clone(),
            min_checkworthiness: 0.5,
        });
        let verify = Arc::new(Verify { clock, settle: Duration::from_secs(5), wake: Arc::default() });
        Self { flow, index, extract, verify, verifier }
    }

    /// Brings raw items and lets claims be made of them; verifies nothing yet.
    pub async fn bring(&self, raw: &[RawItem]) {
        self.flow.bring(raw).await;
        let engines = &self.flow.engines;
        let mut items = Vec::new();
        for one in raw {
            items.push(self.flow.item(one).await);
        }
        self.index.put(items).await.unwrap();
        self.index.commit([(0, 1)].into()).await.unwrap();
        engines.apply(&self.extract).await;
        engines.relay_all().await;
        engines.apply(&self.verify).await;
        engines.relay_all().await;
    }

    /// Brings raw items and does all that is due, once claims have settled.
    pub async fn look_into(&self, raw: &[RawItem]) {
        self.bring(raw).await;
        self.flow.engines.clock.advance(6);
        while self.verifier.round().await.unwrap() > 0 {}
        self.flow.engines.relay_all().await;
    }

    pub async fn claims(&self) -> Vec<Claim> {
        let everything = ClaimFilter::default();
        self.flow.engines.store.list_claims(&everything, ClaimOrder::Risk, 100, None).await.unwrap().items
    }

    pub async fn of_topic(&self, topic: ClaimTopic) -> Vec<Claim> {
        let mut claims = self.claims().await;
        claims.retain(|claim| claim.topic == topic);
        claims.sort_by_key(|claim| (claim.first_said, claim.id));
        claims
    }

    /// All of a topic, where there are more than a page has.
    pub async fn all_of_topic(&self, topic: ClaimTopic) -> Vec<Claim> {
        let filter = ClaimFilter { topic: vec![topic], ..ClaimFilter::default() };
        let store = &self.flow.engines.store;
        store.list_claims(&filter, ClaimOrder::Newest, 1_000, None).await.unwrap().items
    }

    /// How many records told of `claim`.
    pub async fn told_of(&self, claim: ClaimId) -> usize {
        let told = self.flow.engines.records(Topic::Claims).await;
        told.iter().filter(|one| one.key == claim.0.to_string().into_bytes()).count()
    }

    pub async fn workflow(&self, claim: &Claim) -> Workflow {
        self.flow.engines.store.last_workflow(claim.id).await.unwrap().unwrap()
    }
}

pub fn verifier(engines: &Engines, index: &Arc<dyn SearchIndex>, memory: &Arc<Memory>) -> Verifier {
    Verifier {
        store: Arc::clone(&engines.store),
        search: Arc::clone(index),
        analyzer: Arc::clone(&ANALYZER),
        memory: Arc::clone(memory),
        ranker: Arc::new(Ranker::new().unwrap()),
        clock: engines.clock.clone(),
        health: engines.health.clone(),
        wake: Arc::default(),
        relay: Arc::clone(&engines.wake),
        is_behind: Arc::new(|| false),
        options: VerifierOptions::default(),
    }
}

pub fn media(source: &str, id: &str, minutes: i64, text: &str) -> RawItem {
    RawItem { source_kind: SourceKind::Media, ..says(source, id, minutes, text) }
}

pub fn by(author: &str, raw: RawItem) -> RawItem {
    RawItem { author: Some(author.to_owned()), ..raw }
}

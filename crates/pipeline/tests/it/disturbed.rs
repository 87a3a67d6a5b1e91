//! Verification while the index is away or cannot look for one claim, and while somebody else writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use crisislens_model::workflow::MAX_ERRORS;
use crisislens_model::{
    Claim, ClaimStatus, ClaimTopic, Clock as _, Item, RawItem, UserId, Workflow, WorkflowStatus,
};
use crisislens_search::query::Query;
use crisislens_search::tantivy::TantivyIndex;
use crisislens_search::{
    RebuildReport, RebuildSource, RelevantHits, RelevantRequest, Resume, SearchError, SearchIndex,
    SearchPage, SearchRequest, Standing, Summary,
};
use crisislens_state::{Durability, Store};

use crate::desk::{DEATHS, Desk, media};

/// What somebody else writes, and where.
type Meanwhile = (Arc<dyn Store>, Claim, Workflow);

/// An index that can be away, that cannot look for one thing, or while it looks somebody else writes.
struct Asked {
    inner: Arc<TantivyIndex>,
    away: AtomicBool,
    refuses: &'static str,
    asked: AtomicUsize,
    meanwhile: tokio::sync::Mutex<Option<Meanwhile>>,
}

impl Asked {
    /// Before the index of `desk`, whose verifier asks it from now on.
    fn of(desk: &mut Desk, refuses: &'static str) -> Arc<Self> {
        let asked = Arc::new(Self {
            inner: Arc::clone(&desk.index),
            away: AtomicBool::new(false),
            refuses,
            asked: AtomicUsize::new(0),
            meanwhile: tokio::sync::Mutex::default(),
        });
        desk.verifier.search = asked.clone();
        desk.verifier.options.search_from = 0.0;
        asked
    }
}

#[async_trait]
impl SearchIndex for Asked {
    async fn offsets(&self) -> Result<BTreeMap<u32, u64>, SearchError> {
        self.inner.offsets().await
    }

    async fn standing(&self) -> Result<Standing, SearchError> {
        self.inner.standing().await
    }

    async fn put(&self, items: Vec<Item>) -> Result<(), SearchError> {
        self.inner.put(items).await
    }

    async fn commit(&self, offsets: BTreeMap<u32, u64>) -> Result<(), SearchError> {
        self.inner.commit(offsets).await
    }

    async fn search(&self, request: &SearchRequest) -> Result<SearchPage, SearchError> {
        self.inner.search(request).await
    }

    async fn relevant(&self, request: &RelevantRequest) -> Result<RelevantHits, SearchError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if let Some((store, claim, workflow)) = self.meanwhile.lock().await.take() {
            let mut tx = store.begin(Durability::Power).await.unwrap();
            tx.update_claims(&[claim]).await.unwrap();
            tx.put_workflows(&[workflow]).await.unwrap();
            tx.commit().await.unwrap();
        }
        let refused = !self.refuses.is_empty() && request.text.contains(self.refuses);
        if refused || self.away.load(Ordering::SeqCst) {
            return Err(SearchError::Unavailable("as a test wants it".to_owned()));
        }
        self.inner.relevant(request).await
    }

    async fn facets(&self, query: &Query) -> Result<BTreeMap<String, BTreeMap<String, u64>>, SearchError> {
        self.inner.facets(query).await
    }

    async fn rebuild(
        &self,
        source: &dyn RebuildSource,
        resume: Resume,
    ) -> Result<RebuildReport, SearchError> {
        self.inner.rebuild(source, resume).await
    }

    async fn summary(&self) -> Result<Summary, SearchError> {
        self.inner.summary().await
    }

    fn is_shared(&self) -> bool {
        false
    }
}

/// A newspaper's figure from each of `towns`, which have nothing to do with each other.
fn figures(towns: &[&str]) -> Vec<RawItem> {
    let of = |(n, town): (i64, &&str)| {
        media("Herald", town, n, &format!("Flood in {town}: 12 people were killed, officials say."))
    };
    (0..).zip(towns).map(of).collect()
}

const TOWNS: [&str; 6] = ["Lucca", "Valencia", "Dresden", "Nairobi", "Manila", "Houston"];

#[tokio::test]
async fn what_a_person_decides_while_it_is_looked_into_stands() {
    let mut desk = Desk::open().await;
    let asked = Asked::of(&mut desk, "");
    desk.bring(&[media("Herald", "1", 1, DEATHS)]).await;
    let store = Arc::clone(&desk.flow.engines.store);
    let claim = desk.of_topic(ClaimTopic::Deaths).await.remove(0);
    let taken = desk.workflow(&claim).await;
    let gone = Claim {
        status: ClaimStatus::Discarded,
        reason: "a joke".to_owned(),
        decided_by: Some(UserId(uuid::Uuid::from_u128(1))),
        version: claim.version + 1,
        ..claim.clone()
    };
    // The verifier holds it under the next version.
    let ended = Workflow { status: WorkflowStatus::Cancelled, version: taken.version + 2, ..taken };
    *asked.meanwhile.lock().await = Some((Arc::clone(&store), gone.clone(), ended.clone()));
    assert_eq!(desk.verifier.round().await.unwrap(), 1);
    assert_eq!(store.claim(claim.id).await.unwrap(), Some(gone));
    assert_eq!(store.workflow(ended.id).await.unwrap(), Some(ended));
    desk.flow.engines.relay_all().await;
    assert_eq!(desk.told_of(claim.id).await, 1, "only that it was found");
}

#[tokio::test]
async fn a_claim_that_changes_while_it_is_looked_into_is_looked_into_again() {
    let mut desk = Desk::open().await;
    let asked = Asked::of(&mut desk, "");
    desk.bring(&[media("Herald", "1", 1, DEATHS)]).await;
    let store = Arc::clone(&desk.flow.engines.store);
    let claim = desk.of_topic(ClaimTopic::Deaths).await.remove(0);
    let taken = desk.workflow(&claim).await;
    let lease = jiff::SignedDuration::from_secs(60);
    let due_at = desk.flow.engines.clock.now().saturating_add(lease).unwrap();
    let held = Workflow { version: taken.version + 1, due_at, ..taken };
    let noted = Claim { notes: "call the hospital".to_owned(), version: claim.version + 1, ..claim.clone() };
    *asked.meanwhile.lock().await = Some((Arc::clone(&store), noted.clone(), held));
    assert_eq!(desk.verifier.round().await.unwrap(), 1);
    assert_eq!(
        store.claim(claim.id).await.unwrap(),
        Some(noted),
        "what was found of another version is nothing"
    );
    assert_eq!(desk.workflow(&claim).await.status, WorkflowStatus::Running);
    assert_eq!(desk.verifier.round().await.unwrap(), 1, "at once");
    let done = store.claim(claim.id).await.unwrap().unwrap();
    assert_eq!((done.notes.as_str(), done.evidence.len()), ("call the hospital", 1));
    assert_eq!(desk.verifier.round().await.unwrap(), 0);
}

#[tokio::test]
async fn what_cannot_be_looked_for_holds_up_no_other_claim() {
    let mut desk = Desk::open().await;
    let asked = Asked::of(&mut desk, "Dresden");
    desk.bring(&figures(&TOWNS)).await;
    let claims = desk.of_topic(ClaimTopic::Deaths).await;
    assert_eq!(claims.len(), TOWNS.len());
    assert_eq!(desk.verifier.round().await.unwrap(), TOWNS.len());
    let stuck = claims.iter().find(|claim| claim.text.contains("Dresden")).unwrap();
    for claim in &claims {
        let workflow = desk.workflow(claim).await;
        let is_stuck = claim.id == stuck.id;
        assert_eq!(workflow.status == WorkflowStatus::Retrying, is_stuck, "{workflow:?}");
        assert_eq!(workflow.attempts, u32::from(is_stuck));
    }
    // However long the index cannot, the claim is not given up, and what is kept of that is bounded.
    for _ in 0..MAX_ERRORS + 5 {
        desk.flow.engines.clock.advance(600);
        assert_eq!(desk.verifier.round().await.unwrap(), 1);
    }
    let workflow = desk.workflow(stuck).await;
    assert_eq!((workflow.status, workflow.errors.len()), (WorkflowStatus::Retrying, MAX_ERRORS));
    desk.verifier.search = asked.inner.clone();
    desk.flow.engines.clock.advance(600);
    assert_eq!(desk.verifier.round().await.unwrap(), 1);
    let workflow = desk.workflow(stuck).await;
    assert!(workflow.status.is_over() || workflow.status == WorkflowStatus::Paused, "{workflow:?}");
    assert_eq!(workflow.attempts, 0);
}

#[tokio::test]
async fn while_the_index_is_away_it_is_asked_for_few_claims_and_none_is_lost() {
    let mut desk = Desk::open().await;
    let asked = Asked::of(&mut desk, "");
    desk.bring(&figures(&TOWNS)).await;
    asked.away.store(true, Ordering::SeqCst);
    assert_eq!(desk.verifier.round().await.unwrap(), TOWNS.len());
    assert_eq!(asked.asked.load(Ordering::SeqCst), 3, "once for all, then two alone");
    assert_eq!(desk.verifier.round().await.unwrap(), 0, "nothing is due at once");
    asked.away.store(false, Ordering::SeqCst);
    desk.flow.engines.clock.advance(3);
    assert_eq!(desk.verifier.round().await.unwrap(), TOWNS.len());
    for claim in desk.of_topic(ClaimTopic::Deaths).await {
        let workflow = desk.workflow(&claim).await;
        assert!(workflow.status.is_over() || workflow.status == WorkflowStatus::Paused, "{workflow:?}");
        assert_eq!((workflow.round, claim.evidence.is_empty()), (1, false));
    }
}

//! Does the verifications that are due: looks for evidence, weighs it, and says how risky a claim is and whether a person must look.
//!
//! The three steps of a claim are done in one pass and written in one transaction, many claims at once: what is not written did not
//! happen, and who was held up finds another version and writes nothing. It rests as long as it works, so that what comes in now is
//! not held up by what is being looked into ([ADR 29](../../../docs/adr/0029-verification.md)).

mod finding;
mod outcome;
mod weigh;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crisislens_analysis::Analyzer;
use crisislens_analysis::evidence::groups::Owners;
use crisislens_analysis::evidence::rank::Ranker;
use crisislens_model::{Claim, ClaimId, ClaimStatus, Clock, ItemId, Workflow, WorkflowStatus};
use crisislens_search::{SearchError, SearchIndex};
use crisislens_state::{Durability, StateError, Store};
use crisislens_stream::Health;
use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::desk::consequences::verdict_example_id;
use crate::events::{VERIFIED, claim_record};
use crate::statements::Memory;
use finding::{Found, Reliabilities};
pub use finding::{adjudication, speaker};
use outcome::{failed, settled};
use weigh::{Case, Looked, Weighed};
pub(crate) use weigh::{evidence_id, kind_of};

/// How often what is due is counted.
const COUNTED_EVERY: Duration = Duration::from_secs(15);
/// After so many that have failed alone, with none that went well, no other of a batch is tried.
const FAILURES_ALONE: usize = 2;

/// How verification is done.
#[derive(Debug, Clone)]
pub struct VerifierOptions {
    /// Workflows that are taken and written together.
    pub batch: usize,
    /// So long nobody else takes what was taken.
    pub lease: Duration,
    /// With nothing due, so long until the next look.
    pub idle: Duration,
    /// Share of the time in which it works, above 0 to 1.
    pub duty: f64,
    /// While what comes in is behind, it waits for so long at most before it does one batch.
    pub longest_wait: Duration,
    /// Claims less worth checking, and that do less harm, are judged by those who make them; nobody is looked for.
    pub search_from: f64,
    /// Above this risk a person must look.
    pub review_above: f64,
    /// Sources that belong together, each list one owner's.
    pub owners: Arc<Owners>,
}

impl Default for VerifierOptions {
    fn default() -> Self {
        Self {
            batch: 64,
            lease: Duration::from_secs(60),
            idle: Duration::from_millis(500),
            duty: 0.5,
            longest_wait: Duration::from_secs(60),
            search_from: 0.5,
            review_above: crisislens_model::risk::HIGH_ABOVE,
            owners: Arc::default(),
        }
    }
}

/// Does what [`crate::Verify`] has said to be due. Nodes share the work row by row.
pub struct Verifier {
    /// Where claims are.
    pub store: Arc<dyn Store>,
    /// Where evidence is looked for.
    pub search: Arc<dyn SearchIndex>,
    /// Reads texts.
    pub analyzer: Arc<Analyzer>,
    /// What items state.
    pub memory: Arc<Memory>,
    /// Says which published checks are about a claim.
    pub ranker: Arc<Ranker>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Told what it waits for.
    pub health: Health,
    /// Wakes it when something is due.
    pub wake: Arc<Notify>,
    /// Tells the relay that something is to be sent.
    pub relay: Arc<Notify>,
    /// Whether what comes in is behind: that goes first.
    pub is_behind: Arc<dyn Fn() -> bool + Send + Sync>,
    /// How.
    pub options: VerifierOptions,
}

/// Why nothing was verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The store is away.
    #[error(transparent)]
    State(#[from] StateError),
    /// The index is away.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A part of the program has failed.
    #[error("evidence could not be weighed: {0}")]
    Weighing(#[from] tokio::task::JoinError),
    /// What was found is no record.
    #[error("a claim cannot be encoded: {0}")]
    Encoding(#[from] serde_json::Error),
}

impl Verifier {
    /// Verifies until `cancel`.
    pub async fn run(self, cancel: CancellationToken) {
        let mut worked_at = Instant::now();
        let mut counted_at: Option<Instant> = None;
        while !cancel.is_cancelled() {
            if counted_at.is_none_or(|at| at.elapsed() >= COUNTED_EVERY) {
                counted_at = Some(Instant::now());
                self.count_due().await;
            }
            if (self.is_behind)() && worked_at.elapsed() < self.options.longest_wait {
                cancel.run_until_cancelled(tokio::time::sleep(self.options.idle)).await;
                continue;
            }
            let began = Instant::now();
            worked_at = began;
            let rest = match self.round().await {
                Ok(0) => self.options.idle,
                Ok(_) => {
                    let worked = began.elapsed();
                    worked.mul_f64((1.0 / self.options.duty.clamp(0.05, 1.0) - 1.0).max(0.0))
                }
                Err(error) => {
                    let failures = self.health.failed("verifier", error.to_string());
                    tracing::warn!(failures, %error, "verification waits before another try");
                    Duration::from_secs(u64::from(failures.min(30)))
                }
            };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(rest) => {}
                () = self.wake.notified(), if rest == self.options.idle => {}
            }
        }
    }

    async fn count_due(&self) {
        // Whoever needs the store for their work says that it is away.
        if let Ok(due) = self.store.due_workflows(self.clock.now()).await {
            metrics::gauge!("crisislens_verifications_due").set(due as f64);
        }
    }

    /// Takes what is due and does it; how many.
    ///
    /// # Errors
    /// When the store is away. What was taken is taken again once its lease is over.
    pub async fn round(&self) -> Result<usize, VerifyError> {
        let now = self.clock.now();
        let lease = SignedDuration::try_from(self.options.lease).unwrap_or(SignedDuration::from_secs(60));
        let until = now.saturating_add(lease).unwrap_or(now);
        let mut tx = self.store.begin(Durability::Process).await?;
        let taken = tx.take_due_workflows(now, until, self.options.batch).await?;
        tx.commit().await?;
        if taken.is_empty() {
            self.health.well("verifier");
            return Ok(0);
        }
        let began = Instant::now();
        let count = taken.len();
        let ids: Vec<ClaimId> = taken.iter().map(|workflow| workflow.claim_id).collect();
        let claims = self.store.claims_by_id(&ids).await?;
        match self.look(&claims).await {
            Ok(weighed) => self.write(taken, &claims, weighed).await?,
            Err(VerifyError::State(error)) => return Err(error.into()),
            Err(_) => self.each_alone(taken, &claims).await?,
        }
        self.health.well("verifier");
        metrics::counter!("crisislens_verifications_total").increment(count as u64);
        metrics::histogram!("crisislens_verification_batch_seconds").record(began.elapsed().as_secs_f64());
        Ok(count)
    }

    /// Something has failed: does each for itself, so that one that cannot be done holds up no other. Where nothing goes well, what all
    /// need is away, and the rest is only put off.
    async fn each_alone(&self, taken: Vec<Workflow>, claims: &[Claim]) -> Result<(), VerifyError> {
        let claims: HashMap<ClaimId, &Claim> = claims.iter().map(|claim| (claim.id, claim)).collect();
        let (mut done, mut failures, mut rest) = (0, 0, Vec::new());
        for workflow in taken {
            let Some(claim) = claims.get(&workflow.claim_id).copied().map(std::slice::from_ref) else {
                let gone = |one| outcome::cancelled(one, "the claim is gone".to_owned(), self.clock.now());
                self.put_off(vec![workflow], gone).await?;
                continue;
            };
            if done == 0 && failures >= FAILURES_ALONE {
                rest.push(workflow);
                continue;
            }
            match self.look(claim).await {
                Ok(weighed) => {
                    self.write(vec![workflow], claim, weighed).await?;
                    done += 1;
                }
                Err(VerifyError::State(error)) => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(%error, claim = %workflow.claim_id, "verification is tried again later");
                    let may_lie_with_it = !matches!(error, VerifyError::Search(_));
                    let failed = |one| failed(one, error.to_string(), may_lie_with_it, self.clock.now());
                    self.put_off(vec![workflow], failed).await?;
                    failures += 1;
                }
            }
        }
        self.put_off(rest, |one| outcome::put_off(one, self.clock.now())).await
    }

    /// Everything that bears on `claims`, weighed.
    async fn look(&self, claims: &[Claim]) -> Result<HashMap<ClaimId, Weighed>, VerifyError> {
        let rivals: BTreeSet<ClaimId> =
            claims.iter().flat_map(|claim| claim.contradicts.iter().copied()).collect();
        let rivals: HashMap<ClaimId, Claim> = self
            .store
            .claims_by_id(&rivals.into_iter().collect::<Vec<_>>())
            .await?
            .into_iter()
            .map(|claim| (claim.id, claim))
            .collect();
        let mut found = HashMap::with_capacity(claims.len());
        for claim in claims
            .iter()
            .filter(|claim| claim.checkworthiness.max(claim.harm_potential) >= self.options.search_from)
        {
            found.insert(claim.id, finding::relevant(&*self.search, claim).await?);
        }
        let mut wanted: BTreeSet<ItemId> = BTreeSet::new();
        for claim in claims {
            wanted.extend(&claim.item_ids);
            let against = claim.contradicts.iter().filter_map(|rival| rivals.get(rival));
            wanted.extend(against.flat_map(|rival| weigh::makers_of(rival, claim.contradicts.len())));
            wanted.extend(found.get(&claim.id).into_iter().flat_map(Found::hits).map(|hit| hit.id));
        }
        let items = self.items(wanted).await?;
        let reliabilities =
            Reliabilities::read(&*self.store, items.values().map(|one| &one.item), self.clock.now()).await?;
        let (ranker, owners) = (Arc::clone(&self.ranker), Arc::clone(&self.options.owners));
        let claims: Vec<Claim> = claims.to_vec();
        Ok(tokio::task::spawn_blocking(move || {
            let nothing = Found::default();
            let case = Case {
                items: &items,
                rivals: &rivals,
                reliabilities: &reliabilities,
                owners: &owners,
                ranker: &ranker,
            };
            claims
                .iter()
                .map(|claim| (claim.id, case.weigh(claim, found.get(&claim.id).unwrap_or(&nothing))))
                .collect()
        })
        .await?)
    }

    /// The items, read a few at a time: of large ones only what is needed stays.
    async fn items(&self, wanted: BTreeSet<ItemId>) -> Result<HashMap<ItemId, Looked>, VerifyError> {
        let wanted: Vec<ItemId> = wanted.into_iter().collect();
        let mut items = HashMap::with_capacity(wanted.len());
        let mut rest = wanted.as_slice();
        while !rest.is_empty() {
            let (read, looked_for) = self.store.items_by_id(rest).await?;
            let (analyzer, memory) = (Arc::clone(&self.analyzer), Arc::clone(&self.memory));
            let look =
                move || read.into_iter().map(|item| Looked::at(item, &memory, &analyzer)).collect::<Vec<_>>();
            let looked = tokio::task::spawn_blocking(look).await?;
            items.extend(looked.into_iter().map(|one| (one.item.id, one)));
            rest = rest.get(looked_for.max(1)..).unwrap_or_default();
        }
        Ok(items)
    }

    /// Writes what was found, of each claim and workflow that is still as it was taken.
    async fn write(
        &self,
        taken: Vec<Workflow>,
        seen: &[Claim],
        mut weighed: HashMap<ClaimId, Weighed>,
    ) -> Result<(), VerifyError> {
        let now = self.clock.now();
        let ids: Vec<ClaimId> = taken.iter().map(|workflow| workflow.claim_id).collect();
        let seen: HashMap<ClaimId, &Claim> = seen.iter().map(|claim| (claim.id, claim)).collect();
        let mut tx = self.store.begin(Durability::Process).await?;
        let mut claims: HashMap<ClaimId, Claim> =
            tx.claims_to_write(&ids).await?.into_iter().map(|claim| (claim.id, claim)).collect();
        let standing: HashMap<ClaimId, Workflow> =
            tx.workflows_to_write(&ids).await?.into_iter().map(|one| (one.claim_id, one)).collect();
        let (mut changed, mut workflows, mut records) = (Vec::new(), Vec::new(), Vec::new());
        let mut reopened = Vec::new();
        let mut reached: Vec<ClaimStatus> = Vec::new();
        for workflow in taken {
            // Somebody else has it, or a person has ended it.
            if standing.get(&workflow.claim_id).map(|one| (one.id, one.version))
                != Some((workflow.id, workflow.version))
            {
                continue;
            }
            let Some(claim) = claims.remove(&workflow.claim_id) else {
                // Left as it is, it would be taken again and again.
                workflows.push(outcome::cancelled(workflow, "the claim is gone".to_owned(), now));
                continue;
            };
            let Some(before) = seen.get(&claim.id).filter(|before| before.version == claim.version) else {
                // It has changed while it was looked into.
                let version = workflow.version + 1;
                workflows.push(Workflow { due_at: now, version, ..workflow });
                continue;
            };
            let Some(weighed) = weighed.remove(&claim.id) else { continue };
            let (claim, workflow) = settled(claim, workflow, weighed, &self.options, now);
            if claim != **before {
                records.push(claim_record(&claim, VERIFIED, now)?);
                if before.status == ClaimStatus::Verified && claim.status != ClaimStatus::Verified {
                    reopened.push((claim.id, verdict_example_id(&claim)));
                }
                if claim.status != before.status {
                    reached.push(claim.status);
                }
                changed.push(claim);
            }
            workflows.push(workflow);
        }
        tx.update_claims(&changed).await?;
        tx.put_workflows(&workflows).await?;
        // A verdict that the evidence has turned against holds no more, and so nothing follows from it.
        for (claim, example) in reopened {
            tx.set_adjudications(claim, &[]).await?;
            tx.drop_training_examples(&[example]).await?;
        }
        tx.publish(records, now).await?;
        tx.commit().await?;
        self.relay.notify_one();
        for status in reached {
            metrics::counter!("crisislens_claims_total", "status" => status.as_str()).increment(1);
        }
        Ok(())
    }

    /// Writes when those are tried again that are still as they were taken. The claim of one that is given up is no longer looked into.
    async fn put_off(
        &self,
        taken: Vec<Workflow>,
        later: impl Fn(Workflow) -> Workflow,
    ) -> Result<(), VerifyError> {
        if taken.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let ids: Vec<ClaimId> = taken.iter().map(|workflow| workflow.claim_id).collect();
        let mut tx = self.store.begin(Durability::Process).await?;
        let standing: HashMap<ClaimId, u64> =
            tx.workflows_to_write(&ids).await?.into_iter().map(|one| (one.claim_id, one.version)).collect();
        let mine = taken.into_iter().filter(|one| standing.get(&one.claim_id) == Some(&one.version));
        let workflows: Vec<Workflow> = mine.map(later).collect();
        let given_up = workflows.iter().filter(|one| one.status == WorkflowStatus::Failed);
        let mut claims = tx.claims_to_write(&given_up.map(|one| one.claim_id).collect::<Vec<_>>()).await?;
        claims.retain(|claim| claim.status == ClaimStatus::Processing);
        let mut records = Vec::with_capacity(claims.len());
        for claim in &mut claims {
            claim.status = ClaimStatus::New;
            claim.version += 1;
            records.push(claim_record(claim, VERIFIED, now)?);
        }
        tx.update_claims(&claims).await?;
        tx.put_workflows(&workflows).await?;
        tx.publish(records, now).await?;
        tx.commit().await?;
        self.relay.notify_one();
        Ok(())
    }
}

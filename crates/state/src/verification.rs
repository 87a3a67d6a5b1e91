//! Claims and their verification: the port's reads and writes. What may follow on what is decided elsewhere.

use std::collections::HashMap;

use async_trait::async_trait;
use crisislens_model::{
    Claim, ClaimId, ClaimStatus, ClaimTopic, ExerciseId, IncidentId, ItemId, SourceKind, Timestamp, Verdict,
    Workflow, WorkflowId, WorkflowStatus,
};
use serde::{Deserialize, Serialize};

use crate::{Cursor, Page, StateError};

/// More claims than these under one key say that the key means nothing; it is passed over, so that a look-up is bounded however many
/// claims there are.
pub const MAX_KEY_CLAIMS: usize = 64;

/// Which claims are meant; of a list, one entry is enough. With nothing given, all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClaimFilter {
    /// Where it stands in the desk's work.
    pub status: Vec<ClaimStatus>,
    /// What was found.
    pub verdict: Vec<Verdict>,
    /// What sort of fact.
    pub topic: Vec<ClaimTopic>,
    /// Of this incident.
    pub incident: Option<IncidentId>,
    /// Made by this item.
    pub item: Option<ItemId>,
    /// At least this risk.
    pub min_risk: Option<f64>,
    /// Of exercises, or in earnest.
    pub exercise: Option<bool>,
    /// Of this exercise.
    pub exercise_id: Option<ExerciseId>,
}

/// In which order claims are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClaimOrder {
    /// The riskiest first.
    #[default]
    Risk,
    /// Said last first.
    Newest,
}

/// Which workflows are meant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkflowFilter {
    /// How it stands.
    pub status: Vec<WorkflowStatus>,
    /// Only those that wait for a person's answer.
    pub pending_review: bool,
    /// Of this claim.
    pub claim: Option<ClaimId>,
}

/// That a source was right or wrong about a claim that was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adjudication {
    /// Name of the source.
    pub source: String,
    /// What sort of voice it is.
    pub kind: SourceKind,
    /// The claim.
    pub claim_id: ClaimId,
    /// Whether the source was on the side that held.
    pub right: bool,
    /// 0 to 1: how much it counts.
    pub weight: f64,
    /// When it was decided.
    pub at: Timestamp,
    /// The item whose statement people put right. Then no claim was decided, and `claim_id` only stands for the correction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<ItemId>,
}

/// What people decided, for training: a verdict or a correction with what they saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrainingExample {
    /// Derived from what was decided: decided again it takes the place of what stood there.
    pub id: uuid::Uuid,
    /// `verdict`, `stance`, or `correction`.
    pub kind: String,
    /// Who.
    pub by: crisislens_model::UserId,
    /// When.
    pub at: Timestamp,
    /// The text, what was suggested and what was decided.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
}

/// Reads of claims and workflows.
#[async_trait]
pub trait Verification: Send + Sync {
    /// One claim.
    async fn claim(&self, id: ClaimId) -> Result<Option<Claim>, StateError>;

    /// Those of `ids` that exist, in the order asked for.
    async fn claims_by_id(&self, ids: &[ClaimId]) -> Result<Vec<Claim>, StateError>;

    /// The matching claims. A cursor belongs to the order that it was given out in.
    async fn list_claims(
        &self,
        filter: &ClaimFilter,
        order: ClaimOrder,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Claim>, StateError>;

    /// The claims that items make.
    async fn claims_of_items(&self, ids: &[ItemId]) -> Result<HashMap<ItemId, Vec<ClaimId>>, StateError>;

    /// One workflow.
    async fn workflow(&self, id: WorkflowId) -> Result<Option<Workflow>, StateError>;

    /// The last verification of a claim.
    async fn last_workflow(&self, claim: ClaimId) -> Result<Option<Workflow>, StateError>;

    /// The last verification of each of `claims` that has one.
    async fn last_workflows(&self, claims: &[ClaimId]) -> Result<HashMap<ClaimId, Workflow>, StateError>;

    /// The matching workflows, changed last first.
    async fn list_workflows(
        &self,
        filter: &WorkflowFilter,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Workflow>, StateError>;

    /// How many workflows have a next step that is due at `now`.
    async fn due_workflows(&self, now: Timestamp) -> Result<u64, StateError>;

    /// What was decided about claims that these sources took a side on, at most `limit` of each, decided last first.
    async fn adjudications(&self, sources: &[String], limit: usize) -> Result<Vec<Adjudication>, StateError>;

    /// What people decided, decided last first.
    async fn training_examples(
        &self,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<TrainingExample>, StateError>;
}

/// Writes of claims and workflows.
#[async_trait]
pub trait VerificationTx: Send {
    /// Those of `ids` that exist. No other transaction reads claims to write them until this one ends.
    async fn claims_to_write(&mut self, ids: &[ClaimId]) -> Result<Vec<Claim>, StateError>;

    /// The claims kept under each of `keys`, but for keys that say nothing. No other transaction reads claims to write them until this
    /// one ends.
    async fn claims_under(&mut self, keys: &[u64]) -> Result<Vec<Claim>, StateError>;

    /// Writes claims over what stood there, with the keys under which they are found from now on.
    async fn put_claims(&mut self, claims: &[(Claim, Vec<u64>)]) -> Result<(), StateError>;

    /// Writes claims over what stood there; they stay under the keys that they have.
    async fn update_claims(&mut self, claims: &[Claim]) -> Result<(), StateError>;

    /// Notes what each of `items` states. Answers what they stated before.
    async fn set_item_claims(
        &mut self,
        items: &[(ItemId, Vec<ClaimId>)],
    ) -> Result<HashMap<ItemId, Vec<ClaimId>>, StateError>;

    /// The claims that any of `items` makes. No other transaction reads claims to write them until this one ends.
    async fn claims_made_by(&mut self, items: &[ItemId]) -> Result<Vec<ClaimId>, StateError>;

    /// Lets the items that make `from` make `into`; answers how many did not make it before.
    async fn move_item_claims(&mut self, from: ClaimId, into: ClaimId) -> Result<u64, StateError>;

    /// The last verification of each of `claims` that has one.
    async fn workflows_to_write(&mut self, claims: &[ClaimId]) -> Result<Vec<Workflow>, StateError>;

    /// Writes workflows over what stood there.
    async fn put_workflows(&mut self, workflows: &[Workflow]) -> Result<(), StateError>;

    /// Takes at most `limit` workflows whose next step is due at `now`, the riskiest kind first by their order, and puts them off until
    /// `until`: another node takes them only if this one does not write them before. Their version rises, so that who held them before
    /// can be told from who holds them now. No other transaction reads them to write them until this one ends.
    async fn take_due_workflows(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Workflow>, StateError>;

    /// Notes who was right and wrong about `claim`, over what was noted of it before; with none, all of it is taken back.
    async fn set_adjudications(&mut self, claim: ClaimId, of: &[Adjudication]) -> Result<(), StateError>;

    /// Who was noted as right or wrong about `claim`, by source.
    async fn adjudications_of(&mut self, claim: ClaimId) -> Result<Vec<Adjudication>, StateError>;

    /// Keeps what a person decided, over what stood under its id.
    async fn put_training_examples(&mut self, examples: &[TrainingExample]) -> Result<(), StateError>;

    /// Takes back what a person decided.
    async fn drop_training_examples(&mut self, ids: &[uuid::Uuid]) -> Result<(), StateError>;
}

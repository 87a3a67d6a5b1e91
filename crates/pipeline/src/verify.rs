//! claims → the verification of each: begun when a claim is made, again when items say more about it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crisislens_log::LogRecord;
use crisislens_model::workflow::{ReviewStatus, Step};
use crisislens_model::{
    Claim, ClaimId, ClaimStatus, Clock, Timestamp, Topic, Workflow, WorkflowStatus, record,
};
use crisislens_state::Tx;
use crisislens_stream::{ApplyError, Handler, Reject};

use crate::events::SAID;
use crate::refuse_wrong;

/// The handler of `claims`. It only says what is due; [`crate::Verifier`] does it.
pub struct Verify {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A claim that was verified is looked at again so long after it was said anew: others may be about to say it, too.
    pub settle: Duration,
    /// Told that something is due.
    pub wake: Arc<tokio::sync::Notify>,
}

#[async_trait]
impl Handler for Verify {
    type Work = Claim;

    fn group(&self) -> &'static str {
        "crisis-lens-main"
    }

    fn stage(&self) -> &'static str {
        "verification"
    }

    fn topic(&self) -> Topic {
        Topic::Claims
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<Claim>, Reject> {
        // What verification or a person has changed is no news to them.
        if record::header(&record.headers, "ce_source") != Some(SAID) {
            return Ok(None);
        }
        let value = record.value.as_deref().ok_or_else(|| Reject::decode("the record has no value"))?;
        let claim: Claim = serde_json::from_slice(value).map_err(Reject::decode)?;
        refuse_wrong(&claim.problems())?;
        Ok(Some(claim))
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Claim]) -> Result<(), ApplyError> {
        let now = self.clock.now();
        let mut ids: Vec<ClaimId> = work.iter().map(|claim| claim.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let claims = tx.claims_to_write(&ids).await?;
        let last: HashMap<ClaimId, Workflow> =
            tx.workflows_to_write(&ids).await?.into_iter().map(|one| (one.claim_id, one)).collect();
        let later = now.saturating_add(self.settle).unwrap_or(now);
        let mut workflows = Vec::with_capacity(claims.len());
        let mut begun = Vec::new();
        for mut claim in claims {
            let Some(workflow) = due(&claim, last.get(&claim.id), now, later) else { continue };
            if claim.status == ClaimStatus::New && workflow.version == 1 {
                // Told with what is found: nothing else has changed.
                claim.status = ClaimStatus::Processing;
                claim.version += 1;
                begun.push(claim);
            }
            workflows.push(workflow);
        }
        tx.update_claims(&begun).await?;
        tx.put_workflows(&workflows).await?;
        if !workflows.is_empty() {
            self.wake.notify_one();
        }
        Ok(())
    }
}

/// The workflow that is due now that items have said `claim`, if that changes anything.
fn due(claim: &Claim, last: Option<&Workflow>, now: Timestamp, later: Timestamp) -> Option<Workflow> {
    let Some(last) = last else {
        return (claim.status != ClaimStatus::Discarded).then(|| begin(claim, 1, None, now, now));
    };
    // A person who discards a claim, or ends its verification, has the last word.
    if claim.status == ClaimStatus::Discarded {
        return None;
    }
    match last.status {
        // It reads the claim when its turn comes.
        WorkflowStatus::Running | WorkflowStatus::Retrying | WorkflowStatus::Cancelled => None,
        // What people have said stays on it.
        WorkflowStatus::Paused => Some(Workflow {
            status: WorkflowStatus::Running,
            step: Step::RetrieveEvidence,
            updated_at: now,
            due_at: later,
            version: last.version + 1,
            ..last.clone()
        }),
        WorkflowStatus::Completed | WorkflowStatus::Failed => {
            Some(begin(claim, last.round + 1, None, now, later))
        }
    }
}

/// The `round`th verification of `claim`, at its beginning.
#[must_use]
pub fn begin(
    claim: &Claim,
    round: u64,
    started_by: Option<crisislens_model::UserId>,
    now: Timestamp,
    due_at: Timestamp,
) -> Workflow {
    Workflow {
        id: Workflow::id_of(claim.id, round),
        claim_id: claim.id,
        round,
        status: WorkflowStatus::Running,
        step: Step::RetrieveEvidence,
        claim_version: claim.version,
        risk_score: None,
        needs_human_review: false,
        human_review_status: ReviewStatus::NotNeeded,
        decided_by: None,
        attempts: 0,
        errors: Vec::new(),
        started_by,
        started_at: now,
        updated_at: now,
        due_at,
        version: 1,
    }
}

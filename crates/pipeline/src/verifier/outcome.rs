//! What follows from what was found: how the claim stands in the desk's work, and whether its workflow waits for a person.

use crisislens_model::claim::Standing;
use crisislens_model::workflow::{MAX_ERRORS, ReviewStatus, Step};
use crisislens_model::{Claim, ClaimStatus, RiskLevel, Timestamp, Verdict, Workflow, WorkflowStatus};
use jiff::SignedDuration;

use super::VerifierOptions;
use super::weigh::Weighed;

/// From this harm on a claim that the evidence speaks against is looked at by a person: somebody may act on it.
const HARMFUL: f64 = 0.5;
/// A step that has failed so often is given up until a person starts it again.
const MAX_ATTEMPTS: u32 = 8;
/// The second try comes after so many seconds, each further one after twice as long.
const FIRST_PAUSE_SECONDS: i64 = 2;

/// The claim and its workflow once `weighed` is known.
pub(super) fn settled(
    mut claim: Claim,
    mut workflow: Workflow,
    weighed: Weighed,
    options: &VerifierOptions,
    now: Timestamp,
) -> (Claim, Workflow) {
    let before = claim.clone();
    claim.veracity_likelihood = weighed.assessment.likelihood;
    claim.standing = weighed.assessment.standing;
    claim.likelihood_parts = weighed.assessment.parts;
    claim.supporting_groups = weighed.assessment.supporting_groups;
    claim.refuting_groups = weighed.assessment.refuting_groups;
    claim.evidence = weighed.evidence;
    claim.risk_score = Claim::risk(claim.harm_potential, claim.veracity_likelihood, claim.checkworthiness);
    claim.risk_level = RiskLevel::of(claim.risk_score);

    workflow.claim_version = claim.version;
    workflow.risk_score = Some(claim.risk_score);
    workflow.attempts = 0;
    workflow.updated_at = now;
    workflow.due_at = now;
    workflow.version += 1;
    let waits = |workflow: &mut Workflow, step: Step| {
        workflow.status = WorkflowStatus::Paused;
        workflow.step = step;
        workflow.needs_human_review = true;
        workflow.human_review_status = ReviewStatus::Pending;
    };
    if claim.status == ClaimStatus::Discarded && claim.decided_by.is_none() {
        // Nobody says it any more.
        completes(&mut workflow);
    } else if workflow.decided_by.is_some() && workflow.human_review_status == ReviewStatus::Pending {
        // One person has decided, and the second is to agree: they see the new evidence.
        waits(&mut workflow, Step::SecondApproval);
    } else if is_decided(&claim) {
        if speaks_against_verdict(&claim) && claim.status.may_become(ClaimStatus::NeedsReview) {
            claim.status = ClaimStatus::NeedsReview;
            workflow.decided_by = None;
            waits(&mut workflow, Step::HumanReview);
        } else {
            completes(&mut workflow);
        }
    } else if must_be_seen(&claim, options) || claim.status == ClaimStatus::NeedsReview {
        // What once waits for a person waits until one has said something.
        claim.status = ClaimStatus::NeedsReview;
        waits(&mut workflow, Step::HumanReview);
    } else {
        if claim.status == ClaimStatus::Processing {
            claim.status = ClaimStatus::New;
        }
        completes(&mut workflow);
    }
    if claim != before {
        claim.version += 1;
        workflow.claim_version = claim.version;
    }
    (claim, workflow)
}

fn completes(workflow: &mut Workflow) {
    workflow.status = WorkflowStatus::Completed;
    workflow.step = Step::Complete;
}

/// Whether a person's verdict stands.
fn is_decided(claim: &Claim) -> bool {
    claim.decided_by.is_some() && matches!(claim.status, ClaimStatus::Verified | ClaimStatus::Discarded)
}

/// Whether what is known now speaks against what a person decided.
fn speaks_against_verdict(claim: &Claim) -> bool {
    matches!(
        (claim.verdict, claim.standing),
        (Verdict::True, Standing::Refuted) | (Verdict::False, Standing::Supported)
    )
}

/// Whether a person must look.
fn must_be_seen(claim: &Claim, options: &VerifierOptions) -> bool {
    claim.risk_score > options.review_above
        || claim.standing == Standing::Disputed
        || (claim.standing == Standing::Refuted && claim.harm_potential >= HARMFUL)
}

/// Keeps what went wrong, of much the last.
fn note(workflow: &mut Workflow, error: String) {
    workflow.errors.push(error);
    let surplus = workflow.errors.len().saturating_sub(MAX_ERRORS);
    workflow.errors.drain(..surplus);
}

/// The workflow after a step has failed; it is given up in the end only if that `may_lie_with_it`.
pub(super) fn failed(
    mut workflow: Workflow,
    error: String,
    may_lie_with_it: bool,
    now: Timestamp,
) -> Workflow {
    workflow.attempts = workflow.attempts.saturating_add(1);
    note(&mut workflow, error);
    workflow.updated_at = now;
    workflow.version += 1;
    if may_lie_with_it && workflow.attempts >= MAX_ATTEMPTS {
        workflow.status = WorkflowStatus::Failed;
    } else {
        workflow.status = WorkflowStatus::Retrying;
        let pause = FIRST_PAUSE_SECONDS << workflow.attempts.min(MAX_ATTEMPTS).saturating_sub(1);
        workflow.due_at = now.saturating_add(SignedDuration::from_secs(pause)).unwrap_or(now);
    }
    workflow
}

/// The workflow where there is nothing left to verify.
pub(super) fn cancelled(mut workflow: Workflow, why: String, now: Timestamp) -> Workflow {
    note(&mut workflow, why);
    Workflow {
        status: WorkflowStatus::Cancelled,
        updated_at: now,
        due_at: now,
        version: workflow.version + 1,
        ..workflow
    }
}

/// The workflow when it is not tried, since others have just failed for want of what it needs, too.
pub(super) fn put_off(workflow: Workflow, now: Timestamp) -> Workflow {
    let due_at = now.saturating_add(SignedDuration::from_secs(FIRST_PAUSE_SECONDS)).unwrap_or(now);
    Workflow { due_at, updated_at: now, version: workflow.version + 1, ..workflow }
}

#[cfg(test)]
mod tests {
    use crisislens_model::{ClaimId, WorkflowId};
    use uuid::Uuid;

    use super::*;

    fn workflow() -> Workflow {
        let now = Timestamp::UNIX_EPOCH;
        Workflow {
            id: WorkflowId(Uuid::nil()),
            claim_id: ClaimId(Uuid::nil()),
            round: 1,
            status: WorkflowStatus::Running,
            step: Step::RetrieveEvidence,
            claim_version: 1,
            risk_score: None,
            needs_human_review: false,
            human_review_status: ReviewStatus::NotNeeded,
            decided_by: None,
            attempts: 0,
            errors: Vec::new(),
            started_by: None,
            started_at: now,
            updated_at: now,
            due_at: now,
            version: 1,
        }
    }

    #[test]
    fn a_step_is_tried_less_and_less_often_and_given_up_only_if_it_may_lie_with_it() {
        let (mut its_own, mut of_others, mut pause) = (workflow(), workflow(), SignedDuration::ZERO);
        for n in 1..=200 {
            its_own =
                if n <= MAX_ATTEMPTS { failed(its_own, n.to_string(), true, time_of(n)) } else { its_own };
            of_others = failed(of_others, n.to_string(), false, time_of(n));
            let gives_up = n >= MAX_ATTEMPTS;
            assert_eq!(its_own.status == WorkflowStatus::Failed, gives_up, "after {n}");
            assert_eq!(of_others.status, WorkflowStatus::Retrying);
            let next = of_others.due_at.duration_since(time_of(n));
            assert!(next >= pause && next <= SignedDuration::from_secs(600), "{next} after {n}");
            pause = next;
        }
        assert_eq!((its_own.attempts, its_own.version), (MAX_ATTEMPTS, u64::from(MAX_ATTEMPTS) + 1));
        assert_eq!((of_others.errors.len(), of_others.errors[MAX_ERRORS - 1].as_str()), (MAX_ERRORS, "200"));
    }

    fn time_of(n: u32) -> Timestamp {
        Timestamp::from_second(i64::from(n) * 1_000).unwrap()
    }
}

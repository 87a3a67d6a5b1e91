//! What people may do to a claim and its verification. Pure: each function takes both as they stand and answers both as they then are.
//!
//! Every step can be taken back. A verdict on a claim of high risk takes effect once a second person has agreed. Only a person makes a
//! claim `verified`.

pub mod consequences;

use crisislens_analysis::reliability::Prior;
use crisislens_model::claim::{EvidenceKind, MAX_EVIDENCE, Stance};
use crisislens_model::workflow::{ReviewStatus, Step};
use crisislens_model::{
    Claim, ClaimStatus, Evidence, Item, RiskLevel, Timestamp, UserId, Verdict, Workflow, WorkflowStatus, id,
};
use uuid::Uuid;

use crate::verifier::{evidence_id, kind_of, speaker};
use crate::verify::begin;

/// Why a claim has its harm, where a person has set it: it stays, whatever is said later.
pub const SET_BY_PERSON: &str = "set by a person";

/// Why something cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not as things stand.
    #[error("{0}")]
    NotNow(String),
    /// A second person must do it.
    #[error("you decided it yourself: a second person must agree")]
    SamePerson,
    /// An approver must do it.
    #[error("{0} needs the role approver")]
    NeedsApprover(&'static str),
    /// What was sent does not fit.
    #[error("{0}")]
    Wrong(String),
    /// There is no such piece of evidence.
    #[error("there is no such piece of evidence")]
    NoEvidence,
}

/// A claim and its last verification, as they stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Desk {
    /// The claim.
    pub claim: Claim,
    /// Its last verification; none where nothing was begun.
    pub workflow: Option<Workflow>,
    /// Above this risk a second person must agree to a verdict.
    pub review_above: f64,
    /// Whether who acts is an approver or above.
    pub by_approver: bool,
    /// The time.
    pub now: Timestamp,
}

/// A piece of evidence that a person adds.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// Where it can be read.
    pub url: Option<String>,
    /// What it says.
    pub text_snippet: String,
    /// Who says it.
    pub source: String,
    /// Which side it is on.
    pub stance: Stance,
    /// Why.
    pub why: String,
}

type Done = Result<(), Refusal>;

fn not_now(why: impl Into<String>) -> Done {
    Err(Refusal::NotNow(why.into()))
}

impl Desk {
    /// Whether a verdict on it takes effect only once a second person has agreed.
    #[must_use]
    pub fn needs_two(&self) -> bool {
        self.claim.was_high_risk || self.claim.risk_score > self.review_above
    }

    /// Whether it waits for a second person.
    #[must_use]
    pub fn waits_for_second(&self) -> bool {
        self.workflow.as_ref().is_some_and(|workflow| {
            workflow.status == WorkflowStatus::Paused && workflow.step == Step::SecondApproval
        })
    }

    /// Begins a verification.
    ///
    /// # Errors
    /// When one is under way, or the claim is discarded.
    pub fn start(&mut self, by: UserId) -> Done {
        if self.claim.status == ClaimStatus::Discarded {
            return not_now("the claim is discarded; reopen it first");
        }
        if self.workflow.as_ref().is_some_and(|workflow| !workflow.status.is_over()) {
            return not_now("its verification is under way; cancel or resume that");
        }
        self.run_again(Some(by));
        if self.claim.status == ClaimStatus::New {
            self.claim.status = ClaimStatus::Processing;
        }
        self.changed();
        Ok(())
    }

    /// Ends the verification.
    ///
    /// # Errors
    /// When none is under way.
    pub fn cancel(&mut self) -> Done {
        let Some(workflow) = self.workflow.as_mut().filter(|workflow| !workflow.status.is_over()) else {
            return not_now("no verification is under way");
        };
        workflow.status = WorkflowStatus::Cancelled;
        workflow.decided_by = None;
        if self.claim.status == ClaimStatus::Processing {
            self.claim.status = ClaimStatus::New;
        }
        self.take_back_proposal();
        self.changed();
        Ok(())
    }

    /// Lets a verification that has failed, was cancelled or is to be tried again go on now.
    ///
    /// # Errors
    /// When it runs, waits for a person, or is completed.
    pub fn go_on(&mut self) -> Done {
        let now = self.now;
        let Some(workflow) = &mut self.workflow else { return not_now("nothing was begun; start it") };
        match workflow.status {
            WorkflowStatus::Failed | WorkflowStatus::Cancelled | WorkflowStatus::Retrying => {
                workflow.status = WorkflowStatus::Running;
                workflow.step = Step::RetrieveEvidence;
                workflow.attempts = 0;
                workflow.due_at = now;
            }
            WorkflowStatus::Running => return not_now("it runs already"),
            WorkflowStatus::Paused => {
                return not_now("it waits for a person: send a decision with a verdict");
            }
            WorkflowStatus::Completed => return not_now("it is completed; start another"),
        }
        self.changed();
        Ok(())
    }

    /// A person's verdict. Of high risk, it waits for a second person.
    ///
    /// # Errors
    /// When a verdict stands or waits already, or `verdict` is none.
    pub fn decide(&mut self, verdict: Verdict, reason: &str, by: UserId) -> Done {
        if verdict == Verdict::None {
            return Err(Refusal::Wrong(
                "verdict is true, false, misleading or needs_investigation".to_owned(),
            ));
        }
        if self.waits_for_second() {
            return not_now("a verdict waits for a second person; approve or reject that first");
        }
        if matches!(self.claim.status, ClaimStatus::Verified | ClaimStatus::Discarded) {
            return not_now(format!("the claim is {}; reopen it first", self.claim.status.as_str()));
        }
        self.claim.status = ClaimStatus::NeedsReview;
        self.claim.verdict = verdict;
        reason.clone_into(&mut self.claim.reason);
        self.claim.decided_by = Some(by);
        self.claim.approved_by = None;
        let needs_two = self.needs_two() && verdict != Verdict::NeedsInvestigation;
        let workflow = self.workflow_of(by);
        workflow.needs_human_review = true;
        workflow.decided_by = Some(by);
        if verdict == Verdict::NeedsInvestigation {
            workflow.status = WorkflowStatus::Paused;
            workflow.step = Step::HumanReview;
            workflow.human_review_status = ReviewStatus::Pending;
            workflow.decided_by = None;
        } else if needs_two {
            workflow.status = WorkflowStatus::Paused;
            workflow.step = Step::SecondApproval;
            workflow.human_review_status = ReviewStatus::Pending;
        } else {
            self.complete();
        }
        self.changed();
        Ok(())
    }

    /// A second person agrees: the verdict takes effect.
    ///
    /// # Errors
    /// When none waits, `by` is who decided, or may not approve.
    pub fn approve(&mut self, by: UserId) -> Done {
        if !self.waits_for_second() {
            return not_now("no verdict waits for a second person");
        }
        if self.claim.decided_by == Some(by) {
            return Err(Refusal::SamePerson);
        }
        if !self.by_approver {
            return Err(Refusal::NeedsApprover("to agree as the second person"));
        }
        self.claim.approved_by = Some(by);
        self.complete();
        self.changed();
        Ok(())
    }

    /// A second person refuses, or the first takes it back: the claim waits for a verdict again.
    ///
    /// # Errors
    /// When none waits, or `by` is neither who decided nor an approver.
    pub fn reject(&mut self, by: UserId) -> Done {
        if !self.waits_for_second() {
            return not_now("no verdict waits for a second person");
        }
        if self.claim.decided_by != Some(by) && !self.by_approver {
            return Err(Refusal::NeedsApprover("to refuse what another person decided"));
        }
        self.take_back_proposal();
        if let Some(workflow) = &mut self.workflow {
            workflow.step = Step::HumanReview;
            workflow.human_review_status = ReviewStatus::Pending;
            workflow.decided_by = None;
        }
        self.changed();
        Ok(())
    }

    /// Takes a verdict, or that it was discarded, back: the claim waits for a person again.
    ///
    /// # Errors
    /// When neither stands, or two people decided and `by` is no approver.
    pub fn reopen(&mut self, by: UserId) -> Done {
        if !matches!(self.claim.status, ClaimStatus::Verified | ClaimStatus::Discarded) {
            return not_now(format!(
                "the claim is {}: nothing is to be reopened",
                self.claim.status.as_str()
            ));
        }
        if self.claim.approved_by.is_some() && !self.by_approver {
            return Err(Refusal::NeedsApprover("to take back what two people decided"));
        }
        self.claim.status = ClaimStatus::NeedsReview;
        self.forget_verdict();
        let round = self.workflow.as_ref().map_or(1, |workflow| workflow.round + 1);
        let workflow = begin(&self.claim, round, Some(by), self.now, self.now);
        self.workflow = Some(Workflow {
            status: WorkflowStatus::Paused,
            step: Step::HumanReview,
            needs_human_review: true,
            human_review_status: ReviewStatus::Pending,
            risk_score: Some(self.claim.risk_score),
            ..workflow
        });
        self.changed();
        Ok(())
    }

    /// Not worth, or not possible, to check.
    ///
    /// # Errors
    /// When a verdict stands, or it is discarded already.
    pub fn discard(&mut self, reason: &str, by: UserId) -> Done {
        if !self.claim.status.may_become(ClaimStatus::Discarded) {
            return not_now(format!("the claim is {}; reopen it first", self.claim.status.as_str()));
        }
        self.forget_verdict();
        self.claim.status = ClaimStatus::Discarded;
        reason.clone_into(&mut self.claim.reason);
        self.claim.decided_by = Some(by);
        if let Some(workflow) = self.workflow.as_mut().filter(|workflow| !workflow.status.is_over()) {
            workflow.status = WorkflowStatus::Cancelled;
            workflow.decided_by = None;
        }
        self.changed();
        Ok(())
    }

    /// Puts wording, harm or notes right.
    ///
    /// # Errors
    /// When a verdict waits or stands: it was about the words as they are.
    pub fn edit(&mut self, text: Option<String>, harm: Option<f64>, notes: Option<String>) -> Done {
        let is_settled = self.claim.status == ClaimStatus::Verified || self.waits_for_second();
        if is_settled && (text.is_some() || harm.is_some()) {
            return not_now("a verdict is about these words; reopen or reject it first");
        }
        self.claim.text = text.unwrap_or_else(|| self.claim.text.clone());
        self.claim.notes = notes.unwrap_or_else(|| self.claim.notes.clone());
        if let Some(harm) = harm {
            self.remember_risk();
            self.claim.harm_potential = harm;
            SET_BY_PERSON.clone_into(&mut self.claim.harm_why);
            let claim = &mut self.claim;
            claim.risk_score = Claim::risk(harm, claim.veracity_likelihood, claim.checkworthiness);
            claim.risk_level = RiskLevel::of(claim.risk_score);
        }
        self.changed();
        Ok(())
    }

    /// Says on which side a piece of evidence is. The claim is weighed again.
    ///
    /// # Errors
    /// When there is no such piece.
    pub fn set_stance(&mut self, evidence: Uuid, stance: Stance, why: &str) -> Done {
        let place = self.claim.evidence.iter().position(|one| one.id == evidence);
        let place = place.ok_or(Refusal::NoEvidence)?;
        self.remember_risk();
        let piece = &mut self.claim.evidence[place];
        piece.stance = stance;
        piece.support_score = score(stance);
        why.clone_into(&mut piece.why);
        piece.by_person = true;
        self.weigh_again();
        Ok(())
    }

    /// Adds a piece of evidence. The claim is weighed again. The same piece again changes nothing.
    ///
    /// # Errors
    /// When there is no room.
    pub fn add_evidence(&mut self, added: Added) -> Result<Uuid, Refusal> {
        let named = format!("{} {} {}", added.url.as_deref().unwrap_or(""), added.source, added.text_snippet);
        let id = id::derived(self.claim.id.0, &format!("added {named}"), 0);
        if self.claim.evidence.iter().any(|one| one.id == id) {
            return Ok(id);
        }
        self.put_evidence(Evidence {
            id,
            kind: EvidenceKind::Manual,
            item_id: None,
            url: added.url,
            text_snippet: added.text_snippet,
            source_reliability: crisislens_analysis::reliability::UNKNOWN,
            group: format!("source:{}", added.source.to_lowercase()),
            source: added.source,
            stance: added.stance,
            support_score: score(added.stance),
            said_at: self.now,
            why: added.why,
            by_person: true,
        })?;
        Ok(id)
    }

    /// Adds an item as evidence, or says on which side it is where it is evidence already. The claim is weighed again.
    ///
    /// # Errors
    /// When there is no room, or one of the two is part of an exercise and the other is not.
    pub fn add_item(
        &mut self,
        item: &Item,
        text_snippet: String,
        stance: Stance,
        why: String,
    ) -> Result<Uuid, Refusal> {
        if item.exercise != self.claim.exercise {
            let why = "item_id: one of the two is part of an exercise, the other is not";
            return Err(Refusal::Wrong(why.to_owned()));
        }
        if item.exercise_id != self.claim.exercise_id {
            return Err(Refusal::Wrong("item_id: the two are parts of two exercises".to_owned()));
        }
        let id = evidence_id(self.claim.id, item.id);
        if self.claim.evidence.iter().any(|one| one.id == id) {
            self.set_stance(id, stance, &why)?;
            return Ok(id);
        }
        self.put_evidence(Evidence {
            id,
            kind: kind_of(item),
            item_id: Some(item.id),
            url: item.url.clone(),
            text_snippet,
            source: speaker(item),
            source_reliability: Prior::of(item.source_kind).mean(),
            stance,
            support_score: score(stance),
            group: String::new(),
            said_at: item.timestamp,
            why,
            by_person: true,
        })?;
        Ok(id)
    }

    fn put_evidence(&mut self, evidence: Evidence) -> Done {
        let by_people = self.claim.evidence.iter().filter(|one| one.by_person).count();
        if by_people >= MAX_EVIDENCE / 2 {
            let most = MAX_EVIDENCE / 2;
            return not_now(format!("people have put {most} pieces on it; remove one first"));
        }
        self.remember_risk();
        self.claim.evidence.push(evidence);
        self.weigh_again();
        Ok(())
    }

    /// Removes what a person has added, or lets a piece speak for itself again. The claim is weighed again.
    ///
    /// # Errors
    /// When no person has said anything about such a piece.
    pub fn remove_evidence(&mut self, evidence: Uuid) -> Done {
        let place = self.claim.evidence.iter().position(|one| one.id == evidence && one.by_person);
        let place = place.ok_or(Refusal::NoEvidence)?;
        self.remember_risk();
        if self.claim.evidence[place].kind == EvidenceKind::Manual {
            self.claim.evidence.remove(place);
        } else {
            self.claim.evidence[place].by_person = false;
        }
        self.weigh_again();
        Ok(())
    }

    /// Looks at the evidence again, whatever has been decided meanwhile stays.
    fn weigh_again(&mut self) {
        let now = self.now;
        match &mut self.workflow {
            Some(workflow) if !workflow.status.is_over() => {
                workflow.status = WorkflowStatus::Running;
                workflow.step = Step::RetrieveEvidence;
                workflow.due_at = now;
            }
            _ => self.run_again(None),
        }
        self.changed();
    }

    fn run_again(&mut self, by: Option<UserId>) {
        let round = self.workflow.as_ref().map_or(1, |workflow| workflow.round + 1);
        self.workflow = Some(begin(&self.claim, round, by, self.now, self.now));
    }

    /// The workflow that a person's word goes on, begun where none is under way.
    fn workflow_of(&mut self, by: UserId) -> &mut Workflow {
        if self.workflow.as_ref().is_none_or(|workflow| workflow.status.is_over()) {
            self.run_again(Some(by));
        }
        let (claim, now) = (&self.claim, self.now);
        self.workflow.get_or_insert_with(|| begin(claim, 1, Some(by), now, now))
    }

    fn complete(&mut self) {
        self.claim.status = ClaimStatus::Verified;
        if let Some(workflow) = &mut self.workflow {
            workflow.status = WorkflowStatus::Completed;
            workflow.step = Step::Complete;
            workflow.human_review_status = ReviewStatus::Approved;
        }
    }

    /// Forgets a verdict that has not taken effect.
    fn take_back_proposal(&mut self) {
        if self.claim.status == ClaimStatus::NeedsReview {
            self.forget_verdict();
        }
    }

    fn forget_verdict(&mut self) {
        self.claim.verdict = Verdict::None;
        self.claim.reason.clear();
        self.claim.decided_by = None;
        self.claim.approved_by = None;
    }

    /// Notes that the risk was high before a person changes what it rests on: who talks it down does not decide alone.
    fn remember_risk(&mut self) {
        self.claim.was_high_risk |= self.claim.risk_score > self.review_above;
    }

    fn changed(&mut self) {
        self.claim.version += 1;
        if let Some(workflow) = &mut self.workflow {
            workflow.version += 1;
            workflow.updated_at = self.now;
            workflow.claim_version = self.claim.version;
        }
    }
}

/// How surely a person's word puts a piece on a side.
const fn score(stance: Stance) -> f64 {
    match stance {
        Stance::Supports => 1.0,
        Stance::Refutes => -1.0,
        Stance::Neutral => 0.0,
    }
}

#[cfg(test)]
mod tests;

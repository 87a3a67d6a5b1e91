//! A workflow: the verification of one claim, step by step, so that it goes on where it was when a process ends.

use serde::{Deserialize, Serialize};

use crate::{ClaimId, Timestamp, UserId, WorkflowId, id};

/// Most errors kept with a workflow, the newest.
pub const MAX_ERRORS: usize = 10;

/// How a workflow stands.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum WorkflowStatus {
    /// Its next step is due.
    #[default]
    Running,
    /// It waits for a person.
    Paused,
    /// A step failed and is tried again later.
    Retrying,
    /// Done.
    Completed,
    /// Given up after errors; a person may start it again.
    Failed,
    /// Ended by a person.
    Cancelled,
}

impl WorkflowStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Paused, Self::Retrying, Self::Completed, Self::Failed, Self::Cancelled];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Retrying => "retrying",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether nothing more happens by itself or by a person's answer.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// What is done next, in order.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Look for what speaks for and against the claim.
    #[default]
    RetrieveEvidence,
    /// Weigh it.
    AssessVeracity,
    /// Say how risky it is, and whether a person must look.
    CalculateRisk,
    /// A person decides.
    HumanReview,
    /// A second person agrees, where the risk is high.
    SecondApproval,
    /// Nothing.
    Complete,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 6] = [
        Self::RetrieveEvidence,
        Self::AssessVeracity,
        Self::CalculateRisk,
        Self::HumanReview,
        Self::SecondApproval,
        Self::Complete,
    ];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RetrieveEvidence => "retrieve_evidence",
            Self::AssessVeracity => "assess_veracity",
            Self::CalculateRisk => "calculate_risk",
            Self::HumanReview => "human_review",
            Self::SecondApproval => "second_approval",
            Self::Complete => "complete",
        }
    }

    /// The step named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == word)
    }
}

/// What a person said of a claim that waited for one.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReviewStatus {
    /// Nobody had to.
    #[default]
    NotNeeded,
    /// It waits.
    Pending,
    /// Agreed.
    Approved,
    /// Refused.
    Rejected,
}

/// The verification of a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Workflow {
    /// Derived from the claim and the round.
    pub id: WorkflowId,
    /// What is verified.
    pub claim_id: ClaimId,
    /// From 1; another when new evidence makes it run again after its end.
    pub round: u64,
    /// How it stands.
    pub status: WorkflowStatus,
    /// What is done next.
    pub step: Step,
    /// The claim's version that the steps so far have looked at.
    pub claim_version: u64,
    /// The claim's risk, once it was calculated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_score: Option<f64>,
    /// Whether a person must look.
    pub needs_human_review: bool,
    /// What they said.
    pub human_review_status: ReviewStatus,
    /// Who decided first, where a second person must agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<UserId>,
    /// Tries of the present step.
    pub attempts: u32,
    /// What went wrong, the newest last.
    #[serde(default)]
    pub errors: Vec<String>,
    /// Who started it; absent where it started by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<UserId>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When its next step is due; of no meaning while it waits for a person or is over.
    pub due_at: Timestamp,
    /// Rises with every change; the ETag.
    pub version: u64,
}

impl Workflow {
    /// The id of the `round`th verification of `claim`.
    #[must_use]
    pub fn id_of(claim: ClaimId, round: u64) -> WorkflowId {
        WorkflowId(id::derived(claim.0, "verification", round))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_what_they_say() {
        for status in WorkflowStatus::ALL {
            assert_eq!(WorkflowStatus::parse(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for step in Step::ALL {
            assert_eq!(Step::parse(step.as_str()), Some(step));
            assert_eq!(serde_json::to_value(step).unwrap(), step.as_str());
        }
    }
}

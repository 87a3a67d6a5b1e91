//! A claim: one thing said that can be true or false, with the evidence on each side and what people decided of it.

mod evidence;
mod slots;

use serde::{Deserialize, Serialize};

use crate::{
    ClaimId, ExerciseId, FieldError, HazardType, IncidentId, ItemId, RiskLevel, Timestamp, UserId, id,
};

pub use evidence::{Evidence, EvidenceKind, LikelihoodPart, Stance, Standing};
pub use slots::{ClaimPlace, ClaimTopic, Quantity, Slots};

/// Shares of harm, doubt and check-worthiness in a claim's risk; they sum to 1.
const HARM_WEIGHT: f64 = 0.5;
const DOUBT_WEIGHT: f64 = 0.3;
const CHECK_WEIGHT: f64 = 0.2;
/// Most evidence kept with a claim.
pub const MAX_EVIDENCE: usize = 40;
/// Most items named on a claim; all are counted.
pub const MAX_ITEMS: usize = 100;
/// Longest text of a claim, characters.
pub const MAX_TEXT: usize = 500;
/// Longest reason and note of a person, characters.
pub const MAX_REASON: usize = 2_000;

/// Where a claim stands in the desk's work.
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
pub enum ClaimStatus {
    /// Found, not looked into.
    #[default]
    New,
    /// Evidence is being gathered.
    Processing,
    /// A person must decide.
    NeedsReview,
    /// Decided and kept: the verdict says what was found.
    Verified,
    /// Not worth or not possible to check.
    Discarded,
}

impl ClaimStatus {
    /// Every status, in the order of the work.
    pub const ALL: [Self; 5] =
        [Self::New, Self::Processing, Self::NeedsReview, Self::Verified, Self::Discarded];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Processing => "processing",
            Self::NeedsReview => "needs_review",
            Self::Verified => "verified",
            Self::Discarded => "discarded",
        }
    }

    /// The status named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether a claim may go from here to `next`. Every step has its reverse.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use ClaimStatus::{Discarded, NeedsReview, New, Processing, Verified};
        matches!(
            (self, next),
            (New, Processing | Discarded)
                | (Processing, New | NeedsReview | Discarded)
                | (NeedsReview, Processing | Verified | Discarded)
                | (Verified, NeedsReview)
                | (Discarded, New | Processing | NeedsReview)
        )
    }
}

/// What people found of a claim.
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
pub enum Verdict {
    /// Nothing yet.
    #[default]
    None,
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Parts hold, and together they lead astray.
    Misleading,
    /// Nobody can tell yet.
    NeedsInvestigation,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 5] =
        [Self::None, Self::True, Self::False, Self::Misleading, Self::NeedsInvestigation];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::True => "true",
            Self::False => "false",
            Self::Misleading => "misleading",
            Self::NeedsInvestigation => "needs_investigation",
        }
    }

    /// The verdict named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }

    /// What it says of who made the claim: right, wrong, or nothing.
    #[must_use]
    pub const fn is_right(self) -> Option<bool> {
        match self {
            Self::True => Some(true),
            Self::False | Self::Misleading => Some(false),
            Self::None | Self::NeedsInvestigation => None,
        }
    }
}

/// What was said, who says it, what speaks for and against it, and what was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Claim {
    /// Derived from the item that made it first and what it states.
    pub id: ClaimId,
    /// The sentence, as the first item has it or a person has put it.
    pub text: String,
    /// ISO 639-1 of the sentence, or `und`.
    pub language: String,
    /// The item that made it first.
    pub normalized_item_id: ItemId,
    /// The incident it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident_id: Option<IncidentId>,
    /// What sort of hazard the item speaks of.
    pub hazard: HazardType,
    /// What sort of fact.
    pub topic: ClaimTopic,
    /// What it states, in parts.
    pub slots: Slots,
    /// 0 to 1: whether it is worth checking.
    pub checkworthiness: f64,
    /// 0 to 1: how likely it is true, calibrated; 0.5 where nothing is known.
    pub veracity_likelihood: f64,
    /// How it stands.
    pub standing: Standing,
    /// The addends of the likelihood's log-odds.
    #[serde(default)]
    pub likelihood_parts: Vec<LikelihoodPart>,
    /// Independent groups that speak for it.
    pub supporting_groups: u32,
    /// Independent groups that speak against it.
    pub refuting_groups: u32,
    /// 0 to 1: what it would do if it were false and believed, or true and missed.
    pub harm_potential: f64,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub harm_why: String,
    /// 0.5 × harm + 0.3 × (1 − likelihood) + 0.2 × check-worthiness.
    pub risk_score: f64,
    /// The score's step.
    pub risk_level: RiskLevel,
    /// The evidence, the weightiest first.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// Claims that say otherwise about the same thing.
    #[serde(default)]
    pub contradicts: Vec<ClaimId>,
    /// The items that make it, the first first.
    #[serde(default)]
    pub item_ids: Vec<ItemId>,
    /// How many items make it, copies among them.
    pub item_count: u64,
    /// When it was said first.
    pub first_said: Timestamp,
    /// When it was said last.
    pub last_said: Timestamp,
    /// Where it stands in the desk's work.
    pub status: ClaimStatus,
    /// What was found. It holds once the status is `verified`; before, it waits for a second person, or says that nobody can tell yet.
    pub verdict: Verdict,
    /// Why, in the words of who decided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<UserId>,
    /// Who agreed, where a second person must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<UserId>,
    /// Notes of the desk.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Whether its risk was high when a person changed what the risk rests on: a verdict then needs a second person whatever the risk is
    /// now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_high_risk: bool,
    /// The claim that says the same and stands for this one, once people have put their incidents together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_into: Option<ClaimId>,
    /// Part of an exercise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exercise: bool,
    /// Of which exercise, where people have started it: what is said in one never meets what is said in another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise_id: Option<ExerciseId>,
    /// Rises with every change; the ETag.
    pub version: u64,
}

impl Claim {
    /// The id of what `item` states first as the `number`th of its claims.
    #[must_use]
    pub fn id_of(item: ItemId, number: u64) -> ClaimId {
        ClaimId(id::derived(item.0, "claim", number))
    }

    /// The risk of a claim: what harm it may do, how doubtful it is, and whether it is worth checking.
    #[must_use]
    pub fn risk(harm: f64, likelihood: f64, checkworthiness: f64) -> f64 {
        (HARM_WEIGHT * harm + DOUBT_WEIGHT * (1.0 - likelihood) + CHECK_WEIGHT * checkworthiness)
            .clamp(0.0, 1.0)
    }

    /// Everything that is wrong with it; empty when it may go on.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let shares = [
            ("checkworthiness", self.checkworthiness),
            ("veracity_likelihood", self.veracity_likelihood),
            ("harm_potential", self.harm_potential),
            ("risk_score", self.risk_score),
        ];
        for (field, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                problems.push(FieldError::new(field, "is not between 0 and 1"));
            }
        }
        if self.text.trim().is_empty() {
            problems.push(FieldError::new("text", "is empty"));
        }
        if self.text.chars().count() > MAX_TEXT {
            problems.push(FieldError::new("text", format!("is longer than {MAX_TEXT} characters")));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_the_work_can_be_taken_back() {
        for from in ClaimStatus::ALL {
            for to in ClaimStatus::ALL {
                if from.may_become(to) {
                    let back = to.may_become(from)
                        || ClaimStatus::ALL.iter().any(|via| to.may_become(*via) && via.may_become(from));
                    assert!(back, "{} → {}", from.as_str(), to.as_str());
                }
            }
            assert!(!from.may_become(from));
        }
        assert!(!ClaimStatus::New.may_become(ClaimStatus::Verified));
    }

    #[test]
    fn words_name_what_they_say() {
        for status in ClaimStatus::ALL {
            assert_eq!(ClaimStatus::parse(status.as_str()), Some(status));
        }
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::parse(verdict.as_str()), Some(verdict));
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.as_str());
        }
        for topic in ClaimTopic::ALL {
            assert_eq!(ClaimTopic::parse(topic.as_str()), Some(topic));
            assert_eq!(serde_json::to_value(topic).unwrap(), topic.as_str());
        }
    }

    #[test]
    fn the_risk_of_a_claim_is_harm_doubt_and_worth() {
        assert!((Claim::risk(1.0, 0.0, 1.0) - 1.0).abs() < 1e-9);
        assert!((Claim::risk(0.4, 0.5, 0.5) - 0.45).abs() < 1e-9);
        assert!((Claim::risk(0.0, 1.0, 0.0)).abs() < 1e-9);
    }
}

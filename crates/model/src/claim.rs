//! A claim: one thing said that can be true or false, with the evidence on each side and what people decided of it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ClaimId, FieldError, HazardType, IncidentId, ItemId, RiskLevel, SourceKind, Timestamp, UserId, id,
};

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

/// What sort of fact a claim states.
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
pub enum ClaimTopic {
    /// People died.
    Deaths,
    /// People are hurt.
    Injured,
    /// People are missing or trapped.
    Missing,
    /// People had to leave, or are without shelter.
    Displaced,
    /// The strength of an earthquake.
    Magnitude,
    /// How high water stands, or how much rain fell.
    WaterLevel,
    /// The speed of wind.
    WindSpeed,
    /// An area that burns or is flooded.
    Area,
    /// A road, bridge, school, airport … is closed, or open again.
    Closure,
    /// Something that people need is running out.
    Shortage,
    /// Power, water or telephone do not work.
    Outage,
    /// People are told to leave or to stay inside.
    Evacuation,
    /// Buildings or things are destroyed.
    Damage,
    /// Cases of a disease.
    Cases,
    /// Who or what caused it.
    Cause,
    /// What is said to protect or to heal.
    Remedy,
    /// Something else that can be checked.
    #[default]
    Other,
}

impl ClaimTopic {
    /// Every topic.
    pub const ALL: [Self; 17] = [
        Self::Deaths,
        Self::Injured,
        Self::Missing,
        Self::Displaced,
        Self::Magnitude,
        Self::WaterLevel,
        Self::WindSpeed,
        Self::Area,
        Self::Closure,
        Self::Shortage,
        Self::Outage,
        Self::Evacuation,
        Self::Damage,
        Self::Cases,
        Self::Cause,
        Self::Remedy,
        Self::Other,
    ];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deaths => "deaths",
            Self::Injured => "injured",
            Self::Missing => "missing",
            Self::Displaced => "displaced",
            Self::Magnitude => "magnitude",
            Self::WaterLevel => "water_level",
            Self::WindSpeed => "wind_speed",
            Self::Area => "area",
            Self::Closure => "closure",
            Self::Shortage => "shortage",
            Self::Outage => "outage",
            Self::Evacuation => "evacuation",
            Self::Damage => "damage",
            Self::Cases => "cases",
            Self::Cause => "cause",
            Self::Remedy => "remedy",
            Self::Other => "other",
        }
    }

    /// The topic named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == word)
    }
}

/// A number as it was said: exact numbers have equal bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Quantity {
    /// At least this.
    pub low: f64,
    /// At most this; absent after "more than" and "at least".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// `people`, `m`, `mm`, `km/h`, `ha`, `magnitude`, …; empty where it only counts.
    #[serde(default)]
    pub unit: String,
}

/// The parts of what a claim states, so that claims can be compared.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Slots {
    /// What it is about, in one word of a fixed list: `bridge`, `water`, `hospital` …; empty where the topic says it all.
    pub subject: String,
    /// Whether it says that something is not so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub negated: bool,
    /// How many or how much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<ClaimPlace>,
    /// When it is said to have happened, where the text says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// Where a claim says that something is so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClaimPlace {
    /// Its name.
    pub name: String,
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// Which side a piece of evidence is on.
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
pub enum Stance {
    /// It says the same.
    Supports,
    /// It says otherwise.
    Refutes,
    /// It is about it and takes no side.
    #[default]
    Neutral,
}

/// What sort of voice a piece of evidence is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// An item of an authority.
    Official,
    /// A published check of the same claim (ClaimReview).
    FactCheck,
    /// Another item.
    Report,
    /// Added by a person.
    Manual,
}

/// One piece of evidence. The stance is a suggestion until a person sets it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Evidence {
    /// Derived from the claim and the item or address.
    pub id: Uuid,
    /// What sort of voice.
    pub kind: EvidenceKind,
    /// The item it is taken from, where it is one of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<ItemId>,
    /// Where a person can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The sentence that decides.
    pub text_snippet: String,
    /// Who says it.
    pub source: String,
    /// 0 to 1: how often the source was right.
    pub source_reliability: f64,
    /// Which side it is on.
    pub stance: Stance,
    /// −1 (against) to 1 (for).
    pub support_score: f64,
    /// Voices of one group count as one: copies, and sources of one owner.
    pub group: String,
    /// When it was said.
    pub said_at: Timestamp,
    /// Why this stance.
    pub why: String,
    /// Whether a person has set the stance.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_person: bool,
}

/// How a claim stands before anybody has decided.
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
pub enum Standing {
    /// Fewer than two independent groups speak for it, and no authority does.
    #[default]
    Unconfirmed,
    /// Two or more independent groups or an authority speak for it, hardly anybody against it.
    Supported,
    /// Both sides have weight.
    Disputed,
    /// What is known speaks against it.
    Refuted,
}

/// One addend of the log-odds of a claim's likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LikelihoodPart {
    /// What was looked at.
    pub name: String,
    /// What was found.
    pub value: f64,
    /// What it adds to the log-odds.
    pub contribution: f64,
    /// Why it was found so.
    pub why: String,
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
    /// What was found.
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
    /// Part of an exercise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exercise: bool,
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

impl EvidenceKind {
    /// What sort of voice an item of `source_kind` is as evidence.
    #[must_use]
    pub const fn of(source_kind: SourceKind) -> Self {
        match source_kind {
            SourceKind::Official => Self::Official,
            SourceKind::Media | SourceKind::Social => Self::Report,
        }
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

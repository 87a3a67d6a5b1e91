//! What speaks for and against a claim, and what follows from it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ItemId, SourceKind, Timestamp};

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

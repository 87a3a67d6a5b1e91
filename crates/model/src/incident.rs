//! An incident: items about one happening.

use serde::{Deserialize, Serialize};

use crate::{HazardType, IncidentId, ItemId, RiskLevel, RiskPart, Severity, SourceKind, Timestamp};

/// Whether an incident is still followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum IncidentStatus {
    /// Growing.
    #[default]
    Open,
    /// Quiet, still watched.
    Monitoring,
    /// Over.
    Closed,
}

impl IncidentStatus {
    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Monitoring => "monitoring",
            Self::Closed => "closed",
        }
    }
}

/// A cluster of items about one happening.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Incident {
    /// Derived from the item that opened it.
    pub id: IncidentId,
    /// What sort of happening.
    pub hazard: HazardType,
    /// What people call it.
    pub title: String,
    /// Name of the area.
    pub area: String,
    /// ISO 3166-1 alpha-2 of the area, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Middle of the places named; absent where no item has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centre: Option<Centre>,
    /// When its first item was said.
    pub first_seen: Timestamp,
    /// When its last item was said.
    pub last_seen: Timestamp,
    /// Items in it.
    pub item_count: u64,
    /// Different sources among them.
    pub source_count: u64,
    /// Those sources with their items.
    pub sources: std::collections::BTreeMap<String, u64>,
    /// The worst severity of an item in it.
    pub severity: Severity,
    /// The highest risk of an item in it.
    pub risk_score: f64,
    /// The producers' ids of the happening that its items carry.
    #[serde(default)]
    pub event_ids: Vec<String>,
    /// Items by the kind of voice.
    #[serde(default)]
    pub voices: Voices,
    /// How risky it is as a whole, from what is known of it and around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessment: Option<RiskAssessment>,
    /// Whether it is still followed.
    pub status: IncidentStatus,
    /// The incident that people have found to be the same happening: what would join this one joins that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<IncidentId>,
    /// Whether a person has given it its title, which then stays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub named: bool,
    /// Part of an exercise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exercise: bool,
    /// Rises with every change; the ETag.
    pub version: u64,
}

/// Items of an incident by the kind of voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Voices {
    /// Of authorities.
    pub official: u64,
    /// Of newsrooms.
    pub media: u64,
    /// Of everybody else.
    pub social: u64,
}

impl Voices {
    /// One more of `kind`.
    pub fn add(&mut self, kind: SourceKind) {
        match kind {
            SourceKind::Official => self.official += 1,
            SourceKind::Media => self.media += 1,
            SourceKind::Social => self.social += 1,
        }
    }
}

/// A risk with its addends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RiskAssessment {
    /// 0 to 1: the sum of the parts' contributions.
    pub score: f64,
    /// The score's step.
    pub level: RiskLevel,
    /// The addends.
    pub parts: Vec<RiskPart>,
}

/// A point with how many places it is the mean of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Centre {
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
    /// Weight of the places it was drawn from.
    pub weight: f64,
}

/// The record on `normalized-items` when an incident changes: its new state, and the items that joined with this change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IncidentUpdate {
    /// The incident as it now stands.
    pub incident: Incident,
    /// Items that joined it, with their new versions.
    pub joined: Vec<JoinedItem>,
}

/// An item that joined an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JoinedItem {
    /// The item.
    pub id: ItemId,
    /// Its version after joining.
    pub version: u64,
}

//! Risk: a score from 0 to 1 that is the sum of named parts.

use serde::{Deserialize, Serialize};

/// Above this a risk is high.
pub const HIGH_ABOVE: f64 = 0.7;
/// From this on a risk is medium.
pub const MEDIUM_FROM: f64 = 0.4;

/// How risky, in three steps.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RiskLevel {
    /// Below 0.4.
    #[default]
    Low,
    /// 0.4 to 0.7.
    Medium,
    /// Above 0.7.
    High,
}

impl RiskLevel {
    /// The step of `score`.
    #[must_use]
    pub fn of(score: f64) -> Self {
        if score > HIGH_ABOVE {
            Self::High
        } else if score >= MEDIUM_FROM {
            Self::Medium
        } else {
            Self::Low
        }
    }
}

/// One addend of a risk score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RiskPart {
    /// What was looked at.
    pub name: String,
    /// Its share of the score, 0 to 1; all shares sum to 1.
    pub weight: f64,
    /// What was found, 0 to 1.
    pub value: f64,
    /// `weight × value`; contributions sum to the score.
    pub contribution: f64,
    /// Why it was found so.
    pub why: String,
}

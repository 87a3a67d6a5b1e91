//! Risk: a score from 0 to 1 that is the sum of named parts, and the steps in which it is told.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// Above this a risk is high, where an installation says nothing else.
pub const HIGH_ABOVE: f64 = 0.7;
/// From this on a risk is medium, where an installation says nothing else.
pub const MEDIUM_FROM: f64 = 0.4;

static STEPS: OnceLock<RiskSteps> = OnceLock::new();

/// Where the steps of a risk begin. They are the installation's: all of a process tell risks by the same, which are set once, before
/// anything is assessed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RiskSteps {
    /// Above this a risk is high.
    pub high_above: f64,
    /// From this on it is medium.
    pub medium_from: f64,
}

impl Default for RiskSteps {
    fn default() -> Self {
        Self { high_above: HIGH_ABOVE, medium_from: MEDIUM_FROM }
    }
}

impl RiskSteps {
    /// Those of this process.
    #[must_use]
    pub fn here() -> Self {
        STEPS.get().copied().unwrap_or_default()
    }

    /// Makes these the process' own; whether they are, which they are not where it has others already.
    #[must_use]
    pub fn set(self) -> bool {
        *STEPS.get_or_init(|| self) == self
    }

    /// What is wrong with them.
    #[must_use]
    pub fn problem(self) -> Option<&'static str> {
        let is_share = |value: f64| (0.0..=1.0).contains(&value);
        if !is_share(self.high_above) || !is_share(self.medium_from) {
            return Some("a step is not between 0 and 1");
        }
        (self.medium_from > self.high_above).then_some("medium_from is above high_above")
    }
}

/// How risky, in three steps.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RiskLevel {
    /// Below [`RiskSteps::medium_from`].
    #[default]
    Low,
    /// Between the two.
    Medium,
    /// Above [`RiskSteps::high_above`].
    High,
}

impl RiskLevel {
    /// The step of `score`.
    #[must_use]
    pub fn of(score: f64) -> Self {
        let steps = RiskSteps::here();
        if score > steps.high_above {
            Self::High
        } else if score >= steps.medium_from {
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

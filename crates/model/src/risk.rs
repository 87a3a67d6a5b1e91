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

/// The shares of the eight parts of an incident's risk; they sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RiskWeights {
    /// How lately it was first told.
    pub novelty: f64,
    /// Who tells of it.
    pub source_reliability: f64,
    /// How well it is stated and placed.
    pub evidence_quality: f64,
    /// How many sources tell of it in their own words.
    pub corroboration: f64,
    /// How alarming it is.
    pub sentiment: f64,
    /// How much is told of it, copies included.
    pub virality: f64,
    /// Whether its items agree on a place.
    pub geographic_clustering: f64,
    /// Whether they agree on a time.
    pub temporal_consistency: f64,
}

impl Default for RiskWeights {
    fn default() -> Self {
        Self {
            novelty: 0.20,
            source_reliability: 0.15,
            evidence_quality: 0.20,
            corroboration: 0.15,
            sentiment: 0.10,
            virality: 0.10,
            geographic_clustering: 0.05,
            temporal_consistency: 0.05,
        }
    }
}

impl RiskWeights {
    /// How far their sum may be from 1.
    const SUM_WITHIN: f64 = 1e-9;

    /// Each with the name of its part, in the order in which parts are told.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, f64); 8] {
        [
            ("novelty", self.novelty),
            ("source_reliability", self.source_reliability),
            ("evidence_quality", self.evidence_quality),
            ("corroboration", self.corroboration),
            ("sentiment", self.sentiment),
            ("virality", self.virality),
            ("geographic_clustering", self.geographic_clustering),
            ("temporal_consistency", self.temporal_consistency),
        ]
    }

    /// What is wrong with them, each with what would be right.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let wrong: Vec<String> = self
            .named()
            .into_iter()
            .filter(|(_, weight)| !(0.0..=1.0).contains(weight))
            .map(|(name, weight)| format!("{name} = {weight}: is not between 0 and 1"))
            .collect();
        let sum: f64 = self.named().iter().map(|(_, weight)| weight).sum();
        if wrong.is_empty() && (sum - 1.0).abs() > Self::SUM_WITHIN {
            return vec![format!(
                "the eight sum to {sum}, not to 1: those that are not set keep their defaults, so set all that shall change"
            )];
        }
        wrong
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_none_is_negative() {
        let usual = RiskWeights::default();
        assert_eq!(usual.problems(), Vec::<String>::new());
        let one = RiskWeights {
            corroboration: 1.0,
            novelty: 0.0,
            source_reliability: 0.0,
            evidence_quality: 0.0,
            sentiment: 0.0,
            virality: 0.0,
            geographic_clustering: 0.0,
            temporal_consistency: 0.0,
        };
        assert_eq!(one.problems(), Vec::<String>::new());
        let none = RiskWeights { corroboration: 0.0, ..one };
        assert!(none.problems()[0].contains("sum to 0, not to 1"), "{:?}", none.problems());
        for novelty in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.2, 1.2] {
            let problems = RiskWeights { novelty, ..usual }.problems();
            assert!(problems.len() == 1 && problems[0].starts_with("novelty = "), "{problems:?}");
        }
        // The sum alone does not do: what one takes away another must not add.
        let uneven = RiskWeights { novelty: -0.1, virality: 0.4, ..usual };
        assert!(uneven.problems()[0].starts_with("novelty = -0.1"), "{:?}", uneven.problems());
        for (off, is_taken) in [(1e-12, true), (1e-6, false), (-1e-6, false)] {
            let near = RiskWeights { novelty: 0.2 + off, ..usual };
            assert_eq!(near.problems().is_empty(), is_taken, "{off}");
        }
    }
}

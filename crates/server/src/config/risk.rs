//! How risky is risky: where the steps of risks begin, and what the parts of an incident's risk weigh.

use crisislens_model::{RiskSteps, RiskWeights};
use serde::{Deserialize, Serialize};

/// Risks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Risk {
    /// Above this a risk is high: of items, claims and incidents alike, 0 to 1.
    pub high_above: f64,
    /// From this on it is medium, 0 to `high_above`.
    pub medium_from: f64,
    /// The shares of the eight parts of an incident's risk; they sum to 1.
    pub weights: RiskWeights,
}

impl Default for Risk {
    fn default() -> Self {
        let RiskSteps { high_above, medium_from } = RiskSteps::default();
        Self { high_above, medium_from, weights: RiskWeights::default() }
    }
}

impl Risk {
    /// Where the steps begin.
    #[must_use]
    pub const fn steps(&self) -> RiskSteps {
        RiskSteps { high_above: self.high_above, medium_from: self.medium_from }
    }

    /// What is wrong with them.
    pub(super) fn problems(&self) -> Vec<String> {
        let Self { high_above, medium_from, weights } = self;
        let steps = self.steps().problem().map(|problem| {
            format!("risk.high_above = {high_above}, risk.medium_from = {medium_from}: {problem}")
        });
        let weights = weights.problems().into_iter().map(|problem| format!("risk.weights: {problem}"));
        steps.into_iter().chain(weights).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn problems(set: &[(&str, &str)]) -> String {
        let set: Vec<(String, String)> =
            set.iter().map(|(name, value)| (format!("risk.{name}"), (*value).to_owned())).collect();
        Config::read(None, &set).unwrap().risk.problems().join("\n")
    }

    #[test]
    fn steps_and_weights_that_cannot_be_are_named_with_what_would_be_right() {
        assert_eq!(problems(&[]), "");
        assert_eq!(problems(&[("high_above", "0.5"), ("medium_from", "0.5")]), "");
        assert_eq!(problems(&[("weights.novelty", "0"), ("weights.corroboration", "0.35")]), "");
        for (name, value) in
            [("high_above", "nan"), ("high_above", "0.3"), ("medium_from", "-0.1"), ("medium_from", "inf")]
        {
            assert!(problems(&[(name, value)]).contains(&format!("risk.{name} = ")), "{name} = {value}");
        }
        for value in ["nan", "-0.2", "inf", "2"] {
            let said = problems(&[("weights.novelty", value)]);
            assert!(said.contains("risk.weights: novelty = ") && said.contains("between 0 and 1"), "{said}");
        }
        let said = problems(&[("weights.novelty", "0.1")]);
        assert!(said.contains("not to 1") && said.contains("set all that shall change"), "{said}");
    }

    #[test]
    fn a_weight_that_there_is_not_is_an_error_that_names_it() {
        let set = ("risk.weights.novelti".to_owned(), "0.2".to_owned());
        let error = Config::read(None, &[set]).unwrap_err();
        assert!(format!("{error:#}").contains("novelti"), "{error:#}");
    }
}

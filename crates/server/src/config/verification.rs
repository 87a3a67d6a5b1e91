//! How claims are found and verified.

use std::sync::Arc;
use std::time::Duration;

use crisislens_analysis::evidence::groups::Owners;
use crisislens_pipeline::VerifierOptions;
use serde::{Deserialize, Serialize};

use super::Config;

/// Claims and their verification.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Verification {
    /// Whether items are searched for claims, and claims verified, on this node.
    pub enabled: bool,
    /// From this check-worthiness on a sentence is a claim that states no number, closure, shortage …, 0 to 1.
    pub min_checkworthiness: f64,
    /// From this check-worthiness or harm on others who speak of the same thing are looked for; below, a claim is judged by who makes it.
    pub search_from: f64,
    /// Above this risk a person must look at a claim, and a second one agree to a verdict, 0 to 1; where it is not set, above that from
    /// which a risk is high.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_above: Option<f64>,
    /// A claim that was verified is looked at again so long after it was said anew, seconds.
    pub settle_s: u64,
    /// Share of the time in which a node verifies, above 0 to 1: what comes in goes first.
    pub duty: f64,
    /// With more records than that before a consumer of items, verification waits, and does a batch a minute only.
    pub wait_above_lag: u64,
    /// What a node has taken to verify another takes after so many seconds, if it died.
    pub lease_s: u64,
    /// What so many items state is kept in memory, about a kilobyte each.
    pub memory_items: usize,
    /// Sources that belong together, each list one owner's: their voices count as one.
    pub owners: Vec<Vec<String>>,
}

impl Default for Verification {
    fn default() -> Self {
        Self {
            enabled: true,
            min_checkworthiness: 0.5,
            search_from: 0.5,
            review_above: None,
            settle_s: 5,
            duty: 0.5,
            wait_above_lag: 5_000,
            lease_s: 60,
            memory_items: 20_000,
            owners: Vec::new(),
        }
    }
}

impl Verification {
    /// How long a claim rests.
    #[must_use]
    pub const fn settle(&self) -> Duration {
        Duration::from_secs(self.settle_s)
    }

    /// How the verifier works.
    #[must_use]
    pub fn options(&self, review_above: f64) -> VerifierOptions {
        VerifierOptions {
            duty: self.duty,
            lease: Duration::from_secs(self.lease_s),
            search_from: self.search_from,
            review_above,
            owners: Arc::new(Owners::new(&self.owners)),
            ..VerifierOptions::default()
        }
    }
}

impl Config {
    /// Above this risk of a claim a person must look, and a second one agree to a verdict.
    #[must_use]
    pub fn review_above(&self) -> f64 {
        self.verification.review_above.unwrap_or(self.risk.high_above)
    }

    /// What is wrong with how claims are verified.
    pub(super) fn verification_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let set = &self.verification;
        for (name, value) in [
            ("min_checkworthiness", set.min_checkworthiness),
            ("search_from", set.search_from),
            ("review_above", set.review_above.unwrap_or_default()),
        ] {
            if !(0.0..=1.0).contains(&value) {
                problems.push(format!("verification.{name} = {value}: is not between 0 and 1"));
            }
        }
        if !(0.05..=1.0).contains(&set.duty) {
            problems.push(format!("verification.duty = {}: is not between 0.05 and 1", set.duty));
        }
        if set.wait_above_lag == 0 {
            problems.push("verification.wait_above_lag = 0: is not above 0".to_owned());
        }
        if !(2..=3_600).contains(&set.lease_s) {
            problems.push(format!("verification.lease_s = {}: is not between 2 and 3600", set.lease_s));
        }
        if set.settle_s > 3_600 {
            problems.push(format!("verification.settle_s = {}: is more than 3600", set.settle_s));
        }
        if !(100..=1_000_000).contains(&set.memory_items) {
            let items = set.memory_items;
            problems.push(format!("verification.memory_items = {items}: is not between 100 and 1000000"));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_values_are_named() {
        let problems = |name: &str, value: &str| {
            let set = [(format!("verification.{name}"), value.to_owned())];
            Config::read(None, &set).unwrap().verification_problems().join("\n")
        };
        assert_eq!(problems("review_above", "0.8"), "");
        for (name, value) in [
            ("min_checkworthiness", "1.5"),
            ("search_from", "-0.1"),
            ("review_above", "nan"),
            ("duty", "0.0"),
            ("wait_above_lag", "0"),
            ("settle_s", "3601"),
            ("lease_s", "1"),
            ("memory_items", "5"),
        ] {
            assert!(problems(name, value).contains(name), "{name} = {value}");
        }
    }
}

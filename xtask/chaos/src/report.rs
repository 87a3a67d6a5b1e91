//! What came of the trials: a JSON line for each, and a table for people.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::oracle::{Anomaly, Kind, Verdict};

/// Anomalies that are printed of one trial; all of them are kept.
const SHOWN: usize = 8;

/// What came of one trial.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The case, its promise first.
    pub case: &'static str,
    /// Engines it ran on.
    pub engine: &'static str,
    /// Its seed.
    pub seed: u64,
    /// Acknowledged writes, or what follows from them, that are not there.
    pub lost: usize,
    /// Things that took effect twice.
    pub duplicate_effects: usize,
    /// Things that nobody sent.
    pub phantom: usize,
    /// Things that are not what was sent.
    pub corrupted: usize,
    /// Things of one key that changed places.
    pub reordered: usize,
    /// Things that did not come through after the faults.
    pub stuck: usize,
    /// Memory or files that were not given back.
    pub leaked: usize,
    /// Other promises of the case that do not hold.
    pub broken: usize,
    /// Whether the promise holds; absent where it could not be tried.
    pub holds: Option<bool>,
    /// How long the trial took.
    pub seconds: f64,
    /// What was observed, for people.
    pub observed: String,
    #[serde(skip)]
    anomalies: Vec<Anomaly>,
}

impl Outcome {
    /// The outcome of a trial that ran.
    pub fn new(
        case: &'static str,
        engine: &'static str,
        seed: u64,
        verdict: Verdict,
        took: Duration,
        observed: String,
    ) -> Self {
        Self {
            case,
            engine,
            seed,
            lost: verdict.count(Kind::Lost),
            duplicate_effects: verdict.count(Kind::DuplicateEffect),
            phantom: verdict.count(Kind::Phantom),
            corrupted: verdict.count(Kind::Corrupted),
            reordered: verdict.count(Kind::Reordered),
            stuck: verdict.count(Kind::Stuck),
            leaked: verdict.count(Kind::Leaked),
            broken: verdict.count(Kind::Broken),
            holds: Some(verdict.holds()),
            seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
            observed,
            anomalies: verdict.anomalies,
        }
    }

    /// A trial that cannot be made here, and why.
    pub fn skipped(case: &'static str, engine: &'static str, seed: u64, why: &str) -> Self {
        let skipped =
            Self::new(case, engine, seed, Verdict::default(), Duration::ZERO, format!("skipped: {why}"));
        Self { holds: None, ..skipped }
    }

    /// A trial that came to no verdict, which is a failure too.
    pub fn failed(case: &'static str, engine: &'static str, seed: u64, took: Duration, why: &str) -> Self {
        let mut verdict = Verdict::default();
        verdict.add(Kind::Broken, why);
        Self::new(case, engine, seed, verdict, took, why.to_owned())
    }

    /// Says it, as JSON on standard output where asked for, and what is wrong always.
    pub fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
        }
        let mark = match self.holds {
            Some(true) => "✓",
            Some(false) => "✗",
            None => "–",
        };
        eprintln!(
            "{mark} {} ({}, seed {}, {} s): {}",
            self.case, self.engine, self.seed, self.seconds, self.observed
        );
        for anomaly in self.anomalies.iter().take(SHOWN) {
            eprintln!("    {:?}: {}", anomaly.kind, anomaly.what);
        }
        if self.anomalies.len() > SHOWN {
            eprintln!("    … and {} more", self.anomalies.len() - SHOWN);
        }
        Ok(())
    }
}

/// The table for people, a line for each case and engine.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut cases: BTreeMap<(u32, &str, &str), Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        // D2 before D10.
        let number =
            outcome.case.trim_start_matches('D').split('-').next().and_then(|digits| digits.parse().ok());
        cases.entry((number.unwrap_or(0), outcome.case, outcome.engine)).or_default().push(outcome);
    }
    let mut table =
        format!("{:<22} {:<14} {:>5}  {:<6} what was observed\n", "case", "engine", "seeds", "holds");
    for ((_, case, engine), outcomes) in cases {
        let holds = if outcomes.iter().any(|outcome| outcome.holds == Some(false)) {
            "NO"
        } else if outcomes.iter().all(|outcome| outcome.holds.is_none()) {
            "–"
        } else {
            "yes"
        };
        // With several seeds, the one that fails says more than the others.
        let told = outcomes.iter().find(|outcome| outcome.holds == Some(false)).or(outcomes.last());
        let observed = told.map_or("", |outcome| outcome.observed.as_str());
        let seeds = outcomes.len();
        table += &format!("{case:<22} {engine:<14} {seeds:>5}  {holds:<6} {observed}\n");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(case: &'static str, broken: bool) -> Outcome {
        let mut verdict = Verdict::default();
        if broken {
            verdict.add(Kind::Lost, "one");
        }
        Outcome::new(case, "embedded", 1, verdict, Duration::from_secs(1), format!("{case} seen"))
    }

    #[test]
    fn one_seed_that_fails_makes_the_case_fail_and_cases_stand_in_the_order_of_their_numbers() {
        let outcomes = [outcome("D10-poison", false), outcome("D2-x", true), outcome("D2-x", false)];
        let table = table(&outcomes);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[1].starts_with("D2-x") && lines[1].contains(" NO "), "{table}");
        assert!(lines[2].starts_with("D10-poison") && lines[2].contains(" yes "), "{table}");
    }

    #[test]
    fn a_line_has_every_field_that_scripts_read() {
        let line = serde_json::to_value(outcome("D1-kill-server", true)).unwrap();
        for field in
            ["case", "seed", "lost", "duplicate_effects", "reordered", "stuck", "leaked", "holds", "seconds"]
        {
            assert!(!line[field].is_null(), "{field}");
        }
        assert_eq!((&line["lost"], &line["holds"]), (&1.into(), &false.into()));
    }
}

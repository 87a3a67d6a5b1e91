//! Measures of the likelihood on scripted crises with known truth, of seeds and kinds that its weights were not fitted on.
//! The script says who knows how much, who copies, who deceives and when the desk decides; nothing is read from disk.

mod dice;
mod family;
pub mod fit;
mod judge;
mod peers;
mod world;

use std::path::Path;

use crisislens_analysis::reliability::UNKNOWN;

use crate::Row;
use dice::Dice;
use judge::{Answers, Seen};
use world::World;

/// The first seed to judge by; fitting uses those from 0 on.
const FIRST_SEED: u64 = 1_000;
/// Crises of each kind.
const SEEDS: u64 = 6;
/// Of so many claims one is put to TruthFinder, which is slow.
const EVERY: usize = 10;
/// Recall of near-duplicates that the ring is also tried with.
const RECALL: f64 = 0.99;

/// What was found over the crises of one kind.
#[derive(Default)]
struct Found {
    ours: Answers,
    unconfirmed: Answers,
    majority: Answers,
    truth_finder: Answers,
    rings: Vec<f64>,
    leaky_rings: Vec<f64>,
    voices: Vec<f64>,
}

/// All measures of this module. The folder of labelled sets is not needed.
pub fn run(_: &Path) -> anyhow::Result<Vec<Row>> {
    Ok(measured(SEEDS))
}

/// The measures over `seeds` crises of each kind.
fn measured(seeds: u64) -> Vec<Row> {
    let mut all = Found::default();
    let mut notes = Vec::new();
    let mut worst = 0.0_f64;
    let names = family::held_out(&mut Dice::new(0)).map(|(name, _)| name);
    for (at, name) in names.into_iter().enumerate() {
        let mut found = Found::default();
        for seed in FIRST_SEED..FIRST_SEED + seeds {
            let seed = seed + 100 * at as u64;
            let (_, family) = family::held_out(&mut Dice::new(seed))[at];
            found.play(&World::new(family, seed), &mut Dice::new(seed ^ 0x51_9e));
        }
        let (error, brier) = (found.ours.calibration_error(), found.ours.brier());
        worst = worst.max(error);
        notes.push(format!("{name} {error:.3} / {brier:.3}"));
        all.extend(&found);
    }
    all.rows(&notes, worst)
}

impl Found {
    fn play(&mut self, world: &World, dice: &mut Dice) {
        for (at, claim) in world.claims.iter().enumerate() {
            let Some(seen) = Seen::of(world, claim) else { continue };
            let said = seen.assessed().likelihood;
            self.ours.add(said, seen.truth);
            if seen.factors().is_none() {
                self.unconfirmed.add(said, seen.truth);
            }
            self.majority.add(peers::majority(&seen.evidence), seen.truth);
            if at.is_multiple_of(EVERY) {
                self.truth_finder.add(peers::truth_finder(world, claim), seen.truth);
            }
            for reliability in [UNKNOWN, 0.95] {
                self.rings.extend(seen.ring_effect(dice, reliability, 1.0));
            }
            self.leaky_rings.extend(seen.ring_effect(dice, UNKNOWN, RECALL));
            self.voices.push(seen.voice_effect());
        }
    }

    fn extend(&mut self, other: &Self) {
        self.ours.extend(&other.ours);
        self.unconfirmed.extend(&other.unconfirmed);
        self.majority.extend(&other.majority);
        self.truth_finder.extend(&other.truth_finder);
        self.rings.extend(&other.rings);
        self.leaky_rings.extend(&other.leaky_rings);
        self.voices.extend(&other.voices);
    }

    fn rows(&self, kinds: &[String], worst: f64) -> Vec<Row> {
        let n = self.ours.said.len();
        let half = Answers { said: vec![0.5; n], truth: self.ours.truth.clone() };
        let base = |measure, value, must, floors, note| Row {
            measure,
            value,
            must: Some(must),
            aim: None,
            floors,
            n,
            higher_is_better: false,
            note,
        };
        vec![
            base(
                "crisis_calibration_error",
                self.ours.calibration_error(),
                0.05,
                vec![
                    ("share of voices", self.majority.calibration_error()),
                    ("TruthFinder", self.truth_finder.calibration_error()),
                ],
                format!(
                    "worst kind {worst:.3}; {} unconfirmed {:.3}; error / Brier by kind: {}",
                    self.unconfirmed.said.len(),
                    self.unconfirmed.calibration_error(),
                    kinds.join(", ")
                ),
            ),
            base(
                "crisis_brier",
                self.ours.brier(),
                half.brier(),
                vec![
                    ("always one half", half.brier()),
                    ("share of voices", self.majority.brier()),
                    ("TruthFinder", self.truth_finder.brier()),
                ],
                "TruthFinder on every tenth claim".to_owned(),
            ),
            base(
                "copies_ring_effect",
                most(&self.rings),
                0.02,
                Vec::new(),
                format!(
                    "the most of any claim; with one copy in a hundred not known as one: mean {:.4}, most {:.3}; one new \
                     voice with its own words: mean {:.3}, most {:.3}",
                    mean(&self.leaky_rings),
                    most(&self.leaky_rings),
                    mean(&self.voices),
                    most(&self.voices)
                ),
            ),
        ]
    }
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_crisis_of_each_kind_is_judged_as_it_must_and_better_than_by_the_floors() {
        let rows = measured(1);
        for row in &rows {
            assert!(!row.misses(), "{} {}", row.measure, row.value);
            assert!(row.floors.iter().all(|(_, floor)| row.value < *floor), "{}", row.measure);
        }
        let measures: Vec<&str> = rows.iter().map(|row| row.measure).collect();
        assert_eq!(measures, ["crisis_calibration_error", "crisis_brier", "copies_ring_effect"]);
    }
}

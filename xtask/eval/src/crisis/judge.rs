//! What the product says of scripted claims, asked at a random time with what was known then, and how right it is.

use crisislens_analysis::likelihood::sides::{FACTORS, Sides};
use crisislens_analysis::likelihood::{Assessment, Circumstances, assess};
use crisislens_analysis::linear::calibrate::calibration_error;
use crisislens_analysis::reliability::{Adjudication, Prior, UNKNOWN, fold};
use crisislens_model::Evidence;
use crisislens_model::claim::{EvidenceKind, Stance};
use uuid::Uuid;

use super::dice::Dice;
use super::world::{RING, Scripted, Voice, World, instant};

/// Bins of the calibration error.
const BINS: usize = 10;

/// A claim as the desk sees it at the time when it is asked about.
#[derive(Debug)]
pub struct Seen {
    /// Every voice heard by then.
    pub evidence: Vec<Evidence>,
    /// The rest.
    pub circumstances: Circumstances,
    /// Whether it is true.
    pub truth: bool,
}

/// Likelihoods beside what is true.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// 0 to 1.
    pub said: Vec<f64>,
    /// What is so.
    pub truth: Vec<bool>,
}

impl Seen {
    /// `claim` at the time when it is asked about; `None` where nobody has spoken yet.
    #[must_use]
    pub fn of(world: &World, claim: &Scripted) -> Option<Self> {
        let heard: Vec<&Voice> = claim.voices.iter().filter(|voice| voice.day <= claim.asked).collect();
        if heard.is_empty() {
            return None;
        }
        let evidence =
            heard.iter().enumerate().map(|(at, voice)| evidence(world, claim, voice, at)).collect();
        let rivals = claim.rivals.iter().filter(|day| **day <= claim.asked).count();
        let contradicting_groups = u32::try_from(rivals).unwrap_or(u32::MAX);
        let circumstances = Circumstances { contradicting_groups, hedged: claim.hedged };
        Some(Self { evidence, circumstances, truth: claim.truth })
    }

    /// What the product says.
    #[must_use]
    pub fn assessed(&self) -> Assessment {
        assess(&self.evidence, self.circumstances)
    }

    /// The factors, where enough voices speak that the weights decide.
    #[must_use]
    pub fn factors(&self) -> Option<[f64; FACTORS.len()]> {
        let sides = Sides::of(&self.evidence, self.circumstances);
        sides.is_confirmed().then(|| sides.factors())
    }

    /// How far 50 copies of one of its reports move the likelihood. `reliability` is that of the copying accounts; `known`
    /// is the chance that a copy is known as one, otherwise it counts as a voice of its own.
    #[must_use]
    pub fn ring_effect(&self, dice: &mut Dice, reliability: f64, known: f64) -> Option<f64> {
        let reports: Vec<&Evidence> =
            self.evidence.iter().filter(|voice| voice.kind == EvidenceKind::Report).collect();
        if reports.is_empty() {
            return None;
        }
        let copied = reports[dice.below(reports.len())];
        let mut evidence = self.evidence.clone();
        for number in 0..RING {
            let mut copy = copied.clone();
            copy.id = Uuid::from_u128(1_000_000 + number as u128);
            copy.source = format!("ring {number}");
            copy.source_reliability = reliability;
            copy.said_at = copied.said_at + std::time::Duration::from_secs(60 + number as u64);
            if !dice.chance(known) {
                copy.group.clone_from(&copy.source);
            }
            evidence.push(copy);
        }
        let with = assess(&evidence, self.circumstances).likelihood;
        Some((with - self.assessed().likelihood).abs())
    }

    /// How far one account that nobody knows moves the likelihood by saying the same in its own words: what a ring with a
    /// text of its own amounts to, as one group.
    #[must_use]
    pub fn voice_effect(&self) -> f64 {
        let mut evidence = self.evidence.clone();
        let mut voice = evidence[0].clone();
        voice.id = Uuid::from_u128(1_000_000);
        voice.kind = EvidenceKind::Report;
        voice.source = "ring".to_owned();
        voice.group = "ring".to_owned();
        voice.source_reliability = UNKNOWN;
        voice.stance = Stance::Supports;
        voice.support_score = 1.0;
        evidence.push(voice);
        (assess(&evidence, self.circumstances).likelihood - self.assessed().likelihood).abs()
    }
}

impl Answers {
    /// One more.
    pub fn add(&mut self, said: f64, truth: bool) {
        self.said.push(said);
        self.truth.push(truth);
    }

    /// Those of `other` as well.
    pub fn extend(&mut self, other: &Self) {
        self.said.extend(&other.said);
        self.truth.extend(&other.truth);
    }

    /// Expected calibration error: bins of equal width.
    #[must_use]
    pub fn calibration_error(&self) -> f64 {
        calibration_error(&self.said, &self.truth, BINS)
    }

    /// Mean squared distance from the truth (Brier 1950).
    #[must_use]
    pub fn brier(&self) -> f64 {
        let square = |(said, truth): (&f64, &bool)| (said - f64::from(u8::from(*truth))).powi(2);
        self.said.iter().zip(&self.truth).map(square).sum::<f64>() / self.said.len().max(1) as f64
    }
}

fn evidence(world: &World, claim: &Scripted, voice: &Voice, at: usize) -> Evidence {
    let source = &world.sources[voice.source];
    let now = instant(claim.asked);
    // What is decided of this claim itself is no sign of it.
    let known: Vec<Adjudication> =
        source.record.iter().filter(|one| one.at <= now && one.claim_id != claim.id).cloned().collect();
    let stance = if voice.supports { Stance::Supports } else { Stance::Refutes };
    let sign = if voice.supports { 1.0 } else { -1.0 };
    Evidence {
        id: Uuid::from_u128(at as u128),
        kind: voice.kind,
        item_id: None,
        url: None,
        text_snippet: String::new(),
        source: voice.source.to_string(),
        source_reliability: fold(Prior::of(source.kind), &known, now).mean(),
        stance,
        support_score: sign * voice.certainty,
        group: voice.group.to_string(),
        said_at: instant(voice.day),
        why: String::new(),
        by_person: voice.kind == EvidenceKind::Manual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_judged_by_distance_and_by_bins() {
        let mut answers = Answers::default();
        for truth in [true, true, true, false] {
            answers.add(0.75, truth);
        }
        assert!(answers.calibration_error() < 1e-12);
        assert!((answers.brier() - (3.0 * 0.0625 + 0.5625) / 4.0).abs() < 1e-12);
    }
}

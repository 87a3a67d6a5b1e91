//! The two sides of a claim: who speaks for and against it, each independent group once.
//!
//! What a group says weighs as much as its first voice: who passes a thing on has seen nothing, and fifty fresh accounts
//! behind one doubtful post would otherwise lend it their clean record. An authority, a fact check and a voice that a
//! person has judged count for themselves, whatever their group. Of one source the latest word counts, so that a
//! correction replaces what it corrects.

use std::collections::BTreeMap;

use crisislens_model::Evidence;
use crisislens_model::claim::{EvidenceKind, Stance};

use super::{Circumstances, MIN_GROUPS};
use crate::linear::number::ln;

/// What the likelihood looks at, in the order of its weights.
pub const FACTORS: [&str; 11] = [
    "support",
    "refutation",
    "independent groups for",
    "independent groups against",
    "official confirmation",
    "official contradiction",
    "fact check for",
    "fact check against",
    "contradicting claims",
    "hedged",
    "checked by a person",
];

/// Reliabilities are taken as if they lay between this and its complement: nobody is always right.
const LEAST_RELIABILITY: f64 = 0.05;
/// Most and least that all groups of a side count together, in log-odds of their sources.
const MOST_SUPPORT: f64 = 6.0;
const LEAST_SUPPORT: f64 = -3.0;
/// A fact check lifts a claim out of the unconfirmed from this score on: the match is confirmed, not only suggested.
const CONFIRMED_MATCH: f64 = 0.6;

/// One side.
#[derive(Debug, Default)]
struct Side {
    groups: u32,
    support: f64,
    official: f64,
    fact_check: f64,
    person: f64,
    strongest: String,
}

/// Both sides of a claim.
#[derive(Debug)]
pub struct Sides {
    /// Independent groups that speak for it.
    pub supporting_groups: u32,
    /// Independent groups that speak against it.
    pub refuting_groups: u32,
    pro: Side,
    contra: Side,
    circumstances: Circumstances,
}

impl Sides {
    /// Reads `evidence`, in whatever order it comes.
    #[must_use]
    pub fn of(evidence: &[Evidence], circumstances: Circumstances) -> Self {
        let latest = latest(evidence);
        let side = |stance: Stance| Side::of(evidence, &latest, stance);
        let (pro, contra) = (side(Stance::Supports), side(Stance::Refutes));
        Self { supporting_groups: pro.groups, refuting_groups: contra.groups, pro, contra, circumstances }
    }

    /// The value of each of [`FACTORS`].
    #[must_use]
    pub fn factors(&self) -> [f64; FACTORS.len()] {
        let many = |count: u32| ln(1.0 + f64::from(count));
        [
            self.pro.support,
            self.contra.support,
            many(self.pro.groups),
            many(self.contra.groups),
            self.pro.official,
            self.contra.official,
            self.pro.fact_check,
            self.contra.fact_check,
            many(self.circumstances.contradicting_groups),
            f64::from(u8::from(self.circumstances.hedged)),
            self.pro.person - self.contra.person,
        ]
    }

    /// Whether enough voices speak on either side that the claim is more than unconfirmed.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.stands_for() || self.stands_against()
    }

    /// Whether two independent groups, an authority or a confirmed fact check speak for it.
    #[must_use]
    pub fn stands_for(&self) -> bool {
        self.pro.stands()
    }

    /// Whether two independent groups, an authority or a confirmed fact check speak against it.
    #[must_use]
    pub fn stands_against(&self) -> bool {
        self.contra.stands()
    }

    /// Why a factor has its value, as a person reads it.
    pub(super) fn why(&self, factor: &str) -> String {
        let (pro, contra) = (&self.pro, &self.contra);
        match factor {
            "support" => format!("the most reliable of those who speak for it: {}", pro.strongest),
            "refutation" => format!("the most reliable of those who speak against it: {}", contra.strongest),
            "independent groups for" => format!("{} independent groups speak for it", pro.groups),
            "independent groups against" => format!("{} independent groups speak against it", contra.groups),
            "official confirmation" => "an authority says the same".to_owned(),
            "official contradiction" => "an authority says otherwise".to_owned(),
            "fact check for" => "a published check found it true".to_owned(),
            "fact check against" => "a published check found it false".to_owned(),
            "contradicting claims" => {
                let groups = self.circumstances.contradicting_groups;
                format!("{groups} independent groups make claims that contradict it")
            }
            "hedged" => "those who make it hedge it or ascribe it to others".to_owned(),
            _ => "the desk has looked into it itself".to_owned(),
        }
    }
}

/// Of each source the latest voice that takes a side. What the desk adds under a source's name does not replace the
/// source's own word.
fn latest(evidence: &[Evidence]) -> BTreeMap<Speaker<'_>, &Evidence> {
    let mut out = BTreeMap::new();
    for voice in evidence.iter().filter(|voice| voice.stance != Stance::Neutral) {
        let kept = out.entry(speaker(voice)).or_insert(voice);
        if (voice.said_at, voice.id) > (kept.said_at, kept.id) {
            *kept = voice;
        }
    }
    out
}

/// A source, or the desk in its name.
type Speaker<'a> = (&'a str, bool);

fn speaker(voice: &Evidence) -> Speaker<'_> {
    (voice.source.as_str(), voice.kind == EvidenceKind::Manual)
}

impl Side {
    fn of(evidence: &[Evidence], latest: &BTreeMap<Speaker<'_>, &Evidence>, stance: Stance) -> Self {
        let mut out = Self::default();
        latest.values().filter(|voice| voice.stance == stance).for_each(|voice| out.count_alone(voice));
        let mut first: BTreeMap<&str, &Evidence> = BTreeMap::new();
        for voice in evidence.iter().filter(|voice| voice.stance == stance) {
            let kept = first.entry(voice.group.as_str()).or_insert(voice);
            // Of two that speak at once the less reliable is taken for the first.
            let order = |one: &Evidence| (one.said_at, reliability(one).to_bits(), one.id);
            if order(voice) < order(kept) {
                *kept = voice;
            }
        }
        // Who has changed sides takes along those who only repeated it.
        first.retain(|_, voice| latest.get(&speaker(voice)).is_some_and(|now| now.stance == stance));
        out.groups = u32::try_from(first.len()).unwrap_or(u32::MAX);
        let mut best = f64::NEG_INFINITY;
        let mut sum = 0.0;
        for voice in first.values() {
            let weight = strength(voice);
            sum += weight;
            if weight >= best {
                best = weight;
                out.strongest = format!("{}, right in {:.0} %", voice.source, reliability(voice) * 100.0);
            }
        }
        out.support = sum.clamp(LEAST_SUPPORT, MOST_SUPPORT);
        out
    }

    /// What a voice adds whatever its group.
    fn count_alone(&mut self, voice: &Evidence) {
        let sure = reliability(voice) * certainty(voice);
        match voice.kind {
            EvidenceKind::Official => self.official = self.official.max(sure),
            EvidenceKind::FactCheck => self.fact_check = self.fact_check.max(certainty(voice)),
            EvidenceKind::Manual => self.person = 1.0,
            EvidenceKind::Report => {}
        }
    }

    fn stands(&self) -> bool {
        self.groups >= MIN_GROUPS || self.official > 0.0 || self.fact_check >= CONFIRMED_MATCH
    }
}

/// How sure it is that a voice takes its side: certain where a person has said so.
fn certainty(voice: &Evidence) -> f64 {
    let score = if voice.support_score.is_finite() { voice.support_score.abs().min(1.0) } else { 0.0 };
    if voice.by_person { 1.0 } else { score }
}

fn reliability(voice: &Evidence) -> f64 {
    let said = voice.source_reliability;
    let said = if said.is_finite() { said } else { 0.5 };
    said.clamp(LEAST_RELIABILITY, 1.0 - LEAST_RELIABILITY)
}

/// The log-odds that a source is right, as far as it takes a side; below one half it counts against its own side.
fn strength(voice: &Evidence) -> f64 {
    let share = reliability(voice);
    ln(share / (1.0 - share)) * certainty(voice)
}

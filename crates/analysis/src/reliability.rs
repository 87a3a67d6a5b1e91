//! How often a source is right, learnt from what people decided of the claims it took a side on.
//!
//! Each adjudicated claim is one Bernoulli trial of a Beta distribution (Jøsang and Ismail 2002, "The Beta Reputation
//! System"), whose weight halves every [`HALF_LIFE_DAYS`]: a source changes hands and habits. The state is a fold over
//! the adjudications, so that taking one back is leaving it out. What it cannot see: a source that is right until it
//! matters, and whether being right was easy.

pub mod admiralty;
pub mod beta;

use std::collections::BTreeMap;

use crisislens_model::claim::{Stance, Verdict};
use crisislens_model::{ClaimId, SourceKind, Timestamp};

use crate::linear::number::exp;
use admiralty::Letter;

/// After so many days an adjudication counts half.
pub const HALF_LIFE_DAYS: f64 = 90.0;
/// The weight of having said something oneself.
pub const OWN_WEIGHT: f64 = 1.0;
/// The weight of having passed on what another said: it is a choice, but not an observation.
pub const COPY_WEIGHT: f64 = 0.25;
/// How often a source is expected to be right that nobody has judged, and how many adjudications that is worth.
/// The means are estimates of ours, not measured. An authority speaks of what it measures or decides. Journalism checks
/// most of what it prints. A post is a little better than chance: most people do not lie about emergencies. Ten for an
/// authority, because its mandate holds whatever one bulletin was; four for the others, so that about four verdicts weigh
/// as much as what is expected of the kind.
const OFFICIAL_PRIOR: (f64, f64) = (0.92, 10.0);
const MEDIA_PRIOR: (f64, f64) = (0.80, 4.0);
const SOCIAL_PRIOR: (f64, f64) = (0.60, 4.0);
/// The mean reliability of a post's source before anything was decided of it.
pub const UNKNOWN: f64 = SOCIAL_PRIOR.0;
/// The share of the distribution that the interval holds.
const INTERVAL: f64 = 0.90;
const SECONDS_A_DAY: f64 = 86_400.0;

/// What is expected of a source before anything was decided: a Beta distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Pseudo-count of claims it was right on.
    pub alpha: f64,
    /// Pseudo-count of claims it was wrong on.
    pub beta: f64,
}

impl Prior {
    /// What is expected of a source of `kind`.
    #[must_use]
    pub fn of(kind: SourceKind) -> Self {
        let (mean, strength) = match kind {
            SourceKind::Official => OFFICIAL_PRIOR,
            SourceKind::Media => MEDIA_PRIOR,
            SourceKind::Social => SOCIAL_PRIOR,
        };
        Self { alpha: mean * strength, beta: (1.0 - mean) * strength }
    }

    /// The share of claims that such a source is expected to be right on.
    #[must_use]
    pub fn mean(self) -> f64 {
        self.alpha / (self.alpha + self.beta)
    }
}

/// A decided claim on which a source had taken a side. One for each source and claim is kept; a verdict that is taken
/// back takes its adjudications with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjudication {
    /// Name of the source.
    pub source: String,
    /// The claim.
    pub claim_id: ClaimId,
    /// Whether the source was on the side that held.
    pub right: bool,
    /// When it was decided.
    pub at: Timestamp,
    /// 0 to 1: [`OWN_WEIGHT`] or [`COPY_WEIGHT`].
    pub weight: f64,
}

/// How reliable a source is, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reliability {
    /// Parameter of the Beta distribution: prior and decayed weight of what it was right on.
    pub alpha: f64,
    /// The same for what it was wrong on.
    pub beta: f64,
    /// Decayed weight of the adjudications, without the prior.
    pub evidence: f64,
}

/// Whether a source that took `stance` on a claim was right, once `verdict` is known; `None` where that says nothing.
#[must_use]
pub fn was_right(stance: Stance, verdict: Verdict) -> Option<bool> {
    let holds = verdict.is_right()?;
    match stance {
        Stance::Supports => Some(holds),
        Stance::Refutes => Some(!holds),
        Stance::Neutral => None,
    }
}

/// The reliability of one source at `now` from its `adjudications`, in whatever order they come. Of several for one
/// claim the latest counts. What was decided after `now` counts in full: clocks of two nodes differ a little.
#[must_use]
pub fn fold(prior: Prior, adjudications: &[Adjudication], now: Timestamp) -> Reliability {
    // Ordered by claim, so that the sums are added up in one order and come out equal to the last bit.
    let mut latest: BTreeMap<ClaimId, &Adjudication> = BTreeMap::new();
    for one in adjudications {
        let kept = latest.entry(one.claim_id).or_insert(one);
        if rank(one) > rank(kept) {
            *kept = one;
        }
    }
    let (mut right, mut wrong) = (0.0, 0.0);
    for one in latest.values() {
        let weight = one.weight.clamp(0.0, 1.0) * remaining(one.at, now);
        *(if one.right { &mut right } else { &mut wrong }) += weight;
    }
    Reliability { alpha: prior.alpha + right, beta: prior.beta + wrong, evidence: right + wrong }
}

/// Which of two adjudications of one claim counts: the later, else the one against the source, else the weightier.
fn rank(one: &Adjudication) -> (Timestamp, bool, u64) {
    (one.at, !one.right, one.weight.clamp(0.0, 1.0).to_bits())
}

/// The share of its weight that something decided at `at` still has at `now`.
fn remaining(at: Timestamp, now: Timestamp) -> f64 {
    let days = (now.duration_since(at).as_secs_f64() / SECONDS_A_DAY).max(0.0);
    exp(-days / HALF_LIFE_DAYS * std::f64::consts::LN_2)
}

impl Reliability {
    /// Expected share of claims it is right on.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.alpha / (self.alpha + self.beta)
    }

    /// The ends of the 90 % credible interval, with equal tails.
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        let tail = (1.0 - INTERVAL) / 2.0;
        (beta::quantile(self.alpha, self.beta, tail), beta::quantile(self.alpha, self.beta, 1.0 - tail))
    }

    /// On the Admiralty scale.
    #[must_use]
    pub fn letter(&self) -> Letter {
        let (low, high) = self.interval();
        Letter::of(self.mean(), low, high)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn now() -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    fn claim(number: u64) -> ClaimId {
        crisislens_model::Claim::id_of(crisislens_model::ItemId::of("source", "post"), number)
    }

    fn decided(number: u64, right: bool, days_ago: i64, weight: f64) -> Adjudication {
        let at = Timestamp::from_second(NOW - days_ago * 86_400).unwrap();
        Adjudication { source: "source".to_owned(), claim_id: claim(number), right, at, weight }
    }

    fn any_record() -> impl Strategy<Value = Vec<Adjudication>> {
        let one = (0..12_u64, any::<bool>(), 0..400_i64, prop_oneof![Just(OWN_WEIGHT), Just(COPY_WEIGHT)]);
        proptest::collection::vec(one, 0..20).prop_map(|list| {
            list.into_iter()
                .map(|(number, right, days, weight)| decided(number, right, days, weight))
                .collect()
        })
    }

    #[test]
    fn a_source_nobody_has_judged_is_what_its_kind_is() {
        let social = fold(Prior::of(SourceKind::Social), &[], now());
        assert!((social.mean() - UNKNOWN).abs() < 1e-12);
        assert!(social.evidence.abs() < 1e-12);
        assert_eq!(social.letter(), Letter::F);
        assert_eq!(fold(Prior::of(SourceKind::Media), &[], now()).letter(), Letter::F);
        assert_eq!(fold(Prior::of(SourceKind::Official), &[], now()).letter(), Letter::B);
    }

    #[test]
    fn verdicts_move_a_source_up_and_down_the_letters() {
        let prior = Prior::of(SourceKind::Social);
        let record = |right: bool| -> Vec<Adjudication> {
            (0..20).map(|number| decided(number, right, 1, OWN_WEIGHT)).collect()
        };
        let (good, bad) = (fold(prior, &record(true), now()), fold(prior, &record(false), now()));
        assert_eq!((good.letter(), bad.letter()), (Letter::A, Letter::E));
        let (low, high) = good.interval();
        assert!(low < good.mean() && good.mean() < high);
    }

    #[test]
    fn after_the_half_life_a_verdict_counts_half() {
        let prior = Prior { alpha: 1.0, beta: 1.0 };
        let aged = fold(prior, &[decided(1, true, 90, OWN_WEIGHT)], now());
        assert!((aged.evidence - 0.5).abs() < 1e-12);
        assert!((aged.mean() - 1.5 / 2.5).abs() < 1e-12);
    }

    #[test]
    fn a_verdict_decided_anew_replaces_the_old_one() {
        let prior = Prior::of(SourceKind::Social);
        let (old, new) = (decided(1, true, 9, OWN_WEIGHT), decided(1, false, 2, OWN_WEIGHT));
        assert_eq!(fold(prior, &[old, new.clone()], now()), fold(prior, &[new], now()));
    }

    #[test]
    fn who_denies_what_is_false_was_right() {
        assert_eq!(was_right(Stance::Supports, Verdict::True), Some(true));
        assert_eq!(was_right(Stance::Refutes, Verdict::True), Some(false));
        assert_eq!(was_right(Stance::Refutes, Verdict::Misleading), Some(true));
        assert_eq!(was_right(Stance::Neutral, Verdict::False), None);
        assert_eq!(was_right(Stance::Supports, Verdict::NeedsInvestigation), None);
    }

    proptest! {
        #[test]
        fn the_order_of_verdicts_changes_nothing(record in any_record(), seed in any::<u64>()) {
            let mut other = record.clone();
            crate::linear::number::Random::new(seed).shuffle(&mut other);
            let prior = Prior::of(SourceKind::Social);
            prop_assert_eq!(fold(prior, &record, now()), fold(prior, &other, now()));
        }

        #[test]
        fn a_verdict_taken_back_was_never_there(record in any_record(), right in any::<bool>(), at in 0..20_usize) {
            let prior = Prior::of(SourceKind::Media);
            let mut with = record.clone();
            with.insert(at.min(record.len()), decided(99, right, 3, OWN_WEIGHT));
            let added = fold(prior, &with, now());
            let before = fold(prior, &record, now());
            prop_assert_ne!(added, before);
            with.retain(|one| one.claim_id != claim(99));
            prop_assert_eq!(fold(prior, &with, now()), before);
        }

        #[test]
        fn time_only_takes_evidence_away(record in any_record(), later in 1..1_000_i64) {
            let prior = Prior::of(SourceKind::Social);
            let then = Timestamp::from_second(NOW + later * 86_400).unwrap();
            let (today, aged) = (fold(prior, &record, now()), fold(prior, &record, then));
            prop_assert!(aged.evidence <= today.evidence);
            let prior_mean = UNKNOWN;
            prop_assert!((aged.mean() - prior_mean).abs() <= (today.mean() - prior_mean).abs() + 1e-9);
        }
    }
}

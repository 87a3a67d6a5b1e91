//! How likely a claim is true, from the voices on each side: a logistic model whose addends are shown.
//!
//! Calibrated on scripted crises with known truth (`xtask/eval`, module `crisis`), where its weights were fitted; the
//! claims of the world are not labelled with their whole evidence anywhere. The rules that no weight can undo:
//! - Voices of one group count once ([`sides`]); copies and further voices add nothing.
//! - Below two independent groups, with no authority and no fact check, a claim is unconfirmed, and its likelihood
//!   stays near the prior.
//!
//! Not here: which stance a voice takes and what makes a group (`evidence`), how reliable a source is (`reliability`).

pub mod sides;
pub mod weights;

use crisislens_model::Evidence;
use crisislens_model::claim::{LikelihoodPart, Standing};

use crate::linear::number::exp;
use crate::reliability::admiralty::Credibility;
use sides::{FACTORS, Sides};
use weights::{PRIOR, WEIGHTS};

/// Independent groups from which a claim is more than unconfirmed.
pub const MIN_GROUPS: u32 = 2;
/// How far, in log-odds, an unconfirmed claim may be from the prior: 0.38 to 0.62 were the prior one half.
pub const NEIGHBOURHOOD: f64 = 0.5;
/// From here on a claim with enough voices is supported whatever is said against it.
const SUPPORTED: f64 = 0.8;
/// Down from here it is refuted whatever is said for it.
const REFUTED: f64 = 0.2;

/// What bears on a claim beside its evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// Independent groups that speak for claims which contradict this one.
    pub contradicting_groups: u32,
    /// Whether those who make the claim only hedge it or ascribe it to others ("reportedly").
    pub hedged: bool,
}

/// How a claim stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// 0 to 1, calibrated.
    pub likelihood: f64,
    /// How it stands.
    pub standing: Standing,
    /// The addends of the log-odds; their contributions sum to it.
    pub parts: Vec<LikelihoodPart>,
    /// Independent groups that speak for it.
    pub supporting_groups: u32,
    /// Independent groups that speak against it.
    pub refuting_groups: u32,
    /// On the Admiralty scale.
    pub credibility: Credibility,
}

/// Assesses a claim. `evidence` holds every voice on it, those that make it among them (they support it), each with the
/// reliability of its source and its group. The order does not matter.
#[must_use]
pub fn assess(evidence: &[Evidence], circumstances: Circumstances) -> Assessment {
    let sides = Sides::of(evidence, circumstances);
    let found = sides.factors();
    // A claim that nobody makes is not a claim yet: nothing is known of it.
    let heard = f64::from(u8::from(!evidence.is_empty()));
    let mut parts = vec![LikelihoodPart {
        name: "prior".to_owned(),
        value: heard,
        contribution: PRIOR * heard,
        why: "how often claims are true that somebody makes".to_owned(),
    }];
    let moved: f64 = found.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    let confirmed = sides.is_confirmed();
    // All addends shrink alike, so that they still sum to the log-odds and keep their order.
    let shrink = if confirmed { 1.0 } else { (NEIGHBOURHOOD / moved.abs().max(NEIGHBOURHOOD)).min(1.0) };
    for ((name, value), weight) in FACTORS.into_iter().zip(found).zip(WEIGHTS) {
        if value != 0.0 {
            let mut why = sides.why(name);
            if shrink < 1.0 {
                why.push_str("; counted less, because fewer than two independent groups speak");
            }
            let contribution = value * weight * shrink;
            parts.push(LikelihoodPart { name: name.to_owned(), value, contribution, why });
        }
    }
    let log_odds: f64 = parts.iter().map(|part| part.contribution).sum();
    let likelihood = 1.0 / (1.0 + exp(-log_odds));
    let standing = standing(&sides, likelihood);
    let witnessed = sides.supporting_groups >= MIN_GROUPS;
    Assessment {
        likelihood,
        standing,
        parts,
        supporting_groups: sides.supporting_groups,
        refuting_groups: sides.refuting_groups,
        credibility: Credibility::of(likelihood, standing != Standing::Unconfirmed, witnessed),
    }
}

fn standing(sides: &Sides, likelihood: f64) -> Standing {
    let (pro, contra) = (sides.stands_for(), sides.stands_against());
    if !pro && !contra {
        return Standing::Unconfirmed;
    }
    if pro && (likelihood >= SUPPORTED || sides.refuting_groups == 0 && likelihood >= 0.5) {
        return Standing::Supported;
    }
    if contra && (likelihood <= REFUTED || sides.supporting_groups == 0 && likelihood < 0.5) {
        return Standing::Refuted;
    }
    Standing::Disputed
}

#[cfg(test)]
mod tests;

//! What simpler and other methods make of the same voices: counting heads, counting groups, TruthFinder.

use crisislens_analysis::linear::number::{exp, ln};
use crisislens_model::Evidence;
use crisislens_model::claim::Stance;

use super::world::{Scripted, World};

/// TruthFinder (Yin, Han and Yu 2008): what sources are trusted at first, how confidence is damped, how much the
/// opposite counts, and how often trust and confidence are worked out in turn.
const FIRST_TRUST: f64 = 0.8;
const DAMPING: f64 = 0.3;
const OPPOSITE: f64 = 0.5;
const ROUNDS: usize = 8;

/// The share of voices that speak for a claim, copies and all.
#[must_use]
pub fn majority(evidence: &[Evidence]) -> f64 {
    let count = |stance: Stance| evidence.iter().filter(|voice| voice.stance == stance).count() as f64;
    let (pro, contra) = (count(Stance::Supports), count(Stance::Refutes));
    if pro + contra == 0.0 { 0.5 } else { pro / (pro + contra) }
}

/// The confidence in `asked` that TruthFinder finds from everything said in `world` until then. A claim has two values,
/// that it holds and that it does not, and each is against the other.
#[must_use]
pub fn truth_finder(world: &World, asked: &Scripted) -> f64 {
    let mut votes: Vec<(usize, usize, bool)> = Vec::new();
    let mut wanted = 0;
    for (at, claim) in world.claims.iter().enumerate() {
        if claim.id == asked.id {
            wanted = at;
        }
        let heard = claim.voices.iter().filter(|voice| voice.day <= asked.asked);
        votes.extend(heard.map(|voice| (voice.source, at, voice.supports)));
    }
    let mut trust = vec![FIRST_TRUST; world.sources.len()];
    let mut confidence = 0.5;
    for _ in 0..ROUNDS {
        let mut scores = vec![(0.0, 0.0); world.claims.len()];
        for (source, claim, pro) in &votes {
            let score = -ln(1.0 - trust[*source].min(0.999));
            *(if *pro { &mut scores[*claim].0 } else { &mut scores[*claim].1 }) += score;
        }
        let sure = |own: f64, other: f64| 1.0 / (1.0 + exp(-DAMPING * (own - OPPOSITE * other)));
        let mut sums = vec![(0.0, 0.0); world.sources.len()];
        for (source, claim, pro) in &votes {
            let (yes, no) = scores[*claim];
            sums[*source].0 += if *pro { sure(yes, no) } else { sure(no, yes) };
            sums[*source].1 += 1.0;
        }
        for (trust, (sum, count)) in trust.iter_mut().zip(sums) {
            *trust = if count > 0.0 { sum / count } else { FIRST_TRUST };
        }
        let (pro, contra) = scores[wanted];
        confidence = sure(pro, contra) / (sure(pro, contra) + sure(contra, pro));
    }
    confidence
}

#[cfg(test)]
mod tests {
    use super::super::dice::Dice;
    use super::super::family::held_out;
    use super::super::judge::Seen;
    use super::*;

    #[test]
    fn truth_finder_is_right_more_often_than_not_and_heads_are_counted_with_copies() {
        let world = World::new(held_out(&mut Dice::new(1))[2].1, 1);
        let mut sides = (0, 0);
        for claim in world.claims.iter().step_by(10) {
            let Some(seen) = Seen::of(&world, claim) else { continue };
            let said = truth_finder(&world, claim);
            assert!((0.0..=1.0).contains(&said));
            *(if (said > 0.5) == claim.truth { &mut sides.0 } else { &mut sides.1 }) += 1;
            let pro = seen.evidence.iter().filter(|voice| voice.stance == Stance::Supports).count();
            let share = pro as f64 / seen.evidence.len() as f64;
            assert!((majority(&seen.evidence) - share).abs() < 1e-12);
        }
        assert!(sides.0 > sides.1, "{sides:?}");
    }
}

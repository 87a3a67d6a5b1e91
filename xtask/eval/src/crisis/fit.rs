//! Fits the weights of the likelihood: logistic regression by Newton's method, in one order. A small ridge keeps weights
//! finite that few claims bear on.

use crisislens_analysis::likelihood::sides::FACTORS;
use crisislens_analysis::linear::number::exp;

use super::dice::Dice;
use super::family::drawn;
use super::judge::Seen;
use super::world::World;

/// Seeds of the crises that are fitted on: from 0 on.
pub const FITTED_SEEDS: u64 = 40;
/// Penalty on squared weights.
const RIDGE: f64 = 2.0;
/// Newton's method has arrived after far fewer.
const STEPS: usize = 25;
/// Weights are kept to three decimals.
const DECIMALS: f64 = 1_000.0;
/// The factors, and before them the prior.
const N: usize = FACTORS.len() + 1;

/// The prior and the weights that the scripted crises of the fitting seeds give.
#[must_use]
pub fn weights() -> [f64; N] {
    let mut rows = Vec::new();
    for seed in 0..FITTED_SEEDS {
        let world = World::new(drawn(&mut Dice::new(seed)), seed);
        for claim in &world.claims {
            if let Some(seen) = Seen::of(&world, claim)
                && let Some(factors) = seen.factors()
            {
                let mut row = [1.0; N];
                row[1..].copy_from_slice(&factors);
                rows.push((row, seen.truth));
            }
        }
    }
    newton(&rows).map(|weight| (weight * DECIMALS).round() / DECIMALS)
}

fn newton(rows: &[([f64; N], bool)]) -> [f64; N] {
    let mut weights = [0.0; N];
    for _ in 0..STEPS {
        let mut slope = weights.map(|weight| -RIDGE * weight);
        let mut curve = [[0.0; N]; N];
        for (at, row) in curve.iter_mut().enumerate() {
            row[at] = RIDGE;
        }
        for (factors, truth) in rows {
            let score: f64 = factors.iter().zip(&weights).map(|(factor, weight)| factor * weight).sum();
            let share = 1.0 / (1.0 + exp(-score));
            let miss = f64::from(u8::from(*truth)) - share;
            for i in 0..N {
                slope[i] += miss * factors[i];
                for j in 0..N {
                    curve[i][j] += share * (1.0 - share) * factors[i] * factors[j];
                }
            }
        }
        let step = solve(curve, slope);
        weights.iter_mut().zip(step).for_each(|(weight, step)| *weight += step);
    }
    weights
}

/// Gauss–Jordan elimination; `matrix` is positive definite, so that no row has to be exchanged.
fn solve(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> [f64; N] {
    for pivot in 0..N {
        let scale = matrix[pivot][pivot];
        matrix[pivot].iter_mut().for_each(|cell| *cell /= scale);
        right[pivot] /= scale;
        let (row, value) = (matrix[pivot], right[pivot]);
        for other in (0..N).filter(|other| *other != pivot) {
            let factor = matrix[other][pivot];
            matrix[other].iter_mut().zip(row).for_each(|(cell, above)| *cell -= factor * above);
            right[other] -= factor * value;
        }
    }
    right
}

#[cfg(test)]
mod tests {
    use crisislens_analysis::likelihood::weights::{PRIOR, WEIGHTS};

    use super::*;

    #[test]
    fn the_weights_of_the_product_are_what_is_fitted() {
        let found = weights();
        assert_eq!((found[0], &found[1..]), (PRIOR, &WEIGHTS[..]), "run `crisislens-eval fit-likelihood`");
    }

    #[test]
    fn newton_finds_the_weight_that_made_the_labels() {
        let mut dice = Dice::new(3);
        let rows: Vec<([f64; N], bool)> = (0..20_000)
            .map(|_| {
                let mut factors = [0.0; N];
                (factors[0], factors[3]) = (dice.between(-2.0, 2.0), dice.between(-2.0, 2.0));
                let share = 1.0 / (1.0 + exp(-(1.5 * factors[0] - 0.5 * factors[3])));
                (factors, dice.chance(share))
            })
            .collect();
        let found = newton(&rows);
        assert!((found[0] - 1.5).abs() < 0.06 && (found[3] + 0.5).abs() < 0.06, "{found:?}");
        assert!(found[1].abs() < 1e-12);
    }
}

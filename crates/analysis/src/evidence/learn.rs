//! How the weights of `rank` are learnt: a conditional logit by Newton's method, and a line through the scores (Platt 1999). Equal
//! data give equal weights on every machine: one order, no chance, no function of the platform's mathematics library.

#![expect(clippy::needless_range_loop, reason = "matrices are read by row and column")]

use super::rank::{COUNT, Ranker};
use crate::linear::number::{exp, ln};

/// The candidates of one question, and which of them are about it.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Features of each candidate.
    pub features: Vec<[f64; COUNT]>,
    /// Whether it is about what was asked.
    pub right: Vec<bool>,
}

/// Newton's steps; it has settled long before.
const STEPS: usize = 25;
/// How often a step is halved that overshoots.
const HALVINGS: u32 = 12;
/// Longest step of the line's two numbers.
const LONGEST: f64 = 1.0;

type Matrix = Vec<Vec<f64>>;

/// Learns from `questions`; `l2` is the penalty on a standardised weight, per question.
#[must_use]
pub fn learn(questions: &[&Question], l2: f64) -> Ranker {
    let (mean, spread) = scale(questions);
    let standard: Vec<(Vec<[f64; COUNT]>, Vec<f64>)> = questions
        .iter()
        .filter(|question| question.right.contains(&true))
        .map(|question| {
            let count = question.right.iter().filter(|right| **right).count() as f64;
            let features = question.features.iter().map(|features| {
                let mut out = *features;
                for ((value, mean), spread) in out.iter_mut().zip(mean).zip(spread) {
                    *value = (*value - mean) / spread;
                }
                out
            });
            let wanted = question.right.iter().map(|right| if *right { 1.0 / count } else { 0.0 });
            (features.collect(), wanted.collect())
        })
        .collect();
    let mut weights = [0.0; COUNT];
    let total = standard.len().max(1) as f64;
    for _ in 0..STEPS {
        let mut slope = vec![0.0; COUNT];
        let mut bend: Matrix = vec![vec![0.0; COUNT]; COUNT];
        for (features, wanted) in &standard {
            add(&weights, features, wanted, &mut slope, &mut bend);
        }
        for at in 0..COUNT {
            slope[at] = slope[at] / total + l2 * weights[at];
            bend[at].iter_mut().for_each(|value| *value /= total);
            bend[at][at] += l2;
        }
        // Where the whole step overshoots, half of it is tried, and so on: the direction stays.
        let step = solve(bend, slope);
        let before = loss(&weights, &standard, l2);
        let shares = (0..HALVINGS).map(|times| 1.0 / f64::from(1_u32 << times));
        let tried = shares.map(|share| {
            let mut next = weights;
            next.iter_mut().zip(&step).for_each(|(weight, step)| *weight -= share * step);
            next
        });
        let Some(next) = tried.into_iter().find(|next| loss(next, &standard, l2) < before) else { break };
        weights = next;
    }
    weights.iter_mut().zip(spread).for_each(|(weight, spread)| *weight /= spread);
    let (slope, offset) = line(questions, &weights);
    Ranker { weights, slope, offset }
}

/// What is made small: minus the log-likelihood per question, and the penalty.
fn loss(weights: &[f64; COUNT], questions: &[(Vec<[f64; COUNT]>, Vec<f64>)], l2: f64) -> f64 {
    let of = |(features, wanted): &(Vec<[f64; COUNT]>, Vec<f64>)| -> f64 {
        let scores: Vec<f64> = features.iter().map(|features| dot(weights, features)).collect();
        let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let all = top + ln(scores.iter().map(|score| exp(score - top)).sum());
        scores.iter().zip(wanted).map(|(score, wanted)| wanted * (all - score)).sum()
    };
    let sum: f64 = questions.iter().map(of).sum();
    sum / questions.len().max(1) as f64 + l2 / 2.0 * dot(weights, weights)
}

/// Adds what one question says of the slope and the bend of the loss.
fn add(
    weights: &[f64; COUNT],
    features: &[[f64; COUNT]],
    wanted: &[f64],
    slope: &mut [f64],
    bend: &mut [Vec<f64>],
) {
    let scores: Vec<f64> = features.iter().map(|features| dot(weights, features)).collect();
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let odds: Vec<f64> = scores.iter().map(|score| exp(score - top)).collect();
    let sum: f64 = odds.iter().sum();
    let mut mean = [0.0; COUNT];
    for ((features, odds), wanted) in features.iter().zip(&odds).zip(wanted) {
        let share = odds / sum;
        for row in 0..COUNT {
            mean[row] += share * features[row];
            slope[row] += (share - wanted) * features[row];
            let scaled = share * features[row];
            for column in 0..=row {
                bend[row][column] += scaled * features[column];
            }
        }
    }
    for row in 0..COUNT {
        for column in 0..=row {
            bend[row][column] -= mean[row] * mean[column];
        }
    }
}

/// Solves `matrix · x = right` by Cholesky's method; only the lower half of the matrix is read.
fn solve(mut matrix: Matrix, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for row in 0..size {
        for column in 0..=row {
            let mut sum = matrix[row][column];
            for at in 0..column {
                sum -= matrix[row][at] * matrix[column][at];
            }
            matrix[row][column] =
                if row == column { sum.max(1e-12).sqrt() } else { sum / matrix[column][column] };
        }
    }
    for row in 0..size {
        for at in 0..row {
            right[row] -= matrix[row][at] * right[at];
        }
        right[row] /= matrix[row][row];
    }
    for row in (0..size).rev() {
        for at in row + 1..size {
            right[row] -= matrix[at][row] * right[at];
        }
        right[row] /= matrix[row][row];
    }
    right
}

/// The line through the scores whose logistic is the share of right candidates: Newton's method on two numbers.
fn line(questions: &[&Question], weights: &[f64; COUNT]) -> (f64, f64) {
    let mut scored = Vec::new();
    for question in questions {
        let each = question.features.iter().zip(&question.right);
        scored.extend(each.map(|(features, right)| (dot(weights, features), f64::from(u8::from(*right)))));
    }
    let center = scored.iter().map(|(score, _)| score).sum::<f64>() / scored.len().max(1) as f64;
    let (mut slope, mut offset) = (1.0, -4.0);
    for _ in 0..STEPS {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 1e-9, 0.0, 1e-9);
        for (score, right) in &scored {
            let score = score - center;
            let says = 1.0 / (1.0 + exp(-(slope * score + offset)));
            let (error, certainty) = (says - right, says * (1.0 - says));
            ga += error * score;
            gb += error;
            haa += certainty * score * score;
            hab += certainty * score;
            hbb += certainty;
        }
        let determinant = haa * hbb - hab * hab;
        if determinant.abs() < 1e-12 {
            break;
        }
        slope -= ((hbb * ga - hab * gb) / determinant).clamp(-LONGEST, LONGEST);
        offset -= ((haa * gb - hab * ga) / determinant).clamp(-LONGEST, LONGEST);
    }
    (slope, offset - slope * center)
}

/// Mean and spread of each feature.
fn scale(questions: &[&Question]) -> ([f64; COUNT], [f64; COUNT]) {
    let (mut mean, mut square, mut count) = ([0.0; COUNT], [0.0; COUNT], 0.0);
    for features in questions.iter().flat_map(|question| &question.features) {
        count += 1.0;
        for at in 0..COUNT {
            mean[at] += features[at];
            square[at] += features[at] * features[at];
        }
    }
    let count = f64::max(count, 1.0);
    let mut spread = [1.0; COUNT];
    for at in 0..COUNT {
        mean[at] /= count;
        let variance: f64 = square[at] / count - mean[at] * mean[at];
        // What never changes tells nothing.
        spread[at] = if variance > 1e-9 { variance.sqrt() } else { 1e9 };
    }
    (mean, spread)
}

fn dot(weights: &[f64; COUNT], features: &[f64; COUNT]) -> f64 {
    weights.iter().zip(features).map(|(weight, feature)| weight * feature).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of four candidates the one with the greatest first feature is right; the second feature is noise.
    fn questions() -> Vec<Question> {
        (0..40)
            .map(|number| {
                let right = number % 4;
                let features = (0..4).map(|at| {
                    let mut features = [0.0; COUNT];
                    features[0] = if at == right { 1.0 } else { 0.1 * f64::from((at * 7 + number) % 5) };
                    features[1] = f64::from((at * 3 + number) % 7);
                    features
                });
                Question { features: features.collect(), right: (0..4).map(|at| at == right).collect() }
            })
            .collect()
    }

    #[test]
    fn the_feature_that_decides_gets_the_weight() {
        let questions = questions();
        let ranker = learn(&questions.iter().collect::<Vec<_>>(), 0.01);
        assert!(ranker.weights[0] > 3.0 && ranker.weights[1].abs() < 0.3, "{:?}", ranker.weights);
        let sure = |first: f64| {
            let score = ranker.weights[0] * first + ranker.weights[1] * 3.0;
            1.0 / (1.0 + exp(-(ranker.slope * score + ranker.offset)))
        };
        assert!(sure(1.0) > 0.8 && sure(0.1) < 0.2, "{} {}", sure(1.0), sure(0.1));
        assert!(ranker.weights[2..].iter().all(|weight| weight.abs() < 1e-6), "features that never change");
    }

    #[test]
    fn learning_twice_gives_the_same_bytes_and_nothing_gives_nothing() {
        let questions = questions();
        let all: Vec<&Question> = questions.iter().collect();
        assert_eq!(learn(&all, 0.01).write(), learn(&all, 0.01).write());
        assert!(learn(&[], 0.01).weights.iter().all(|weight| *weight == 0.0));
    }
}

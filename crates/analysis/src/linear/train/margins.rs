//! Training by margins: for each class a support vector machine against the others, and beside it a second one whose
//! features count by how much oftener they are in texts of the class. The sum of both is again one weight a feature.
//!
//! Sources: dual coordinate descent for the squared hinge, Hsieh et al. 2008; features scaled by their log-count ratio
//! of naive Bayes, Wang and Manning 2012. One thread, one order.

use super::super::MAX_CLASSES;
use super::super::number::{Random, ln};

/// Passes over the samples; with costs as small as ours the weights stand still long before.
const PASSES: usize = 15;

/// What is learnt from: rows of features and values, the class of each, how much each class counts.
pub(super) struct Texts<'a> {
    pub(super) rows: &'a [Vec<(u32, f32)>],
    pub(super) labels: &'a [usize],
    pub(super) importance: &'a [f32],
    pub(super) features: usize,
    pub(super) classes: usize,
    pub(super) seed: u64,
}

impl Texts<'_> {
    /// The weights of every feature in every class and the biases, of both machines together.
    pub(super) fn learn(&self, plain: f64, counted: f64) -> (Vec<f64>, Vec<f64>) {
        let (mut weights, mut bias) = self.machine(plain, &vec![1.0; self.features * self.classes]);
        let (more, more_bias) = self.machine(counted, &self.squared_ratios());
        weights.iter_mut().zip(more).for_each(|(weight, more)| *weight += more);
        bias.iter_mut().zip(more_bias).for_each(|(bias, more)| *bias += more);
        (weights, bias)
    }

    /// One machine a class. `squares` is by what each feature is scaled in each class, squared.
    fn machine(&self, cost: f64, squares: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let classes = self.classes;
        let mean = self.labels.iter().map(|label| f64::from(self.importance[*label])).sum::<f64>()
            / self.labels.len().max(1) as f64;
        let norms: Vec<[f64; MAX_CLASSES]> = self.rows.iter().map(|row| self.norms(row, squares)).collect();
        let mut alphas = vec![0.0; self.rows.len() * classes];
        let (mut weights, mut bias) = (vec![0.0; self.features * classes], vec![0.0; classes]);
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        let mut random = Random::new(self.seed);
        for _ in 0..PASSES {
            random.shuffle(&mut order);
            for &at in &order {
                let (row, label) = (&self.rows[at], self.labels[at]);
                let slack = mean / (2.0 * cost * f64::from(self.importance[label]));
                let mut scores = [0.0; MAX_CLASSES];
                scores[..classes].copy_from_slice(&bias);
                for (feature, value) in row {
                    let cells = &weights[*feature as usize * classes..][..classes];
                    let cells = scores.iter_mut().zip(cells);
                    cells.for_each(|(score, weight)| *score += weight * f64::from(*value));
                }
                let mut moves = [0.0; MAX_CLASSES];
                for class in 0..classes {
                    let side = if class == label { 1.0 } else { -1.0 };
                    let alpha = &mut alphas[at * classes + class];
                    let slope = side * scores[class] - 1.0 + *alpha * slack;
                    let next = (*alpha - slope / (norms[at][class] + slack)).max(0.0);
                    moves[class] = (next - *alpha) * side;
                    *alpha = next;
                    bias[class] += moves[class];
                }
                for (feature, value) in row {
                    let first = *feature as usize * classes;
                    let cells =
                        weights[first..first + classes].iter_mut().zip(&squares[first..first + classes]);
                    for ((weight, square), step) in cells.zip(&moves) {
                        *weight += step * square * f64::from(*value);
                    }
                }
            }
        }
        (weights, bias)
    }

    /// The squared length of a row in each class, with the 1 of the bias.
    fn norms(&self, row: &[(u32, f32)], squares: &[f64]) -> [f64; MAX_CLASSES] {
        let mut out = [1.0; MAX_CLASSES];
        for (feature, value) in row {
            let cells = &squares[*feature as usize * self.classes..][..self.classes];
            let value = f64::from(*value);
            out.iter_mut().zip(cells).for_each(|(norm, square)| *norm += square * value * value);
        }
        out
    }

    /// For each feature and class the logarithm of how much oftener it is in texts of the class than in others, squared.
    fn squared_ratios(&self) -> Vec<f64> {
        let classes = self.classes;
        // One more of each, so that none is never.
        let mut counts = vec![1.0; self.features * classes];
        for (row, label) in self.rows.iter().zip(self.labels) {
            row.iter().for_each(|(feature, _)| counts[*feature as usize * classes + label] += 1.0);
        }
        let mut sums = vec![0.0; classes];
        for cells in counts.chunks_exact(classes) {
            sums.iter_mut().zip(cells).for_each(|(sum, count)| *sum += count);
        }
        let extra = (classes - 1) as f64;
        let total: f64 = sums.iter().sum();
        let spare = self.features as f64 * (extra - 1.0);
        let mut out = Vec::with_capacity(counts.len());
        for cells in counts.chunks_exact(classes) {
            let all: f64 = cells.iter().sum();
            for (count, sum) in cells.iter().zip(&sums) {
                let others = all - count - (extra - 1.0);
                let ratio = ln(count / sum) - ln(others / (total - sum - spare));
                out.push(ratio * ratio);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feature 0 is in every text, 1 and 2 each in one class only, 3 in none of the first class.
    fn learnt() -> (Vec<f64>, Vec<f64>) {
        let rows: Vec<Vec<(u32, f32)>> = (0..30)
            .map(|at| match at % 3 {
                0 => vec![(0, 1.0), (1, 1.0)],
                1 => vec![(0, 1.0), (2, 1.0), (3, 1.0)],
                _ => vec![(0, 1.0), (3, 1.0)],
            })
            .collect();
        let labels: Vec<usize> = (0..30).map(|at| at % 3).collect();
        let importance = [1.0; 3];
        Texts { rows: &rows, labels: &labels, importance: &importance, features: 4, classes: 3, seed: 1 }
            .learn(0.1, 0.1)
    }

    #[test]
    fn a_class_is_told_by_its_own_signs_and_by_those_it_lacks() {
        let (weights, bias) = learnt();
        let score = |row: &[usize], class: usize| {
            row.iter().map(|feature| weights[feature * 3 + class]).sum::<f64>() + bias[class]
        };
        for (row, class) in [(vec![0, 1], 0), (vec![0, 2, 3], 1), (vec![0, 3], 2)] {
            let best = (0..3).max_by(|a, b| score(&row, *a).total_cmp(&score(&row, *b)));
            assert_eq!(best, Some(class), "{row:?}");
        }
        assert!(weights[3] > 0.1 && weights[9] < -0.1, "{weights:?}");
    }

    #[test]
    fn equal_texts_give_equal_weights() {
        assert_eq!(learnt(), learnt());
    }
}

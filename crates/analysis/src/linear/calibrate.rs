//! Calibration on predictions that training did not see: one temperature, or Platt's two numbers for two classes.
//!
//! Sources: Guo et al. 2017 (temperature), Platt 1999 (scale and offset of a binary score). Both keep the order of the
//! scores; what they cannot mend is a model that is sure of one kind of text and unsure of another. Labels that many
//! hands gave quickly are partly wrong: [`trusted`] says which to leave out (Northcutt et al. 2021).

use super::number::{exp, ln};
use super::softmax;

/// Searches end when the interval has shrunk this often by the golden ratio.
const STEPS: usize = 22;
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// The factor on the logits that makes the labels likeliest.
#[must_use]
pub fn temperature(logits: &[Vec<f64>], labels: &[usize]) -> f64 {
    // In the logarithm, so that halving and doubling are alike.
    let best = least(-3.0, 3.0, |log| {
        let factor = exp(log);
        loss(logits, labels, |row| row.iter().map(|logit| logit * factor).collect())
    });
    exp(best)
}

/// Scale and offset on the score of class 1 against class 0 that make the labels likeliest.
#[must_use]
pub fn platt(logits: &[Vec<f64>], labels: &[usize]) -> (f64, f64) {
    let (mut scale, mut offset) = (1.0, 0.0);
    let apply = |row: &Vec<f64>, scale: f64, offset: f64| vec![row[0] * scale, row[1] * scale + offset];
    // The loss is convex in both, so taking turns arrives.
    for _ in 0..8 {
        scale = exp(least(-3.0, 3.0, |log| loss(logits, labels, |row| apply(row, exp(log), offset))));
        offset = least(-6.0, 6.0, |offset| loss(logits, labels, |row| apply(row, scale, offset)));
    }
    (scale, offset)
}

/// Which of two-class `labels` to trust: all but those whose other class is as likely, by scores that did not see the
/// label, as that class is on average where it is the label (confident learning, Northcutt et al. 2021: pruning by the
/// off-diagonal of the confident joint). Calibrated on all labels, a model says how often the labellers say yes; on
/// those trusted, how likely it is so. What is hard and rightly labelled is left out as well, so that the scores of
/// such texts come out too sure.
#[must_use]
pub fn trusted(logits: &[Vec<f64>], labels: &[usize]) -> Vec<bool> {
    let (scale, offset) = platt(logits, labels);
    let shares: Vec<[f64; 2]> = logits
        .iter()
        .map(|row| {
            let shares = softmax(&[row[0] * scale, row[1] * scale + offset]);
            [shares[0], shares[1]]
        })
        .collect();
    let mut own = [(0.0, 0.0); 2];
    for (shares, label) in shares.iter().zip(labels) {
        own[*label].0 += shares[*label];
        own[*label].1 += 1.0;
    }
    let usual = own.map(|(sum, count): (f64, f64)| if count > 0.0 { sum / count } else { 1.0 });
    let doubted = |shares: &[f64; 2], other: usize| shares[other] > 0.5 && shares[other] >= usual[other];
    shares.iter().zip(labels).map(|(shares, label)| !doubted(shares, 1 - label)).collect()
}

/// Expected calibration error of the probability given to the answer (Naeini et al. 2015): `bins` of equal width.
#[must_use]
pub fn calibration_error(sure: &[f64], right: &[bool], bins: usize) -> f64 {
    let mut sums = vec![(0.0, 0.0, 0.0); bins];
    for (sure, right) in sure.iter().zip(right) {
        let bin = ((sure * bins as f64) as usize).min(bins - 1);
        sums[bin].0 += 1.0;
        sums[bin].1 += sure;
        sums[bin].2 += f64::from(u8::from(*right));
    }
    sums.iter().map(|(_, sure, right)| (sure - right).abs()).sum::<f64>() / sure.len().max(1) as f64
}

fn loss(logits: &[Vec<f64>], labels: &[usize], apply: impl Fn(&Vec<f64>) -> Vec<f64>) -> f64 {
    logits.iter().zip(labels).map(|(row, label)| -ln(softmax(&apply(row))[*label].max(1e-12))).sum()
}

/// Where `cost` is least between `low` and `high`, by golden section.
fn least(mut low: f64, mut high: f64, cost: impl Fn(f64) -> f64) -> f64 {
    let mut left = high - (high - low) * GOLDEN;
    let mut right = low + (high - low) * GOLDEN;
    let (mut left_cost, mut right_cost) = (cost(left), cost(right));
    for _ in 0..STEPS {
        if left_cost <= right_cost {
            (high, right, right_cost) = (right, left, left_cost);
            left = high - (high - low) * GOLDEN;
            left_cost = cost(left);
        } else {
            (low, left, left_cost) = (left, right, right_cost);
            right = low + (high - low) * GOLDEN;
            right_cost = cost(right);
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores of which 70 in 100 point to the right class, all equally sure.
    fn rows(sure: f64, offset: f64) -> (Vec<Vec<f64>>, Vec<usize>) {
        let row = |at: usize| {
            if at.is_multiple_of(2) { vec![0.0, sure + offset] } else { vec![0.0, offset - sure] }
        };
        let label = |at: usize| if at / 2 % 10 < 7 { 1 - at % 2 } else { at % 2 };
        ((0..100).map(row).collect(), (0..100).map(label).collect())
    }

    #[test]
    fn a_temperature_takes_too_sure_scores_back_to_how_often_they_are_right() {
        let (logits, labels) = rows(3.0, 0.0);
        let factor = temperature(&logits, &labels);
        let sure = softmax(&[0.0, 3.0 * factor])[1];
        assert!((sure - 0.7).abs() < 1e-3, "{sure}");
    }

    #[test]
    fn platt_mends_an_offset_as_well() {
        let (logits, labels) = rows(3.0, 1.0);
        let (scale, offset) = platt(&logits, &labels);
        for (score, expected) in [(4.0, 0.7), (-2.0, 0.3)] {
            let share = softmax(&[0.0, score * scale + offset])[1];
            assert!((share - expected).abs() < 1e-2, "{share}");
        }
    }

    #[test]
    fn labels_against_a_sure_score_are_not_trusted_and_those_of_unsure_scores_are() {
        let mut logits = vec![vec![0.0, 4.0]; 40];
        logits.extend(vec![vec![4.0, 0.0]; 40]);
        logits.extend([vec![0.0, 0.1], vec![0.1, 0.0]]);
        let mut labels = [vec![1; 40], vec![0; 40], vec![0, 1]].concat();
        (labels[7], labels[60]) = (0, 1);
        let doubted: Vec<usize> = trusted(&logits, &labels)
            .iter()
            .enumerate()
            .filter(|(_, trusted)| !**trusted)
            .map(|(at, _)| at)
            .collect();
        assert_eq!(doubted, [7, 60]);
    }

    #[test]
    fn the_calibration_error_is_the_mean_gap_of_the_bins() {
        assert!(
            (calibration_error(&[0.85, 0.85, 0.15, 0.15], &[true, true, false, true], 10) - 0.25).abs()
                < 1e-9
        );
        assert!(calibration_error(&[], &[], 10).abs() < 1e-9);
    }
}

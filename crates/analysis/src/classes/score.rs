//! Answers beside the gold, and what follows from them: accuracy, F1, calibration error.

use super::Task;
use crate::linear::calibrate::calibration_error;
use crate::linear::number::Random;

/// Bins of the calibration error.
pub const BINS: usize = 10;

/// What was said of each text, and what is so. An answer beyond the task's is wrong.
#[derive(Debug, Clone)]
pub struct Answers {
    classes: usize,
    gold: Vec<usize>,
    said: Vec<usize>,
    sure: Vec<f64>,
}

impl Answers {
    /// None yet.
    #[must_use]
    pub fn new(task: Task) -> Self {
        Self { classes: task.answers().len(), gold: Vec::new(), said: Vec::new(), sure: Vec::new() }
    }

    /// One text: what it is, what was said, and how surely.
    pub fn add(&mut self, gold: usize, said: usize, sure: f64) {
        self.gold.push(gold);
        self.said.push(said);
        self.sure.push(sure);
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.gold.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gold.is_empty()
    }

    /// Share of right answers.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right = self.gold.iter().zip(&self.said).filter(|(gold, said)| gold == said).count();
        right as f64 / self.len().max(1) as f64
    }

    /// Harmonic mean of precision and recall for `class`; 0 where it neither is nor is said.
    #[must_use]
    pub fn f1(&self, class: usize) -> f64 {
        let count = |list: &[usize]| list.iter().filter(|one| **one == class).count();
        let pairs = self.gold.iter().zip(&self.said);
        let both = pairs.filter(|(gold, said)| **gold == class && **said == class).count();
        2.0 * both as f64 / (count(&self.gold) + count(&self.said)).max(1) as f64
    }

    /// Mean F1 of the classes, over all texts together.
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        (0..self.classes).map(|class| self.f1(class)).sum::<f64>() / self.classes as f64
    }

    /// Expected calibration error of the answers.
    #[must_use]
    pub fn calibration_error(&self) -> f64 {
        let right: Vec<bool> = self.gold.iter().zip(&self.said).map(|(gold, said)| gold == said).collect();
        calibration_error(&self.sure, &right, BINS)
    }

    /// The same texts, all answered with `class`.
    #[must_use]
    pub fn always(&self, class: usize) -> Self {
        Self { said: vec![class; self.len()], ..self.clone() }
    }

    /// The same texts, all answered with the commonest class.
    #[must_use]
    pub fn of_majority(&self) -> Self {
        let count = |class: usize| self.gold.iter().filter(|gold| **gold == class).count();
        self.always((0..self.classes).rev().max_by_key(|class| count(*class)).unwrap_or_default())
    }

    /// Accuracy, calibration error and the F1 of each class.
    #[must_use]
    pub fn note(&self, task: Task) -> String {
        format!(
            "accuracy {:.3}, macro-F1 {:.3}, calibration error {:.3}; {}",
            self.accuracy(),
            self.macro_f1(),
            self.calibration_error(),
            self.classes_note(task)
        )
    }

    /// The F1 of each class.
    #[must_use]
    pub fn classes_note(&self, task: Task) -> String {
        let each = |(class, name): (usize, &&str)| format!("{name} {:.3}", self.f1(class));
        task.answers().iter().enumerate().map(each).collect::<Vec<_>>().join(", ")
    }
}

/// Samples drawn for an interval.
const DRAWS: usize = 1_000;

/// Between what the calibration error of samples drawn with putting back lies 95 times in 100 (percentile bootstrap,
/// Efron 1979). It lies higher than the error itself, which few texts in a bin only ever add to.
#[must_use]
pub fn interval(sure: &[f64], right: &[bool]) -> String {
    let mut random = Random::new(1);
    let mut errors: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn: Vec<usize> =
                sure.iter().map(|_| (random.word() % sure.len() as u64) as usize).collect();
            let sure: Vec<f64> = drawn.iter().map(|at| sure[*at]).collect();
            let right: Vec<bool> = drawn.iter().map(|at| right[*at]).collect();
            calibration_error(&sure, &right, BINS)
        })
        .collect();
    errors.sort_by(f64::total_cmp);
    let at = |share: usize| errors[(DRAWS - 1) * share / 1_000];
    format!("95% of {DRAWS} bootstrap samples between {:.3} and {:.3}", at(25), at(975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_calibrated_sample_is_narrow_and_the_same_each_time() {
        let sure: Vec<f64> = (0..1_000).map(|_| 0.85).collect();
        let right: Vec<bool> = (0..1_000).map(|at| at % 20 < 17).collect();
        let said = interval(&sure, &right);
        assert_eq!(said, interval(&sure, &right));
        assert!(said.contains("between 0.00") && said.contains("and 0.02"), "{said}");
    }

    #[test]
    fn f1_weighs_what_was_missed_and_what_was_said_in_vain() {
        let mut answers = Answers::new(Task::Relevance);
        for (gold, said) in [(1, 1), (1, 0), (0, 1), (0, 0), (1, 1)] {
            answers.add(gold, said, 0.6);
        }
        assert!((answers.f1(1) - 2.0 / 3.0).abs() < 1e-12);
        assert!((answers.macro_f1() - (2.0 / 3.0 + 0.5) / 2.0).abs() < 1e-12);
        assert!((answers.accuracy() - 0.6).abs() < 1e-12 && answers.calibration_error() < 1e-12);
        assert!((answers.of_majority().accuracy() - 0.6).abs() < 1e-12);
    }
}

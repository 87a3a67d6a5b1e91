//! Answers beside the gold, and what follows from them: accuracy, F1, calibration error.

use crisislens_analysis::classes::Task;
use crisislens_analysis::linear::calibrate::calibration_error;

use super::BINS;

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
    pub fn len(&self) -> usize {
        self.gold.len()
    }

    /// Share of right answers.
    pub fn accuracy(&self) -> f64 {
        let right = self.gold.iter().zip(&self.said).filter(|(gold, said)| gold == said).count();
        right as f64 / self.len().max(1) as f64
    }

    /// Harmonic mean of precision and recall for `class`; 0 where it neither is nor is said.
    pub fn f1(&self, class: usize) -> f64 {
        let count = |list: &[usize]| list.iter().filter(|one| **one == class).count();
        let pairs = self.gold.iter().zip(&self.said);
        let both = pairs.filter(|(gold, said)| **gold == class && **said == class).count();
        2.0 * both as f64 / (count(&self.gold) + count(&self.said)).max(1) as f64
    }

    /// Mean F1 of the classes, over all texts together.
    pub fn macro_f1(&self) -> f64 {
        (0..self.classes).map(|class| self.f1(class)).sum::<f64>() / self.classes as f64
    }

    /// Expected calibration error of the answers.
    pub fn calibration_error(&self) -> f64 {
        let right: Vec<bool> = self.gold.iter().zip(&self.said).map(|(gold, said)| gold == said).collect();
        calibration_error(&self.sure, &right, BINS)
    }

    /// The same texts, all answered with `class`.
    pub fn always(&self, class: usize) -> Self {
        Self { said: vec![class; self.len()], ..self.clone() }
    }

    /// The same texts, all answered with the commonest class.
    pub fn of_majority(&self) -> Self {
        let count = |class: usize| self.gold.iter().filter(|gold| **gold == class).count();
        self.always((0..self.classes).rev().max_by_key(|class| count(*class)).unwrap_or_default())
    }

    /// Accuracy, calibration error and the F1 of each class.
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
    pub fn classes_note(&self, task: Task) -> String {
        let each = |(class, name): (usize, &&str)| format!("{name} {:.3}", self.f1(class));
        task.answers().iter().enumerate().map(each).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

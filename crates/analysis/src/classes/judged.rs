//! What a learner's models say of the texts they have not seen, beside what is so.

use super::score::Answers;
use super::train::{HeldOut, Learner};
use super::{Task, likeliest};

impl Learner {
    /// The probabilities of the answers for each judged example, by a model and a calibration that saw nothing of its group.
    #[must_use]
    pub fn probabilities(&self, held_out: &HeldOut) -> Vec<(usize, Vec<f64>)> {
        let last = (0..held_out.len()).map(|at| self.group(at)).max().map_or(0, |last| last + 1);
        let calibrations: Vec<_> = (0..last).map(|group| self.calibration(held_out, Some(group))).collect();
        let rows = held_out.iter().enumerate();
        rows.filter_map(|(at, logits)| {
            let logits = calibrations[self.group(at)].apply(logits.as_ref()?);
            Some((at, self.task().probabilities(&logits)))
        })
        .collect()
    }

    /// The likeliest answers beside what is so.
    #[must_use]
    pub fn answers(&self, held_out: &HeldOut) -> Answers {
        let mut out = Answers::new(self.task());
        for (at, probabilities) in self.probabilities(held_out) {
            let said = likeliest(&probabilities);
            out.add(self.task().classes()[self.label(at)], said, probabilities[said]);
        }
        out
    }

    /// For a task of two answers: half the best F1 that held-out parts reach with any threshold, which is the best threshold for calibrated
    /// probabilities (Lipton et al. 2014); over the labels that the calibration trusts.
    #[must_use]
    pub fn threshold(&self, held_out: &HeldOut) -> f64 {
        let trusted = self.trusted(held_out);
        let mut said: Vec<(f64, bool)> = self
            .probabilities(held_out)
            .into_iter()
            .filter(|(at, _)| trusted[*at])
            .map(|(at, probabilities)| (probabilities[1], self.task().classes()[self.label(at)] == 1))
            .collect();
        said.sort_by(|a, b| b.0.total_cmp(&a.0));
        let all = said.iter().filter(|(_, yes)| *yes).count() as f64;
        let (mut hits, mut best) = (0.0, 0.0_f64);
        for (count, (_, yes)) in said.iter().enumerate() {
            hits += f64::from(u8::from(*yes));
            best = best.max(2.0 * hits / (count as f64 + 1.0 + all));
        }
        best / 2.0
    }

    /// The figures of a task's card.
    #[must_use]
    pub fn figures(&self, held_out: &HeldOut) -> Vec<(&'static str, f64)> {
        let answers = self.answers(held_out);
        let mut figures = vec![
            ("texts", answers.len() as f64),
            ("accuracy", round(answers.accuracy())),
            ("macro_f1", round(answers.macro_f1())),
            ("calibration_error", round(answers.calibration_error())),
        ];
        if self.task() == Task::CheckWorthiness {
            let trusted = self.trusted(held_out).iter().filter(|trusted| **trusted).count();
            figures.push(("f1_best_from_probability", round(self.threshold(held_out))));
            figures.push(("share_of_labels_trusted", round(trusted as f64 / answers.len().max(1) as f64)));
        }
        figures
    }
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

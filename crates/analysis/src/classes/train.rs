//! Training of a task's model: the settings, predictions for whole events left out, calibration on them, and the file.

use super::Task;
use crate::Analyzer;
use crate::linear::calibrate::{platt, temperature, trusted};
use crate::linear::train::{Corpus, MAX_GROUPS, Method, Sample, Settings};
use crate::linear::{MAX_CLASSES, Model, ModelError, pack};

/// Most models trained for the predictions of held-out groups: beyond it several groups are left out together.
const MAX_FOLDS: usize = 10;

/// About how many texts a calibration is fitted on at most.
const MAX_CALIBRATING: usize = 6_000;

/// A text with the class it is of.
#[derive(Debug, Clone, Copy)]
pub struct Example<'a> {
    /// What was written.
    pub text: &'a str,
    /// The model's class.
    pub class: usize,
    /// Its event, below [`crate::linear::train::MAX_GROUPS`].
    pub group: usize,
    /// Whether predictions for it are wanted, and calibrate the model: false for what only helps to learn.
    pub judged: bool,
}

/// How logits are made to say probabilities: times `scale`, plus `shift` for each class.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Factor.
    pub scale: f64,
    /// Addend of each class; empty for none.
    pub shift: Vec<f64>,
}

impl Calibration {
    /// Applies it.
    #[must_use]
    pub fn apply(&self, logits: &[f64]) -> Vec<f64> {
        let shift = |class: usize| self.shift.get(class).copied().unwrap_or(0.0);
        logits.iter().enumerate().map(|(class, logit)| logit * self.scale + shift(class)).collect()
    }
}

/// The logits of each judged example by a model that saw no text of its group; `None` for the others.
pub type HeldOut = Vec<Option<Vec<f64>>>;

/// Learns one task from its examples.
pub struct Learner {
    task: Task,
    corpus: Corpus,
    samples: Vec<Sample>,
    judged: Vec<bool>,
}

impl Task {
    /// How its model is trained. The numbers were chosen on the events of the public sets, each left out in turn.
    #[must_use]
    pub fn settings(self) -> Settings {
        let common = Settings {
            classes: self.classes().len(),
            method: Method::Odds,
            min_texts: 2,
            min_groups: 2,
            idf: true,
            l2: 1e-3,
            rate: 0.2,
            passes: 6,
            balance: 0.3,
            seed: 1,
        };
        match self {
            Self::Hazard => Settings { min_texts: 3, min_groups: 3, ..common },
            Self::Relevance => Settings { balance: 0.0, ..common },
            Self::Humanitarian => Settings {
                method: Method::Margins { plain: 0.03, counted: 0.003 },
                balance: 0.7,
                min_texts: 3,
                min_groups: 3,
                ..common
            },
            // Its sentences have no events.
            Self::CheckWorthiness => Settings { l2: 6e-4, rate: 0.3, min_groups: 1, balance: 0.15, ..common },
        }
    }

    /// Places in the table of its model file.
    #[must_use]
    pub const fn slots(self) -> usize {
        match self {
            Self::Hazard => 1 << 17,
            _ => 1 << 16,
        }
    }
}

impl Learner {
    /// Reads `examples` as the model will read texts.
    #[must_use]
    pub fn new(analyzer: &Analyzer, task: Task, examples: &[Example<'_>]) -> Self {
        Self::with(analyzer, task, examples, &task.settings())
    }

    /// As [`Learner::new`], with other settings.
    #[must_use]
    pub fn with(analyzer: &Analyzer, task: Task, examples: &[Example<'_>], settings: &Settings) -> Self {
        let sample = |example: &Example<'_>| Sample {
            features: analyzer.features(example.text, task),
            label: example.class,
            group: example.group,
        };
        let samples: Vec<Sample> = examples.iter().map(sample).collect();
        let corpus = Corpus::new(&samples, settings);
        let judged = examples.iter().map(|example| example.judged).collect();
        Self { task, corpus, samples, judged }
    }

    /// Predicts every judged example by a model that saw nothing of its group.
    ///
    /// # Errors
    /// Never for models that this crate packs.
    pub fn held_out(&self) -> Result<HeldOut, ModelError> {
        let mut out = vec![None; self.samples.len()];
        let folds = self.folds();
        for fold in 0..MAX_FOLDS {
            let mut asked = self.judged().filter(|at| folds[self.samples[*at].group] == fold).peekable();
            if asked.peek().is_none() {
                continue;
            }
            let learnt = self.corpus.train(|group| folds[group] != fold);
            let bytes = pack(&learnt, self.task.slots(), 1.0, &[]);
            let model = Model::read(&bytes)?;
            for at in asked {
                out[at] = Some(model.logits(&self.samples[at].features)[..model.classes()].to_vec());
            }
        }
        Ok(out)
    }

    /// Which groups are left out together: those whose commonest class is the same are spread, so that no class loses
    /// all its events at once.
    fn folds(&self) -> [usize; MAX_GROUPS] {
        let mut counts = vec![[0_usize; MAX_CLASSES]; MAX_GROUPS];
        for at in self.judged() {
            counts[self.samples[at].group][self.samples[at].label] += 1;
        }
        let commonest = |group: usize| {
            (0..MAX_CLASSES).rev().max_by_key(|class| counts[group][*class]).unwrap_or_default()
        };
        let mut groups: Vec<usize> =
            (0..MAX_GROUPS).filter(|group| counts[*group] != [0; MAX_CLASSES]).collect();
        groups.sort_by_key(|group| (commonest(*group), *group));
        let mut folds = [usize::MAX; MAX_GROUPS];
        for (place, group) in groups.into_iter().enumerate() {
            folds[group] = place % MAX_FOLDS;
        }
        folds
    }

    /// The calibration that suits `held_out`, without what is of the group `without`.
    #[must_use]
    pub fn calibration(&self, held_out: &HeldOut, without: Option<usize>) -> Calibration {
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        // Two numbers at most are fitted: some thousands of texts, taken evenly, are enough.
        let every = self.judged().count() / MAX_CALIBRATING + 1;
        for (sample, row) in self.samples.iter().zip(held_out).step_by(every) {
            if let Some(row) = row
                && Some(sample.group) != without
            {
                logits.push(row.clone());
                labels.push(sample.label);
            }
        }
        if self.task == Task::CheckWorthiness {
            let keep = trusted(&logits, &labels);
            let mut kept = keep.iter();
            logits.retain(|_| kept.next().is_some_and(|keep| *keep));
            let mut kept = keep.iter();
            labels.retain(|_| kept.next().is_some_and(|keep| *keep));
            let (scale, offset) = platt(&logits, &labels);
            return Calibration { scale, shift: vec![0.0, offset] };
        }
        Calibration { scale: temperature(&logits, &labels), shift: Vec::new() }
    }

    /// Which judged examples of a task of two classes have a label to trust, by the predictions that did not see it;
    /// false for those not judged.
    #[must_use]
    pub fn trusted(&self, held_out: &HeldOut) -> Vec<bool> {
        let rows = held_out.iter().zip(&self.samples).enumerate();
        let judged: Vec<(usize, (Vec<f64>, usize))> =
            rows.filter_map(|(at, (logits, sample))| Some((at, (logits.clone()?, sample.label)))).collect();
        let (places, known): (Vec<usize>, Vec<(Vec<f64>, usize)>) = judged.into_iter().unzip();
        let (logits, labels): (Vec<Vec<f64>>, Vec<usize>) = known.into_iter().unzip();
        let mut out = vec![false; held_out.len()];
        for (at, trusted) in places.into_iter().zip(trusted(&logits, &labels)) {
            out[at] = trusted;
        }
        out
    }

    /// The question.
    #[must_use]
    pub fn task(&self) -> Task {
        self.task
    }

    /// The class of example `at`.
    pub(super) fn label(&self, at: usize) -> usize {
        self.samples[at].label
    }

    /// The group of example `at`.
    pub(super) fn group(&self, at: usize) -> usize {
        self.samples[at].group
    }

    /// The model file, learnt from all examples.
    #[must_use]
    pub fn finish(&self, calibration: &Calibration) -> Vec<u8> {
        pack(&self.corpus.train(|_| true), self.task.slots(), calibration.scale, &calibration.shift)
    }

    fn judged(&self) -> impl Iterator<Item = usize> {
        self.judged.iter().enumerate().filter(|(_, judged)| **judged).map(|(at, _)| at)
    }
}

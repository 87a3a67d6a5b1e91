//! Training: AdaGrad on the multinomial log-loss with L2, in one thread and one order.
//!
//! Sources: AdaGrad, Duchi et al. 2011, with one rate per feature; L2 as a shrinking of the weights a sample touches
//! (the implicit step, which no rate can make unstable); weights averaged over the later passes (Polyak and Juditsky
//! 1992). Inverse document frequency scales a feature as it does in TF-IDF and is folded into the weight in the end, so
//! that prediction needs no table of frequencies.

mod margins;

use std::collections::HashMap;

use super::number::{Random, exp, ln};
use super::{Feature, MAX_CLASSES};
use margins::Texts;

/// Most groups of a corpus.
pub const MAX_GROUPS: usize = 64;
/// Keeps the first step of a feature finite.
const FIRST_SQUARE: f32 = 1e-3;

/// One text to learn from.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What is in it, each key once.
    pub features: Vec<Feature>,
    /// Its class.
    pub label: usize,
    /// Its event (or other origin), below [`MAX_GROUPS`]; a feature must be seen in several.
    pub group: usize,
}

/// By what weights are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// The log-loss of all classes together: scores that are nearly probabilities.
    Odds,
    /// Margins of each class against the others (`margins`): better with rare classes.
    Margins {
        /// Cost of an error in the plain machine.
        plain: f64,
        /// Cost of an error where features count by their log-count ratio.
        counted: f64,
    },
}

/// How to learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How many classes there are.
    pub classes: usize,
    /// By what. Penalty, rate and passes are those of [`Method::Odds`].
    pub method: Method,
    /// Fewest texts that a feature must be in.
    pub min_texts: u32,
    /// Fewest groups that a feature must be in: what only one event says is no sign of a class.
    pub min_groups: u32,
    /// Whether rare features weigh more (inverse document frequency).
    pub idf: bool,
    /// L2 penalty per sample.
    pub l2: f64,
    /// First step.
    pub rate: f32,
    /// Passes over the samples.
    pub passes: usize,
    /// 0: each sample counts alike; 1: each class does.
    pub balance: f64,
    /// Beginning of the order of samples.
    pub seed: u64,
}

/// What was learnt.
#[derive(Debug, Clone)]
pub struct Weights {
    /// How many classes.
    pub classes: usize,
    /// The features kept, in order of their keys.
    pub keys: Vec<u64>,
    /// For each feature its weight in each class.
    pub weights: Vec<f64>,
    /// For each class.
    pub bias: Vec<f64>,
}

/// Samples with their features numbered, to be learnt from as a whole or by parts.
#[derive(Debug)]
pub struct Corpus {
    settings: Settings,
    keys: Vec<u64>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    features: Vec<(u32, f32)>,
    label: usize,
    group: usize,
}

impl Corpus {
    /// Numbers the features of `samples` that can pass the thresholds of `settings`.
    #[must_use]
    pub fn new(samples: &[Sample], settings: &Settings) -> Self {
        let mut seen: HashMap<u64, (u32, u64)> = HashMap::new();
        for sample in samples {
            for feature in &sample.features {
                let (texts, groups) = seen.entry(feature.key).or_default();
                *texts += 1;
                *groups |= 1 << sample.group;
            }
        }
        let mut keys: Vec<u64> = seen
            .into_iter()
            .filter(|(_, (texts, groups))| passes(settings, *texts, *groups))
            .map(|(key, _)| key)
            .collect();
        // The map's order is chance.
        keys.sort_unstable();
        let index: HashMap<u64, u32> = keys.iter().enumerate().map(|(at, key)| (*key, at as u32)).collect();
        let row = |sample: &Sample| Row {
            features: sample
                .features
                .iter()
                .filter_map(|feature| Some((*index.get(&feature.key)?, feature.value)))
                .collect(),
            label: sample.label,
            group: sample.group,
        };
        Self { settings: *settings, keys, rows: samples.iter().map(row).collect() }
    }

    /// Learns from the groups that `wanted` takes. Equal samples in equal order and equal settings give equal weights
    /// on every machine.
    #[must_use]
    pub fn train(&self, wanted: impl Fn(usize) -> bool) -> Weights {
        let settings = &self.settings;
        let rows: Vec<&Row> = self.rows.iter().filter(|row| wanted(row.group)).collect();
        let (texts, groups) = self.frequencies(&rows);
        let total = rows.len() as f64;
        let idf: Vec<f32> = texts
            .iter()
            .zip(&groups)
            .map(|(texts, groups)| match (passes(settings, *texts, *groups), settings.idf) {
                (true, true) => (ln((1.0 + total) / (1.0 + f64::from(*texts))) + 1.0) as f32,
                (true, false) => 1.0,
                (false, _) => 0.0,
            })
            .collect();
        let scaled: Vec<Vec<(u32, f32)>> = rows
            .iter()
            .map(|row| {
                let scale = |(at, value): &(u32, f32)| (*at, *value * idf[*at as usize]);
                row.features.iter().map(scale).filter(|(_, value)| *value != 0.0).collect()
            })
            .collect();
        let importance = importance(&rows, settings);
        if let Method::Margins { plain, counted } = settings.method {
            let labels: Vec<usize> = rows.iter().map(|row| row.label).collect();
            let texts = Texts {
                rows: &scaled,
                labels: &labels,
                importance: &importance,
                features: self.keys.len(),
                classes: settings.classes,
                seed: settings.seed,
            };
            let (weights, bias) = texts.learn(plain, counted);
            return self.weights(&weights, bias, &idf);
        }
        let mut state = State::new(&texts, total * settings.l2, settings);
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let mut random = Random::new(settings.seed);
        for pass in 0..settings.passes {
            random.shuffle(&mut order);
            for &at in &order {
                let label = rows[at].label;
                state.step(&scaled[at], label, importance[label]);
            }
            if pass >= settings.passes / 2 {
                state.remember();
            }
        }
        let times = f64::from(state.remembered.max(1));
        let mean = |sums: &[f32]| -> Vec<f64> { sums.iter().map(|sum| f64::from(*sum) / times).collect() };
        self.weights(&mean(&state.sum), mean(&state.bias_sum), &idf)
    }

    /// In how many texts, and in which groups, each feature is.
    fn frequencies(&self, rows: &[&Row]) -> (Vec<u32>, Vec<u64>) {
        let (mut texts, mut groups) = (vec![0_u32; self.keys.len()], vec![0_u64; self.keys.len()]);
        for row in rows {
            for (feature, _) in &row.features {
                texts[*feature as usize] += 1;
                groups[*feature as usize] |= 1 << row.group;
            }
        }
        (texts, groups)
    }

    /// What was learnt of the features that count, each times its factor.
    fn weights(&self, learnt: &[f64], bias: Vec<f64>, idf: &[f32]) -> Weights {
        let classes = self.settings.classes;
        let (mut keys, mut weights) = (Vec::new(), Vec::new());
        for ((key, idf), row) in self.keys.iter().zip(idf).zip(learnt.chunks_exact(classes)) {
            if *idf != 0.0 {
                keys.push(*key);
                weights.extend(row.iter().map(|weight| weight * f64::from(*idf)));
            }
        }
        Weights { classes, keys, weights, bias }
    }
}

fn passes(settings: &Settings, texts: u32, groups: u64) -> bool {
    texts >= settings.min_texts && groups.count_ones() >= settings.min_groups
}

/// How much a sample of each class counts.
fn importance(rows: &[&Row], settings: &Settings) -> Vec<f32> {
    let mut counts = vec![0.0_f64; settings.classes];
    for row in rows {
        counts[row.label] += 1.0;
    }
    let even = rows.len() as f64 / settings.classes as f64;
    counts.iter().map(|count| exp(settings.balance * ln(even / count.max(1.0))) as f32).collect()
}

/// The weights as they move. What belongs to one feature lies together: its weights, the sum of its squared slopes,
/// and the penalty of one visit.
struct State {
    classes: usize,
    rate: f32,
    cells: Vec<f32>,
    bias: Vec<f32>,
    bias_square: f32,
    sum: Vec<f32>,
    bias_sum: Vec<f32>,
    remembered: u32,
}

impl State {
    /// `shrink` is the penalty of a pass, shared among the texts that a feature is in.
    fn new(texts: &[u32], shrink: f64, settings: &Settings) -> Self {
        let classes = settings.classes;
        let mut cells = vec![0.0; texts.len() * (classes + 2)];
        for (cell, texts) in cells.chunks_exact_mut(classes + 2).zip(texts) {
            cell[classes] = FIRST_SQUARE;
            cell[classes + 1] = (shrink / f64::from((*texts).max(1))) as f32;
        }
        Self {
            classes,
            rate: settings.rate,
            cells,
            bias: vec![0.0; classes],
            bias_square: 1.0,
            sum: vec![0.0; texts.len() * classes],
            bias_sum: vec![0.0; classes],
            remembered: 0,
        }
    }

    /// Learns from one sample.
    fn step(&mut self, row: &[(u32, f32)], label: usize, importance: f32) {
        let (classes, width) = (self.classes, self.classes + 2);
        let mut scores = [0.0_f32; MAX_CLASSES];
        scores[..classes].copy_from_slice(&self.bias);
        for (feature, value) in row {
            let at = *feature as usize * width;
            for (score, weight) in scores.iter_mut().zip(&self.cells[at..at + classes]) {
                *score += weight * value;
            }
        }
        let slope = slopes(&scores[..classes], label, importance);
        let square: f32 = slope.iter().map(|slope| slope * slope).sum();
        self.bias_square += square;
        let rate = self.rate / self.bias_square.sqrt();
        self.bias.iter_mut().zip(&slope).for_each(|(bias, slope)| *bias -= rate * slope);
        for (feature, value) in row {
            let at = *feature as usize * width;
            let cell = &mut self.cells[at..at + width];
            cell[classes] += square * value * value;
            let rate = self.rate / cell[classes].sqrt();
            let keep = 1.0 / (1.0 + rate * cell[classes + 1]);
            for (weight, slope) in cell[..classes].iter_mut().zip(&slope) {
                *weight = (*weight - rate * slope * value) * keep;
            }
        }
    }

    /// Takes the weights as they are now into the average.
    fn remember(&mut self) {
        let cells = self.cells.chunks_exact(self.classes + 2);
        for (sums, cell) in self.sum.chunks_exact_mut(self.classes).zip(cells) {
            sums.iter_mut().zip(cell).for_each(|(sum, weight)| *sum += weight);
        }
        self.bias_sum.iter_mut().zip(&self.bias).for_each(|(sum, bias)| *sum += bias);
        self.remembered += 1;
    }
}

/// The slope of the loss in each score.
fn slopes(scores: &[f32], label: usize, importance: f32) -> [f32; MAX_CLASSES] {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut out = [0.0; MAX_CLASSES];
    let mut sum = 0.0;
    for (out, score) in out.iter_mut().zip(scores) {
        *out = exp(f64::from(score - top)) as f32;
        sum += *out;
    }
    for (class, out) in out[..scores.len()].iter_mut().enumerate() {
        *out = (*out / sum - f32::from(u8::from(class == label))) * importance;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings {
        classes: 2,
        method: Method::Odds,
        min_texts: 1,
        min_groups: 2,
        idf: true,
        l2: 1e-3,
        rate: 0.5,
        passes: 6,
        balance: 0.0,
        seed: 7,
    };

    fn sample(keys: &[u64], label: usize, group: usize) -> Sample {
        let features = keys.iter().map(|key| Feature { key: *key, value: 0.5 }).collect();
        Sample { features, label, group }
    }

    /// Key 1 is a sign of class 1 in both groups, key 2 of class 0; key 9 is in one group only.
    fn samples() -> Vec<Sample> {
        let one = |at: u64| {
            let keys = if at < 10 { vec![1 + at % 2, 3, 9] } else { vec![1 + at % 2, 3] };
            sample(&keys, usize::from(at.is_multiple_of(2)), usize::from(at < 10))
        };
        (0..20).map(one).collect()
    }

    #[test]
    fn signs_of_a_class_get_its_weight_and_what_one_group_says_gets_none() {
        let learnt = Corpus::new(&samples(), &SETTINGS).train(|_| true);
        assert_eq!(learnt.keys, [1, 2, 3]);
        assert!(learnt.weights[1] > 0.1 && learnt.weights[2] > 0.1 && learnt.weights[0] < -0.1);
    }

    #[test]
    fn a_group_left_out_is_as_if_it_were_not_there() {
        let settings = Settings { min_groups: 1, ..SETTINGS };
        let kept: Vec<Sample> = samples().into_iter().filter(|sample| sample.group == 0).collect();
        let part = Corpus::new(&samples(), &settings).train(|group| group == 0);
        let whole = Corpus::new(&kept, &settings).train(|_| true);
        assert_eq!(part.weights, whole.weights);
        assert!(!part.keys.contains(&9));
    }
}

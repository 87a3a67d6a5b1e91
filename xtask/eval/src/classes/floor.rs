//! The floor: TF-IDF of words and pairs of words with nothing masked, logistic regression, the likelier class wins. The
//! penalty is a tenth of the inverse of the number of texts, as where C is 10: where C is 1, texts of length 1 leave the
//! weights so small that rare classes are never said, and the floor is no rival.

use std::collections::HashMap;

use crisislens_analysis::classes::{Task, likeliest};
use crisislens_analysis::linear::number::ln;
use crisislens_analysis::linear::train::{Corpus, Method, Sample, Settings};
use crisislens_analysis::linear::{Feature, Model, key, pack};

use super::data::Labelled;
use crisislens_analysis::classes::score::Answers;

/// Penalty times the number of texts: the inverse of C.
const PENALTY: f64 = 0.1;
/// Places in the table; all features fit.
const SLOTS: usize = 1 << 18;

/// The judged rows, each answered by a model that saw nothing of its group.
pub fn held_out(rows: &[Labelled], groups: &[usize], task: Task) -> anyhow::Result<Answers> {
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    let features = tf_idf(&texts, texts.len());
    let samples: Vec<Sample> = features
        .into_iter()
        .zip(rows.iter().zip(groups))
        .map(|(features, (row, group))| Sample { features, label: task.classes()[row.class], group: *group })
        .collect();
    let corpus = Corpus::new(&samples, &settings(samples.len(), task));
    let mut out = Answers::new(task);
    for left in 0..groups.iter().max().map_or(0, |last| last + 1) {
        let bytes = pack(&corpus.train(|group| group != left), SLOTS, 1.0, &[]);
        let model = Model::read(&bytes)?;
        for (sample, _) in samples.iter().zip(rows).filter(|(sample, row)| sample.group == left && row.judged)
        {
            out.add(sample.label, answer(&model, &sample.features), 1.0);
        }
    }
    Ok(out)
}

/// `tested`, answered by a model that saw `learnt` only.
pub fn on(learnt: &[Labelled], tested: &[Labelled]) -> anyhow::Result<Answers> {
    let task = Task::CheckWorthiness;
    let texts: Vec<&str> = learnt.iter().chain(tested).map(|row| row.text.as_str()).collect();
    let mut features = tf_idf(&texts, learnt.len());
    let last = features.split_off(learnt.len());
    let sample = |(features, row): (Vec<Feature>, &Labelled)| Sample { features, label: row.class, group: 0 };
    let samples: Vec<Sample> = features.into_iter().zip(learnt).map(sample).collect();
    let bytes = pack(&Corpus::new(&samples, &settings(samples.len(), task)).train(|_| true), SLOTS, 1.0, &[]);
    let model = Model::read(&bytes)?;
    let mut out = Answers::new(task);
    for (features, row) in last.iter().zip(tested) {
        out.add(row.class, answer(&model, features), 1.0);
    }
    Ok(out)
}

fn settings(texts: usize, task: Task) -> Settings {
    Settings {
        classes: task.answers().len(),
        method: Method::Odds,
        min_texts: 2,
        min_groups: 1,
        idf: false,
        l2: PENALTY / texts as f64,
        rate: 0.5,
        passes: 6,
        balance: 0.0,
        seed: 1,
    }
}

fn answer(model: &Model<'_>, features: &[Feature]) -> usize {
    likeliest(&model.logits(features)[..model.classes()])
}

/// The words and pairs of words of each text, weighted by how rare they are in the first `known`, at length 1.
fn tf_idf(texts: &[&str], known: usize) -> Vec<Vec<Feature>> {
    let keys: Vec<Vec<u64>> = texts.iter().map(|text| words(text)).collect();
    let mut counts: HashMap<u64, f64> = HashMap::new();
    for key in keys.iter().take(known).flatten() {
        *counts.entry(*key).or_default() += 1.0;
    }
    let idf = |key: &u64| {
        let count = counts.get(key).copied().unwrap_or(0.0);
        ln((1.0 + known as f64) / (1.0 + count)) + 1.0
    };
    keys.iter()
        .map(|keys| {
            let length = keys.iter().map(|key| idf(key) * idf(key)).sum::<f64>().sqrt().max(1.0);
            keys.iter().map(|key| Feature { key: *key, value: (idf(key) / length) as f32 }).collect()
        })
        .collect()
}

fn words(text: &str) -> Vec<u64> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|char: char| !char.is_alphanumeric())
        .filter(|word| word.chars().nth(1).is_some())
        .collect();
    let mut keys: Vec<u64> = words.iter().map(|word| key(&[word.as_bytes()])).collect();
    keys.extend(words.windows(2).map(|pair| key(&[pair[0].as_bytes(), pair[1].as_bytes()])));
    keys.sort_unstable();
    keys.dedup();
    keys
}

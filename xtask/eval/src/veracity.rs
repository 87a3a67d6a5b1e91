//! Rumour veracity on PHEME: true, false or unverified, from a post and what it says of its author; each event left out.
//!
//! A linear model of readable traits, so that no name, place or hashtag of an event can be learnt. It measures how little
//! a text alone says of the truth; the product's likelihood does not use it (docs/evaluation.md).

mod post;

use std::path::Path;

use anyhow::Context;
use crisislens_analysis::linear::train::{Corpus, MAX_GROUPS, Method, Sample, Settings};
use crisislens_analysis::linear::{Feature, Model, key, pack};

use crate::Row;
use crate::data::{files, text_of};
use post::Post;

/// The labels, in the order of the classes.
const LABELS: [&str; 3] = ["true", "false", "unverified"];
const CLASSES: usize = LABELS.len();
/// Places in a model's table; all features fit.
const SLOTS: usize = 1 << 16;
/// What an even guess loses.
const EVEN_BRIER: f64 = 2.0 / 3.0;

/// How the traits are learnt: every class counts alike, and the penalty is strong, because four events or so are little to
/// learn from. Chosen on these events.
const SETTINGS: Settings = Settings {
    classes: CLASSES,
    method: Method::Odds,
    min_texts: 1,
    min_groups: 1,
    idf: false,
    l2: 0.2,
    rate: 0.05,
    passes: 20,
    balance: 1.0,
    seed: 1,
};
/// How the words of the floor are learnt.
const WORDS: Settings = Settings { min_texts: 2, idf: true, l2: 1e-3, rate: 0.2, passes: 6, ..SETTINGS };

/// What was said of each post beside its label.
struct Answers {
    gold: Vec<usize>,
    shares: Vec<Vec<f64>>,
}

/// All measures of this module, over the folder of labelled sets.
pub fn run(data: &Path) -> anyhow::Result<Vec<Row>> {
    let posts = load(&data.join("pheme-rumours"))?;
    let all = answers(&posts, &SETTINGS, |learnt| traits(learnt, Post::traits))?;
    let text = answers(&posts, &SETTINGS, |learnt| traits(learnt, Post::text_traits))?;
    let words = answers(&posts, &WORDS, |_| Box::new(word_features))?;
    let shares = by_shares(&posts);
    let n = posts.len();
    let f1 = Row {
        measure: "veracity_macro_f1",
        value: all.macro_f1(),
        must: Some(shares.macro_f1().max(0.35)),
        aim: Some(0.50),
        floors: vec![
            ("the other events' commonest label", shares.macro_f1()),
            ("the commonest label", all.of_majority().macro_f1()),
            ("words, nothing masked", words.macro_f1()),
            ("traits of the text alone", text.macro_f1()),
        ],
        n,
        higher_is_better: true,
        note: all.note(),
    };
    let brier = Row {
        measure: "veracity_brier",
        value: all.brier(),
        must: Some(EVEN_BRIER),
        aim: None,
        floors: vec![
            ("an even guess", EVEN_BRIER),
            ("the other events' shares", shares.brier()),
            ("words, nothing masked", words.brier()),
            ("traits of the text alone", text.brier()),
        ],
        n,
        higher_is_better: false,
        note: "sum over the three labels (Brier 1950): 0 to 2".to_owned(),
    };
    Ok(vec![f1, brier])
}

/// Every post of `folder`, with its event's number as group.
fn load(folder: &Path) -> anyhow::Result<Vec<Post>> {
    let files = files(folder, ".rumours.json.gz")?;
    anyhow::ensure!(
        (2..=MAX_GROUPS).contains(&files.len()),
        "{} holds no events to leave out in turn",
        folder.display()
    );
    let mut out = Vec::new();
    for (group, (_, file)) in files.iter().enumerate() {
        let read: Vec<post::Tweet> = serde_json::from_str(&text_of(file)?)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        for tweet in read {
            let label = LABELS.iter().position(|label| *label == tweet.veracity);
            out.extend(label.map(|label| Post { tweet, label, group }));
        }
    }
    Ok(out)
}

type Reader = Box<dyn Fn(&Post) -> Vec<Feature>>;

/// Predicts each post by a model that saw nothing of its event. `reader` makes features, and may look at what is learnt.
fn answers(
    posts: &[Post],
    settings: &Settings,
    reader: impl Fn(&[&Post]) -> Reader,
) -> anyhow::Result<Answers> {
    let mut out = Answers { gold: Vec::new(), shares: Vec::new() };
    for left in 0..groups(posts) {
        let learnt: Vec<&Post> = posts.iter().filter(|post| post.group != left).collect();
        let read = reader(&learnt);
        let sample = |post: &&Post| Sample { features: read(post), label: post.label, group: post.group };
        let samples: Vec<Sample> = learnt.iter().map(sample).collect();
        let bytes = pack(&Corpus::new(&samples, settings).train(|_| true), SLOTS, 1.0, &[]);
        let model = Model::read(&bytes)?;
        for post in posts.iter().filter(|post| post.group == left) {
            out.gold.push(post.label);
            out.shares.push(model.probabilities(&read(post)));
        }
    }
    Ok(out)
}

/// The floor that knows the labels of the other events and reads nothing.
fn by_shares(posts: &[Post]) -> Answers {
    let mut out = Answers { gold: Vec::new(), shares: Vec::new() };
    for left in 0..groups(posts) {
        let mut counts = [0.0; CLASSES];
        posts.iter().filter(|post| post.group != left).for_each(|post| counts[post.label] += 1.0);
        let all: f64 = counts.iter().sum();
        for post in posts.iter().filter(|post| post.group == left) {
            out.gold.push(post.label);
            out.shares.push(counts.iter().map(|count| count / all).collect());
        }
    }
    out
}

fn groups(posts: &[Post]) -> usize {
    posts.iter().map(|post| post.group + 1).max().unwrap_or_default()
}

/// Reads traits at the scale of what is learnt: mean 0 and deviation 1.
fn traits<const N: usize>(learnt: &[&Post], of: fn(&Post) -> [f64; N]) -> Reader {
    let rows: Vec<[f64; N]> = learnt.iter().map(|post| of(post)).collect();
    let n = rows.len().max(1) as f64;
    let (mut mean, mut deviation) = ([0.0; N], [0.0; N]);
    for at in 0..N {
        mean[at] = rows.iter().map(|row| row[at]).sum::<f64>() / n;
        let square = rows.iter().map(|row| (row[at] - mean[at]).powi(2)).sum::<f64>();
        deviation[at] = (square / n).sqrt().max(1e-6);
    }
    Box::new(move |post| {
        let scaled = of(post).into_iter().enumerate().map(|(at, value)| (value - mean[at]) / deviation[at]);
        // Beyond three deviations a trait says no more.
        let feature = |(at, value): (usize, f64)| Feature {
            key: key(&[b"trait", &(at as u64).to_le_bytes()]),
            value: value.clamp(-3.0, 3.0) as f32,
        };
        scaled.enumerate().map(feature).collect()
    })
}

fn word_features(post: &Post) -> Vec<Feature> {
    let lower = post.tweet.text.to_lowercase();
    let words = lower.split(|char: char| !char.is_alphanumeric()).filter(|word| word.len() > 1);
    let mut keys: Vec<u64> = words.map(|word| key(&[word.as_bytes()])).collect();
    keys.sort_unstable();
    keys.dedup();
    let value = 1.0 / (keys.len().max(1) as f32).sqrt();
    keys.into_iter().map(|key| Feature { key, value }).collect()
}

impl Answers {
    fn said(&self) -> Vec<usize> {
        self.shares.iter().map(|shares| crisislens_analysis::classes::likeliest(shares)).collect()
    }

    fn macro_f1(&self) -> f64 {
        let said = self.said();
        (0..CLASSES).map(|class| self.f1(&said, class)).sum::<f64>() / CLASSES as f64
    }

    fn f1(&self, said: &[usize], class: usize) -> f64 {
        let count = |list: &[usize]| list.iter().filter(|one| **one == class).count();
        let both =
            self.gold.iter().zip(said).filter(|(gold, said)| **gold == class && **said == class).count();
        2.0 * both as f64 / (count(&self.gold) + count(said)).max(1) as f64
    }

    fn brier(&self) -> f64 {
        let one = |(gold, shares): (&usize, &Vec<f64>)| -> f64 {
            let square =
                |(class, share): (usize, &f64)| (share - f64::from(u8::from(class == *gold))).powi(2);
            shares.iter().enumerate().map(square).sum()
        };
        self.gold.iter().zip(&self.shares).map(one).sum::<f64>() / self.gold.len().max(1) as f64
    }

    fn of_majority(&self) -> Self {
        let count = |class: usize| self.gold.iter().filter(|gold| **gold == class).count();
        let most = (0..CLASSES).rev().max_by_key(|class| count(*class)).unwrap_or_default();
        let mut shares = vec![0.0; CLASSES];
        shares[most] = 1.0;
        Self { gold: self.gold.clone(), shares: vec![shares; self.gold.len()] }
    }

    /// F1 of each label, and how well true and false are told apart where it is one of the two.
    fn note(&self) -> String {
        let said = self.said();
        let each =
            LABELS.iter().enumerate().map(|(class, label)| format!("{label} {:.3}", self.f1(&said, class)));
        format!("F1: {}; {}", each.collect::<Vec<_>>().join(", "), self.true_from_false())
    }

    /// The chance that a true post is given better odds than a false one (area under the curve); 0.5 is a coin.
    fn true_from_false(&self) -> String {
        let odds = |class: usize| -> Vec<f64> {
            let rows = self.gold.iter().zip(&self.shares).filter(move |(gold, _)| **gold == class);
            rows.map(|(_, shares)| shares[0] / shares[1].max(1e-12)).collect()
        };
        let (yes, no) = (odds(0), odds(1));
        let above: f64 = yes
            .iter()
            .map(|yes| {
                no.iter()
                    .map(|no| {
                        if yes > no {
                            1.0
                        } else if yes < no {
                            0.0
                        } else {
                            0.5
                        }
                    })
                    .sum::<f64>()
            })
            .sum();
        format!("true told from false with area {:.3}", above / (yes.len() * no.len()).max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_judged_by_label_and_by_distance() {
        let sure =
            |class: usize| (0..CLASSES).map(|at| f64::from(u8::from(at == class))).collect::<Vec<f64>>();
        let answers = Answers { gold: vec![0, 0, 1, 2], shares: vec![sure(0), sure(1), sure(1), sure(2)] };
        assert!((answers.macro_f1() - (2.0 / 3.0 + 2.0 / 3.0 + 1.0) / 3.0).abs() < 1e-12);
        assert!((answers.brier() - 0.5).abs() < 1e-12);
        assert!((answers.of_majority().macro_f1() - 2.0 / 3.0 / 3.0).abs() < 1e-12);
        assert!(answers.true_from_false().ends_with("0.750"));
    }

    #[test]
    fn the_labelled_rumours_are_judged_as_they_must() {
        let named = std::env::var_os("CRISISLENS_DATA").map(std::path::PathBuf::from).unwrap_or_default();
        let folders = [named.join("labelled"), named];
        let Some(data) = folders.iter().find(|folder| folder.join("pheme-rumours").is_dir()) else {
            println!("skipped: CRISISLENS_DATA does not name the folder of labelled sets");
            return;
        };
        for row in run(data).unwrap() {
            println!("{row:#?}");
            assert!(!row.misses(), "{} {}", row.measure, row.value);
        }
    }

    #[test]
    fn a_post_is_predicted_without_its_event() {
        // In each event the trait "asks" goes with "unverified": known from the other event only.
        let post = |text: &str, label: usize, group: usize| {
            let tweet: post::Tweet = serde_json::from_value(serde_json::json!({
                "text": text, "created_at": "Mon Nov 24 10:41:05 +0000 2014", "VERACITY": LABELS[label],
                "user": {"created_at": "Mon Mar 02 08:49:41 +0000 2009"}
            }))
            .unwrap();
            Post { tweet, label, group }
        };
        let one = |at: usize| match at % 3 {
            0 => post("why is this?", 2, at / 30),
            1 => post("police confirm that two are dead", 0, at / 30),
            _ => post("the report is false", 1, at / 30),
        };
        let posts: Vec<Post> = (0..60).map(one).collect();
        let found = answers(&posts, &SETTINGS, |learnt| traits(learnt, Post::traits)).unwrap();
        assert!((found.macro_f1() - 1.0).abs() < 1e-12);
        assert!(found.brier() < EVEN_BRIER);
    }
}

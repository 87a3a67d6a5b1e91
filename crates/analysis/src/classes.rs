//! The four questions that linear models answer of a text: hazard, relevance, humanitarian class, check-worthiness.
//! Here: the answers, what each model sees, and a prediction with its reasons. The method is in `linear`, the training in
//! `classes::train`, the weights in `models/`, each with a card of its data, figures and limits.

pub(crate) mod informs;
mod judged;
pub mod score;
pub mod train;

use std::borrow::Cow;

use crisislens_model::{HazardGuess, HazardType, RawItem};

use crate::features::{self, Features, Name, View};
use crate::lexicon::Find;
use crate::linear::{Feature, Model, ModelError, softmax};
use crate::place::Mention;
use crate::text::Doc;
use crate::{AnalysisError, Analyzer};

static HAZARD: &[u8] = include_bytes!("../models/hazard.bin");
static RELEVANCE: &[u8] = include_bytes!("../models/relevance.bin");
static HUMANITARIAN: &[u8] = include_bytes!("../models/humanitarian.bin");
static CHECK_WORTHINESS: &[u8] = include_bytes!("../models/checkworthiness.bin");

/// Most reasons of one prediction.
const MAX_REASONS: usize = 8;
/// Reasons that move the score less are not listed.
const LEAST_REASON: f64 = 0.02;
/// Fewer letters than these are too few for a model: it would answer by how common each answer is.
const MIN_LETTERS: usize = 8;
/// Least probability at which the model names a hazard that no word of the lexicon speaks of.
pub const LEAST_HAZARD: f64 = 0.5;

/// A question asked of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Which hazard it speaks of.
    Hazard,
    /// Whether it informs about an emergency.
    Relevance,
    /// What kind of humanitarian information it gives (HumAID, Alam et al. 2021, without its three rarest classes).
    Humanitarian,
    /// Whether it says something that is worth checking (CheckThat!).
    CheckWorthiness,
}

impl Task {
    /// Every task.
    pub const ALL: [Self; 4] = [Self::Hazard, Self::Relevance, Self::Humanitarian, Self::CheckWorthiness];

    /// The name of its model file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hazard => "hazard",
            Self::Relevance => "relevance",
            Self::Humanitarian => "humanitarian",
            Self::CheckWorthiness => "checkworthiness",
        }
    }

    /// The answers.
    #[must_use]
    pub const fn answers(self) -> &'static [&'static str] {
        match self {
            Self::Hazard => &[
                "earthquake",
                "flood",
                "tropical_cyclone",
                "wildfire",
                "technological",
                "transport",
                "violence",
                "none",
            ],
            Self::Relevance => &["not_informative", "informative"],
            Self::Humanitarian => &[
                "caution_and_advice",
                "displaced_people_and_evacuations",
                "infrastructure_and_utility_damage",
                "injured_or_dead_people",
                "missing_or_found_people",
                "requests_or_urgent_needs",
                "rescue_volunteering_or_donation_effort",
            ],
            Self::CheckWorthiness => &["not_checkworthy", "checkworthy"],
        }
    }

    /// The answer of each class of the model. Relevance is learnt by the kinds of CrisisLex (unrelated; sympathy, other
    /// and nothing of use; affected people, donations, caution, infrastructure, sympathy, other): what is to be told
    /// apart is easier to learn by its kinds.
    #[must_use]
    pub const fn classes(self) -> &'static [usize] {
        match self {
            Self::Hazard => &[0, 1, 2, 3, 4, 5, 6, 7],
            Self::Relevance => &[0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
            Self::Humanitarian => &[0, 1, 2, 3, 4, 5, 6],
            Self::CheckWorthiness => &[0, 1],
        }
    }

    /// The name of each class of the model: of the answer, or of a kind of it that is learnt apart.
    #[must_use]
    pub const fn labels(self) -> &'static [&'static str] {
        match self {
            Self::Relevance => &[
                "unrelated",
                "uninformative_sympathy",
                "uninformative_other",
                "not_informative",
                "affected_individuals",
                "donations_and_volunteering",
                "caution_and_advice",
                "infrastructure_and_utilities",
                "informative_sympathy",
                "informative",
            ],
            _ => self.answers(),
        }
    }

    /// The probability of each answer from the logits of the classes.
    #[must_use]
    pub fn probabilities(self, logits: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.answers().len()];
        for (answer, share) in self.classes().iter().zip(softmax(logits)) {
            out[*answer] += share;
        }
        out
    }

    fn view(self) -> View {
        // Addresses and lengths tell the labelled sets of hazards apart, not hazards.
        View { grams: true, senses: true, traits: self != Self::Hazard }
    }
}

/// A part of a text and how far it moves the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// The words, or the trait of the text in brackets.
    pub what: String,
    /// What it adds to the logarithm of the odds of the answer.
    pub weight: f64,
}

/// An answer with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The likeliest answer.
    pub answer: &'static str,
    /// Its calibrated probability.
    pub confidence: f64,
    /// That of every answer, in the order of [`Task::answers`].
    pub probabilities: Vec<f64>,
    /// What decided it, weightiest first.
    pub why: Vec<Contribution>,
}

/// The models in use.
pub(crate) struct Models([Model<'static>; 4]);

impl Models {
    pub(crate) fn new() -> Result<Self, AnalysisError> {
        Ok(Self([
            read(Task::Hazard, HAZARD)?,
            read(Task::Relevance, RELEVANCE)?,
            read(Task::Humanitarian, HUMANITARIAN)?,
            read(Task::CheckWorthiness, CHECK_WORTHINESS)?,
        ]))
    }

    pub(crate) fn of(&self, task: Task) -> &Model<'static> {
        &self.0[task as usize]
    }
}

fn read(task: Task, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Model<'static>, AnalysisError> {
    let model = Model::read(bytes)?;
    let fits = model.classes() == task.classes().len();
    if fits { Ok(model) } else { Err(AnalysisError::Model(ModelError::CLASSES)) }
}

impl Analyzer {
    /// The same analyser with another model of `task`, as `crisislens train` makes them.
    ///
    /// # Errors
    /// When the bytes are not a model of this task.
    pub fn with_model(mut self, task: Task, bytes: Vec<u8>) -> Result<Self, AnalysisError> {
        self.models.0[task as usize] = read(task, bytes)?;
        Ok(self)
    }

    /// What the model of `task` says of `raw`, with its reasons. Equal items give equal answers, so that an
    /// explanation can be made whenever it is asked for.
    #[must_use]
    pub fn classify(&self, raw: &RawItem, task: Task) -> Prediction {
        let (doc, finds, mentions) = self.read(raw.title.as_deref(), &raw.text, raw.language_hint.as_deref());
        predict(self.models.of(task), task, &doc, &finds, &mentions)
    }

    /// What every model says of `raw`, by one reading of it; as [`Analyzer::classify`] says of each.
    #[must_use]
    pub fn classify_all(&self, raw: &RawItem) -> [(Task, Prediction); 4] {
        let (doc, finds, mentions) = self.read(raw.title.as_deref(), &raw.text, raw.language_hint.as_deref());
        Task::ALL.map(|task| (task, predict(self.models.of(task), task, &doc, &finds, &mentions)))
    }

    /// The hazard that an official source or the words of the lexicon give `raw`, without the model's help.
    #[must_use]
    pub fn lexicon_hazard(&self, raw: &RawItem) -> HazardGuess {
        let doc = self.doc(raw.title.as_deref(), &raw.text);
        let finds = self.lexicon.scan(&doc.folded);
        let language = crate::language::detect(&self.detector, raw.language_hint.as_deref(), &doc);
        let frames = self.framings.scan(&doc);
        crate::hazard::guess(raw, &doc, &finds, &frames, &language, HazardGuess::default)
    }

    /// The features of `text` that the model of `task` sees.
    #[must_use]
    pub fn features(&self, text: &str, task: Task) -> Vec<Feature> {
        let (doc, finds, mentions) = self.read(None, text, None);
        features::read(&doc, &finds, &mentions, task.view()).list
    }

    fn read(&self, title: Option<&str>, text: &str, hint: Option<&str>) -> (Doc, Vec<Find>, Vec<Mention>) {
        let doc = self.doc(title, text);
        let finds = self.lexicon.scan(&doc.folded);
        let language = crate::language::detect(&self.detector, hint, &doc);
        let mentions = crate::place::mention::find(&self.gazetteer, self.tagger_of(&language), &doc, &finds);
        (doc, finds, mentions)
    }
}

/// What the model of hazards says of a text in which no word of the lexicon speaks of one.
pub(crate) fn hazard(model: &Model<'_>, doc: &Doc, finds: &[Find], mentions: &[Mention]) -> HazardGuess {
    if !has_words(doc) {
        return HazardGuess::default();
    }
    let said = predict(model, Task::Hazard, doc, finds, mentions);
    let Some(kind) = named_hazard(&said.probabilities) else { return HazardGuess::default() };
    let why = said.why.into_iter().filter(|part| part.weight > 0.0).map(|part| part.what).collect();
    HazardGuess { kind, confidence: said.confidence, why }
}

/// Whether there is enough for a model to judge by.
fn has_words(doc: &Doc) -> bool {
    doc.folded.chars().filter(|char| char.is_alphabetic()).take(MIN_LETTERS).count() == MIN_LETTERS
}

/// The hazard that the model's `probabilities` name, if they are clear enough.
#[must_use]
pub fn named_hazard(probabilities: &[f64]) -> Option<HazardType> {
    let best = likeliest(probabilities);
    let kind = HazardType::parse(Task::Hazard.answers()[best])?;
    (kind.is_some() && probabilities[best] >= LEAST_HAZARD).then_some(kind)
}

pub(crate) fn predict(
    model: &Model<'_>,
    task: Task,
    doc: &Doc,
    finds: &[Find],
    mentions: &[Mention],
) -> Prediction {
    let features = features::read(doc, finds, mentions, task.view());
    let logits = &model.logits(&features.list)[..model.classes()];
    let probabilities = task.probabilities(logits);
    let best = likeliest(&probabilities);
    let why = reasons(model, task, best, logits, &features, doc);
    Prediction { answer: task.answers()[best], confidence: probabilities[best], probabilities, why }
}

/// The place of the largest; of equal ones the first.
#[must_use]
pub fn likeliest(shares: &[f64]) -> usize {
    (0..shares.len()).fold(0, |best, at| if shares[at] > shares[best] { at } else { best })
}

/// What each part of the text adds to the logarithm of the odds of `answer`, to first order around this text.
fn reasons(
    model: &Model<'_>,
    task: Task,
    answer: usize,
    logits: &[f64],
    features: &Features,
    doc: &Doc,
) -> Vec<Contribution> {
    let pull = pulls(task, answer, logits);
    let mut sums: Vec<(Name, f64)> = Vec::new();
    for (feature, name) in features.list.iter().zip(&features.names) {
        let Some(parts) = model.contribution(*feature) else { continue };
        let weight: f64 = parts.iter().zip(&pull).map(|(part, pull)| part * pull).sum();
        sums.push((*name, weight));
    }
    // Runs of letters are added to their word. The sort is stable, so that equal parts are summed in one order.
    sums.sort_by_key(|(name, _)| *name);
    let mut whole: Vec<(Name, f64)> = Vec::new();
    for (name, weight) in sums {
        match whole.last_mut() {
            Some((last, sum)) if *last == name => *sum += weight,
            _ => whole.push((name, weight)),
        }
    }
    whole.retain(|(_, weight)| weight.abs() >= LEAST_REASON);
    whole.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    whole.truncate(MAX_REASONS);
    whole.into_iter().map(|(name, weight)| Contribution { what: name.words(doc), weight }).collect()
}

/// How the odds of `answer` move with the logit of each class: by its share among the answer's classes, or against it by
/// its share among the others.
fn pulls(task: Task, answer: usize, logits: &[f64]) -> Vec<f64> {
    let shares = softmax(logits);
    let of = |wanted: bool| -> f64 {
        let pairs = task.classes().iter().zip(&shares);
        pairs.filter(|(other, _)| (**other == answer) == wanted).map(|(_, share)| share).sum::<f64>()
    };
    let (own, others) = (of(true).max(1e-12), of(false).max(1e-12));
    let pull = |(other, share): (&usize, &f64)| if *other == answer { share / own } else { -share / others };
    task.classes().iter().zip(&shares).map(pull).collect()
}

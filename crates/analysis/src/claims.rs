//! Claims: which sentences of an item state something that can be checked, and what they state, in parts.
//!
//! Sentence → check-worthiness (`worth`) → topic, subject, number with unit, place, time, denial, hearsay (`slots`, `counts`, `measure`,
//! `time`). Words are data (`data/lexicon/claims.tsv`, `numbers.tsv`), with a grammar over tokens in the manner of finite-state
//! information extraction (Appelt and others, "FASTUS", 1993). Whether two claims say the same is in `same`, under which keys a store
//! finds them in `keys`.
//!
//! Limits: one reading of each sentence; no syntax beyond word order and distance, no irony; who "they" are is not looked up.

pub(crate) mod counts;
pub mod keys;
pub(crate) mod lexicon;
mod measure;
pub mod same;
mod sentence;
pub(crate) mod slots;
mod time;
mod worth;

use crisislens_model::claim::{ClaimPlace, MAX_TEXT, Quantity, Slots};
use crisislens_model::{ClaimTopic, HazardType, Item, Language, Location, RawItem, Severity, SourceKind};

use crate::classes::{self, Contribution, Prediction, Task};
use crate::place::mention::Mention;
use crate::place::resolve;
use crate::text::{Clean, Doc, fold};
use crate::{Analysis, Analyzer, CountryPrior, number};
use lexicon::{Reading, Role};
use slots::Found;

/// Most claims of one item.
pub const MAX_CLAIMS: usize = 5;
/// From this check-worthiness on a sentence without parts is a claim …
const LEAST_OTHER: f64 = 0.5;
/// … if it has this many words.
const LEAST_WORDS: usize = 4;
/// Languages that the model of check-worthiness knows.
const MODEL_LANGUAGES: [&str; 2] = ["en", "und"];

/// A claim as it is read from an item, before anybody has looked for others like it.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimDraft {
    /// The sentence, cleaned, at most [`MAX_TEXT`] characters.
    pub text: String,
    /// Where the sentence stands in the raw item's text, in bytes; `None` for the title and for structured fields.
    pub span: Option<(usize, usize)>,
    /// ISO 639-1, or `und`.
    pub language: String,
    /// What sort of fact.
    pub topic: ClaimTopic,
    /// What it states, in parts.
    pub slots: Slots,
    /// The words that say that it is not known at first hand: "reportedly", "according to".
    pub hedge: Option<String>,
    /// 0 to 1: whether it is worth checking.
    pub checkworthiness: f64,
    /// What made it so, in log-odds.
    pub check_why: Vec<Contribution>,
    /// 0 to 1: what it would do if it were false and believed, or true and missed.
    pub harm_potential: f64,
    /// Why.
    pub harm_why: String,
}

/// Most sentences of an item that are held against claims.
pub const MAX_SAID: usize = 24;

/// A sentence as it is held against claims.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The sentence, cleaned, at most [`MAX_TEXT`] characters.
    pub text: String,
    /// The first thing that it states, in parts.
    pub states: Option<(ClaimTopic, Slots)>,
}

/// What an item says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Statements {
    /// Its claims: at most [`MAX_CLAIMS`], those most worth checking, in the order of the text.
    pub claims: Vec<ClaimDraft>,
    /// Its first [`MAX_SAID`] sentences.
    pub said: Vec<Said>,
}

/// A sentence with what is known of it.
struct Sentence {
    tokens: (usize, usize),
    bytes: (usize, usize),
    asks: bool,
}

/// As much of what was found of an item as what it states depends on.
#[derive(Debug, Clone, Copy)]
pub struct Gist<'a> {
    /// The language of the text.
    language: &'a Language,
    /// What happened.
    hazard: HazardType,
    /// Where.
    location: Option<&'a Location>,
    /// How bad.
    severity: Severity,
}

impl<'a> From<&'a Analysis> for Gist<'a> {
    fn from(found: &'a Analysis) -> Self {
        let Analysis { language, hazard, location, severity, .. } = found;
        Self { language, hazard: hazard.kind, location: location.as_ref(), severity: *severity }
    }
}

impl<'a> From<&'a Item> for Gist<'a> {
    fn from(found: &'a Item) -> Self {
        let Item { language, hazard, location, severity, .. } = found;
        Self { language, hazard: hazard.kind, location: location.as_ref(), severity: *severity }
    }
}

/// Where an item is whose place has a namesake: what it says is not said of the other one.
fn prior_of(location: Option<&Location>) -> CountryPrior {
    let one_of_several = location.filter(|place| !place.alternatives.is_empty());
    one_of_several.map(CountryPrior::only).unwrap_or_default()
}

/// All that the sentences of one item share.
struct Context<'a> {
    raw: &'a RawItem,
    gist: Gist<'a>,
    doc: &'a Doc,
    reading: &'a Reading,
    mentions: &'a [Mention],
    places: Vec<(usize, Location)>,
}

impl Analyzer {
    /// The claims of `raw`, which was found to be `analysis`.
    #[must_use]
    pub fn claims(&self, raw: &RawItem, analysis: &Analysis) -> Vec<ClaimDraft> {
        self.statements(raw, analysis).claims
    }

    /// What `raw` says, of which that much was found. Looks at the same part of the text as [`Analyzer::analyze`], and at 64
    /// sentences. What is said of a drill or in fiction states nothing.
    #[must_use]
    pub fn statements<'a>(&self, raw: &'a RawItem, found: impl Into<Gist<'a>>) -> Statements {
        let gist = found.into();
        let doc = self.doc(raw.title.as_deref(), &raw.text);
        let finds = self.lexicon.scan(&doc.folded);
        if self.framings.scan(&doc).of(raw, &doc, &finds).is_some() {
            return Statements::default();
        }
        let reading = self.terms.read(&doc, gist.language);
        let tagger = self.tagger_of(gist.language);
        let mentions = crate::place::mention::find(&self.gazetteer, tagger, &doc, &finds);
        let prior = prior_of(gist.location);
        let hints = crate::hints(raw, gist.language, &prior);
        let places = resolve::meanings(&self.gazetteer, &mentions, hints)
            .into_iter()
            .map(|meaning| {
                (meaning.mention, resolve::location(&self.gazetteer, &meaning.place, 0.0, Vec::new()))
            })
            .collect();
        let context = Context { raw, gist, doc: &doc, reading: &reading, mentions: &mentions, places };
        let numbers = number::all(&doc, &reading);
        let seismic = gist.hazard == HazardType::Earthquake;
        let mut drafts: Vec<ClaimDraft> = Vec::new();
        let mut all_said: Vec<Said> = Vec::new();
        for sentence in sentences(&doc) {
            let found = slots::find(&self.terms, &doc, &reading, &numbers, sentence.tokens, seismic);
            let said = self.worth_of(&doc, &sentence, gist.language);
            let before = drafts.len();
            if found.is_empty() {
                drafts.extend(context.other(&sentence, said.as_ref()));
            }
            for one in &found {
                drafts.push(context.draft(&sentence, Some(one), said.as_ref()));
            }
            if all_said.len() < MAX_SAID {
                let text = shortened(&doc.clean.text[sentence.bytes.0..sentence.bytes.1]);
                let states = drafts.get(before).map(|draft| (draft.topic, draft.slots.clone()));
                all_said.push(Said { text, states });
            }
        }
        if !drafts.iter().any(|draft| draft.topic == ClaimTopic::Magnitude) {
            drafts.extend(context.stated_magnitude());
        }
        Statements { claims: choose(drafts), said: all_said }
    }

    /// What the model says of the sentence alone; none in languages that it does not know.
    fn worth_of(&self, doc: &Doc, sentence: &Sentence, language: &Language) -> Option<Prediction> {
        if !MODEL_LANGUAGES.contains(&language.code.as_str()) {
            return None;
        }
        let text = &doc.clean.text[sentence.bytes.0..sentence.bytes.1];
        let part = self.doc(None, text);
        let finds = self.lexicon.scan(&part.folded);
        let tagger = self.tagger_of(language);
        let mentions = crate::place::mention::find(&self.gazetteer, tagger, &part, &finds);
        let model = self.models.of(Task::CheckWorthiness);
        Some(classes::predict(model, Task::CheckWorthiness, &part, &finds, &mentions))
    }

    /// How worth checking the one sentence `text` is, by model and rules: for measuring.
    #[must_use]
    pub fn sentence_worth(&self, raw: &RawItem) -> f64 {
        let analysis = self.analyze(raw);
        let doc = self.doc(None, &raw.text);
        let reading = self.terms.read(&doc, &analysis.language);
        let best = sentences(&doc).into_iter().map(|sentence| {
            let said = self.worth_of(&doc, &sentence, &analysis.language);
            worth::checkworthiness(said.as_ref(), &reading, sentence.tokens, sentence.asks).0
        });
        best.fold(0.0, f64::max)
    }
}

impl Context<'_> {
    /// A sentence without parts that the model finds worth checking.
    fn other(&self, sentence: &Sentence, said: Option<&Prediction>) -> Option<ClaimDraft> {
        said?;
        let words = sentence.tokens.1 - sentence.tokens.0;
        let draft = self.draft(sentence, None, said);
        (words >= LEAST_WORDS && draft.checkworthiness >= LEAST_OTHER).then_some(draft)
    }

    fn draft(&self, sentence: &Sentence, found: Option<&Found>, said: Option<&Prediction>) -> ClaimDraft {
        let (doc, reading, tokens) = (self.doc, self.reading, sentence.tokens);
        let topic = found.map_or(ClaimTopic::Other, |found| found.topic);
        let negated = found.is_some_and(|found| found.negated);
        let quantity = found.and_then(|found| found.quantity.clone());
        let at = found.map_or(tokens, |found| found.at);
        let day_first = self.gist.language.code != "en";
        let (checkworthiness, check_why) = worth::checkworthiness(said, reading, tokens, sentence.asks);
        let (harm_potential, harm_why) = worth::harm(topic, negated, quantity.as_ref(), self.gist.severity);
        let hedge = reading.within(tokens).iter().find(|hit| hit.role == Role::Hedge);
        ClaimDraft {
            text: shortened(&doc.clean.text[sentence.bytes.0..sentence.bytes.1]),
            span: doc.clean.origin(sentence.bytes.0, sentence.bytes.1),
            language: self.gist.language.code.clone(),
            topic,
            slots: Slots {
                subject: found.map_or("", |found| found.subject).to_owned(),
                negated,
                quantity,
                place: self.place(tokens, at),
                time: time::find(doc, reading, tokens, self.raw.timestamp, day_first),
            },
            hedge: hedge.map(|hit| {
                doc.clean.text[doc.tokens[hit.first].start..doc.tokens[hit.after - 1].end].to_owned()
            }),
            checkworthiness,
            check_why,
            harm_potential,
            harm_why,
        }
    }

    /// The place named nearest in the sentence, else the nearest before it or behind it, else that of the item.
    fn place(&self, tokens: (usize, usize), at: (usize, usize)) -> Option<ClaimPlace> {
        let far = |mention: &Mention| {
            let inside = tokens.0 <= mention.first && mention.after <= tokens.1;
            let apart =
                if mention.after <= at.0 { at.0 - mention.after } else { mention.first.saturating_sub(at.1) };
            (!inside, apart)
        };
        let nearest = self.places.iter().min_by_key(|(mention, _)| far(&self.mentions[*mention]));
        // A place in another sentence says less than where the whole item is.
        let own = nearest.filter(|(mention, _)| !far(&self.mentions[*mention]).0).map(|(_, place)| place);
        let place = own.or(self.gist.location).or(nearest.map(|(_, place)| place))?;
        Some(place_of(place))
    }

    /// What an authority states in a field and nowhere in words.
    fn stated_magnitude(&self) -> Option<ClaimDraft> {
        let magnitude = self.raw.stated.as_ref()?.magnitude.filter(|value| (0.0..=10.0).contains(value))?;
        if self.raw.source_kind != SourceKind::Official {
            return None;
        }
        let text = self.raw.title.as_deref().unwrap_or(&self.raw.text);
        let text = shortened(Clean::new(None, text).text.trim());
        let quantity = Quantity { low: magnitude, high: Some(magnitude), unit: "magnitude".to_owned() };
        let (harm_potential, harm_why) =
            worth::harm(ClaimTopic::Magnitude, false, Some(&quantity), self.gist.severity);
        (!text.is_empty()).then(|| ClaimDraft {
            text,
            span: None,
            language: self.gist.language.code.clone(),
            topic: ClaimTopic::Magnitude,
            slots: Slots {
                quantity: Some(quantity),
                place: self.gist.location.map(place_of),
                time: Some(self.raw.timestamp),
                ..Slots::default()
            },
            hedge: None,
            checkworthiness: 0.5,
            check_why: vec![Contribution {
                what: "[stated in a field by an authority]".to_owned(),
                weight: 0.0,
            }],
            harm_potential,
            harm_why,
        })
    }
}

fn place_of(location: &Location) -> ClaimPlace {
    ClaimPlace {
        name: location.name.clone(),
        lat: location.lat,
        lon: location.lon,
        country: location.country.clone(),
    }
}

/// The sentences of `doc` that have words.
fn sentences(doc: &Doc) -> Vec<Sentence> {
    let text = doc.clean.text.as_str();
    let token_at = |byte: usize| doc.tokens.partition_point(|token| token.start < byte);
    sentence::split(text)
        .into_iter()
        .map(|bytes| Sentence {
            tokens: (token_at(bytes.0), token_at(bytes.1)),
            bytes,
            asks: text[bytes.0..bytes.1].trim_end_matches(['"', ')', ' ']).ends_with(['?', '؟', '？']),
        })
        .filter(|sentence| sentence.tokens.0 < sentence.tokens.1)
        .collect()
}

/// The drafts with a topic, then the others, of each those most worth checking; each statement once.
fn choose(drafts: Vec<ClaimDraft>) -> Vec<ClaimDraft> {
    let mut kept: Vec<(usize, ClaimDraft)> = Vec::new();
    for (at, draft) in drafts.into_iter().enumerate() {
        let again = kept.iter().any(|(_, other)| {
            other.topic == draft.topic
                && other.slots.subject == draft.slots.subject
                && other.slots.negated == draft.slots.negated
                && other.slots.quantity == draft.slots.quantity
                && (draft.topic != ClaimTopic::Other || fold::key(&other.text) == fold::key(&draft.text))
        });
        if !again {
            kept.push((at, draft));
        }
    }
    // What can be compared with other claims goes before what cannot, however it is worded.
    let bare = |draft: &ClaimDraft| draft.topic == ClaimTopic::Other;
    kept.sort_by(|a, b| {
        let worth = b.1.checkworthiness.total_cmp(&a.1.checkworthiness);
        bare(&a.1).cmp(&bare(&b.1)).then(worth).then(a.0.cmp(&b.0))
    });
    kept.truncate(MAX_CLAIMS);
    kept.sort_by_key(|(at, _)| *at);
    kept.into_iter().map(|(_, draft)| draft).collect()
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

//! From text to meaning: language, hazard, place, entities, severity, risk, duplicates, incidents and claims.
//!
//! Pure functions: no I/O, no clock, no network, no chance. The same raw item gives the same analysis on every node,
//! and every result carries its reasons. Lexicons, a gazetteer, rules and linear models (`models/`, each with its card);
//! better methods go behind the same functions.

pub mod address;
pub mod claims;
pub mod classes;
pub mod duplicate;
mod entity;
pub mod evidence;
mod features;
mod fingerprint;
mod framing;
mod hazard;
pub mod incident;
pub mod language;
mod lexicon;
pub mod likelihood;
pub mod linear;
mod locate;
mod number;
mod place;
pub mod reliability;
mod risk;
mod severity;
mod text;
pub mod work;
pub mod world;

use crisislens_model::item::Entity;
use crisislens_model::{
    HazardGuess, HazardType, Humanitarian, Incident, ItemCorrection, Language, Location, PlaceNamed, RawItem,
    Relevance, RiskLevel, RiskPart, Severity, SourceKind, Stated,
};

pub use framing::{Framed, Framing};
pub use place::named::NamedPlace;
pub use place::prior::CountryPrior;
pub use place::tagger::train as place_training;
pub use text::fold::key as gazetteer_key;

use claims::lexicon::Terms;
use classes::{Models, Task};
use framing::Framings;
use lexicon::{Cue, Find, Lexicon, Sense};
use place::{Gazetteer, Given, Mention};
use text::{Clean, Doc};

pub(crate) use locate::hints;

/// Why an [`Analyzer`] could not be made: the embedded data is broken, so the build is.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The gazetteer's files do not fit each other; run `examples/build_gazetteer.rs` again.
    #[error("the embedded gazetteer cannot be read: {0}")]
    Gazetteer(String),
    /// A line of a lexicon is not `language, kind, term, weight`.
    #[error("the embedded lexicon has a line that cannot be read: {0}")]
    Lexicon(String),
    /// A model does not fit the code; train it again.
    #[error("a built-in model cannot be used: {0}")]
    Model(#[from] linear::ModelError),
    /// A model file is not one; train it again.
    #[error("the built-in model {0} cannot be read")]
    ModelFile(&'static str),
}

/// What stands as the reason of what people have put right.
pub const BY_PEOPLE: &str = "put right by people";

/// The gazetteer, the lexicons and the models. Make one and share it: it never changes.
pub struct Analyzer {
    gazetteer: Gazetteer,
    lexicon: Lexicon,
    framings: Framings,
    terms: Terms,
    models: Models,
    detector: language::Detector,
    tagger: Option<place::tagger::Tagger>,
}

/// What was made of one raw item.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The language of the text.
    pub language: Language,
    /// What happened.
    pub hazard: HazardGuess,
    /// Whether it informs about an emergency; `None` where there are too few words to say.
    pub relevance: Option<Relevance>,
    /// What kind of humanitarian information it gives; `None` where it informs of nothing.
    pub humanitarian: Option<Humanitarian>,
    /// Where; `None` when nothing names a place.
    pub location: Option<Location>,
    /// Where else it nearly may be: places of the same name in other countries, or far off in its own. What goes on there decides
    /// ([`incident::country_prior`]).
    pub rivals: Vec<Location>,
    /// Places, magnitudes, casualties and hashtags, by their byte offset in the raw item's text.
    pub entities: Vec<Entity>,
    /// Subjects touched.
    pub topics: Vec<String>,
    /// How bad.
    pub severity: Severity,
    /// One sentence on why.
    pub severity_why: String,
    /// 0 to 1: the sum of the parts' contributions.
    pub risk_score: f64,
    /// The five addends of the score.
    pub risk_parts: Vec<RiskPart>,
    /// The score's step.
    pub risk_level: RiskLevel,
    /// Fingerprint of the normalised text, for duplicates within a source; `None` where the text is too short to say.
    pub fingerprint: Option<u64>,
    /// What near copies are known by, from whatever source; `None` where the text is too short to say.
    pub sketch: Option<duplicate::Sketch>,
}

/// What the place of an item, and the risk that follows from it, are made of: its names, its coordinates and figures, and none of its
/// text.
#[derive(Debug, Clone)]
pub struct OpenPlace {
    mentions: Vec<Mention>,
    given: Option<Given>,
    figures: entity::Figures,
    is_hearsay: bool,
}

impl Analyzer {
    /// Opens the embedded data.
    ///
    /// # Errors
    /// When the data the program was built with is broken.
    pub fn new() -> Result<Self, AnalysisError> {
        Ok(Self {
            gazetteer: Gazetteer::new()?,
            lexicon: Lexicon::new()?,
            framings: Framings::new()?,
            terms: Terms::new()?,
            models: Models::new()?,
            detector: language::Detector::new()?,
            tagger: Some(place::tagger::Tagger::embedded()?),
        })
    }

    /// What `raw` says. Looks at the first 16 KiB of its title and of its text.
    #[must_use]
    pub fn analyze(&self, raw: &RawItem) -> Analysis {
        self.analyze_corrected(raw, &ItemCorrection::default())
    }

    /// What `raw` says where people have put some of it right: what they say goes before what is found, and the rest follows from it.
    #[must_use]
    pub fn analyze_corrected(&self, raw: &RawItem, to: &ItemCorrection) -> Analysis {
        self.analyze_among(raw, to, &CountryPrior::default())
    }

    /// The same of an item that is in the incident `home`: where a namesake lies there, that one is meant.
    #[must_use]
    pub fn analyze_within(&self, raw: &RawItem, to: &ItemCorrection, home: Option<&Incident>) -> Analysis {
        let found = self.analyze_corrected(raw, to);
        match home {
            Some(home) if !found.rivals.is_empty() => {
                let places: Vec<Location> = found.location.iter().chain(&found.rivals).cloned().collect();
                self.analyze_among(raw, to, &incident::home_prior(home, &places))
            }
            _ => found,
        }
    }

    /// The same where something is known of the country: it decides between places of one name that are nearly as likely.
    #[must_use]
    pub fn analyze_among(&self, raw: &RawItem, to: &ItemCorrection, prior: &CountryPrior) -> Analysis {
        self.analyze_all(raw, to, prior).0
    }

    /// What `raw` says, and what is needed to choose its place again where others of its name are nearly as likely.
    #[must_use]
    pub fn analyze_open(&self, raw: &RawItem) -> (Analysis, Option<OpenPlace>) {
        let (analysis, open) = self.analyze_all(raw, &ItemCorrection::default(), &CountryPrior::default());
        let open = (!analysis.rivals.is_empty()).then_some(open);
        (analysis, open)
    }

    /// What was found of `raw` with the place that `prior` speaks for, and the risk that follows: what [`Analyzer::analyze_among`] answers,
    /// without reading the text again.
    #[must_use]
    pub fn choose_place(
        &self,
        raw: &RawItem,
        found: &Analysis,
        open: &OpenPlace,
        prior: &CountryPrior,
    ) -> Analysis {
        let (location, rivals) = self.locate(raw, open.given, &open.mentions, &found.language, prior);
        let (risk_score, risk_parts) = risk::assess(&risk::Facts {
            raw,
            hazard: &found.hazard,
            location: location.as_ref(),
            severity: found.severity,
            severity_why: &found.severity_why,
            topics: &found.topics,
            figures: &open.figures,
            hearsay: open.is_hearsay,
        });
        let risk_level = RiskLevel::of(risk_score);
        Analysis { location, rivals, risk_score, risk_parts, risk_level, ..found.clone() }
    }

    fn analyze_all(&self, raw: &RawItem, to: &ItemCorrection, prior: &CountryPrior) -> (Analysis, OpenPlace) {
        let doc = self.doc(raw.title.as_deref(), &raw.text);
        let finds = self.lexicon.scan(&doc.folded);
        let frames = self.framings.scan(&doc);
        let framed = frames.of(raw, &doc, &finds);
        let language = match &to.language {
            Some(code) => Language { code: code.clone(), confidence: 1.0 },
            None => language::detect(&self.detector, raw.language_hint.as_deref(), &doc),
        };
        let mentions = place::mention::find(&self.gazetteer, self.tagger_of(&language), &doc, &finds);
        let hazard = match to.hazard {
            Some(kind) => HazardGuess { kind, confidence: 1.0, why: vec![BY_PEOPLE.to_owned()] },
            None => {
                let found = hazard::guess(raw, &doc, &finds, &frames, &language, || {
                    classes::hazard(self.models.of(Task::Hazard), &doc, &finds, &mentions)
                });
                hazard::said_as(found, framed.as_ref())
            }
        };
        let is_figure = !hazard.kind.is_some()
            && raw.source_kind != SourceKind::Official
            && frames.figures(&doc).is_some();
        let judged = classes::informs::judge(&self.models, raw, &doc, &finds, &mentions, to);
        let is_put_right = to.informative.is_some() || to.humanitarian.is_some();
        let is_unreal = (framed.is_some() || is_figure) && !is_put_right;
        let (relevance, humanitarian) =
            if is_unreal { framing::informs_of_nothing(judged.0) } else { judged };
        let given = Given::in_text(&doc.clean.text);
        let (location, rivals) = match &to.location {
            Some(place) => (place.as_ref().and_then(|place| self.put_right(place, &raw.source)), Vec::new()),
            None => self.locate(raw, given, &mentions, &language, prior),
        };
        let seismic = hazard.kind == HazardType::Earthquake;
        let reading = self.terms.read(&doc, &language);
        let (entities, figures) = entity::collect(&raw.text, &doc, &mentions, &reading, seismic);
        let topics = entity::topics(&finds);
        let (severity, severity_why) = match to.severity {
            Some(severity) => (severity, BY_PEOPLE.to_owned()),
            None => severity::judge(raw, &hazard, &figures, &finds, framed.as_ref()),
        };
        let is_hearsay = doc.retweet || is_hearsay(raw, &finds);
        let (risk_score, risk_parts) = risk::assess(&risk::Facts {
            raw,
            hazard: &hazard,
            location: location.as_ref(),
            severity,
            severity_why: &severity_why,
            topics: &topics,
            figures: &figures,
            hearsay: is_hearsay,
        });
        let analysis = Analysis {
            language,
            hazard,
            relevance,
            humanitarian,
            location,
            rivals,
            entities,
            topics,
            severity,
            severity_why,
            risk_score,
            risk_parts,
            risk_level: RiskLevel::of(risk_score),
            fingerprint: fingerprint::of(&doc),
            sketch: duplicate::Sketch::new(raw, &doc, &mentions),
        };
        (analysis, OpenPlace { mentions, given, figures, is_hearsay })
    }

    /// The place that a person gives, with its country.
    fn put_right(&self, place: &PlaceNamed, source: &str) -> Option<Location> {
        let stated = Stated {
            lat: Some(place.lat),
            lon: Some(place.lon),
            place: Some(place.name.clone()),
            ..Stated::default()
        };
        let found = place::stated::point(&self.gazetteer, &stated, source)?;
        Some(Location { name: place.name.clone(), confidence: 1.0, why: vec![BY_PEOPLE.to_owned()], ..found })
    }

    /// A text as everything here reads it.
    fn doc(&self, title: Option<&str>, text: &str) -> Doc {
        Doc::new(Clean::new(title, text), |tail| self.lexicon.is_tail(tail))
    }

    /// The tagger for texts in the language it was trained on.
    fn tagger_of(&self, language: &Language) -> Option<&place::tagger::Tagger> {
        self.tagger.as_ref().filter(|_| is_tagged(language))
    }
}

fn is_tagged(language: &Language) -> bool {
    matches!(language.code.as_str(), "en" | "und")
}

fn country_bytes(code: &str) -> Option<[u8; 2]> {
    code.as_bytes().try_into().ok()
}

fn is_hearsay(raw: &RawItem, finds: &[Find]) -> bool {
    raw.source_kind != SourceKind::Official
        && finds.iter().any(|find| find.term.sense == Sense::Cue(Cue::Hearsay))
}

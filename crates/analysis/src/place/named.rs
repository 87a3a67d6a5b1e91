//! Each place that a text names, with what it means and what else it may mean: for people who correct, and for measuring.

use std::borrow::Cow;

use crisislens_model::{Location, RawItem};

use super::prior::CountryPrior;
use super::resolve::{self, Hints};
use super::tagger::train::Sequence;
use super::tagger::{B, I, O, Tagger};
use super::{features, mention};
use crate::{AnalysisError, Analyzer, language};

/// Most other meanings that are kept of one name.
const MAX_ALTERNATIVES: usize = 4;

/// A name in the text of a raw item.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedPlace {
    /// First byte in the raw text.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// What it most likely means; `None` where the gazetteer does not know the name.
    pub location: Option<Location>,
    /// What else it may mean, likeliest first.
    pub alternatives: Vec<Location>,
}

impl Analyzer {
    /// The same analyser with another tagger of places, or with the rules alone.
    ///
    /// # Errors
    /// When the bytes are not a model file.
    pub fn with_place_model(mut self, bytes: Option<Vec<u8>>) -> Result<Self, AnalysisError> {
        let broken = || AnalysisError::ModelFile("of places");
        self.tagger = bytes.map(|bytes| Tagger::read(Cow::Owned(bytes)).ok_or_else(broken)).transpose()?;
        Ok(self)
    }

    /// Every place that the text names, in its order.
    #[must_use]
    pub fn named_places(&self, raw: &RawItem) -> Vec<NamedPlace> {
        self.named_places_among(raw, &CountryPrior::default())
    }

    /// The same where something is known of the country.
    #[must_use]
    pub fn named_places_among(&self, raw: &RawItem, prior: &CountryPrior) -> Vec<NamedPlace> {
        let doc = self.doc(raw.title.as_deref(), &raw.text);
        let finds = self.lexicon.scan(&doc.folded);
        let language = language::detect(&self.detector, raw.language_hint.as_deref(), &doc);
        let mentions = mention::find(&self.gazetteer, self.tagger_of(&language), &doc, &finds);
        let spoken = (language.confidence >= 0.5).then_some(language.code.as_str());
        let hints = Hints { country: None, language: spoken, prior: Some(prior) };
        let ranked = resolve::ranked(&self.gazetteer, &mentions, hints);
        mentions
            .iter()
            .zip(ranked)
            .filter(|(mention, _)| mention.named)
            .filter_map(|(mention, ranked)| {
                let (start, end) = doc.clean.origin(mention.start, mention.end)?;
                let mut locations = ranked.into_iter().map(|(place, share)| {
                    resolve::location(&self.gazetteer, &place, share, vec![format!("names {}", place.name)])
                });
                let location = locations.next();
                Some(NamedPlace {
                    start,
                    end,
                    location,
                    alternatives: locations.take(MAX_ALTERNATIVES).collect(),
                })
            })
            .collect()
    }

    /// `raw` as the tagger is trained on it, when the names of places stand at `spans`, in bytes of its text; `None` for a
    /// text that the tagger does not read because of its language.
    #[must_use]
    pub fn place_sequence(&self, raw: &RawItem, spans: &[(usize, usize)]) -> Option<Sequence> {
        let doc = self.doc(raw.title.as_deref(), &raw.text);
        let finds = self.lexicon.scan(&doc.folded);
        let language = language::detect(&self.detector, raw.language_hint.as_deref(), &doc);
        if !crate::is_tagged(&language) {
            return None;
        }
        let rules = mention::by_rules(&self.gazetteer, &doc, &finds);
        let mut begun = None;
        let tags =
            doc.tokens
                .iter()
                .map(|token| {
                    let inside = doc.clean.origin(token.start, token.end).and_then(|(start, end)| {
                        spans.iter().position(|span| span.0 <= start && end <= span.1)
                    });
                    let tag = match inside {
                        None => O,
                        Some(_) if inside == begun => I,
                        Some(_) => B,
                    };
                    begun = inside;
                    tag
                })
                .collect();
        Some(Sequence { features: features::of(&self.gazetteer, &doc, &finds, &rules), tags })
    }
}

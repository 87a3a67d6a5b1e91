//! The words by which claims and numbers are read, as data (`data/lexicon/claims.tsv`, `numbers.tsv`), and where they stand in a text.
//!
//! The detail of a topic is flags and, behind a colon, a subject. Flags: `b` its number stands before, `a` right after, `t` after a word
//! of counting; `n` says nothing without a number; `s` needs a subject near it, `j` right behind it; `d` needs the name of an illness;
//! `x` says that it is over; `m` says what a measure is of. Details of `neg`: `f` stands before what it denies, `a` after, `e` ends an
//! order, `s` denies the whole sentence.

use aho_corasick::AhoCorasick;
use crisislens_model::{ClaimTopic, Language};

use crate::AnalysisError;
use crate::lexicon::bounded;
use crate::text::{Doc, fold};

static CLAIMS: &str = include_str!("../../data/lexicon/claims.tsv");
static NUMBERS: &str = include_str!("../../data/lexicon/numbers.tsv");

/// From this confidence on the words of other languages are not looked at.
const SURE: f64 = 0.8;
/// Languages in which English words are common.
const MIXED_WITH_ENGLISH: [&str; 8] = ["hi", "mr", "bn", "ta", "ur", "ar", "tl", "id"];
/// Languages that write 1.200,5 for what English writes 1,200.5.
const COMMA_DECIMAL: [&str; 12] = ["es", "fr", "pt", "it", "de", "id", "nl", "tr", "ru", "uk", "pl", "sv"];

/// What a topic's word needs and says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cue {
    pub(crate) topic: ClaimTopic,
    pub(crate) subject: &'static str,
    flags: &'static str,
}

impl Cue {
    pub(crate) fn has(self, flag: char) -> bool {
        self.flags.contains(flag)
    }
}

/// How a number is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// "at least", "more than".
    Least,
    /// "about".
    About,
    /// "nearly".
    Nearly,
    /// "up to".
    Most,
    /// "fewer than".
    Below,
}

/// What a sentence is besides a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Wish,
    Opinion,
    Question,
    Personal,
    Future,
}

/// What a term is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Role {
    Topic(Cue),
    Subject(&'static str),
    /// An illness.
    Disease,
    /// Who is counted.
    People,
    /// May stand between a number and what is counted.
    Filler,
    /// A number before it counts something else.
    Bar,
    Negation(char),
    /// A phrase that means nothing of what its words say.
    Nothing,
    /// Not known at first hand.
    Hedge,
    /// Days from the day it is said.
    Day(i64),
    /// 1 is Monday.
    Weekday(i8),
    Month(i8),
    /// A number in words; the flag says "or more".
    Value(f64, bool),
    Scale(f64),
    Bound(Bound),
    /// Between the ends of a range.
    To,
    Unit(&'static str, f64),
    Tone(Tone),
}

/// A term in tokens `first..after`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    pub(crate) first: usize,
    pub(crate) after: usize,
    pub(crate) role: Role,
}

/// The terms of a text, in its order; terms within longer ones are not there.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) hits: Vec<Hit>,
    /// Whether a comma stands before decimals.
    pub(crate) comma_decimal: bool,
}

impl Reading {
    /// The terms that begin at a token of `tokens`; none where the range is upside down.
    pub(crate) fn within(&self, tokens: (usize, usize)) -> &[Hit] {
        let from = self.hits.partition_point(|hit| hit.first < tokens.0);
        let to = self.hits.partition_point(|hit| hit.first < tokens.1);
        self.hits.get(from..to).unwrap_or_default()
    }

    /// The terms that begin at `token`.
    pub(crate) fn at(&self, token: usize) -> &[Hit] {
        self.within((token, token + 1))
    }
}

/// The terms in one automaton.
pub(crate) struct Terms {
    automaton: AhoCorasick,
    terms: Vec<(&'static str, Role)>,
    units: Vec<(String, &'static str, f64)>,
}

impl Terms {
    /// Reads the embedded files.
    pub(crate) fn new() -> Result<Self, AnalysisError> {
        let (mut patterns, mut terms, mut units) = (Vec::new(), Vec::new(), Vec::new());
        let lines = CLAIMS.lines().chain(NUMBERS.lines());
        for line in lines.filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (language, role, term) =
                parse(line).ok_or_else(|| AnalysisError::Lexicon(line.to_owned()))?;
            let pattern = fold::key(term);
            if let Role::Unit(unit, factor) = role {
                units.push((pattern.clone(), unit, factor));
            }
            patterns.push(pattern);
            terms.push((language, role));
        }
        let automaton =
            AhoCorasick::new(&patterns).map_err(|error| AnalysisError::Lexicon(error.to_string()))?;
        Ok(Self { automaton, terms, units })
    }

    /// The unit that is written `folded`, and its factor.
    pub(crate) fn unit(&self, folded: &str) -> Option<(&'static str, f64)> {
        self.units.iter().find(|(name, ..)| name == folded).map(|(_, unit, factor)| (*unit, *factor))
    }

    /// The terms in `doc`, which is written in `language`.
    pub(crate) fn read(&self, doc: &Doc, language: &Language) -> Reading {
        let code = language.code.as_str();
        let sure = language.confidence >= SURE && code != "und";
        let mixed = MIXED_WITH_ENGLISH.contains(&code);
        let spoken = |term: &str| !sure || term == "*" || term == code || (mixed && term == "en");
        let mut hits = Vec::new();
        for found in self.automaton.find_overlapping_iter(&doc.folded) {
            let Some((language, role)) = self.terms.get(found.pattern().as_usize()) else { continue };
            if spoken(language) && bounded(&doc.folded, found.start(), found.end(), false).is_some() {
                let first = doc.tokens.partition_point(|token| token.folded_end <= found.start());
                let after = doc.tokens.partition_point(|token| token.folded_start < found.end());
                hits.push(Hit { first, after, role: *role });
            }
        }
        // The sort is stable: equal spans keep the order of the files.
        hits.sort_by(|a, b| a.first.cmp(&b.first).then(b.after.cmp(&a.after)));
        let mut holder = (0, 0);
        hits.retain(|hit| {
            let span = (hit.first, hit.after);
            if hit.after <= holder.1 && span != holder {
                return false;
            }
            holder = span;
            true
        });
        Reading { hits, comma_decimal: COMMA_DECIMAL.contains(&code) }
    }
}

fn parse(line: &'static str) -> Option<(&'static str, Role, &'static str)> {
    let mut fields = line.split('\t');
    let (language, kind, term, detail) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let role = match kind {
        "subject" => Role::Subject(detail),
        "disease" => Role::Disease,
        "people" => Role::People,
        "filler" => Role::Filler,
        "bar" => Role::Bar,
        "neg" => Role::Negation(detail.chars().next()?),
        "none" => Role::Nothing,
        "hedge" => Role::Hedge,
        "time" => Role::Day(detail.parse().ok()?),
        "weekday" => Role::Weekday(detail.parse().ok()?),
        "month" => Role::Month(detail.parse().ok()?),
        "value" => Role::Value(detail.trim_end_matches('+').parse().ok()?, detail.ends_with('+')),
        "scale" => Role::Scale(detail.parse().ok()?),
        "least" => Role::Bound(Bound::Least),
        "about" => Role::Bound(Bound::About),
        "nearly" => Role::Bound(Bound::Nearly),
        "most" => Role::Bound(Bound::Most),
        "below" => Role::Bound(Bound::Below),
        "to" => Role::To,
        "unit" => {
            let (unit, factor) = detail.split_once(' ')?;
            Role::Unit(unit, factor.parse().ok()?)
        }
        "wish" => Role::Tone(Tone::Wish),
        "opinion" => Role::Tone(Tone::Opinion),
        "question" => Role::Tone(Tone::Question),
        "personal" => Role::Tone(Tone::Personal),
        "future" => Role::Tone(Tone::Future),
        topic => {
            let (flags, subject) = detail.split_once(':').unwrap_or((detail, ""));
            Role::Topic(Cue { topic: ClaimTopic::parse(topic)?, subject, flags })
        }
    };
    (!fold::key(term).is_empty()).then_some((language, role, term))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Clean;

    fn roles(text: &str, code: &str) -> Vec<Role> {
        let doc = Doc::new(Clean::new(None, text), |_| false);
        let language = Language { code: code.to_owned(), confidence: 0.9 };
        Terms::new().unwrap().read(&doc, &language).hits.into_iter().map(|hit| hit.role).collect()
    }

    #[test]
    fn a_longer_term_hides_those_in_it() {
        assert_eq!(roles("no doubt", "en"), [Role::Nothing]);
        assert_eq!(roles("no", "en"), [Role::Negation('f')]);
    }

    #[test]
    fn the_words_of_another_language_are_not_read_where_the_language_is_sure() {
        assert!(roles("morti", "en").is_empty());
        assert_eq!(roles("morti", "it").len(), 1);
        assert_eq!(roles("12 पुल closed", "hi").len(), 2);
    }

    #[test]
    fn a_unit_written_behind_its_figures_is_known() {
        assert_eq!(Terms::new().unwrap().unit("mph"), Some(("km/h", 1.609_344)));
    }
}

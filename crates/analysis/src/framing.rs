//! Whether a text speaks of what is: or of a drill, or of a film, a game or a book, or uses a hazard's word in a figure of speech.
//! The words are data (`data/lexicon/framings.tsv`). Nothing is hidden for it: what is said of a drill counts for little, and says why.

use aho_corasick::AhoCorasick;
use crisislens_model::{Humanitarian, RawItem, Relevance, SourceKind};

use crate::lexicon::{Find, Sense, bounded};
use crate::text::{Doc, fold};
use crate::{AnalysisError, Analyzer, work};

static FRAMINGS: &str = include_str!("../data/lexicon/framings.tsv");

/// Most phrases listed as reasons.
const MAX_REASONS: usize = 3;
/// Earnest phrases that are compared with one find: no more lie over it.
const MAX_OVERLAPS: usize = 16;
/// Among so many first words a heading stands.
const HEADING_WORDS: usize = 2;
/// A clause of so many words may be the heading of what follows.
const HEADING_CLAUSE_WORDS: usize = 3;
/// A clause of so many words says no more than that it is a drill.
const SAYING_WORDS: usize = 6;
/// Among so many first words a text says as what it is said: an article on a flood may speak of a film further down.
const LEAD_WORDS: usize = 40;
/// What is left of the certainty of a hazard that is said of a drill or in fiction: too little to open or join an incident.
pub(crate) const HAZARD_FACTOR: f64 = 0.5;
/// Most probability that such a text informs about an emergency.
const MAX_RELEVANCE: f64 = 0.3;

/// As what something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Of a drill, an exercise or a test.
    Drill,
    /// Of a film, a series, a game or a book.
    Fiction,
    /// In a figure of speech.
    Figurative,
}

impl Framing {
    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drill => "drill",
            Self::Fiction => "fiction",
            Self::Figurative => "figurative",
        }
    }
}

/// As what a text says it, and by which words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framed {
    /// As what.
    pub framing: Framing,
    /// The words that say so, folded; at most three.
    pub words: Vec<String>,
}

impl Framed {
    /// In a sentence.
    #[must_use]
    pub fn why(&self) -> String {
        let words = self.words.join("”, “");
        match self.framing {
            Framing::Drill => format!("It says that it is a drill or a test (“{words}”)."),
            Framing::Fiction => format!("It speaks of a film, a game or a book (“{words}”)."),
            Framing::Figurative => format!("It uses a hazard's word in another sense (“{words}”)."),
        }
    }
}

/// What is left of relevance where nothing is meant as news of what is.
pub(crate) fn informs_of_nothing(relevance: Option<Relevance>) -> (Option<Relevance>, Option<Humanitarian>) {
    let less = |relevance: Relevance| Relevance {
        informative: false,
        probability: relevance.probability.min(MAX_RELEVANCE),
    };
    (relevance.map(less), None)
}

impl Analyzer {
    /// As what `raw` is said, where it is not as news of what is; for an explanation.
    #[must_use]
    pub fn framing(&self, raw: &RawItem) -> Option<Framed> {
        let doc = self.doc(raw.title.as_deref(), &raw.text);
        let frames = self.framings.scan(&doc);
        let finds = self.lexicon.scan(&doc.folded);
        let is_official = raw.source_kind == SourceKind::Official;
        frames.of(raw, &doc, &finds).or_else(|| frames.figures(&doc).filter(|_| !is_official))
    }
}

/// Where a phrase has to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    Anywhere,
    /// Alone in its clause, or as a hashtag.
    Alone,
    /// So too, among the first words, or shouted.
    AsHeading,
}

/// What a phrase says; `None` for one that only looks like another.
type Says = Option<Framing>;

/// One phrase.
#[derive(Debug, Clone, Copy)]
struct Phrase {
    says: Says,
    stands: Stands,
    any_ending: bool,
}

/// A phrase found at bytes `start..end` of the folded text.
#[derive(Debug, Clone, Copy)]
struct Found {
    start: usize,
    end: usize,
    says: Says,
    /// Whether it is said of the whole text: alone in its clause, twice, or as a heading.
    is_declared: bool,
}

/// The phrases in one automaton.
pub(crate) struct Framings {
    automaton: AhoCorasick,
    phrases: Vec<Phrase>,
}

/// What was found in one text.
#[derive(Debug, Default)]
pub(crate) struct Frames(Vec<Found>);

impl Framings {
    /// Reads the embedded file.
    pub(crate) fn new() -> Result<Self, AnalysisError> {
        let (mut patterns, mut phrases) = (Vec::new(), Vec::new());
        for line in FRAMINGS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (phrase, terms) = parse(line).ok_or_else(|| AnalysisError::Lexicon(line.to_owned()))?;
            phrases.extend(std::iter::repeat_n(phrase, terms.len()));
            patterns.extend(terms);
        }
        let automaton =
            AhoCorasick::new(&patterns).map_err(|error| AnalysisError::Lexicon(error.to_string()))?;
        Ok(Self { automaton, phrases })
    }

    /// The phrases in `doc`, but for those that only look so.
    pub(crate) fn scan(&self, doc: &Doc) -> Frames {
        let folded = doc.folded.as_str();
        let mut finds = Vec::new();
        for found in self.automaton.find_overlapping_iter(folded) {
            work::add(1);
            let Some(phrase) = self.phrases.get(found.pattern().as_usize()) else { continue };
            let (start, end) = (found.start(), found.end());
            if let Some(end) = bounded(folded, start, end, phrase.any_ending)
                && stands(doc, phrase.stands, (start, end))
                && (phrase.says == Some(Framing::Figurative) || leads(doc, start))
            {
                let is_declared = phrase.stands != Stands::Anywhere
                    || is_twice(&folded[start..end])
                    || is_alone(doc, (start, end))
                    || is_heading(doc, (start, end));
                finds.push(Found { start, end, says: phrase.says, is_declared });
            }
        }
        let mut earnest: Vec<(usize, usize)> =
            finds.iter().filter(|find| find.says.is_none()).map(|find| (find.start, find.end)).collect();
        earnest.sort_by_key(|(_, end)| *end);
        finds.retain(|find| {
            let from = earnest.partition_point(|(_, end)| *end <= find.start);
            let mut near = earnest[from..].iter().take(MAX_OVERLAPS);
            find.says.is_some() && !near.any(|(start, _)| *start < find.end)
        });
        Frames(finds)
    }
}

impl Frames {
    /// As what `raw`, read as `doc`, is said; authorities say what is. Within an exercise of ours everything is said of a drill, and meant.
    /// Either a phrase is said of the whole text, or every hazard (among `finds`) is named in one (“flood drill”), or in a clause that speaks of
    /// fiction: who tells of an explosion and of a drill tells of an explosion.
    pub(crate) fn of(&self, raw: &RawItem, doc: &Doc, finds: &[Find]) -> Option<Framed> {
        if raw.source_kind == SourceKind::Official || self.0.is_empty() {
            return None;
        }
        let drill = if raw.exercise { None } else { self.said_of_all(Framing::Drill, doc, finds) };
        drill.or_else(|| self.said_of_all(Framing::Fiction, doc, finds))
    }

    fn said_of_all(&self, framing: Framing, doc: &Doc, finds: &[Find]) -> Option<Framed> {
        let said = || self.0.iter().filter(|find| find.says == Some(framing));
        let covered: Vec<(usize, usize)> = said()
            .map(|find| (find.start, find.end))
            .map(|span| if framing == Framing::Fiction { clause(doc, span) } else { span })
            .collect();
        let mut hazards = finds.iter().filter(|find| matches!(find.term.sense, Sense::Hazard(_)));
        let is_covered = |hazard: &Find| {
            let at = covered.partition_point(|(_, end)| *end <= hazard.start);
            covered.get(at).is_some_and(|(start, _)| *start <= hazard.start)
        };
        // “This is only an exercise.”
        let is_said_so = |find: &Found| {
            let (start, end) = clause(doc, (find.start, find.end));
            framing == Framing::Drill
                && doc.folded[start..end].split_whitespace().count() <= SAYING_WORDS
                && !hazards.clone().any(|hazard| start <= hazard.start && hazard.start < end)
        };
        let is_declared = said().any(|find| find.is_declared || is_said_so(find));
        let holds = is_declared || (said().next().is_some() && hazards.all(is_covered));
        holds.then(|| self.framed(framing, doc)).flatten()
    }

    /// A figure of speech over bytes `start..` of the folded text.
    pub(crate) fn hides(&self, start: usize) -> bool {
        self.0
            .iter()
            .any(|find| find.says == Some(Framing::Figurative) && find.start <= start && start < find.end)
    }

    /// The figures of speech in `doc`.
    pub(crate) fn figures(&self, doc: &Doc) -> Option<Framed> {
        self.framed(Framing::Figurative, doc)
    }

    fn framed(&self, framing: Framing, doc: &Doc) -> Option<Framed> {
        let mut words: Vec<String> = Vec::new();
        for find in self.0.iter().filter(|find| find.says == Some(framing)) {
            let said = doc.folded.get(find.start..find.end).unwrap_or_default().trim();
            if words.len() < MAX_REASONS && !words.iter().any(|known| known == said) {
                words.push(said.to_owned());
            }
        }
        (!words.is_empty()).then_some(Framed { framing, words })
    }
}

/// Whether what was found at bytes `start..end` of the folded text stands where it has to.
fn stands(doc: &Doc, wanted: Stands, (start, end): (usize, usize)) -> bool {
    if wanted == Stands::Anywhere {
        return true;
    }
    if is_alone(doc, (start, end)) {
        return true;
    }
    let first = doc.tokens.partition_point(|token| token.folded_end <= start);
    let Some(token) = doc.tokens.get(first) else { return false };
    let last = doc.tokens.partition_point(|token| token.folded_start < end);
    let ends = doc.tokens[..last].last().map_or(token.end, |token| token.end);
    let is_tag = doc.hashtags.binary_search(&(token.start.saturating_sub(1), ends)).is_ok();
    let is_heading = first < HEADING_WORDS || (token.shouted && !doc.flat_case);
    is_tag || (wanted == Stands::AsHeading && token.folded_start >= start && is_heading)
}

/// Whether `start` of the folded text is among its first words.
fn leads(doc: &Doc, start: usize) -> bool {
    doc.tokens.partition_point(|token| token.folded_end <= start) < LEAD_WORDS
}

/// The clause around bytes `start..end` of the folded text.
fn clause(doc: &Doc, (start, end): (usize, usize)) -> (usize, usize) {
    let from = doc.folded[..start].rfind('\u{1}').map_or(0, |at| at + 1);
    let to = doc.folded[end..].find('\u{1}').map_or(doc.folded.len(), |at| end + at);
    (from, to)
}

/// Whether what stands there is all of its clause.
fn is_alone(doc: &Doc, (start, end): (usize, usize)) -> bool {
    let (from, to) = clause(doc, (start, end));
    doc.folded[from..start].trim().is_empty() && doc.folded[end..to].trim().is_empty()
}

/// Whether it stands in a few words before everything else, as a heading does.
fn is_heading(doc: &Doc, (start, end): (usize, usize)) -> bool {
    let (from, to) = clause(doc, (start, end));
    from == 0 && to < doc.folded.len() && doc.folded[..to].split_whitespace().count() <= HEADING_CLAUSE_WORDS
}

/// Whether it is the same twice.
fn is_twice(said: &str) -> bool {
    let said = said.trim();
    let half = said.len() / 2;
    said.get(..half).is_some_and(|one| !one.is_empty() && said.get(half..).map(str::trim) == Some(one.trim()))
}

fn parse(line: &str) -> Option<(Phrase, Vec<String>)> {
    let mut fields = line.split('\t');
    let (_language, kind, term) = (fields.next()?, fields.next()?, fields.next()?);
    let says = match kind {
        "drill" => Some(Framing::Drill),
        "fiction" => Some(Framing::Fiction),
        "figurative" => Some(Framing::Figurative),
        "earnest" => None,
        _ => return None,
    };
    let stands = match term.chars().next()? {
        '=' => Stands::Alone,
        '^' => Stands::AsHeading,
        _ => Stands::Anywhere,
    };
    let terms: Vec<String> = spelled_out(term).iter().map(|term| fold::key(term)).collect();
    let is_sound = terms.iter().all(|term| !term.is_empty());
    is_sound.then_some((Phrase { says, stands, any_ending: term.ends_with('*') }, terms))
}

/// `a|b c` as `a c` and `b c`.
fn spelled_out(term: &str) -> Vec<String> {
    term.split(' ').fold(vec![String::new()], |made, word| {
        let with = |before: &String| {
            let before = before.clone();
            word.split('|')
                .map(move |one| if before.is_empty() { one.to_owned() } else { format!("{before} {one}") })
        };
        made.iter().flat_map(with).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_spelled_out_and_every_line_can_be_read() {
        assert_eq!(
            spelled_out("flood|storm of tears|votes"),
            ["flood of tears", "flood of votes", "storm of tears", "storm of votes"]
        );
        assert_eq!(spelled_out("fire sale"), ["fire sale"]);
        let framings = Framings::new().unwrap();
        assert!(framings.phrases.len() > 2_000, "{}", framings.phrases.len());
        assert!(parse("en\tdream\tin my dream\t1").is_none() && parse("en\tdrill\t=\t1").is_none());
    }
}

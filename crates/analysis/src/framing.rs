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
/// A clause of so many words may be the heading of what follows.
const HEADING_CLAUSE_WORDS: usize = 3;
/// A clause of so many words says no more than that it is a drill …
const SAYING_WORDS: usize = 6;
/// … where so many at most stand behind: “यह अभ्यास है”, but not “this is a test for humanity”.
const WORDS_BEHIND: usize = 1;
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

/// What a phrase says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    As(Framing),
    /// It only looks like another, over which it lies.
    Earnest,
    /// No drill is meant by its clause.
    Not,
    /// Its clause compares what is meant with something else.
    Like,
}

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
    framing: Framing,
    /// Whether it is said of the whole text: alone in its clause, twice, shouted or as a hashtag.
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
        let lead = doc.tokens.get(LEAD_WORDS).map_or(folded.len(), |token| token.folded_start);
        let (mut finds, mut earnest, mut turning) = (Vec::new(), Vec::new(), Vec::new());
        for found in self.automaton.find_overlapping_iter(folded) {
            work::add(1);
            let Some(phrase) = self.phrases.get(found.pattern().as_usize()) else { continue };
            let (start, end) = (found.start(), found.end());
            let Some(end) = bounded(folded, start, end, phrase.any_ending) else { continue };
            match phrase.says {
                Says::Earnest => earnest.push((start, end)),
                Says::Not | Says::Like => turning.push((start, phrase.says)),
                Says::As(Framing::Figurative) => {
                    finds.push(Found { start, end, framing: Framing::Figurative, is_declared: false });
                }
                Says::As(framing) if start < lead && stands(doc, phrase.stands, (start, end)) => {
                    let is_declared = is_twice(&folded[start..end])
                        || is_alone(doc, (start, end))
                        || is_marked(doc, (start, end), phrase.stands);
                    finds.push(Found { start, end, framing, is_declared });
                }
                Says::As(_) => {}
            }
        }
        earnest.sort_by_key(|(_, end)| *end);
        finds.retain(|find| {
            let from = earnest.partition_point(|(_, end)| *end <= find.start);
            !earnest[from..].iter().take(MAX_OVERLAPS).any(|(start, _)| *start < find.end)
        });
        finds.retain(|find| {
            if find.framing == Framing::Figurative {
                return true;
            }
            if is_asked(doc, (find.start, find.end)) {
                return false;
            }
            let turns = |says: Says| find.framing == Framing::Drill || says == Says::Like;
            let (from, to) = clause(doc, (find.start, find.end));
            let first = turning.partition_point(|(start, _)| *start < from);
            !turning[first..].iter().take_while(|(start, _)| *start < to).any(|(_, says)| turns(*says))
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
        let said: Vec<&Found> = self.0.iter().filter(|find| find.framing == framing).collect();
        let hazards: Vec<&Find> =
            finds.iter().filter(|find| matches!(find.term.sense, Sense::Hazard(_))).collect();
        let lies_in = |hazard: &Find, (from, to): (usize, usize)| from <= hazard.start && hazard.start < to;
        let is_declared = |find: &Found| {
            let span = (find.start, find.end);
            let clause = clause(doc, span);
            let is_bare = !hazards.iter().any(|hazard| lies_in(hazard, clause) && !lies_in(hazard, span));
            let names = hazards.iter().any(|hazard| lies_in(hazard, span));
            find.is_declared
                || (is_bare && is_heading(doc, span))
                || (is_bare && !names && framing == Framing::Drill && is_said_so(doc, span))
        };
        let covered: Vec<(usize, usize)> = said
            .iter()
            .map(|find| (find.start, find.end))
            .map(|span| if framing == Framing::Fiction { clause(doc, span) } else { span })
            .collect();
        let is_covered = |hazard: &&Find| covered.iter().any(|span| lies_in(hazard, *span));
        let holds = said.iter().any(|find| is_declared(find))
            || (!hazards.is_empty() && !said.is_empty() && hazards.iter().all(is_covered));
        holds.then(|| self.framed(framing, doc)).flatten()
    }

    /// A figure of speech over bytes `start..` of the folded text.
    pub(crate) fn hides(&self, start: usize) -> bool {
        self.0
            .iter()
            .any(|find| find.framing == Framing::Figurative && find.start <= start && start < find.end)
    }

    /// The figures of speech in `doc`.
    pub(crate) fn figures(&self, doc: &Doc) -> Option<Framed> {
        self.framed(Framing::Figurative, doc)
    }

    fn framed(&self, framing: Framing, doc: &Doc) -> Option<Framed> {
        let mut words: Vec<String> = Vec::new();
        for find in self.0.iter().filter(|find| find.framing == framing) {
            let said = doc.folded.get(find.start..find.end).unwrap_or_default().trim();
            if words.len() < MAX_REASONS && !words.iter().any(|known| known == said) {
                words.push(said.to_owned());
            }
        }
        (!words.is_empty()).then_some(Framed { framing, words })
    }
}

/// Whether what was found at bytes `start..end` of the folded text stands where it has to.
fn stands(doc: &Doc, wanted: Stands, span: (usize, usize)) -> bool {
    wanted == Stands::Anywhere
        || is_alone(doc, span)
        || is_marked(doc, span, wanted)
        || (wanted == Stands::AsHeading && is_heading(doc, span))
}

/// Whether it is a hashtag, or shouted where that counts.
fn is_marked(doc: &Doc, (start, end): (usize, usize), stands: Stands) -> bool {
    let first = doc.tokens.partition_point(|token| token.folded_end <= start);
    let Some(token) = doc.tokens.get(first).filter(|_| stands != Stands::Anywhere) else { return false };
    let last = doc.tokens.partition_point(|token| token.folded_start < end);
    let ends = doc.tokens[..last].last().map_or(token.end, |token| token.end);
    let is_tag = doc.hashtags.binary_search(&(token.start.saturating_sub(1), ends)).is_ok();
    let is_shouted = token.folded_start >= start && token.shouted && !doc.flat_case;
    is_tag || (stands == Stands::AsHeading && is_shouted)
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
    from == 0 && to < doc.folded.len() && words(&doc.folded[..to]) <= HEADING_CLAUSE_WORDS
}

/// Whether its clause says no more than that.
fn is_said_so(doc: &Doc, (start, end): (usize, usize)) -> bool {
    let (from, to) = clause(doc, (start, end));
    words(&doc.folded[from..to]) <= SAYING_WORDS && words(&doc.folded[end..to]) <= WORDS_BEHIND
}

/// How many words there are; of scripts without spaces two letters count as one.
fn words(text: &str) -> usize {
    let count = |word: &str| word.chars().filter(|letter| fold::is_unspaced(*letter)).count();
    text.split_whitespace().map(|word| count(word).div_ceil(2).max(1)).sum()
}

/// Whether its clause ends with a question mark: “Only a test? No.”
fn is_asked(doc: &Doc, span: (usize, usize)) -> bool {
    let (_, to) = clause(doc, span);
    let after = doc.tokens.partition_point(|token| token.folded_start < to);
    let Some(last) = after.checked_sub(1).and_then(|last| doc.tokens.get(last)) else { return false };
    let next = doc.tokens.get(after).map_or(doc.clean.text.len(), |token| token.start);
    doc.clean.text.get(last.end..next).is_some_and(|gap| gap.contains(['?', '؟', '？']))
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
        "drill" => Says::As(Framing::Drill),
        "fiction" => Says::As(Framing::Fiction),
        "figurative" => Says::As(Framing::Figurative),
        "earnest" => Says::Earnest,
        "not" => Says::Not,
        "like" => Says::Like,
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

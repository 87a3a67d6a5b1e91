//! The lexicons: words that speak of hazards, topics and urgency, found in one pass over the folded text.
//! The words are data (`data/lexicon/*.tsv`); what a find means is decided by the analysers.

use aho_corasick::AhoCorasick;
use crisislens_model::HazardType;

use crate::AnalysisError;
use crate::text::fold;
use crate::work;

static HAZARDS: &str = include_str!("../data/lexicon/hazards.tsv");
static TOPICS: &str = include_str!("../data/lexicon/topics.tsv");
static CUES: &str = include_str!("../data/lexicon/cues.tsv");

/// Words that often end a hashtag besides the hazards: `#keralarelief`.
const MORE_TAILS: [&str; 11] = [
    "relief", "strong", "rescue", "update", "updates", "victims", "donate", "alert", "fire", "fires",
    "disaster",
];
/// Letters that Arabic writes together with the word after them.
const ARABIC_PROCLITICS: [&str; 11] = ["ال", "و", "وال", "ب", "بال", "ل", "لل", "ف", "فال", "ك", "س"];

/// What a term speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sense {
    /// A kind of hazard.
    Hazard(HazardType),
    /// A subject.
    Topic(&'static str),
    /// A hint on tone.
    Cue(Cue),
}

/// Hints on tone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cue {
    /// A hazard's word used in another sense.
    Figurative,
    /// Life is at stake now.
    Extreme,
    /// Something threatens.
    Warning,
    /// Something may come.
    Watch,
    /// Not known at first hand.
    Hearsay,
    /// The name after it is a storm's, not a place's.
    StormName,
}

/// How the second field of a lexicon is read.
type ReadSense = fn(&'static str) -> Option<Sense>;

/// One line of a lexicon.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term {
    /// ISO 639-1.
    pub(crate) language: &'static str,
    /// What it speaks of.
    pub(crate) sense: Sense,
    /// How strongly, about 0.4 to 1.2.
    pub(crate) weight: f64,
    any_ending: bool,
}

/// A term found at bytes `start..end` of the folded text; the end is that of the word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Find {
    /// First byte.
    pub(crate) start: usize,
    /// Byte after the last.
    pub(crate) end: usize,
    /// The term.
    pub(crate) term: Term,
}

/// All lexicons in one automaton.
pub(crate) struct Lexicon {
    automaton: AhoCorasick,
    terms: Vec<Term>,
    tails: Vec<String>,
}

impl Lexicon {
    /// Reads the embedded files.
    pub(crate) fn new() -> Result<Self, AnalysisError> {
        let mut patterns = Vec::new();
        let mut terms = Vec::new();
        let mut tails: Vec<String> = MORE_TAILS.map(str::to_owned).to_vec();
        let sources: [(&'static str, ReadSense); 3] =
            [(HAZARDS, hazard_sense), (TOPICS, |word| Some(Sense::Topic(word))), (CUES, cue_sense)];
        for (file, sense) in sources {
            for line in file.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
                let (pattern, term) =
                    parse(line, sense).ok_or_else(|| AnalysisError::Lexicon(line.to_owned()))?;
                if matches!(term.sense, Sense::Hazard(_)) && pattern.len() >= 4 && is_latin_word(&pattern) {
                    tails.push(pattern.clone());
                    tails.push(format!("{pattern}s"));
                }
                patterns.push(pattern);
                terms.push(term);
            }
        }
        tails.sort();
        tails.dedup();
        let automaton =
            AhoCorasick::new(&patterns).map_err(|error| AnalysisError::Lexicon(error.to_string()))?;
        Ok(Self { automaton, terms, tails })
    }

    /// Whether `word` often ends a hashtag.
    pub(crate) fn is_tail(&self, word: &str) -> bool {
        self.tails.binary_search_by(|tail| tail.as_str().cmp(word)).is_ok()
    }

    /// Every term in `folded`, in order of their ends.
    pub(crate) fn scan(&self, folded: &str) -> Vec<Find> {
        let mut finds = Vec::new();
        for found in self.automaton.find_overlapping_iter(folded) {
            work::add(1);
            let Some(term) = self.terms.get(found.pattern().as_usize()) else { continue };
            let (start, end) = (found.start(), found.end());
            if let Some(end) = bounded(folded, start, end, term.any_ending) {
                finds.push(Find { start, end, term: *term });
            }
        }
        finds
    }
}

/// The end of the last word of a match, if the match keeps to words.
pub(crate) fn bounded(folded: &str, start: usize, end: usize, any_ending: bool) -> Option<usize> {
    if folded[start..].starts_with(fold::is_unspaced) {
        return Some(end);
    }
    // Only at the beginning of a word is its end looked for: a run without spaces is looked through once, not for each match.
    let before = &folded[..start];
    let is_proclitic = |proclitic: &&str| {
        before.strip_suffix(*proclitic).is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
    };
    if !before.ends_with(' ') && !ARABIC_PROCLITICS.iter().any(is_proclitic) {
        return None;
    }
    let rest = if any_ending { folded[end..].find(' ')? } else { 0 };
    work::add(rest);
    folded[end + rest..].starts_with(' ').then_some(end + rest)
}

fn parse(line: &'static str, sense: ReadSense) -> Option<(String, Term)> {
    let mut fields = line.split('\t');
    let (language, kind, term, weight) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let any_ending = term.ends_with('*');
    let pattern = fold::key(term);
    let term = Term { language, sense: sense(kind)?, weight: weight.parse().ok()?, any_ending };
    (!pattern.is_empty()).then_some((pattern, term))
}

fn hazard_sense(word: &'static str) -> Option<Sense> {
    HazardType::parse(word).map(Sense::Hazard)
}

fn cue_sense(word: &'static str) -> Option<Sense> {
    Some(Sense::Cue(match word {
        "figurative" => Cue::Figurative,
        "extreme" => Cue::Extreme,
        "warning" => Cue::Warning,
        "watch" => Cue::Watch,
        "hearsay" => Cue::Hearsay,
        "storm_name" => Cue::StormName,
        _ => return None,
    }))
}

fn is_latin_word(pattern: &str) -> bool {
    pattern.bytes().all(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let lexicon = Lexicon::new().unwrap();
        let folded = format!(" {} ", fold::key(text));
        lexicon
            .scan(&folded)
            .iter()
            .filter(|find| matches!(find.term.sense, Sense::Hazard(_)))
            .map(|find| folded[find.start..find.end].to_owned())
            .collect()
    }

    #[test]
    fn terms_are_found_as_whole_words_and_with_any_ending_where_they_say_so() {
        assert!(found("two earthquakes").contains(&"earthquakes".to_owned()));
        assert!(found("the lightnings of bfloods").is_empty());
    }

    #[test]
    fn arabic_terms_are_found_behind_joined_letters_and_unspaced_scripts_anywhere() {
        assert!(!found("والسيول في عمان").is_empty());
        assert_eq!(found("昨日の地震で"), ["地震"]);
    }
}

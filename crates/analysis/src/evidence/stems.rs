//! The words of a text as they are compared: folded and stemmed, hashtags and handles taken apart. Stemming by Snowball (Porter 2001),
//! from a crate: its rules for each language are kept up by others. Not here: what shared words mean.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use frostem::{Algorithm, Stemmer};

use crate::text::fold::{fold_into, is_cased, is_unspaced, is_word, key};

/// Of a text, so many bytes are compared.
const MAX_BYTES: usize = 8 * 1024;
/// Shorter words mostly hold a sentence together.
const SHORT: usize = 3;
/// Characters of a run that is compared as it stands.
const RUN: usize = 5;

/// Numbers for stems, so that texts are compared by numbers.
pub(crate) struct Stems {
    stemmer: Option<Stemmer>,
    known: HashMap<String, u32>,
}

/// A text in parts.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// Every stem, in order.
    pub(crate) stems: Vec<u32>,
    /// Each stem once.
    pub(crate) set: BTreeSet<u32>,
    /// Those of words with content: longer than [`SHORT`] letters, with a digit, or not of ASCII.
    pub(crate) content: BTreeSet<u32>,
    /// Stems of words with a capital that begin no sentence.
    pub(crate) names: BTreeSet<u32>,
    /// Stems with a digit.
    pub(crate) numbers: BTreeSet<u32>,
    /// Years named.
    pub(crate) years: BTreeSet<i16>,
    /// Hashes of the runs of five characters, rising, each once.
    pub(crate) runs: Vec<u64>,
}

impl Stems {
    /// For texts in `language` (ISO 639-1); languages without rules are compared by whole words.
    pub(crate) fn new(language: &str) -> Self {
        Self { stemmer: algorithm(language).map(Stemmer::new), known: HashMap::new() }
    }

    /// The parts of `text`.
    pub(crate) fn read(&mut self, text: &str) -> Text {
        let text = &text[..text.floor_char_boundary(MAX_BYTES)];
        let mut out = Text::default();
        let mut begins = true;
        let mut folded = String::new();
        for (word, ends_sentence) in words(text) {
            let is_name =
                !begins && word.chars().next().is_some_and(|first| is_cased(first) && first.is_uppercase());
            begins = ends_sentence;
            folded.clear();
            fold_into(word, &mut folded);
            if folded.is_empty() {
                continue;
            }
            let stem = self.number(&folded);
            out.stems.push(stem);
            out.set.insert(stem);
            if folded.len() > SHORT || folded.bytes().any(|byte| !byte.is_ascii_alphabetic()) {
                out.content.insert(stem);
            }
            if is_name {
                out.names.insert(stem);
            }
            if folded.bytes().any(|byte| byte.is_ascii_digit()) {
                out.numbers.insert(stem);
                out.years.extend(folded.parse::<i16>().ok().filter(|year| (1900..2100).contains(year)));
            }
        }
        out.runs = runs(text);
        out
    }

    /// For each stem the number of items that have one of the forms in which `text` has it, of the words in `frequencies`.
    pub(crate) fn counted(&mut self, text: &str, frequencies: &BTreeMap<String, u64>) -> HashMap<u32, u64> {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut out: HashMap<u32, u64> = HashMap::new();
        let mut folded = String::new();
        for (word, _) in words(&text[..text.floor_char_boundary(MAX_BYTES)]) {
            folded.clear();
            fold_into(word, &mut folded);
            if let Some(items) = frequencies.get(&folded)
                && seen.insert(folded.clone())
            {
                let sum = out.entry(self.number(&folded)).or_default();
                *sum = sum.saturating_add(*items);
            }
        }
        out
    }

    fn number(&mut self, folded: &str) -> u32 {
        let stem = match &self.stemmer {
            Some(stemmer) => stemmer.stem(folded),
            None => folded.into(),
        };
        if let Some(number) = self.known.get(&*stem) {
            return *number;
        }
        let number = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        self.known.insert(stem.into_owned(), number);
        number
    }
}

/// `text`, and behind it the words of hashtags and handles that run together: what is looked for where items write them apart.
#[must_use]
pub fn expanded(text: &str) -> String {
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    let mut out = text.to_owned();
    for piece in text.split_whitespace().filter(|piece| piece.starts_with(['#', '@', '.'])) {
        let apart = words(piece);
        if apart.len() > 1 {
            for (word, _) in apart {
                out.push(' ');
                out.push_str(word);
            }
        }
    }
    out
}

/// The words of `text` without addresses, and whether a sentence ends behind each. Words in capitals and small letters run together
/// (`#StayInside`, `@RedCross`) come apart; characters of scripts without spaces are words.
fn words(text: &str) -> Vec<(&str, bool)> {
    let mut out: Vec<(&str, bool)> = Vec::new();
    for piece in text.split_whitespace() {
        if piece.contains("://") || piece.starts_with("pic.twitter.com") || piece.starts_with("t.co/") {
            continue;
        }
        let before = out.len();
        for run in piece.split(|letter| !is_word(letter)).filter(|run| !run.is_empty()) {
            let is_tag = piece.starts_with(['#', '@', '.']) || run.chars().any(is_unspaced);
            if is_tag { apart(run, &mut out) } else { out.push((run, false)) }
        }
        if out.len() > before
            && piece.ends_with(['.', '!', '?', ':', '"', '”', '…', '。'])
            && let Some(last) = out.last_mut()
        {
            last.1 = true;
        }
    }
    out
}

/// `run` cut before each capital that follows a small letter, between letters and digits, and around characters that are words.
fn apart<'a>(run: &'a str, out: &mut Vec<(&'a str, bool)>) {
    let letters: Vec<(usize, char)> = run.char_indices().collect();
    let mut start = 0;
    for pair in letters.windows(2) {
        let ((_, a), (at, b)) = (pair[0], pair[1]);
        let next = letters.iter().find(|(other, _)| *other > at).map(|(_, letter)| *letter);
        let cut = (a.is_lowercase() && b.is_uppercase())
            || (a.is_uppercase() && b.is_uppercase() && next.is_some_and(char::is_lowercase))
            || a.is_ascii_digit() != b.is_ascii_digit()
            || a == '_'
            || b == '_'
            || is_unspaced(a)
            || is_unspaced(b);
        if cut {
            out.push((&run[start..at], false));
            start = at;
        }
    }
    out.push((&run[start..], false));
}

/// Hashes of every [`RUN`] characters of the folded text, spaces included.
fn runs(text: &str) -> Vec<u64> {
    let folded =
        format!(" {} ", key(&words(text).into_iter().map(|(word, _)| word).collect::<Vec<_>>().join(" ")));
    let starts: Vec<usize> = folded.char_indices().map(|(at, _)| at).chain([folded.len()]).collect();
    let hash = |run: &[usize]| crate::linear::key(&[&folded.as_bytes()[run[0]..run[RUN]]]);
    let mut out: Vec<u64> = starts.windows(RUN + 1).map(hash).collect();
    out.sort_unstable();
    out.dedup();
    out
}

fn algorithm(language: &str) -> Option<Algorithm> {
    Some(match language {
        // What cannot be told is most often English.
        "en" | "und" => Algorithm::English,
        "ar" => Algorithm::Arabic,
        "da" => Algorithm::Danish,
        "de" => Algorithm::German,
        "el" => Algorithm::Greek,
        "es" => Algorithm::Spanish,
        "fi" => Algorithm::Finnish,
        "fr" => Algorithm::French,
        "hu" => Algorithm::Hungarian,
        "it" => Algorithm::Italian,
        "nl" => Algorithm::Dutch,
        "no" | "nb" | "nn" => Algorithm::Norwegian,
        "pt" => Algorithm::Portuguese,
        "ro" => Algorithm::Romanian,
        "ru" => Algorithm::Russian,
        "sv" => Algorithm::Swedish,
        "ta" => Algorithm::Tamil,
        "tr" => Algorithm::Turkish,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_apart_and_addresses_go() {
        let list: Vec<&str> = words("Flooding: #StayInsideNow @USArmyCorps https://x.example/y 12km 地震")
            .iter()
            .map(|(word, _)| *word)
            .collect();
        assert_eq!(list, ["Flooding", "Stay", "Inside", "Now", "US", "Army", "Corps", "12km", "地", "震"]);
    }

    #[test]
    fn words_that_run_together_are_looked_for_apart_too() {
        assert_eq!(
            expanded("Stay! #StayInside @RedCross #flood"),
            "Stay! #StayInside @RedCross #flood Stay Inside Red Cross"
        );
        assert_eq!(expanded(""), "");
    }

    #[test]
    fn forms_are_counted_by_their_stem_and_each_once() {
        let mut stems = Stems::new("en");
        let frequencies =
            [("bridge".to_owned(), 3), ("bridges".to_owned(), u64::MAX), ("dam".to_owned(), 1)].into();
        let counted = stems.counted("Bridge, bridges: bridge! nowhere", &frequencies);
        assert_eq!(counted.into_values().collect::<Vec<_>>(), [u64::MAX]);
    }

    #[test]
    fn forms_of_one_word_have_one_stem() {
        let mut stems = Stems::new("en");
        let (one, other) = (stems.read("The bridges were flooding"), stems.read("a flooded Bridge"));
        assert_eq!(one.set.intersection(&other.set).count(), 2);
        assert_eq!(other.names.len(), 1);
        let mut none = Stems::new("th");
        assert!(none.read("bridges").set.is_disjoint(&none.read("bridge").set));
    }

    #[test]
    fn numbers_years_and_names_are_told_apart() {
        let mut stems = Stems::new("en");
        let text = stems.read("Breaking: In 2019 about 40 people of Springfield left. They came back");
        assert_eq!(text.years, [2019].into());
        assert_eq!((text.numbers.len(), text.names.len()), (2, 1));
    }
}

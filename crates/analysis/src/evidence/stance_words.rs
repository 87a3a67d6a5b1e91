//! Words that show which side a sentence is on, in several languages (`data/lexicon/stance.tsv`). A negation before a word of
//! refutation or confirmation turns it. Irony is not seen.

use std::sync::LazyLock;

use crate::text::fold::{is_unspaced, key};

const TABLE: &str = include_str!("../../data/lexicon/stance.tsv");
/// A negation so many words before another turns it.
const REACH: usize = 2;

/// What the words of a sentence show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Signs {
    /// The word that says it is not so.
    pub(super) refutes: Option<String>,
    /// The word that says it is so.
    pub(super) confirms: Option<String>,
    /// Asks, or says that it does not know.
    pub(super) doubts: bool,
    /// Has a negation beside those.
    pub(super) negates: bool,
}

struct Term {
    /// Between spaces, or without where the script has none.
    pattern: String,
    word: String,
}

struct Table {
    refutes: Vec<Term>,
    confirms: Vec<Term>,
    doubts: Vec<Term>,
    negations: Vec<Term>,
}

static WORDS: LazyLock<Table> = LazyLock::new(|| {
    let mut table =
        Table { refutes: Vec::new(), confirms: Vec::new(), doubts: Vec::new(), negations: Vec::new() };
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = line.split('\t').skip(1);
        let (Some(sense), Some(term)) = (cells.next(), cells.next()) else { continue };
        let list = match sense {
            "refute" => &mut table.refutes,
            "support" => &mut table.confirms,
            "doubt" => &mut table.doubts,
            _ => &mut table.negations,
        };
        let folded = key(term);
        let pattern = match (term.ends_with('*'), folded.chars().any(is_glued)) {
            (_, true) => folded.clone(),
            (true, false) => format!(" {folded}"),
            (false, false) => format!(" {folded} "),
        };
        list.push(Term { pattern, word: folded });
    }
    // The longest first: "not true" before "true".
    for list in [&mut table.refutes, &mut table.confirms, &mut table.doubts, &mut table.negations] {
        list.sort_by(|a, b| b.pattern.len().cmp(&a.pattern.len()).then_with(|| a.pattern.cmp(&b.pattern)));
    }
    table
});

/// Scripts without spaces, and Korean, which glues endings to words.
fn is_glued(letter: char) -> bool {
    is_unspaced(letter) || ('\u{ac00}'..='\u{d7a3}').contains(&letter)
}

/// What the words of `sentence` show.
pub(super) fn signs(sentence: &str) -> Signs {
    let folded = format!(" {} ", key(sentence));
    let table = &*WORDS;
    let mut signs = Signs { doubts: sentence.contains(['?', '？', '؟']), ..Signs::default() };
    signs.doubts |= first(&table.doubts, &folded).is_some();
    if let Some((at, term)) = first(&table.refutes, &folded) {
        if is_turned(&folded[..at]) {
            signs.confirms = Some(format!("not {}", term.word));
        } else {
            signs.refutes = Some(term.word.clone());
        }
        return signs;
    }
    if let Some((at, term)) = first(&table.confirms, &folded) {
        if is_turned(&folded[..at]) {
            signs.doubts = true;
        } else {
            signs.confirms = Some(term.word.clone());
        }
    }
    signs.negates = first(&table.negations, &folded).is_some();
    signs
}

fn first<'a>(terms: &'a [Term], folded: &str) -> Option<(usize, &'a Term)> {
    terms.iter().find_map(|term| Some((folded.find(&term.pattern)?, term)))
}

/// Whether a negation stands shortly before.
fn is_turned(before: &str) -> bool {
    let words: Vec<&str> = before.split_whitespace().collect();
    // `isn't` folds to two words.
    let near = &words[words.len().saturating_sub(REACH + 1)..];
    let near = format!(" {} ", near.join(" "));
    WORDS.negations.iter().any(|term| !term.pattern.chars().any(is_glued) && near.contains(&term.pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_refutation_are_known_in_many_languages() {
        for text in [
            "This is FALSE",
            "It's a hoax, people",
            "The ministry denied the report",
            "El alcalde desmiente el rumor",
            "C’est faux !",
            "Das ist eine Falschmeldung",
            "यह खबर फर्जी है",
            "これはデマです",
            "هذا الخبر كاذب",
            "이것은 가짜 뉴스입니다",
            "That isn't true",
        ] {
            assert!(signs(text).refutes.is_some(), "{text}: {:?}", signs(text));
        }
    }

    #[test]
    fn a_negation_turns_what_follows() {
        assert!(signs("This is not fake").confirms.is_some());
        assert!(signs("This is not a hoax").confirms.is_some());
        let unknown = signs("The police have not confirmed it");
        assert!(unknown.doubts && unknown.confirms.is_none() && unknown.refutes.is_none());
        assert!(signs("The police confirmed it").confirms.is_some());
        assert!(signs("No road is closed").negates);
    }

    #[test]
    fn every_line_of_the_table_is_whole() {
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), 3, "{line}");
            assert!(["refute", "support", "doubt", "negation"].contains(&cells[1]), "{line}");
            assert!(!key(cells[2]).is_empty(), "{line}");
        }
        assert_eq!(signs(""), Signs::default());
    }
}

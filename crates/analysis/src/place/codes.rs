//! Two letters for a state or province: "Houston, TX", "Columbia, S.C.", "flooding in TX", "#NC".

use super::gazetteer::{Entry, Gazetteer};
use super::mention::{Mention, mention};
use super::words::{PLACE_WORDS, WORD_CODES};
use crate::text::{Doc, Gap, Token};

/// The state or province that a word of two letters stands for.
pub(super) fn code_entries(gazetteer: &Gazetteer, doc: &Doc, token: &Token) -> Vec<Entry> {
    let folded = doc.folded(token);
    if folded.len() != 2 { Vec::new() } else { gazetteer.lookup(&format!("us {folded}")).collect() }
}

/// The two letters of a state right behind a town: "Houston, TX".
pub(super) fn state_code(gazetteer: &Gazetteer, doc: &Doc, at: usize) -> Option<Mention> {
    let token = doc.tokens.get(at).filter(|token| token.shouted && token.gap != Gap::Hard)?;
    let doubtful = token.gap == Gap::Soft && (doc.flat_case || WORD_CODES.contains(&doc.folded(token)));
    let entries = code_entries(gazetteer, doc, token);
    (!doubtful && !entries.is_empty()).then(|| mention((token.start, token.end), (at, at + 1), entries))
}

/// "Columbia, S.C.": the same with stops.
pub(super) fn dotted_code(gazetteer: &Gazetteer, doc: &Doc, at: usize) -> Option<Mention> {
    let (one, two) = (doc.tokens.get(at)?, doc.tokens.get(at + 1)?);
    let letters = one.capital && two.capital && one.end - one.start == 1 && two.end - two.start == 1;
    if !letters || one.gap == Gap::Hard || &doc.clean.text[one.end..two.start] != "." {
        return None;
    }
    let key = format!("us {}{}", doc.folded(one), doc.folded(two));
    let entries: Vec<Entry> = gazetteer.lookup(&key).collect();
    (!entries.is_empty()).then(|| mention((one.start, two.end), (at, at + 2), entries))
}

/// A state's code that stands by itself: "[Saluda Co, SC]", "flooding in TX", "#NC".
pub(super) fn lone_code(gazetteer: &Gazetteer, doc: &Doc, at: usize) -> Option<Mention> {
    let token = &doc.tokens[at];
    if !token.shouted || token.end - token.start != 2 || WORD_CODES.contains(&doc.folded(token)) {
        return None;
    }
    let before = at.checked_sub(1).map(|index| &doc.tokens[index]);
    let behind_name = token.gap == Gap::Comma && before.is_some_and(|before| before.capital);
    let placed =
        token.gap == Gap::Soft && before.is_some_and(|before| PLACE_WORDS.contains(&doc.folded(before)));
    let tag = token.hashtag && token.start > 0 && doc.clean.text[..token.start].ends_with('#');
    let entries = code_entries(gazetteer, doc, token);
    let believed = behind_name || ((placed || tag) && !doc.flat_case);
    (believed && !entries.is_empty()).then(|| mention((token.start, token.end), (at, at + 1), entries))
}

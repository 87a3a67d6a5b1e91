//! The words that are compared: without who passed them on, without what was cut; and the numbers and names among them.

use crisislens_model::{RawItem, SourceKind, Stated};

use super::sample::hash_word;
use crate::place::Mention;
use crate::text::{Doc, Token, fold};

/// Characters by which a beginning is known: five or six words.
const BEGINNING: usize = 32;
/// Most bytes of folded words that are compared: the beginning tells a copy.
const MAX_BYTES: usize = 4_096;

/// The words that are compared.
pub(super) struct Words {
    /// Folded, each between spaces.
    pub(super) folded: String,
    /// Which tokens they are.
    pub(super) tokens: Vec<usize>,
}

/// Addresses, handles and punctuation are no words of `doc`; the `RT` of a retweet and a word that an ellipsis may have cut go too.
pub(super) fn read(doc: &Doc) -> Words {
    let mut words = Words { folded: String::from(" "), tokens: Vec::with_capacity(doc.tokens.len()) };
    let whole = doc.tokens.len() - usize::from(is_cut(doc));
    for (at, token) in doc.tokens.iter().enumerate().take(whole) {
        let word = doc.folded(token);
        if doc.retweet && word == "rt" {
            continue;
        }
        if words.folded.len() + word.len() > MAX_BYTES {
            break;
        }
        words.folded.push_str(word);
        words.folded.push(' ');
        words.tokens.push(at);
    }
    words
}

/// How a text begins; none where that is all of it.
pub(super) fn beginning(folded: &str) -> Option<&str> {
    let (end, _) = folded.char_indices().nth(BEGINNING)?;
    folded.get(..end)
}

/// Whether an ellipsis follows the last word; NFKC has made three stops of the sign.
fn is_cut(doc: &Doc) -> bool {
    doc.tokens.last().and_then(|last| doc.clean.text.get(last.end..)).is_some_and(|rest| rest.contains("..."))
}

/// Hashes of the numbers, the names and all words of a text.
#[derive(Default)]
pub(super) struct Details {
    pub(super) numbers: Vec<u32>,
    pub(super) names: Vec<u32>,
    pub(super) words: Vec<u32>,
}

impl Details {
    fn end_number(&mut self, number: &mut String) {
        if !number.is_empty() {
            self.numbers.push(hash_word(number));
            number.clear();
        }
    }
}

/// Whether figures on both sides of a stop or a comma are one number: "7,000", which others write "7000", "6.2", "14.11.2025".
fn goes_on(doc: &Doc, before: &Token, token: &Token) -> bool {
    let is_number = |token: &Token| doc.folded(token).chars().all(char::is_numeric);
    matches!(doc.clean.text.get(before.end..token.start), Some("." | ","))
        && is_number(before)
        && is_number(token)
}

/// The numbers, names and words in the text. A number is its figures alone. Of an authority every word with a capital is a name, and what it states
/// beside the text counts; of others the places that the gazetteer knows, since a misspelt name is none of them.
pub(super) fn details(raw: &RawItem, doc: &Doc, words: &Words, mentions: &[Mention]) -> Details {
    let is_official = raw.source_kind == SourceKind::Official;
    let is_in_mention =
        |at: usize| mentions.iter().any(|mention| (mention.first..mention.after).contains(&at));
    let is_name = |at: usize, token: &Token| {
        is_in_mention(at)
            || (is_official && (doc.flat_case || !token.cased || (token.capital && !token.opens)))
    };
    let mut details = Details::default();
    let mut number = String::new();
    let mut before: Option<&Token> = None;
    for (at, token) in words.tokens.iter().filter_map(|at| doc.tokens.get(*at).map(|token| (*at, token))) {
        let word = doc.folded(token);
        if !before.is_some_and(|before| goes_on(doc, before, token)) {
            details.end_number(&mut number);
        }
        before = Some(token);
        details.words.push(hash_word(word));
        if word.contains(char::is_numeric) {
            number.extend(word.chars().filter(|char| char.is_numeric()));
            // "5pm" and "5am": the hours of authorities are meant.
            details.numbers.extend(is_official.then(|| hash_word(word)));
        } else if is_name(at, token) {
            details.names.push(hash_word(word));
        }
    }
    details.end_number(&mut number);
    if is_official {
        state(raw.stated.as_ref(), &mut details);
    }
    details
}

/// What an authority states beside its text: points to a tenth of a degree, since producers round.
fn state(stated: Option<&Stated>, details: &mut Details) {
    let Some(stated) = stated else { return };
    let point = [("lat", stated.lat), ("lon", stated.lon), ("m", stated.magnitude)];
    for (name, value) in point.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        details.numbers.push(hash_word(&format!("{name} {value:.1}")));
    }
    if let Some(expires) = stated.expires {
        details.numbers.push(hash_word(&format!("expires {}", expires.as_second())));
    }
    if stated.withdrawn {
        details.numbers.push(hash_word("withdrawn"));
    }
    if let Some(place) = &stated.place {
        // As a whole: a bulletin that names two counties comes once for each.
        details.names.push(hash_word(&format!("place {}", fold::key(place))));
    }
}

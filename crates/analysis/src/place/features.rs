//! What the tagger sees of each word: its shape, its affixes, what the gazetteer, the rules and the lexicon say of it,
//! and its neighbours. Not the word itself.

use super::codes::code_entries;
use super::gazetteer::{ALTERNATE, AMBIGUOUS, DEMONYM, Entry, Gazetteer, Hit, Kind};
use super::mention::Mention;
use super::tagger::BITS;
use super::words::PLACE_NOUNS;
use crate::lexicon::{Cue, Find, Sense};
use crate::text::{Doc, Gap, Token};

/// Most words of a name.
const MAX_WORDS: usize = 5;
/// Letters of the longest affix.
const MAX_AFFIX: usize = 3;

/// Of a town this large a word with an s more is believed.
const POSSESSIVE_POPULATION: u32 = 500_000;

/// One word, reduced to numbers.
#[derive(Debug, Clone, Copy, Default)]
struct Atoms {
    shape: u64,
    gazetteer: u64,
    rule: u64,
    sense: u64,
    noun: u64,
    /// The word for its neighbours, who may look at it.
    word: u64,
    gap: u64,
    affixes: [u64; MAX_AFFIX],
    prefix: u64,
    length: u64,
}

/// The slots of each word's features.
pub(crate) fn of(gazetteer: &Gazetteer, doc: &Doc, finds: &[Find], rules: &[Mention]) -> Vec<Vec<u32>> {
    let atoms = atoms(gazetteer, doc, finds, rules);
    let at = |index: usize, offset: isize| {
        index
            .checked_add_signed(offset)
            .and_then(|index| atoms.get(index))
            .copied()
            .unwrap_or(Atoms { shape: 99, ..Atoms::default() })
    };
    (0..atoms.len())
        .map(|index| {
            let [two, before, this, next, after] = [-2, -1, 0, 1, 2].map(|offset| at(index, offset));
            let mut slots = Vec::with_capacity(48);
            let mut number = 0;
            let mut add = |parts: &[u64]| {
                slots.push(slot(number, parts));
                number += 1;
            };
            add(&[]);
            add(&[this.shape, this.length]);
            add(&[this.gazetteer]);
            add(&[this.rule]);
            add(&[this.noun]);
            add(&[this.sense, this.rule]);
            add(&[this.gazetteer, this.shape]);
            add(&[this.rule, this.shape, this.gazetteer]);
            this.affixes.iter().enumerate().for_each(|(length, affix)| add(&[length as u64, *affix]));
            add(&[this.prefix]);
            add(&[this.affixes[2], this.shape]);
            add(&[this.gap, before.shape, this.shape]);
            add(&[this.gap, before.rule, this.gazetteer]);
            add(&[before.shape, this.shape, next.shape]);
            add(&[next.gap, next.shape, this.shape]);
            add(&[before.gazetteer, this.gap]);
            add(&[next.gazetteer, next.gap]);
            add(&[before.rule, this.rule, next.rule]);
            add(&[before.noun, this.shape, this.rule]);
            add(&[next.noun, this.shape, this.rule, next.shape]);
            add(&[after.noun, next.shape, this.shape]);
            add(&[before.sense, this.shape, this.rule]);
            add(&[next.sense, this.shape, this.rule]);
            add(&[before.word]);
            add(&[next.word, next.gap]);
            add(&[before.word, this.shape]);
            add(&[next.word, this.shape, next.gap]);
            add(&[before.word, this.gazetteer]);
            add(&[next.word, this.gazetteer]);
            add(&[before.word, this.rule, this.shape]);
            add(&[next.word, this.rule, this.shape]);
            add(&[two.word, before.word]);
            add(&[next.word, after.word]);
            add(&[two.word, this.rule]);
            add(&[after.word, this.rule]);
            add(&[before.word, next.word]);
            add(&[two.shape, before.shape, this.gap]);
            add(&[two.noun, before.shape, this.shape, this.gap]);
            slots
        })
        .collect()
}

fn atoms(gazetteer: &Gazetteer, doc: &Doc, finds: &[Find], rules: &[Mention]) -> Vec<Atoms> {
    let mut atoms: Vec<Atoms> = doc.tokens.iter().map(|token| plain(doc, token)).collect();
    known(gazetteer, doc, &mut atoms);
    for mention in rules {
        for (index, atoms) in atoms[mention.first..mention.after].iter_mut().enumerate() {
            atoms.rule = 1 + u64::from(index > 0);
        }
    }
    for find in finds {
        let sense = match find.term.sense {
            Sense::Hazard(_) => 1,
            Sense::Cue(Cue::StormName) => 2,
            Sense::Cue(_) => 3,
            Sense::Topic(_) => 4,
        };
        let from = doc.tokens.partition_point(|token| token.folded_end <= find.start);
        for (token, atoms) in doc.tokens.iter().zip(&mut atoms).skip(from) {
            if token.folded_start >= find.end {
                break;
            }
            // Storms before hazards before the rest.
            if atoms.sense == 0 || sense == 2 {
                atoms.sense = sense;
            }
        }
    }
    atoms
}

fn plain(doc: &Doc, token: &Token) -> Atoms {
    let folded = doc.folded(token);
    let letters = folded.chars().count();
    let tag = if token.hashtag { 1 + u64::from(is_whole_hashtag(doc, token.start, token.end)) } else { 0 };
    let digits = folded.bytes().any(|byte| byte.is_ascii_digit());
    let case = match (token.cased, token.shouted, token.capital) {
        (false, ..) => 0,
        (_, true, _) => 1,
        (_, _, true) => 2,
        _ => 3,
    };
    let shape = case
        | tag << 2
        | u64::from(doc.flat_case) << 4
        | u64::from(token.opens) << 5
        | u64::from(digits) << 6;
    let ends = |count: usize| folded.char_indices().rev().nth(count).map(|(at, _)| at);
    // An affix of nearly the whole word would be the word.
    let affix = |count: usize| match ends(count) {
        Some(at) if letters >= count + 4 => text_hash(&folded[at..]),
        _ => 0,
    };
    let prefix =
        folded.char_indices().nth(3).filter(|_| letters >= 6).map_or(0, |(at, _)| text_hash(&folded[..at]));
    Atoms {
        shape,
        noun: PLACE_NOUNS.iter().position(|noun| *noun == folded).map_or(0, |at| at as u64 + 1),
        word: text_hash(folded),
        gap: match token.gap {
            Gap::Soft => 0,
            Gap::Comma => 1,
            Gap::Hard => 2,
        },
        affixes: std::array::from_fn(|count| affix(count + 1)),
        prefix,
        length: letters.min(12) as u64,
        ..Atoms::default()
    }
}

/// Whether the range is a hashtag without its sign.
pub(crate) fn is_whole_hashtag(doc: &Doc, start: usize, end: usize) -> bool {
    doc.hashtags.iter().any(|tag| {
        tag.0 < start && end == tag.1 && !doc.clean.text[tag.0..start].ends_with(char::is_alphanumeric)
    })
}

/// Marks the longest names of the gazetteer from left to right, believed or not.
fn known(gazetteer: &Gazetteer, doc: &Doc, atoms: &mut [Atoms]) {
    let mut hits = Vec::new();
    let mut at = 0;
    while at < atoms.len() {
        let found = longest(gazetteer, doc, at, doc.tokens.len(), &mut hits);
        let (count, entries) = match found {
            Some(found) => found,
            None if doc.tokens[at].shouted => (1, code_entries(gazetteer, doc, &doc.tokens[at])),
            None => (1, Vec::new()),
        };
        if let Some(entry) = entries.first() {
            let place = gazetteer.place(entry.place);
            let (kind, people) = place.map_or((0, 0), |place| (place.kind as u64, place.population));
            let flags = u64::from(entry.flags & (ALTERNATE | AMBIGUOUS | DEMONYM));
            let summary = 1 | kind << 1 | flags << 3 | u64::from(people.max(1).ilog10()) << 6;
            for (index, atoms) in atoms[at..at + count].iter_mut().enumerate() {
                atoms.gazetteer = summary | (u64::from(index > 0) << 12) | ((count.min(3) as u64) << 13);
            }
        }
        at += count;
    }
}

/// The longest name that begins at word `at` and ends before word `until`: its number of words and what it may mean.
pub(crate) fn longest(
    gazetteer: &Gazetteer,
    doc: &Doc,
    at: usize,
    until: usize,
    hits: &mut Vec<Hit>,
) -> Option<(usize, Vec<Entry>)> {
    let end = until.min(at + MAX_WORDS);
    let last = (at + 1..end).find(|next| doc.tokens[*next].gap != Gap::Soft).unwrap_or(end);
    let words = &doc.tokens[at..last];
    let from = words[0].folded_start;
    let bytes = &doc.folded.as_bytes()[from..words[words.len() - 1].folded_end];
    gazetteer.prefixes(bytes, |len| words.iter().any(|word| word.folded_end == from + len), hits);
    let Some(hit) = hits.last() else {
        return possessive(gazetteer, doc, &words[0]).map(|entries| (1, entries));
    };
    let count = words.iter().position(|word| word.folded_end == from + hit.len)? + 1;
    Some((count, gazetteer.entries(*hit).collect()))
}

/// "Ecuadors people": the name of a country, a division or a large town with the s of possession and no apostrophe.
fn possessive(gazetteer: &Gazetteer, doc: &Doc, token: &Token) -> Option<Vec<Entry>> {
    let stem = doc.folded(token).strip_suffix('s').filter(|stem| token.capital && stem.len() >= 4)?;
    let entries: Vec<Entry> = gazetteer
        .lookup(stem)
        .filter(|entry| entry.flags & (ALTERNATE | AMBIGUOUS | DEMONYM) == 0)
        .filter(|entry| {
            gazetteer
                .place(entry.place)
                .is_some_and(|place| place.kind != Kind::City || place.population >= POSSESSIVE_POPULATION)
        })
        .collect();
    (!entries.is_empty()).then_some(entries)
}

fn text_hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The slot of a template's feature: its parts mixed as in `MurmurHash3`.
fn slot(template: u64, parts: &[u64]) -> u32 {
    let mut hash = template.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995;
    for part in parts {
        hash = (hash ^ part).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 33;
    }
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (hash >> (64 - BITS)) as u32
}

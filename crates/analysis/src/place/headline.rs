//! A place that a few words name beside a hazard: "Valencia flooded", "inundaciones Valencia", "mumbai flood".
//!
//! Looked for only where nothing else is found in a short text: there a name that is also a person's or a word's, or is written
//! small, is a place, because it stands at the text's beginning or end and touches the word for the hazard.

use super::features;
use super::gazetteer::{ALTERNATE, AMBIGUOUS, DEMONYM, Entry, Gazetteer, Kind};
use super::mention::{MAX_ENTRIES, Mention, mention};
use super::words::{PERSONS, TITLES};
use crate::lexicon::{Cue, Find, Sense};
use crate::text::{Doc, Gap};

/// Most words of such a text, but for hashtags.
const MAX_WORDS: usize = 6;
/// A hazard's word must weigh this much: "Victoria is fire" speaks of no fire.
const LEAST_WEIGHT: f64 = 0.6;
/// Of a name that is also a person's or a word, only towns of this size are believed …
const AMBIGUOUS_POPULATION: u32 = 200_000;
/// … and of one that is written small, of this.
const SMALL_POPULATION: u32 = 500_000;
/// A doubtful name that is not a town's first is believed of the largest alone.
const ALTERNATE_POPULATION: u32 = 1_000_000;
/// Words that may stand between the name and the hazard, folded.
const BETWEEN: [&str; 18] = [
    "is", "was", "being", "badly", "now", "hit", "by", "under", "after", "esta", "sufre", "e", "ist", "est",
    "sous", "en", "in", "por",
];
/// Most of these.
const MAX_BETWEEN: usize = 2;

/// The place that `doc` names beside a hazard, at its beginning or at its end.
pub(super) fn find(gazetteer: &Gazetteer, doc: &Doc, finds: &[Find]) -> Option<Mention> {
    let words = doc.tokens.iter().position(|token| token.hashtag).unwrap_or(doc.tokens.len());
    if !(2..=MAX_WORDS).contains(&words) || finds.iter().any(|find| is_cue(find, Cue::Figurative)) {
        return None;
    }
    let hazard = finds.iter().filter(|find| is_hazard(find)).map(|find| tokens_of(doc, find));
    let hazards: Vec<(usize, usize)> = hazard.filter(|(_, after)| *after <= words).collect();
    let first = hazards.iter().map(|(first, _)| *first).min()?;
    let last = hazards.iter().map(|(_, after)| *after).max()?;
    let mut hits = Vec::new();
    let mut named = |first: usize, after: usize| {
        let (count, entries) = features::longest(gazetteer, doc, first, after, &mut hits)?;
        let entries = believed(gazetteer, doc, (first, after), entries);
        (first + count == after && !entries.is_empty()).then(|| {
            let range = (doc.tokens[first].start, doc.tokens[after - 1].end);
            Mention { headline: true, ..mention(range, (first, after), entries) }
        })
    };
    let front = (0..=MAX_BETWEEN)
        .filter_map(|skip| {
            first.checked_sub(skip).filter(|after| *after > 0 && is_between(doc, *after, first))
        })
        .find_map(|after| named(0, after));
    if front.is_some() {
        return front;
    }
    (0..=MAX_BETWEEN)
        .map(|skip| last + skip)
        .filter(|from| *from < words && is_between(doc, last, *from) && doc.tokens[*from].gap != Gap::Hard)
        .find_map(|from| named(from, words))
}

/// What a name may mean that stands by a hazard.
fn believed(
    gazetteer: &Gazetteer,
    doc: &Doc,
    (first, after): (usize, usize),
    entries: Vec<Entry>,
) -> Vec<Entry> {
    let words = &doc.tokens[first..after];
    let folded = doc.folded(&words[0]);
    let capital = words[0].capital && words[words.len() - 1].capital;
    let small = words[0].cased && (!capital || doc.flat_case);
    let known = |list: &[&str]| list.contains(&folded);
    if known(&TITLES) || known(&PERSONS) || words.iter().any(|word| word.end - word.start <= 2) {
        return Vec::new();
    }
    let kept = entries.into_iter().take(MAX_ENTRIES).filter(|entry| {
        let Some(place) = gazetteer.place(entry.place) else { return false };
        let least = match (small, entry.flags & AMBIGUOUS != 0) {
            (true, true) => return false,
            (true, false) => SMALL_POPULATION,
            (false, true) => AMBIGUOUS_POPULATION,
            (false, false) => 0,
        };
        let is_town = place.kind == Kind::City;
        entry.flags & DEMONYM == 0
            && (entry.flags & ALTERNATE == 0 || least == 0 || place.population >= ALTERNATE_POPULATION)
            && (!is_town || place.population >= least)
            && (is_town || entry.flags & AMBIGUOUS == 0)
    });
    kept.collect()
}

fn is_between(doc: &Doc, from: usize, to: usize) -> bool {
    doc.tokens[from..to].iter().all(|token| !token.capital && BETWEEN.contains(&doc.folded(token)))
}

fn is_hazard(find: &Find) -> bool {
    matches!(find.term.sense, Sense::Hazard(_)) && find.term.weight >= LEAST_WEIGHT
}

fn is_cue(find: &Find, cue: Cue) -> bool {
    find.term.sense == Sense::Cue(cue)
}

/// The tokens of a term.
fn tokens_of(doc: &Doc, find: &Find) -> (usize, usize) {
    let first = doc.tokens.partition_point(|token| token.folded_end <= find.start);
    (first, doc.tokens.partition_point(|token| token.folded_start < find.end))
}

//! How near an item's text is to what the texts of incidents speak of.
//!
//! An incident keeps the words that its texts use most, counted by the Space-Saving summary (Metwally, Agrawal, El Abbadi 2005): bounded,
//! and what is used often is among them whenever it begins. A word tells candidates apart the more, the fewer of them use it
//! (inverse document frequency among the candidates; Spärck Jones, 1972), so that words of the hazard and of the language tell
//! nothing. Limits: whole folded words, no stems; texts in scripts without spaces are not compared.

use std::collections::{BTreeMap, BTreeSet};

use crisislens_model::{Incident, Item};

use crate::text::fold;

/// Most words that are kept of an incident.
pub(super) const MAX_WORDS: usize = 48;
/// Of a text so many bytes are read …
pub const MAX_BYTES: usize = 2_048;
/// … and so many words count.
const MAX_OF_ITEM: usize = 32;
/// Shorter words mostly hold a sentence together.
const LEAST_LETTERS: usize = 4;
const MOST_LETTERS: usize = 32;
/// So many of the shared words are told.
const TOLD: usize = 3;

/// The words of `item` that say something, each once.
pub(super) fn words(item: &Item) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for text in item.title.iter().chain([&item.text]) {
        let text = &text[..text.floor_char_boundary(MAX_BYTES)];
        for piece in text.split_whitespace().filter(|piece| !piece.contains("://") && !piece.starts_with('@'))
        {
            for word in fold::key(piece).split(' ') {
                let letters = word.chars().count();
                let says = (LEAST_LETTERS..=MOST_LETTERS).contains(&letters)
                    && word.chars().all(|letter| !letter.is_numeric() && !fold::is_unspaced(letter));
                if says && out.len() < MAX_OF_ITEM {
                    out.insert(word.to_owned());
                }
            }
        }
    }
    out
}

/// Counts the words of one more item. Where there is no room, a word takes the place of one that is used least, and its count: it may
/// have been used that often before.
pub(super) fn count(counts: &mut BTreeMap<String, u32>, words: BTreeSet<String>) {
    for word in words {
        if let Some(times) = counts.get_mut(&word) {
            *times = times.saturating_add(1);
            continue;
        }
        let least =
            if counts.len() < MAX_WORDS { None } else { counts.iter().min_by_key(|(_, times)| **times) };
        let least = least.map(|(word, times)| (word.clone(), *times));
        let before = least.map_or(0, |(gone, times)| {
            counts.remove(&gone);
            times
        });
        counts.insert(word, before.saturating_add(1));
    }
}

/// Counts all that was counted elsewhere; the most used are kept.
pub(super) fn merge(counts: &mut BTreeMap<String, u32>, others: &BTreeMap<String, u32>) {
    for (word, times) in others {
        let mine = counts.entry(word.clone()).or_insert(0);
        *mine = mine.saturating_add(*times);
    }
    let mut all: Vec<(String, u32)> = std::mem::take(counts).into_iter().collect();
    all.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    all.truncate(MAX_WORDS);
    counts.extend(all);
}

/// What the words of an item say of candidates.
pub(super) struct Wording<'a> {
    /// Those of its words that some candidate uses and others do not, with how much each tells.
    telling: Vec<(&'a str, f64)>,
    all: f64,
}

impl<'a> Wording<'a> {
    pub(super) fn new(words: &'a BTreeSet<String>, candidates: &[&Incident]) -> Self {
        let many = candidates.len();
        let telling: Vec<(&str, f64)> = words
            .iter()
            .filter_map(|word| {
                let users = candidates.iter().filter(|one| one.words.contains_key(word)).count();
                let tells = users > 0 && users < many;
                tells.then(|| (word.as_str(), crate::linear::number::ln(many as f64 / users as f64)))
            })
            .collect();
        let all = telling.iter().map(|(_, weight)| weight).sum();
        Self { telling, all }
    }

    /// 0 to 1: how much of what tells the candidates apart speaks for `incident`, and the words that do, the most telling first.
    pub(super) fn speaks_for(&self, incident: &Incident) -> (f64, Vec<&'a str>) {
        let mut shared: Vec<(&str, f64)> =
            self.telling.iter().filter(|(word, _)| incident.words.contains_key(*word)).copied().collect();
        if shared.is_empty() {
            return (0.0, Vec::new());
        }
        let share = shared.iter().map(|(_, weight)| weight).sum::<f64>() / self.all;
        shared.sort_by(|a, b| b.1.total_cmp(&a.1));
        (share, shared.into_iter().map(|(word, _)| word).take(TOLD).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_most_items_use_is_kept_however_many_words_go_by() {
        let mut counts = BTreeMap::new();
        for n in 0..5_000_u32 {
            let mut words: BTreeSet<String> = (0..20).map(|k| format!("word{}", n * 20 + k)).collect();
            words.insert("barranco".to_owned());
            count(&mut counts, words);
        }
        assert!(counts.len() <= MAX_WORDS, "{}", counts.len());
        assert!(counts.contains_key("barranco"));
        let mut other = BTreeMap::from([("dana".to_owned(), 9_000)]);
        merge(&mut other, &counts);
        assert!(other.len() <= MAX_WORDS && other.contains_key("dana") && other.contains_key("barranco"));
    }
}

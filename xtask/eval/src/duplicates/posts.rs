//! Posts of the labelled sets by event, the retweets among them, and which are copies by their words.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use anyhow::Context;

use crate::data::{files, text_of};

/// The posts of an event, each text once.
pub(super) struct Event {
    pub(super) name: String,
    pub(super) texts: Vec<String>,
}

/// By the words that both have, of those of the shorter: from here on two posts are copies to whoever compares words.
const COPIED_WORDS: f64 = 0.7;
/// Characters by which a retweet is known to repeat its original.
const MIN_REPEATED: usize = 40;

/// The posts of `CrisisLex` and IDRISI, by event.
pub(super) fn read(data: &Path) -> anyhow::Result<Vec<Event>> {
    let mut events: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for set in ["crisislex-t6", "crisislex-t26"] {
        for (name, file) in files(&data.join(set), ".csv")? {
            let texts =
                column(&text_of(&file)?, 1).with_context(|| format!("{} cannot be read", file.display()))?;
            events.entry(event_of(set, &name)).or_default().extend(texts.into_iter().skip(1));
        }
    }
    for set in ["idrisi/lmr-en", "idrisi/lmr-ar"] {
        for (name, file) in files(&data.join(set), ".jsonl.gz")? {
            let lines = text_of(&file)?;
            let of_event = events.entry(event_of(set, &name)).or_default();
            for line in lines.lines() {
                let row: serde_json::Value = serde_json::from_str(line)?;
                of_event.extend(row["text"].as_str().map(str::to_owned));
            }
        }
    }
    Ok(events
        .into_iter()
        .map(|(name, texts)| {
            let mut seen = HashSet::new();
            Event { name, texts: texts.into_iter().filter(|text| seen.insert(text.clone())).collect() }
        })
        .collect())
}

fn event_of(set: &str, name: &str) -> String {
    format!("{set} {}", name.rsplit_once('-').map_or(name, |(event, _)| event))
}

/// A column of comma-separated values, the header included; empty where a row has none.
fn column(text: &str, wanted: usize) -> Result<Vec<String>, csv::Error> {
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    rows.records().map(|row| row.map(|row| row.get(wanted).unwrap_or_default().to_owned())).collect()
}

/// Whether two posts are copies by their words, each counted as often as it occurs. It knows no characters, no order and no numbers,
/// and so errs in other ways than what is measured.
pub(super) fn are_copies(one: &str, other: &str) -> bool {
    let (one, other) = (plain(one), plain(other));
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<String>>();
    let (one, other) = (words(&one), words(&other));
    let counts = counted(&other);
    let shared: usize = counted(&one)
        .into_iter()
        .map(|(word, count)| count.min(counts.get(word).copied().unwrap_or(0)))
        .sum();
    shared as f64 >= COPIED_WORDS * one.len().min(other.len()).max(1) as f64
}

/// How often each word occurs.
fn counted(words: &[String]) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for word in words {
        *counts.entry(word.as_str()).or_insert(0) += 1;
    }
    counts
}

/// Small letters and figures, one space between words; no addresses, no handles.
fn plain(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !word.contains("://") && !word.starts_with('@'));
    let words = words.map(|word| {
        word.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>()
    });
    words.filter(|word| !word.is_empty() && word != "rt").collect::<Vec<String>>().join(" ")
}

/// Retweets with their originals, as indexes: one begins with what is repeated behind the last `RT @…:`, or is repeated whole.
pub(super) fn retweets(event: &Event) -> Vec<(usize, usize)> {
    let beginning = |text: &str| text.chars().take(MIN_REPEATED).collect::<String>();
    let mut originals: HashMap<String, Vec<(usize, String)>> = HashMap::new();
    for (at, text) in event.texts.iter().enumerate().filter(|(_, text)| !text.contains("RT @")) {
        let plain = plain(text);
        if plain.chars().count() >= MIN_REPEATED {
            originals.entry(beginning(&plain)).or_default().push((at, plain));
        }
    }
    let mut pairs = Vec::new();
    for (at, text) in event.texts.iter().enumerate() {
        let Some((_, repeated)) = text.rsplit_once("RT @") else { continue };
        let repeated = repeated.split_once([' ', ':']).map_or("", |(_, rest)| rest);
        let is_cut = repeated.trim_end().ends_with("...") || repeated.contains('…');
        let mut repeated = plain(repeated);
        if is_cut {
            repeated.truncate(repeated.rfind(' ').unwrap_or(0));
        }
        if repeated.chars().count() < MIN_REPEATED {
            continue;
        }
        let found = originals.get(&beginning(&repeated)).into_iter().flatten();
        let original = found
            .into_iter()
            .find(|(_, original)| original.starts_with(&repeated) || repeated.starts_with(original.as_str()));
        pairs.extend(original.map(|(original, _)| (at, *original)));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_keep_commas_quotes_and_lines() {
        assert_eq!(column("a,b\n1,\"x, \"\"y\"\"\nz\",3\n2,w\n", 1).unwrap(), ["b", "x, \"y\"\nz", "w"]);
    }

    #[test]
    fn posts_of_the_same_words_are_copies_whoever_passed_them_on() {
        assert!(are_copies("RT @a: Water in the streets! http://t.co/1", "water in the streets @b"));
        assert!(!are_copies("Water in the streets", "Fire on the hill, in two places"));
    }

    #[test]
    fn a_cut_retweet_finds_its_original() {
        let texts = [
            "Water in the streets of the old town, people had to leave their homes",
            "So sad RT @x: Water in the streets of the old town, people had to lea...",
            "RT @x: Something that nobody has said before in this town, not even once",
        ];
        let event = Event { name: "flood".to_owned(), texts: texts.map(str::to_owned).into() };
        assert_eq!(retweets(&event), [(1, 0)]);
    }
}

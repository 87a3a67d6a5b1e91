//! What is asked for when items are wanted that speak of the same thing as a text, and how the words to look for are chosen.
//! Not how an engine ranks: BM25 (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75) over title, text and place name is built
//! into both.
//!
//! The engines score alike but for three things: a float's last digits, items that were replaced and not yet merged away
//! (they count in Tantivy's frequencies of words, and in the server's scores but not in its choice of words), and items
//! without any word, which Tantivy counts into the mean length and Lucene does not.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crisislens_model::{ExerciseId, ItemFilter, ItemId, Timestamp};

use crate::Query;
use crate::words::{beginning, words};

/// Most hits of one request.
pub const MAX_RELEVANT: usize = 200;
/// Most ids that a request leaves out.
pub const MAX_EXCLUDED: usize = 1_000;
/// Of the text, so many different words are considered …
pub const MAX_WORDS: usize = 256;
/// … and the rarest so many looked for, …
pub const MAX_TERMS: usize = 32;
/// … of which all but the first are in so many items together at most: what a request reads is bounded.
pub const MAX_POSTINGS: u64 = 2_000_000;

/// Items that share words with a text are wanted.
#[derive(Debug, Clone, Default)]
pub struct RelevantRequest {
    /// Any of its words may be there; rare ones count for more.
    pub text: String,
    /// Said at or after this.
    pub since: Option<Timestamp>,
    /// Said before this.
    pub until: Option<Timestamp>,
    /// Whether items of exercises are wanted, or those in earnest: the two are never mixed.
    pub exercise: bool,
    /// With `exercise`: of which one, as two are not mixed either. None is one that was played without being started by people.
    pub exercise_id: Option<ExerciseId>,
    /// Whether published checks of claims are wanted, or what is none; both where nothing is said.
    pub fact_checks: Option<bool>,
    /// Not these; of more than [`MAX_EXCLUDED`], the first.
    pub exclude: Vec<ItemId>,
    /// At most so many, and at most [`MAX_RELEVANT`].
    pub limit: usize,
}

/// A hit and how well it fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Relevant {
    /// The item.
    pub id: ItemId,
    /// Its BM25 score: comparable within one answer only.
    pub score: f64,
}

/// What was found, and how rare the words are that were asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RelevantHits {
    /// The hits, best first.
    pub hits: Vec<Relevant>,
    /// The different words of the text, folded ([`crate::words::words`]), with the number of items of the whole index that
    /// have each, whatever the conditions. Words that no item has are left out.
    pub frequencies: BTreeMap<String, u64>,
    /// Items of the whole index; never fewer than any word is in.
    pub items: u64,
}

impl RelevantRequest {
    /// The different words of the text, in order.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for word in words(beginning(&self.text)) {
            if out.len() == MAX_WORDS {
                break;
            }
            if !out.contains(&word) {
                out.push(word);
            }
        }
        out
    }

    /// The condition on time.
    pub(crate) fn condition(&self) -> Query {
        Query::from(ItemFilter { since: self.since, until: self.until, ..ItemFilter::default() })
    }

    /// The ids that are left out.
    pub(crate) fn excluded(&self) -> &[ItemId] {
        self.exclude.get(..MAX_EXCLUDED).unwrap_or(&self.exclude)
    }

    /// How many hits at most.
    pub(crate) fn limit(&self) -> usize {
        self.limit.min(MAX_RELEVANT)
    }
}

/// The words to look for, of those with the number of items that have each: the rarest, within the bounds. Frequent words
/// hardly move a score and cost the most.
pub(crate) fn rarest(frequencies: &BTreeMap<String, u64>) -> Vec<String> {
    let mut words: Vec<(&String, u64)> = frequencies.iter().map(|(word, items)| (word, *items)).collect();
    words.sort_by_key(|(_, items)| *items);
    let mut read = 0_u64;
    let mut kept = Vec::new();
    for (word, items) in words.into_iter().take(MAX_TERMS) {
        read = read.saturating_add(items);
        if read > MAX_POSTINGS && !kept.is_empty() {
            break;
        }
        kept.push(word.clone());
    }
    kept
}

/// The best `limit` hits, best first, by the greater id where scores are equal.
pub(crate) fn best(mut hits: Vec<Relevant>, limit: usize) -> Vec<Relevant> {
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| Reverse(a.id).cmp(&Reverse(b.id))));
    hits.truncate(limit);
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_words_are_looked_for_and_frequent_ones_within_bounds() {
        let of = |words: &[(&str, u64)]| {
            rarest(&words.iter().map(|(word, items)| ((*word).to_owned(), *items)).collect())
        };
        assert_eq!(of(&[("the", 1_999_999), ("bridge", 2), ("in", 9)]), ["bridge", "in"]);
        assert_eq!(of(&[("the", u64::MAX), ("of", u64::MAX)]), ["of"]);
        assert!(of(&[]).is_empty());
        let many = (0..100).map(|n| (format!("w{n:02}"), 100 - n)).collect();
        let kept = rarest(&many);
        assert_eq!((kept.len(), kept[0].as_str()), (MAX_TERMS, "w99"));
    }

    #[test]
    fn the_words_of_a_long_text_are_bounded_and_different() {
        let text: String = (0..2_000).map(|n| format!("w{} same ", n / 2)).collect();
        let words = RelevantRequest { text, ..RelevantRequest::default() }.words();
        assert_eq!(words.len(), MAX_WORDS);
        assert_eq!(&words[..3], ["w0", "same", "w1"]);
    }
}

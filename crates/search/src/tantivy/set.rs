//! A set of documents of one segment, one bit each, and how sets are combined.

use ::tantivy::DocId;

const BITS: u32 = u64::BITS;

/// Documents below an end.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Documents {
    words: Vec<u64>,
    end: DocId,
}

impl Documents {
    /// None of the documents below `end`.
    pub fn none(end: DocId) -> Self {
        Self { words: vec![0; end.div_ceil(BITS) as usize], end }
    }

    /// Every document below `end`.
    pub fn all(end: DocId) -> Self {
        let mut all = Self { words: vec![u64::MAX; end.div_ceil(BITS) as usize], end };
        all.trim();
        all
    }

    /// Adds a document below the end.
    pub fn insert(&mut self, doc: DocId) {
        self.words[(doc / BITS) as usize] |= 1 << (doc % BITS);
    }

    /// Whether a document below the end is in it.
    pub fn contains(&self, doc: DocId) -> bool {
        self.words[(doc / BITS) as usize] & 1 << (doc % BITS) != 0
    }

    /// Keeps what `other` has too.
    pub fn intersect(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Adds what `other` has.
    pub fn unite(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// The documents that were not in the set.
    pub fn complement(mut self) -> Self {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.trim();
        self
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The documents, rising.
    pub fn iter(&self) -> impl Iterator<Item = DocId> {
        (0..).zip(&self.words).flat_map(|(index, word)| bits(*word).map(move |bit| index * BITS + bit))
    }

    /// Takes out the bits at and after the end.
    fn trim(&mut self) {
        let used = self.end % BITS;
        if used > 0
            && let Some(last) = self.words.last_mut()
        {
            *last &= (1 << used) - 1;
        }
    }
}

fn bits(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros();
        word &= word.wrapping_sub(1);
        (bit < BITS).then_some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set(end: DocId, docs: &BTreeSet<DocId>) -> Documents {
        let mut set = Documents::none(end);
        docs.iter().for_each(|doc| set.insert(*doc));
        set
    }

    proptest! {
        #[test]
        fn sets_combine_as_sets_do(
            (end, a, b) in (1_u32..200).prop_flat_map(|end| {
                let docs = || prop::collection::btree_set(0..end, 0..end as usize);
                (Just(end), docs(), docs())
            })
        ) {
            let (mut both, mut either) = (set(end, &a), set(end, &a));
            both.intersect(&set(end, &b));
            either.unite(&set(end, &b));
            prop_assert!((0..end).all(|doc| both.contains(doc) == (a.contains(&doc) && b.contains(&doc))));
            prop_assert!(both.iter().eq(a.intersection(&b).copied()));
            prop_assert!(either.iter().eq(a.union(&b).copied()));
            prop_assert!(set(end, &a).complement().iter().eq((0..end).filter(|doc| !a.contains(doc))));
            prop_assert_eq!(Documents::none(end).complement(), Documents::all(end));
            prop_assert_eq!(both.is_empty(), a.is_disjoint(&b));
        }
    }
}

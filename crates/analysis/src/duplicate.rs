//! Near-duplicates: whether one text repeats another that was changed on the way, and the keys by which candidates are found.
//!
//! Texts are compared as sets of character 5-shingles of their folded words (Broder, "On the resemblance and containment of
//! documents", 1997): resemblance for texts of one length, containment for cut and quoted ones. Candidates share a band of `MinHash`
//! values (`bands`). A [`Sketch`] holds what both need, in a form that a store can keep; numbers and places must not contradict
//! each other, and those of authorities must agree.
//!
//! Limits: it compares wording, not meaning; a translation or a retelling is another text. Very short texts are alike by chance and
//! are never compared. An image's copy has nothing here to be known by.

mod bands;
mod bytes;
mod sample;
mod words;

use crisislens_model::{RawItem, SourceKind};

use crate::place::Mention;
use crate::text::Doc;
use crate::world::World;
pub use bands::{BANDS, ROWS};
pub use bytes::MAX_SKETCH_BYTES;
use sample::{Overlap, Sample};

/// Texts that resemble each other by this share of their shingles are copies.
const MIN_JACCARD: f64 = 0.5;
/// Of the shorter text, this share stands in the longer: cut and quoted copies have nearly all. At .7, short posts that are hardly more
/// than their event's hashtags were taken for copies …
const MIN_CONTAINMENT: f64 = 0.85;
/// … which has at most so many times its shingles: a long article holds the shingles of most short texts about its subject.
const MAX_RATIO: usize = 4;
/// Authorities fill in forms: theirs are copies only if hardly anything differs.
const MIN_OFFICIAL_JACCARD: f64 = 0.8;
/// Fewer shingles than these say nothing, neither of a text nor of the part of two texts that is compared.
const MIN_SHINGLES: usize = 24;
/// Most shingles that are kept; of more the smallest hashes stand for all (bottom-k).
const MAX_SHINGLES: usize = 512;
/// Most numbers and most names that are kept.
const MAX_DETAILS: usize = 96;

/// What is kept of a text to know its copies by: a pure function of the raw item, stable for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    voice: SourceKind,
    exercise: bool,
    source: u32,
    /// Hash of all that is compared, for copies that differ in nothing.
    exact: u64,
    shingles: Sample,
    numbers: Sample,
    names: Sample,
    words: Sample,
    /// Hash of how the text begins, where it goes on behind that.
    beginning: Option<u64>,
}

/// The band keys of a folded text, for whoever looks for texts that resemble it.
pub(crate) fn bands_of(folded: &str, world: World) -> Vec<u64> {
    let shingles = Sample::of(sample::shingles(folded), MAX_SHINGLES);
    if shingles.is_empty() {
        return Vec::new();
    }
    in_world(bands::of(shingles.hashes(), &[], world.is_exercise()), world)
}

/// The keys in `world`: those of an exercise that people have started are its own.
fn in_world(mut bands: Vec<u64>, world: World) -> Vec<u64> {
    for band in &mut bands {
        *band ^= world.salt();
    }
    bands
}

/// How alike two texts are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// Shared shingles among those of either.
    pub jaccard: f64,
    /// Shared shingles among those of the shorter.
    pub containment: f64,
}

impl Likeness {
    fn of(overlap: Overlap) -> Self {
        let either = overlap.ours + overlap.theirs - overlap.both;
        let shorter = overlap.ours.min(overlap.theirs);
        let share = |whole: usize| if whole == 0 { 0.0 } else { overlap.both as f64 / whole as f64 };
        Self { jaccard: share(either), containment: share(shorter) }
    }
}

impl Sketch {
    /// The sketch of what `raw` says; none where that is too short to be known again.
    pub(crate) fn new(raw: &RawItem, doc: &Doc, mentions: &[Mention]) -> Option<Self> {
        let text = words::read(doc);
        let shingles = Sample::of(sample::shingles(&text.folded), MAX_SHINGLES);
        if shingles.len() < MIN_SHINGLES {
            return None;
        }
        let details = words::details(raw, doc, &text, mentions);
        Some(Self {
            voice: raw.source_kind,
            exercise: raw.exercise,
            source: sample::hash_word(&raw.source),
            exact: sample::hash_text(&text.folded),
            shingles,
            numbers: Sample::of(details.numbers, MAX_DETAILS),
            names: Sample::of(details.names, MAX_DETAILS),
            words: Sample::of(details.words, MAX_DETAILS),
            beginning: words::beginning(&text.folded).map(sample::hash_text),
        })
    }

    /// The keys under which the text is kept and looked for: copies have one in common, all but certainly. The first is that of the
    /// exact text, the second that of its beginning, by which cut copies are found. Exercises have keys of their own; those that people
    /// have started, each in its own `world`.
    #[must_use]
    pub fn bands(&self, world: World) -> Vec<u64> {
        in_world(bands::of(self.shingles.hashes(), &[Some(self.exact), self.beginning], self.exercise), world)
    }

    /// How alike the texts are.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> Likeness {
        Likeness::of(self.shingles.overlap(&other.shingles))
    }

    /// Whether this text repeats `original`, and how alike they are if so.
    ///
    /// Nobody repeats a weaker voice: what an authority says is its own, whoever said so before. Exercises and reality never meet.
    #[must_use]
    pub fn repeats(&self, original: &Self) -> Option<Likeness> {
        if self.exercise != original.exercise || self.voice < original.voice {
            return None;
        }
        // Most texts that share a key differ in a number or a name, which are few.
        if !self.agrees(original) {
            return None;
        }
        let overlap = self.shingles.overlap(&original.shingles);
        let (shorter, longer) = (overlap.ours.min(overlap.theirs), overlap.ours.max(overlap.theirs));
        if shorter < MIN_SHINGLES {
            return None;
        }
        let likeness = Likeness::of(overlap);
        let alike = match self.voice {
            SourceKind::Official => likeness.jaccard >= MIN_OFFICIAL_JACCARD,
            _ => {
                likeness.jaccard >= MIN_JACCARD
                    || (likeness.containment >= MIN_CONTAINMENT && longer <= shorter * MAX_RATIO)
            }
        };
        alike.then_some(likeness)
    }

    /// Whether what the texts name lets one be the other's copy.
    fn agrees(&self, original: &Self) -> bool {
        let names_something = !(self.numbers.is_empty() && self.names.is_empty());
        match (self.voice, original.voice) {
            (SourceKind::Official, _) => {
                self.source != original.source
                    && names_something
                    && self.numbers == original.numbers
                    && self.names == original.names
            }
            // Forms differ in a place or an hour: a copy of one says nothing that this one does not say.
            (_, SourceKind::Official) => {
                names_something
                    && self.numbers.is_within(&original.numbers)
                    && self.words.is_within(&original.words)
            }
            // A copy may lose or add a number or a place; two texts of which each has its own speak of two things.
            _ => {
                let is_named = self.names.is_within(&original.words) || original.names.is_within(&self.words);
                is_named && self.numbers.is_compatible(&original.numbers)
            }
        }
    }
}

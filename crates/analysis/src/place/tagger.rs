//! Which words of an English text name a place: an averaged perceptron over tag sequences (Collins 2002), tags B, I and O.
//!
//! Its features know shapes, affixes, neighbours and the gazetteer, never the word itself (`features`), and only
//! features that several events share have a weight, so a new event's names are read like the old ones'. File,
//! little-endian: `b"CLT1"`, `u8` bits of the table, twelve `i16` weights of transitions (from B, I, O and the
//! beginning), then three `i8` a slot. Not here: training (`train`).

pub mod train;

use std::borrow::Cow;

use crate::AnalysisError;

/// The first word of a name.
pub(super) const B: u8 = 0;
/// A later word of a name.
pub(super) const I: u8 = 1;
/// No name.
pub(super) const O: u8 = 2;
/// Number of tags.
pub(super) const TAGS: usize = 3;
/// The state before the first word.
pub(super) const START: usize = 3;
/// Bits of the table of weights.
pub(crate) const BITS: u32 = 18;
/// Less than any sum of weights.
const NEVER: i64 = i64::MIN / 4;
const MAGIC: &[u8; 4] = b"CLT1";
const TRANSITION_BYTES: usize = (START + 1) * TAGS * 2;

static MODEL: &[u8] = include_bytes!("../../models/place.bin");

/// Weights of features and of transitions.
#[derive(Debug, Clone)]
pub(crate) struct Tagger {
    transitions: [[i64; TAGS]; START + 1],
    weights: Cow<'static, [u8]>,
}

impl Tagger {
    /// The embedded model.
    pub(crate) fn embedded() -> Result<Self, AnalysisError> {
        Self::read(Cow::Borrowed(MODEL)).ok_or(AnalysisError::ModelFile("models/place.bin"))
    }

    /// A model from the bytes of its file; `None` where they are not one.
    pub(crate) fn read(bytes: Cow<'static, [u8]>) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (&bits, rest) = rest.split_first()?;
        let (numbers, weights) = rest.split_at_checked(TRANSITION_BYTES)?;
        if u32::from(bits) != BITS || weights.len() != TAGS << BITS {
            return None;
        }
        let mut transitions = [[0; TAGS]; START + 1];
        for (index, pair) in numbers.chunks_exact(2).enumerate() {
            transitions[index / TAGS][index % TAGS] = i64::from(i16::from_le_bytes([pair[0], pair[1]]));
        }
        let at = bytes.len() - weights.len();
        let weights = match bytes {
            Cow::Borrowed(all) => Cow::Borrowed(&all[at..]),
            Cow::Owned(mut all) => Cow::Owned(all.split_off(at)),
        };
        Some(Self { transitions, weights })
    }

    /// The likeliest tags, given each word's features.
    fn tag(&self, features: &[Vec<u32>]) -> Vec<u8> {
        let sums: Vec<[i64; TAGS]> = features
            .iter()
            .map(|slots| {
                crate::work::add(slots.len());
                let mut sums = [0; TAGS];
                for slot in slots {
                    let row = &self.weights[*slot as usize * TAGS..][..TAGS];
                    sums.iter_mut()
                        .zip(row)
                        .for_each(|(sum, weight)| *sum += i64::from(weight.cast_signed()));
                }
                sums
            })
            .collect();
        viterbi(&sums, &self.transitions)
    }

    /// Names as ranges of words.
    pub(crate) fn spans(&self, features: &[Vec<u32>]) -> Vec<(usize, usize)> {
        let mut spans: Vec<(usize, usize)> = Vec::new();
        for (index, tag) in self.tag(features).into_iter().enumerate() {
            match (tag, spans.last_mut()) {
                (B, _) => spans.push((index, index + 1)),
                (I, Some(span)) => span.1 = index + 1,
                _ => {}
            }
        }
        spans
    }
}

/// The path of most weight (Viterbi 1967); I only follows B or I.
pub(super) fn viterbi(sums: &[[i64; TAGS]], transitions: &[[i64; TAGS]; START + 1]) -> Vec<u8> {
    let Some((first, rest)) = sums.split_first() else { return Vec::new() };
    let mut best: [i64; TAGS] =
        std::array::from_fn(
            |tag| {
                if tag == usize::from(I) { NEVER } else { first[tag] + transitions[START][tag] }
            },
        );
    let mut from: Vec<[u8; TAGS]> = Vec::with_capacity(rest.len());
    for sum in rest {
        let mut came = [O; TAGS];
        best = std::array::from_fn(|tag| {
            let before = [B, I, O]
                .into_iter()
                .filter(|before| tag != usize::from(I) || *before != O)
                .map(|before| (best[usize::from(before)] + transitions[usize::from(before)][tag], before))
                .reduce(|most, next| if next.0 > most.0 { next } else { most });
            let (most, before) = before.unwrap_or((NEVER, O));
            came[tag] = before;
            most + sum[tag]
        });
        from.push(came);
    }
    let mut tag = [O, B, I].into_iter().max_by_key(|tag| best[usize::from(*tag)]).unwrap_or(O);
    let mut tags = vec![tag];
    for came in from.iter().rev() {
        tag = came[usize::from(tag)];
        tags.push(tag);
    }
    tags.reverse();
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_path_never_begins_inside_a_name() {
        let sums = [[0, 9, 1], [0, 9, 1], [3, 0, 0]];
        assert_eq!(viterbi(&sums, &[[0; TAGS]; START + 1]), [B, I, B]);
        assert!(viterbi(&[], &[[0; TAGS]; START + 1]).is_empty());
    }

    #[test]
    fn a_broken_file_is_refused() {
        assert!(Tagger::read(Cow::Borrowed(b"CLT1\x12")).is_none());
        assert!(Tagger::read(Cow::Owned(vec![0; 900_000])).is_none());
    }
}

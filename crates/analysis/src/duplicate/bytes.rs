//! Sketches as bytes, for a store: a version, who says it, then each set as a count and 3 bytes for each hash, big-endian.

use crisislens_model::SourceKind;

use super::sample::Sample;
use super::{MAX_DETAILS, MAX_SHINGLES, Sketch};

/// What another layout would change.
const VERSION: u8 = 1;
const EXERCISE: u8 = 0b100;
/// Most bytes of a sketch; those of a post have some 400.
pub const MAX_SKETCH_BYTES: usize = 2 + 8 + 3 + 8 + 2 * 4 + 3 * (MAX_SHINGLES + 3 * MAX_DETAILS);

impl Sketch {
    /// The sketch as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let voice = match self.voice {
            SourceKind::Official => 0,
            SourceKind::Media => 1,
            SourceKind::Social => 2,
        };
        let mut bytes = Vec::with_capacity(
            16 + 3 * (self.shingles.len() + self.numbers.len() + self.names.len() + self.words.len()),
        );
        bytes.extend([VERSION, voice | if self.exercise { EXERCISE } else { 0 }]);
        bytes.extend(self.exact.to_be_bytes());
        push(&mut bytes, self.source);
        bytes.extend(self.beginning.unwrap_or_default().to_be_bytes());
        for sample in [&self.shingles, &self.numbers, &self.names, &self.words] {
            // At most 512.
            bytes.extend((sample.len() as u16).to_be_bytes());
            for hash in sample.hashes() {
                push(&mut bytes, *hash);
            }
        }
        bytes
    }

    /// The sketch that these bytes are; `None` where they are none, or of another version.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bytes = bytes;
        let [version, flags] = take(&mut bytes)?;
        if version != VERSION || flags > EXERCISE + 2 {
            return None;
        }
        let voice = match flags & !EXERCISE {
            0 => SourceKind::Official,
            1 => SourceKind::Media,
            2 => SourceKind::Social,
            _ => return None,
        };
        let exact = u64::from_be_bytes(take(&mut bytes)?);
        let source = hash(&mut bytes)?;
        let beginning = Some(u64::from_be_bytes(take(&mut bytes)?)).filter(|hash| *hash != 0);
        let shingles = sample(&mut bytes, MAX_SHINGLES)?;
        let numbers = sample(&mut bytes, MAX_DETAILS)?;
        let names = sample(&mut bytes, MAX_DETAILS)?;
        let words = sample(&mut bytes, MAX_DETAILS)?;
        let exercise = flags & EXERCISE != 0;
        bytes.is_empty().then_some(Self {
            voice,
            exercise,
            source,
            exact,
            shingles,
            numbers,
            names,
            words,
            beginning,
        })
    }
}

fn push(bytes: &mut Vec<u8>, hash: u32) {
    let [_, high, middle, low] = hash.to_be_bytes();
    bytes.extend([high, middle, low]);
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

fn hash(bytes: &mut &[u8]) -> Option<u32> {
    let [high, middle, low] = take(bytes)?;
    Some(u32::from_be_bytes([0, high, middle, low]))
}

fn sample(bytes: &mut &[u8], most: usize) -> Option<Sample> {
    let count = usize::from(u16::from_be_bytes(take(bytes)?)).min(most + 1);
    let hashes = (0..count).map(|_| hash(bytes)).collect::<Option<Vec<u32>>>()?;
    Sample::kept(hashes, most)
}

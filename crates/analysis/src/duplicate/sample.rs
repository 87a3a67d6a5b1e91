//! Sets of hashes: the shingles of a text, its numbers, its names; of large ones the smallest hashes.

/// Bits of a hash that are kept. Two texts of a hundred shingles share one by chance in one case of a thousand.
const BITS: u32 = 24;
/// Characters of a shingle.
const SHINGLE: usize = 5;
/// Odd multiplier of the hashes: the golden ratio in 64 bits.
const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;

/// The smallest hashes of a set, rising, each once. Below the largest of a full sample none is missing, so that two samples can be
/// compared there as their sets would be (bottom-k sketches: Cohen and Kaplan, "Summarizing data using bottom-k sketches", 2007).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sample {
    hashes: Vec<u32>,
    is_full: bool,
}

/// What two samples have below the bound up to which both are complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overlap {
    pub(super) ours: usize,
    pub(super) theirs: usize,
    pub(super) both: usize,
}

impl Sample {
    /// The `most` smallest of `hashes`.
    pub(super) fn of(mut hashes: Vec<u32>, most: usize) -> Self {
        crate::work::add(hashes.len());
        hashes.sort_unstable();
        hashes.dedup();
        hashes.truncate(most);
        Self { is_full: hashes.len() == most, hashes }
    }

    /// The sample that was kept: its hashes as they were, or `None` where they do not rise.
    pub(super) fn kept(hashes: Vec<u32>, most: usize) -> Option<Self> {
        let rises = hashes.is_sorted_by(|one, next| one < next);
        (rises && hashes.len() <= most).then_some(Self { is_full: hashes.len() == most, hashes })
    }

    pub(super) fn hashes(&self) -> &[u32] {
        &self.hashes
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    pub(super) fn overlap(&self, other: &Self) -> Overlap {
        let bound = self.bound().min(other.bound());
        let (ours, theirs) = (self.up_to(bound), other.up_to(bound));
        let (mut at, mut there, mut both) = (0, 0, 0);
        while let (Some(one), Some(two)) = (ours.get(at), theirs.get(there)) {
            both += usize::from(one == two);
            at += usize::from(one <= two);
            there += usize::from(two <= one);
        }
        Overlap { ours: ours.len(), theirs: theirs.len(), both }
    }

    /// Whether `other` has all of it.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        let Overlap { ours, both, .. } = self.overlap(other);
        ours == both
    }

    /// Whether one of the two has all of the other.
    pub(super) fn is_compatible(&self, other: &Self) -> bool {
        let Overlap { ours, theirs, both } = self.overlap(other);
        ours.min(theirs) == both
    }

    fn bound(&self) -> u32 {
        self.hashes.last().copied().filter(|_| self.is_full).unwrap_or(u32::MAX)
    }

    fn up_to(&self, bound: u32) -> &[u32] {
        self.hashes.split_at(self.hashes.partition_point(|hash| *hash <= bound)).0
    }
}

/// The hashes of the character 5-shingles of `text`.
pub(super) fn shingles(text: &str) -> Vec<u32> {
    let chars: Vec<u64> = text.chars().map(|char| u64::from(u32::from(char))).collect();
    chars.windows(SHINGLE).map(|window| hash(window.iter().copied())).collect()
}

/// The hash of one word.
pub(super) fn hash_word(word: &str) -> u32 {
    hash(word.bytes().map(u64::from))
}

/// The hash of a whole text.
pub(super) fn hash_text(text: &str) -> u64 {
    long_hash(text.bytes().map(u64::from))
}

fn hash(units: impl Iterator<Item = u64>) -> u32 {
    (long_hash(units) >> (u64::BITS - BITS)) as u32
}

fn long_hash(units: impl Iterator<Item = u64>) -> u64 {
    mix(units.fold(PRIME, |sum, unit| (sum ^ unit).wrapping_mul(PRIME).rotate_left(23)))
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood, 2014): every bit of the input moves every bit of the output.
pub(super) const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(hashes: &[u32], most: usize) -> Sample {
        Sample::of(hashes.to_vec(), most)
    }

    #[test]
    fn full_samples_are_compared_only_where_both_are_complete() {
        let (small, large) = (sample(&[1, 5, 9, 30], 9), sample(&[2, 5, 9, 12, 30, 40], 4));
        assert_eq!(small.overlap(&large), Overlap { ours: 3, theirs: 4, both: 2 });
        assert_eq!(small.overlap(&small), Overlap { ours: 4, theirs: 4, both: 4 });
    }

    #[test]
    fn a_bottom_sample_estimates_the_resemblance_of_its_sets() {
        let set = |from: u64| (from..from + 20_000).map(|n| mix(n) as u32 >> 8).collect::<Vec<u32>>();
        // Half of each set is in the other: a third of all.
        let Overlap { ours, theirs, both } = sample(&set(0), 512).overlap(&sample(&set(10_000), 512));
        let jaccard = both as f64 / (ours + theirs - both) as f64;
        assert!((jaccard - 1.0 / 3.0).abs() < 0.06, "{jaccard}");
    }

    #[test]
    fn one_of_two_compatible_sets_holds_the_other() {
        let (few, more, other) = (sample(&[1, 2], 9), sample(&[1, 2, 3], 9), sample(&[1, 4], 9));
        assert!(few.is_compatible(&more) && more.is_compatible(&few) && !other.is_compatible(&few));
        assert!(few.is_within(&more) && !more.is_within(&few));
    }
}

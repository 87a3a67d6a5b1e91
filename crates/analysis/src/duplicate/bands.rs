//! Band keys: texts whose shingles resemble each other have one in common.
//!
//! `MinHash` (Broder, 1997) with plain permutations, cut into bands (locality-sensitive hashing: Indyk and Motwani, 1998; Leskovec,
//! Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3): of two texts with Jaccard J, one of [`BANDS`] bands of [`ROWS`]
//! rows is equal with probability 1 - (1 - J^ROWS)^BANDS. A permutation is `a x + b` modulo 2^64 on mixed hashes (multiply-shift:
//! Dietzfelbinger and others, 1997), with numbers drawn once by `SplitMix64` from a fixed seed: keys that are stored stay good.

use super::sample::mix;

/// Bands of a text, besides the keys of all of it and of its beginning.
pub const BANDS: usize = 20;
/// `MinHash` values in a band.
pub const ROWS: usize = 3;
/// A change of the seed makes every stored key worthless.
const SEED: u64 = 0x6372_6973_6973_6c65;
/// Turns the keys of exercises into others.
const EXERCISE: u64 = 0x5851_f42d_4c95_7f2d;

/// Multiplier and addend of each permutation.
static PERMUTATIONS: [(u64, u64); BANDS * ROWS] = permutations();

const fn permutations() -> [(u64, u64); BANDS * ROWS] {
    let mut drawn = [(0, 0); BANDS * ROWS];
    let mut at = 0;
    while at < drawn.len() {
        let state = SEED.wrapping_add((2 * at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let next = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        drawn[at] = (mix(state) | 1, mix(next));
        at += 1;
    }
    drawn
}

/// The keys of a text with these shingles, behind those that it has `besides`.
pub(super) fn of(shingles: &[u32], besides: &[Option<u64>], exercise: bool) -> Vec<u64> {
    let mut least = [u64::MAX; BANDS * ROWS];
    for shingle in shingles {
        let mixed = mix(u64::from(*shingle).wrapping_add(SEED));
        for (least, (factor, addend)) in least.iter_mut().zip(&PERMUTATIONS) {
            *least = (*least).min(mixed.wrapping_mul(*factor).wrapping_add(*addend));
        }
    }
    let salt = if exercise { EXERCISE } else { 0 };
    let bands = least.chunks_exact(ROWS).zip(1..).map(|(rows, band)| {
        rows.iter().fold(band, |key: u64, least| mix(key.wrapping_mul(SEED | 1) ^ least))
    });
    besides.iter().copied().flatten().chain(bands).map(|key| key ^ salt).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of `count` shingles.
    fn keys(from: u32, count: u32) -> Vec<u64> {
        of(&(from..from + count).collect::<Vec<u32>>(), &[None, Some(u64::from(from))], false)
    }

    /// Stored keys stay good: this test may only change together with a new table in the store.
    #[test]
    fn keys_are_the_same_for_ever() {
        let keys = keys(1, 40);
        assert_eq!(keys.len(), BANDS + 1);
        assert_eq!([keys[0], keys[1], keys[16]], [1, 13_043_541_189_726_094_436, 18_283_885_034_496_007_898]);
    }

    #[test]
    fn bands_are_shared_as_often_as_theory_says() {
        for (shared, tolerance) in [(50_u32, 0.05), (30, 0.05), (10, 0.03)] {
            // Two sets of n with s in common have a Jaccard of s / (2 n - s).
            let count = (100 + shared) / 2;
            let jaccard = f64::from(shared) / 100.0;
            let found = (0..600).filter(|round| {
                let from = round * 1_000;
                let (one, two) = (keys(from, count), keys(from + count - shared, count));
                one.iter().zip(&two).any(|(one, two)| one == two)
            });
            let measured = found.count() as f64 / 600.0;
            let expected = 1.0 - (1.0 - jaccard.powi(ROWS as i32)).powi(BANDS as i32);
            assert!((measured - expected).abs() < tolerance, "{jaccard}: {measured} for {expected}");
        }
    }

    #[test]
    fn an_exercise_shares_no_key_with_reality() {
        let shingles: Vec<u32> = (0..60).collect();
        let (real, exercise) = (of(&shingles, &[Some(7)], false), of(&shingles, &[Some(7)], true));
        assert!(real.iter().all(|key| !exercise.contains(key)));
    }
}

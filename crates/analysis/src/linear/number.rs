//! Numbers that come out equal on every machine: the exponential, the logarithm and a seeded generator.
//!
//! The platform's `exp` and `ln` may differ in their last bit from one C library to the next; these use only addition,
//! multiplication and division, which IEEE 754 rounds in one way.

/// ln 2 in two parts, so that multiples of the first are exact.
const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// 1 / n! for n from 0 on.
const INVERSE_FACTORIALS: [f64; 15] = inverse_factorials();

const fn inverse_factorials() -> [f64; 15] {
    let mut out = [1.0; 15];
    let mut factorial = 1.0;
    let mut at = 1;
    while at < out.len() {
        factorial *= at as f64;
        out[at] = 1.0 / factorial;
        at += 1;
    }
    out
}

/// e to the power `x`, to about 1 part in 10^15; 0 below −700, the largest number above 700.
#[must_use]
pub fn exp(x: f64) -> f64 {
    if x < -700.0 {
        return 0.0;
    }
    if x > 700.0 {
        return f64::MAX;
    }
    let steps = (x * std::f64::consts::LOG2_E).round();
    let rest = (x - steps * LN2_HIGH) - steps * LN2_LOW;
    // |rest| ≤ 0.35: fourteen terms of the series are exact to the last bits.
    let mut sum = 0.0;
    for inverse in INVERSE_FACTORIALS.iter().rev() {
        sum = sum * rest + inverse;
    }
    sum * f64::from_bits(((steps as i64 + 1023) as u64) << 52)
}

/// The natural logarithm of a positive `x`, to about 1 part in 10^15.
#[must_use]
pub fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let steps = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let rest = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | (1023 << 52));
    // ln m = 2 artanh((m − 1) / (m + 1)) for m in [1, 2).
    let ratio = (rest - 1.0) / (rest + 1.0);
    let square = ratio * ratio;
    let mut sum = 0.0;
    for term in (0..18).rev() {
        sum = sum * square + 1.0 / f64::from(2 * term + 1);
    }
    let steps = steps as f64;
    steps * LN2_HIGH + (steps * LN2_LOW + 2.0 * ratio * sum)
}

/// The finaliser of SplitMix64 (Steele et al. 2014).
#[must_use]
pub(crate) fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// SplitMix64: the same seed gives the same numbers everywhere.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator that begins at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Puts `items` in another order (Fisher–Yates; the bias of the remainder is far below what training can feel).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = (self.word() % (last as u64 + 1)) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_and_the_logarithm_agree_with_the_platform() {
        for step in -600..600 {
            let x = f64::from(step) * 0.371;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-13, "exp {x}");
            let positive = x.exp();
            assert!((ln(positive) - x).abs() < 1e-12, "ln {positive}");
        }
        assert!((exp(0.0) - 1.0).abs() < f64::EPSILON);
        assert!(ln(1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn the_generator_gives_the_published_numbers() {
        // Test vector of SplitMix64 with seed 1234567.
        let mut random = Random::new(1_234_567);
        assert_eq!(random.word(), 6_457_827_717_110_365_317);
        assert_eq!(random.word(), 3_203_168_211_198_807_973);
    }
}

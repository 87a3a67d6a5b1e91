//! Chance from a seed, equal on every machine.

use crisislens_analysis::linear::number::{Random, ln};

/// Draws from a seeded generator.
#[derive(Debug, Clone)]
pub struct Dice(Random);

impl Dice {
    /// Dice that begin at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// Evenly from 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.0.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Evenly between `low` and `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with chance `share`.
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// A number below `count`, which is not 0.
    pub fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// A waiting time with mean `mean`.
    pub fn wait(&mut self, mean: f64) -> f64 {
        -ln(1.0 - self.unit()) * mean
    }

    /// A count with mean `mean` (geometric: most are small, a few are large).
    pub fn count(&mut self, mean: f64) -> usize {
        let more = mean / (1.0 + mean);
        let mut out = 0;
        while out < 200 && self.chance(more) {
            out += 1;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_means_they_say() {
        let mut dice = Dice::new(1);
        let times = 20_000;
        let mean = |sum: f64| sum / f64::from(times);
        assert!((mean((0..times).map(|_| dice.unit()).sum()) - 0.5).abs() < 0.01);
        assert!((mean((0..times).map(|_| dice.wait(2.0)).sum()) - 2.0).abs() < 0.05);
        assert!((mean((0..times).map(|_| dice.count(3.0) as f64).sum()) - 3.0).abs() < 0.1);
        assert!((0..1_000).all(|_| dice.below(7) < 7));
    }
}

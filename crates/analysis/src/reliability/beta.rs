//! The Beta distribution: its cumulative distribution and quantiles.
//!
//! Written here and not taken from a library, because the letters that follow from the interval are stored and must be
//! equal on every machine: only `exp` and `ln` of `linear::number` are used. Sources: DLMF 8.17.22 (continued fraction),
//! evaluated as Lentz does; Lanczos 1964 with g = 7 for the logarithm of the gamma function.

use std::f64::consts::PI;

use crate::linear::number::{exp, ln};

/// Lanczos's coefficients for g = 7 and nine terms.
const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];
/// Most terms of the continued fraction: enough for parameters in the tens of thousands.
const MAX_TERMS: u32 = 500;
/// A term that changes the product less ends the fraction.
const ENOUGH: f64 = 1e-14;
/// Keeps a denominator from being zero.
const TINY: f64 = 1e-300;
/// Halvings of the interval in which a quantile lies.
const HALVINGS: u32 = 50;

/// The share of Beta(`alpha`, `beta`) below `x`: the regularised incomplete beta function. Both parameters are positive.
#[must_use]
pub fn cdf(alpha: f64, beta: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast on this side of the mean only.
    if x > (alpha + 1.0) / (alpha + beta + 2.0) {
        return 1.0 - below(beta, alpha, 1.0 - x);
    }
    below(alpha, beta, x)
}

/// Where the share `p` of Beta(`alpha`, `beta`) lies below.
#[must_use]
pub fn quantile(alpha: f64, beta: f64, p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        if cdf(alpha, beta, middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

fn below(alpha: f64, beta: f64, x: f64) -> f64 {
    let log = ln_gamma(alpha + beta) - ln_gamma(alpha) - ln_gamma(beta) + alpha * ln(x) + beta * ln(1.0 - x);
    exp(log) * fraction(alpha, beta, x) / alpha
}

fn fraction(alpha: f64, beta: f64, x: f64) -> f64 {
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (alpha + beta) * x / (alpha + 1.0));
    let mut out = d;
    for term in 1..=MAX_TERMS {
        let m = f64::from(term);
        let even = m * (beta - m) * x / ((alpha + 2.0 * m - 1.0) * (alpha + 2.0 * m));
        let odd = -(alpha + m) * (alpha + beta + m) * x / ((alpha + 2.0 * m) * (alpha + 2.0 * m + 1.0));
        let mut change = 1.0;
        for step in [even, odd] {
            d = 1.0 / away(1.0 + step * d);
            c = away(1.0 + step / c);
            change *= c * d;
        }
        out *= change;
        if (change - 1.0).abs() < ENOUGH {
            break;
        }
    }
    out
}

/// The logarithm of the gamma function for positive `x`.
fn ln_gamma(x: f64) -> f64 {
    // ln Γ(x) = ln Γ(x + 1) − ln x keeps small arguments where the approximation is good.
    if x < 0.5 {
        return ln_gamma(x + 1.0) - ln(x);
    }
    let x = x - 1.0;
    let mut sum = LANCZOS[0];
    for (at, term) in LANCZOS.iter().enumerate().skip(1) {
        sum += term / (x + at as f64);
    }
    let t = x + 7.5;
    0.5 * ln(2.0 * PI) + (x + 0.5) * ln(t) - t + ln(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_agree_with_what_can_be_worked_out() {
        // Beta(1, 1) is even, Beta(2, 1) has x² below x, Beta(1, 3) has 1 − (1 − x)³, Beta(½, ½) is the arcsine law.
        for step in 1..20_i32 {
            let x = f64::from(step) / 20.0;
            let arcsine = 2.0 / PI * x.sqrt().asin();
            for (alpha, beta, expected) in
                [(1.0, 1.0, x), (2.0, 1.0, x * x), (1.0, 3.0, 1.0 - (1.0 - x).powi(3)), (0.5, 0.5, arcsine)]
            {
                let share = cdf(alpha, beta, x);
                assert!((share - expected).abs() < 1e-11, "Beta({alpha}, {beta}) below {x}: {share}");
            }
        }
    }

    #[test]
    fn an_integer_beta_is_a_tail_of_the_binomial() {
        // Beta(a, b) below x is the chance of a or more successes in a + b − 1 trials (DLMF 8.17.5).
        let x: f64 = 0.83;
        let trials = 29;
        let mut choose = 1.0;
        let mut tail = 0.0;
        for hits in 0..=trials {
            if hits >= 24 {
                tail += choose * x.powi(hits) * (1.0 - x).powi(trials - hits);
            }
            choose *= f64::from(trials - hits) / f64::from(hits + 1);
        }
        assert!((cdf(24.0, 6.0, x) - tail).abs() < 1e-10);
    }

    #[test]
    fn a_quantile_is_where_its_share_ends() {
        for (alpha, beta) in [(2.4, 1.6), (9.2, 0.8), (0.3, 40.0), (3_000.0, 200.0)] {
            for p in [0.05, 0.5, 0.95] {
                let x = quantile(alpha, beta, p);
                assert!((cdf(alpha, beta, x) - p).abs() < 1e-9, "Beta({alpha}, {beta}) at {p}: {x}");
            }
        }
        assert!((quantile(1.0, 1.0, 0.05) - 0.05).abs() < 1e-12);
    }
}

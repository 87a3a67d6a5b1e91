//! The weights of the likelihood, as `crisislens-eval fit-likelihood` prints them: logistic regression on scripted crises.
//! A test of that crate fits them again and compares. Seeds, families and limits: docs/evaluation.md.

/// Log-odds of a claim that somebody makes, before its voices are weighed. Below zero: what is true is soon said by several.
pub const PRIOR: f64 = -0.408;

/// For each factor of [`super::sides::FACTORS`], what one of it adds to the log-odds.
pub const WEIGHTS: [f64; super::sides::FACTORS.len()] =
    [0.521, -0.491, 0.635, -0.872, 1.586, -1.479, 2.25, -1.929, -0.642, -0.826, 1.706];

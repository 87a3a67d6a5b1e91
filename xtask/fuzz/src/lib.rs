//! What is fuzzed: functions that take any bytes, lead them the way that bytes of strangers go in the product, and panic where a
//! promise is broken.
//!
//! `fuzz/` runs them under libFuzzer (`cargo xtask fuzz`); `tests/fuzz.rs` over the seeds and random changes of them, in every test
//! run. Each answers with what it has reached, so that the seeds can be held to reaching everything.

#![expect(clippy::expect_used, reason = "a promise that is broken must panic: that is what a fuzzer sees")]

mod frames;
mod position;
mod sse;
mod token;
mod world;

use std::collections::BTreeSet;

pub use frames::frames;
pub use position::position;
pub use sse::sse;
pub use token::token;

/// Names of what some bytes have led to: types of frames, codes, words.
pub type Reached = BTreeSet<String>;

/// A function that is fuzzed.
pub type Target = fn(&[u8]) -> Reached;

/// Every target with its name in `fuzz/`.
pub const TARGETS: [(&str, Target); 4] =
    [("frames", frames), ("position", position), ("sse", sse), ("token", token)];

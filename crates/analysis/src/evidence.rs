//! What speaks for and against a claim: which items are about it (`rank`), on which side they are and by which sentence (`stance`),
//! and which voices are independent of each other (`groups`). Not here: where items are found, and what the evidence adds up to.

mod figures;
pub mod groups;
pub mod learn;
pub mod rank;
pub mod stance;
mod stance_words;
mod stems;

pub use stems::expanded;

//! Text as the analysers see it: cleaned, cut into tokens and folded, with every token's place in the original.
//! Not here: what any word means.

pub(crate) mod clean;
pub(crate) mod fold;
pub(crate) mod hashtag;
mod lookalike;
pub(crate) mod token;

pub(crate) use clean::Clean;
pub(crate) use token::{Doc, Gap, Token};

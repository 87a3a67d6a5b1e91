//! Places: the gazetteer, the names found in a text, and the one place the text is about.

mod codes;
mod coordinates;
pub(crate) mod features;
pub(crate) mod gazetteer;
pub(crate) mod given;
mod headline;
pub(crate) mod mention;
pub(crate) mod named;
pub(crate) mod prior;
pub(crate) mod resolve;
pub(crate) mod stated;
pub(crate) mod tagger;
mod words;

pub(crate) use coordinates::Given;
pub(crate) use gazetteer::Gazetteer;
pub(crate) use mention::Mention;

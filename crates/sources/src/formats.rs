//! One module per wire format; each turns a document into drafts and never fails on a single bad entry.

pub(crate) mod cap;
pub(crate) mod cap_area;
pub(crate) mod cap_atom;
pub(crate) mod feed;
pub(crate) mod gdacs;
pub mod ingest;
pub(crate) mod mastodon;
pub(crate) mod ndjson;
pub(crate) mod nws;
pub(crate) mod usgs;
pub(crate) mod vtec;

//! One module per wire format; each turns a document into drafts and never fails on a single bad entry.

pub(crate) mod cap;
pub(crate) mod cap_area;
pub(crate) mod cap_atom;
pub(crate) mod copernicus;
pub(crate) mod eccc;
pub(crate) mod eonet;
pub(crate) mod feed;
pub(crate) mod firms;
pub(crate) mod firms_cluster;
pub(crate) mod gdacs;
pub(crate) mod gdelt;
pub(crate) mod gdelt_words;
pub mod ingest;
pub(crate) mod mastodon;
pub(crate) mod meteoalarm;
pub(crate) mod metno;
pub(crate) mod ndjson;
pub(crate) mod nhc;
pub(crate) mod nws;
pub(crate) mod pdc;
pub(crate) mod reddit;
pub(crate) mod reliefweb;
pub(crate) mod usgs;
pub(crate) mod vtec;
pub(crate) mod who_don;

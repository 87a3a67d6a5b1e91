//! How a live source is read, with the limits that hold unless someone sets others.

use std::time::Duration;

use crisislens_model::SourceKind;
use reqwest::Url;

use crate::Format;

/// How a live source is read.
#[derive(Debug, Clone)]
pub struct PollerConfig {
    /// Name of the source, as it stands on items.
    pub source: String,
    /// What sort of voice it is.
    pub kind: SourceKind,
    /// What its documents are.
    pub format: Format,
    /// Where they are.
    pub url: Url,
    /// Wait between two polls that succeed.
    pub interval: Duration,
    /// Most bytes of a document, after decompression.
    pub max_bytes: usize,
    /// Most pages of a document that are read in one poll.
    pub max_pages: usize,
    /// Longest time for one document.
    pub timeout: Duration,
    /// First ceiling of the back-off.
    pub backoff_base: Duration,
    /// Last ceiling of the back-off.
    pub backoff_cap: Duration,
    /// Seed of the waits.
    pub seed: u64,
}

impl PollerConfig {
    /// The defaults: every 60 s, at most 20 pages of 20 MiB and 30 s each, back-off from 5 s to 15 min.
    #[must_use]
    pub fn new(source: impl Into<String>, kind: SourceKind, format: Format, url: Url) -> Self {
        Self {
            source: source.into(),
            kind,
            format,
            url,
            interval: Duration::from_secs(60),
            max_bytes: 20 * 1024 * 1024,
            max_pages: 20,
            timeout: Duration::from_secs(30),
            backoff_base: Duration::from_secs(5),
            backoff_cap: Duration::from_secs(15 * 60),
            seed: 0,
        }
    }
}

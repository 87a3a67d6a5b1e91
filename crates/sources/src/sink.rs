//! Where raw items go and where a source's memory is kept. The engines behind both are wired in by the server.

use async_trait::async_trait;
use crisislens_model::{RawItem, SourceStatus};

use crate::SourceMemory;

/// Why something could not be made durable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// Worth another try later: the log or the store does not answer, or is full.
    #[error("not available: {0}")]
    Unavailable(String),
    /// Will not succeed however often it is tried.
    #[error("refused: {0}")]
    Refused(String),
}

/// Takes raw items to the log.
#[async_trait]
pub trait RawItemSink: Send + Sync {
    /// Returns once every item is durable on the log. On an error some of them may be; the caller sends all again, and
    /// consumers drop by id and content what they have.
    async fn publish(&self, items: Vec<RawItem>) -> Result<(), SinkError>;
}

/// Keeps what a source must remember over a restart, and how it is doing.
#[async_trait]
pub trait SourceJournal: Send + Sync {
    /// The memory last saved under `source`, or none.
    async fn load(&self, source: &str) -> Result<Option<SourceMemory>, SinkError>;

    /// Replaces memory and status of `source` together. Called only after the items they speak of are durable.
    async fn save(&self, source: &str, memory: &SourceMemory, status: &SourceStatus)
    -> Result<(), SinkError>;
}

//! What connectors remember, and settings made once.

use async_trait::async_trait;
use crisislens_model::SourceStatus;

use crate::StateError;

/// Reads of sources and settings.
#[async_trait]
pub trait Journal: Send + Sync {
    /// How every source is doing, by name.
    async fn sources(&self) -> Result<Vec<SourceStatus>, StateError>;

    /// What a source's connector wrote down, as JSON.
    async fn source_memory(&self, name: &str) -> Result<Option<String>, StateError>;

    /// A setting.
    async fn setting(&self, name: &str) -> Result<Option<String>, StateError>;
}

/// Writes of sources and settings.
#[async_trait]
pub trait JournalTx: Send {
    /// Writes how a source is doing, and what its connector wants to remember; `None` leaves the memory.
    async fn put_source(&mut self, status: &SourceStatus, memory: Option<&str>) -> Result<(), StateError>;

    /// Makes a setting, unless it exists. Answers the value that now stands.
    async fn setting_or(&mut self, name: &str, value: &str) -> Result<String, StateError>;

    /// Makes or replaces a setting.
    async fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StateError>;
}

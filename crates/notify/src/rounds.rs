//! Work that is done step by step until somebody says stop.

use std::fmt::Display;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

/// How long is waited after an error.
pub(crate) const AFTER_ERROR: Duration = Duration::from_secs(1);

/// Who works step by step.
#[async_trait]
pub trait Rounds: Send + Sync {
    /// What it does, for the log.
    const WHAT: &'static str;
    /// Where nothing is to be done, it looks again after so long.
    const IDLE: Duration;
    /// Why a step failed.
    type Error: Display + Send;

    /// Does what is to be done next; whether there was anything.
    ///
    /// # Errors
    /// Nothing of it was done.
    async fn step(&self) -> Result<bool, Self::Error>;

    /// Works until it is told to stop, and goes on after errors.
    async fn run(&self, stop: CancellationToken) {
        loop {
            let wait = match self.step().await {
                Ok(true) => Duration::ZERO,
                Ok(false) => Self::IDLE,
                Err(error) => {
                    tracing::warn!(%error, "{}", Self::WHAT);
                    AFTER_ERROR
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

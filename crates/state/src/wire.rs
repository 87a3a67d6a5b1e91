//! What nodes that share a store say to each other: passed on at once, to everybody who listens, and never stored.

use async_trait::async_trait;

use crate::StateError;

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overheard {
    /// A message, the listener's own included.
    Message(String),
    /// The connection was lost and is there again: anything may have been said meanwhile.
    Gap,
}

/// A way to speak to the other nodes.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Longest message, bytes.
    fn longest(&self) -> usize;

    /// Says something to everybody who listens now.
    async fn say(&self, message: &str) -> Result<(), StateError>;

    /// Listens from now on.
    async fn listen(&self) -> Result<Box<dyn Listener>, StateError>;
}

/// An open ear.
#[async_trait]
pub trait Listener: Send {
    /// What comes next; waits for it. Cancel safe.
    async fn next(&mut self) -> Result<Overheard, StateError>;
}

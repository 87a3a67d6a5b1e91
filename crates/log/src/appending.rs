//! Records that were handed in and are becoming durable.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::{LogError, Placed};

/// A future of where the records of one call are. Dropping it takes nothing back.
pub struct Appending(Pin<Box<dyn Future<Output = Result<Vec<Placed>, LogError>> + Send>>);

impl Appending {
    /// One that resolves as `future` does.
    #[must_use]
    pub fn new(future: impl Future<Output = Result<Vec<Placed>, LogError>> + Send + 'static) -> Self {
        Self(Box::pin(future))
    }

    /// One that is done.
    #[must_use]
    pub fn done(placed: Vec<Placed>) -> Self {
        Self::new(std::future::ready(Ok(placed)))
    }
}

impl Future for Appending {
    type Output = Result<Vec<Placed>, LogError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl std::fmt::Debug for Appending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Appending")
    }
}

//! What people did to resources, as it came from the log.

use async_trait::async_trait;
use crisislens_model::{Activity, EventId, Resource, UserId};

use crate::{Cursor, Page, StateError};

/// Whose story is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoryOf {
    /// Of a resource.
    Resource(Resource),
    /// Of a person.
    User(UserId),
}

/// Reads of activities.
#[async_trait]
pub trait Activities: Send + Sync {
    /// One thing that was done.
    async fn activity(&self, id: EventId) -> Result<Option<Activity>, StateError>;

    /// What was done, newest first.
    async fn activities(
        &self,
        of: StoryOf,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Activity>, StateError>;
}

/// Writes of activities.
#[async_trait]
pub trait ActivitiesTx: Send {
    /// Keeps what was done; one of the same id stays as it is. Answers how many were not there before.
    async fn put_activities(&mut self, activities: &[Activity]) -> Result<u64, StateError>;
}

//! Edit locks: who works on what, until when, and who else would like to.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{IncidentId, ItemId, Room, Timestamp, UserId};

/// A lock ends at most so long after it was taken; who works longer takes it again, with a new token.
pub const MAX_LEASE: Duration = Duration::from_secs(30 * 60);
/// Who asked for a lock may take it after so long, unless its holder refuses.
pub const ASK_WAIT: Duration = Duration::from_secs(20);
/// A request is forgotten after so long: who asked and went away takes nothing hours later without a word.
pub const ASK_LASTS: Duration = Duration::from_secs(60);
/// The kind of a lock for which nothing else is said.
pub const LOCK_TYPE: &str = "edit";

/// What can be locked. Sorts as its name does; who locks or checks several at once does so in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Resource {
    /// One claim.
    Claim(Uuid),
    /// One incident.
    Incident(IncidentId),
    /// One item.
    Item(ItemId),
}

/// A text that names nothing that can be locked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a resource is one of item, incident and claim with a colon and a UUID")]
pub struct UnknownResource;

/// The room in which a resource's changes are told.
impl From<Resource> for Room {
    fn from(resource: Resource) -> Self {
        match resource {
            Resource::Claim(id) => Self::Claim(id),
            Resource::Incident(id) => Self::Incident(id),
            Resource::Item(id) => Self::Item(id),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Room::from(*self).fmt(f)
    }
}

impl FromStr for Resource {
    type Err = UnknownResource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(Room::Claim(id)) => Ok(Self::Claim(id)),
            Ok(Room::Incident(id)) => Ok(Self::Incident(id)),
            Ok(Room::Item(id)) => Ok(Self::Item(id)),
            Ok(Room::Global | Room::Alerts | Room::User(_)) | Err(_) => Err(UnknownResource),
        }
    }
}

impl From<Resource> for String {
    fn from(resource: Resource) -> Self {
        resource.to_string()
    }
}

impl TryFrom<String> for Resource {
    type Error = UnknownResource;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Who holds a lock: a person in one tab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LockHolder {
    /// Who.
    pub user_id: UserId,
    /// What colleagues see.
    pub name: String,
    /// The tab; means something only together with the person.
    pub connection: String,
}

/// Somebody else's wish to have a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LockRequest {
    /// Who.
    pub user_id: UserId,
    /// What colleagues see.
    pub name: String,
    /// Since when.
    pub asked_at: Timestamp,
}

impl LockRequest {
    /// Whether who asked may take the lock now.
    #[must_use]
    pub fn is_granted(&self, now: Timestamp) -> bool {
        later(self.asked_at, ASK_WAIT) <= now && !self.is_forgotten(now)
    }

    /// Whether it is as if nobody had asked.
    #[must_use]
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        later(self.asked_at, ASK_LASTS) <= now
    }
}

/// A lock that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EditLock {
    /// Of what: `item:{id}`, `incident:{id}` or `claim:{id}`.
    #[schema(value_type = String)]
    pub resource_id: Resource,
    /// The kind; it says what the holder does, and excludes others whatever it is.
    pub lock_type: String,
    /// Whose.
    pub holder: LockHolder,
    /// The fencing token: higher than every token of this resource before, whatever became of those.
    pub token: i64,
    /// Since when.
    pub taken_at: Timestamp,
    /// From when it is nobody's, unless it is renewed.
    pub expires_at: Timestamp,
    /// Who else would like to have it.
    #[schema(required = true)]
    pub request: Option<LockRequest>,
}

impl EditLock {
    /// Whether it is nobody's any more.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// What of it holds now: nothing after its end, and no forgotten request.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Option<Self> {
        self.request.take_if(|request| request.is_forgotten(now));
        (!self.is_over(now)).then_some(self)
    }

    /// When a lease of this length ends that begins or goes on now; never later than [`MAX_LEASE`] after the lock was taken.
    #[must_use]
    pub fn end(taken_at: Timestamp, now: Timestamp, lease: Duration) -> Timestamp {
        later(now, lease.min(MAX_LEASE)).min(later(taken_at, MAX_LEASE))
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn resources_have_the_names_of_their_rooms_and_nothing_else_is_one() {
        let id = Uuid::from_u128(7);
        for resource in [Resource::Item(ItemId(id)), Resource::Incident(IncidentId(id)), Resource::Claim(id)]
        {
            assert_eq!(resource.to_string().parse(), Ok(resource));
            assert_eq!(resource.to_string(), Room::from(resource).to_string());
            let json = serde_json::to_string(&resource).unwrap();
            assert_eq!(serde_json::from_str::<Resource>(&json).unwrap(), resource);
        }
        for other in ["", "global", "alerts", "item", "item:", "item:7", "claims:7", &format!("user:{id}")] {
            assert_eq!(other.parse::<Resource>(), Err(UnknownResource), "{other}");
        }
    }

    #[test]
    fn resources_sort_as_their_names_do() {
        let ids = [0, 9, 0x10, 0xa000, u128::MAX].map(Uuid::from_u128);
        let mut resources: Vec<Resource> = ids
            .iter()
            .flat_map(|id| {
                [Resource::Item(ItemId(*id)), Resource::Claim(*id), Resource::Incident(IncidentId(*id))]
            })
            .collect();
        let mut by_name = resources.clone();
        resources.sort_unstable();
        by_name.sort_unstable_by_key(ToString::to_string);
        assert_eq!(resources, by_name);
    }

    #[test]
    fn a_request_is_granted_for_a_while_and_then_forgotten() {
        let request = LockRequest { user_id: UserId(Uuid::nil()), name: String::new(), asked_at: at(100) };
        let granted: Vec<i64> = (90..200).filter(|second| request.is_granted(at(*second))).collect();
        assert_eq!((granted.first(), granted.last()), (Some(&120), Some(&159)));
        assert!(!request.is_forgotten(at(159)) && request.is_forgotten(at(160)));
    }

    #[test]
    fn a_lease_ends_half_an_hour_after_the_taking_however_it_is_renewed() {
        let minute = Duration::from_secs(60);
        assert_eq!(EditLock::end(at(0), at(0), minute), at(60));
        assert_eq!(EditLock::end(at(0), at(600), minute), at(660));
        assert_eq!(EditLock::end(at(0), at(1790), minute), at(1800));
        assert_eq!(EditLock::end(at(0), at(0), Duration::MAX), at(1800));
    }
}

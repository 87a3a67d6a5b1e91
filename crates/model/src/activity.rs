//! What people do to a resource: told in its room, and kept as its story.

use serde::{Deserialize, Serialize};

use crate::{AlertId, EditLock, EventId, Resource, Severity, Timestamp, UserId};

/// What sort of thing somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    /// Came to look at it.
    Joined,
    /// Went away again.
    Left,
    /// Took its lock, or something happened to the lock they hold; `data` is a [`LockChange`].
    Locked,
    /// Lost its lock or gave it back; `data` is a [`LockChange`].
    Unlocked,
    /// Changed it.
    Edited,
    /// Confirmed it.
    Verified,
    /// Said something about it.
    Commented,
    /// Said that they see to an alert of it, which is an incident; `data` is an [`AlertAcknowledged`]. Told in the room `alerts`, too.
    Acknowledged,
}

impl ActivityKind {
    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Locked => "locked",
            Self::Unlocked => "unlocked",
            Self::Edited => "edited",
            Self::Verified => "verified",
            Self::Commented => "commented",
            Self::Acknowledged => "acknowledged",
        }
    }
}

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Activity {
    /// Its own id.
    pub id: EventId,
    /// What sort.
    pub kind: ActivityKind,
    /// Who.
    pub user: UserId,
    /// What colleagues see of them.
    pub name: String,
    /// To what: `item:{id}`, `incident:{id}` or `claim:{id}`.
    #[schema(value_type = String)]
    pub resource: Resource,
    /// What else is to be told.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
    /// When.
    pub at: Timestamp,
}

/// The data of an activity that acknowledges an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlertAcknowledged {
    /// Which alert.
    pub alert_id: AlertId,
    /// Its title.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// From where: `app`, `email`, `sms`, `api`.
    pub via: String,
    /// Until when it counts; null for good.
    pub expires_at: Option<Timestamp>,
}

/// What happened to a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LockAction {
    /// Nobody had it.
    Taken,
    /// It was asked for, and its holder did not refuse.
    TakenOver,
    /// It was taken from its holder.
    Forced,
    /// Its holder works in another tab now.
    Moved,
    /// Somebody would like to have it.
    Requested,
    /// Its holder keeps it.
    Refused,
    /// Its holder gave it back, or went away.
    Released,
    /// It ran out.
    Expired,
}

/// The data of an activity about a lock, and what the room is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LockChange {
    /// What happened.
    pub action: LockAction,
    /// The lock as it is now; null where it is nobody's.
    pub lock_status: Option<EditLock>,
}

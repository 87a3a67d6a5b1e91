//! The shape of the events that rooms tell. The server splices them from encoded parts ([`crate::frame::event_frame`]);
//! these types say to those who read them what they hold, and are what the protocol's description is made of.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    ActivityKind, Alert, Claim, ClaimId, EditLock, Exercise, IncidentUpdate, Item, ItemId, LockAction,
    Notification, Resource, Room, Severity, Timestamp, UserId,
};

/// What kinds of event there are: no other can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// [`Event::NewItem`].
    NewItem,
    /// [`Event::ItemUpdate`].
    ItemUpdate,
    /// [`Event::IncidentUpdate`].
    IncidentUpdate,
    /// [`Event::NewClaim`].
    NewClaim,
    /// [`Event::ClaimUpdate`].
    ClaimUpdate,
    /// [`Event::Alert`].
    Alert,
    /// [`Event::Notification`].
    Notification,
    /// [`Event::LockUpdate`].
    LockUpdate,
    /// [`Event::UserActivity`].
    UserActivity,
    /// [`Event::ExerciseUpdate`].
    ExerciseUpdate,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::NewItem,
        Self::ItemUpdate,
        Self::IncidentUpdate,
        Self::NewClaim,
        Self::ClaimUpdate,
        Self::Alert,
        Self::Notification,
        Self::LockUpdate,
        Self::UserActivity,
        Self::ExerciseUpdate,
    ];

    /// The frame's `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewItem => "new_item",
            Self::ItemUpdate => "item_update",
            Self::IncidentUpdate => "incident_update",
            Self::NewClaim => "new_claim",
            Self::ClaimUpdate => "claim_update",
            Self::Alert => "alert",
            Self::Notification => "notification",
            Self::LockUpdate => "lock_update",
            Self::UserActivity => "user_activity",
            Self::ExerciseUpdate => "exercise_update",
        }
    }
}

/// What every event carries besides what it tells.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct EventHead {
    /// The room that tells it.
    #[schema(value_type = String)]
    pub room: Room,
    /// From where to resume this room once the event is dealt with.
    pub position: String,
    /// When it happened.
    pub at: Timestamp,
}

/// What an event tells.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// An item that was not there before.
    NewItem {
        /// The item, without `raw_data`.
        data: Box<Item>,
    },
    /// An item that changed.
    ItemUpdate {
        /// Which.
        item_id: ItemId,
        /// Members of the item with their new values: all of them but `raw_data` where the item itself changed, only
        /// `incident_id` where it joined an incident.
        updates: Map<String, Value>,
        /// The item's version with them; a client that has this version or a later one passes the event over.
        version: u64,
    },
    /// An incident that was opened or changed, and the items that joined it.
    IncidentUpdate {
        /// The incident as it now is.
        data: Box<IncidentUpdate>,
    },
    /// A claim that nobody had made before.
    NewClaim {
        /// The claim.
        data: Box<Claim>,
    },
    /// A claim that changed: who makes it, what speaks for and against it, or what people decided.
    ClaimUpdate {
        /// Which.
        claim_id: ClaimId,
        /// All members of the claim as they now are.
        updates: Map<String, Value>,
        /// The claim's version with them; a client that has this version or a later one passes the event over.
        version: u64,
    },
    /// An alert, or a revision of one.
    Alert {
        /// The alert.
        data: Box<Alert>,
        /// Its severity once more.
        severity: Severity,
    },
    /// A message to the person whose room it is.
    Notification {
        /// The message.
        data: Box<Notification>,
    },
    /// Something happened to the lock of a resource.
    LockUpdate {
        /// Of what: `item:{id}`, `incident:{id}` or `claim:{id}`.
        #[schema(value_type = String)]
        resource_id: Resource,
        /// Who did it.
        user_id: UserId,
        /// What colleagues see of them.
        name: String,
        /// What happened.
        action: LockAction,
        /// The lock as it is now; null where it is nobody's.
        #[schema(required = true)]
        lock_status: Option<EditLock>,
    },
    /// Somebody did something to a resource.
    UserActivity {
        /// To what: `item:{id}`, `incident:{id}` or `claim:{id}`.
        #[schema(value_type = String)]
        resource_id: Resource,
        /// Who.
        user_id: UserId,
        /// What colleagues see of them.
        name: String,
        /// What sort of thing.
        action: ActivityKind,
        /// What else is to be told.
        data: Value,
    },
    /// An exercise that people have started began, was halted, goes on, or is over.
    ExerciseUpdate {
        /// The exercise as it now is.
        data: Box<Exercise>,
    },
}

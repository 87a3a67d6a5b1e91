//! The seven topics, and the kinds of event each carries.

use serde::{Deserialize, Serialize};

/// A public topic of the log. Partitions, retention and limits stand in `infrastructure/kafka/topics.yaml`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// What connectors and the ingest API bring.
    RawItems,
    /// Items, changes of incidents, and how exercises stand.
    NormalizedItems,
    /// Claims and their state changes.
    Claims,
    /// Alerts and their revisions.
    Alerts,
    /// Notification intents.
    Notifications,
    /// Presence, cursors, locks, edits.
    UserActivity,
    /// Dead letters.
    Dlq,
}

impl Topic {
    /// Every topic, in the order of [`crate::Position`]'s encoding. New topics go to the end.
    pub const ALL: [Self; 7] = [
        Self::RawItems,
        Self::NormalizedItems,
        Self::Claims,
        Self::Alerts,
        Self::Notifications,
        Self::UserActivity,
        Self::Dlq,
    ];

    /// The topic's name on the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RawItems => "raw-items",
            Self::NormalizedItems => "normalized-items",
            Self::Claims => "claims",
            Self::Alerts => "alerts",
            Self::Notifications => "notifications",
            Self::UserActivity => "user-activity",
            Self::Dlq => "dlq",
        }
    }

    /// The topic named `name`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == name)
    }

    /// Its place in [`Topic::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Values of `ce_type`: what a record says happened.
pub mod event_type {
    /// raw-items: a connector or a person brought a raw item.
    pub const RAW_ITEM: &str = "crisislens.raw-item.received";
    /// normalized-items: an item was made.
    pub const ITEM_CREATED: &str = "crisislens.item.created";
    /// normalized-items: an item changed (new revision of its entry, or a person's edit).
    pub const ITEM_UPDATED: &str = "crisislens.item.updated";
    /// normalized-items: an incident was opened or changed.
    pub const INCIDENT_UPDATED: &str = "crisislens.incident.updated";
    /// normalized-items: an exercise that people have started stands otherwise.
    pub const EXERCISE_UPDATED: &str = "crisislens.exercise.updated";
    /// claims: a claim was found.
    pub const CLAIM_CREATED: &str = "crisislens.claim.created";
    /// claims: a claim changed: who makes it, its evidence, its likelihood, its state.
    pub const CLAIM_UPDATED: &str = "crisislens.claim.updated";
    /// alerts: an alert was raised or revised.
    pub const ALERT_RAISED: &str = "crisislens.alert.raised";
    /// notifications: a notification was decided.
    pub const NOTIFICATION: &str = "crisislens.notification.created";
    /// user-activity: somebody did something.
    pub const ACTIVITY: &str = "crisislens.user.activity";
}

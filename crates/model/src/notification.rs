//! A notification (one message to one recipient) and its deliveries (one for each channel).

use serde::{Deserialize, Serialize};

use crate::{AlertId, NotificationId, Severity, Timestamp, UserId};

/// A way to reach a person.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// The inbox in the app.
    Inbox,
    /// E-mail.
    Email,
}

impl Channel {
    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Email => "email",
        }
    }
}

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationType {
    /// An alert or a revision of one.
    Alert,
}

/// How far a delivery got, by rising rank: of what is told of one, in whatever order, the highest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// Decided, not yet tried.
    Queued,
    /// Put off: the reason says until when, and why.
    Deferred,
    /// Deliberately not sent; the reason says why.
    Suppressed,
    /// Not sent, because something newer took its place.
    Canceled,
    /// Not sent while it was worth it.
    Expired,
    /// Being handed over.
    Sending,
    /// Handed over.
    Sent,
    /// Arrived.
    Delivered,
    /// Refused, by whoever was to carry it or at its end. May be told after it was said to have arrived.
    Failed,
    /// Read by a person.
    Read,
    /// Confirmed by a person.
    Acked,
}

/// One notification on one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Delivery {
    /// The channel.
    pub channel: Channel,
    /// How far it got.
    pub status: DeliveryStatus,
    /// Who carried it: `inbox`, `outbox`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The provider's id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// When it was handed over, once for each try.
    #[serde(default)]
    pub attempts: Vec<Timestamp>,
    /// Why it was or was not sent.
    pub reason: String,
}

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Notification {
    /// Derived from alert, revision and recipient.
    pub id: NotificationId,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: NotificationType,
    /// Who gets it.
    pub recipient: UserId,
    /// The alert it tells of.
    pub alert_id: AlertId,
    /// Which revision of it.
    pub revision: u64,
    /// How urgent.
    pub priority: Severity,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// Part of an exercise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exercise: bool,
    /// One for each channel.
    pub deliveries: Vec<Delivery>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When the recipient read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
}

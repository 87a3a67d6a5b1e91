//! Notifications and the development outbox: the port's reads and writes.

use async_trait::async_trait;
use crisislens_model::{AlertId, Channel, Notification, NotificationId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Cursor, Page, StateError};

/// A message that the development outbox holds instead of sending it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OutboxMessage {
    /// Derived from notification and channel.
    pub id: Uuid,
    /// The channel it would have gone out on.
    pub channel: Channel,
    /// The address.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What a provider of the channel would have been sent beside: a push message's payload, a webhook's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub payload: Option<serde_json::Value>,
    /// When it was handed over.
    pub at: Timestamp,
    /// Part of an exercise.
    pub exercise: bool,
    /// The notification it carries.
    pub notification_id: NotificationId,
}

/// Reads of notifications.
#[async_trait]
pub trait Notices: Send + Sync {
    /// A person's notifications, newest first, with their deliveries as they now stand.
    async fn list_notifications(
        &self,
        recipient: UserId,
        unread_only: bool,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Notification>, StateError>;

    /// A person's notification of a revision of an alert, with its deliveries as they now stand.
    async fn notification_of(
        &self,
        recipient: UserId,
        alert: AlertId,
        revision: u64,
    ) -> Result<Option<Notification>, StateError>;

    /// One of a person's notifications, with its deliveries as they now stand.
    async fn notification(
        &self,
        recipient: UserId,
        id: NotificationId,
    ) -> Result<Option<Notification>, StateError>;

    /// How many of a person's notifications are unread.
    async fn unread(&self, recipient: UserId) -> Result<u64, StateError>;

    /// Messages in the development outbox, of a channel or of all, newest first.
    async fn list_outbox_messages(
        &self,
        channel: Option<Channel>,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<OutboxMessage>, StateError>;
}

/// Writes of notifications.
#[async_trait]
pub trait NoticesTx: Send {
    /// Notes that a person has read one, or with `None` all, of their notifications. Answers how many were unread.
    async fn mark_read(
        &mut self,
        recipient: UserId,
        id: Option<NotificationId>,
        at: Timestamp,
    ) -> Result<u64, StateError>;

    /// Whether a person has this notification.
    async fn has_notification(&mut self, recipient: UserId, id: NotificationId) -> Result<bool, StateError>;

    /// A person's notifications later than `since` that share their thread with no other, as tests and mentions are: the newest so many.
    /// Nobody else reads theirs so until the transaction ends.
    async fn told_alone(
        &mut self,
        recipient: UserId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Notification>, StateError>;

    /// Puts messages into the development outbox; a second one of the same id changes nothing.
    async fn put_outbox_messages(&mut self, messages: &[OutboxMessage]) -> Result<(), StateError>;
}

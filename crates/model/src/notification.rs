//! A notification (one message to one recipient) and its deliveries (one for each channel).

use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::contact::{shown_to_others, words_for_others};
use crate::{
    AlertId, DeliveryId, IncidentId, ItemId, NoticeKind, NotificationId, Severity, Timestamp, UserId, id,
};

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
    /// Short messages.
    Sms,
    /// Push messages to browsers and apps.
    Push,
    /// Another program.
    Webhook,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 5] = [Self::Inbox, Self::Email, Self::Sms, Self::Push, Self::Webhook];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Push => "push",
            Self::Webhook => "webhook",
        }
    }

    /// The channel named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == word)
    }
}

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationType {
    /// An alert, or what has grown of one.
    Alert,
    /// An alert that was put right or withdrawn, to those who had it.
    Correction,
    /// An alert that nobody has acknowledged.
    Escalation,
    /// What has gathered.
    Digest,
    /// An item that a subscription asks for.
    NewItem,
    /// An item of high risk.
    HighRisk,
    /// Something said that names the recipient.
    Mention,
}

impl NotificationType {
    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Correction => "correction",
            Self::Escalation => "escalation",
            Self::Digest => "digest",
            Self::NewItem => "new_item",
            Self::HighRisk => "high_risk",
            Self::Mention => "mention",
        }
    }

    /// What people choose that decides about it; an escalation and a digest go by what they carry.
    #[must_use]
    pub const fn notice(self) -> Option<NoticeKind> {
        match self {
            Self::Alert | Self::Correction => Some(NoticeKind::Alerts),
            Self::NewItem => Some(NoticeKind::NewItems),
            Self::HighRisk => Some(NoticeKind::HighRisk),
            Self::Mention => Some(NoticeKind::Mentions),
            Self::Escalation | Self::Digest => None,
        }
    }
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

impl DeliveryStatus {
    /// Every status, by rising rank.
    pub const ALL: [Self; 11] = [
        Self::Queued,
        Self::Deferred,
        Self::Suppressed,
        Self::Canceled,
        Self::Expired,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Failed,
        Self::Read,
        Self::Acked,
    ];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Deferred => "deferred",
            Self::Suppressed => "suppressed",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Read => "read",
            Self::Acked => "acked",
        }
    }

    /// The status named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether a worker is still to send it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Deferred | Self::Sending)
    }

    /// Whether it left, or may have left, for its address.
    #[must_use]
    pub const fn went_out(self) -> bool {
        matches!(self, Self::Sending | Self::Sent | Self::Delivered | Self::Read | Self::Acked)
    }
}

/// One try to hand a delivery over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(from = "TriedAt")]
pub struct Attempt {
    /// When it was begun.
    pub at: Timestamp,
    /// Whom it was handed to.
    pub provider: String,
    /// `accepted`, `retry`, `give_up`, `suppress`, `configuration` or `unknown`; missing while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// In the provider's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// An attempt as it is kept; of those before there was a ledger, the time alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum TriedAt {
    Whole {
        at: Timestamp,
        provider: String,
        #[serde(default)]
        outcome: Option<String>,
        #[serde(default)]
        why: Option<String>,
    },
    Time(Timestamp),
}

impl From<TriedAt> for Attempt {
    fn from(tried: TriedAt) -> Self {
        match tried {
            TriedAt::Whole { at, provider, outcome, why } => Self { at, provider, outcome, why },
            TriedAt::Time(at) => {
                Self { at, provider: "outbox".to_owned(), outcome: Some("accepted".to_owned()), why: None }
            }
        }
    }
}

/// One notification on one channel to one address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Delivery {
    /// Derived from the notification, the channel and the address.
    #[serde(default = "nobodys")]
    pub id: DeliveryId,
    /// The channel.
    pub channel: Channel,
    /// Where it goes; for the inbox, and where it goes nowhere, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How far it got.
    pub status: DeliveryStatus,
    /// Who carried it: `inbox`, `outbox`, `smtp`, `sendgrid`, `twilio`, `fcm`, `web_push`, `webhook`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The provider's id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Not before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When it is not worth sending any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// The delivery that carries it together with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<DeliveryId>,
    /// Each try; only where one delivery is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// Why it was or was not sent.
    pub reason: String,
}

impl Delivery {
    /// Takes out of it what is for its recipient and admins alone: the address but for what others may see of it.
    pub fn conceal(&mut self) {
        let Some(address) = self.to.take() else { return };
        let why = self.attempts.iter_mut().filter_map(|attempt| attempt.why.as_mut());
        for words in why.chain([&mut self.reason]) {
            *words = words_for_others(words, &address);
        }
        self.to = Some(shown_to_others(&address));
    }

    /// As it is decided, before anything else is known of it.
    #[must_use]
    pub fn decided(
        notification: NotificationId,
        channel: Channel,
        to: Option<&str>,
        status: DeliveryStatus,
        reason: String,
    ) -> Self {
        Self {
            id: Self::id_of(notification, channel, to),
            channel,
            to: to.map(str::to_owned),
            status,
            provider: None,
            provider_id: None,
            due_at: None,
            expires_at: None,
            sent_at: None,
            digest: None,
            attempts: Vec::new(),
            reason,
        }
    }

    /// Into the inbox, where it is as soon as it is decided.
    #[must_use]
    pub fn in_inbox(notification: NotificationId, reason: String, now: Timestamp) -> Self {
        Self {
            provider: Some("inbox".to_owned()),
            sent_at: Some(now),
            ..Self::decided(notification, Channel::Inbox, None, DeliveryStatus::Sent, reason)
        }
    }

    /// The id that the delivery of a notification on a channel to an address has.
    #[must_use]
    pub fn id_of(notification: NotificationId, channel: Channel, to: Option<&str>) -> DeliveryId {
        let to = to.unwrap_or_default();
        DeliveryId(id::derived(notification.0, &format!("delivery {} {to}", channel.as_str()), 1))
    }
}

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct About {
    /// The alert it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_id: Option<AlertId>,
    /// The item it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<ItemId>,
    /// The incident of the item, or what was said something about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident_id: Option<IncidentId>,
}

impl About {
    /// It is about an alert.
    #[must_use]
    pub fn alert(id: AlertId) -> Self {
        Self { alert_id: Some(id), ..Self::default() }
    }
}

/// What all news of one severity about an incident have in common; of an item without one, its own.
#[must_use]
pub fn thread_of_items(item: ItemId, incident: Option<IncidentId>, priority: Severity) -> Uuid {
    let of = incident.map_or(item.0, |incident| incident.0);
    id::derived(of, &format!("items {}", priority.as_str()), 1)
}

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Notification {
    /// Derived from what it is about, its revision, and the recipient.
    pub id: NotificationId,
    /// What sort of thing it tells.
    #[serde(rename = "type")]
    pub kind: NotificationType,
    /// Who gets it.
    pub recipient: UserId,
    /// What it is about; a test is about nothing.
    #[serde(flatten)]
    pub about: About,
    /// Which revision of the alert; 0 where it is about none.
    pub revision: u64,
    /// How urgent.
    pub priority: Severity,
    /// The language it is written in.
    #[serde(default = "english")]
    pub locale: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// The same for a small screen, in one paragraph.
    #[serde(default)]
    pub short: String,
    /// Part of an exercise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exercise: bool,
    /// One for each channel and address.
    pub deliveries: Vec<Delivery>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When the recipient read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
}

impl Notification {
    /// Notifications of one thread tell of the same: of revisions of an alert, or of items of an incident that are as urgent.
    #[must_use]
    pub fn thread(&self) -> Uuid {
        let About { alert_id, item_id, incident_id } = self.about;
        match (alert_id, item_id) {
            (Some(alert), _) => alert.0,
            (None, Some(item)) if self.kind != NotificationType::Mention => {
                thread_of_items(item, incident_id, self.priority)
            }
            _ => self.id.0,
        }
    }
}

fn english() -> String {
    "en".to_owned()
}

/// Of deliveries from before they had ids.
fn nobodys() -> DeliveryId {
    DeliveryId(uuid::Uuid::nil())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_stands_at_its_rank() {
        assert!(DeliveryStatus::ALL.is_sorted());
        for (rank, status) in DeliveryStatus::ALL.into_iter().enumerate() {
            assert_eq!(status as usize, rank);
            assert_eq!(DeliveryStatus::parse(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), json!(status.as_str()));
        }
    }

    #[test]
    fn what_was_kept_before_there_was_a_ledger_is_still_read() {
        let old = json!({ "channel": "email", "status": "sent", "provider": "outbox", "provider_id": "x",
            "attempts": ["2026-01-01T00:00:00Z"], "reason": "asked for" });
        let read: Delivery = serde_json::from_value(old).unwrap();
        assert_eq!(read.attempts[0].outcome.as_deref(), Some("accepted"));
        let again: Delivery = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
        assert_eq!(again, read);
    }
}

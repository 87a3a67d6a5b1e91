//! What people are told of, as far as it decides who is.

use std::time::Duration;

use crisislens_model::{
    About, Alert, AlertStatus, Facts, ItemId, News, NoticeKind, NotificationId, NotificationType, Severity,
    Timestamp, UserId, id,
};
use uuid::Uuid;

use crate::provider::worth;

/// News of items and what names somebody is told as long as this.
const FRESH: Duration = Duration::from_secs(24 * 3600);

/// Whether what went out still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Stands,
    /// It is put right.
    Corrected,
    /// It is taken back.
    Withdrawn,
}

/// What people are told of.
#[derive(Debug)]
pub struct Matter<'a> {
    /// What people choose that decides about it.
    pub kind: NoticeKind,
    /// How it is told to those who asked for it.
    pub told_as: NotificationType,
    /// What ids of its notifications are derived from.
    pub name: Uuid,
    /// Which revision; 0 where there are none.
    pub revision: u64,
    /// What notifications say that they are about.
    pub about: About,
    /// How urgent.
    pub severity: Severity,
    /// Part of an exercise.
    pub exercise: bool,
    /// When it is of no use any more.
    pub expires: Timestamp,
    /// Whether what went out before still holds.
    pub standing: Standing,
    /// Why nobody is told who was not told before.
    pub held: Option<String>,
    /// What subscriptions look at; without, it is meant for whom it names.
    pub facts: Option<Facts<'a>>,
}

impl<'a> Matter<'a> {
    /// A revision of an alert.
    #[must_use]
    pub fn alert(alert: &'a Alert) -> Self {
        Self {
            kind: NoticeKind::Alerts,
            told_as: NotificationType::Alert,
            name: alert.id.0,
            revision: alert.revision,
            about: About::alert(alert.id),
            severity: alert.severity,
            exercise: alert.status == AlertStatus::Exercise,
            expires: alert.expires,
            standing: match alert.kind.as_str() {
                "correction" => Standing::Corrected,
                "cancel" => Standing::Withdrawn,
                _ => Standing::Stands,
            },
            held: None,
            facts: Some(alert.facts()),
        }
    }

    /// An item, to those who ask for new ones or for those of high risk.
    #[must_use]
    pub fn item(news: &'a News, kind: NoticeKind, now: Timestamp) -> Self {
        let is_high = kind == NoticeKind::HighRisk;
        Self {
            kind,
            told_as: if is_high { NotificationType::HighRisk } else { NotificationType::NewItem },
            name: name_of_item(news.item, kind),
            revision: 0,
            about: About { alert_id: None, item_id: Some(news.item), incident_id: news.incident },
            severity: news.severity,
            exercise: news.exercise,
            expires: now.checked_add(FRESH).unwrap_or(Timestamp::MAX),
            standing: Standing::Stands,
            held: None,
            facts: Some(news.facts()),
        }
    }

    /// Something said, under this id, that names the recipient.
    #[must_use]
    pub fn mention(said: Uuid, about: About, exercise: bool, now: Timestamp) -> Self {
        let severity = Severity::High;
        Self {
            kind: NoticeKind::Mentions,
            told_as: NotificationType::Mention,
            name: said,
            revision: 0,
            about,
            severity,
            exercise,
            expires: now.checked_add(worth(severity)).unwrap_or(Timestamp::MAX),
            standing: Standing::Stands,
            held: None,
            facts: None,
        }
    }

    /// The notification that tells a person of it.
    #[must_use]
    pub fn notification_to(&self, user: UserId) -> NotificationId {
        notification_of(self.name, user, self.revision)
    }
}

/// What ids of notifications of an item are derived from, which is told to some as new and to others as of high risk.
pub(crate) fn name_of_item(item: ItemId, kind: NoticeKind) -> Uuid {
    id::derived(item.0, kind.as_str(), 1)
}

/// The notification that tells a person of what has this name.
pub(crate) fn notification_of(name: Uuid, user: UserId, revision: u64) -> NotificationId {
    NotificationId(id::derived(name, &format!("notification {user}"), revision))
}

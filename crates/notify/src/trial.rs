//! Messages that people send themselves, to see whether they arrive.

use std::time::Duration;

use crisislens_model::{
    AlertId, Channel, Contact, Delivery, DeliveryStatus, EventId, Notification, NotificationId,
    NotificationType, Severity, Timestamp, User,
};

use crate::contents::Shown;
use crate::templates::Name;

/// How the store calls the template that a test tries; its id is the notification's, its owner who asked. What it makes of a page or of
/// data is made when the test is handed over, as for any other message.
pub const TRIED: &str = "tried_template";

/// What is not handed over by then is of no use to who waits for it.
pub const WORTH: Duration = Duration::from_secs(10 * 60);

/// A person's own addresses on a channel; the inbox has one without a name.
#[must_use]
pub fn addresses(channel: Channel, user: &User, contacts: &[Contact]) -> Vec<Option<String>> {
    match channel {
        Channel::Inbox => vec![None],
        Channel::Email => vec![Some(user.email.clone())],
        Channel::Sms | Channel::Push | Channel::Webhook => {
            let targets = contacts.iter().map(|contact| &contact.target);
            targets
                .filter(|target| target.channel() == channel)
                .map(|target| Some(target.address().to_owned()))
                .collect()
        }
    }
}

/// A test of a channel. It is about no alert, and as urgent as can be, so that nothing puts it off.
#[must_use]
pub fn notification(
    user: &User,
    name: Name,
    (channel, addresses): (Channel, &[Option<String>]),
    shown: Shown,
    now: Timestamp,
) -> Notification {
    let id = NotificationId(EventId::random().0);
    let short = if channel == Channel::Push { shown.push.body } else { shown.sms.text };
    let delivery = |to: &Option<String>| {
        let is_inbox = channel == Channel::Inbox;
        Delivery {
            id: Delivery::id_of(id, channel, to.as_deref()),
            channel,
            to: to.clone(),
            status: if is_inbox { DeliveryStatus::Sent } else { DeliveryStatus::Queued },
            provider: is_inbox.then(|| "inbox".to_owned()),
            provider_id: None,
            due_at: (!is_inbox).then_some(now),
            expires_at: if is_inbox { None } else { now.checked_add(WORTH).ok() },
            sent_at: is_inbox.then_some(now),
            digest: None,
            attempts: Vec::new(),
            reason: format!("test asked for by {}", user.name),
        }
    };
    Notification {
        id,
        kind: match name {
            Name::Correction => NotificationType::Correction,
            Name::Escalation => NotificationType::Escalation,
            Name::Alert | Name::Digest | Name::NewItem | Name::ClaimVerified => NotificationType::Alert,
        },
        recipient: user.id,
        alert_id: AlertId(id.0),
        revision: 1,
        priority: Severity::Critical,
        locale: user.preferences.locale.clone(),
        subject: format!("Test: {}", shown.subject),
        body: shown.text,
        short: format!("Test: {short}"),
        exercise: false,
        deliveries: addresses.iter().map(delivery).collect(),
        created_at: now,
        read_at: None,
    }
}

/// Whether what is handed over on a channel is made of the template that a test tries.
#[must_use]
pub const fn is_made_later(channel: Channel) -> bool {
    matches!(channel, Channel::Email | Channel::Webhook)
}

/// Whether it is a test: those are about themselves.
#[must_use]
pub fn is_test(notification: &Notification) -> bool {
    notification.alert_id.0 == notification.id.0
}

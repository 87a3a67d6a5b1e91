//! Messages that people send themselves, to see whether they arrive.

use std::time::Duration;

use crisislens_model::{
    About, Channel, Delivery, DeliveryStatus, EventId, Notification, NotificationId, NotificationType,
    Severity, Timestamp, User,
};

use crate::contents::Shown;
use crate::templates::Name;

/// How the store calls the template that a test tries; its id is the notification's, its owner who asked. What it makes of a page or of
/// data is made when the test is handed over, as for any other message.
pub const TRIED: &str = "tried_template";

/// What is not handed over by then is of no use to who waits for it.
pub const WORTH: Duration = Duration::from_secs(10 * 60);

/// A test of a channel, to these addresses. It is about no alert, and as urgent as can be, so that nothing puts it off.
#[must_use]
pub fn notification(
    user: &User,
    name: Name,
    (channel, addresses): (Channel, &[&str]),
    shown: Shown,
    now: Timestamp,
) -> Notification {
    let id = NotificationId(EventId::random().0);
    let short = if channel == Channel::Push { shown.push.body } else { shown.sms.text };
    let reason = format!("test asked for by {}", user.name);
    let deliveries = if channel == Channel::Inbox {
        vec![Delivery::in_inbox(id, reason, now)]
    } else {
        let queued = |to: &&str| {
            let queued = Delivery::decided(id, channel, Some(to), DeliveryStatus::Queued, reason.clone());
            Delivery { due_at: Some(now), expires_at: now.checked_add(WORTH).ok(), ..queued }
        };
        addresses.iter().map(queued).collect()
    };
    Notification {
        id,
        kind: match name {
            Name::Correction => NotificationType::Correction,
            Name::Escalation => NotificationType::Escalation,
            Name::NewItem => NotificationType::NewItem,
            Name::Mention => NotificationType::Mention,
            Name::Alert | Name::Digest | Name::ClaimVerified => NotificationType::Alert,
        },
        recipient: user.id,
        about: About::default(),
        revision: 0,
        priority: Severity::Critical,
        locale: user.preferences.locale.clone(),
        subject: format!("Test: {}", shown.subject),
        body: shown.text,
        short: format!("Test: {short}"),
        exercise: false,
        deliveries,
        created_at: now,
        read_at: None,
    }
}

/// Whether what is handed over on a channel is made of the template that a test tries.
#[must_use]
pub const fn is_made_later(channel: Channel) -> bool {
    matches!(channel, Channel::Email | Channel::Webhook)
}

/// Whether it is a test: those are about nothing.
#[must_use]
pub fn is_test(notification: &Notification) -> bool {
    notification.about == About::default()
}

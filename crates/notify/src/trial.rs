//! Messages that people send themselves, to see whether they arrive.

use std::time::Duration;

use crisislens_model::{
    About, Channel, Delivery, DeliveryStatus, EventId, Notification, NotificationId, NotificationType,
    Severity, Timestamp, User,
};

use crate::contents::Shown;

/// What is not handed over by then is of no use to who waits for it.
const WORTH: Duration = Duration::from_secs(10 * 60);

/// A test of a channel, to these addresses. It is about no alert, and as urgent as can be, so that nothing puts it off.
#[must_use]
pub fn notification(
    user: &User,
    channel: Channel,
    addresses: &[&str],
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
        kind: NotificationType::Alert,
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

/// Whether it is a test: those are about nothing.
#[must_use]
pub fn is_test(notification: &Notification) -> bool {
    notification.about == About::default()
}

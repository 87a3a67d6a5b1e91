//! Who is told of an alert, on which channels, and why not on the others.

use crisislens_model::{
    Alert, AlertStatus, Channel, DeliveryStatus, Notification, Preferences, Severity, User,
};
use crisislens_notify::decide;
use crisislens_testkit::sample;

fn who_wants(inbox: bool, email: bool, min_severity: Severity) -> User {
    User { preferences: Preferences { inbox, email, min_severity }, ..sample::account(1).user }
}

fn alert(severity: Severity) -> Alert {
    Alert { severity, ..sample::alert(1, 1) }
}

fn channels(notification: &Notification) -> Vec<(Channel, DeliveryStatus, &str)> {
    let deliveries = notification.deliveries.iter();
    deliveries.map(|delivery| (delivery.channel, delivery.status, delivery.reason.as_str())).collect()
}

#[test]
fn nobody_is_told_of_less_than_they_asked_for() {
    for asked in Severity::ALL {
        for severity in Severity::ALL {
            let told = decide(&alert(severity), &who_wants(true, true, asked), sample::at(0));
            assert_eq!(told.is_some(), severity >= asked, "asked for {asked:?}, is {severity:?}");
        }
    }
}

#[test]
fn every_channel_has_its_reason_whether_it_is_used_or_not() {
    let inbox_only = decide(&alert(Severity::High), &who_wants(true, false, Severity::Medium), sample::at(0));
    assert_eq!(
        channels(&inbox_only.unwrap()),
        [
            (Channel::Inbox, DeliveryStatus::Queued, "asked for alerts of medium and above by inbox"),
            (Channel::Email, DeliveryStatus::Suppressed, "has switched off alerts by email"),
        ]
    );
    let email_only = decide(&alert(Severity::High), &who_wants(false, true, Severity::High), sample::at(0));
    assert_eq!(
        channels(&email_only.unwrap()),
        [
            (Channel::Inbox, DeliveryStatus::Suppressed, "has switched off alerts by inbox"),
            (Channel::Email, DeliveryStatus::Queued, "asked for alerts of high and above by email"),
        ]
    );
}

#[test]
fn who_has_switched_off_every_channel_gets_no_notification() {
    assert_eq!(
        decide(&alert(Severity::Critical), &who_wants(false, false, Severity::Low), sample::at(0)),
        None
    );
}

#[test]
fn one_revision_to_one_person_is_one_notification_and_every_other_is_another() {
    let id = |n: u64, revision: u64, recipient: u64| {
        let user = sample::account(recipient).user;
        decide(&sample::alert(n, revision), &user, sample::at(revision)).unwrap().id
    };
    assert_eq!(id(1, 1, 1), id(1, 1, 1));
    let others = [id(1, 1, 1), id(1, 2, 1), id(1, 1, 2), id(2, 1, 1)];
    let apart: std::collections::BTreeSet<_> = others.into_iter().collect();
    assert_eq!(apart.len(), others.len());
}

#[test]
fn the_notification_carries_what_the_alert_says_of_itself() {
    let user = who_wants(true, true, Severity::Low);
    let drill = Alert { status: AlertStatus::Exercise, ..sample::alert(1, 3) };
    let told = decide(&drill, &user, sample::at(9)).unwrap();
    assert_eq!((told.recipient, told.alert_id, told.revision), (user.id, drill.id, 3));
    assert_eq!((told.priority, told.exercise, told.created_at), (drill.severity, true, sample::at(9)));
    assert!(!decide(&sample::alert(1, 3), &user, sample::at(9)).unwrap().exercise);
}

//! Recipients and dispatch on the real engines: everyone who asked is told, once, and nobody else.

use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{
    Alert, AlertStatus, Channel, DeliveryStatus, NewRecord, Notification, Preferences, Severity, Topic, id,
};
use crisislens_state::Durability;
use crisislens_testkit::sample;

use crate::desk::{Desk, alert_record, copied};

/// With people 1 to 4: inbox and e-mail; inbox; e-mail of the critical only; nothing.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    for (n, inbox, email, least) in [
        (1, true, true, Severity::Medium),
        (2, true, false, Severity::High),
        (3, false, true, Severity::Critical),
        (4, false, false, Severity::Low),
    ] {
        desk.person(n, Preferences::of_alerts(inbox, email, least)).await;
    }
    desk
}

fn outcome(notification: &Notification) -> Vec<(Channel, DeliveryStatus, Option<&str>)> {
    let deliveries = notification.deliveries.iter();
    deliveries.map(|one| (one.channel, one.status, one.provider.as_deref())).collect()
}

#[tokio::test]
async fn everyone_who_asked_is_told_on_the_channels_they_chose() {
    let desk = desk().await;
    desk.raise(&[sample::alert(1, 1)]).await;
    let (anna, bert) = (desk.inbox(1).await, desk.inbox(2).await);
    assert_eq!((anna.len(), bert.len(), desk.inbox(3).await.len(), desk.inbox(4).await.len()), (1, 1, 0, 0));
    assert_eq!(
        outcome(&anna[0]),
        [
            (Channel::Inbox, DeliveryStatus::Sent, Some("inbox")),
            (Channel::Email, DeliveryStatus::Sent, Some("outbox")),
        ]
    );
    assert_eq!(
        outcome(&bert[0]),
        [
            (Channel::Inbox, DeliveryStatus::Sent, Some("inbox")),
            (Channel::Email, DeliveryStatus::Suppressed, None)
        ]
    );
    let (row, _) = desk.engines.store.delivery(anna[0].deliveries[1].id).await.unwrap().unwrap();
    assert_eq!((row.attempts.len(), row.attempts[0].outcome.as_deref()), (1, Some("accepted")));
    assert_eq!((anna[0].subject.as_str(), anna[0].read_at), ("[high] Number 1", None));

    let mails = desk.outbox().await;
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("person1@example.org", "[high] Number 1"));
    assert_eq!((mail.notification_id, mail.channel, mail.exercise), (anna[0].id, Channel::Email, false));
    assert_eq!(anna[0].deliveries[1].provider_id, Some(mail.id.to_string()));
    assert!(mail.text.contains("Hello Person 1,") && mail.html.as_ref().unwrap().contains("Number 1"));
}

#[tokio::test]
async fn a_critical_alert_reaches_who_asked_for_critical_ones() {
    let desk = desk().await;
    desk.raise(&[Alert { severity: Severity::Critical, ..sample::alert(1, 1) }]).await;
    let mut to: Vec<String> = desk.outbox().await.into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["person1@example.org", "person3@example.org"]);
    assert_eq!(outcome(&desk.inbox(3).await[0])[0].1, DeliveryStatus::Suppressed);
    assert!(desk.inbox(4).await.is_empty());
}

#[tokio::test]
async fn records_that_are_delivered_twice_tell_people_once() {
    let desk = desk().await;
    desk.raise(&[sample::alert(1, 1), sample::alert(1, 1), sample::alert(2, 1)]).await;
    let before = (desk.inbox(1).await, desk.inbox(2).await, desk.outbox().await);
    assert_eq!((before.0.len(), before.1.len(), before.2.len()), (2, 2, 2));
    desk.engines.clock.advance(60);
    desk.deliver_again(Topic::Alerts).await;
    desk.deliver_again(Topic::Notifications).await;
    assert_eq!((desk.inbox(1).await, desk.inbox(2).await, desk.outbox().await), before);
}

#[tokio::test]
async fn a_notification_that_comes_again_as_another_event_sends_no_second_mail_and_stays_read() {
    let desk = desk().await;
    desk.raise(&[sample::alert(1, 1)]).await;
    let told = desk.inbox(1).await.remove(0);
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    tx.mark_read(sample::user_id(1), Some(told.id), sample::at(1)).await.unwrap();
    tx.commit().await.unwrap();
    // As a redrive by hand that gives the record a new event id.
    let mut again: Vec<NewRecord> =
        desk.engines.records(Topic::Notifications).await.into_iter().map(copied).collect();
    for (n, record) in again.iter_mut().enumerate() {
        let header = record.headers.iter_mut().find(|header| header.name == "ce_id").unwrap();
        header.value = id::named("redrive", &n.to_string()).to_string().into_bytes();
    }
    desk.engines.append(again).await;
    desk.settle().await;
    assert_eq!(desk.send().await, 0);
    assert_eq!(desk.outbox().await.len(), 1);
    let inbox = desk.inbox(1).await;
    assert_eq!((inbox.len(), inbox[0].read_at), (1, Some(sample::at(1))));
}

#[tokio::test]
async fn each_revision_is_told_of_and_a_draft_is_not() {
    let desk = desk().await;
    let draft = Alert { status: AlertStatus::Draft, ..sample::alert(2, 1) };
    desk.raise(&[sample::alert(1, 1), draft]).await;
    desk.engines.clock.advance(60);
    desk.raise(&[sample::alert(1, 2)]).await;
    let revisions: Vec<u64> = desk.inbox(1).await.iter().map(|told| told.revision).collect();
    assert_eq!((revisions, desk.outbox().await.len()), (vec![2, 1], 2));
}

#[tokio::test]
async fn an_exercise_is_marked_wherever_it_arrives() {
    let desk = desk().await;
    desk.raise(&[Alert { status: AlertStatus::Exercise, ..sample::alert(1, 1) }]).await;
    let told = desk.inbox(1).await.remove(0);
    assert!(told.exercise && told.subject.starts_with("EXERCISE: "), "{told:?}");
    let mail = desk.outbox().await.remove(0);
    assert!(
        mail.exercise && mail.subject.starts_with("EXERCISE: ") && mail.text.contains("THIS IS AN EXERCISE")
    );
    assert!(mail.html.unwrap().contains("This is an exercise."));
}

#[tokio::test]
async fn who_has_no_account_any_more_gets_nothing_and_the_notification_says_so() {
    let desk = desk().await;
    let stranger = sample::notification(9, 1);
    let meta = EventMeta {
        id: sample::event(1),
        kind: event_type::NOTIFICATION,
        source: "/test",
        time: stranger.created_at,
    };
    let value = serde_json::to_vec(&stranger).unwrap();
    desk.engines.append(vec![NewRecord::event(Topic::Notifications, vec![9], value, meta)]).await;
    desk.settle().await;
    let told = desk.inbox(9).await.remove(0);
    assert_eq!(outcome(&told), [(Channel::Inbox, DeliveryStatus::Suppressed, None)]);
    assert_eq!(told.deliveries[0].reason, "the account no longer exists");
    assert!(desk.outbox().await.is_empty());
}

#[tokio::test]
async fn an_alert_that_cannot_be_read_is_a_dead_letter_and_the_next_is_told() {
    let desk = desk().await;
    let broken = NewRecord { value: Some(b"{}".to_vec()), ..alert_record(&sample::alert(1, 1)) };
    desk.engines.append(vec![broken, alert_record(&sample::alert(1, 2))]).await;
    desk.settle().await;
    assert_eq!((desk.inbox(1).await.len(), desk.engines.records(Topic::Dlq).await.len()), (1, 1));
}

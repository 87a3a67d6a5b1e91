//! Recipients and dispatch on the real engines: everyone who asked is told, once, and nobody else.

use std::sync::Arc;

use crisislens_log::LogRecord;
use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{
    Alert, AlertStatus, Channel, DeliveryStatus, EventId, NewRecord, Notification, Preferences, Severity,
    Topic, id,
};
use crisislens_notify::{Dispatch, Recipients, Templates};
use crisislens_state::Durability;
use crisislens_state::notices::OutboxMessage;
use crisislens_testkit::{Engines, sample};

struct Flow {
    engines: Engines,
    recipients: Arc<Recipients>,
    dispatch: Arc<Dispatch>,
}

impl Flow {
    /// With people 1 to 4: inbox and e-mail; inbox; e-mail of the critical only; nothing.
    async fn open() -> Self {
        let engines = Engines::open().await;
        let (templates, clock) = (Arc::new(Templates::shipped().unwrap()), engines.clock.clone());
        let recipients = Arc::new(Recipients { templates: Arc::clone(&templates), clock: clock.clone() });
        let flow = Self { engines, recipients, dispatch: Arc::new(Dispatch { templates, clock }) };
        let mut tx = flow.engines.store.begin(Durability::Power).await.unwrap();
        for (n, inbox, email, min_severity) in [
            (1, true, true, Severity::Medium),
            (2, true, false, Severity::High),
            (3, false, true, Severity::Critical),
            (4, false, false, Severity::Low),
        ] {
            tx.add_account(&sample::account(n)).await.unwrap();
            tx.set_preferences(sample::user_id(n), &Preferences { inbox, email, min_severity })
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        flow
    }

    async fn raise(&self, alerts: &[Alert]) {
        self.engines.append(alerts.iter().map(alert_record).collect()).await;
        self.settle().await;
    }

    async fn settle(&self) {
        self.engines.apply(&self.recipients).await;
        self.engines.relay_all().await;
        self.engines.apply(&self.dispatch).await;
        self.engines.relay_all().await;
    }

    /// Appends a topic's records once more, as a relay does that died between append and removal.
    async fn deliver_again(&self, topic: Topic) {
        self.engines.append(self.engines.records(topic).await.into_iter().map(copied).collect()).await;
        self.settle().await;
    }

    async fn inbox(&self, person: u64) -> Vec<Notification> {
        self.engines.store.list_notifications(sample::user_id(person), false, 100, None).await.unwrap().items
    }

    async fn outbox(&self) -> Vec<OutboxMessage> {
        self.engines.store.list_outbox_messages(100, None).await.unwrap().items
    }
}

fn alert_record(alert: &Alert) -> NewRecord {
    let id = EventId(id::derived(alert.id.0, "alert", alert.revision));
    let meta = EventMeta { id, kind: event_type::ALERT_RAISED, source: "/test", time: alert.effective };
    let key = alert.incident_id.to_string().into_bytes();
    NewRecord::event(Topic::Alerts, key, serde_json::to_vec(alert).unwrap(), meta)
}

fn copied(one: LogRecord) -> NewRecord {
    let value = one.value.map(|value| value.to_vec());
    NewRecord { topic: one.topic, key: one.key.to_vec(), value, headers: one.headers }
}

fn outcome(notification: &Notification) -> Vec<(Channel, DeliveryStatus, Option<&str>)> {
    let deliveries = notification.deliveries.iter();
    deliveries.map(|one| (one.channel, one.status, one.provider.as_deref())).collect()
}

#[tokio::test]
async fn everyone_who_asked_is_told_on_the_channels_they_chose() {
    let flow = Flow::open().await;
    flow.raise(&[sample::alert(1, 1)]).await;
    let (anna, bert) = (flow.inbox(1).await, flow.inbox(2).await);
    assert_eq!((anna.len(), bert.len(), flow.inbox(3).await.len(), flow.inbox(4).await.len()), (1, 1, 0, 0));
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
    assert!(anna[0].deliveries.iter().all(|delivery| delivery.attempts.len() == 1));
    assert_eq!((anna[0].subject.as_str(), anna[0].read_at), ("[high] Number 1", None));

    let mails = flow.outbox().await;
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("person1@example.org", "[high] Number 1"));
    assert_eq!((mail.notification_id, mail.channel, mail.exercise), (anna[0].id, Channel::Email, false));
    assert_eq!(anna[0].deliveries[1].provider_id, Some(mail.id.to_string()));
    assert!(mail.text.contains("Hello Person 1,") && mail.html.as_ref().unwrap().contains("Number 1"));
}

#[tokio::test]
async fn a_critical_alert_reaches_who_asked_for_critical_ones() {
    let flow = Flow::open().await;
    flow.raise(&[Alert { severity: Severity::Critical, ..sample::alert(1, 1) }]).await;
    let mut to: Vec<String> = flow.outbox().await.into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["person1@example.org", "person3@example.org"]);
    assert_eq!(outcome(&flow.inbox(3).await[0])[0].1, DeliveryStatus::Suppressed);
    assert!(flow.inbox(4).await.is_empty());
}

#[tokio::test]
async fn records_that_are_delivered_twice_tell_people_once() {
    let flow = Flow::open().await;
    flow.raise(&[sample::alert(1, 1), sample::alert(1, 1), sample::alert(2, 1)]).await;
    let before = (flow.inbox(1).await, flow.inbox(2).await, flow.outbox().await);
    assert_eq!((before.0.len(), before.1.len(), before.2.len()), (2, 2, 2));
    flow.engines.clock.advance(60);
    flow.deliver_again(Topic::Alerts).await;
    flow.deliver_again(Topic::Notifications).await;
    assert_eq!((flow.inbox(1).await, flow.inbox(2).await, flow.outbox().await), before);
}

#[tokio::test]
async fn a_notification_that_comes_again_as_another_event_sends_no_second_mail_and_stays_read() {
    let flow = Flow::open().await;
    flow.raise(&[sample::alert(1, 1)]).await;
    let told = flow.inbox(1).await.remove(0);
    let mut tx = flow.engines.store.begin(Durability::Power).await.unwrap();
    tx.mark_read(sample::user_id(1), Some(told.id), sample::at(1)).await.unwrap();
    tx.commit().await.unwrap();
    // As a redrive by hand that gives the record a new event id.
    let mut again: Vec<NewRecord> =
        flow.engines.records(Topic::Notifications).await.into_iter().map(copied).collect();
    for (n, record) in again.iter_mut().enumerate() {
        let header = record.headers.iter_mut().find(|header| header.name == "ce_id").unwrap();
        header.value = id::named("redrive", &n.to_string()).to_string().into_bytes();
    }
    flow.engines.append(again).await;
    flow.settle().await;
    assert_eq!(flow.outbox().await.len(), 1);
    let inbox = flow.inbox(1).await;
    assert_eq!((inbox.len(), inbox[0].read_at), (1, Some(sample::at(1))));
}

#[tokio::test]
async fn each_revision_is_told_of_and_a_draft_is_not() {
    let flow = Flow::open().await;
    let draft = Alert { status: AlertStatus::Draft, ..sample::alert(2, 1) };
    flow.raise(&[sample::alert(1, 1), draft]).await;
    flow.engines.clock.advance(60);
    flow.raise(&[sample::alert(1, 2)]).await;
    let revisions: Vec<u64> = flow.inbox(1).await.iter().map(|told| told.revision).collect();
    assert_eq!((revisions, flow.outbox().await.len()), (vec![2, 1], 2));
}

#[tokio::test]
async fn an_exercise_is_marked_wherever_it_arrives() {
    let flow = Flow::open().await;
    flow.raise(&[Alert { status: AlertStatus::Exercise, ..sample::alert(1, 1) }]).await;
    let told = flow.inbox(1).await.remove(0);
    assert!(told.exercise && told.subject.starts_with("EXERCISE: "), "{told:?}");
    let mail = flow.outbox().await.remove(0);
    assert!(
        mail.exercise && mail.subject.starts_with("EXERCISE: ") && mail.text.contains("THIS IS AN EXERCISE")
    );
    assert!(mail.html.unwrap().contains("This is an exercise."));
}

#[tokio::test]
async fn who_has_no_account_any_more_gets_nothing_and_the_notification_says_so() {
    let flow = Flow::open().await;
    let stranger = sample::notification(9, 1);
    let meta = EventMeta {
        id: sample::event(1),
        kind: event_type::NOTIFICATION,
        source: "/test",
        time: stranger.created_at,
    };
    let value = serde_json::to_vec(&stranger).unwrap();
    flow.engines.append(vec![NewRecord::event(Topic::Notifications, vec![9], value, meta)]).await;
    flow.settle().await;
    let told = flow.inbox(9).await.remove(0);
    assert_eq!(outcome(&told), [(Channel::Inbox, DeliveryStatus::Suppressed, None)]);
    assert_eq!(told.deliveries[0].reason, "the account no longer exists");
    assert!(flow.outbox().await.is_empty());
}

#[tokio::test]
async fn an_alert_that_cannot_be_read_is_a_dead_letter_and_the_next_is_told() {
    let flow = Flow::open().await;
    let broken = NewRecord { value: Some(b"{}".to_vec()), ..alert_record(&sample::alert(1, 1)) };
    flow.engines.append(vec![broken, alert_record(&sample::alert(1, 2))]).await;
    flow.settle().await;
    assert_eq!((flow.inbox(1).await.len(), flow.engines.records(Topic::Dlq).await.len()), (1, 1));
}

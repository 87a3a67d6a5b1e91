//! What is put off, gathered, held back, put right or withdrawn, through the ledger.

use crisislens_model::{
    Alert, Channel, DeliveryStatus, HazardType, NotificationType, Preferences, Severity, Timestamp,
};
use crisislens_notify::holds::{SetUp, Silence};
use crisislens_state::Durability;
use crisislens_state::ledger::{Change, Row};
use crisislens_testkit::sample;
use serde_json::json;
use uuid::Uuid;

use crate::desk::Desk;

fn wishes(wishes: serde_json::Value) -> Preferences {
    serde_json::from_value(wishes).unwrap()
}

/// An alert that does not lapse while a test runs; the desk's clock is at noon of 2026-03-01.
fn alert(n: u64, revision: u64, severity: Severity) -> Alert {
    Alert { severity, expires: at("2026-05-01T00:00:00Z"), ..sample::alert(n, revision) }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Ada silences what fits, on the day of the desk's clock.
async fn silence(desk: &Desk, matches: serde_json::Value, reason: &str) {
    let silence = Silence {
        matches: serde_json::from_value(matches).unwrap(),
        reason: reason.to_owned(),
        author: "Ada".to_owned(),
        starts_at: at("2026-03-01T00:00:00Z"),
        ends_at: at("2026-03-02T00:00:00Z"),
    };
    desk.set_up(Silence::KIND, 1, Uuid::nil(), &serde_json::to_string(&silence).unwrap()).await;
}

fn statuses(desk: &[crisislens_model::Notification]) -> Vec<(u64, Channel, DeliveryStatus)> {
    desk.iter()
        .flat_map(|one| {
            one.deliveries.iter().map(|delivery| (one.revision, delivery.channel, delivery.status))
        })
        .collect()
}

#[tokio::test]
async fn a_digest_tells_together_what_has_gathered_once_the_worst_first() {
    let desk = Desk::open().await;
    let wants = json!({ "channels": { "alerts": ["inbox", "email"] }, "min_severity": "low",
        "digest": { "at": { "every": "day", "hour": 18 } } });
    desk.person(1, wishes(wants)).await;
    desk.raise(&[alert(1, 1, Severity::Low), alert(2, 1, Severity::Medium), alert(3, 1, Severity::High)])
        .await;
    let mails = desk.outbox().await;
    assert_eq!(mails.len(), 1, "the bad one goes at once");
    assert!(mails[0].subject.contains("Number 3"));
    desk.engines.clock.advance(6 * 3600 - 1);
    assert_eq!(desk.send().await, 0, "it is not yet six");
    desk.engines.clock.advance(1);
    assert_eq!(desk.send().await, 1, "one message for both");
    let mails = desk.outbox().await;
    assert_eq!((mails.len(), mails[0].subject.as_str()), (2, "2 alerts, the worst medium"));
    let (two, one) = (mails[0].text.find("Number 2").unwrap(), mails[0].text.find("Number 1").unwrap());
    assert!(two < one, "{}", mails[0].text);
    let inbox = desk.inbox(1).await;
    assert!(inbox.iter().all(|told| told.deliveries[1].status == DeliveryStatus::Sent), "{inbox:?}");
    // What comes a moment later waits for tomorrow.
    desk.raise(&[alert(4, 1, Severity::Low)]).await;
    assert_eq!(desk.inbox(1).await[0].deliveries[1].due_at, None, "the digest has the time");
    desk.engines.clock.advance(24 * 3600);
    assert_eq!(desk.send().await, 1);
    assert_eq!(desk.outbox().await[0].subject, "1 alert, the worst low");
}

#[tokio::test]
async fn quiet_hours_put_off_and_what_comes_meanwhile_takes_the_place() {
    let desk = Desk::open().await;
    let wants = json!({ "channels": { "alerts": ["inbox", "email"] },
        "quiet_hours": [{ "start": "11:00", "end": "14:00" }] });
    desk.person(1, wishes(wants)).await;
    desk.raise(&[alert(1, 1, Severity::High)]).await;
    desk.engines.clock.advance(60);
    desk.raise(&[alert(1, 2, Severity::High)]).await;
    assert!(desk.outbox().await.is_empty());
    let told = statuses(&desk.inbox(1).await);
    assert_eq!(
        told,
        [
            (2, Channel::Inbox, DeliveryStatus::Sent),
            (2, Channel::Email, DeliveryStatus::Deferred),
            (1, Channel::Inbox, DeliveryStatus::Sent),
            (1, Channel::Email, DeliveryStatus::Canceled),
        ]
    );
    assert_eq!(desk.inbox(1).await[1].deliveries[1].reason, "revision 2 took its place before it left");
    desk.engines.clock.advance(2 * 3600);
    assert_eq!(desk.send().await, 1);
    assert!(desk.outbox().await[0].subject.contains("(update 1)"));
}

#[tokio::test]
async fn quiet_hours_that_were_set_since_hold_back_what_failed_before_them_not_at_all() {
    let desk = Desk::open().await;
    let user = desk.person(1, wishes(json!({ "channels": { "alerts": ["email"] } }))).await;
    desk.decide(&[alert(1, 1, Severity::High)]).await;
    let quiet = wishes(json!({ "channels": { "alerts": ["email"] },
        "quiet_hours": [{ "start": "11:00", "end": "14:00" }] }));
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    tx.set_preferences(user.id, &quiet).await.unwrap();
    tx.commit().await.unwrap();
    desk.send().await;
    assert!(desk.outbox().await.is_empty(), "what people want now counts when it is sent");
    desk.engines.clock.advance(2 * 3600 + 60);
    assert_eq!(desk.send().await, 1);
}

#[tokio::test]
async fn of_what_quiet_hours_put_off_no_more_leaves_in_an_hour_than_the_most() {
    let desk = Desk::open().await;
    let wants = json!({ "channels": { "alerts": ["email"] }, "max_per_hour": 3, "quiet_except": "high",
        "quiet_hours": [{ "start": "11:00", "end": "20:00" }] });
    for person in 1..=2 {
        desk.person(person, wishes(wants.clone())).await;
    }
    let mails = async |person: u64| {
        let to = sample::account(person).user.email;
        desk.outbox().await.into_iter().filter(|mail| mail.to == to).count()
    };
    // Never more than the most within an hour.
    for n in 1..=10 {
        desk.raise(&[alert(n, 1, Severity::Medium)]).await;
        desk.engines.clock.advance(30 * 60);
    }
    desk.engines.clock.advance(150 * 60);
    desk.raise(&[alert(11, 1, Severity::High)]).await;
    assert_eq!(mails(1).await, 1, "what quiet hours do not hold");
    desk.engines.clock.advance(31 * 60);
    desk.send().await;
    assert_eq!((mails(1).await, mails(2).await), (4, 4), "three, whatever broke through before");
    let inbox = desk.inbox(1).await;
    let waiting: Vec<&crisislens_model::Delivery> = inbox
        .iter()
        .flat_map(|one| &one.deliveries)
        .filter(|one| one.status == DeliveryStatus::Deferred)
        .collect();
    assert_eq!(waiting.len(), 7);
    assert!(
        waiting.iter().any(|one| one.reason
            == "3 messages by email within an hour, and the most is 3: waits until 2026-03-01 20:21 UTC"),
        "{waiting:?}"
    );
    for sent in 5..=11 {
        desk.engines.clock.advance(19 * 60);
        desk.send().await;
        assert_eq!(mails(1).await, sent - 1, "its share of the hour has not come");
        desk.engines.clock.advance(60);
        desk.send().await;
        assert_eq!(mails(1).await, sent);
    }
    assert!(desk.inbox(1).await.iter().flat_map(|one| &one.deliveries).all(|one| !one.status.is_open()));
}

#[tokio::test]
async fn a_correction_that_quiet_hours_put_off_and_who_has_no_most_wait_no_longer() {
    let desk = Desk::open().await;
    let quiet = json!([{ "start": "12:30", "end": "14:00" }]);
    let wants = |most: u64| {
        wishes(json!({ "channels": { "alerts": ["email"] }, "max_per_hour": most, "quiet_hours": quiet }))
    };
    desk.person(1, wants(3)).await;
    desk.person(2, wants(0)).await;
    desk.raise(&[alert(1, 1, Severity::Medium)]).await;
    desk.engines.clock.advance(65 * 60);
    let cancel = Alert { kind: "cancel".to_owned(), ..alert(1, 2, Severity::Medium) };
    desk.raise(&[cancel]).await;
    for n in 2..=5 {
        desk.raise(&[alert(n, 1, Severity::Medium)]).await;
    }
    assert_eq!(desk.outbox().await.len(), 2, "the first alert");
    desk.engines.clock.advance(56 * 60);
    desk.send().await;
    let to = |mails: &[crisislens_state::notices::OutboxMessage], person: u64| {
        let to = sample::account(person).user.email;
        mails.iter().filter(|mail| mail.to == to).map(|mail| mail.subject.clone()).collect::<Vec<_>>()
    };
    let mails = desk.outbox().await;
    let first = to(&mails, 1);
    assert!(first.iter().any(|subject| subject.starts_with("Withdrawn: ")), "{first:?}");
    // The first alert, what withdraws it, and two or three others: what withdraws it counts if it goes before them.
    assert!((4..=5).contains(&first.len()), "{first:?}");
    assert_eq!(to(&mails, 2).len(), 6);
}

#[tokio::test]
async fn a_cancel_reaches_those_who_had_the_original_on_the_channels_it_went_by() {
    let desk = Desk::open().await;
    desk.person(1, Preferences::of_alerts(true, true, Severity::Low)).await;
    desk.person(2, Preferences::of_alerts(true, false, Severity::Low)).await;
    desk.person(3, Preferences::of_alerts(true, true, Severity::Critical)).await;
    let waits =
        json!({ "channels": { "alerts": ["email"] }, "quiet_hours": [{ "start": "11:00", "end": "14:00" }] });
    desk.person(4, wishes(waits)).await;
    desk.raise(&[alert(1, 1, Severity::High)]).await;
    // Whoever comes now has had nothing, and one who had it wants nothing any more.
    desk.person(5, Preferences::of_alerts(true, true, Severity::Low)).await;
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    tx.set_preferences(sample::user_id(1), &Preferences::of_alerts(false, false, Severity::Critical))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    desk.engines.clock.advance(60);
    let cancel = Alert { kind: "cancel".to_owned(), ..alert(1, 2, Severity::Low) };
    desk.raise(std::slice::from_ref(&cancel)).await;
    let told = |inbox: Vec<crisislens_model::Notification>| {
        inbox.iter().filter(|one| one.kind == NotificationType::Correction).count()
    };
    let mut corrected = Vec::new();
    for person in 1..=5 {
        corrected.push(told(desk.inbox(person).await));
    }
    assert_eq!(corrected, [1, 1, 0, 0, 0]);
    let mails: Vec<(String, String)> =
        desk.outbox().await.into_iter().map(|mail| (mail.to, mail.subject)).collect();
    assert_eq!(
        mails,
        [
            ("person1@example.org".to_owned(), "Withdrawn: [low] Number 1".to_owned()),
            ("person1@example.org".to_owned(), "[high] Number 1".to_owned()),
        ]
    );
    assert_eq!(desk.inbox(4).await[0].deliveries.last().unwrap().status, DeliveryStatus::Canceled);
    desk.engines.clock.advance(24 * 3600);
    assert_eq!(desk.send().await, 0, "what was withdrawn before it left never leaves");
    let why = desk.engines.store.passed_over(cancel.id, 2, sample::user_id(5)).await.unwrap();
    assert_eq!(why.as_deref(), Some("the alert never went to them"));
}

#[tokio::test]
async fn a_silence_holds_an_alert_from_everybody_and_the_reason_is_kept() {
    let desk = Desk::open().await;
    desk.person(1, Preferences::of_alerts(true, true, Severity::Low)).await;
    silence(&desk, json!({ "hazard": ["flood"] }), "pumps are being tested").await;
    let flood = Alert { hazard: HazardType::Flood, ..alert(1, 1, Severity::Critical) };
    let quake = Alert { hazard: HazardType::Earthquake, ..alert(2, 1, Severity::High) };
    desk.raise(&[flood.clone(), quake]).await;
    assert_eq!((desk.inbox(1).await.len(), desk.outbox().await.len()), (1, 1));
    let held = desk.engines.store.fanouts(flood.id).await.unwrap().remove(0);
    assert_eq!(
        held.held.as_deref(),
        Some("silenced by Ada until 2026-03-02 00:00 UTC: pumps are being tested")
    );
    assert!(held.done_at.is_some());
    desk.engines.clock.advance(24 * 3600);
    desk.raise(&[Alert { revision: 2, ..flood }]).await;
    assert_eq!(desk.inbox(1).await.len(), 2, "the silence is over");
}

#[tokio::test]
async fn more_people_than_a_page_are_each_told_once_and_who_is_not_has_a_reason() {
    let desk = Desk::open().await;
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    for n in 0..1_203 {
        let mut account = sample::account(n);
        let least = if n % 3 == 0 { Severity::Critical } else { Severity::Low };
        account.user.preferences = Preferences::of_alerts(true, n % 2 == 0, least);
        tx.add_account(&account).await.unwrap();
    }
    tx.commit().await.unwrap();
    let alert = alert(1, 1, Severity::High);
    desk.raise(std::slice::from_ref(&alert)).await;
    let fanout = desk.engines.store.fanouts(alert.id).await.unwrap().remove(0);
    assert_eq!((fanout.considered, fanout.told), (1_203, 802));
    for n in [0, 3, 1_200] {
        let why = desk.engines.store.passed_over(alert.id, 1, sample::user_id(n)).await.unwrap();
        assert_eq!(why.as_deref(), Some("asks for nothing below critical"));
        assert!(desk.inbox(n).await.is_empty());
    }
    assert_eq!(desk.engines.store.passed_over(alert.id, 1, sample::user_id(1)).await.unwrap(), None);
    assert_eq!(desk.engines.store.list_outbox_messages(None, 1, None).await.unwrap().total, 401);
    assert_eq!(desk.engines.store.open_deliveries().await.unwrap(), 0);
}

#[tokio::test]
async fn what_a_worker_was_quicker_to_take_is_withdrawn_after_it() {
    let desk = Desk::open().await;
    let wants = json!({ "channels": { "alerts": ["email"] }, "min_severity": "low",
        "digest": { "at": { "every": "day", "hour": 18 } } });
    desk.person(1, wishes(wants)).await;
    desk.raise(&[alert(1, 1, Severity::Low)]).await;
    desk.engines.clock.advance(6 * 3600);
    // A worker has the digest in hand, and with it what waited for it.
    let now = crisislens_model::Clock::now(&*desk.engines.clock);
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    let mut changes = Vec::new();
    for due in tx.take_due(now, &[(Channel::Email, 9, 0)]).await.unwrap() {
        let expected = due.row.token;
        let lease = now + jiff::SignedDuration::from_secs(30);
        let row = Row { token: 1, status: DeliveryStatus::Sending, due_at: Some(lease), ..due.row };
        changes.push(Change { row, expected });
    }
    assert_eq!(tx.write_deliveries(&changes).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
    desk.decide(&[Alert { kind: "cancel".to_owned(), ..alert(1, 2, Severity::Low) }]).await;
    let told = desk.inbox(1).await;
    assert_eq!((told[0].kind, told[0].revision), (NotificationType::Correction, 2), "{told:?}");
}

#[tokio::test]
async fn what_puts_a_held_alert_right_is_told_to_nobody_new_and_calls_nobody() {
    let desk = Desk::open().await;
    desk.person(1, Preferences::of_alerts(true, true, Severity::Low)).await;
    silence(&desk, json!({}), "a test of the pumps").await;
    desk.raise(&[alert(1, 1, Severity::High)]).await;
    desk.raise(&[Alert { kind: "correction".to_owned(), ..alert(1, 2, Severity::High) }]).await;
    assert!(desk.inbox(1).await.is_empty() && desk.outbox().await.is_empty());
    let why =
        desk.engines.store.passed_over(alert(1, 2, Severity::High).id, 2, sample::user_id(1)).await.unwrap();
    assert!(why.unwrap().starts_with("silenced by Ada"));
}

//! An alert on its way along a chain, by a clock that the tests set.

use crisislens_model::{
    Alert, Channel, Clock as _, Contact, DeliveryStatus, NotificationType, Preferences, Role, Severity,
    Target, Timestamp,
};
use crisislens_notify::escalation::Chain;
use crisislens_notify::holds::SetUp;
use crisislens_notify::on_call::{Schedule, Team};
use crisislens_state::Durability;
use crisislens_state::escalations::{Escalation, EscalationState};
use crisislens_state::ledger::{Acknowledgement, Suppression};
use crisislens_testkit::sample;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk::Desk;

const CHAIN: u128 = 1;

/// An alert that does not lapse while a test runs; the desk's clock is at noon of 2026-03-01.
fn alert() -> Alert {
    Alert { expires: at("2026-05-01T00:00:00Z"), severity: Severity::High, ..sample::alert(1, 1) }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn user(n: u64) -> String {
    sample::user_id(n).to_string()
}

/// A desk with so many people, who have asked for nothing.
async fn desk(people: u64) -> Desk {
    let desk = Desk::open().await;
    for n in 1..=people {
        desk.person(n, Preferences::of_alerts(false, false, Severity::Critical)).await;
    }
    desk
}

async fn set_up<T: SetUp>(desk: &Desk, id: u128, thing: Value) {
    let thing: T = serde_json::from_value(thing).unwrap();
    assert_eq!(thing.problems(), []);
    desk.set_up(T::KIND, id, Uuid::nil(), &serde_json::to_string(&thing).unwrap()).await;
}

async fn chain(desk: &Desk, steps: Value, repeat: u64) {
    set_up::<Chain>(desk, CHAIN, json!({ "name": "night", "steps": steps, "repeat": repeat })).await;
}

async fn admin(desk: &Desk, n: u64) {
    role(desk, n, Role::Admin).await;
}

async fn role(desk: &Desk, n: u64, role: Role) {
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    tx.set_role(sample::user_id(n), role, sample::at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn acknowledge(desk: &Desk, n: u64, seconds: Option<u64>) {
    let now = desk.engines.clock.now();
    let expires_at = seconds.map(|seconds| now.checked_add(std::time::Duration::from_secs(seconds)).unwrap());
    let acknowledgement = Acknowledgement {
        alert: alert().id,
        user: sample::user_id(n),
        via: "app".to_owned(),
        at: now,
        expires_at,
    };
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    tx.acknowledge(&acknowledgement).await.unwrap();
    tx.commit().await.unwrap();
}

async fn stands(desk: &Desk) -> Escalation {
    desk.engines.store.escalations(alert().id).await.unwrap().remove(0)
}

/// How many messages of escalations each of these people has in the inbox.
async fn told<const N: usize>(desk: &Desk, people: [u64; N]) -> [usize; N] {
    let mut counts = [0; N];
    for (count, person) in counts.iter_mut().zip(people) {
        let inbox = desk.inbox(person).await;
        *count = inbox.iter().filter(|one| one.kind == NotificationType::Escalation).count();
    }
    counts
}

#[tokio::test]
async fn steps_come_in_their_order_at_their_times_whatever_people_have_switched_off() {
    let desk = desk(3).await;
    let quiet = json!({ "channels": {}, "min_severity": "critical", "max_per_hour": 1,
        "quiet_hours": [{ "start": "00:00", "end": "23:59" }] });
    desk.person(4, serde_json::from_value(quiet).unwrap()).await;
    desk.contact(4, Target::Phone { number: "+34600000004".to_owned() }).await;
    set_up::<Team>(&desk, 9, json!({ "name": "both", "members": [user(3), user(4)] })).await;
    let steps = json!([
        { "users": [user(1)], "channels": ["email"] },
        { "wait_s": 300, "users": [user(2)] },
        { "wait_s": 600, "teams": [Uuid::from_u128(9)], "channels": ["sms", "email"] },
    ]);
    chain(&desk, steps, 0).await;
    desk.raise(&[alert()]).await;
    assert_eq!(desk.escalate().await, 1, "the first comes at once");
    assert_eq!(told(&desk, [1, 2, 3, 4]).await, [1, 0, 0, 0]);
    desk.engines.clock.advance(299);
    assert_eq!(desk.escalate().await, 0);
    desk.engines.clock.advance(1);
    assert_eq!(desk.escalate().await, 1);
    assert_eq!(told(&desk, [1, 2, 3, 4]).await, [1, 1, 0, 0]);
    desk.engines.clock.advance(600);
    assert_eq!(desk.escalate().await, 1);
    assert_eq!(told(&desk, [1, 2, 3, 4]).await, [1, 1, 1, 1]);
    let outbox = desk.outbox().await;
    let to: Vec<(Channel, &str)> = outbox.iter().rev().map(|one| (one.channel, one.to.as_str())).collect();
    assert_eq!(to[..2], [(Channel::Email, "person1@example.org"), (Channel::Email, "person2@example.org")]);
    assert_eq!(to.len(), 5, "{to:?}");
    assert!(to.contains(&(Channel::Sms, "+34600000004")), "quiet hours hold nothing of it back");
    let short = outbox.iter().find(|one| one.channel == Channel::Sms).unwrap();
    assert!(short.text.ends_with("Reply ACK"), "{}", short.text);
    let mail = outbox.iter().find(|one| one.to == "person1@example.org").unwrap();
    assert_eq!(mail.subject, "Please acknowledge: [high] Number 1");
    assert!(mail.text.contains("I see to it: https://desk.example.org/api/notifications/acknowledge/"));
    assert!(!mail.text.contains("Stop these"), "{}", mail.text);
}

#[tokio::test]
async fn an_acknowledgement_stops_it_and_one_that_ends_lets_it_go_on_where_it_was() {
    let desk = desk(3).await;
    let steps = json!([{ "users": [user(1)] }, { "wait_s": 300, "users": [user(2)] }, { "wait_s": 300, "users": [user(3)] }]);
    chain(&desk, steps, 0).await;
    desk.raise(&[alert()]).await;
    desk.escalate().await;
    desk.engines.clock.advance(100);
    acknowledge(&desk, 1, Some(1000)).await;
    assert_eq!(stands(&desk).await.state, EscalationState::Acknowledged, "everybody sees it at once");
    desk.engines.clock.advance(999);
    assert_eq!(desk.escalate().await, 0);
    desk.engines.clock.advance(1);
    assert_eq!(desk.escalate().await, 1);
    assert_eq!(told(&desk, [1, 2, 3]).await, [1, 1, 0]);
    assert_eq!(stands(&desk).await.state, EscalationState::Running);
    acknowledge(&desk, 2, None).await;
    desk.engines.clock.advance(24 * 3600);
    assert_eq!(desk.escalate().await, 0);
    assert_eq!(told(&desk, [1, 2, 3]).await, [1, 1, 0]);
    let stands = stands(&desk).await;
    assert_eq!((stands.state, stands.next_at), (EscalationState::Acknowledged, None));
}

#[tokio::test]
async fn what_was_acknowledged_before_its_chain_began_calls_nobody() {
    let desk = desk(1).await;
    role(&desk, 1, Role::Analyst).await;
    chain(&desk, json!([{ "wait_s": 10, "users": [user(1)] }]), 0).await;
    acknowledge(&desk, 1, None).await;
    desk.raise(&[alert()]).await;
    desk.engines.clock.advance(10);
    assert_eq!(desk.escalate().await, 1);
    assert_eq!((told(&desk, [1]).await, stands(&desk).await.state), ([0], EscalationState::Acknowledged));
}

#[tokio::test]
async fn who_reads_along_and_was_not_called_stops_nothing() {
    let desk = desk(3).await;
    let steps = json!([{ "users": [user(1)] }, { "wait_s": 300, "users": [user(2)] }]);
    chain(&desk, steps, 0).await;
    desk.raise(&[alert()]).await;
    desk.escalate().await;
    acknowledge(&desk, 3, None).await;
    assert_eq!(stands(&desk).await.state, EscalationState::Running, "nobody has called the third");
    desk.engines.clock.advance(300);
    assert_eq!((desk.escalate().await, told(&desk, [1, 2]).await), (1, [1, 1]));
    acknowledge(&desk, 2, None).await;
    assert_eq!(stands(&desk).await.state, EscalationState::Acknowledged);
}

#[tokio::test]
async fn the_button_stands_where_it_ends_calls_and_nowhere_else() {
    let desk = Desk::open().await;
    for n in 1..=3 {
        desk.person(n, Preferences::of_alerts(true, n < 3, Severity::Low)).await;
    }
    role(&desk, 2, Role::Analyst).await;
    chain(&desk, json!([{ "users": [user(3)], "channels": ["email"] }]), 0).await;
    let html = "<p>{% if acknowledge %}<a href='{{ acknowledge }}'>mine</a>{% endif %}</p>";
    let own = json!({ "name": "alert", "locale": "en", "html": html });
    for (n, own) in [(7, None), (8, Some(own))] {
        if let Some(own) = &own {
            crate::own_templates::keep(&desk, 5, &own.to_string()).await;
            desk.engines.clock.advance(60);
        }
        desk.raise(&[Alert { id: sample::alert(n, 1).id, ..alert() }]).await;
        desk.escalate().await;
        let outbox = desk.outbox().await;
        assert_eq!(outbox.len(), if own.is_some() { 6 } else { 3 });
        let link = "https://desk.example.org/api/notifications/acknowledge/";
        for (person, has_it) in [(1, false), (2, true), (3, true)] {
            let to = format!("person{person}@example.org");
            let mail = outbox.iter().find(|mail| mail.to == to).unwrap();
            let html = mail.html.as_ref().unwrap().replace("&#x2f;", "/");
            assert_eq!((mail.text.contains(link), html.contains(link)), (has_it, has_it), "{person}: {html}");
            assert_eq!(html.starts_with("<p>"), own.is_some() && person < 3, "{html}");
        }
    }
}

#[tokio::test]
async fn it_begins_again_as_often_as_it_was_told_to_and_then_ends_loudly() {
    let desk = desk(3).await;
    admin(&desk, 3).await;
    chain(&desk, json!([{ "users": [user(1)] }, { "wait_s": 120, "users": [user(2)] }]), 2).await;
    desk.raise(&[alert()]).await;
    for _ in 0..3 {
        desk.escalate().await;
        desk.engines.clock.advance(120);
        desk.escalate().await;
        desk.engines.clock.advance(60);
    }
    assert_eq!(desk.escalate().await, 0, "those of the last step have their time, too");
    assert_eq!(told(&desk, [1, 2, 3]).await, [3, 3, 0]);
    desk.engines.clock.advance(60);
    assert_eq!(desk.escalate().await, 1);
    assert_eq!(told(&desk, [1, 2, 3]).await, [3, 3, 1]);
    let over = stands(&desk).await;
    assert_eq!((over.state, over.next_at), (EscalationState::Ended, None));
    assert_eq!(desk.outbox().await[0].to, "person3@example.org");
    assert_eq!(desk.outbox().await[0].subject, "Nobody has acknowledged: [high] Number 1");
    desk.engines.clock.advance(24 * 3600);
    assert_eq!(desk.escalate().await, 0);
    desk.raise(&[Alert { revision: 2, ..alert() }]).await;
    assert_eq!(desk.escalate().await, 0, "once for an alert and a chain");
}

#[tokio::test]
async fn whoever_is_on_call_at_the_time_is_called() {
    let desk = desk(2).await;
    let schedule = json!({ "name": "desk", "zone": "UTC", "members": [user(1), user(2)],
        "handover": { "every": "day", "hour": 13 }, "starts_on": "2026-02-28" });
    set_up::<Schedule>(&desk, 5, schedule).await;
    let step = json!({ "wait_s": 3000, "schedules": [Uuid::from_u128(5)] });
    chain(&desk, json!([step, step]), 0).await;
    desk.raise(&[alert()]).await;
    desk.engines.clock.advance(3000);
    desk.escalate().await;
    assert_eq!(told(&desk, [1, 2]).await, [1, 0], "ten to one");
    desk.engines.clock.advance(3000);
    desk.escalate().await;
    assert_eq!(told(&desk, [1, 2]).await, [1, 1], "the other has taken over at one");
}

#[tokio::test]
async fn where_nobody_can_be_reached_the_next_step_comes_at_once() {
    let desk = desk(3).await;
    admin(&desk, 3).await;
    desk.contact(2, Target::Phone { number: "+34600000002".to_owned() }).await;
    let stopped = Suppression {
        channel: Channel::Sms,
        address: "+34600000002".to_owned(),
        why: "STOP".to_owned(),
        at: sample::at(0),
    };
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    tx.suppress(&stopped).await.unwrap();
    tx.commit().await.unwrap();
    let steps = json!([
        { "teams": [Uuid::from_u128(99)] },
        { "wait_s": 900, "users": [user(1)], "channels": ["sms"] },
        { "wait_s": 900, "users": [user(2)], "channels": ["sms"] },
        { "wait_s": 900, "users": [user(1)], "channels": ["email"] },
        { "wait_s": 900, "users": [user(2)], "channels": ["push"] },
    ]);
    chain(&desk, steps, 0).await;
    desk.raise(&[alert()]).await;
    assert_eq!(desk.escalate().await, 1);
    assert_eq!(told(&desk, [1, 2, 3]).await, [2, 1, 0], "the inbox has it all the same");
    assert_eq!(desk.outbox().await.len(), 1);
    let suppressed = &desk.inbox(2).await[0].deliveries[1];
    assert_eq!(suppressed.status, DeliveryStatus::Suppressed);
    desk.engines.clock.advance(900);
    assert_eq!(desk.escalate().await, 1);
    assert_eq!(stands(&desk).await.state, EscalationState::Ended, "behind the last there is nobody left");
    assert_eq!(told(&desk, [3]).await, [1]);
}

#[tokio::test]
async fn what_is_withdrawn_or_does_not_fit_calls_nobody() {
    let desk = desk(1).await;
    let fits =
        json!({ "name": "fires", "match": { "hazard": ["wildfire"] }, "steps": [{ "users": [user(1)] }] });
    set_up::<Chain>(&desk, 2, fits).await;
    chain(&desk, json!([{ "wait_s": 600, "users": [user(1)] }]), 5).await;
    desk.raise(&[alert()]).await;
    assert_eq!(desk.engines.store.escalations(alert().id).await.unwrap().len(), 1);
    desk.raise(&[Alert { kind: "cancel".to_owned(), revision: 2, ..alert() }]).await;
    assert_eq!(stands(&desk).await.state, EscalationState::Cancelled);
    desk.engines.clock.advance(3600);
    assert_eq!((desk.escalate().await, told(&desk, [1]).await), (0, [0]));
}

#[tokio::test]
async fn what_dies_between_two_steps_repeats_nothing_and_leaves_nothing_out() {
    let desk = desk(2).await;
    chain(&desk, json!([{ "users": [user(1)] }, { "wait_s": 60, "users": [user(2)] }]), 0).await;
    desk.raise(&[alert()]).await;
    // One takes it and dies: nothing of it has happened.
    let now = desk.engines.clock.now();
    let mut tx = desk.engines.store.begin(Durability::Process).await.unwrap();
    let mut taken = tx.take_escalation(now).await.unwrap().unwrap();
    taken.step = 1;
    taken.version += 1;
    assert!(tx.put_escalation(&taken).await.unwrap());
    drop(tx);
    assert_eq!(desk.escalate().await, 1);
    assert_eq!(desk.escalate().await, 0);
    desk.deliver_again(crisislens_model::Topic::Alerts).await;
    desk.deliver_again(crisislens_model::Topic::Notifications).await;
    assert_eq!((desk.escalate().await, told(&desk, [1, 2]).await), (0, [1, 0]));
    desk.engines.clock.advance(60);
    assert_eq!(desk.escalate().await, 1);
    assert_eq!((told(&desk, [1, 2]).await, desk.outbox().await.len()), ([1, 1], 2));
}

#[tokio::test]
async fn an_exercise_escalates_and_reaches_nobody_outside() {
    let desk = desk(1).await;
    desk.contact(1, Target::Phone { number: "+34600000001".to_owned() }).await;
    chain(&desk, json!([{ "users": [user(1)] }]), 0).await;
    let drill = Alert { status: crisislens_model::AlertStatus::Exercise, ..alert() };
    desk.raise(&[drill]).await;
    desk.escalate().await;
    let outbox = desk.outbox().await;
    assert_eq!(outbox.len(), 2);
    assert!(outbox.iter().all(|one| one.exercise), "{outbox:?}");
    assert!(outbox.iter().any(|one| one.text.starts_with("EXERCISE: ")), "{outbox:?}");
    let id = Contact::id_at(sample::user_id(1), Channel::Sms, "+34600000001");
    assert_eq!(desk.engines.store.contacts(sample::user_id(1)).await.unwrap()[0].id, id);
}

#[tokio::test]
async fn a_step_calls_five_hundred_people_at_most_and_those_it_names_first() {
    let desk = desk(1).await;
    let mut tx = desk.engines.store.begin(Durability::Process).await.unwrap();
    for n in 2..=502 {
        let mut account = sample::account(n);
        account.user.role = Role::Analyst;
        account.user.preferences = Preferences::of_alerts(false, false, Severity::Critical);
        tx.add_account(&account).await.unwrap();
    }
    tx.commit().await.unwrap();
    chain(&desk, json!([{ "users": [user(1)], "roles": ["analyst"], "channels": ["inbox"] }]), 0).await;
    desk.decide(&[alert()]).await;
    desk.escalate().await;
    let mut called = 0;
    for n in 1..=502 {
        called += usize::from(!desk.inbox(n).await.is_empty());
    }
    assert_eq!((called, desk.inbox(1).await.len()), (500, 1));
}

//! Why somebody was, or was not, told of an item or of a comment.

use crisislens_model::{
    Activity, ActivityKind, Channel, Clock as _, EventId, IncidentId, Item, ItemStatus, NoticeKind,
    Preferences, Resource, RiskLevel, Severity, Timestamp, id,
};
use crisislens_notify::why::{self, Answer};
use crisislens_notify::{Rules, Templates, mention};
use crisislens_state::Durability;
use crisislens_testkit::sample;
use serde_json::json;

use crate::desk::Desk;

/// Past the time that items are gathered for.
const GATHERED: i64 = 3;

fn wants(kind: NoticeKind, channels: &[Channel]) -> Preferences {
    let mut preferences = Preferences { min_severity: Severity::Medium, ..Preferences::default() };
    preferences.channels.insert(kind, channels.to_vec());
    preferences
}

fn item(desk: &Desk, n: u64) -> Item {
    let now = desk.engines.clock.now();
    Item {
        timestamp: now,
        ingested_at: now,
        title: Some(format!("Item {n}")),
        risk_level: RiskLevel::High,
        severity: Severity::High,
        duplicate_of: None,
        incident_id: None,
        exercise: false,
        status: ItemStatus::New,
        ..sample::item(n)
    }
}

async fn asked(desk: &Desk, item: &Item, person: u64) -> Option<Answer> {
    let store = &*desk.engines.store;
    why::of_item(store, Rules::default(), item, sample::user_id(person), desk.engines.clock.now())
        .await
        .unwrap()
}

async fn untold(desk: &Desk, item: &Item, person: u64) -> String {
    let Answer { told, reasons } = asked(desk, item, person).await.unwrap();
    assert!(!told && reasons.len() == 1, "{reasons:?}");
    reasons[0].clone()
}

#[tokio::test]
async fn of_an_item_the_ledger_says_how_it_was_told_and_for_others_it_is_decided_as_things_are_now() {
    let desk = Desk::open().await;
    desk.engines.clock.advance(3600);
    desk.person(1, wants(NoticeKind::HighRisk, &[Channel::Inbox, Channel::Email])).await;
    desk.person(2, Preferences::default()).await;
    desk.person(3, wants(NoticeKind::NewItems, &[Channel::Inbox])).await;
    let strict =
        Preferences { min_severity: Severity::Critical, ..wants(NoticeKind::HighRisk, &[Channel::Inbox]) };
    desk.person(4, strict).await;
    let one = item(&desk, 1);
    desk.bring(std::slice::from_ref(&one), true, GATHERED).await;
    let told = asked(&desk, &one, 1).await.unwrap();
    assert_eq!(
        (told.told, told.reasons.first().map(String::as_str)),
        (true, Some("inbox: sent (asked for items of high risk of medium and above by inbox)"))
    );
    assert!(told.reasons[1].starts_with("email: sent (asked for "), "{told:?}");
    assert_eq!(untold(&desk, &one, 2).await, "as preferences are now: asks for no items");
    assert_eq!(untold(&desk, &one, 3).await, "as preferences are now: no subscription asks for items");
    assert_eq!(untold(&desk, &one, 4).await, "as preferences are now: asks for nothing below critical");
    assert_eq!(asked(&desk, &one, 9).await, None, "nobody");
    let calm = Item { risk_level: RiskLevel::Low, ..item(&desk, 2) };
    assert_eq!(
        untold(&desk, &calm, 1).await,
        "as preferences are now: asks for no new items, and its risk is not high"
    );
    // Who changes their mind does not get it, and is not told that they did.
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    let later = wants(NoticeKind::HighRisk, &[Channel::Inbox]);
    tx.set_preferences(sample::user_id(2), &later).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        untold(&desk, &one, 2).await,
        "as preferences are now: they would be told; they were not when it came"
    );
    // A dismissed one was told before.
    let dismissed = Item { status: ItemStatus::Dismissed, ..one };
    assert!(asked(&desk, &dismissed, 1).await.unwrap().told);
    assert_eq!(untold(&desk, &dismissed, 4).await, "it was dismissed");
}

#[tokio::test]
async fn of_an_item_that_is_no_news_or_is_held_the_reason_says_so() {
    let desk = Desk::open().await;
    desk.engines.clock.advance(3600);
    desk.person(1, wants(NoticeKind::HighRisk, &[Channel::Inbox])).await;
    let one = item(&desk, 1);
    let copy = Item { duplicate_of: Some(one.id), ..item(&desk, 2) };
    assert_eq!(untold(&desk, &copy, 1).await, "it repeats another item");
    let day = jiff::SignedDuration::from_hours(25);
    let old = Item { timestamp: one.timestamp - day, ..item(&desk, 3) };
    assert_eq!(untold(&desk, &old, 1).await, "it was said more than a day before it came: that is no news");
    let before: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let earlier = Item { timestamp: before, ingested_at: before, ..item(&desk, 4) };
    assert_eq!(untold(&desk, &earlier, 1).await, "there was no such account when it came");
    let silence = json!({ "match": { "keyword": ["Item 5"] }, "reason": "known", "author": "Ada",
        "starts_at": "1970-01-01T00:00:00Z", "ends_at": "2999-01-01T00:00:00Z" });
    desk.set_up("silence", 7, uuid::Uuid::nil(), &silence.to_string()).await;
    let held = item(&desk, 5);
    desk.bring(std::slice::from_ref(&held), true, GATHERED).await;
    assert_eq!(
        untold(&desk, &held, 1).await,
        "as silences are now: silenced by Ada until 2999-01-01 00:00 UTC: known"
    );
    // Two of an incident: one is told, whichever is first.
    let incident = Some(IncidentId(id::named("incident", "flood")));
    let two = [6, 7].map(|n| Item { incident_id: incident, ..item(&desk, n) });
    desk.bring(&two, true, 0).await;
    assert_eq!(untold(&desk, &two[1], 1).await, "who is told of the last items is still being decided");
    desk.bring(&[], true, GATHERED).await;
    let answers = [asked(&desk, &two[0], 1).await.unwrap(), asked(&desk, &two[1], 1).await.unwrap()];
    let untold: Vec<&str> =
        answers.iter().filter(|one| !one.told).flat_map(|one| &one.reasons).map(String::as_str).collect();
    assert_eq!(untold, ["was told of another item of its incident that is as bad"]);
}

#[tokio::test]
async fn of_a_mention_the_ledger_says_how_it_was_told_and_for_others_it_is_decided_as_things_are_now() {
    let desk = Desk::open().await;
    let ada = desk.person(1, Preferences::default()).await;
    desk.person(2, Preferences::default()).await;
    let off = Preferences { channels: std::collections::BTreeMap::new(), ..Preferences::default() };
    desk.person(3, off).await;
    let one = item(&desk, 1);
    let comment = Activity {
        id: EventId::random(),
        kind: ActivityKind::Commented,
        user: ada.id,
        name: ada.name.clone(),
        resource: Resource::Item(one.id),
        data: json!({}),
        at: desk.engines.clock.now(),
    };
    let people = [1, 2, 3].map(sample::user_id);
    let said =
        mention::Said { activity: &comment, title: "Item 1", text: "look", people: &people, exercise: false };
    let (templates, now) = (Templates::shipped().unwrap(), desk.engines.clock.now());
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    mention::tell(&mut *tx, &templates, Rules::default(), &said, now).await.unwrap();
    tx.commit().await.unwrap();
    let asked = async |person: u64| {
        let (store, user) = (&*desk.engines.store, sample::user_id(person));
        why::of_mention(store, Rules::default(), &comment, false, user, now).await.unwrap()
    };
    let told = asked(2).await.unwrap();
    assert!(told.told && told.reasons[0].starts_with("inbox: sent (asked for "), "{told:?}");
    assert_eq!(asked(1).await, Some(Answer::untold("nobody is told what they said themselves")));
    let why = asked(3).await.unwrap();
    assert!(!why.told && why.reasons[0].starts_with("as preferences are now: has switched off "), "{why:?}");
    assert_eq!(asked(9).await, None);
}

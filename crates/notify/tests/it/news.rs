//! Items, to those who ask for them: new ones by subscription, those of high risk; of an incident once in a while.

use crisislens_model::topic::event_type;
use crisislens_model::{
    About, Channel, DeliveryStatus, IncidentId, Item, ItemId, NoticeKind, Notification, NotificationType,
    Preferences, RiskLevel, Severity, Topic, UserId, id,
};
use crisislens_state::Durability;
use crisislens_state::ledger::DeskObject;
use crisislens_testkit::sample;
use serde_json::json;
use uuid::Uuid;

use crate::desk::Desk;

/// Past the time that items are gathered for.
const GATHERED: i64 = 3;

fn wants(high: &[Channel], new: &[Channel]) -> Preferences {
    let mut preferences = Preferences { min_severity: Severity::Low, ..Preferences::default() };
    preferences.channels.insert(NoticeKind::HighRisk, high.to_vec());
    preferences.channels.insert(NoticeKind::NewItems, new.to_vec());
    preferences
}

fn item(desk: &Desk, n: u64, level: RiskLevel) -> Item {
    Item {
        timestamp: crisislens_model::Clock::now(&*desk.engines.clock),
        title: Some(format!("Item {n}")),
        text: format!("Something happened, {n}"),
        risk_level: level,
        severity: Severity::High,
        duplicate_of: None,
        incident_id: None,
        exercise: false,
        ..sample::item(n)
    }
}

async fn subscribe(desk: &Desk, person: u64, matches: serde_json::Value) {
    let document = json!({ "name": "mine", "match": matches }).to_string();
    desk.set_up("subscription", person.into(), sample::user_id(person).0, &document).await;
}

/// Keeps items as the pipeline does, in an incident.
async fn join(desk: &Desk, items: &[ItemId], incident: IncidentId) {
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    let joins: Vec<_> = items.iter().map(|item| (*item, incident)).collect();
    tx.join_incident(&joins).await.unwrap();
    tx.commit().await.unwrap();
}

async fn keep(desk: &Desk, items: &[Item]) {
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    let rows = items.iter().cloned().map(sample::row_of).collect();
    tx.put_items(rows).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn each_is_told_what_they_asked_for_and_nobody_else_anything() {
    let desk = Desk::open().await;
    desk.person(1, Preferences::default()).await;
    desk.person(2, wants(&[Channel::Inbox], &[])).await;
    desk.person(3, wants(&[], &[Channel::Inbox, Channel::Email])).await;
    subscribe(&desk, 3, json!({ "keyword": ["ITEM 2"] })).await;
    desk.person(4, wants(&[], &[Channel::Inbox])).await;
    desk.person(5, wants(&[Channel::Email], &[Channel::Inbox])).await;
    subscribe(&desk, 5, json!({})).await;
    let (calm, other, high) =
        (item(&desk, 1, RiskLevel::Low), item(&desk, 2, RiskLevel::Medium), item(&desk, 3, RiskLevel::High));
    desk.bring(&[calm.clone(), other.clone(), high.clone()], true, GATHERED).await;

    assert!(desk.inbox(1).await.is_empty(), "who has not asked for items");
    let told = desk.inbox(2).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].kind, NotificationType::HighRisk);
    assert_eq!(told[0].about, About { item_id: Some(high.id), ..About::default() });
    assert_eq!((told[0].subject.as_str(), told[0].revision), ("New: Item 3", 0));
    assert!(told[0].body.contains("Something happened, 3"), "{}", told[0].body);
    let told = desk.inbox(3).await;
    assert_eq!(told.iter().map(|one| one.about.item_id).collect::<Vec<_>>(), [Some(other.id)]);
    assert_eq!(told[0].kind, NotificationType::NewItem);
    assert!(desk.inbox(4).await.is_empty(), "new ones go by subscription alone");
    let is_in_inbox = |one: &Notification| {
        one.deliveries.iter().any(|on| on.channel == Channel::Inbox && on.status == DeliveryStatus::Sent)
    };
    let mut subjects: Vec<(String, bool)> =
        desk.inbox(5).await.into_iter().map(|one| (one.subject.clone(), is_in_inbox(&one))).collect();
    subjects.sort();
    let told = |n: u64, is_in_inbox: bool| (format!("New: Item {n}"), is_in_inbox);
    assert_eq!(subjects, [told(1, true), told(2, true), told(3, false)], "that of high risk by mail alone");
    let mut mails: Vec<(String, String)> =
        desk.outbox().await.into_iter().map(|mail| (mail.to, mail.subject)).collect();
    mails.sort();
    let mail = |person: u64, subject: &str| (sample::account(person).user.email, subject.to_owned());
    assert_eq!(mails, [mail(3, "New: Item 2"), mail(5, "New: Item 3")]);
    let html = desk.outbox().await[0].html.clone().unwrap();
    assert!(
        html.contains(&format!("items?id={}", high.id)) || html.contains(&format!("items?id={}", other.id)),
        "{html}"
    );
}

#[tokio::test]
async fn an_incident_s_items_are_told_once_in_a_while_and_what_is_worse_at_once() {
    let desk = Desk::open().await;
    desk.person(1, wants(&[Channel::Inbox], &[])).await;
    let incident = IncidentId(id::named("incident", "flood"));
    let some: Vec<Item> = (1..=3).map(|n| item(&desk, n, RiskLevel::High)).collect();
    keep(&desk, &some).await;
    join(&desk, &some.iter().map(|item| item.id).collect::<Vec<_>>(), incident).await;
    desk.bring(&some, true, GATHERED).await;
    let told = desk.inbox(1).await;
    assert_eq!(told.len(), 1, "three items, one incident");
    assert_eq!(told[0].about.incident_id, Some(incident), "found while they were gathered");

    let more = Item { incident_id: Some(incident), ..item(&desk, 4, RiskLevel::High) };
    desk.bring(std::slice::from_ref(&more), true, GATHERED).await;
    assert_eq!(desk.inbox(1).await.len(), 1, "told a moment ago");
    let of = |n: u64| Item { incident_id: Some(incident), ..item(&desk, n, RiskLevel::High) };
    desk.bring(&[Item { severity: Severity::Critical, ..of(5) }], true, GATHERED).await;
    assert_eq!(desk.inbox(1).await.len(), 2, "worse");
    desk.engines.clock.advance(16 * 60);
    desk.bring(&[of(6)], true, GATHERED).await;
    assert_eq!(desk.inbox(1).await.len(), 3, "a quarter of an hour later");
}

#[tokio::test]
async fn copies_old_ones_and_calm_changes_are_no_news_and_twice_is_once() {
    let desk = Desk::open().await;
    desk.person(1, wants(&[Channel::Inbox], &[Channel::Inbox])).await;
    subscribe(&desk, 1, json!({})).await;
    let fresh = item(&desk, 1, RiskLevel::High);
    let day = jiff::SignedDuration::from_hours(25);
    let old = Item { timestamp: fresh.timestamp - day, ..item(&desk, 2, RiskLevel::High) };
    let copy = Item { duplicate_of: Some(fresh.id), ..item(&desk, 3, RiskLevel::High) };
    desk.bring(&[old, copy], true, GATHERED).await;
    desk.bring(&[item(&desk, 4, RiskLevel::Low)], false, GATHERED).await;
    assert!(desk.inbox(1).await.is_empty());
    desk.bring(std::slice::from_ref(&fresh), false, GATHERED).await;
    assert_eq!(desk.inbox(1).await.len(), 1, "one that changed is of high risk");
    desk.engines.clock.advance(3600);
    desk.bring(std::slice::from_ref(&fresh), false, GATHERED).await;
    assert_eq!(desk.inbox(1).await.len(), 1, "the same item again");
    assert_eq!(desk.engines.records(Topic::Notifications).await.len(), 1, "and on the log once");
}

#[tokio::test]
async fn a_silence_holds_items_too_and_an_exercise_says_that_it_is_one() {
    let desk = Desk::open().await;
    desk.person(1, wants(&[Channel::Inbox, Channel::Email], &[])).await;
    let silence = json!({ "match": { "keyword": ["Item 1"] }, "reason": "known", "author": "Ada",
        "starts_at": "1970-01-01T00:00:00Z", "ends_at": "2999-01-01T00:00:00Z" });
    desk.set_up("silence", 7, uuid::Uuid::nil(), &silence.to_string()).await;
    let earnest = item(&desk, 2, RiskLevel::High);
    let id = ItemId::in_exercise(&earnest.source, &earnest.source_id);
    let drill = Item { id, exercise: true, ..earnest };
    desk.bring(&[item(&desk, 1, RiskLevel::High), drill], true, GATHERED).await;
    let told = desk.inbox(1).await;
    assert_eq!(told.iter().map(|one| one.subject.as_str()).collect::<Vec<_>>(), ["EXERCISE: New: Item 2"]);
    assert!(told[0].exercise && desk.outbox().await[0].exercise);
}

#[tokio::test]
async fn more_people_than_a_page_are_told_and_nothing_is_noted_where_nobody_asks() {
    let desk = Desk::open().await;
    desk.bring(&[item(&desk, 1, RiskLevel::High)], true, 0).await;
    assert_eq!(desk.engines.store.next_bulletin_at().await.unwrap(), None);
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    for n in 0..230 {
        let mut account = sample::account(n);
        account.user.preferences = wants(&[Channel::Inbox], &[]);
        tx.add_account(&account).await.unwrap();
    }
    tx.commit().await.unwrap();
    desk.bring(&[item(&desk, 2, RiskLevel::High)], true, 0).await;
    assert!(desk.engines.store.next_bulletin_at().await.unwrap().is_some(), "still gathering");
    desk.bring(&[], true, GATHERED).await;
    assert_eq!(desk.engines.store.next_bulletin_at().await.unwrap(), None);
    let told: std::collections::HashSet<UserId> = desk
        .engines
        .records(Topic::Notifications)
        .await
        .iter()
        .map(|record| {
            let one: crisislens_model::Notification =
                serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
            one.recipient
        })
        .collect();
    assert_eq!(told.len(), 230);
}

#[tokio::test]
async fn what_somebody_had_leaves_room_for_another_item_of_its_incident() {
    let desk = Desk::open().await;
    desk.person(1, wants(&[Channel::Inbox], &[])).await;
    let incident = IncidentId(id::named("incident", "flood"));
    let of = |n: u64| Item { incident_id: Some(incident), ..item(&desk, n, RiskLevel::High) };
    desk.bring(&[of(1)], true, GATHERED).await;
    desk.engines.clock.advance(3600);
    // Both changed; the first they had an hour ago.
    desk.bring(&[of(1), of(2)], false, GATHERED).await;
    let told: Vec<_> = desk.inbox(1).await.into_iter().map(|one| one.about.item_id).collect();
    assert_eq!(told, [Some(of(2).id), Some(of(1).id)]);
}

#[tokio::test]
async fn a_new_item_that_becomes_one_of_high_risk_is_told_as_that_too_and_a_dismissed_one_is_not() {
    let desk = Desk::open().await;
    desk.person(1, wants(&[Channel::Email], &[Channel::Inbox])).await;
    subscribe(&desk, 1, json!({})).await;
    let calm = item(&desk, 1, RiskLevel::Medium);
    desk.bring(std::slice::from_ref(&calm), true, GATHERED).await;
    desk.engines.clock.advance(3600);
    let risky = Item { risk_level: RiskLevel::High, ..calm.clone() };
    desk.bring(std::slice::from_ref(&risky), false, GATHERED).await;
    let kinds: Vec<_> = desk.inbox(1).await.into_iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [NotificationType::HighRisk, NotificationType::NewItem]);
    assert_eq!(desk.outbox().await.len(), 1);
    let other = item(&desk, 2, RiskLevel::High);
    let dismissed = Item { status: crisislens_model::ItemStatus::Dismissed, ..other };
    desk.bring(&[dismissed], false, GATHERED).await;
    assert_eq!(desk.inbox(1).await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_read_is_no_news_and_no_second_dead_letter() {
    let desk = Desk::open().await;
    desk.person(1, wants(&[Channel::Inbox], &[])).await;
    let mut wrong = item(&desk, 1, RiskLevel::High);
    wrong.location.as_mut().unwrap().lat = 95.0;
    let mut record = crate::desk::item_record(&item(&desk, 2, RiskLevel::High), event_type::ITEM_CREATED);
    record.value = Some(b"{".to_vec());
    desk.engines.append(vec![record]).await;
    desk.bring(&[wrong, item(&desk, 3, RiskLevel::High)], true, GATHERED).await;
    assert_eq!(desk.inbox(1).await.len(), 1);
    assert!(desk.engines.records(Topic::Dlq).await.is_empty());
}

#[tokio::test]
async fn a_saved_search_is_asked_as_it_is_now_and_beside_everything_else() {
    let desk = Desk::open().await;
    let (search, owner) = (Uuid::from_u128(50), sample::user_id(1).0);
    let searched = |q: &str, version: u64| DeskObject {
        id: search,
        owner,
        version,
        changed_at: sample::at(0),
        document: json!({ "name": "cuts", "q": q }).to_string(),
    };
    let put = async |object: &DeskObject| {
        let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
        tx.put_desk_object("saved_search", object).await.unwrap();
        tx.commit().await.unwrap();
    };
    for person in [1, 2] {
        desk.person(person, wants(&[], &[Channel::Inbox])).await;
        let document = json!({ "name": "no light", "match": {}, "search": search }).to_string();
        desk.set_up("subscription", person.into(), sample::user_id(person).0, &document).await;
    }
    // Of high risk is told whatever a search finds: it takes nothing away.
    desk.person(3, wants(&[Channel::Inbox], &[])).await;
    let document = json!({ "name": "no light", "match": {}, "search": search }).to_string();
    desk.set_up("subscription", 3, sample::user_id(3).0, &document).await;

    put(&searched("\"power cut\" tag:north", 1)).await;
    let said = |n: u64, text: &str| Item {
        text: text.to_owned(),
        tags: vec!["North".to_owned()],
        ..item(&desk, n, RiskLevel::Low)
    };
    let first = [said(1, "power cut here"), said(2, "they cut the power"), item(&desk, 3, RiskLevel::High)];
    keep(&desk, &first).await;
    desk.bring(&first, true, GATHERED).await;
    let told = async |person: u64| -> Vec<ItemId> {
        let mut told: Vec<_> = desk.inbox(person).await.iter().filter_map(|one| one.about.item_id).collect();
        told.sort_unstable();
        told
    };
    assert_eq!((told(1).await, told(2).await), (vec![first[0].id], vec![first[0].id]));
    assert_eq!(told(3).await, [first[2].id]);

    put(&searched("\"cut the power\"", 2)).await;
    let second = [said(4, "power cut here"), said(5, "they cut the power")];
    keep(&desk, &second).await;
    desk.bring(&second, true, GATHERED).await;
    let mut both = vec![first[0].id, second[1].id];
    both.sort_unstable();
    assert_eq!(told(1).await, both, "the version before is not asked again");

    // One that is gone finds nothing; one that cannot be read harms nobody else's.
    put(&searched("near:1,2", 3)).await;
    let third = [said(6, "they cut the power"), item(&desk, 7, RiskLevel::High)];
    keep(&desk, &third).await;
    desk.bring(&third, true, GATHERED).await;
    assert_eq!(told(1).await, both);
    assert_eq!(told(3).await.len(), 2);
}

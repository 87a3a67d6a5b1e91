//! Nothing is lost and nothing is done twice, however often the process is killed.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::log_view::{ends, records, settled};
use crate::support::{Answer, Person, Server, eventually, eventually_within, recordings, text};

const KILLS: usize = 20;
/// An exercise takes 20 s at this speed where the machine has nothing else to do.
const LONG: Duration = Duration::from_secs(300);
const SPEED: &str = "60";

async fn exercise() -> (Server, Person) {
    let folder = recordings();
    let mut server =
        Server::prepare(&["--exercise", folder.to_str().unwrap(), "--speed", SPEED, "--set", EVERY_REVISION]);
    server.cli(&[
        "users",
        "add",
        "admin@example.org",
        "--role",
        "admin",
        "--email-alerts",
        "--min-severity",
        "low",
    ]);
    server.restart().await;
    let admin = server.login("admin@example.org").await;
    wants_all(&server, &admin).await;
    (server, admin)
}

/// What is told of an alert again is mailed again, however soon.
pub const EVERY_REVISION: &str = "notify.repeat_after_s=0";

/// However many they are, mails go out at once.
pub async fn wants_all(server: &Server, person: &Person) {
    let wanted =
        json!({ "channels": { "alerts": ["inbox", "email"] }, "min_severity": "low", "max_per_hour": 0 });
    let request = server.request(Method::PUT, &person.token, "/api/notifications/preferences").json(&wanted);
    Answer::of(request).await.expect(StatusCode::OK);
}

/// What must never go down.
async fn counts(server: &Server, admin: &Person) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for list in ["/api/items", "/api/notifications", "/api/outbox", "/api/alerts", "/api/incidents"] {
        counts.insert(list, server.total(&admin.token, &format!("{list}?limit=1")).await);
    }
    counts
}

/// Waits until everything has been said and worked through.
pub async fn played(server: &Server, admin: &Person) {
    eventually_within(LONG, "the exercise is over", async || {
        let sources = server.get(&admin.token, "/api/sources").await.expect(StatusCode::OK);
        let whole =
            sources["items"].as_array().unwrap().iter().find(|source| source["name"] == "exercise")?;
        (whole["published"] == whole["entries"]).then_some(())
    })
    .await;
    settled(server, &admin.token).await;
}

fn unique(things: &[Value], name: &str, what: &str) -> BTreeSet<String> {
    let ids: BTreeSet<String> = things.iter().map(|thing| text(&thing[name])).collect();
    assert_eq!(ids.len(), things.len(), "{what}: a {name} stands twice");
    ids
}

/// The log and the store tell the same story; answers the ids of its items.
pub async fn check(server: &Server, admin: &Person) -> BTreeSet<String> {
    let token = &admin.token;
    let items = server.all(token, "/api/items").await;
    let ids = unique(&items, "id", "items");
    assert_eq!(server.total(token, "/api/items?limit=1").await, ids.len() as u64);

    let raw: BTreeSet<String> =
        records(server, token, "raw-items").await.iter().map(|record| text(&record["value"]["id"])).collect();
    assert_eq!(raw, ids, "each raw item is an item");
    let events = records(server, token, "normalized-items").await;
    let created: BTreeSet<String> = events
        .iter()
        .filter(|record| record["headers"]["ce_type"] == "crisislens.item.created")
        .map(|record| text(&record["key"]))
        .collect();
    assert_eq!(created, ids, "each item was announced");
    assert_eq!(ends(server, token).await["dlq"], 0);

    let incidents = server.all(token, "/api/incidents").await;
    unique(&incidents, "id", "incidents");
    let mut members: BTreeMap<String, u64> = BTreeMap::new();
    for incident in items.iter().filter_map(|item| item["incident_id"].as_str()) {
        *members.entry(incident.to_owned()).or_default() += 1;
    }
    assert_eq!(members.len(), incidents.len(), "each incident has items, and each item's incident is there");
    for (place, incident) in incidents.iter().enumerate() {
        let id = text(&incident["id"]);
        assert_eq!(incident["item_count"], members[&id], "{incident}");
        // The list by incident counts as the incident does; each of them takes a while, so not all are asked.
        if place % 10 == 0 {
            let count = server.total(token, &format!("/api/items?limit=1&incident={id}")).await;
            assert_eq!(incident["item_count"], count, "{incident}");
        }
    }

    let alerts = server.all(token, "/api/alerts").await;
    unique(&alerts, "id", "alerts");
    unique(&alerts, "incident_id", "alerts");
    let notifications = server.all(token, "/api/notifications").await;
    let notified = unique(&notifications, "id", "notifications");
    let revisions: u64 = alerts.iter().map(|alert| alert["revision"].as_u64().unwrap()).sum();
    assert_eq!(notifications.len() as u64, revisions, "each revision of each alert was told once");
    check_mails(server, token, &notified).await;
    let found = eventually("the search is level", async || {
        let total = server.total(token, "/api/items?limit=1&q=risk:%3E=0").await;
        (total == ids.len() as u64).then_some(total)
    });
    found.await;
    println!(
        "{} items, {} incidents, {} alerts, {} notifications",
        ids.len(),
        incidents.len(),
        alerts.len(),
        notified.len()
    );
    ids
}

/// Each notification was mailed once, but for those whose place a later revision took before they left.
async fn check_mails(server: &Server, token: &str, notified: &BTreeSet<String>) {
    // What a node that was killed had in hand is sent when its lease has ended.
    eventually_within(LONG, "every message has left", async || {
        let providers = server.get(token, "/api/notifications/providers").await.expect(StatusCode::OK);
        (providers["open_deliveries"] == 0).then_some(())
    })
    .await;
    let mails = server.all(token, "/api/outbox").await;
    unique(&mails, "id", "outbox");
    let mailed = unique(&mails, "notification_id", "outbox");
    assert!(mailed.is_subset(notified), "what nobody was told of is not mailed");
    let notifications = server.all(token, "/api/notifications").await;
    for one in notifications.iter().filter(|one| !mailed.contains(&text(&one["id"]))) {
        assert_eq!(one["deliveries"][1]["status"], "canceled", "{one}");
        let is_later = |other: &&Value| {
            other["alert_id"] == one["alert_id"] && other["revision"].as_u64() > one["revision"].as_u64()
        };
        let later = notifications.iter().filter(is_later).any(|other| mailed.contains(&text(&other["id"])));
        assert!(later, "nothing took the place of {one}");
    }
}

/// Begins the exercise and kills the server again and again. Answers how many items there were at each kill.
async fn killed(random: &mut StdRng) -> (Server, Person, Vec<u64>) {
    let (mut server, admin) = exercise().await;
    let mut items_at_kill = Vec::new();
    for kill in 1..=KILLS {
        // Every second one waits until something has happened since the last: on a busy machine a start may take longer than
        // what is waited by the clock.
        let last = items_at_kill.last().copied().unwrap_or(0);
        let patience = Instant::now() + Duration::from_secs(if kill % 2 == 0 { 10 } else { 0 });
        while Instant::now() < patience && counts(&server, &admin).await["/api/items"] <= last {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The moment of the kill is the experiment, so this one waits by the clock.
        tokio::time::sleep(Duration::from_millis(random.random_range(200..1500))).await;
        let before = counts(&server, &admin).await;
        items_at_kill.push(before["/api/items"]);
        server.kill9();
        server.restart().await;
        let after = counts(&server, &admin).await;
        for (list, count) in &before {
            assert!(after[list] >= *count, "kill {kill}: {list} went from {count} to {}", after[list]);
        }
    }
    println!("items at each kill: {items_at_kill:?}");
    (server, admin, items_at_kill)
}

/// Lets the exercise come to its end, and starts once more without it: everything stays in its place.
async fn finished(mut server: Server, admin: Person) -> BTreeSet<String> {
    played(&server, &admin).await;
    let ids = check(&server, &admin).await;
    server.set_arguments(&[]);
    let before = counts(&server, &admin).await;
    server.kill9();
    server.restart().await;
    settled(&server, &admin.token).await;
    assert_eq!(counts(&server, &admin).await, before);
    ids
}

/// The same exercise, which nobody disturbs.
async fn undisturbed() -> BTreeSet<String> {
    let (server, admin) = exercise().await;
    played(&server, &admin).await;
    check(&server, &admin).await
}

#[tokio::test]
async fn twenty_kills_in_the_middle_of_an_exercise_lose_nothing_and_double_nothing() {
    let began = Instant::now();
    let seed =
        std::env::var("KILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("KILL_SEED={seed}");
    let (server, admin, items_at_kill) = killed(&mut StdRng::seed_from_u64(seed)).await;
    println!("killed {KILLS} times after {:?}", began.elapsed());
    let (with_kills, without) = tokio::join!(finished(server, admin), undisturbed());
    assert_eq!(with_kills, without, "the same items with and without kills");
    let all = with_kills.len() as u64;
    let in_the_middle = items_at_kill.iter().filter(|items| (1..all).contains(items)).count();
    assert!(in_the_middle >= KILLS / 2, "only {in_the_middle} kills fell into the exercise");
    println!("done after {:?}", began.elapsed());
}

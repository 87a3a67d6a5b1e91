//! Dead letters over HTTP: replayed, edited, parked, discarded, by filter, and by whom.

use std::time::{Duration, Instant};

use crisislens_model::ItemId;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::letters::{letter_of, offset, publish, rubbish};
use crate::support::{Server, note, text};

async fn start() -> (Server, String) {
    let server = Server::start().await;
    let admin = server.person("ada@example.org", "admin").await.token;
    (server, admin)
}

/// What the audit log says of a subject, newest first.
async fn audited(server: &Server, admin: &str, subject: &str) -> Vec<Value> {
    let all = server.all(admin, "/api/audit").await;
    all.into_iter().filter(|entry| entry["subject"] == subject).collect()
}

/// How many decisions about dead letters the audit log has.
async fn decisions(server: &Server, admin: &str) -> usize {
    let all = server.all(admin, "/api/audit").await;
    all.iter().filter(|entry| text(&entry["action"]).starts_with("dlq.")).count()
}

#[tokio::test]
async fn a_letter_that_is_mended_and_replayed_takes_effect_once() {
    let (server, admin) = start().await;
    let me = text(&server.get(&admin, "/api/auth/me").await.body["id"]);
    let event = publish(&server, &admin, "raw-items", "k", Some(b"{\"text\": 1}")).await;
    let letter = letter_of(&server, &admin, &event, 1).await;
    let path = format!("/api/dlq/{}", offset(&letter));

    // What the ingest API makes of a note is what a raw item looks like on the log.
    let id = server.ingest(&admin, &note(1)).await.remove(0);
    server.item(&admin, &id).await;
    let raw = crate::log_view::records(&server, &admin, "raw-items").await;
    let raw = raw.iter().find(|record| record["value"]["id"] == id.as_str()).unwrap();
    let mut mended = raw["value"].clone();
    mended["text"] = json!("the road to the bridge is closed");

    let answer = server.post(&admin, &format!("{path}/replay"), &json!({"value": mended})).await;
    let replayed = answer.expect(StatusCode::OK);
    assert_eq!((&replayed["status"], &replayed["decided_by"]), (&json!("replayed"), &json!(me)));
    crate::log_view::settled(&server, &admin).await;
    assert_eq!(server.item(&admin, &id).await["text"], "the road to the bridge is closed");
    assert_eq!(server.item(&admin, &id).await["revision"], 2);

    let again = server.post(&admin, &format!("{path}/replay"), &json!({"value": mended})).await.problem(409);
    assert!(text(&again["detail"]).contains("replayed already"), "{again}");
    server.post(&admin, &format!("{path}/discard"), &json!({"reason": "late"})).await.problem(409);
    assert_eq!(server.get(&admin, &path).await.body["decided_by_name"], "ada");
    let entries = audited(&server, &admin, &format!("dlq/{}", offset(&letter))).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0]["actor_name"], "ada");
    assert_eq!((&entries[0]["action"], &entries[0]["actor"]), (&json!("dlq.replay"), &json!(me)));
    assert_eq!(
        (&entries[0]["detail"]["edited"], &entries[0]["detail"]["event_id"]),
        (&json!(true), &json!(event))
    );
}

#[tokio::test]
async fn letters_that_are_replayed_while_the_server_is_killed_take_effect_once_each() {
    const LETTERS: u32 = 24;
    let (mut server, admin) = start().await;
    let template = server.ingest(&admin, &note(0)).await.remove(0);
    server.item(&admin, &template).await;
    let raw = crate::log_view::records(&server, &admin, "raw-items").await.remove(0);
    let events = rubbish(&server, &admin, "raw-items", LETTERS as usize).await;
    let mut mended = Vec::new();
    for (number, event) in (1..).zip(&events) {
        let mut value = raw["value"].clone();
        let (source, source_id) = ("notes", format!("mended {number}"));
        value["id"] = json!(ItemId::of(source, &source_id));
        (value["source"], value["source_id"]) = (json!(source), json!(source_id));
        mended.push((offset(&letter_of(&server, &admin, event, 1).await), value));
    }
    for round in 0..4 {
        // Each round begins anew, as somebody would who does not know how far it came.
        for (offset, value) in mended.iter().take((round + 1) * LETTERS as usize / 4) {
            let path = format!("/api/dlq/{offset}/replay");
            let answer = server.post(&admin, &path, &json!({"value": value})).await;
            assert!(matches!(answer.status.as_u16(), 200 | 409), "{}", answer.body);
        }
        // What was decided last is still on its way.
        server.kill9();
        server.restart().await;
    }
    server.until_total(&admin, "/api/items", u64::from(LETTERS) + 1).await;
    crate::log_view::settled(&server, &admin).await;
    let items = server.all(&admin, "/api/items").await;
    assert_eq!(items.len(), LETTERS as usize + 1);
    assert!(items.iter().all(|item| item["revision"] == 1), "none was applied twice");
    assert_eq!(decisions(&server, &admin).await, LETTERS as usize, "and none decided about twice");
}

#[tokio::test]
async fn a_letter_that_dies_after_three_replays_is_parked_until_somebody_insists() {
    let (server, admin) = start().await;
    let event = publish(&server, &admin, "raw-items", "k", Some(b"never")).await;
    for replays in 1..=3 {
        let letter = letter_of(&server, &admin, &event, replays).await;
        assert_eq!((&letter["redrive_count"], &letter["status"]), (&json!(replays - 1), &json!("waiting")));
        let path = format!("/api/dlq/{}/replay", offset(&letter));
        server.post(&admin, &path, &json!({})).await.expect(StatusCode::OK);
    }
    let parked = letter_of(&server, &admin, &event, 4).await;
    assert_eq!((&parked["redrive_count"], &parked["status"]), (&json!(3), &json!("parked")));
    let path = format!("/api/dlq/{}/replay", offset(&parked));
    let refused = server.post(&admin, &path, &json!({})).await.problem(409);
    assert!(text(&refused["detail"]).contains("parked_too"), "{refused}");
    let all = server.post(&admin, "/api/dlq/replay", &json!({"filter": {}})).await.expect(StatusCode::OK);
    assert_eq!(all["outcomes"], json!([]), "a bulk replay leaves it");
    server.post(&admin, &path, &json!({"parked_too": true})).await.expect(StatusCode::OK);
    let again = letter_of(&server, &admin, &event, 5).await;
    assert_eq!((&again["redrive_count"], &again["status"]), (&json!(4), &json!("parked")));
}

#[tokio::test]
async fn many_letters_are_chosen_by_filter_tried_dry_and_sent_no_faster_than_asked() {
    let (server, admin) = start().await;
    let raw = rubbish(&server, &admin, "raw-items", 20).await;
    let alerts = rubbish(&server, &admin, "alerts", 3).await;
    let bulk = async |what: &str, body: Value| {
        server.post(&admin, &format!("/api/dlq/{what}"), &body).await.expect(StatusCode::OK)
    };
    let waiting = async || server.total(&admin, "/api/dlq?status=waiting").await;

    let dry = bulk("replay", json!({"filter": {}, "dry_run": true})).await;
    assert_eq!((&dry["counts"], &dry["remaining"]), (&json!({"due": 23}), &json!(0)));
    let offsets: Vec<u64> = dry["outcomes"].as_array().unwrap().iter().map(offset).collect();
    assert!(offsets.is_sorted(), "oldest first, so that a key keeps its order: {offsets:?}");
    assert_eq!(waiting().await, 23, "a dry run changes nothing");

    let begun = Instant::now();
    let sent = bulk("replay", json!({"filter": {"topic": "raw-items"}, "rate_per_s": 10, "limit": 15})).await;
    assert!(begun.elapsed() >= Duration::from_millis(1500), "15 at 10 a second took {:?}", begun.elapsed());
    assert_eq!((&sent["counts"], &sent["remaining"]), (&json!({"replayed": 15}), &json!(5)));
    let rest = json!({"filter": {"topic": "raw-items", "until": sent["until"]}, "after": sent["next"]});
    assert_eq!(bulk("replay", rest).await["counts"], json!({"replayed": 5}), "and not those that died again");
    for event in &raw {
        assert_eq!(letter_of(&server, &admin, event, 2).await["redrive_count"], 1);
    }

    let one = json!({"filter": {"event_id": alerts[0]}, "reason": "a trial"});
    assert_eq!(bulk("discard", one.clone()).await["counts"], json!({"discarded": 1}));
    assert_eq!(bulk("discard", one).await["counts"], json!({}), "once");
    let by_consumer = json!({"filter": {"consumer": "crisis-lens-notifications/recipients", "error_class": "undecodable"}, "reason": "x"});
    assert_eq!(bulk("discard", by_consumer).await["counts"], json!({"discarded": 2}));
    let nothing = json!({"filter": {"until": "2020-01-01T00:00:00Z"}, "reason": "x"});
    assert_eq!(bulk("discard", nothing).await["outcomes"], json!([]));
    assert_eq!(server.total(&admin, "/api/dlq?status=discarded&topic=alerts").await, 3);

    let counts = server.get(&admin, "/api/dlq/counts").await.expect(StatusCode::OK);
    let of = |topic: &str, status: &str| -> u64 {
        let items = counts["items"].as_array().unwrap().iter();
        items
            .filter(|one| one["topic"] == topic && one["status"] == status)
            .map(|one| one["letters"].as_u64().unwrap())
            .sum()
    };
    assert_eq!(
        (of("raw-items", "replayed"), of("raw-items", "waiting"), of("alerts", "discarded")),
        (20, 20, 3)
    );
    assert_eq!(server.all(&admin, "/api/dlq?topic=raw-items").await.len(), 40, "page by page");
    assert_eq!(decisions(&server, &admin).await, 23, "each decision is on the audit log");
}

#[tokio::test]
async fn a_bulk_call_ends_before_its_time_is_up_and_the_next_one_goes_on() {
    let server = Server::start_with(&["--set", "http.request_timeout_s=1"]).await;
    let admin = server.person("ada@example.org", "admin").await.token;
    rubbish(&server, &admin, "raw-items", 6).await;
    let some = json!({"filter": {}, "rate_per_s": 5, "reason": "a trial"});
    let answer = server.post(&admin, "/api/dlq/discard", &some).await.expect(StatusCode::OK);
    let left = answer["remaining"].as_u64().unwrap();
    assert!((1..6).contains(&left), "{answer}");
    let rest = server.cli(&["dlq", "discard", "--all", "--rate", "5", "--reason", "a trial"]);
    assert_eq!(rest.trim(), format!("{left} discarded"));
}

#[tokio::test]
async fn what_cannot_be_replayed_says_why_and_stays() {
    let (server, admin) = start().await;
    let post = async |path: &str, body: Value| server.post(&admin, path, &body).await;
    post("/api/dlq/7/replay", json!({})).await.problem(404);
    post("/api/dlq/7/discard", json!({"reason": "x"})).await.problem(404);
    server.get(&admin, "/api/dlq/7").await.problem(404);
    server.get(&admin, "/api/dlq/seven").await.problem(400);

    let event = publish(&server, &admin, "dlq", "k", Some(b"from elsewhere")).await;
    let foreign = letter_of(&server, &admin, &event, 1).await;
    assert_eq!((&foreign["topic"], &foreign["error_class"]), (&Value::Null, &json!("foreign")));
    let path = format!("/api/dlq/{}", offset(&foreign));
    post(&format!("{path}/replay"), json!({})).await.problem(422);
    let bulk = post("/api/dlq/replay", json!({"filter": {}})).await.expect(StatusCode::OK);
    assert_eq!((&bulk["counts"], &bulk["remaining"]), (&json!({"foreign": 1}), &json!(0)));
    post(&format!("{path}/discard"), json!({"reason": " "})).await.problem(422);
    let discarded =
        post(&format!("{path}/discard"), json!({"reason": "not ours"})).await.expect(StatusCode::OK);
    assert_eq!(discarded["status"], "discarded");

    let event = rubbish(&server, &admin, "alerts", 1).await.remove(0);
    let path = format!("/api/dlq/{}/replay", offset(&letter_of(&server, &admin, &event, 1).await));
    post(&path, json!({"value": "x".repeat(2 << 20)})).await.problem(413);
    for wrong in
        [json!({"value": 1, "value_base64": "MQ=="}), json!({"value_base64": "é"}), json!({"colour": 1})]
    {
        post(&path, wrong).await.problem(422);
    }
    for wrong in [
        json!({}),
        json!({"filter": {"topik": "alerts"}}),
        json!({"filter": {"topic": "rumours"}}),
        json!({"filter": {}, "rate_per_s": 0}),
        json!({"filter": {}, "limit": 501}),
    ] {
        post("/api/dlq/replay", wrong).await.problem(422);
    }
    post("/api/dlq/discard", json!({"filter": {}})).await.problem(422);
    for wrong in ["status=dead", "since=soon", "topic=rumours", "cursor=x", "limit=0"] {
        server.get(&admin, &format!("/api/dlq?{wrong}")).await.problem(400);
    }
    assert_eq!(server.total(&admin, "/api/dlq?status=waiting").await, 1, "it stays");
}

#[tokio::test]
async fn only_an_admin_sees_and_decides() {
    let (server, admin) = start().await;
    let event = rubbish(&server, &admin, "raw-items", 1).await.remove(0);
    let number = offset(&letter_of(&server, &admin, &event, 1).await);
    let approver = server.person("ben@example.org", "approver").await.token;
    let one = format!("/api/dlq/{number}");
    let reads = [
        "/api/dlq",
        "/api/dlq/counts",
        &one,
        "/api/audit",
        "/api/search",
        "/api/topics",
        "/api/topics/groups",
    ];
    for path in reads {
        server.get("", path).await.problem(401);
        server.get(&approver, path).await.problem(403);
        server.get(&admin, path).await.expect(StatusCode::OK);
    }
    let writes = [
        (format!("{one}/replay"), json!({})),
        (format!("{one}/discard"), json!({"reason": "x"})),
        ("/api/dlq/replay".to_owned(), json!({"filter": {}})),
        ("/api/dlq/discard".to_owned(), json!({"filter": {}, "reason": "x"})),
        ("/api/search/rebuild".to_owned(), json!({})),
    ];
    for (path, body) in &writes {
        server.post("", path, body).await.problem(401);
        server.post(&approver, path, body).await.problem(403);
    }
    assert_eq!(server.total(&admin, "/api/dlq?status=waiting").await, 1, "nobody has decided");
}

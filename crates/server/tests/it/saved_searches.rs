//! Searches that people keep: who has them, what they find, and who is told of what they find.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, eventually, flood};

const SEARCHES: &str = "/api/saved-searches";
const SUBSCRIPTIONS: &str = "/api/subscriptions";

async fn put(server: &Server, person: &Person, path: &str, version: &str, body: &Value) -> Answer {
    let request = server.request(Method::PUT, &person.token, path);
    Answer::of(request.header("if-match", version).json(body)).await
}

async fn delete(server: &Server, person: &Person, path: &str) -> Answer {
    Answer::of(server.request(Method::DELETE, &person.token, path)).await
}

fn id(made: &Value) -> &str {
    made["id"].as_str().unwrap_or_default()
}

fn post(source_id: &str, text: &str) -> Value {
    json!({ "source": "notes", "source_id": source_id, "text": text })
}

#[tokio::test]
async fn they_are_ones_own_or_a_teams_and_changed_by_version() {
    let server = Server::start().await;
    let approver = server.person("approver@example.org", "approver").await;
    let ada = server.person("ada@example.org", "viewer").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let cleo = server.person("cleo@example.org", "viewer").await;
    let team = json!({ "name": "Field", "members": [ada.id, bob.id] });
    let team = server.post(&approver.token, "/api/teams", &team).await.expect(StatusCode::CREATED);
    let own = json!({ "name": "floods", "q": "flood -drill", "filter": { "min_risk": 0.1 } });
    let make = async |body: &Value| {
        let request = server.request(Method::POST, &ada.token, SEARCHES).header("idempotency-key", "once");
        Answer::of(request.json(body)).await
    };
    let made = make(&own).await.expect(StatusCode::CREATED);
    assert_eq!(id(&make(&own).await.expect(StatusCode::CREATED)), id(&made));
    make(&json!({ "name": "other", "q": "quake" })).await.problem(422);
    let shared = json!({ "name": "ours", "q": "near:39.47,-0.38,50", "team": id(&team) });
    let shared = server.post(&ada.token, SEARCHES, &shared).await.expect(StatusCode::CREATED);
    server
        .post(&cleo.token, SEARCHES, &json!({ "name": "x", "q": "x", "team": id(&team) }))
        .await
        .problem(422);
    for (person, count) in [(&ada, 2), (&bob, 1), (&cleo, 0), (&approver, 0)] {
        assert_eq!(server.total(&person.token, SEARCHES).await, count);
    }
    for odd in [
        json!({ "name": "x", "q": "near:1,2" }),
        json!({ "name": "x", "q": "" }),
        json!({ "name": "", "q": "flood" }),
        json!({ "name": "x", "q": "flood", "query": "flood" }),
        json!({ "name": "x", "q": "flood", "filter": { "incident": "00000000-0000-0000-0000-000000000009" } }),
        json!({ "name": "x", "q": "a ".repeat(65) }),
    ] {
        server.post(&ada.token, SEARCHES, &odd).await.problem(422);
    }
    let wrong = server.post(&ada.token, SEARCHES, &json!({ "name": "x", "q": "flood status:nwe" })).await;
    assert!(
        wrong.body["errors"][0]["problem"].as_str().is_some_and(|it| it.contains("at byte 13")),
        "{}",
        wrong.body
    );

    let (mine, ours) = (format!("{SEARCHES}/{}", id(&made)), format!("{SEARCHES}/{}", id(&shared)));
    server.get(&bob.token, &mine).await.problem(404);
    put(&server, &bob, &mine, "\"1\"", &own).await.problem(404);
    delete(&server, &bob, &mine).await.problem(404);
    server.get(&cleo.token, &ours).await.problem(404);
    let changed = json!({ "name": "ours", "q": "near:39.47,-0.38,80", "team": id(&team) });
    put(&server, &bob, &ours, "\"2\"", &changed).await.problem(412);
    let changed = put(&server, &bob, &ours, "\"1\"", &changed).await.expect(StatusCode::OK);
    assert_eq!(changed["version"], 2);
    put(&server, &bob, &ours, "\"2\"", &json!({ "name": "mine now", "q": "flood" })).await.problem(422);
    let subscribe = |search: &Value| json!({ "name": "by search", "search": id(search) });
    server.post(&cleo.token, SUBSCRIPTIONS, &subscribe(&shared)).await.problem(422);
    let subscribed =
        server.post(&bob.token, SUBSCRIPTIONS, &subscribe(&shared)).await.expect(StatusCode::CREATED);
    let by_hand = json!({ "name": "x", "search": id(&shared), "ended": "by hand" });
    server.post(&bob.token, SUBSCRIPTIONS, &by_hand).await.problem(422);

    // What a team shares goes with it, and what asks for that ends.
    delete(&server, &approver, &format!("/api/teams/{}", id(&team))).await.expect(StatusCode::NO_CONTENT);
    server.get(&ada.token, &ours).await.problem(404);
    let ended = server.get(&bob.token, &format!("{SUBSCRIPTIONS}/{}", id(&subscribed))).await;
    let ended = ended.expect(StatusCode::OK);
    assert_eq!(
        (&ended["ended"], &ended["version"]),
        (&json!("the saved search `ours` was removed"), &json!(2))
    );
    server.get(&ada.token, &mine).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn it_finds_what_its_words_find_and_what_is_asked_beside_it() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let texts = ["Power cut in Izmir after the flood", "Flood in Izmir, a drill", "Power cut in Lima"];
    for (n, text) in (1..).zip(texts) {
        server.ingest(&admin.token, &post(&n.to_string(), text)).await;
    }
    let search =
        json!({ "name": "izmir", "q": "near:38.42,27.14,30 -drill", "filter": { "status": ["new"] } });
    let made = server.post(&admin.token, SEARCHES, &search).await.expect(StatusCode::CREATED);
    let run = format!("/api/items?saved={}", id(&made));
    server.until_total(&admin.token, "/api/items?q=izmir", 2).await;
    server.until_total(&admin.token, "/api/items?q=lima", 1).await;
    assert_eq!(server.total(&admin.token, &run).await, 1);
    for (beside, count) in [("q=power", 1), ("q=lima", 0), ("status=verified", 0), ("q=risk:>0.99", 0)] {
        assert_eq!(server.total(&admin.token, &format!("{run}&{beside}")).await, count, "{beside}");
    }
    let facets = format!("/api/items/facets?saved={}", id(&made));
    let facets = server.get(&admin.token, &facets).await.expect(StatusCode::OK);
    assert_eq!(facets["source"], json!({ "notes": 1 }));
    server.get(&bob.token, &run).await.problem(404);
    server.get(&admin.token, "/api/items?saved=1").await.problem(400);
    let incident = "00000000-0000-0000-0000-000000000009";
    for path in ["/api/items", "/api/items/facets"] {
        let both = format!("{path}?saved={}&incident={incident}", id(&made));
        server.get(&admin.token, &both).await.problem(400);
    }
    // Conditions alone are answered by the store.
    let search = json!({ "name": "verified", "q": "status:verified" });
    let made = server.post(&admin.token, SEARCHES, &search).await.expect(StatusCode::CREATED);
    assert_eq!(server.total(&admin.token, &format!("/api/items?saved={}", id(&made))).await, 0);
}

#[tokio::test]
async fn who_subscribes_is_told_of_what_it_finds_and_learns_why_not_until_it_is_removed() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let ada = server.person("ada@example.org", "viewer").await;
    let wants = json!({ "channels": { "new_items": ["inbox"], "alerts": ["inbox"] }, "min_severity": "low" });
    let set = server.request(Method::PUT, &ada.token, "/api/notifications/preferences").json(&wants);
    Answer::of(set).await.expect(StatusCode::OK);
    let search = json!({ "name": "cuts", "q": "\"power cut\" -drill" });
    let search = server.post(&ada.token, SEARCHES, &search).await.expect(StatusCode::CREATED);
    let subscription = json!({ "name": "no light", "search": id(&search) });
    let subscription =
        server.post(&ada.token, SUBSCRIPTIONS, &subscription).await.expect(StatusCode::CREATED);
    let why = |item: &str| format!("/api/notifications/why?item={item}");
    let other = server.ingest(&admin.token, &post("1", "Power restored, the cut is over")).await.remove(0);
    let found = server.ingest(&admin.token, &post("2", "Power cut in the whole district")).await.remove(0);
    let told = eventually("it is told", async || {
        let answer = server.get(&ada.token, &why(&found)).await;
        (answer.status == StatusCode::OK && answer.body["told"] == true).then_some(answer.body)
    })
    .await;
    assert!(
        told["reasons"][0].as_str().is_some_and(|why| why.contains("subscribed as `no light`")),
        "{told}"
    );
    let untold = server.get(&ada.token, &why(&other)).await.expect(StatusCode::OK);
    let reason = "as preferences are now: no subscription is for it: not `no light` by its saved search";
    assert_eq!(untold, json!({ "revision": 0, "told": false, "reasons": [reason] }));

    delete(&server, &ada, &format!("{SEARCHES}/{}", id(&search))).await.expect(StatusCode::NO_CONTENT);
    let ended = server.get(&ada.token, &format!("{SUBSCRIPTIONS}/{}", id(&subscription))).await;
    assert_eq!(ended.expect(StatusCode::OK)["ended"], "the saved search `cuts` was removed");
    let untold = server.get(&ada.token, &why(&other)).await.expect(StatusCode::OK);
    assert!(
        untold["reasons"][0].as_str().is_some_and(|it| it.ends_with("saved search, which is gone")),
        "{untold}"
    );
    // It takes no alerts away: who subscribes to nothing else has those of every place.
    server.ingest(&admin.token, &flood("big")).await;
    let inbox = eventually("the alert is told", async || {
        let answer = server.get(&ada.token, "/api/notifications").await;
        let items = answer.body["items"].as_array().cloned().unwrap_or_default();
        items.iter().any(|one| one["type"] == "alert").then_some(items)
    })
    .await;
    assert!(
        inbox.iter().filter(|one| one["type"] == "new_item").all(|one| one["item_id"] == found.as_str()),
        "{inbox:?}"
    );
}

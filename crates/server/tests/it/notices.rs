//! What people want to be told, how they are reached, and what the desk does to alerts.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::socket::{Events, Socket};
use crate::support::{Answer, Person, Server, eventually, flood};

const PREFERENCES: &str = "/api/notifications/preferences";

async fn put(server: &Server, person: &Person, path: &str, body: &Value) -> Answer {
    Answer::of(server.request(Method::PUT, &person.token, path).json(body)).await
}

async fn delete(server: &Server, person: &Person, path: &str) -> Answer {
    Answer::of(server.request(Method::DELETE, &person.token, path)).await
}

async fn raised(server: &Server, admin: &Person) -> Value {
    server.ingest(&admin.token, &flood("one")).await;
    server.until_total(&admin.token, "/api/alerts", 1).await;
    server.get(&admin.token, "/api/alerts").await.expect(StatusCode::OK)["items"][0].clone()
}

#[tokio::test]
async fn preferences_that_make_no_sense_are_refused_field_by_field_and_those_that_do_are_kept() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let wrong = json!({ "zone": "Mars/Base", "quiet_hours": [{ "days": [9], "start": "22:00", "end": "07:00" }],
        "digest": { "at": { "every": "day", "hour": 24 } } });
    let problem = put(&server, &ada, PREFERENCES, &wrong).await.problem(422);
    let fields: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["zone", "quiet_hours.0.days", "digest.at"]);
    for odd in
        [json!({ "zone": 5 }), json!({ "channels": { "gossip": [] } }), json!({ "sms": true }), json!([])]
    {
        put(&server, &ada, PREFERENCES, &odd).await.problem(422);
    }
    let wanted = json!({
        "channels": { "alerts": ["inbox", "sms"], "mentions": ["push"] }, "min_severity": "low",
        "zone": "Asia/Kolkata", "locale": "hi", "quiet_except": null, "max_per_hour": 5,
        "quiet_hours": [{ "days": [6, 7], "start": "23:30:00", "end": "06:15:00" }],
        "digest": { "at": { "every": "week", "day": 1, "hour": 8 }, "channels": ["email"], "below": "high" },
    });
    assert_eq!(put(&server, &ada, PREFERENCES, &wanted).await.expect(StatusCode::OK), wanted);
    assert_eq!(server.get(&ada.token, PREFERENCES).await.expect(StatusCode::OK), wanted);
}

#[tokio::test]
async fn devices_are_ones_own_checked_and_their_secrets_are_not_shown_again() {
    let server = Server::start().await;
    let (ada, bob) =
        (server.person("ada@example.org", "viewer").await, server.person("bob@example.org", "viewer").await);
    let devices = "/api/notifications/devices";
    for target in [
        json!({ "kind": "phone", "number": "112" }),
        json!({ "kind": "webhook", "url": "http://127.0.0.1:9/hook", "secrets": [] }),
        json!({ "kind": "webhook", "url": "https://[::1]/hook" }),
        json!({ "kind": "webhook", "url": "http://169.254.169.254/latest" }),
        json!({ "kind": "web_push", "endpoint": "https://push.example/1", "p256dh": "x", "auth": "x" }),
        json!({ "kind": "pigeon", "loft": "9" }),
    ] {
        server.post(&ada.token, devices, &json!({ "label": "x", "target": target })).await.problem(422);
    }
    let hook = json!({ "label": "our bot", "target": { "kind": "webhook", "url": "https://bot.example/hook",
        "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] } });
    let made = server.post(&ada.token, devices, &hook).await.expect(StatusCode::CREATED);
    assert_eq!(made["target"]["secrets"], json!(["***"]));
    let phone = json!({ "label": "mine", "target": { "kind": "phone", "number": "+34600123456" } });
    server.post(&ada.token, devices, &phone).await.expect(StatusCode::CREATED);
    server.post(&ada.token, devices, &phone).await.expect(StatusCode::CREATED);
    assert_eq!(server.total(&ada.token, devices).await, 2, "the same address is one device");
    assert_eq!(server.total(&bob.token, devices).await, 0);
    let path = format!("{devices}/{}", made["id"].as_str().unwrap());
    delete(&server, &bob, &path).await.problem(404);
    assert_eq!(delete(&server, &ada, &path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.total(&ada.token, devices).await, 1);
    let key = server.get(&ada.token, "/api/notifications/push-key").await.expect(StatusCode::OK);
    assert_eq!(key["key"].as_str().map(str::len), Some(87));
}

#[tokio::test]
async fn subscriptions_are_each_persons_own_and_changed_by_version() {
    let server = Server::start().await;
    let (ada, bob) =
        (server.person("ada@example.org", "viewer").await, server.person("bob@example.org", "viewer").await);
    let spain = json!({ "name": "Spain", "match": { "country": ["ES"], "min_severity": "high" } });
    let post = |key: &'static str, body: Value| {
        server
            .request(Method::POST, &ada.token, "/api/subscriptions")
            .header("idempotency-key", key)
            .json(&body)
    };
    let made = Answer::of(post("k1", spain.clone())).await.expect(StatusCode::CREATED);
    assert_eq!(Answer::of(post("k1", spain.clone())).await.expect(StatusCode::CREATED)["id"], made["id"]);
    Answer::of(post("k1", json!({ "name": "other" }))).await.problem(422);
    assert_eq!(server.total(&ada.token, "/api/subscriptions").await, 1);
    server
        .post(&ada.token, "/api/subscriptions", &json!({ "name": "x", "match": { "country": ["Spain"] } }))
        .await
        .problem(422);
    let path = format!("/api/subscriptions/{}", made["id"].as_str().unwrap());
    server.get(&bob.token, &path).await.problem(404);
    delete(&server, &bob, &path).await.problem(404);
    let change = |version: &'static str| {
        server
            .request(Method::PUT, &ada.token, &path)
            .header("if-match", version)
            .json(&json!({ "name": "Iberia", "match": { "country": ["ES", "PT"] } }))
    };
    put(&server, &ada, &path, &spain).await.problem(428);
    Answer::of(change("\"7\"")).await.problem(412);
    let changed = Answer::of(change("\"1\"")).await.expect(StatusCode::OK);
    assert_eq!((&changed["version"], &changed["name"]), (&json!(2), &json!("Iberia")));
    Answer::of(change("\"1\"")).await.problem(412);
    assert_eq!(delete(&server, &ada, &path).await.status, StatusCode::NO_CONTENT);
    server.get(&ada.token, &path).await.problem(404);
}

#[tokio::test]
async fn who_is_told_nothing_learns_why_and_others_do_not() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let ada = server.person("ada@example.org", "viewer").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let fiji = json!({ "name": "Fiji", "match": { "country": ["FJ"] } });
    server.post(&ada.token, "/api/subscriptions", &fiji).await.expect(StatusCode::CREATED);
    let alert = raised(&server, &admin).await;
    server.until_total(&bob.token, "/api/notifications", 1).await;
    let why = format!("/api/notifications/why?alert={}", alert["id"].as_str().unwrap());
    let told = server.get(&ada.token, &why).await.expect(StatusCode::OK);
    assert_eq!(
        told,
        json!({ "revision": 1, "told": false, "reasons": ["no subscription is for it: not `Fiji` by its country"] })
    );
    let told = server.get(&bob.token, &why).await.expect(StatusCode::OK);
    assert_eq!(
        (&told["told"], told["reasons"][0].as_str().map(|why| why.starts_with("inbox: sent"))),
        (&json!(true), Some(true))
    );
    server.get(&bob.token, &format!("{why}&user={}", ada.id)).await.problem(403);
    let asked = server.get(&admin.token, &format!("{why}&user={}", ada.id)).await.expect(StatusCode::OK);
    assert_eq!(asked["told"], false);
    server
        .get(&bob.token, "/api/notifications/why?alert=00000000-0000-0000-0000-000000000000")
        .await
        .problem(404);
}

#[tokio::test]
async fn a_silence_of_an_approver_holds_an_alert_and_the_audit_log_knows_whose_it_was() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let approver = server.person("approver@example.org", "approver").await;
    let analyst = server.person("analyst@example.org", "analyst").await;
    let silence = json!({ "match": { "hazard": ["flood"] }, "reason": "pump test", "author": "somebody else",
        "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2120-01-01T00:00:00Z" });
    server.post(&analyst.token, "/api/silences", &silence).await.problem(403);
    let made = server.post(&approver.token, "/api/silences", &silence).await.expect(StatusCode::CREATED);
    assert_eq!(made["author"], "approver");
    let alert = raised(&server, &admin).await;
    let why = format!("/api/notifications/why?alert={}", alert["id"].as_str().unwrap());
    let told = eventually("it is decided", async || {
        let answer = server.get(&admin.token, &why).await;
        let is_decided = !answer.body.to_string().contains("still being chosen");
        (answer.status == StatusCode::OK && is_decided).then(|| answer.body.clone())
    })
    .await;
    let reason = told["reasons"][0].as_str().unwrap().to_owned();
    assert!(reason.starts_with("silenced by approver until 2120-01-01 00:00 UTC: pump test"), "{reason}");
    assert_eq!(server.total(&admin.token, "/api/notifications").await, 0);
    let audit = server.get(&admin.token, "/api/audit").await.expect(StatusCode::OK);
    assert!(
        audit["items"].as_array().unwrap().iter().any(|entry| entry["action"] == "silence.made"),
        "{audit}"
    );
}

#[tokio::test]
async fn an_alert_that_is_withdrawn_is_told_to_those_who_had_it_and_raised_no_more() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let ada = server.person("ada@example.org", "viewer").await;
    put(&server, &ada, PREFERENCES, &json!({ "channels": { "alerts": ["inbox", "email"] } })).await;
    let alert = raised(&server, &admin).await;
    let path = format!("/api/alerts/{}", alert["id"].as_str().unwrap());
    server.until_total(&admin.token, "/api/outbox", 1).await;
    server.post(&ada.token, &format!("{path}/cancel"), &json!({ "reason": "x" })).await.problem(403);
    server.post(&admin.token, &format!("{path}/cancel"), &json!({ "reason": " " })).await.problem(422);
    let approved =
        server.post(&admin.token, &format!("{path}/approve"), &Value::Null).await.expect(StatusCode::OK);
    assert_eq!((&approved["approved_by"], &approved["revision"]), (&json!("admin"), &json!(2)));
    server.post(&admin.token, &format!("{path}/approve"), &Value::Null).await.problem(409);
    let cap = server.request(Method::GET, &ada.token, &format!("{path}/cap")).send().await.unwrap();
    let cap = cap.text().await.unwrap();
    assert!(cap.contains("<scope>Public</scope>"), "{cap}");
    let correction = json!({ "reason": "it was a drill of the pumps", "severity": "low" });
    let corrected =
        server.post(&admin.token, &format!("{path}/correct"), &correction).await.expect(StatusCode::OK);
    assert_eq!((&corrected["type"], &corrected["severity"]), (&json!("correction"), &json!("low")));
    server.until_total(&admin.token, "/api/outbox", 2).await;
    server
        .post(&admin.token, &format!("{path}/cancel"), &json!({ "reason": "no water" }))
        .await
        .expect(StatusCode::OK);
    server.until_total(&admin.token, "/api/outbox", 3).await;
    server.post(&admin.token, &format!("{path}/cancel"), &json!({ "reason": "no water" })).await.problem(409);
    let inbox = server.get(&ada.token, "/api/notifications").await.expect(StatusCode::OK);
    let kinds: Vec<&str> =
        inbox["items"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["correction", "correction", "alert"], "approval tells nobody anything");
    // The same water is no reason to raise it again.
    server.ingest(&admin.token, &flood("two")).await;
    crate::log_view::settled(&server, &admin.token).await;
    let after = server.get(&admin.token, &path).await.expect(StatusCode::OK);
    assert_eq!((&after["type"], &after["revision"]), (&json!("cancel"), &json!(4)));
    server.post(&ada.token, &format!("{path}/acknowledge"), &json!({})).await.expect(StatusCode::OK);
    let reach = server.get(&admin.token, &format!("{path}/reach")).await.expect(StatusCode::OK);
    assert_eq!(reach["acknowledged"][0]["user"], ada.id.as_str());
    assert_eq!(
        (&reach["acknowledged"][0]["name"], &reach["acknowledged"][0]["mine"]),
        (&json!("ada"), &json!(false))
    );
    assert_eq!(reach["acknowledged_within"][0], json!({ "seconds": 60, "people": 1 }));
    let acked = reach["deliveries"].as_array().unwrap().iter().filter(|count| count["status"] == "acked");
    assert_eq!(acked.map(|count| count["count"].as_u64().unwrap()).sum::<u64>(), 3, "{reach}");
}

#[tokio::test]
async fn items_come_to_those_who_ask_for_them_and_to_nobody_else() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let (ada, bob) =
        (server.person("ada@example.org", "viewer").await, server.person("bob@example.org", "viewer").await);
    let wants = json!({ "channels": { "new_items": ["inbox", "email"] }, "min_severity": "low" });
    put(&server, &ada, PREFERENCES, &wants).await.expect(StatusCode::OK);
    let floods = json!({ "name": "floods", "match": { "hazard": ["flood"] } });
    server.post(&ada.token, "/api/subscriptions", &floods).await.expect(StatusCode::CREATED);
    let id = server.ingest(&admin.token, &flood("one")).await.remove(0);
    server.until_total(&ada.token, "/api/notifications", 1).await;
    let told = server.get(&ada.token, "/api/notifications").await.expect(StatusCode::OK)["items"][0].clone();
    assert_eq!(
        (&told["type"], &told["item_id"], told.get("alert_id")),
        (&json!("new_item"), &json!(id), None)
    );
    let incident = server.item(&admin.token, &id).await["incident_id"].clone();
    assert_eq!(told["incident_id"], incident);
    let mail = eventually("a mail", async || {
        let all = server.get(&admin.token, "/api/outbox").await.expect(StatusCode::OK);
        all["items"].as_array()?.iter().find(|mail| mail["to"] == "ada@example.org").cloned()
    })
    .await;
    assert_eq!(mail["subject"], told["subject"]);
    let delivery = format!("/api/notifications/deliveries/{}", mail["id"].as_str().unwrap());
    let history = server.get(&ada.token, &delivery).await.expect(StatusCode::OK);
    assert_eq!((&history["provenance"]["item_id"], history.get("alert_id")), (&json!(id), None));
    assert_eq!(history["provenance"]["incident_id"], incident);
    // Bob has the alert alone.
    server.until_total(&bob.token, "/api/notifications", 1).await;
    let his = server.get(&bob.token, "/api/notifications").await.expect(StatusCode::OK)["items"][0].clone();
    assert_eq!((&his["type"], his.get("item_id")), (&json!("alert"), None));
}

#[tokio::test]
async fn who_is_named_in_a_comment_is_told_once_and_a_name_that_nobody_has_is_refused() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let ada = server.person("ada@example.org", "analyst").await;
    let bob = server.person("bob@example.org", "analyst").await;
    let found = server.get(&ada.token, "/api/people?q=BO").await.expect(StatusCode::OK);
    assert_eq!(found, json!([{ "id": bob.id, "name": "bob" }]));
    server.get(&ada.token, &format!("/api/people?q={}", "x".repeat(101))).await.problem(422);
    let id = server.ingest(&admin.token, &flood("one")).await.remove(0);
    server.item(&ada.token, &id).await;
    let story = format!("/api/collaboration/activity/item:{id}");
    let nobody =
        json!({ "text": "@nobody look", "mentions": [bob.id, "00000000-0000-0000-0000-000000000000"] });
    let problem = server.post(&ada.token, &story, &nobody).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "mentions.0", "{problem}");
    let many = vec![&bob.id; 21];
    server.post(&ada.token, &story, &json!({ "text": "all", "mentions": many })).await.problem(422);
    let said = json!({ "text": "@bob and @ada, <b>look</b>", "mentions": [bob.id, bob.id, ada.id] });
    let say = || server.request(Method::POST, &ada.token, &story).header("idempotency-key", "m1").json(&said);
    let kept = Answer::of(say()).await.expect(StatusCode::CREATED);
    assert_eq!(kept["data"]["mentions"].as_array().map(Vec::len), Some(2));
    Answer::of(say()).await.expect(StatusCode::OK);
    let mentions = async |person: &Person| -> Vec<Value> {
        let all = server.all(&person.token, "/api/notifications").await;
        all.into_iter().filter(|one| one["type"] == "mention").collect()
    };
    let told = eventually("a mention", async || mentions(&bob).await.into_iter().next()).await;
    assert_eq!((&told["item_id"], &told["priority"]), (&json!(id), &json!("high")));
    let subject = told["subject"].as_str().unwrap();
    assert!(subject.starts_with("ada mentions you: "), "{subject}");
    assert!(told["body"].as_str().unwrap().contains("<b>look</b>"), "plain text stays as it is: {told}");
    assert_eq!(mentions(&bob).await.len(), 1);
    assert!(mentions(&ada).await.is_empty(), "nobody is told what they said themselves");
    let off = json!({ "channels": { "alerts": ["inbox"] } });
    put(&server, &bob, PREFERENCES, &off).await.expect(StatusCode::OK);
    let again = json!({ "text": "@bob again", "mentions": [bob.id] });
    server.post(&ada.token, &story, &again).await.expect(StatusCode::CREATED);
    assert_eq!(mentions(&bob).await.len(), 1, "bob has switched mentions off");
}

#[tokio::test]
async fn an_acknowledgement_has_a_name_and_counts_in_the_reach_where_its_author_was_told() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let (ada, bob) =
        (server.person("ada@example.org", "viewer").await, server.person("bob@example.org", "viewer").await);
    put(&server, &ada, PREFERENCES, &json!({ "channels": { "alerts": ["inbox", "email"] } })).await;
    put(&server, &bob, PREFERENCES, &json!({ "channels": { "alerts": [] } })).await;
    let alert = raised(&server, &admin).await;
    server.until_total(&ada.token, "/api/notifications", 1).await;
    server.until_total(&admin.token, "/api/outbox", 1).await;
    let path = format!("/api/alerts/{}", alert["id"].as_str().unwrap());
    let before = server.get(&ada.token, &path).await.expect(StatusCode::OK);
    assert_eq!(before["acknowledged"], json!([]));
    let mut stream = Events::open(&server, "/api/sse/alerts", &ada.token, None).await;
    let mut watcher = Socket::open(&server, "/ws", &ada.token).await;
    watcher.send(&json!({ "type": "join_room", "room": "alerts" })).await;
    watcher.until("joined_room").await;
    let said =
        server.post(&bob.token, &format!("{path}/acknowledge"), &json!({})).await.expect(StatusCode::OK);
    let told = watcher.until("user_activity").await;
    assert_eq!(
        (&told["room"], &told["action"], &told["name"]),
        (&json!("alerts"), &json!("acknowledged"), &json!("bob"))
    );
    assert_eq!(told["resource_id"], format!("incident:{}", alert["incident_id"].as_str().unwrap()));
    let data = &told["data"];
    assert_eq!(
        (&data["alert_id"], &data["severity"], &data["via"], &data["expires_at"]),
        (&alert["id"], &json!("critical"), &json!("app"), &Value::Null)
    );
    assert_eq!(stream.until("user_activity").await.data["user_id"], bob.id.as_str());
    assert_eq!((&said["name"], &said["mine"], &said["via"]), (&json!("bob"), &json!(true), &json!("app")));
    let reach = server.get(&admin.token, &format!("{path}/reach")).await.expect(StatusCode::OK);
    assert_eq!(
        (&reach["acknowledged_within"][3]["people"], &reach["acknowledged_untold"]),
        (&json!(0), &json!(1))
    );
    // Said again it is nothing new; with an end it is.
    for body in [json!({}), json!({ "expires_minutes": 5 })] {
        server.post(&bob.token, &format!("{path}/acknowledge"), &body).await.expect(StatusCode::OK);
    }
    assert!(watcher.until("user_activity").await["data"]["expires_at"].is_string());
    server.post(&ada.token, &format!("{path}/acknowledge"), &json!({})).await.expect(StatusCode::OK);
    let seen = server.get(&ada.token, &path).await.expect(StatusCode::OK)["acknowledged"].clone();
    let seen: Vec<_> = seen.as_array().unwrap().iter().map(|one| (&one["name"], &one["mine"])).collect();
    assert_eq!(seen, [(&json!("bob"), &json!(false)), (&json!("ada"), &json!(true))]);
    let reach = server.get(&admin.token, &format!("{path}/reach")).await.expect(StatusCode::OK);
    assert_eq!(reach["acknowledged"].as_array().map(Vec::len), Some(2));
    assert_eq!(reach["acknowledged_within"][0], json!({ "seconds": 60, "people": 1 }), "bob was not told");
    assert_eq!(reach["acknowledged_untold"], 1);
    let critical = &reach["by_severity"][0];
    assert_eq!((&critical["severity"], &critical["acknowledged"]), (&json!("critical"), &json!(1)));
    assert_eq!(critical["told"], 2, "ada and the admin: {reach}");
    assert_eq!(critical["sent"], 3, "two inboxes and a mail: {reach}");
    assert_eq!(critical["acknowledged_within"][0], json!({ "seconds": 60, "people": 1 }));
    let escalations = server.get(&admin.token, &format!("{path}/escalations")).await.expect(StatusCode::OK);
    assert_eq!(escalations["acknowledged"][0]["name"], "bob");
}

#[tokio::test]
async fn the_development_outbox_is_looked_through_by_channel_page_by_page() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    put(&server, &admin, PREFERENCES, &json!({ "channels": { "alerts": ["inbox", "email", "sms"] } })).await;
    for number in ["+34600123456", "+34600123457", "+34600123458"] {
        let phone = json!({ "label": number, "target": { "kind": "phone", "number": number } });
        server.post(&admin.token, "/api/notifications/devices", &phone).await.expect(StatusCode::CREATED);
    }
    raised(&server, &admin).await;
    server.until_total(&admin.token, "/api/outbox", 4).await;
    let (mut addresses, mut path) = (Vec::new(), "/api/outbox?channel=sms&limit=2".to_owned());
    for (size, is_last) in [(2, false), (1, true)] {
        let page = server.get(&admin.token, &path).await.expect(StatusCode::OK);
        let items = page["items"].as_array().unwrap();
        assert_eq!(
            (items.len(), &page["total"], page["next"].is_null()),
            (size, &json!(3), is_last),
            "{page}"
        );
        addresses.extend(items.iter().map(|one| one["to"].as_str().unwrap().to_owned()));
        path =
            format!("/api/outbox?channel=sms&limit=2&cursor={}", page["next"].as_str().unwrap_or_default());
    }
    addresses.sort_unstable();
    assert_eq!(addresses, ["+34600123456", "+34600123457", "+34600123458"]);
    assert_eq!(server.total(&admin.token, "/api/outbox?channel=email").await, 1);
    assert_eq!(server.total(&admin.token, "/api/outbox?channel=push").await, 0);
    for odd in ["inbox", "pigeon", "Email"] {
        server.get(&admin.token, &format!("/api/outbox?channel={odd}")).await.problem(400);
    }
}

#[tokio::test]
async fn links_that_speak_for_somebody_are_shown_to_nobody_else() {
    let server = Server::start_with(&["--set", "notify.public_url=https://desk.example.org"]).await;
    let admin = server.person("admin@example.org", "admin").await;
    let ada = server.person("ada@example.org", "analyst").await;
    let wants = json!({ "channels": { "alerts": ["inbox", "email"] } });
    put(&server, &ada, PREFERENCES, &wants).await.expect(StatusCode::OK);
    raised(&server, &admin).await;
    server.until_total(&admin.token, "/api/outbox", 1).await;
    let seen = async |person: &Person| {
        server.get(&person.token, "/api/outbox").await.expect(StatusCode::OK)["items"][0].clone()
    };
    let (own, others) = (seen(&ada).await, seen(&admin).await);
    for field in ["text", "html", "payload"] {
        let (own, others) = (own[field].to_string(), others[field].to_string());
        assert!(!own.contains("hidden") && own.contains("unsubscribe"), "{own}");
        let is_hidden = others.contains("unsubscribe/hidden") || others.contains("unsubscribe&#x2f;hidden");
        assert!(is_hidden, "{others}");
        let token = own.split("unsubscribe/").nth(1).or(own.split("unsubscribe&#x2f;").nth(1)).unwrap();
        assert!(!others.contains(&token[..40]), "{others}");
    }
}

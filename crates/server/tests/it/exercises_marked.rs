//! Whatever comes of an exercise says that it is of one, on every screen and in every message, and nobody outside gets any of it.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::exercises::{Library, floods, start, until};
use crate::log_view::settled;
use crate::providers::Desk;
use crate::socket::{Events, Socket};
use crate::support::{Answer, Person, Server, eventually, flood, text};

/// Ada wants everything on every channel, and has a telephone, a browser and a program of her own.
async fn wants_everything(desk: &Desk) {
    desk.phone("+390551234567").await;
    let browser = desk.fakes.subscribe().unwrap();
    let (endpoint, keys) = (&browser["endpoint"], &browser["keys"]);
    let target =
        json!({ "kind": "web_push", "endpoint": endpoint, "p256dh": keys["p256dh"], "auth": keys["auth"] });
    let browser = json!({ "label": "browser", "target": target });
    let program = desk.fakes.program().unwrap();
    let hook = json!({ "label": "our bot", "target": { "kind": "webhook", "url": program["url"], "secrets": [program["secret"]] } });
    for device in [browser, hook] {
        desk.server
            .post(&desk.ada.token, "/api/notifications/devices", &device)
            .await
            .expect(StatusCode::CREATED);
    }
    let channels = json!(["inbox", "email", "sms", "push", "webhook"]);
    let wanted = json!({ "channels": { "alerts": channels, "high_risk": channels, "new_items": channels }, "min_severity": "low", "max_per_hour": 0 });
    let preferences = "/api/notifications/preferences";
    let request = desk.server.request(Method::PUT, &desk.ada.token, preferences).json(&wanted);
    Answer::of(request).await.expect(StatusCode::OK);
}

async fn all(server: &Server, who: &Person, path: &str) -> Vec<Value> {
    let all = server.all(&who.token, path).await;
    assert!(!all.is_empty(), "{path} has something to look at");
    all
}

/// A desk with a library, whose mails, short messages, pushes and webhooks go to stand-ins that are ready to take them.
async fn desk(library: &Library) -> Desk {
    let more = [
        library.setting(),
        r#"notify.webhook=["webhook"]"#.to_owned(),
        r#"notify.push=["web_push"]"#.to_owned(),
        "notify.outside.allow_private=true".to_owned(),
        "notify.outside.subject=mailto:desk@example.org".to_owned(),
        "verification.settle_s=0".to_owned(),
    ];
    let desk = Desk::open_with(json!({}), &more).await;
    wants_everything(&desk).await;
    desk
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exercise_at_full_speed_is_marked_everywhere_and_nothing_of_it_leaves() {
    let library = Library::of(&floods(), 60);
    let desk = desk(&library).await;
    let (server, ada, admin) = (&desk.server, &desk.ada, &desk.admin);
    let mut stream = Events::open(server, "/api/sse/stream", &ada.token, None).await;
    let mut own = Socket::open(server, "/ws", &ada.token).await;
    own.send(&json!({"type": "join_room", "room": format!("user:{}", ada.id)})).await;
    own.until("joined_room").await;

    let exercise = start(server, admin, "river", 1_000.0).await.expect(StatusCode::CREATED);
    assert_eq!(own.until("notification").await["data"]["exercise"], true);
    let mut kinds = BTreeSet::new();
    while !["new_item", "incident_update", "alert", "new_claim"].iter().all(|kind| kinds.contains(*kind)) {
        let event = stream.next().await;
        let data = &event.data["data"];
        let marked = match event.kind.as_str() {
            "new_item" | "new_claim" => data["exercise"] == true && data["exercise_id"] == exercise["id"],
            "incident_update" => {
                data["incident"]["exercise"] == true && data["incident"]["exercise_id"] == exercise["id"]
            }
            "alert" => data["status"] == "exercise",
            _ => true,
        };
        assert!(marked, "{} {}", event.kind, event.data);
        kinds.insert(event.kind);
    }
    until(server, admin, "finished").await;
    settled(server, &admin.token).await;

    for path in ["/api/items", "/api/incidents", "/api/claims"] {
        for one in all(server, ada, path).await {
            assert_eq!(
                (&one["exercise"], &one["exercise_id"]),
                (&json!(true), &exercise["id"]),
                "{path}: {one}"
            );
        }
    }
    let notifications = eventually("every message has an end", async || {
        let told = server.all(&ada.token, "/api/notifications").await;
        let deliveries = |one: &Value| one["deliveries"].as_array().unwrap().clone();
        let is_over =
            |one: &Value| !["pending", "sending", "queued"].contains(&one["status"].as_str().unwrap());
        (!told.is_empty() && told.iter().flat_map(deliveries).all(|one| is_over(&one))).then_some(told)
    })
    .await;
    assert!(notifications.iter().all(|one| one["exercise"] == true), "{notifications:?}");
    for alert in all(server, ada, "/api/alerts").await {
        assert_eq!(alert["status"], "exercise", "{alert}");
        let path = format!("/api/alerts/{}/cap", text(&alert["id"]));
        let cap = server.request(Method::GET, &ada.token, &path).send().await.unwrap().text().await.unwrap();
        assert!(
            cap.contains("<status>Exercise</status>") && !cap.contains("<status>Actual</status>"),
            "{cap}"
        );
    }
    let outbox = all(server, admin, "/api/outbox").await;
    let mut channels = BTreeSet::new();
    for message in &outbox {
        let channel = text(&message["channel"]);
        assert_eq!(message["exercise"], true, "{message}");
        let shown = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        let payload = message["payload"].to_string();
        let says_so = match channel.as_str() {
            "email" => {
                let banner = "this is an exercise";
                shown("subject").starts_with("EXERCISE: ")
                    && shown("text").to_lowercase().contains(banner)
                    && shown("html").to_lowercase().contains(banner)
            }
            "webhook" => payload.contains(r#""exercise":true"#),
            _ => format!("{}{payload}", shown("text")).contains("EXERCISE: "),
        };
        assert!(says_so, "{message}");
        channels.insert(channel);
    }
    let expected = ["email", "push", "sms", "webhook"].map(str::to_owned);
    assert_eq!(channels, expected.into(), "each channel would have been used");
    for delivery in all(server, ada, "/api/notifications/deliveries").await {
        assert_eq!(delivery["exercise"], true, "{delivery}");
        let provider = delivery["provider"].as_str().unwrap_or("outbox");
        assert!(provider == "outbox" || delivery["channel"] == "inbox", "{delivery}");
    }
    assert_eq!(
        desk.fakes.journal().len(),
        0,
        "nothing was handed to anybody: {:?}",
        desk.fakes.journal().entries()
    );

    // The same words in earnest do reach them: it was not for want of a way.
    server.ingest(&admin.token, &flood("in earnest")).await;
    for provider in ["sendgrid", "twilio", "push", "webhook"] {
        eventually(&format!("{provider} has it"), async || {
            let taken = desk.fakes.journal().taken(provider);
            let is_marked = taken.iter().any(|one| one.message.to_string().contains("EXERCISE"));
            assert!(!is_marked, "{taken:?}");
            (!taken.is_empty()).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_tell_exercises_from_what_is_real_and_from_each_other() {
    let library = Library::of(&floods(), 60);
    let (server, admin) = library.serve().await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        runs.push(start(&server, &admin, "river", 1_000.0).await.expect(StatusCode::CREATED)["id"].clone());
        until(&server, &admin, "finished").await;
    }
    server.ingest(&admin.token, &flood("one")).await;
    for path in ["/api/items", "/api/incidents", "/api/alerts"] {
        let run = text(&runs[1]);
        let (of_all, of_run) = eventually(&format!("all of {path}"), async || {
            let real = server.total(&admin.token, &format!("{path}?exercise=false")).await;
            let of_all = server.total(&admin.token, &format!("{path}?exercise=true")).await;
            let of_run = server.total(&admin.token, &format!("{path}?exercise_id={run}")).await;
            (real == 1 && of_run > 0 && of_all == 2 * of_run).then_some((of_all, of_run))
        })
        .await;
        assert_eq!(server.total(&admin.token, path).await, of_all + 1, "{path}");
        let both = format!("{path}?exercise=false&exercise_id={run}");
        assert_eq!(server.total(&admin.token, &both).await, 0, "{path}");
        if path != "/api/alerts" {
            let found = server.all(&admin.token, &format!("{path}?exercise_id={run}")).await;
            assert!(found.iter().all(|one| one["exercise_id"] == runs[1]), "{path}: {found:?}");
        }
        server.get(&admin.token, &format!("{path}?exercise=perhaps")).await.problem(400);
        server.get(&admin.token, &format!("{path}?exercise_id=river")).await.problem(400);
        assert_eq!(of_run, server.all(&admin.token, &format!("{path}?exercise_id={run}")).await.len() as u64);
    }
    let claims = format!("/api/claims?exercise_id={}", text(&runs[1]));
    let of_run = eventually("claims of the exercise", async || {
        let claims = server.all(&admin.token, &claims).await;
        (!claims.is_empty()).then_some(claims)
    })
    .await;
    assert!(of_run.iter().all(|claim| claim["exercise_id"] == runs[1]), "{of_run:?}");
    let of_all = server.total(&admin.token, "/api/claims?exercise=true").await;
    assert!(of_all > of_run.len() as u64, "{of_all}");
    assert_eq!(server.total(&admin.token, &format!("{claims}&exercise=false")).await, 0);
    for (asked, listed) in [
        (String::new(), "/api/items".to_owned()),
        ("?exercise=false".to_owned(), "/api/items?exercise=false".to_owned()),
        (format!("?exercise_id={}", text(&runs[1])), format!("/api/items?exercise_id={}", text(&runs[1]))),
    ] {
        let grid = server.get(&admin.token, &format!("/api/items/grid{asked}")).await.expect(StatusCode::OK);
        let all = server.all(&admin.token, &listed).await;
        let located = all.iter().filter(|item| item["location"]["lat"].is_number()).count();
        assert_eq!((&grid["total"], &grid["located"]), (&json!(all.len()), &json!(located)), "{asked}");
    }
    let words = format!("/api/items?q=exercise:{}", text(&runs[0]));
    eventually("the index has them", async || (server.total(&admin.token, &words).await > 0).then_some(()))
        .await;
    let facets = server.get(&admin.token, "/api/items/facets?exercise=false").await.expect(StatusCode::OK);
    assert_eq!(facets["source"], json!({ "civil-protection": 1 }));
}

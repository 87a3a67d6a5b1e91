//! What people write and where they are reached, as others see it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, flood, text};

async fn raised(server: &Server, admin: &Person) -> Value {
    server.ingest(&admin.token, &flood("one")).await;
    server.until_total(&admin.token, "/api/alerts", 1).await;
    server.get(&admin.token, "/api/alerts").await.expect(StatusCode::OK)["items"][0].clone()
}

#[tokio::test]
async fn of_a_programs_address_only_its_owner_and_admins_see_more_than_the_host() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let (ada, bob) =
        (server.person("ada@example.org", "viewer").await, server.person("bob@example.org", "analyst").await);
    let url = "https://bot.example/T0KEN?key=hush";
    let hook = json!({ "label": "bot", "target": { "kind": "webhook", "url": url } });
    server.post(&ada.token, "/api/notifications/devices", &hook).await.expect(StatusCode::CREATED);
    let wants = json!({ "channels": { "alerts": ["webhook"] }, "min_severity": "low" });
    let put = server.request(Method::PUT, &ada.token, "/api/notifications/preferences").json(&wants);
    Answer::of(put).await.expect(StatusCode::OK);
    let alert = raised(&server, &admin).await;
    server.until_total(&admin.token, "/api/outbox?channel=webhook", 1).await;
    let id = text(&server.get(&admin.token, "/api/outbox?channel=webhook").await.body["items"][0]["id"]);
    let paths = [
        "/api/notifications/deliveries?channel=webhook".to_owned(),
        format!("/api/notifications/deliveries/{id}"),
        format!("/api/notifications/why?alert={}&user={}", text(&alert["id"]), ada.id),
        format!("/api/alerts/{}/reach", text(&alert["id"])),
        "/api/outbox?channel=webhook".to_owned(),
        "/api/notifications/suppressions".to_owned(),
    ];
    for path in &paths {
        let seen = server.get(&bob.token, path).await.expect(StatusCode::OK).to_string();
        assert!(!seen.contains("T0KEN") && !seen.contains("hush"), "{path}: {seen}");
        assert_eq!(seen.contains("https://bot.example/…"), seen.contains("bot.example"), "{path}: {seen}");
    }
    for (person, path) in [(&ada, &paths[0]), (&ada, &paths[1]), (&admin, &paths[1]), (&admin, &paths[4])] {
        let seen = server.get(&person.token, path).await.expect(StatusCode::OK).to_string();
        assert!(seen.contains(url), "{path}: {seen}");
    }
}

#[tokio::test]
async fn what_hides_a_part_of_a_text_is_refused_wherever_people_write_one() {
    let server = Server::start_with(&["--set", "notify.sms_prefixes=[\"+91\", \"+39\"]"]).await;
    let admin = server.person("admin@example.org", "admin").await;
    let alert = text(&raised(&server, &admin).await["id"]);
    let item = text(&server.get(&admin.token, "/api/items").await.body["items"][0]["id"]);
    let hours = json!([{ "days": [1], "start": "11:00", "end": "12:00" }]);
    for odd in ["a\u{0}b", "a\u{7}b", "a\u{202E}b", "a\u{2066}b"] {
        for (path, body, field) in [
            ("/api/subscriptions", json!({ "name": odd }), "name"),
            ("/api/subscriptions", json!({ "name": "x", "match": { "keyword": [odd] } }), "match.keyword"),
            ("/api/roles/viewer/subscriptions", json!({ "name": odd }), "name"),
            ("/api/teams", json!({ "name": odd, "members": [admin.id] }), "name"),
            (
                "/api/on-call-schedules",
                json!({ "name": odd, "zone": "UTC", "members": [admin.id], "starts_on": "2026-01-05",
                    "handover": { "every": "day", "hour": 9 } }),
                "name",
            ),
            ("/api/escalation-chains", json!({ "name": odd, "steps": [{ "roles": ["admin"] }] }), "name"),
            (
                "/api/silences",
                json!({ "reason": odd, "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2120-01-01T00:00:00Z" }),
                "reason",
            ),
            ("/api/maintenance-windows", json!({ "reason": odd, "zone": "UTC", "hours": hours }), "reason"),
            (
                "/api/inhibitions",
                json!({ "reason": odd, "source": {}, "target": {}, "within_s": 60 }),
                "reason",
            ),
            (&format!("/api/alerts/{alert}/correct"), json!({ "reason": "x", "title": odd }), "title"),
            (&format!("/api/alerts/{alert}/correct"), json!({ "reason": "x", "message": odd }), "message"),
            (&format!("/api/alerts/{alert}/cancel"), json!({ "reason": odd }), "reason"),
            (
                &format!("/api/collaboration/activity/item:{item}"),
                json!({ "text": odd, "mentions": [admin.id] }),
                "text",
            ),
        ] {
            let problem = server.post(&admin.token, path, &body).await.problem(422);
            assert_eq!(problem["errors"][0]["field"], field, "{path}: {problem}");
            assert!(text(&problem["detail"]).contains("has the character U+"), "{path}: {problem}");
        }
    }
    let phone = |number: &str| json!({ "label": "x", "target": { "kind": "phone", "number": number } });
    let devices = "/api/notifications/devices";
    let problem = server.post(&admin.token, devices, &phone("+34600123456")).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "target.number");
    server.post(&admin.token, devices, &phone("+390551234567")).await.expect(StatusCode::CREATED);
    // What is not known is named with what is.
    let odd = json!({ "name": "x", "match": { "min_severity": "awful" } });
    let problem = server.post(&admin.token, "/api/subscriptions", &odd).await.problem(422);
    let words = "match.min_severity: `awful` is not known here; give low, medium, high or critical";
    assert_eq!(
        (&problem["detail"], &problem["errors"][0]["field"]),
        (&json!(words), &json!("match.min_severity"))
    );
    let problem = server.get(&admin.token, "/api/notifications?unread=perhaps").await.problem(400);
    assert_eq!(problem["errors"][0]["field"], "unread", "{problem}");
    let problem = server.get(&admin.token, "/api/roles/emperor/subscriptions").await.problem(400);
    assert!(text(&problem["detail"]).contains("viewer, analyst, approver or admin"), "{problem}");
}

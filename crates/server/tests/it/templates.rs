//! The desk's own templates: kept by version, tried before they are kept, and tested on oneself.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, flood};

const TEMPLATES: &str = "/api/templates";
const PREVIEW: &str = "/api/templates/preview";
const TEST: &str = "/api/notifications/test";

async fn replace(server: &Server, person: &Person, path: &str, version: u64, body: &Value) -> Answer {
    let request = server.request(Method::PUT, &person.token, path);
    Answer::of(request.header("if-match", format!("\"{version}\"")).json(body)).await
}

fn alert(subject: &str) -> Value {
    json!({ "name": "alert", "locale": "en", "subject": subject, "sms": "{{ severity_word }}: {{ title }}" })
}

#[tokio::test]
async fn a_template_is_made_changed_and_deleted_and_its_versions_stay_readable() {
    let server = Server::start().await;
    let viewer = server.person("viewer@example.org", "viewer").await;
    let analyst = server.person("analyst@example.org", "analyst").await;
    let approver = server.person("approver@example.org", "approver").await;
    let first = alert("Desk: {{ title }}");
    server.post(&analyst.token, TEMPLATES, &first).await.problem(403);
    server.get(&viewer.token, TEMPLATES).await.problem(403);
    server.get(&viewer.token, "/api/templates/variables").await.problem(403);
    server.post(&viewer.token, PREVIEW, &first).await.problem(403);
    let made = server.post(&approver.token, TEMPLATES, &first).await.expect(StatusCode::CREATED);
    server.post(&approver.token, TEMPLATES, &first).await.problem(409);
    let spanish = json!({ "name": "alert", "locale": "es", "text": "{{ message }}" });
    let other = server.post(&approver.token, TEMPLATES, &spanish).await.expect(StatusCode::CREATED);
    let path = format!("{TEMPLATES}/{}", made["id"].as_str().unwrap());
    let second = alert("Changed: {{ title }}");
    replace(&server, &approver, &path, 7, &second).await.problem(412);
    let changed = replace(&server, &approver, &path, 1, &second).await.expect(StatusCode::OK);
    assert_eq!((&changed["version"], &changed["subject"]), (&json!(2), &json!("Changed: {{ title }}")));
    let taken = format!("{TEMPLATES}/{}", other["id"].as_str().unwrap());
    replace(&server, &approver, &taken, 1, &second).await.problem(409);
    assert_eq!(server.total(&analyst.token, TEMPLATES).await, 2);
    let deleted = Answer::of(server.request(Method::DELETE, &approver.token, &path)).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let versions = server.get(&analyst.token, &format!("{path}/versions")).await.expect(StatusCode::OK);
    let all: Vec<_> = versions["items"].as_array().unwrap().iter().collect();
    let told: Vec<_> =
        all.iter().map(|one| (one["version"].as_u64(), one["it"]["subject"].as_str())).collect();
    assert_eq!(told, [(Some(2), Some("Changed: {{ title }}")), (Some(1), Some("Desk: {{ title }}"))]);
    assert_eq!(all[0]["by"], "approver");
    let nobodys = format!("{TEMPLATES}/00000000-0000-0000-0000-000000000000/versions");
    server.get(&analyst.token, &nobodys).await.problem(404);
}

#[tokio::test]
async fn what_is_wrong_with_a_template_is_said_with_part_line_and_reason() {
    let server = Server::start().await;
    let approver = server.person("approver@example.org", "approver").await;
    let wrong = json!({ "name": "alert", "locale": "en", "subject": "{{ title", "text": "one\n{{ secret }}",
        "html": "{% include 'x' %}", "sms": "{{ 'x' * 10000000 }}" });
    for path in [TEMPLATES, PREVIEW] {
        let problem = server.post(&approver.token, path, &wrong).await.problem(422);
        let errors = problem["errors"].as_array().unwrap();
        let fields: Vec<&str> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!(fields, ["subject", "text", "html"]);
        let why = errors[1]["problem"].as_str().unwrap();
        assert!(why.starts_with("line 2: there is no `secret`; there are: title, message"), "{why}");
    }
    let large = json!({ "name": "alert", "locale": "en", "sms": "{{ 'x' * 10000000 }}" });
    let problem = server.post(&approver.token, TEMPLATES, &large).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "sms");
    let nameless = json!({ "name": "gossip", "locale": "en", "text": "x" });
    server.post(&approver.token, TEMPLATES, &nameless).await.problem(422);
    let all = server.get(&approver.token, "/api/templates/variables").await.expect(StatusCode::OK);
    assert_eq!(all.as_array().unwrap().len(), 7);
    assert_eq!(
        all[0]["variables"][0],
        json!({ "name": "title", "meaning": "one line", "example": "Flood in Valencia", "html_only": false, "webhook_only": false })
    );
}

#[tokio::test]
async fn a_preview_has_an_alerts_own_data_and_what_each_channel_makes_of_it() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    server.ingest(&admin.token, &flood("one")).await;
    server.until_total(&admin.token, "/api/alerts", 1).await;
    let raised = server.get(&admin.token, "/api/alerts").await.expect(StatusCode::OK)["items"][0].clone();
    let mut template = json!({ "name": "alert", "locale": "hi", "subject": "{{ severity_word }} {{ title }}",
        "html": "<p>{{ area }} {{ name }}</p>", "alert_id": raised["id"] });
    let shown = server.post(&admin.token, PREVIEW, &template).await.expect(StatusCode::OK);
    let subject = format!("अत्यंत गंभीर {}", raised["title"].as_str().unwrap());
    assert_eq!((&shown["subject"], &shown["push"]["title"]), (&json!(subject), &json!(subject)));
    assert_eq!(shown["html"], format!("<p>{} admin</p>", raised["area"].as_str().unwrap()));
    assert_eq!(shown["sms"]["encoding"], "UCS-2");
    assert!(
        shown["sms"]["segments"].as_u64().unwrap() >= 1 && shown["text"].as_str().unwrap().contains("बाढ़")
    );
    template["alert_id"] = json!("00000000-0000-0000-0000-000000000000");
    server.post(&admin.token, PREVIEW, &template).await.problem(404);
    for name in ["alert", "correction", "escalation", "digest", "new_item", "claim_verified"] {
        for locale in ["en", "es", "hi", "mr", "pt-BR"] {
            let bare = json!({ "name": name, "locale": locale });
            let shown = server.post(&admin.token, PREVIEW, &bare).await.expect(StatusCode::OK);
            assert!(shown["html"].as_str().unwrap().contains("<html lang="), "{name} {locale} {shown}");
        }
    }
}

#[tokio::test]
async fn people_are_told_by_the_desks_template_once_there_is_one() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let mut template = alert("Desk: {{ title }}");
    template["html"] = json!("<p>{{ message }} {{ hazard_word }}</p>");
    server.post(&admin.token, TEMPLATES, &template).await.expect(StatusCode::CREATED);
    let wanted = json!({ "channels": { "alerts": ["inbox", "email"] } });
    Answer::of(server.request(Method::PUT, &admin.token, "/api/notifications/preferences").json(&wanted))
        .await;
    server.ingest(&admin.token, &flood("one")).await;
    server.until_total(&admin.token, "/api/outbox", 1).await;
    let mail = server.get(&admin.token, "/api/outbox").await.expect(StatusCode::OK)["items"][0].clone();
    assert!(mail["subject"].as_str().unwrap().starts_with("Desk: "), "{mail}");
    assert!(mail["html"].as_str().unwrap().ends_with(" flood</p>"), "{mail}");
}

#[tokio::test]
async fn a_test_goes_to_ones_own_addresses_and_only_a_few_of_them_within_a_minute() {
    let server = Server::start().await;
    let analyst = server.person("analyst@example.org", "analyst").await;
    server.post(&analyst.token, TEST, &json!({ "channel": "sms" })).await.problem(422);
    let hostile =
        json!({ "channel": "email", "template": { "name": "alert", "locale": "en", "text": "{{ x }}" } });
    let problem = server.post(&analyst.token, TEST, &hostile).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "template.text");
    let test = json!({ "channel": "email", "template": alert("{{ title }}\r\nBcc: x@example.org") });
    let sent = server.post(&analyst.token, TEST, &test).await.expect(StatusCode::ACCEPTED);
    assert_eq!(sent["deliveries"].as_array().unwrap().len(), 1);
    server.until_total(&analyst.token, "/api/outbox", 1).await;
    let mail = server.get(&analyst.token, "/api/outbox").await.expect(StatusCode::OK)["items"][0].clone();
    assert_eq!(
        (&mail["to"], &mail["subject"]),
        (&json!("analyst@example.org"), &json!("Test: Flood in Valencia Bcc: x@example.org"))
    );
    let path = format!("/api/notifications/deliveries/{}", sent["deliveries"][0].as_str().unwrap());
    let history = server.get(&analyst.token, &path).await.expect(StatusCode::OK);
    assert_eq!(history["reason"], "test asked for by analyst");
    for _ in 0..4 {
        server.post(&analyst.token, TEST, &json!({ "channel": "inbox" })).await.expect(StatusCode::ACCEPTED);
    }
    server.post(&analyst.token, TEST, &json!({ "channel": "inbox" })).await.problem(429);
    assert_eq!(server.total(&analyst.token, "/api/notifications").await, 5);
}

#[tokio::test]
async fn a_preview_shows_the_body_of_a_webhook_in_its_envelope() {
    let server = Server::start().await;
    let analyst = server.person("analyst@example.org", "analyst").await;
    let bare = json!({ "name": "alert", "locale": "en" });
    let shipped = server.post(&analyst.token, PREVIEW, &bare).await.expect(StatusCode::OK)["webhook"].clone();
    assert_eq!((&shipped["type"], &shipped["data"]["priority"]), (&json!("alert"), &json!("high")));
    assert!(shipped["data"]["subject"].as_str().unwrap().contains("Flood in Valencia"), "{shipped}");
    let own = json!({ "name": "correction", "locale": "en", "webhook": "{\"text\": {{ title }}, \"n\": {{ revision }}}" });
    let shown = server.post(&analyst.token, PREVIEW, &own).await.expect(StatusCode::OK)["webhook"].clone();
    assert_eq!((&shown["type"], &shown["timestamp"]), (&json!("correction"), &shipped["timestamp"]));
    assert_eq!(shown["data"], json!({ "text": "Flood in Valencia", "n": 2 }));
    let digest = json!({ "name": "digest", "locale": "en" });
    assert_eq!(
        server.post(&analyst.token, PREVIEW, &digest).await.expect(StatusCode::OK)["webhook"],
        Value::Null
    );
    let wrong = json!({ "name": "alert", "locale": "en", "webhook": "{\"text\": \"{{ title }}\"}" });
    let problem = server.post(&analyst.token, PREVIEW, &wrong).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "webhook");
}

#[tokio::test]
async fn a_test_is_what_people_will_have_with_the_templates_own_page_and_data() {
    let server = Server::start().await;
    let analyst = server.person("analyst@example.org", "analyst").await;
    let hook = json!({ "label": "bot", "target": { "kind": "webhook", "url": "https://bot.example/hook" } });
    server.post(&analyst.token, "/api/notifications/devices", &hook).await.expect(StatusCode::CREATED);
    let mut template = alert("{{ title }}");
    template["html"] = json!("<b>{{ name }}</b> <i>{{ message }}</i> {{ unsubscribe }}");
    template["webhook"] = json!("{\"text\": {{ title }}}");
    let test = async |channel: &str, template: &Value| {
        let asked = json!({ "channel": channel, "template": template });
        let sent = server.post(&analyst.token, TEST, &asked).await.expect(StatusCode::ACCEPTED);
        let id = sent["deliveries"][0].as_str().unwrap().to_owned();
        crate::support::eventually("the test is in the outbox", async || {
            let all = server.get(&analyst.token, "/api/outbox").await.expect(StatusCode::OK);
            all["items"].as_array().unwrap().iter().find(|one| one["id"] == id.as_str()).cloned()
        })
        .await
    };
    let mail = test("email", &template).await;
    assert_eq!(mail["subject"], "Test: Flood in Valencia");
    let banner = "This is a test message.";
    let html = mail["html"].as_str().unwrap();
    assert!(html.starts_with("<!doctype html>") && html.contains(banner), "{html}");
    assert!(html.contains("</p>\n<b>analyst</b> <i>The river is over its banks."), "{html}");
    assert!(mail["text"].as_str().unwrap().starts_with(banner), "{mail}");
    // Without a page of its own, in the frame that everybody's mails have.
    let framed = test("email", &alert("{{ title }}")).await;
    let html = framed["html"].as_str().unwrap();
    assert!(html.contains("<html lang=\"en\">") && html.contains("Hello analyst,"), "{html}");
    assert!(html.find(banner) < html.find("Hello analyst,"), "{html}");
    let digest =
        test("email", &json!({ "name": "digest", "locale": "en", "text": "{{ count }} for {{ name }}" }))
            .await;
    let text = digest["text"].as_str().unwrap();
    assert!(text.starts_with(banner) && text.ends_with("\n\n2 for Ada"), "{text}");
    assert!(digest["html"].as_str().unwrap().contains("<html lang="), "{digest}");
    let sent = test("webhook", &template).await["payload"].clone();
    assert_eq!(
        (&sent["type"], &sent["test"], &sent["data"]),
        (&json!("alert"), &json!(true), &json!({ "text": "Flood in Valencia" }))
    );
}

/// Whoever registers can give any address: what goes there is in our words, and says that it is a test.
#[tokio::test]
async fn who_is_no_analyst_tests_the_shipped_templates_alone() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let viewer = server.person("viewer@example.org", "viewer").await;
    for part in ["subject", "text", "html", "sms", "push", "webhook"] {
        let template = json!({ "name": "alert", "locale": "en", part: "\"Sign in at evil.example\"" });
        let asked = json!({ "channel": "email", "template": template });
        let refused = server.post(&viewer.token, TEST, &asked).await.problem(403);
        assert!(refused["detail"].as_str().unwrap().contains("test the shipped one"), "{refused}");
    }
    let shipped = json!({ "channel": "email", "template": { "name": "alert", "locale": "es" } });
    for asked in [json!({ "channel": "email" }), shipped] {
        server.post(&viewer.token, TEST, &asked).await.expect(StatusCode::ACCEPTED);
    }
    server.until_total(&admin.token, "/api/outbox", 2).await;
    let mails = server.get(&admin.token, "/api/outbox").await.expect(StatusCode::OK)["items"].clone();
    for banner in ["This is a test message.", "Este es un mensaje de prueba."] {
        let is_marked = |mail: &Value| {
            mail["text"].as_str().unwrap().starts_with(banner)
                && mail["html"].as_str().unwrap().contains(banner)
        };
        assert!(mails.as_array().unwrap().iter().any(is_marked), "{banner}: {mails}");
    }
}

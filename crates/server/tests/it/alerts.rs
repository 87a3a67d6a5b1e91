//! From an official warning to everybody who asked for it.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::path::{Path, PathBuf};
use std::process::Command;

use crisislens_testkit::tools::lacks;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::socket::{Events, Socket};
use crate::support::{Answer, Person, Server, eventually, eventually_within, flood, note, recordings, text};

/// A whole exercise has come this far within this, on a machine that does other things too.
const BUSY: std::time::Duration = std::time::Duration::from_secs(120);

async fn prefers(server: &Server, person: &Person, preferences: Value) {
    let request =
        server.request(Method::PUT, &person.token, "/api/notifications/preferences").json(&preferences);
    Answer::of(request).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn an_official_critical_item_reaches_everybody_who_asked_for_it_once() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let ada = server.person("ada@example.org", "viewer").await;
    let bob = server.person("bob@example.org", "viewer").await;
    prefers(&server, &ada, json!({"inbox": true, "email": true, "min_severity": "critical"})).await;
    prefers(&server, &bob, json!({"inbox": false, "email": false, "min_severity": "low"})).await;
    let mut stream = Events::open(&server, "/api/sse/alerts", &ada.token, None).await;
    let mut own = Socket::open(&server, "/ws", &ada.token).await;
    own.send(&json!({"type": "join_room", "room": format!("user:{}", ada.id)})).await;
    own.until("joined_room").await;

    let item = server.ingest(&admin.token, &flood("one")).await.remove(0);
    let event = stream.until("alert").await;
    assert!(event.id.is_some());
    let alert = event.data["data"].clone();
    assert_eq!((&event.data["severity"], &alert["severity"]), (&json!("critical"), &json!("critical")));
    assert_eq!(
        (&alert["item_id"], &alert["status"], &alert["revision"]),
        (&json!(item), &json!("actual"), &json!(1))
    );
    assert_eq!((&alert["hazard"], &alert["country"]), (&json!("flood"), &json!("IT")));

    let alerts = server.get(&ada.token, "/api/alerts").await.expect(StatusCode::OK);
    assert_eq!((&alerts["total"], &alerts["items"][0]), (&json!(1), &alert));
    let path = format!("/api/alerts/{}", alert["id"].as_str().unwrap());
    let history = server.get(&ada.token, &path).await.expect(StatusCode::OK);
    assert_eq!(history["revisions"].as_array().map(Vec::len), Some(1));

    let pushed = own.until("notification").await["data"].clone();
    assert_eq!((&pushed["recipient"], &pushed["alert_id"]), (&json!(ada.id), &alert["id"]));
    let inbox = eventually("the inbox has it, and the mail has left", async || {
        let inbox = server.get(&ada.token, "/api/notifications").await.expect(StatusCode::OK);
        (inbox["items"][0]["deliveries"][1]["status"] == "sent").then_some(inbox)
    })
    .await;
    let notification = &inbox["items"][0];
    assert_eq!((&inbox["unread"], &notification["id"]), (&json!(1), &pushed["id"]));
    let deliveries = notification["deliveries"].as_array().unwrap();
    assert!(deliveries.iter().all(|delivery| delivery["status"] == "sent"), "{notification}");

    let outbox = server.get(&admin.token, "/api/outbox").await.expect(StatusCode::OK);
    assert_eq!((&outbox["total"], &outbox["items"][0]["to"]), (&json!(1), &json!("ada@example.org")));
    assert_eq!(outbox["items"][0]["notification_id"], pushed["id"]);
    assert_eq!(server.total(&bob.token, "/api/notifications").await, 0, "who asked for nothing gets nothing");

    let incidents =
        server.get(&ada.token, "/api/incidents?hazard=flood&status=open").await.expect(StatusCode::OK);
    assert_eq!((&incidents["total"], &incidents["items"][0]["id"]), (&json!(1), &alert["incident_id"]));
    assert_eq!(server.item(&ada.token, &item).await["incident_id"], alert["incident_id"]);

    let id = pushed["id"].as_str().unwrap();
    let read = format!("/api/notifications/{id}/read");
    server.post(&bob.token, &read, &Value::Null).await.problem(404);
    assert_eq!(server.post(&ada.token, &read, &Value::Null).await.status, StatusCode::NO_CONTENT);
    let inbox = server.get(&ada.token, "/api/notifications?unread=true").await.expect(StatusCode::OK);
    assert_eq!((&inbox["total"], &inbox["unread"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn the_same_warning_again_and_quiet_notes_raise_nothing_more() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    server.ingest(&admin.token, &flood("one")).await;
    server.until_total(&admin.token, "/api/notifications", 1).await;
    for _ in 0..3 {
        server.ingest(&admin.token, &json!([flood("one"), note(1), note(2)])).await;
    }
    crate::log_view::settled(&server, &admin.token).await;
    assert_eq!(server.total(&admin.token, "/api/items").await, 3);
    assert_eq!(server.total(&admin.token, "/api/alerts").await, 1);
    assert_eq!(server.total(&admin.token, "/api/notifications").await, 1);
    let alert = server.get(&admin.token, "/api/alerts").await.expect(StatusCode::OK)["items"][0].clone();
    assert_eq!(alert["revision"], 1);
}

#[tokio::test]
async fn an_exercise_says_so_everywhere() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    prefers(&server, &admin, json!({"inbox": true, "email": true, "min_severity": "low"})).await;
    let mut entry = flood("drill");
    entry["exercise"] = json!(true);
    let id = server.ingest(&admin.token, &entry).await.remove(0);
    server.until_total(&admin.token, "/api/outbox", 1).await;
    assert_eq!(server.item(&admin.token, &id).await["exercise"], true);
    let first =
        async |path: &str| server.get(&admin.token, path).await.expect(StatusCode::OK)["items"][0].clone();
    assert_eq!(first("/api/incidents").await["exercise"], true);
    assert_eq!(first("/api/alerts").await["status"], "exercise");
    assert_eq!(first("/api/notifications").await["exercise"], true);
    let mail = first("/api/outbox").await;
    assert_eq!(mail["exercise"], true);
    assert!(mail["subject"].as_str().unwrap().contains("EXERCISE"), "{mail}");
}

fn write(documents: &[String]) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> =
        (0..documents.len()).map(|number| folder.path().join(format!("{number}.xml"))).collect();
    for (path, document) in paths.iter().zip(documents) {
        std::fs::write(path, document).unwrap();
    }
    (folder, paths)
}

/// All of these are signed by the key of a certificate. Skipped, with a line that says so, where there is no xmlsec1.
fn assert_signed(documents: &[String], certificate: &Path) {
    let (_folder, paths) = write(documents);
    for path in &paths {
        let verify =
            Command::new("xmlsec1").args(["--verify", "--trusted-pem"]).arg(certificate).arg(path).output();
        let Ok(verify) = verify else {
            lacks("xmlsec1", "xmlsec1");
            return;
        };
        assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stderr));
    }
}

/// All of these are valid by the schema of CAP 1.2. Skipped, with a line that says so, where there is no xmllint.
fn assert_valid(documents: &[String]) {
    let (_folder, paths) = write(documents);
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../notify/schemas/cap12.xsd");
    let lint =
        Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(schema).args(&paths).output();
    let Ok(lint) = lint else {
        lacks("xmllint", "libxml2-utils");
        return;
    };
    assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stderr));
}

#[tokio::test]
async fn every_alert_of_an_exercise_is_valid_signed_cap_and_marked_as_one() {
    let recordings = recordings().display().to_string();
    let mut server = Server::prepare(&["--exercise", &recordings, "--speed", "1000"]);
    let certificate = server.data_dir().with_file_name("cert.pem");
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(&certificate, rcgen::CertificateParams::default().self_signed(&key).unwrap().pem())
        .unwrap();
    std::fs::write(certificate.with_file_name("key.pem"), key.serialize_pem()).unwrap();
    server.set("alerts.key_file=key.pem");
    server.set("alerts.cert_file=cert.pem");
    server.restart().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let alerts = eventually_within(BUSY, "some alerts, one of them revised", async || {
        let alerts = server.all(&ada.token, "/api/alerts").await;
        (alerts.len() >= 5 && alerts.iter().any(|alert| alert["revision"].as_u64() > Some(1)))
            .then_some(alerts)
    });
    let mut documents = Vec::new();
    for alert in alerts.await {
        let (id, newest) = (text(&alert["id"]), alert["revision"].as_u64().unwrap());
        for revision in 1..=newest {
            let path = format!("/api/alerts/{id}/cap?revision={revision}");
            let answer = server.request(Method::GET, &ada.token, &path).send().await.unwrap();
            assert_eq!(answer.headers()["content-type"], "application/cap+xml");
            let document = answer.text().await.unwrap();
            assert!(
                document.contains("<status>Exercise</status>")
                    && document.contains("<scope>Restricted</scope>")
            );
            assert_eq!(document.contains("<references>"), revision > 1, "{document}");
            documents.push(document);
        }
    }
    assert_valid(&documents);
    assert_signed(&documents, &certificate);
    let feed = server.request(Method::GET, &ada.token, "/api/alerts/feed").send().await.unwrap();
    assert_eq!(feed.headers()["content-type"], "application/atom+xml");
    let entries = |feed: &str| -> Vec<String> {
        feed.split("<id>urn:uuid:").skip(1).map(|rest| rest.chars().take(36).collect()).collect()
    };
    assert!(entries(&feed.text().await.unwrap()).len() >= 5);
    let get = async |path: &str| {
        server.request(Method::GET, &ada.token, path).send().await.unwrap().text().await.unwrap()
    };
    // Alerts that grow meanwhile move to the front.
    eventually("the pages have what one has", async || {
        let (mut paged, mut path) = (Vec::new(), "/api/alerts/feed?limit=2".to_owned());
        loop {
            let page = get(&path).await;
            let next = page.split_once(r#"<link rel="next" type="application/atom+xml" href=""#);
            assert!(entries(&page).len() <= 2, "{page}");
            paged.extend(entries(&page));
            let Some((_, next)) = next else { break };
            path = next.split('"').next().unwrap().replace("&amp;", "&");
        }
        (paged == entries(&get("/api/alerts/feed?limit=200").await)).then_some(())
    })
    .await;
    server.get(&ada.token, "/api/alerts/feed?cursor=x").await.problem(400);
    for (path, status) in
        [("/api/alerts/00000000-0000-0000-0000-000000000000/cap", 404), ("/api/alerts/seven/cap", 400)]
    {
        server.get(&ada.token, path).await.problem(status);
    }
    server.get("", "/api/alerts/feed").await.problem(401);
}

#[tokio::test]
async fn a_correction_says_its_own_reason_in_full_and_none_that_was_given_before() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    server.ingest(&admin.token, &flood("one")).await;
    server.until_total(&admin.token, "/api/alerts", 1).await;
    let alert = server.get(&admin.token, "/api/alerts").await.expect(StatusCode::OK)["items"][0].clone();
    let raised = alert["message"].as_str().unwrap().to_owned();
    let path = format!("/api/alerts/{}/correct", alert["id"].as_str().unwrap());
    let correct = async |body: Value| -> String {
        let corrected = server.post(&admin.token, &path, &body).await.expect(StatusCode::OK);
        corrected["message"].as_str().unwrap().to_owned()
    };
    for reason in ["the gauge was read wrong", "the gauge was read right. Corrected: twice", "a third time"] {
        let message = correct(json!({ "reason": reason })).await;
        assert_eq!(message, format!("{raised} Corrected: {reason}"));
    }
    let message = correct(json!({ "reason": "said by the mayor", "message": "Stay at home." })).await;
    assert_eq!(message, "Stay at home. Corrected: said by the mayor");
    let message = correct(json!({ "reason": "the street was missing", "area": "Harbour" })).await;
    assert_eq!(message, "Stay at home. Corrected: the street was missing");
    let revisions = server.get(&admin.token, path.trim_end_matches("/correct")).await.expect(StatusCode::OK)
        ["revisions"]
        .clone();
    let kept = revisions.to_string();
    assert!(kept.contains("the gauge was read wrong"), "each revision keeps its own: {kept}");
}

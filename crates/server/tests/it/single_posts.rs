//! What one post can do by itself: raise an alert for those inside, and no critical one; and one that is no news of what is, nothing.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, eventually, text};

const GRAVE: &str =
    "Massive earthquake in Bologna, buildings collapsed, 40 dead, hundreds injured and trapped, evacuate now";

fn post(author: &str, words: &str) -> Value {
    json!({ "source": "posts", "source_id": format!("{author} {words}"), "author": author, "text": words })
}

/// A rule that tells of every earthquake, as bad as its incident is.
async fn every_quake(server: &Server, admin: &Person) {
    let rule = json!({ "name": "Quakes", "when": [{ "hazard": ["earthquake"] }] });
    server.post(&admin.token, "/api/alert-rules", &rule).await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn one_post_is_told_as_high_for_those_inside_and_a_second_voice_makes_it_critical() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    every_quake(&server, &admin).await;
    let first = server.ingest(&admin.token, &post("eve", GRAVE)).await.remove(0);
    server.until_total(&admin.token, "/api/alerts", 1).await;
    let alert = async || {
        let alerts = server.get(&admin.token, "/api/alerts").await.expect(StatusCode::OK);
        alerts["items"][0].clone()
    };
    assert_eq!(server.item(&admin.token, &first).await["severity"], "critical");
    let raised = alert().await;
    assert_eq!((&raised["severity"], raised.get("approved_by")), (&json!("high"), None));
    assert!(text(&raised["message"]).contains("neither an authority nor two independent voices"), "{raised}");
    assert!(text(&raised["data"]["held"]).contains("not critical"), "{raised}");
    let path = format!("/api/alerts/{}/cap", text(&raised["id"]));
    let cap = server.request(Method::GET, &admin.token, &path).send().await.unwrap().text().await.unwrap();
    assert!(
        cap.contains("<scope>Restricted</scope>") && cap.contains("<severity>Severe</severity>"),
        "{cap}"
    );
    // The same person again, in other words, and somebody who says nothing grave.
    let again = "Buildings collapsed all over Bologna by the earthquake, dozens dead, people trapped under rubble, 45 dead now";
    let calm = "Small earthquake felt in Bologna, nothing happened here";
    let more = server.ingest(&admin.token, &json!([post("eve", again), post("carl", calm)])).await;
    for id in &more {
        eventually("it is in the incident", async || {
            server.item(&admin.token, id).await["incident_id"].as_str().map(|_| ())
        })
        .await;
    }
    crate::log_view::settled(&server, &admin.token).await;
    assert_eq!(alert().await["severity"], "high");
    let other =
        "Earthquake in Bologna: our street has collapsed, at least 30 dead, many missing, we need rescue";
    server.ingest(&admin.token, &post("dora", other)).await;
    let told = eventually("a second voice counts", async || {
        let alert = alert().await;
        (alert["severity"] == "critical").then_some(alert)
    })
    .await;
    assert_eq!((told["data"].get("held"), told.get("approved_by")), (None, None));
    let incident = format!("/api/incidents/{}", text(&told["incident_id"]));
    let incident = server.get(&admin.token, &incident).await.expect(StatusCode::OK);
    assert_eq!(incident["backing"]["groups"], json!([["author:dora"], ["author:eve"]]));
    assert_eq!(incident["backing"]["sure"], false);
}

#[tokio::test]
async fn a_drill_a_film_and_a_figure_of_speech_raise_nothing_and_are_there_with_their_reasons() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    every_quake(&server, &admin).await;
    let words = [
        format!("DRILL DRILL DRILL. {GRAVE}"),
        format!("{GRAVE}. This is only an exercise."),
        format!("In the movie: {GRAVE}"),
        "What an earthquake of a match in Bologna, 40 dead tired fans".to_owned(),
    ];
    let posts: Vec<Value> = words.iter().map(|words| post("eve", words)).collect();
    let ids = server.ingest(&admin.token, &json!(posts)).await;
    server.until_total(&admin.token, "/api/items", 4).await;
    crate::log_view::settled(&server, &admin.token).await;
    assert_eq!(server.total(&admin.token, "/api/alerts").await, 0);
    assert_eq!(server.total(&admin.token, "/api/incidents").await, 0);
    assert_eq!(server.total(&admin.token, "/api/claims").await, 0);
    for (id, kind) in ids.iter().zip(["drill", "drill", "fiction", "figurative"]) {
        let item = server.item(&admin.token, id).await;
        assert_eq!((&item["severity"], &item["risk_level"]), (&json!("low"), &json!("low")), "{item}");
        assert!(item.get("exercise").is_none_or(|flag| flag == false), "words set no flag: {item}");
        let path = format!("/api/items/{id}/explanation");
        let explained = server.get(&admin.token, &path).await.expect(StatusCode::OK);
        assert_eq!(explained["framing"]["kind"], kind, "{explained}");
        assert!(text(&explained["framing"]["why"]).contains('“'), "{explained}");
    }
    assert_eq!(server.total(&admin.token, "/api/items?hazard=earthquake").await, 3, "none is hidden");
}

#[tokio::test]
async fn a_status_that_a_person_sets_is_in_the_audit_log_as_it_was_and_as_it_is() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let ada = server.person("ada@example.org", "analyst").await;
    let id = server.ingest(&admin.token, &post("eve", "quiet day")).await.remove(0);
    server.until_total(&admin.token, "/api/items", 1).await;
    let path = format!("/api/items/{id}");
    let set = async |version: &Value, body: Value| {
        let request = server.request(Method::PATCH, &ada.token, &path);
        Answer::of(request.header("if-match", format!("\"{version}\"")).json(&body)).await
    };
    let item = server.item(&admin.token, &id).await;
    let verified = set(&item["version"], json!({ "status": "verified" })).await.expect(StatusCode::OK);
    set(&item["version"], json!({ "status": "dismissed" })).await.problem(412);
    let same = set(&verified["version"], json!({ "status": "verified", "tags": ["x"] })).await;
    let same = same.expect(StatusCode::OK);
    set(&same["version"], json!({ "status": "dismissed" })).await.expect(StatusCode::OK);
    let audit = server.all(&admin.token, "/api/audit").await;
    let mut noted: Vec<&Value> = audit.iter().filter(|entry| entry["action"] == "item.status").collect();
    noted.reverse();
    let said: Vec<_> = noted
        .iter()
        .map(|entry| (&entry["detail"]["before"]["status"], &entry["detail"]["after"]["status"]))
        .collect();
    assert_eq!(said, [(&json!("new"), &json!("verified")), (&json!("verified"), &json!("dismissed"))]);
    assert!(
        noted
            .iter()
            .all(|entry| entry["actor"] == json!(ada.id) && entry["subject"] == json!(format!("items/{id}")))
    );
}

#[tokio::test]
async fn names_that_stand_twice_texts_that_show_nothing_and_queries_without_a_word_are_refused() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let twice = r#"{"source": "posts", "source_id": "1", "text": "a", "text": "b"}"#;
    let inside = r#"{"source": "posts", "source_id": "1", "text": "a", "raw_data": {"x": 1, "\u0078": 2}}"#;
    for kind in ["application/json", "text/plain"] {
        for (body, field) in
            [(twice, "text"), (inside, "raw_data.x"), (&*format!("[{inside}]"), "0.raw_data.x")]
        {
            let problem = server.ingest_bytes(&admin.token, kind, body.to_owned()).await.problem(400);
            assert_eq!(problem["errors"][0]["field"], field, "{problem}");
            assert!(text(&problem["detail"]).contains("twice"), "{problem}");
        }
    }
    let lines = format!("{twice}\n{}\n", json!({"source": "posts", "source_id": "2", "text": "calm"}));
    let taken =
        server.ingest_bytes(&admin.token, "application/x-ndjson", lines).await.expect(StatusCode::ACCEPTED);
    assert_eq!((&taken["accepted"], &taken["rejected"][0]["field"]), (&json!(1), &json!("[0].text")));
    // A map within a struct, on another route.
    let preferences = r#"{"channels": {"alerts": ["inbox"], "alerts": []}}"#;
    let request = server.request(Method::PUT, &admin.token, "/api/notifications/preferences");
    let request = request.header("content-type", "application/json").body(preferences);
    let problem = Answer::of(request).await.problem(400);
    assert_eq!(problem["errors"][0]["field"], "channels.alerts", "{problem}");

    for unseen in [
        "\u{200B}\u{200B}",
        "\u{FEFF}\u{2060}\n",
        "\u{0}\u{1}",
        "\u{3164}",
        "\u{E0041}\u{AD}",
        " \u{200D}\u{FE0F}",
    ] {
        let entry = json!({"source": "posts", "source_id": "3", "text": unseen, "title": "\u{200B}"});
        let problem = server.post(&admin.token, "/api/ingest", &entry).await.problem(422);
        assert!(problem["errors"].to_string().contains("is empty"), "{problem}");
    }
    let seen = json!({"source": "posts", "source_id": "4", "text": "\u{200B}ok\u{200B}"});
    server.ingest(&admin.token, &seen).await;

    for q in ["-", "--", "%00", "%01%1F", "%E2%80%8B", "..."] {
        let problem = server.get(&admin.token, &format!("/api/items?q={q}")).await.problem(400);
        assert_eq!(problem["errors"][0]["field"], "q", "{problem}");
    }
    server.get(&admin.token, "/api/items?q=%20").await.expect(StatusCode::OK);
    server.get(&admin.token, "/api/claims?exercise_id=river").await.problem(400);
    let none = "/api/claims?exercise_id=00000000-0000-4000-8000-000000000000";
    assert_eq!(server.total(&admin.token, none).await, 0);
}

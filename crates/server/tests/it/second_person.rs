//! Nothing is public that one person alone has worded: whoever had a hand in what an alert says is not the one to approve it.
#![expect(clippy::unwrap_used, reason = "test support")]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, eventually, flood, text};

/// A desk with two approvers and an alert that a rule has raised.
struct Desk {
    server: Server,
    admin: Person,
    ada: Person,
    ben: Person,
    alert: String,
}

impl Desk {
    async fn start() -> Self {
        Self::of(&flood("one")).await
    }

    /// The same where the alert is of this entry.
    async fn of(entry: &Value) -> Self {
        let server = Server::start().await;
        let admin = server.person("admin@example.org", "admin").await;
        let ada = server.person("ada@example.org", "approver").await;
        let ben = server.person("ben@example.org", "approver").await;
        server.ingest(&admin.token, entry).await;
        server.until_total(&admin.token, "/api/alerts", 1).await;
        let alerts = server.get(&admin.token, "/api/alerts").await.expect(StatusCode::OK);
        let alert = format!("/api/alerts/{}", text(&alerts["items"][0]["id"]));
        Self { server, admin, ada, ben, alert }
    }

    async fn alert(&self) -> Value {
        self.server.get(&self.ada.token, &self.alert).await.expect(StatusCode::OK)
    }

    async fn says(&self, who: &Person, what: &str, body: &Value) -> Answer {
        self.server.post(&who.token, &format!("{}/{what}", self.alert), body).await
    }

    /// Approves the revision that `who` has read.
    async fn approves(&self, who: &Person, revision: &Value) -> Answer {
        let path = format!("{}/approve", self.alert);
        let request = self.server.request(Method::POST, &who.token, &path);
        Answer::of(request.header("if-match", format!("\"{revision}\""))).await
    }

    async fn cap(&self) -> String {
        let path = format!("{}/cap", self.alert);
        self.server.request(Method::GET, &self.ada.token, &path).send().await.unwrap().text().await.unwrap()
    }

    /// Another source tells of it, so that the rule revises the alert.
    async fn grows(&self, source: &str, words: &str) -> Value {
        let before = self.alert().await["revision"].as_u64();
        let mut entry = flood(source);
        (entry["source"], entry["title"], entry["text"]) = (json!(source), json!(words), json!(words));
        self.server.ingest(&self.admin.token, &entry).await;
        eventually("a revision by the rule", async || {
            let alert = self.alert().await;
            (alert["revision"].as_u64() > before && alert["type"] == "update").then_some(alert)
        })
        .await
    }
}

#[tokio::test]
async fn who_has_corrected_an_alert_does_not_approve_it_and_what_was_approved_is_public_no_more() {
    let desk = Desk::start().await;
    let public = desk.says(&desk.ada, "approve", &Value::Null).await.expect(StatusCode::OK);
    assert_eq!((&public["approved_by"], &public["revision"]), (&json!("ada"), &json!(2)));
    assert!(desk.cap().await.contains("<scope>Public</scope>"));
    for (field, value) in
        [("title", json!("Leave the city")), ("severity", json!("low")), ("area", json!("Everywhere"))]
    {
        let corrected = desk.says(&desk.ada, "correct", &json!({ "reason": "x", field: value })).await;
        let corrected = corrected.expect(StatusCode::OK);
        assert_eq!((&corrected[field], corrected.get("approved_by")), (&value, None));
        assert_eq!(corrected["data"]["hands"], json!([desk.ada.id]));
        let cap = desk.cap().await;
        assert!(cap.contains("<scope>Restricted</scope>") && !cap.contains("approved_by"), "{cap}");
        let own = desk.approves(&desk.ada, &corrected["revision"]).await.problem(403);
        assert!(text(&own["detail"]).contains("second person"), "{own}");
        // The second person agrees to what they have read, and to nothing else.
        desk.says(&desk.ben, "approve", &Value::Null).await.problem(428);
        desk.approves(&desk.ben, &json!(corrected["revision"].as_u64().unwrap() - 1)).await.problem(412);
        let approved = desk.approves(&desk.ben, &corrected["revision"]).await.expect(StatusCode::OK);
        assert_eq!((&approved["approved_by"], approved["data"].get("hands")), (&json!("ben"), None));
        assert!(desk.cap().await.contains("<scope>Public</scope>"));
    }
    let audit = desk.server.all(&desk.admin.token, "/api/audit").await;
    let of = |action: &str| audit.iter().filter(|entry| entry["action"] == action).count();
    assert_eq!((of("alert.approve"), of("alert.correct")), (4, 3));
    let entry = audit.iter().find(|entry| entry["action"] == "alert.correct").unwrap();
    assert_eq!(
        (&entry["detail"]["before"]["approved_by"], &entry["detail"]["after"]["approved_by"]),
        (&json!("ben"), &Value::Null)
    );
}

#[tokio::test]
async fn words_of_one_person_need_another_through_later_revisions_and_by_any_way() {
    let desk = Desk::start().await;
    // Words that a rule carries on are still one person's.
    desk.says(&desk.ada, "correct", &json!({ "reason": "x", "message": "Stay." }))
        .await
        .expect(StatusCode::OK);
    let grown =
        desk.grows("second", "Boats take people from their homes in Bologna as the flood rises").await;
    assert!(text(&grown["message"]).starts_with("Stay."), "{grown}");
    desk.approves(&desk.ada, &grown["revision"]).await.problem(403);
    desk.approves(&desk.ben, &grown["revision"]).await.expect(StatusCode::OK);
    // What was agreed to is no more; what a person calls the incident stands in the next revision, which nobody has agreed to.
    let incident = format!("/api/incidents/{}", text(&grown["incident_id"]));
    let version = desk.server.get(&desk.ben.token, &incident).await.expect(StatusCode::OK)["version"].clone();
    let title = json!({ "title": "The sea is coming" });
    let request = desk.server.request(Method::PATCH, &desk.ben.token, &incident);
    let named = Answer::of(request.header("if-match", format!("\"{version}\"")).json(&title)).await;
    assert_eq!(named.expect(StatusCode::OK)["set"]["by"], json!([desk.ben.id]));
    let grown = desk.grows("third", "Hospital of Bologna without power, its cellars are under water").await;
    assert_eq!((grown.get("approved_by"), &grown["data"]["hands"]), (None, &json!([desk.ben.id])));
    desk.approves(&desk.ben, &grown["revision"]).await.problem(403);
    desk.approves(&desk.ada, &grown["revision"]).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn who_has_changed_a_rule_does_not_approve_what_it_raises() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let ada = server.person("ada@example.org", "approver").await;
    let ben = server.person("ben@example.org", "approver").await;
    let rule = json!({ "name": "Leave the city", "when": [{ "hazard": ["flood"] }], "severity": "critical",
        "changed_by": ben.id });
    let kept = server.post(&ada.token, "/api/alert-rules", &rule).await.expect(StatusCode::CREATED);
    assert_eq!(kept["changed_by"], json!(ada.id), "whatever is sent");
    let post = json!({ "source": "posts", "source_id": "1", "author": "eve",
        "text": "Severe flooding in Bologna, streets under water" });
    server.ingest(&admin.token, &post).await;
    server.until_total(&admin.token, "/api/alerts", 1).await;
    let alert = server.get(&admin.token, "/api/alerts").await.expect(StatusCode::OK)["items"][0].clone();
    assert_eq!((&alert["severity"], &alert["data"]["hands"]), (&json!("critical"), &json!([ada.id])));
    let approve = format!("/api/alerts/{}/approve", text(&alert["id"]));
    let by = async |who: &Person| {
        let request = server.request(Method::POST, &who.token, &approve);
        Answer::of(request.header("if-match", format!("\"{}\"", alert["revision"]))).await
    };
    by(&ada).await.problem(403);
    by(&ben).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn one_person_withdraws_what_is_public_without_words_of_their_own() {
    let desk = Desk::start().await;
    let title = desk.alert().await["title"].clone();
    desk.says(&desk.ben, "approve", &Value::Null).await.expect(StatusCode::OK);
    let set = json!({ "reason": "x", "title": "Leave the city" });
    desk.says(&desk.ada, "correct", &set).await.expect(StatusCode::OK);
    let withdrawn = desk.says(&desk.ada, "cancel", &json!({ "reason": "run to the hills" })).await;
    let withdrawn = withdrawn.expect(StatusCode::OK);
    assert!(text(&withdrawn["message"]).contains("run to the hills"), "those inside are told why");
    let cap = desk.cap().await;
    assert!(cap.contains("<msgType>Cancel</msgType>") && cap.contains("<scope>Public</scope>"), "{cap}");
    assert!(cap.contains("<description>This alert is withdrawn.</description>"), "{cap}");
    assert!(cap.contains(&format!("<headline>{}</headline>", text(&title))), "{cap}");
    for words in ["run to the hills", "Leave the city", "approved_by"] {
        assert!(!cap.contains(words), "{words}: {cap}");
    }
    let feed = desk.server.request(Method::GET, &desk.ada.token, "/api/alerts/feed").send().await.unwrap();
    assert!(!feed.text().await.unwrap().contains("run to the hills"));
    // It is not used again for other words.
    desk.says(&desk.ada, "correct", &set).await.problem(409);
    desk.approves(&desk.ben, &withdrawn["revision"]).await.problem(409);
    // What never was public is not by its withdrawal.
    let other = Desk::start().await;
    other.says(&other.ada, "cancel", &json!({ "reason": "a drill" })).await.expect(StatusCode::OK);
    let cap = other.cap().await;
    assert!(cap.contains("<scope>Restricted</scope>") && cap.contains("a drill"), "{cap}");
}

#[tokio::test]
async fn what_was_withdrawn_and_is_raised_again_is_not_public_by_being_withdrawn_again() {
    let mut entry = flood("one");
    entry["stated"]["severity"] = json!("high");
    let desk = Desk::of(&entry).await;
    desk.says(&desk.ben, "approve", &Value::Null).await.expect(StatusCode::OK);
    desk.says(&desk.ada, "cancel", &json!({ "reason": "a mistake" })).await.expect(StatusCode::OK);
    assert!(desk.cap().await.contains("<scope>Public</scope>"));
    let incident = format!("/api/incidents/{}", text(&desk.alert().await["incident_id"]));
    let version = desk.server.get(&desk.ada.token, &incident).await.expect(StatusCode::OK)["version"].clone();
    let worse = json!({ "severity": "critical", "title": "Leave the city" });
    let request = desk.server.request(Method::PATCH, &desk.ada.token, &incident);
    Answer::of(request.header("if-match", format!("\"{version}\"")).json(&worse))
        .await
        .expect(StatusCode::OK);
    let again = desk.alert().await;
    assert_eq!((&again["type"], &again["title"]), (&json!("update"), &json!("Leave the city")), "{again}");
    desk.says(&desk.ada, "cancel", &json!({ "reason": "run" })).await.expect(StatusCode::OK);
    let cap = desk.cap().await;
    assert!(cap.contains("<msgType>Cancel</msgType>") && cap.contains("<scope>Restricted</scope>"), "{cap}");
}

#[tokio::test]
async fn who_merges_what_they_have_named_does_not_approve_it() {
    let desk = Desk::start().await;
    let mut far = flood("far");
    (far["stated"]["lat"], far["stated"]["lon"]) = (json!(41.15), json!(-8.61));
    (far["stated"]["place"], far["stated"]["country"]) = (json!("Porto"), json!("PT"));
    (far["title"], far["text"]) = (json!("Flood in Porto"), json!("Severe flooding in Porto, Portugal"));
    desk.server.ingest(&desk.admin.token, &far).await;
    desk.server.until_total(&desk.admin.token, "/api/alerts", 2).await;
    let into = text(&desk.alert().await["incident_id"]).to_owned();
    let all = desk.server.all(&desk.ada.token, "/api/incidents").await;
    let other = all.iter().find(|one| one["id"] != into.as_str()).unwrap().clone();
    let send = async |method, path: String, body: Value| {
        let read = path.split("/merge").next().unwrap().to_owned();
        let version = desk.server.get(&desk.ada.token, &read).await.expect(StatusCode::OK)["version"].clone();
        let request = desk.server.request(method, &desk.ada.token, &path);
        Answer::of(request.header("if-match", format!("\"{version}\"")).json(&body))
            .await
            .expect(StatusCode::OK)
    };
    let title = "Dam broke, leave Porto now";
    send(Method::PATCH, format!("/api/incidents/{}", text(&other["id"])), json!({ "title": title })).await;
    send(Method::POST, format!("/api/incidents/{into}/merge"), json!({ "from": [other["id"]] })).await;
    let next = desk.alert().await;
    assert!(text(&next["message"]).contains(title), "{next}");
    assert_eq!(next["data"]["hands"], json!([desk.ada.id]));
    desk.approves(&desk.ada, &next["revision"]).await.problem(403);
    desk.approves(&desk.ben, &next["revision"]).await.expect(StatusCode::OK);
}

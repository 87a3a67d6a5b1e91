//! A claim from the posts that make it to a verdict with consequences, as people at a desk see it.
#![expect(clippy::unwrap_used, reason = "test support")]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::socket::Socket;
use crate::support::{Answer, Person, Server, eventually, flood};

/// A desk with an analyst and an approver.
struct Desk {
    server: Server,
    ada: Person,
    ben: Person,
    admin: Person,
}

impl Desk {
    async fn open() -> Self {
        // So that the claims here are grave, and a second person is asked.
        let grave = "verification.review_above=0.3";
        let server = Server::start_with(&["--set", "verification.settle_s=0", "--set", grave]).await;
        let admin = server.person("admin@example.org", "admin").await;
        let ada = server.person("ada@example.org", "analyst").await;
        let ben = server.person("ben@example.org", "approver").await;
        Self { server, ada, ben, admin }
    }

    async fn says(&self, source: &str, id: &str, minute: u32, text: &str) {
        let raw = json!({
            "source": source, "source_id": id, "source_kind": "media", "text": text,
            "timestamp": format!("2026-03-01T09:{minute:02}:00Z"),
        });
        self.server.ingest(&self.admin.token, &raw).await;
    }

    /// The claims about deaths, the most likely first.
    async fn deaths(&self) -> Vec<Value> {
        let mut claims = self.server.all(&self.ada.token, "/api/claims?topic=deaths").await;
        claims.sort_by(|a, b| {
            let likely = |claim: &Value| claim["veracity_likelihood"].as_f64().unwrap();
            likely(b).total_cmp(&likely(a))
        });
        claims
    }

    async fn claim(&self, id: &str) -> Value {
        self.server.get(&self.ada.token, &format!("/api/claims/{id}")).await.expect(StatusCode::OK)
    }

    /// Two newspapers say twelve, one says three; verified, with evidence on both sides.
    async fn two_against_one(&self) -> (Value, Value) {
        self.says("Herald", "1", 1, "Earthquake in L'Aquila: 12 people were killed, officials say.").await;
        self.says(
            "Courier",
            "2",
            2,
            "The quake that hit L'Aquila this morning left 12 dead, rescuers told our reporter near the cathedral square.",
        )
        .await;
        self.says("Gazette", "3", 30, "Only 3 people were killed by the earthquake in L'Aquila.").await;
        eventually("both claims are verified against each other", async || {
            let claims = self.deaths().await;
            let is_ready = claims.len() == 2
                && claims.iter().all(|claim| {
                    let sides: Vec<&Value> =
                        claim["evidence"].as_array().unwrap().iter().map(|one| &one["stance"]).collect();
                    sides.contains(&&json!("supports")) && sides.contains(&&json!("refutes"))
                });
            is_ready.then(|| (claims[0].clone(), claims[1].clone()))
        })
        .await
    }

    /// Waits until nothing is being looked into, and answers the claim.
    async fn rested(&self, id: &str) -> Value {
        eventually("its verification rests", async || {
            let claim = self.claim(id).await;
            let status = claim["workflow"]["status"].clone();
            // Of a claim that has just been found none has begun yet.
            (status.is_string() && status != "running" && status != "retrying").then_some(claim)
        })
        .await
    }

    async fn send(
        &self,
        person: &Person,
        method: Method,
        path: &str,
        version: &Value,
        body: &Value,
    ) -> Answer {
        let request =
            self.server.request(method, &person.token, path).header("If-Match", format!("\"{version}\""));
        Answer::of(request.json(body)).await
    }

    async fn reliability(&self, source: &str) -> Value {
        let path = format!("/api/sources/{source}/reliability");
        self.server.get(&self.ada.token, &path).await.expect(StatusCode::OK)
    }
}

fn path(claim: &Value, action: &str) -> String {
    format!("/api/claims/{}{action}", claim["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_verdict_takes_effect_with_a_second_person_and_moves_who_was_wrong() {
    let desk = Desk::open().await;
    let (twelve, three) = desk.two_against_one().await;
    assert_eq!(twelve["contradicts"], json!([three["id"]]));
    assert_eq!((&twelve["supporting_groups"], &twelve["verdict"]), (&json!(2), &json!("none")));
    let item = desk.server.item(&desk.ada.token, twelve["normalized_item_id"].as_str().unwrap()).await;
    assert!(item["claim_ids"].as_array().unwrap().contains(&twelve["id"]));
    let before = desk.reliability("Gazette").await;
    assert_eq!(
        (&before["kind"], &before["letter"], &before["decided"]),
        (&json!("media"), &json!("F"), &json!([]))
    );

    // Twelve dead are grave: one person's verdict waits for another's.
    let id = twelve["id"].as_str().unwrap();
    let seen = desk.rested(id).await;
    assert!(seen["risk_score"].as_f64().unwrap() > 0.0);
    let harm = json!({ "harm_potential": 1.0 });
    let seen = desk
        .send(&desk.ada, Method::PATCH, &path(&seen, ""), &seen["version"], &harm)
        .await
        .expect(StatusCode::OK);
    assert!(seen["risk_score"].as_f64().unwrap() > 0.3, "{seen}");
    let verdict = json!({ "verdict": "true", "reason": "the hospital confirmed twelve" });
    let stale = json!(seen["version"].as_u64().unwrap() - 1);
    desk.send(&desk.ben, Method::POST, &path(&seen, "/verdict"), &stale, &verdict).await.problem(412);
    desk.server.post(&desk.ben.token, &path(&seen, "/verdict"), &verdict).await.problem(428);
    let decided = desk
        .send(&desk.ben, Method::POST, &path(&seen, "/verdict"), &seen["version"], &verdict)
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        (&decided["status"], &decided["waits_for"]),
        (&json!("needs_review"), &json!("second_person"))
    );
    let pending =
        desk.server.get(&desk.admin.token, "/api/workflows/pending-review").await.expect(StatusCode::OK);
    let waiting =
        pending["items"].as_array().unwrap().iter().find(|one| one["id"] == twelve["id"]).unwrap().clone();
    assert_eq!((&waiting["waits_for"], &waiting["may_answer"]), (&json!("second_person"), &json!(true)));
    assert_eq!(desk.reliability("Gazette").await["mean"], before["mean"], "nothing follows yet");
    let approve = path(&seen, "/approve");
    let version = &decided["version"];
    desk.send(&desk.ben, Method::POST, &approve, version, &Value::Null).await.problem(403);
    desk.send(&desk.ada, Method::POST, &approve, version, &Value::Null).await.problem(403);
    desk.server.post(&desk.admin.token, &approve, &Value::Null).await.problem(428);
    desk.send(&desk.admin, Method::POST, &approve, version, &Value::Null).await.expect(StatusCode::OK);
    let done = desk.claim(id).await;
    assert_eq!((&done["status"], &done["verdict"]), (&json!("verified"), &json!("true")));

    let wrong = desk.reliability("Gazette").await;
    let right = desk.reliability("Herald").await;
    assert!(
        wrong["mean"].as_f64() < before["mean"].as_f64() && right["mean"].as_f64() > before["mean"].as_f64()
    );
    assert_eq!(
        (&wrong["decided"][0]["right"], &wrong["decided"][0]["claim_id"]),
        (&json!(false), &twelve["id"])
    );
    assert!(wrong["interval"][0].as_f64() < wrong["mean"].as_f64());
    let set = desk.server.get(&desk.ben.token, "/api/training-set").await.expect(StatusCode::OK);
    assert_eq!(
        (&set["total"], &set["items"][0]["kind"], &set["items"][0]["data"]["verdict"]),
        (&json!(2), &json!("verdict"), &json!("true"))
    );
    desk.server.get(&desk.ada.token, "/api/training-set").await.problem(403);

    // Taken back, everything is as it was.
    let reopened = json!({ "reason": "it was another hospital" });
    let open =
        desk.server.post(&desk.ben.token, &path(&done, "/reopen"), &reopened).await.expect(StatusCode::OK);
    assert_eq!(
        (&open["status"], &open["verdict"], &open["waits_for"]),
        (&json!("needs_review"), &json!("none"), &json!("verdict"))
    );
    assert_eq!(desk.reliability("Gazette").await["mean"], before["mean"]);
    // What was said of its harm stays.
    assert_eq!(desk.server.total(&desk.ben.token, "/api/training-set").await, 1);
    let audit = desk.server.get(&desk.admin.token, "/api/audit").await.expect(StatusCode::OK);
    let actions: Vec<&Value> =
        audit["items"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert!(
        actions.contains(&&json!("claim.verdict")) && actions.contains(&&json!("claim.reopen")),
        "{actions:?}"
    );
}

#[tokio::test]
async fn rooms_tell_of_claims_and_of_what_becomes_of_them() {
    let desk = Desk::open().await;
    let mut global = Socket::open(&desk.server, "/ws", &desk.ada.token).await;
    desk.says("Herald", "1", 1, "Earthquake in L'Aquila: 12 people were killed, officials say.").await;
    let new = global.until("new_claim").await;
    let id = new["data"]["id"].as_str().unwrap().to_owned();
    let mut own = Socket::open(&desk.server, "/ws", &desk.ada.token).await;
    own.send(&json!({ "type": "join_room", "room": format!("claim:{id}") })).await;
    own.until("joined_room").await;
    let claim = desk.rested(&id).await;
    let gone = json!({ "reason": "a joke" });
    desk.server.post(&desk.ada.token, &path(&claim, "/discard"), &gone).await.expect(StatusCode::OK);
    loop {
        let update = own.until("claim_update").await;
        assert_eq!(update["claim_id"], json!(id));
        if update["updates"]["status"] == "discarded" {
            assert_eq!(update["version"], update["updates"]["version"]);
            break;
        }
    }
    eventually("its story tells who discarded it", async || {
        let story =
            desk.server.get(&desk.ada.token, &format!("/api/collaboration/activity/claim:{id}")).await;
        (story.expect(StatusCode::OK)["items"][0]["data"]["action"] == "discard").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_workflow_is_cancelled_started_and_resumed() {
    let desk = Desk::open().await;
    desk.says("Herald", "1", 1, "Earthquake in L'Aquila: 12 people were killed, officials say.").await;
    let claim = eventually("there is a claim", async || desk.deaths().await.pop()).await;
    let id = claim["id"].as_str().unwrap().to_owned();
    let claim = desk.rested(&id).await;
    let viewer = desk.server.person("eve@example.org", "viewer").await;
    let start = json!({ "claim_id": id });
    desk.server.post(&viewer.token, "/api/workflows/start", &start).await.problem(403);
    let workflow = if claim["workflow"]["status"] == "completed" {
        let made = desk
            .server
            .post(&desk.ada.token, "/api/workflows/start", &start)
            .await
            .expect(StatusCode::CREATED);
        assert!(made["round"].as_u64() >= Some(2), "{made}");
        made
    } else {
        desk.server.post(&desk.ada.token, "/api/workflows/start", &start).await.problem(409);
        claim["workflow"].clone()
    };
    let of = |action: &str| format!("/api/workflows/{}/{action}", workflow["id"].as_str().unwrap());
    let claim = desk.rested(&id).await;
    if claim["workflow"]["status"] == "paused" {
        let nothing = json!({ "decision": "approve", "reason": "seen" });
        desk.server.post(&desk.ada.token, &of("resume"), &nothing).await.problem(422);
        desk.server.post(&desk.ada.token, &of("cancel"), &Value::Null).await.expect(StatusCode::OK);
        let resumed =
            desk.server.post(&desk.ada.token, &of("resume"), &json!({})).await.expect(StatusCode::OK);
        assert_eq!(resumed["status"], "running");
        desk.rested(&id).await;
        let said =
            json!({ "decision": "approve", "verdict": "needs_investigation", "reason": "nobody answers" });
        desk.server.post(&desk.ada.token, &of("resume"), &said).await.expect(StatusCode::OK);
        assert_eq!(desk.claim(&id).await["verdict"], "needs_investigation");
    }
    let status = desk.server.get(&viewer.token, &of("status")).await.expect(StatusCode::OK);
    assert_eq!(status["claim_id"], json!(id));
    desk.server
        .get(&viewer.token, "/api/workflows/00000000-0000-0000-0000-000000000000/status")
        .await
        .problem(404);
    desk.server.get(&viewer.token, "/api/workflows?status=walking").await.problem(400);
    desk.server.get(&viewer.token, "/api/claims?min_risk=2").await.problem(400);
    let item = claim["normalized_item_id"].as_str().unwrap();
    let verified =
        desk.server.post(&desk.ada.token, &format!("/api/items/{item}/verify"), &Value::Null).await;
    assert!(verified.expect(StatusCode::OK)["total"].as_u64().unwrap() >= 1);
}

#[tokio::test]
async fn people_add_evidence_and_have_the_last_word_on_its_side() {
    let desk = Desk::open().await;
    let (twelve, _) = desk.two_against_one().await;
    let id = twelve["id"].as_str().unwrap();
    let claim = desk.rested(id).await;
    let added = json!({
        "url": "https://example.org/a", "text_snippet": "Twelve bodies were found.", "source": "Fire brigade", "stance": "supports",
        "why": "on the telephone",
    });
    let made = desk
        .server
        .post(&desk.ada.token, &path(&claim, "/evidence"), &added)
        .await
        .expect(StatusCode::CREATED);
    let mine =
        made["evidence"].as_array().unwrap().iter().find(|one| one["kind"] == "manual").unwrap().clone();
    let after = desk.rested(id).await;
    assert!(after["veracity_likelihood"].as_f64() > claim["veracity_likelihood"].as_f64(), "{after}");
    let wrong = json!({ "url": "javascript:alert(1)", "text_snippet": "", "source": "x", "stance": "supports", "why": "y" });
    desk.server.post(&desk.ada.token, &path(&claim, "/evidence"), &wrong).await.problem(422);

    let against =
        after["evidence"].as_array().unwrap().iter().find(|one| one["source"] == "Gazette").unwrap().clone();
    let side = json!({ "stance": "neutral", "why": "it speaks of another town" });
    let of = |one: &Value| path(&claim, &format!("/evidence/{}", one["id"].as_str().unwrap()));
    let request = desk.server.request(Method::PATCH, &desk.ada.token, &of(&against)).json(&side);
    Answer::of(request).await.expect(StatusCode::OK);
    let judged = desk.rested(id).await;
    let kept = judged["evidence"].as_array().unwrap().iter().find(|one| one["id"] == against["id"]).unwrap();
    assert_eq!((&kept["stance"], &kept["by_person"]), (&json!("neutral"), &json!(true)));
    let set = desk.server.get(&desk.ben.token, "/api/training-set").await.expect(StatusCode::OK);
    assert_eq!(
        (&set["items"][0]["kind"], &set["items"][0]["data"]["stance"]),
        (&json!("stance"), &json!("neutral"))
    );

    Answer::of(desk.server.request(Method::DELETE, &desk.ada.token, &of(&mine))).await.expect(StatusCode::OK);
    Answer::of(desk.server.request(Method::DELETE, &desk.ada.token, &of(&mine))).await.problem(404);
    let left = desk.rested(id).await;
    assert!(left["evidence"].as_array().unwrap().iter().all(|one| one["kind"] != "manual"));
}

#[tokio::test]
async fn a_lock_keeps_others_from_deciding() {
    let desk = Desk::open().await;
    desk.says("Herald", "1", 1, "Earthquake in L'Aquila: 12 people were killed, officials say.").await;
    let claim = eventually("there is a claim", async || desk.deaths().await.pop()).await;
    let claim = desk.rested(claim["id"].as_str().unwrap()).await;
    let lock = format!("/api/collaboration/lock/claim:{}", claim["id"].as_str().unwrap());
    desk.server.post(&desk.ben.token, &lock, &json!({})).await.expect(StatusCode::OK);
    let gone = json!({ "reason": "a joke" });
    desk.server.post(&desk.ada.token, &path(&claim, "/discard"), &gone).await.problem(409);
    let notes = json!({ "notes": "mine" });
    desk.send(&desk.ada, Method::PATCH, &path(&claim, ""), &claim["version"], &notes).await.problem(409);
}

#[tokio::test]
async fn an_official_warning_is_no_rumour_but_can_be_asked_about() {
    let desk = Desk::open().await;
    desk.server.ingest(&desk.admin.token, &flood("one")).await;
    let unknown = desk.server.get(&desk.ada.token, "/api/sources/nobody/reliability").await;
    unknown.problem(404);
    let known = eventually("the source is known", async || {
        let answer = desk.server.get(&desk.ada.token, "/api/sources/civil-protection/reliability").await;
        (answer.status == StatusCode::OK).then(|| answer.expect(StatusCode::OK))
    })
    .await;
    assert_eq!((&known["kind"], &known["letter"]), (&json!("official"), &json!("B")));
}

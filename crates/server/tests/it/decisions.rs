//! What people decide of claims that are there from the start: who may, who may not, and what follows.
#![expect(clippy::unwrap_used, reason = "test support")]

use crisislens_model::claim::{EvidenceKind, Standing};
use crisislens_model::workflow::{ReviewStatus, Step};
use crisislens_model::{
    Claim, ClaimStatus, Evidence, RiskLevel, SourceKind, Stance, Workflow, WorkflowStatus,
};
use crisislens_state::contract::sample;
use crisislens_state::items::ItemRow;
use crisislens_state::sqlite::SqliteStore;
use crisislens_state::{Durability, Store};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::socket::Socket;
use crate::support::{Answer, Person, Server, eventually, text};

/// The claim of high risk, the one of low risk, and the one of an exercise.
const HIGH: u64 = 1;
const LOW: u64 = 5;
const PLAYED: u64 = 9;

struct Desk {
    server: Server,
    ada: Person,
    bo: Person,
    ben: Person,
    admin: Person,
    eve: Person,
}

/// Three newspapers say something of it: the Herald for it, the Courier by copying the Herald, the Gazette against it.
fn items(n: u64, exercise: bool) -> Vec<ItemRow> {
    [("Herald", None), ("Courier", Some(sample::item(n).id)), ("Gazette", None)]
        .into_iter()
        .zip(n..)
        .map(|((source, duplicate_of), n)| {
            let mut row = sample::row(n);
            row.item.source = source.to_owned();
            row.item.source_kind = SourceKind::Media;
            row.item.duplicate_of = duplicate_of;
            row.item.incident_id = None;
            row.item.exercise = exercise;
            row
        })
        .collect()
}

fn claim(n: u64, risk: f64, items: &[ItemRow]) -> Claim {
    let voice = |row: &ItemRow, stance: Stance| Evidence {
        id: crisislens_model::id::derived(sample::claim(n).id.0, &format!("evidence {}", row.item.id), 0),
        kind: EvidenceKind::Report,
        item_id: Some(row.item.id),
        url: None,
        text_snippet: format!("{} has it so", row.item.source),
        source: row.item.source.clone(),
        source_reliability: 0.8,
        stance,
        support_score: if stance == Stance::Supports { 1.0 } else { -1.0 },
        group: format!("source:{}", row.item.source),
        said_at: row.item.timestamp,
        why: "says so".to_owned(),
        by_person: false,
    };
    Claim {
        evidence: vec![
            voice(&items[0], Stance::Supports),
            voice(&items[1], Stance::Supports),
            voice(&items[2], Stance::Refutes),
        ],
        item_ids: vec![items[0].item.id, items[1].item.id],
        item_count: 2,
        harm_potential: 0.9,
        risk_score: risk,
        risk_level: RiskLevel::of(risk),
        standing: Standing::Disputed,
        status: ClaimStatus::NeedsReview,
        exercise: items[0].item.exercise,
        ..sample::claim(n)
    }
}

fn waiting(claim: &Claim) -> Workflow {
    Workflow {
        id: Workflow::id_of(claim.id, 1),
        claim_id: claim.id,
        round: 1,
        status: WorkflowStatus::Paused,
        step: Step::HumanReview,
        claim_version: claim.version,
        risk_score: Some(claim.risk_score),
        needs_human_review: true,
        human_review_status: ReviewStatus::Pending,
        decided_by: None,
        attempts: 0,
        errors: Vec::new(),
        started_by: None,
        started_at: sample::at(1),
        updated_at: sample::at(1),
        due_at: sample::at(1),
        version: 1,
    }
}

impl Desk {
    async fn open() -> Self {
        let mut server = Server::prepare(&[]);
        server.cli(&["users", "add", "admin@example.org", "--role", "admin"]);
        let store = SqliteStore::open(&server.data_dir().join("state.db")).await.unwrap();
        let mut tx = store.begin(Durability::Power).await.unwrap();
        let mut claims = Vec::new();
        for (n, risk) in [(HIGH, 0.85), (LOW, 0.3), (PLAYED, 0.3)] {
            let items = items(n, n == PLAYED);
            let claim = claim(n, risk, &items);
            let stated: Vec<_> = claim.item_ids.iter().map(|item| (*item, vec![claim.id])).collect();
            tx.put_items(items).await.unwrap();
            tx.put_claims(&[(claim.clone(), vec![n])]).await.unwrap();
            tx.set_item_claims(&stated).await.unwrap();
            claims.push(claim);
        }
        let workflows: Vec<Workflow> = claims.iter().map(waiting).collect();
        tx.put_workflows(&workflows).await.unwrap();
        tx.commit().await.unwrap();
        drop(store);
        server.restart().await;
        let admin = server.login("admin@example.org").await;
        let ada = server.person("ada@example.org", "analyst").await;
        let bo = server.person("bo@example.org", "analyst").await;
        let ben = server.person("ben@example.org", "approver").await;
        let eve = server.person("eve@example.org", "viewer").await;
        Self { server, ada, bo, ben, admin, eve }
    }

    async fn claim(&self, n: u64) -> Value {
        self.server.get(&self.ada.token, &at(n, "")).await.expect(StatusCode::OK)
    }

    /// As somebody who has just read the claim.
    async fn does(&self, who: &Person, method: Method, n: u64, path: &str, body: &Value) -> Answer {
        let version = self.claim(n).await["version"].clone();
        self.has_read(who, method, n, path, &version, body).await
    }

    async fn has_read(
        &self,
        who: &Person,
        method: Method,
        n: u64,
        path: &str,
        version: &Value,
        body: &Value,
    ) -> Answer {
        let request = self.server.request(method, &who.token, &at(n, path));
        Answer::of(request.header("if-match", format!("\"{version}\"")).json(body)).await
    }

    async fn says(&self, who: &Person, n: u64, path: &str, body: &Value) -> Answer {
        self.does(who, Method::POST, n, path, body).await
    }

    async fn mean(&self, source: &str, exercise: bool) -> f64 {
        let path = format!("/api/sources/{source}/reliability?exercise={exercise}");
        self.server.get(&self.eve.token, &path).await.expect(StatusCode::OK)["mean"].as_f64().unwrap()
    }

    async fn kept(&self) -> Vec<Value> {
        self.server.all(&self.ben.token, "/api/training-set").await
    }
}

fn at(n: u64, path: &str) -> String {
    format!("/api/claims/{}{path}", sample::claim(n).id)
}

fn false_because(reason: &str) -> Value {
    json!({ "verdict": "false", "reason": reason })
}

/// The issue's own example: evidence on both sides, a verdict that waits for a second person, and sources that move with it.
#[tokio::test]
async fn a_verdict_of_high_risk_waits_moves_the_sources_and_is_taken_back() {
    let desk = Desk::open().await;
    let seen = desk.claim(HIGH).await;
    let sides: Vec<&Value> = seen["evidence"].as_array().unwrap().iter().map(|one| &one["stance"]).collect();
    assert_eq!(sides, [&json!("supports"), &json!("supports"), &json!("refutes")]);
    assert_eq!((&seen["waits_for"], &seen["needs_second_person"]), (&json!("verdict"), &json!(true)));
    let mut room = Socket::open(&desk.server, "/ws", &desk.eve.token).await;
    let before = [
        desk.mean("Herald", false).await,
        desk.mean("Courier", false).await,
        desk.mean("Gazette", false).await,
    ];

    let told = desk.says(&desk.ada, HIGH, "/verdict", &false_because("the mayor shows it open")).await;
    assert_eq!(told.headers["etag"], "\"2\"");
    let told = told.expect(StatusCode::OK);
    assert_eq!(
        (&told["status"], &told["verdict"], &told["waits_for"], &told["may_answer"]),
        (&json!("needs_review"), &json!("false"), &json!("second_person"), &json!(false))
    );
    let update = room.until("claim_update").await;
    assert_eq!((&update["version"], &update["updates"]["verdict"]), (&json!(2), &json!("false")));
    let waiting =
        desk.server.get(&desk.ben.token, "/api/workflows/pending-review").await.expect(StatusCode::OK);
    let first = &waiting["items"][0];
    assert_eq!((&first["id"], &first["may_answer"]), (&told["id"], &json!(true)), "the riskiest first");
    assert_eq!(before[0].to_bits(), desk.mean("Herald", false).await.to_bits(), "nothing follows yet");
    assert!(desk.kept().await.is_empty());

    // Neither who decided, nor an analyst, nor who has read something else.
    desk.says(&desk.ada, HIGH, "/approve", &Value::Null).await.problem(403);
    desk.says(&desk.bo, HIGH, "/approve", &Value::Null).await.problem(403);
    desk.says(&desk.bo, HIGH, "/reject", &json!({ "reason": "no" })).await.problem(403);
    desk.has_read(&desk.ben, Method::POST, HIGH, "/approve", &json!(1), &Value::Null).await.problem(412);
    desk.server.post(&desk.ben.token, &at(HIGH, "/approve"), &Value::Null).await.problem(428);
    let holds = desk.says(&desk.ben, HIGH, "/approve", &Value::Null).await.expect(StatusCode::OK);
    assert_eq!((&holds["status"], &holds["approved_by"]), (&json!("verified"), &json!(desk.ben.id)));
    let after = [
        desk.mean("Herald", false).await,
        desk.mean("Courier", false).await,
        desk.mean("Gazette", false).await,
    ];
    assert!(after[0] < before[0] && after[1] < before[1] && after[2] > before[2], "{before:?} {after:?}");
    assert!(before[0] - after[0] > before[1] - after[1], "who only copied loses less");
    let kept = desk.kept().await;
    assert_eq!(
        (kept.len(), &kept[0]["kind"], &kept[0]["data"]["verdict"]),
        (1, &json!("verdict"), &json!("false"))
    );
    let verified = room.until("user_activity");
    drop(verified);

    desk.says(&desk.ada, HIGH, "/verdict", &false_because("again")).await.problem(409);
    desk.says(&desk.ada, HIGH, "/reopen", &json!({ "reason": "hm" })).await.problem(403);
    let open = desk.says(&desk.ben, HIGH, "/reopen", &json!({ "reason": "it was another bridge" })).await;
    let open = open.expect(StatusCode::OK);
    assert_eq!(
        (&open["status"], &open["verdict"], &open["reason"]),
        (&json!("needs_review"), &json!("none"), &Value::Null)
    );
    for (source, mean) in ["Herald", "Courier", "Gazette"].into_iter().zip(before) {
        assert!((desk.mean(source, false).await - mean).abs() < 1e-9, "{source}");
    }
    assert!(desk.kept().await.is_empty());

    let audit = desk.server.get(&desk.admin.token, "/api/audit").await.expect(StatusCode::OK);
    let entry = |action: &str| {
        audit["items"].as_array().unwrap().iter().find(|entry| entry["action"] == action).unwrap().clone()
    };
    let approved = entry("claim.approve");
    assert_eq!(
        (&approved["detail"]["before"]["status"], &approved["detail"]["after"]["status"]),
        (&json!("needs_review"), &json!("verified"))
    );
    assert_eq!(approved["detail"]["after"]["workflow.step"], "complete");
    assert_eq!(approved["subject"], format!("claims/{}", text(&open["id"])));
    assert_eq!(entry("claim.reopen")["detail"]["said"]["reason"], "it was another bridge");
}

#[tokio::test]
async fn a_verdict_can_be_sent_back_and_who_agrees_says_to_what() {
    let desk = Desk::open().await;
    let workflow = desk.claim(HIGH).await["workflow"]["id"].clone();
    let of = |action: &str| format!("/api/workflows/{}/{action}", workflow.as_str().unwrap());
    let resume = async |who: &Person, body: &Value| desk.server.post(&who.token, &of("resume"), body).await;
    resume(&desk.ada, &json!({ "decision": "approve", "reason": "x" })).await.problem(422);
    resume(&desk.ada, &json!({ "decision": "approve", "verdict": "none", "reason": "x" })).await.problem(422);
    resume(&desk.ada, &json!({ "decision": "approve", "verdict": "false" })).await.problem(422);
    resume(&desk.ada, &json!({ "decision": "approve", "verdict": "false", "reason": "seen" }))
        .await
        .expect(StatusCode::OK);

    // Back to the desk, by the second person and by who decided.
    desk.says(&desk.ben, HIGH, "/reject", &json!({ "reason": "call them first" }))
        .await
        .expect(StatusCode::OK);
    assert_eq!(desk.claim(HIGH).await["waits_for"], "verdict");
    desk.says(&desk.ada, HIGH, "/verdict", &false_because("called them")).await.expect(StatusCode::OK);
    desk.says(&desk.ada, HIGH, "/reject", &json!({ "reason": "I misheard" })).await.expect(StatusCode::OK);
    desk.says(&desk.ada, HIGH, "/verdict", &json!({ "verdict": "true", "reason": "they say so" }))
        .await
        .expect(StatusCode::OK);

    let status = desk.server.get(&desk.eve.token, &of("status")).await;
    let version = status.headers["etag"].to_str().unwrap().to_owned();
    resume(&desk.ben, &json!({ "decision": "approve" })).await.problem(428);
    resume(&desk.ben, &json!({ "decision": "approve", "verdict": "false" })).await.problem(409);
    resume(&desk.bo, &json!({ "decision": "approve", "verdict": "true" })).await.problem(403);
    let with = |version: &str| {
        let request = desk.server.request(Method::POST, &desk.ben.token, &of("resume"));
        request.header("if-match", version.to_owned()).json(&json!({ "decision": "approve" }))
    };
    Answer::of(with("\"1\"")).await.problem(412);
    assert_eq!(desk.claim(HIGH).await["status"], "needs_review");
    let done = Answer::of(with(&version)).await.expect(StatusCode::OK);
    assert_eq!((&done["status"], &done["step"]), (&json!("completed"), &json!("complete")));
    assert_eq!(desk.claim(HIGH).await["status"], "verified");
}

#[tokio::test]
async fn who_talks_a_high_risk_down_does_not_decide_alone() {
    let desk = Desk::open().await;
    let edit = json!({ "harm_potential": 0.0 });
    let lowered = desk.does(&desk.ada, Method::PATCH, HIGH, "", &edit).await.expect(StatusCode::OK);
    assert!(lowered["risk_score"].as_f64() < Some(0.5), "{lowered}");
    assert_eq!(lowered["needs_second_person"], true);
    let told = desk.says(&desk.ada, HIGH, "/verdict", &json!({ "verdict": "true", "reason": "sure" })).await;
    assert_eq!(told.expect(StatusCode::OK)["waits_for"], "second_person");
    // A low risk is one person's.
    let told = desk.says(&desk.ada, LOW, "/verdict", &json!({ "verdict": "true", "reason": "sure" })).await;
    assert_eq!(told.expect(StatusCode::OK)["status"], "verified");
}

#[tokio::test]
async fn two_at_once_do_not_overwrite_each_other_and_viewers_only_read() {
    let desk = Desk::open().await;
    let version = desk.claim(LOW).await["version"].clone();
    let verdict = false_because("seen");
    let (one, two) = tokio::join!(
        desk.has_read(&desk.ada, Method::POST, LOW, "/verdict", &version, &verdict),
        desk.has_read(&desk.bo, Method::POST, LOW, "/verdict", &version, &verdict),
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);

    let lock = format!("/api/collaboration/lock/claim:{}", sample::claim(HIGH).id);
    let taken = desk.server.post(&desk.bo.token, &lock, &json!({})).await.expect(StatusCode::OK);
    desk.says(&desk.ada, HIGH, "/verdict", &verdict).await.problem(409);
    let version = desk.claim(HIGH).await["version"].clone();
    let with = async |token: &Value| {
        let request = desk.server.request(Method::POST, &desk.bo.token, &at(HIGH, "/verdict"));
        let request =
            request.header("if-match", format!("\"{version}\"")).header("lock-token", token.to_string());
        Answer::of(request.json(&verdict)).await
    };
    desk.server.post(&desk.bo.token, &lock, &json!({})).await.expect(StatusCode::OK);
    with(&taken["token"]).await.problem(412);
    let again = desk.server.post(&desk.bo.token, &lock, &json!({})).await.expect(StatusCode::OK);
    with(&again["token"]).await.expect(StatusCode::OK);

    desk.server.get(&desk.eve.token, "/api/claims").await.expect(StatusCode::OK);
    for path in ["/verdict", "/approve", "/reject", "/reopen", "/discard", "/evidence"] {
        desk.says(&desk.eve, LOW, path, &json!({})).await.problem(403);
    }
    desk.server.get(&desk.ada.token, "/api/training-set").await.problem(403);
    for (body, field) in [
        (json!({ "verdict": "maybe", "reason": "x" }), "verdict"),
        (json!({ "verdict": "true", "reason": "" }), "reason"),
        (json!({ "verdict": "true", "reason": "a\u{202e}b" }), "reason"),
        (json!({ "verdict": "true", "reason": "x".repeat(2_001) }), "reason"),
    ] {
        let problem = desk.says(&desk.ada, HIGH, "/verdict", &body).await.problem(422);
        assert!(problem["detail"].as_str().unwrap().contains(field), "{problem}");
    }
}

#[tokio::test]
async fn our_own_items_are_evidence_once_and_on_the_side_that_was_said_last() {
    let desk = Desk::open().await;
    let item = sample::item(HIGH + 2).id;
    let post = json!({ "source": "fire-brigade", "source_id": "1", "source_kind": "official", "text": "The bridge is open." });
    let other = desk.server.ingest(&desk.admin.token, &json!([post])).await.remove(0);
    desk.server.item(&desk.ada.token, &other).await;
    let of =
        |item: &str, stance: &str| json!({ "item_id": item, "stance": stance, "why": "it names the bridge" });

    let made =
        desk.says(&desk.ada, LOW, "/evidence", &of(&other, "refutes")).await.expect(StatusCode::CREATED);
    let added = made["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["item_id"] == json!(other))
        .unwrap()
        .clone();
    assert_eq!(
        (&added["kind"], &added["source"], &added["by_person"], &added["text_snippet"]),
        (&json!("official"), &json!("fire-brigade"), &json!(true), &json!("The bridge is open."))
    );
    let again = desk.server.post(&desk.ada.token, &at(LOW, "/evidence"), &of(&other, "supports")).await;
    let again = again.expect(StatusCode::OK);
    let same: Vec<&Value> =
        again["evidence"].as_array().unwrap().iter().filter(|one| one["item_id"] == json!(other)).collect();
    assert_eq!((same.len(), &same[0]["stance"]), (1, &json!("supports")));

    let wrong = json!({ "item_id": other, "source": "me", "stance": "supports", "why": "x" });
    let problem = desk.server.post(&desk.ada.token, &at(LOW, "/evidence"), &wrong).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "source");
    let nobody = of("00000000-0000-4000-8000-000000000000", "supports");
    desk.server.post(&desk.ada.token, &at(LOW, "/evidence"), &nobody).await.problem(422);
    // What is played is no evidence of what is in earnest.
    let played = of(&item.to_string(), "supports");
    desk.server.post(&desk.ada.token, &at(PLAYED, "/evidence"), &played).await.problem(422);
}

#[tokio::test]
async fn a_verification_is_started_once_for_one_key_and_again_after_it_was_cancelled() {
    let desk = Desk::open().await;
    let claim = sample::claim(LOW).id.to_string();
    let start = async |key: &str| {
        let request = desk.server.request(Method::POST, &desk.ada.token, "/api/workflows/start");
        Answer::of(request.header("idempotency-key", key).json(&json!({ "claim_id": claim }))).await
    };
    start("one").await.problem(409);
    let waits = desk.claim(LOW).await["workflow"].clone();
    let cancel = format!("/api/workflows/{}/cancel", text(&waits["id"]));
    let request = desk.server.request(Method::POST, &desk.ada.token, &cancel).header("if-match", "\"9\"");
    Answer::of(request).await.problem(412);
    let over = desk.server.post(&desk.ada.token, &cancel, &Value::Null).await.expect(StatusCode::OK);
    assert_eq!(over["status"], "cancelled");
    desk.server.post(&desk.ada.token, &cancel, &Value::Null).await.problem(409);

    let begun = start("two").await.expect(StatusCode::CREATED);
    assert_eq!((&begun["round"], &begun["started_by"]), (&json!(2), &json!(desk.ada.id)));
    let again = start("two").await.expect(StatusCode::OK);
    assert_eq!(again["id"], begun["id"]);
    desk.server.post(&desk.ada.token, &cancel, &Value::Null).await.problem(409);
    start("").await.problem(400);
}

#[tokio::test]
async fn what_an_exercise_shows_of_a_source_counts_in_exercises_alone() {
    let desk = Desk::open().await;
    let (earnest, played) = (desk.mean("Herald", false).await, desk.mean("Herald", true).await);
    desk.says(&desk.ada, PLAYED, "/verdict", &false_because("the script says so"))
        .await
        .expect(StatusCode::OK);
    assert_eq!(desk.mean("Herald", false).await.to_bits(), earnest.to_bits());
    assert!(desk.mean("Herald", true).await < played);
    desk.server.get(&desk.eve.token, "/api/sources/nobody/reliability?exercise=true").await.problem(404);
}

#[tokio::test]
async fn what_people_decided_is_written_as_labelled_texts() {
    let desk = Desk::open().await;
    desk.says(&desk.ada, LOW, "/verdict", &false_because("seen")).await.expect(StatusCode::OK);
    desk.says(&desk.ada, PLAYED, "/verdict", &false_because("the script says so"))
        .await
        .expect(StatusCode::OK);
    let aside = json!({ "reason": "an opinion", "checkworthy": false });
    desk.says(&desk.ada, HIGH, "/discard", &aside).await.expect(StatusCode::OK);
    let words = json!({ "text": "Bridge 1 is closed to lorries" });
    desk.does(&desk.ada, Method::PATCH, HIGH, "", &words).await.expect(StatusCode::OK);

    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let said = desk.server.cli(&["training-set", "--out", out]);
    assert!(said.contains("3 examples, 2 of them with a label for checkworthiness"), "{said}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let lines: Vec<Value> =
        read("checkworthiness.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let labels: Vec<(&str, &str)> =
        lines.iter().map(|line| (line["text"].as_str().unwrap(), line["label"].as_str().unwrap())).collect();
    assert_eq!(labels, [("Bridge 1 is closed", "not_checkworthy"), ("Bridge 5 is closed", "checkworthy")]);
    assert_eq!(read("examples.ndjson").lines().count(), 3);
    // What `crisislens train` reads: two texts are only too few.
    let trained = desk.server.run(&["train", "--data", out, "--out", out]);
    let error = String::from_utf8(trained.stderr).unwrap();
    assert!(error.contains("2 texts are too few"), "{error}");
    let said = desk.server.cli(&["training-set", "--out", out, "--exercises"]);
    assert!(said.contains("4 examples"), "{said}");

    // Taken back, it is no example any more.
    desk.says(&desk.ada, HIGH, "/reopen", &json!({ "reason": "it is none" })).await.expect(StatusCode::OK);
    desk.says(&desk.ada, LOW, "/reopen", &json!({ "reason": "too soon" })).await.expect(StatusCode::OK);
    let said = desk.server.cli(&["training-set", "--out", out]);
    assert!(said.contains("1 examples, 0 of them"), "{said}");
}

#[tokio::test]
async fn sources_have_their_letter_and_claims_their_comments() {
    let desk = Desk::open().await;
    let post = json!({ "source": "fire-brigade", "source_id": "1", "source_kind": "official", "text": "The bridge is open." });
    desk.server.ingest(&desk.ada.token, &json!([post])).await;
    // What an analyst brings is no authority's word, whatever it says of itself.
    let found = eventually("the source is known", async || {
        let found = desk.server.get(&desk.eve.token, "/api/sources/fire-brigade/reliability").await;
        (found.status == StatusCode::OK).then_some(found.body)
    })
    .await;
    assert_eq!((&found["kind"], &found["letter"]), (&json!("social"), &json!("F")));
    let sources = desk.server.get(&desk.eve.token, "/api/sources").await.expect(StatusCode::OK);
    for source in sources["items"].as_array().unwrap() {
        let is_network = source["kind"] == "social";
        assert_eq!(source["reliability"].is_null(), is_network, "{source}");
    }

    let story = format!("/api/collaboration/activity/claim:{}", sample::claim(HIGH).id);
    let said = json!({ "text": "who knows the mayor?", "mentions": [desk.ben.id] });
    desk.server.post(&desk.ada.token, &story, &said).await.expect(StatusCode::CREATED);
    let told = desk.server.get(&desk.eve.token, &story).await.expect(StatusCode::OK);
    assert_eq!(told["items"][0]["data"]["text"], "who knows the mayor?");
    let nobody = format!("/api/collaboration/activity/claim:{}", Uuid::nil());
    desk.server.post(&desk.ada.token, &nobody, &said).await.problem(404);
}

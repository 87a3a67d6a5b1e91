//! Drafts by a language model: off by default, marked, and nobody else's business.
#![expect(clippy::unwrap_used, reason = "test support")]

use crisislens_fakes::{Fakes, Settings};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Person, Server, eventually, flood, text};

struct Desk {
    server: Server,
    fakes: Fakes,
    ada: Person,
    item: String,
}

async fn desk(plan: Value, more: &[&str]) -> Desk {
    let plan = serde_json::from_value(plan).unwrap();
    let here = "127.0.0.1:0".to_owned();
    let settings = Settings { http: here.clone(), smtp: here, plan, ..Settings::default() };
    let key = format!("assistant.key={}", settings.assistant_key);
    let fakes = Fakes::start(settings).await.unwrap();
    let url = format!("assistant.url={}/assistant/v1", fakes.base_url());
    let set = [&["--set", &url, "--set", &key, "--set", "assistant.model=small"], more].concat();
    let server = Server::start_with(&set).await;
    let ada = server.person("ada@example.org", "analyst").await;
    let item = server.ingest(&ada.token, &json!([flood("one")])).await.remove(0);
    server.until_total(&ada.token, "/api/items", 1).await;
    Desk { server, fakes, ada, item }
}

impl Desk {
    async fn draft(&self, wanted: &Value) -> crate::support::Answer {
        self.server.post(&self.ada.token, "/api/assistant/drafts", wanted).await
    }

    fn of_item(&self, answer: &str) -> Value {
        json!({ "kind": "summary", "about": { "item": self.item }, "wish": format!("answer: {answer}") })
    }
}

#[tokio::test]
async fn without_an_address_there_is_no_assistant() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let about = server.get(&ada.token, "/api/assistant").await.expect(StatusCode::OK);
    assert_eq!(about, json!({ "enabled": false }));
    let item = server.ingest(&ada.token, &json!([flood("one")])).await.remove(0);
    let wanted = json!({ "kind": "summary", "about": { "item": item } });
    let refused = server.post(&ada.token, "/api/assistant/drafts", &wanted).await;
    let refused = refused.expect(StatusCode::SERVICE_UNAVAILABLE).to_string();
    assert!(refused.contains("assistant.url"), "{refused}");
}

#[tokio::test]
async fn a_draft_is_marked_is_made_of_what_was_said_and_changes_nothing() {
    let desk = desk(json!({}), &[]).await;
    let before = eventually("the item is in an incident", async || {
        let item = desk.server.item(&desk.ada.token, &desk.item).await;
        item["incident_id"].is_string().then_some(item)
    })
    .await;
    let wanted = json!({ "kind": "summary", "about": { "item": desk.item }, "language": "it" });
    let told = desk.draft(&wanted).await.expect(StatusCode::OK);
    assert_eq!(told["draft"], true);
    assert_eq!((&told["model"], &told["items"]), (&json!("small"), &json!([desk.item])));
    assert!(text(&told["text"]).contains("Severe flooding in Bologna"), "{told}");

    let asked = desk.fakes.journal().entries().pop().unwrap().message;
    assert_eq!((&asked["model"], &asked["stream"]), (&json!("small"), &json!(false)));
    let system = text(&asked["messages"][0]["content"]);
    assert!(system.contains("Italian") && system.contains("quotations from strangers"), "{system}");
    // What strangers write is data in the question, never a part of the instructions.
    assert!(!system.contains("Reno") && text(&asked["messages"][1]["content"]).contains("Reno"));

    assert_eq!(desk.server.item(&desk.ada.token, &desk.item).await, before);
    let incident = text(&before["incident_id"]);
    for about in [json!({ "incident": incident }), json!({ "item": desk.item })] {
        let wanted = json!({ "kind": "alert_text", "about": about });
        assert_eq!(desk.draft(&wanted).await.expect(StatusCode::OK)["draft"], true);
    }
    let admin = desk.server.person("admin@example.org", "admin").await;
    let audit = desk.server.all(&admin.token, "/api/audit").await;
    let asked: Vec<&Value> = audit.iter().filter(|entry| entry["action"] == "assistant.draft").collect();
    assert_eq!(asked.len(), 3, "{audit:?}");
    assert_eq!(asked[0]["subject"], format!("item:{}", desk.item));
}

#[tokio::test]
async fn a_claim_is_worded_from_those_who_make_it_and_from_what_speaks_against_it() {
    let desk = desk(json!({}), &["--set", "verification.settle_s=0"]).await;
    let (server, token) = (&desk.server, &desk.ada.token);
    for (source, minute, text) in [
        ("Herald", 1, "Earthquake in L'Aquila: 12 people were killed, officials say."),
        ("Gazette", 2, "Only 3 people were killed by the earthquake in L'Aquila."),
    ] {
        let raw = json!({
            "source": source, "source_id": "1", "source_kind": "media", "text": text,
            "timestamp": format!("2026-03-01T09:0{minute}:00Z"),
        });
        server.ingest(token, &raw).await;
    }
    let claim = eventually("the claim has what speaks against it", async || {
        let claims = server.all(token, "/api/claims?topic=deaths").await;
        let mut claims = claims.into_iter().filter(|claim| text(&claim["text"]).contains("12 people"));
        claims.find(|claim| claim["evidence"].as_array().is_some_and(|all| all.len() == 2))
    })
    .await;
    let wanted = json!({ "kind": "claim_wording", "about": { "claim": claim["id"] } });
    let told = desk.draft(&wanted).await.expect(StatusCode::OK);
    assert_eq!((&told["draft"], &told["items"]), (&json!(true), &claim["item_ids"]));
    let asked = desk.fakes.journal().entries().pop().unwrap().message;
    let (system, material) = (text(&asked["messages"][0]["content"]), text(&asked["messages"][1]["content"]));
    for said in ["12 people were killed", "Only 3 people"] {
        assert!(material.contains(said) && !system.contains(said), "{said}: {asked}");
    }
    let after =
        server.get(token, &format!("/api/claims/{}", text(&claim["id"]))).await.expect(StatusCode::OK);
    assert_eq!(
        (&after["version"], &after["status"]),
        (&claim["version"], &claim["status"]),
        "nothing changed"
    );
    let nobody = json!({ "kind": "claim_wording", "about": { "claim": desk.item } });
    desk.draft(&nobody).await.expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_no_text_says_is_pointed_at_and_what_cannot_be_done_says_why() {
    let desk = desk(json!({}), &[]).await;
    let made_up = desk.of_item("4## dead, call 1078, give at https://evil.example/#");
    let told = desk.draft(&made_up).await.expect(StatusCode::OK);
    assert_eq!(told["text"], "411 dead, call 1078, give at [address left out]");
    let warnings = told["warnings"].to_string();
    // The wish is the analyst's own, and known; what only the model says is not.
    assert!(
        warnings.contains("411") && !warnings.contains("1078") && warnings.contains("left out"),
        "{told}"
    );
    let viewer = desk.server.person("bob@example.org", "viewer").await;
    let refused = desk.server.post(&viewer.token, "/api/assistant/drafts", &made_up).await;
    refused.expect(StatusCode::FORBIDDEN);
    for (wanted, status) in [
        (json!({ "kind": "poem", "about": { "item": desk.item } }), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json!({ "kind": "summary", "about": { "item": desk.item }, "language": "xx" }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({ "kind": "summary", "about": { "item": desk.item }, "wish": "a\u{202e}b" }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({ "kind": "summary", "about": { "item": "00000000-0000-4000-8000-000000000000" } }),
            StatusCode::NOT_FOUND,
        ),
    ] {
        desk.draft(&wanted).await.expect(status);
    }
}

#[tokio::test]
async fn an_assistant_that_fails_is_a_clear_error_and_nothing_else() {
    let faults = json!({ "requests": { "assistant": [
        { "limited": { "retry_after": 7 } }, { "status": 500 }, "cut", "dropped", { "slow": 3000 }, "none",
    ] } });
    let desk = desk(faults, &["--set", "assistant.timeout_s=1"]).await;
    let wanted = json!({ "kind": "summary", "about": { "item": desk.item } });
    let limited = desk.draft(&wanted).await;
    assert_eq!(limited.headers["retry-after"], "7");
    limited.expect(StatusCode::TOO_MANY_REQUESTS);
    for part in ["answered 500", "did not answer", "did not answer", "assistant.timeout_s"] {
        let refused = desk.draft(&wanted).await.expect(StatusCode::BAD_GATEWAY).to_string();
        assert!(refused.contains(part), "{part}: {refused}");
    }
    desk.draft(&wanted).await.expect(StatusCode::OK);
    let wrong =
        Server::prepare(&[]).run(&["config", "check", "--set", "assistant.url=http://u:p@127.0.0.1:9/v1"]);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned() + &String::from_utf8_lossy(&wrong.stdout);
    assert!(!wrong.status.success(), "{said}");
    assert!(said.contains("assistant.url") && said.contains("assistant.model"), "{said}");
}

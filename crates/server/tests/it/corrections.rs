//! What people put right of items: it moves risk, search and incident, holds for revisions, and can be taken back.
#![expect(clippy::unwrap_used, reason = "test support")]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::socket::Socket;
use crate::support::{Answer, Person, Server, eventually, flood, text};

struct Desk {
    server: Server,
    ada: Person,
}

impl Desk {
    async fn open() -> Self {
        let server = Server::start().await;
        let _admin = server.person("admin@example.org", "admin").await;
        let ada = server.person("ada@example.org", "approver").await;
        Self { server, ada }
    }

    /// Says something and answers the item once it is in an incident.
    async fn says(&self, id: &str, words: &str) -> Value {
        let post = json!({ "source": "posts", "source_id": id, "source_kind": "social", "text": words });
        let ids = self.server.ingest(&self.ada.token, &post).await;
        self.when(&ids[0], |item| item["incident_id"].is_string()).await
    }

    async fn when(&self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        eventually("the item is so", async || {
            Some(self.server.item(&self.ada.token, id).await).filter(|item| is_so(item))
        })
        .await
    }

    async fn correct(&self, item: &Value, to: &Value) -> Answer {
        let path = format!("/api/items/{}", item["id"].as_str().unwrap());
        let request = self.server.request(Method::PATCH, &self.ada.token, &path);
        let request = request.header("If-Match", format!("\"{}\"", item["version"]));
        Answer::of(request.json(&json!({ "corrected": to }))).await
    }

    /// The same of an item that the stream may move meanwhile: as who is told so would, reads it again.
    async fn correct_again(&self, item: &Value, to: &Value) -> Value {
        let id = item["id"].as_str().unwrap();
        eventually("the item stands still", async || {
            let answer = self.correct(&self.server.item(&self.ada.token, id).await, to).await;
            (answer.status != StatusCode::PRECONDITION_FAILED).then_some(answer)
        })
        .await
        .expect(StatusCode::OK)
    }

    async fn examples(&self) -> Vec<Value> {
        self.server.all(&self.ada.token, "/api/training-set").await
    }
}

#[tokio::test]
async fn an_item_that_lies_where_its_incident_is_stays_there_when_something_else_is_put_right() {
    let desk = Desk::open().await;
    let flood = json!({ "source": "civil-protection", "source_id": "1", "source_kind": "official", "text": "Heavy rain and floods",
        "stated": { "hazard": "flood", "severity": "high", "lat": 39.5, "lon": -0.5, "country": "ES" } });
    let ids = desk.server.ingest(&desk.ada.token, &flood).await;
    let official = desk.when(&ids[0], |item| item["incident_id"].is_string()).await;
    let item = desk.says("2", "Flooding in Valencia, cars swept away and the bridge is closed").await;
    assert_eq!(
        (&item["location"]["country"], &item["incident_id"]),
        (&json!("ES"), &official["incident_id"])
    );
    assert_eq!(item["location"]["alternatives"][0]["country"], "VE");
    let after = desk.correct_again(&item, &json!({ "severity": "high" })).await;
    assert_eq!((&after["severity"], &after["location"]["country"]), (&json!("high"), &json!("ES")));
    // The other meaning may be what is right.
    let other = &item["location"]["alternatives"][0];
    let to = json!({ "location": { "name": other["name"], "lat": other["lat"], "lon": other["lon"] } });
    let after = desk.correct_again(&after, &to).await;
    assert_eq!((&after["location"]["country"], after["location"].get("alternatives")), (&json!("VE"), None));
    let back = desk.correct_again(&after, &Value::Null).await;
    assert!(back["version"].as_u64() > after["version"].as_u64(), "{back}");
}

#[tokio::test]
async fn a_corrected_item_moves_to_where_it_belongs_and_back() {
    let desk = Desk::open().await;
    let other =
        desk.says("1", "Flood in Paris: the Seine is over its banks and cellars are full of water").await;
    let item = desk.says("2", "Flooding in Paris today, two streets under water near the mill").await;
    assert_eq!(other["incident_id"], item["incident_id"]);
    let mut live = Socket::open(&desk.server, "/ws", &desk.ada.token).await;
    let to = json!({ "hazard": "earthquake", "location": { "name": "Paris, Texas", "lat": 33.66, "lon": -95.55 }, "severity": "critical" });
    let after = desk.correct(&item, &to).await.expect(StatusCode::OK);
    assert_eq!(
        (&after["hazard"]["type"], &after["location"]["country"]),
        (&json!("earthquake"), &json!("US"))
    );
    assert_eq!((&after["severity"], &after["corrected"]["to"]), (&json!("critical"), &to));
    assert!(after["risk_score"].as_f64() > item["risk_score"].as_f64(), "{after}");
    let sum: f64 =
        after["risk_parts"].as_array().unwrap().iter().filter_map(|part| part["contribution"].as_f64()).sum();
    assert!((sum - after["risk_score"].as_f64().unwrap()).abs() < 1e-6);
    let told = live.until("item_update").await;
    assert_eq!(told["item_id"], item["id"]);

    let id = text(&item["id"]);
    let moved = desk
        .when(&id, |now| now["incident_id"] != item["incident_id"] && now["incident_id"].is_string())
        .await;
    let incident = |id: &Value| format!("/api/incidents/{}", id.as_str().unwrap());
    let old = desk.server.get(&desk.ada.token, &incident(&item["incident_id"])).await.expect(StatusCode::OK);
    assert_eq!(old["item_count"], 1, "{old}");
    let new = desk.server.get(&desk.ada.token, &incident(&moved["incident_id"])).await.expect(StatusCode::OK);
    assert_eq!((&new["hazard"], &new["country"]), (&json!("earthquake"), &json!("US")));
    desk.server.until_total(&desk.ada.token, "/api/items?q=mill&hazard=earthquake", 1).await;

    let why = desk
        .server
        .get(&desk.ada.token, &format!("/api/items/{id}/explanation"))
        .await
        .expect(StatusCode::OK);
    assert_eq!((&why["corrected"]["to"], &why["by_itself"]["hazard"]["type"]), (&to, &json!("flood")));
    let examples = desk.examples().await;
    assert_eq!((examples.len(), &examples[0]["kind"]), (1, &json!("correction")));
    assert_eq!(
        (&examples[0]["data"]["corrected"], &examples[0]["data"]["found"]["hazard"]),
        (&to, &json!("flood"))
    );

    let back = desk.correct(&moved, &Value::Null).await.expect(StatusCode::OK);
    for field in ["hazard", "location", "severity", "risk_score", "corrected"] {
        assert_eq!(back[field], item[field], "{field}");
    }
    desk.when(&id, |now| now["incident_id"] == item["incident_id"]).await;
    assert!(desk.examples().await.is_empty());
    let admin = desk.server.login("admin@example.org").await;
    let audit = desk.server.all(&admin.token, "/api/audit").await;
    assert_eq!(audit.iter().filter(|entry| entry["action"] == "item.correct").count(), 2);
}

#[tokio::test]
async fn who_states_what_people_put_right_was_wrong_until_they_take_it_back() {
    let desk = Desk::open().await;
    let token = &desk.ada.token;
    let ids = desk.server.ingest(token, &flood("one")).await;
    let item = desk.when(&ids[0], |item| item["incident_id"].is_string()).await;
    let reliability = async |source: &str| {
        let path = format!("/api/sources/{source}/reliability");
        desk.server.get(token, &path).await.expect(StatusCode::OK)
    };
    let before = reliability("civil-protection").await;
    // The same hazard, and a place near by: nobody was wrong.
    let near = json!({ "hazard": "flood", "location": { "name": "Casalecchio", "lat": 44.47, "lon": 11.27 }, "severity": "high" });
    desk.correct(&item, &near).await.expect(StatusCode::OK);
    assert_eq!(reliability("civil-protection").await["mean"], before["mean"]);
    for wrong in [
        json!({ "hazard": "earthquake" }),
        json!({ "location": { "name": "Naples", "lat": 40.85, "lon": 14.27 } }),
        json!({ "location": null }),
    ] {
        let item = desk.when(&ids[0], |_| true).await;
        desk.correct(&item, &wrong).await.expect(StatusCode::OK);
        let after = reliability("civil-protection").await;
        assert!(after["mean"].as_f64() < before["mean"].as_f64(), "{wrong}: {after}");
        let decided = after["decided"].as_array().unwrap();
        assert_eq!((decided.len(), &decided[0]["right"]), (1, &json!(false)), "once, however often: {after}");
        assert_eq!(decided[0]["item_id"], item["id"]);
    }
    let item = desk.when(&ids[0], |_| true).await;
    desk.correct(&item, &Value::Null).await.expect(StatusCode::OK);
    assert_eq!(reliability("civil-protection").await["mean"], before["mean"]);

    // What analysis read out of a post is nobody's fault.
    let post = desk.says("1", "Flood in Paris: the Seine is over its banks").await;
    let unmoved = reliability("posts").await;
    desk.correct(&post, &json!({ "hazard": "earthquake" })).await.expect(StatusCode::OK);
    assert_eq!(reliability("posts").await, unmoved);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let said = desk.server.cli(&["training-set", "--out", out]);
    assert!(said.contains("1 of them with a label for hazard"), "{said}");
    let line = std::fs::read_to_string(folder.path().join("hazard.ndjson")).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&line["label"], &line["text"]), (&json!("earthquake"), &post["text"]));
    assert_eq!(line["group"], post["incident_id"]);
}

#[tokio::test]
async fn whether_and_of_what_an_item_informs_is_put_right_and_taken_back() {
    let desk = Desk::open().await;
    let token = &desk.ada.token;
    let item = desk.says("1", "Flooding in Paris today, two streets under water near the mill").await;
    let of =
        |item: &Value| (item["relevance"]["informative"].clone(), item["humanitarian"]["category"].clone());
    let before = of(&item);
    let search = |kind: &str| format!("/api/items?q=humanitarian:{kind}");
    let missing = json!({ "humanitarian": "missing_or_found_people" });
    let after = desk.correct_again(&item, &missing).await;
    assert_eq!(of(&after), (json!(true), json!("missing_or_found_people")));
    assert_eq!(
        (&after["relevance"]["probability"], &after["humanitarian"]["probability"]),
        (&json!(1.0), &json!(1.0))
    );
    assert_eq!(after["hazard"], item["hazard"], "the rest is as analysis has it");
    desk.server.until_total(token, &search("missing_or_found_people"), 1).await;
    let examples = desk.examples().await;
    assert_eq!((&examples[0]["data"]["corrected"], examples.len()), (&missing, 1));
    assert_eq!(
        (&examples[0]["data"]["found"]["informative"], &examples[0]["data"]["found"]["humanitarian"]),
        (&before.0, &before.1)
    );
    let why = format!("/api/items/{}/explanation", text(&item["id"]));
    let why = desk.server.get(token, &why).await.expect(StatusCode::OK);
    assert_eq!(
        (&why["by_itself"]["relevance"], &why["by_itself"]["humanitarian"]),
        (&item["relevance"], &item["humanitarian"])
    );
    let folder = tempfile::tempdir().unwrap();
    desk.server.cli(&["training-set", "--out", folder.path().to_str().unwrap()]);
    for (task, label) in [("relevance", "informative"), ("humanitarian", "missing_or_found_people")] {
        let line = std::fs::read_to_string(folder.path().join(format!("{task}.ndjson"))).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["label"], &line["text"]), (&json!(label), &item["text"]), "{task}");
    }

    // It holds for what the source says later, until it is put otherwise.
    let post = json!({ "source": "posts", "source_id": "1", "source_kind": "social", "text": "Flooding in Paris today, ten streets under water and a bridge collapsed" });
    let ids = desk.server.ingest(token, &post).await;
    let revised = desk.when(&ids[0], |item| item["revision"] == 2).await;
    assert_eq!(of(&revised), (json!(true), json!("missing_or_found_people")));
    let after = desk.correct_again(&revised, &json!({ "informative": false })).await;
    assert_eq!(of(&after), (json!(false), Value::Null));
    desk.server.until_total(token, &search("missing_or_found_people"), 0).await;
    let after = desk.correct_again(&after, &json!({ "informative": true, "humanitarian": null })).await;
    assert_eq!(of(&after), (json!(true), Value::Null));
    let back = desk.correct_again(&after, &Value::Null).await;
    assert_eq!((back.get("corrected"), of(&back).0), (None, before.0));
    assert!(desk.examples().await.is_empty());
    let admin = desk.server.login("admin@example.org").await;
    let audit = desk.server.all(&admin.token, "/api/audit").await;
    let noted: Vec<&Value> = audit.iter().filter(|entry| entry["action"] == "item.correct").collect();
    assert_eq!(noted.len(), 4);
    let first = &noted[3]["detail"];
    assert_eq!(
        (&first["before"]["humanitarian"], &first["after"]["humanitarian"]),
        (&before.1, &json!("missing_or_found_people"))
    );
}

#[tokio::test]
async fn a_correction_holds_for_what_the_source_says_later() {
    let desk = Desk::open().await;
    let item = desk.says("1", "Flooding in Paris today, two streets under water").await;
    let to = json!({ "location": null, "language": "fr", "severity": "low" });
    desk.correct(&item, &to).await.expect(StatusCode::OK);
    let post = json!({ "source": "posts", "source_id": "1", "source_kind": "social", "text": "Flooding in Paris today, ten streets under water and a bridge collapsed" });
    let ids = desk.server.ingest(&desk.ada.token, &post).await;
    let revised = desk.when(&ids[0], |item| item["revision"] == 2).await;
    assert_eq!((&revised["location"], &revised["severity"]), (&Value::Null, &json!("low")));
    assert_eq!((&revised["language"]["code"], &revised["corrected"]["to"]), (&json!("fr"), &to));
    assert_eq!(revised["hazard"]["type"], "flood", "what is not put right is as analysis has it");
}

#[tokio::test]
async fn a_correction_that_says_nothing_or_nonsense_is_refused() {
    let desk = Desk::open().await;
    let item = desk.says("1", "Flooding in Paris today, two streets under water").await;
    let place = |lat: f64, lon: f64| json!({ "location": { "name": "X", "lat": lat, "lon": lon } });
    for wrong in [
        json!({}),
        json!([]),
        json!("flood"),
        json!({ "hazard": "boredom" }),
        json!({ "risk_score": 0.1 }),
        json!({ "language": "Klingon" }),
        json!({ "informative": "yes" }),
        json!({ "informative": null }),
        json!({ "humanitarian": "gossip" }),
        json!({ "informative": false, "humanitarian": "injured_or_dead_people" }),
        json!({ "location": { "name": "", "lat": 1, "lon": 1 } }),
        json!({ "location": { "name": "a\u{202e}b", "lat": 1, "lon": 1 } }),
        json!({ "location": { "name": "X", "lat": 1 } }),
        place(90.5, 0.0),
        place(0.0, -180.5),
        place(1e308, 0.0),
    ] {
        desk.correct(&item, &wrong).await.problem(422);
    }
    for (lat, lon) in [(90.0, 12.0), (-90.0, 0.0), (0.0, 0.0), (12.0, 180.0), (12.0, -180.0)] {
        let now = desk.server.item(&desk.ada.token, item["id"].as_str().unwrap()).await;
        let answer = desk.correct(&now, &place(lat, lon)).await;
        // The item joins its incident anew meanwhile, and its version rises.
        if answer.status != StatusCode::PRECONDITION_FAILED {
            assert_eq!(answer.expect(StatusCode::OK)["location"]["lat"], lat);
        }
    }
    desk.correct(&item, &json!({ "hazard": "flood" })).await.problem(412);
    let viewer = desk.server.person("vera@example.org", "viewer").await;
    let path = format!("/api/items/{}", item["id"].as_str().unwrap());
    let request = desk.server.request(Method::PATCH, &viewer.token, &path).header("If-Match", "\"1\"");
    Answer::of(request.json(&json!({ "corrected": null }))).await.problem(403);
}

//! Incidents over HTTP: what people set, put together and take apart, and who may.
#![expect(clippy::unwrap_used, reason = "test support")]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::socket::Socket;
use crate::support::{Answer, Person, Server, eventually, text};

struct Desk {
    server: Server,
    ada: Person,
}

impl Desk {
    async fn open() -> Self {
        let server = Server::start().await;
        let _admin = server.person("admin@example.org", "admin").await;
        let ada = server.person("ada@example.org", "analyst").await;
        Self { server, ada }
    }

    /// A flood and a post about it, and another flood far off; both incidents, the larger first.
    async fn two(&self) -> [Value; 2] {
        let flood = |id: &str, place: &str, lat: f64, lon: f64| {
            json!({
                "source": "civil-protection", "source_id": id, "source_kind": "official",
                "text": format!("Severe flooding in {place}, {id}."),
                "stated": {"hazard": "flood", "severity": "critical", "lat": lat, "lon": lon, "place": place, "country": "IT"},
            })
        };
        let post = json!({ "source": "posts", "source_id": "1", "source_kind": "social", "text": "Flood in Bologna, the cellar is full of water" });
        let all = json!([flood("1", "Bologna", 44.49, 11.34), flood("2", "Palermo", 38.12, 13.36), post]);
        self.server.ingest(&self.ada.token, &all).await;
        eventually("there are two incidents of three items", async || {
            let mut all = self.server.all(&self.ada.token, "/api/incidents").await;
            all.sort_by_key(|one| std::cmp::Reverse(one["item_count"].as_u64()));
            let counts: Vec<u64> = all.iter().filter_map(|one| one["item_count"].as_u64()).collect();
            (counts == [2, 1]).then(|| <[Value; 2]>::try_from(all).unwrap())
        })
        .await
    }

    async fn send(&self, method: Method, path: &str, version: &Value, body: &Value) -> Answer {
        let request =
            self.server.request(method, &self.ada.token, path).header("If-Match", format!("\"{version}\""));
        Answer::of(request.json(body)).await
    }
}

fn path(incident: &Value, action: &str) -> String {
    format!("/api/incidents/{}{action}", incident["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_analyst_merges_two_incidents_and_takes_one_item_out_again() {
    let desk = Desk::open().await;
    let [large, small] = desk.two().await;
    let mut live = Socket::open(&desk.server, "/ws", &desk.ada.token).await;
    let merge = json!({ "from": [small["id"]] });
    let merged = desk
        .send(Method::POST, &path(&large, "/merge"), &large["version"], &merge)
        .await
        .expect(StatusCode::OK);
    assert_eq!((&merged["item_count"], &merged["id"]), (&json!(3), &large["id"]));
    assert_eq!(desk.server.total(&desk.ada.token, "/api/incidents").await, 1);
    let inside = format!("/api/items?incident={}", large["id"].as_str().unwrap());
    assert_eq!(desk.server.total(&desk.ada.token, &inside).await, 3);
    let told = live.take("incident_update", 2).await;
    assert!(told.iter().any(|frame| frame["data"]["incident"]["merged_into"] == large["id"]), "{told:?}");

    // Its old address leads to the one that stands.
    let followed = desk.server.get(&desk.ada.token, &path(&small, "")).await.expect(StatusCode::OK);
    assert_eq!(followed["id"], large["id"]);
    let again =
        desk.send(Method::POST, &path(&small, "/merge"), &json!(2), &json!({ "from": [large["id"]] })).await;
    again.problem(409);
    desk.send(Method::POST, &path(&large, "/merge"), &large["version"], &merge).await.problem(412);

    let items = desk.server.all(&desk.ada.token, &inside).await;
    let sicily = items.iter().find(|item| item["source_id"] == "2").unwrap();
    let split = json!({ "item_ids": [sicily["id"]], "title": "Palermo after all" });
    let request = || {
        let path = path(&large, "/split");
        let request = desk.server.request(Method::POST, &desk.ada.token, &path);
        request.header("If-Match", format!("\"{}\"", merged["version"])).header("Idempotency-Key", "s1")
    };
    let parted = Answer::of(request().json(&split)).await.expect(StatusCode::OK);
    assert_eq!((&parted["left"]["item_count"], &parted["parted"]["item_count"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&parted["parted"]["title"], &parted["parted"]["split_from"]),
        (&json!("Palermo after all"), &large["id"])
    );
    let twice = Answer::of(request().json(&split)).await.expect(StatusCode::OK);
    assert_eq!(twice["parted"]["id"], parted["parted"]["id"], "sent again it is done once");
    let item = desk.server.item(&desk.ada.token, &text(&sicily["id"])).await;
    assert_eq!(item["incident_id"], parted["parted"]["id"]);

    let admin = desk.server.login("admin@example.org").await;
    let audit = desk.server.all(&admin.token, "/api/audit").await;
    for action in ["incident.merge", "incident.merged", "incident.split", "incident.split_off"] {
        assert_eq!(audit.iter().filter(|entry| entry["action"] == action).count(), 1, "{action}");
    }
}

#[tokio::test]
async fn what_is_set_of_an_incident_holds_and_is_taken_back() {
    let desk = Desk::open().await;
    let [flood, _] = desk.two().await;
    let here = path(&flood, "");
    let set = json!({ "title": "The Reno", "severity": "low", "status": "monitoring" });
    let answer = desk.send(Method::PATCH, &here, &flood["version"], &set).await;
    let version = answer.headers["etag"].to_str().unwrap().trim_matches('"').parse::<u64>().unwrap();
    let after = answer.expect(StatusCode::OK);
    assert_eq!(after["version"], version);
    for (field, value) in set.as_object().unwrap() {
        assert_eq!(&after[field], value);
    }
    assert_eq!(after["set"]["found_severity"], "critical");
    let back = json!({ "severity": null, "title": null, "status": null });
    let back = desk.send(Method::PATCH, &here, &json!(version), &back).await.expect(StatusCode::OK);
    for field in ["title", "severity", "status", "set"] {
        assert_eq!(back[field], flood[field], "{field}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_reason() {
    let desk = Desk::open().await;
    let [flood, other] = desk.two().await;
    let (here, version) = (path(&flood, ""), &flood["version"]);
    let patch = async |body: Value| desk.send(Method::PATCH, &here, version, &body).await;
    patch(json!({ "title": " " })).await.problem(422);
    patch(json!({ "title": "a\u{202e}b" })).await.problem(422);
    patch(json!({ "title": "x".repeat(300) })).await.problem(422);
    patch(json!({ "severity": "dire" })).await.problem(422);
    patch(json!({ "item_count": 3 })).await.problem(422);
    let bare = desk.server.request(Method::PATCH, &desk.ada.token, &here).json(&json!({ "title": "x" }));
    Answer::of(bare).await.problem(428);
    desk.send(Method::PATCH, &here, &json!(99), &json!({ "title": "x" })).await.problem(412);
    let nobody = json!("00000000-0000-4000-8000-000000000000");
    desk.send(
        Method::PATCH,
        &format!("/api/incidents/{}", nobody.as_str().unwrap()),
        &json!(1),
        &json!({ "title": "x" }),
    )
    .await
    .problem(404);
    let merge = async |from: Value| {
        desk.send(Method::POST, &path(&flood, "/merge"), version, &json!({ "from": from })).await
    };
    merge(json!([])).await.problem(422);
    merge(json!([nobody])).await.problem(404);
    merge(json!([flood["id"]])).await.problem(422);
    merge(json!([other["id"], other["id"]])).await.problem(422);
    let split = async |ids: Value| {
        desk.send(Method::POST, &path(&flood, "/split"), version, &json!({ "item_ids": ids })).await
    };
    split(json!([])).await.problem(422);
    split(json!([nobody])).await.problem(422);
    let inside = desk
        .server
        .all(&desk.ada.token, &format!("/api/items?incident={}", flood["id"].as_str().unwrap()))
        .await;
    split(json!(inside.iter().map(|item| &item["id"]).collect::<Vec<_>>())).await.problem(422);
    let viewer = desk.server.person("vera@example.org", "viewer").await;
    for (method, action) in [(Method::PATCH, ""), (Method::POST, "/merge"), (Method::POST, "/split")] {
        let path = path(&flood, action);
        let request = desk.server.request(method, &viewer.token, &path).header("If-Match", "\"1\"");
        Answer::of(request.json(&json!({}))).await.problem(403);
    }
    assert_eq!(
        desk.server.get(&desk.ada.token, &here).await.expect(StatusCode::OK),
        flood,
        "nothing has changed"
    );
}

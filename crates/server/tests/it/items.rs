//! Lists of items: filters, pages, and what a person may change.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::socket::Socket;
use crate::support::{Answer, Server, eventually, flood, note, text};

fn quake() -> Value {
    json!({
        "source": "seismic-net", "source_id": "q1", "source_kind": "official", "timestamp": "2024-02-01T00:00:00Z",
        "title": "M 4.1 near Ankara", "text": "An earthquake of magnitude 4.1 was felt near Ankara.",
        "stated": {"hazard": "earthquake", "severity": "low", "lat": 39.9, "lon": 32.8, "magnitude": 4.1, "country": "TR"},
    })
}

#[tokio::test]
async fn each_condition_keeps_what_it_names_and_nothing_else() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "admin").await;
    let token = &ada.token;
    let ids = server.ingest(token, &json!([flood("one"), quake(), note(1)])).await;
    let [flood, quake, note] = ids.try_into().unwrap();
    server.until_total(token, "/api/items", 3).await;
    let incident = eventually("the flood is in an incident", async || {
        server.item(token, &flood).await["incident_id"].as_str().map(str::to_owned)
    })
    .await;

    for (condition, wanted) in [
        ("status=new", vec![&flood, &quake, &note]),
        ("status=verified,dismissed", vec![]),
        ("source=notes", vec![&note]),
        ("source=notes&source=seismic-net", vec![&note, &quake]),
        ("source=notes,%20seismic-net", vec![&note, &quake]),
        ("hazard=flood", vec![&flood]),
        ("hazard=earthquake,flood", vec![&flood, &quake]),
        ("country=tr", vec![&quake]),
        ("severity=critical", vec![&flood]),
        ("bbox=30,35,40,42", vec![&quake]),
        ("bbox=170,-90,-170,90", vec![]),
        ("until=2024-02-01T00:00:01Z", vec![&quake]),
        ("until=2024-02-01T00:00:00Z", vec![]),
        ("since=2024-02-01T00:00:00Z&hazard=earthquake", vec![&quake]),
        ("since=2024-02-01T00:00:01Z", vec![&flood, &note]),
        ("min_risk=0&risk_max=1", vec![&flood, &quake, &note]),
        (&format!("incident={incident}"), vec![&flood]),
    ] {
        let list = server.get(token, &format!("/api/items?{condition}")).await.expect(StatusCode::OK);
        let found: BTreeSet<String> =
            list["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect();
        assert_eq!(found, wanted.into_iter().cloned().collect(), "{condition}");
        assert_eq!(list["total"], found.len(), "{condition}");
        let facets =
            server.get(token, &format!("/api/items/facets?{condition}")).await.expect(StatusCode::OK);
        let counted: u64 = facets["status"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        assert_eq!(counted, found.len() as u64, "facets: {condition}");
    }
    let risk = server.item(token, &flood).await["risk_score"].as_f64().unwrap();
    let above = server.get(token, &format!("/api/items?min_risk={risk}")).await.expect(StatusCode::OK);
    assert!(above["items"].as_array().unwrap().iter().all(|item| item["risk_score"].as_f64() >= Some(risk)));
    assert!(above["total"].as_u64() >= Some(1), "the edge is included");
    assert_eq!(
        server.total(token, &format!("/api/items?risk_max={risk}")).await,
        3 - above["total"].as_u64().unwrap() + 1
    );
}

#[tokio::test]
async fn what_informs_and_of_what_is_on_the_item_searched_and_counted() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "admin").await;
    let token = &ada.token;
    let says = |id: &str, words: &str| json!({ "source": "posts", "source_id": id, "source_kind": "social", "text": words });
    let posts = json!([
        says("1", "Two people were killed and five injured when the bridge in Bologna fell"),
        says("2", "Please donate blankets for the flood in Bologna, volunteers collect them at the church"),
        says("3", "Happy birthday to my dear sister, what a lovely evening"),
        says("4", "🔥🌊"),
        quake(),
    ]);
    let ids = server.ingest(token, &posts).await;
    let [dead, donate, birthday, wordless, bulletin] = ids.try_into().unwrap();
    server.until_total(token, "/api/items?q=risk:%3E=0", 5).await;

    let item = server.item(token, &dead).await;
    assert_eq!(
        (&item["relevance"]["informative"], &item["humanitarian"]["category"]),
        (&json!(true), &json!("injured_or_dead_people"))
    );
    let explained = server.get(token, &format!("/api/items/{dead}/explanation")).await.expect(StatusCode::OK);
    let said = |task: &str| {
        explained["models"].as_array().unwrap().iter().find(|model| model["task"] == task).unwrap()
    };
    assert_eq!(said("relevance")["probabilities"]["informative"], item["relevance"]["probability"]);
    assert_eq!(said("humanitarian")["confidence"], item["humanitarian"]["probability"]);
    let item = server.item(token, &birthday).await;
    assert_eq!((&item["relevance"]["informative"], item.get("humanitarian")), (&json!(false), None));
    let item = server.item(token, &wordless).await;
    assert_eq!((item.get("relevance"), item.get("humanitarian")), (None, None));
    assert_eq!(
        server.item(token, &bulletin).await["relevance"],
        json!({ "informative": true, "probability": 1.0 })
    );

    for (q, wanted) in [
        ("informative:true", vec![&dead, &donate, &bulletin]),
        ("informative:false", vec![&birthday]),
        ("-informative:false", vec![&dead, &donate, &bulletin, &wordless]),
        ("humanitarian:injured_or_dead_people", vec![&dead]),
        (
            "humanitarian:rescue_volunteering_or_donation_effort,injured_or_dead_people source:posts",
            vec![&dead, &donate],
        ),
        ("humanitarian:missing_or_found_people", vec![]),
    ] {
        let list = server.get(token, &format!("/api/items?q={q}")).await.expect(StatusCode::OK);
        let found: BTreeSet<String> =
            list["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect();
        assert_eq!(found, wanted.into_iter().cloned().collect(), "{q}");
    }
    for path in ["/api/items/facets?source=posts", "/api/items/facets?q=source:posts"] {
        let facets = server.get(token, path).await.expect(StatusCode::OK);
        let kinds = json!({ "injured_or_dead_people": 1, "rescue_volunteering_or_donation_effort": 1 });
        assert_eq!((&facets["humanitarian"], &facets["source"]), (&kinds, &json!({ "posts": 4 })), "{path}");
    }
    let none = "/api/items/facets?incident=00000000-0000-4000-8000-000000000000";
    assert!(server.get(token, none).await.expect(StatusCode::OK).get("humanitarian").is_none());
    for (q, allowed) in
        [("humanitarian:rescue", "requests_or_urgent_needs"), ("informative:maybe", "true or false")]
    {
        let problem = server.get(token, &format!("/api/items?q={q}")).await.problem(400);
        assert_eq!(problem["errors"][0]["field"], "q");
        assert!(problem["detail"].as_str().unwrap().contains(allowed), "{problem}");
    }
}

#[tokio::test]
async fn a_wrong_condition_is_refused_by_its_name() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    for (parameter, value) in [
        ("status", "fresh"),
        ("hazard", "flod"),
        ("severity", "bad"),
        ("bbox", "1,2,3"),
        ("bbox", "0,50,10,40"),
        ("min_risk", "2"),
        ("risk_max", "-0.1"),
        ("since", "yesterday"),
        ("until", "2024-13-01T00:00:00Z"),
        ("incident", "seven"),
        ("q", "risk:high:low:"),
        ("q", "%22open"),
        ("cursor", "rubbish"),
        ("limit", "0"),
        ("limit", "201"),
    ] {
        let path = format!("/api/items?{parameter}={value}");
        let problem = server.get(&ada.token, &path).await.problem(400);
        assert_eq!(problem["errors"][0]["field"], parameter, "{path}: {problem}");
    }
    for (parameter, value) in [("risk_max", "much"), ("limit", "many"), ("limit", "-1"), ("min_risk", "NaN")]
    {
        let path = format!("/api/items?{parameter}={value}");
        let problem = server.get(&ada.token, &path).await.problem(400);
        assert!(problem["detail"].as_str().unwrap().contains(parameter), "{path}: {problem}");
    }
    let cell = server.get(&ada.token, "/api/items/grid?cell=0.01").await.problem(400);
    assert_eq!(cell["errors"][0]["field"], "cell");
    server.get(&ada.token, "/api/items?limit=200").await.expect(StatusCode::OK);
    server.get(&ada.token, "/api/items?limit=1").await.expect(StatusCode::OK);
    server.get(&ada.token, "/api/items/seven").await.problem(400);
    server.get(&ada.token, "/api/items/00000000-0000-0000-0000-000000000000").await.problem(404);
}

#[tokio::test]
async fn pages_give_each_item_once_also_when_all_were_said_at_one_moment() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let token = &ada.token;
    let entries: Vec<Value> = (0..120)
        .map(|number| {
            let mut entry = note(number);
            entry["timestamp"] = json!("2024-05-01T12:00:00Z");
            entry
        })
        .collect();
    let ids: BTreeSet<String> = server.ingest(token, &json!(entries)).await.into_iter().collect();
    server.until_total(token, "/api/items", 120).await;
    server.until_total(token, "/api/items?q=quiet", 120).await;
    for list in ["/api/items?limit=50", "/api/items?limit=7", "/api/items?limit=50&q=quiet"] {
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = server.get(token, &format!("{list}{cursor}")).await.expect(StatusCode::OK);
            assert_eq!(page["total"], 120);
            seen.extend(page["items"].as_array().unwrap().iter().map(|item| text(&item["id"])));
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen.len(), 120, "{list} in {pages} pages");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), ids, "{list}");
    }
}

#[tokio::test]
async fn an_edit_needs_the_version_it_was_read_at_and_everybody_sees_it() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let viewer = server.person("viewer@example.org", "viewer").await;
    let id = server.ingest(&ada.token, &note(1)).await.remove(0);
    server.item(&ada.token, &id).await;
    let path = format!("/api/items/{id}");
    let edit = async |token: &str, version: Option<&str>, body: Value| {
        let mut request = server.request(Method::PATCH, token, &path).json(&body);
        if let Some(version) = version {
            request = request.header("if-match", version);
        }
        Answer::of(request).await
    };
    let mut live = Socket::open(&server, "/ws", &viewer.token).await;

    edit(&ada.token, None, json!({"status": "triaged"})).await.problem(428);
    edit(&ada.token, Some("latest"), json!({"status": "triaged"})).await.problem(400);
    edit(&ada.token, Some("\"1\""), json!({"text": "mine now"})).await.problem(422);
    edit(&ada.token, Some("\"1\""), json!({"status": "done"})).await.problem(422);
    edit(&ada.token, Some("\"1\""), json!({"tags": [" "]})).await.problem(422);
    edit(&ada.token, Some("\"1\""), json!({"tags": vec!["tag"; 33]})).await.problem(422);
    edit(&viewer.token, Some("\"1\""), json!({"status": "triaged"})).await.problem(403);

    let answer = edit(&ada.token, Some("\"1\""), json!({"status": "triaged", "tags": ["river"]})).await;
    assert_eq!(answer.headers["etag"], "\"2\"");
    let item = answer.expect(StatusCode::OK);
    assert_eq!(
        (&item["status"], &item["tags"], &item["version"]),
        (&json!("triaged"), &json!(["river"]), &json!(2))
    );
    edit(&ada.token, Some("\"1\""), json!({"status": "dismissed"})).await.problem(412);

    let update = live.until("item_update").await;
    assert_eq!((&update["item_id"], &update["version"]), (&json!(id), &json!(2)));
    assert_eq!(update["updates"]["status"], "triaged");
    server.until_total(&ada.token, "/api/items?q=status:triaged", 1).await;

    // A new revision of the source keeps what people did.
    let mut entry = note(1);
    entry["text"] = json!("quiet note, corrected");
    server.ingest(&ada.token, &entry).await;
    let update = live.until("item_update").await;
    assert_eq!((&update["version"], &update["updates"]["status"]), (&json!(3), &json!("triaged")));
    edit(&ada.token, Some("3"), json!({"tags": []})).await.expect(StatusCode::OK);

    let unknown =
        server.request(Method::PATCH, &ada.token, "/api/items/00000000-0000-0000-0000-000000000000");
    Answer::of(unknown.header("if-match", "\"1\"").json(&json!({}))).await.problem(404);
}

#[tokio::test]
async fn an_item_says_why_it_is_what_it_is() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "viewer").await;
    let grace = server.person("grace@example.org", "analyst").await;
    let words = "Floods in Paris: 12 people dead and the bridge is closed. They need food and water.";
    let post = json!({ "source": "posts", "source_id": "1", "source_kind": "social", "text": words });
    let ids = server.ingest(&grace.token, &json!([post])).await;
    server.until_total(&grace.token, "/api/items", 1).await;
    // It joins its incident a moment later, with another version.
    let item = eventually("it is in its incident", async || {
        Some(server.item(&ada.token, &ids[0]).await).filter(|item| item["incident_id"].is_string())
    })
    .await;
    let path = format!("/api/items/{}/explanation", ids[0]);
    let told = server.get(&ada.token, &path).await.expect(StatusCode::OK);

    for same in ["version", "hazard", "location", "severity", "severity_why", "risk_score", "risk_parts"] {
        assert_eq!(told[same], item[same], "{same}");
    }
    let place = &told["places"][0];
    let span = |end: &str| place[end].as_u64().and_then(|at| usize::try_from(at).ok()).unwrap();
    assert_eq!(&words[span("start")..span("end")], "Paris");
    assert_eq!((&place["text"], &place["location"]["country"]), (&json!("Paris"), &json!("FR")));
    assert!(place["alternatives"].as_array().is_some_and(|others| !others.is_empty()), "{place}");
    let models = told["models"].as_array().unwrap();
    let tasks: Vec<&str> = models.iter().filter_map(|model| model["task"].as_str()).collect();
    assert_eq!(tasks, ["hazard", "relevance", "humanitarian", "checkworthiness"]);
    for model in models {
        let shares = model["probabilities"].as_object().unwrap();
        let sum: f64 = shares.values().filter_map(Value::as_f64).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{model}");
        assert_eq!(shares[model["answer"].as_str().unwrap()], model["confidence"]);
        let why = model["why"].as_array().unwrap();
        assert!(why.iter().all(|part| part["what"].is_string() && part["weight"].is_f64()), "{why:?}");
    }
    let parts: f64 =
        told["risk_parts"].as_array().unwrap().iter().filter_map(|part| part["contribution"].as_f64()).sum();
    assert!((parts - told["risk_score"].as_f64().unwrap()).abs() < 1e-6);

    // What the item alone cannot tell: the risk of what happens, in eight parts.
    let incident = server.get(&ada.token, &format!("/api/incidents/{}", text(&item["incident_id"]))).await;
    let risk = &incident.expect(StatusCode::OK)["risk"];
    assert_eq!(&told["incident_risk"], risk);
    let parts = risk["parts"].as_array().unwrap();
    let sum = |what: &str| parts.iter().filter_map(|part| part[what].as_f64()).sum::<f64>();
    assert!(parts.len() == 8 && (sum("weight") - 1.0).abs() < 1e-9, "{risk}");
    assert!((sum("contribution") - risk["score"].as_f64().unwrap()).abs() < 1e-9, "{risk}");
    assert!(parts.iter().all(|part| !text(&part["why"]).is_empty()), "{risk}");

    let nobody = "/api/items/00000000-0000-4000-8000-000000000000/explanation";
    server.get(&ada.token, nobody).await.expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn where_risks_are_high_is_the_installations_to_say() {
    let server = Server::start_with(&["--set", "risk.high_above=0.2", "--set", "risk.medium_from=0.1"]).await;
    let grace = server.person("grace@example.org", "analyst").await;
    let words = "Flood in Bologna, Italy: the river has burst its banks and houses are damaged";
    let post = json!({ "source": "posts", "source_id": "1", "source_kind": "social", "text": words });
    let ids = server.ingest(&grace.token, &json!([post])).await;
    server.until_total(&grace.token, "/api/items?q=risk:high", 1).await;
    let item = server.item(&grace.token, &ids[0]).await;
    let score = item["risk_score"].as_f64().unwrap();
    assert!(score > 0.2 && score < 0.7 && item["risk_level"] == "high", "{item}");
    let about = server.get(&grace.token, "/api/about").await.expect(StatusCode::OK);
    assert_eq!(about["risk"], json!({ "high_above": 0.2, "medium_from": 0.1 }));
    for (name, value) in
        [("high_above", "nan"), ("high_above", "1.5"), ("medium_from", "0.9"), ("medium_from", "-1")]
    {
        let refused = server.run(&["--set", &format!("risk.{name}={value}"), "config", "check"]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains("risk.high_above"), "{name}={value}: {said}");
    }
}

#[tokio::test]
async fn what_the_parts_of_an_incidents_risk_weigh_is_the_installations_to_say() {
    let server =
        Server::start_with(&["--set", "risk.weights.novelty=0", "--set", "risk.weights.virality=0.3"]).await;
    let grace = server.person("grace@example.org", "analyst").await;
    let words = "Flood in Bologna, Italy: the river has burst its banks and houses are damaged";
    let post = json!({ "source": "posts", "source_id": "1", "source_kind": "social", "text": words });
    let ids = server.ingest(&grace.token, &json!([post])).await;
    server.until_total(&grace.token, "/api/incidents", 1).await;
    let item = server.item(&grace.token, &ids[0]).await;
    let path = format!("/api/incidents/{}", text(&item["incident_id"]));
    let sound = |incident: &serde_json::Value| {
        let parts = incident["risk"]["parts"].as_array().unwrap();
        let part = |name: &str| parts.iter().find(|part| part["name"] == name).unwrap();
        assert_eq!(
            (part("novelty")["weight"].as_f64(), part("virality")["weight"].as_f64()),
            (Some(0.0), Some(0.3))
        );
        assert_eq!(part("novelty")["contribution"].as_f64(), Some(0.0), "{incident}");
        let sum: f64 = parts.iter().filter_map(|part| part["contribution"].as_f64()).sum();
        assert!((sum - incident["risk"]["score"].as_f64().unwrap()).abs() < 1e-9, "{incident}");
    };
    let listed = server.get(&grace.token, "/api/incidents").await.expect(StatusCode::OK);
    sound(&listed["items"][0]);
    let read = server.get(&grace.token, &path).await.expect(StatusCode::OK);
    sound(&read);
    // What people set is assessed by the same weights.
    let request = server
        .request(Method::PATCH, &grace.token, &path)
        .header("If-Match", format!("\"{}\"", read["version"]));
    let edited = Answer::of(request.json(&json!({ "severity": "critical" }))).await.expect(StatusCode::OK);
    sound(&edited);
    assert!(edited["risk"]["score"].as_f64() > read["risk"]["score"].as_f64(), "{edited}");

    for (name, value, right) in [
        ("novelty", "nan", "between 0 and 1"),
        ("novelty", "-0.2", "between 0 and 1"),
        ("novelty", "0.3", "not to 1"),
        ("sentimant", "0.1", "sentimant"),
    ] {
        let refused = server.run(&["--set", &format!("risk.weights.{name}={value}"), "config", "check"]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains(right), "{name}={value}: {said}");
    }
}

//! Alert rules as the desk keeps them: made, tried over the past, switched off.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Server, eventually, flood};

#[tokio::test]
async fn a_rule_is_tried_over_the_past_and_counts_once_it_is_made() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await.token;
    let ada = server.person("ada@example.org", "analyst").await.token;
    // A post of no great risk, which the built-in rule passes over.
    let post = |id: u32, town: &str| {
        json!({
            "source": "net", "source_id": id.to_string(), "author": "anna",
            "text": format!("Flood in {town}, Italy: the river has burst its banks and houses are damaged"),
        })
    };
    server.ingest(&ada, &post(1, "Bologna")).await;
    server.ingest(&admin, &flood("one")).await;
    eventually("the warning has its alert", async || {
        (server.total(&ada, "/api/alerts").await == 1).then_some(())
    })
    .await;

    let rule = json!({ "name": "Floods in Italy", "when": [{ "hazard": ["flood"], "country": ["IT"], "q": "river OR reno" }] });
    let tried = eventually("the log has it all", async || {
        let tried = server.post(&ada, "/api/alert-rules/test", &json!({ "rule": rule, "days": 1 })).await;
        let tried = tried.expect(StatusCode::OK);
        (tried["told"]["raised"].as_u64() >= Some(1) && tried["today"]["raised"] == 1).then_some(tried)
    })
    .await;
    assert!(tried["alerts"].as_array().unwrap().iter().all(|alert| alert["rule_id"] == "test"), "{tried}");
    assert_eq!(server.total(&ada, "/api/alerts").await, 1, "nothing was sent");
    let raised = &tried["told"]["raised"];
    let reach = &tried["reach"];
    let counts = json!({ "alerts": raised, "considered": 2, "people": 2, "messages": { "inbox": 2 }, "truncated": false });
    assert_eq!(reach, &counts);
    let wants = json!({ "inbox": true, "email": true, "min_severity": "low" });
    let request = server.request(Method::PUT, &ada, "/api/notifications/preferences").json(&wants);
    assert_eq!(Answer::of(request).await.status, StatusCode::OK);
    let again = server.post(&ada, "/api/alert-rules/test", &json!({ "rule": rule, "days": 1 })).await;
    let again = again.expect(StatusCode::OK);
    // More may have been raised since then.
    let raised = &again["told"]["raised"];
    assert_eq!(again["reach"]["messages"], json!({ "email": raised, "inbox": 2 }), "one of them wants mails");
    let real = server.all(&ada, "/api/alerts").await;
    for told in server.all(&ada, "/api/notifications").await {
        let is_real = real.iter().any(|alert| alert["id"] == told["about"]["alert_id"]);
        assert!(is_real, "nobody is told of one that was only tried: {told}");
    }

    server.post(&ada, "/api/alert-rules", &rule).await.problem(403);
    let made = server.post(&admin, "/api/alert-rules", &rule).await.expect(StatusCode::CREATED);
    let id = made["id"].as_str().unwrap().to_owned();
    server.ingest(&ada, &post(2, "Palermo")).await;
    let raised = eventually("the new rule raises an alert", async || {
        let alerts = server.all(&ada, "/api/alerts").await;
        alerts.into_iter().find(|alert| alert["rule_id"] == json!(id))
    })
    .await;
    assert!(raised["data"]["why"].as_str().unwrap().contains("Floods in Italy"), "{raised}");
    let by_id = server.post(&ada, "/api/alert-rules/test", &json!({ "id": id })).await.expect(StatusCode::OK);
    assert!(by_id["told"]["raised"].as_u64() >= Some(1));
}

#[tokio::test]
async fn the_built_in_rule_can_be_switched_off_and_put_back() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await.token;
    let shipped = server.get(&admin, "/api/alert-rules/threshold").await.expect(StatusCode::OK);
    assert_eq!((&shipped["version"], &shipped["enabled"]), (&json!(0), &json!(true)));
    let put = async |version: u64, rule: &Value| {
        let request = server.request(Method::PUT, &admin, "/api/alert-rules/threshold");
        Answer::of(request.header("If-Match", format!("\"{version}\"")).json(rule)).await
    };
    let off = json!({ "name": "Threshold", "enabled": false, "when": shipped["when"] });
    put(5, &off).await.problem(412);
    assert_eq!(put(0, &off).await.expect(StatusCode::OK)["version"], 1);
    server.ingest(&admin, &flood("one")).await;
    server.until_total(&admin, "/api/incidents", 1).await;
    assert_eq!(server.total(&admin, "/api/alerts").await, 0, "nobody is told");
    let request = server.request(Method::DELETE, &admin, "/api/alert-rules/threshold");
    assert_eq!(Answer::of(request).await.status, StatusCode::NO_CONTENT);
    server.ingest(&admin, &flood("two")).await;
    server.until_total(&admin, "/api/alerts", 1).await;
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused_with_their_place() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await.token;
    let wrong = json!({ "name": "x", "when": [{ "q": "status:nwe" }] });
    let problem = server.post(&admin, "/api/alert-rules", &wrong).await.problem(422);
    assert!(problem["errors"][0]["field"] == "when[0].q", "{problem}");
    for (body, status) in [
        (json!({ "rule": wrong }), 422),
        (json!({}), 422),
        (json!({ "id": "00000000-0000-0000-0000-000000000001" }), 404),
        (json!({ "rule": { "name": "x", "when": [{}] }, "days": 31 }), 422),
        (json!({ "rule": { "name": "x", "when": [{}] }, "days": 0 }), 422),
        (json!({ "rule": { "name": "x", "when": [{}] }, "since": "2999-01-01T00:00:00Z" }), 422),
    ] {
        server.post(&admin, "/api/alert-rules/test", &body).await.problem(status);
    }
    let all = json!({ "rule": { "name": "x", "when": [{}] }, "days": 30 });
    let told = server.post(&admin, "/api/alert-rules/test", &all).await.expect(StatusCode::OK);
    assert_eq!(told["told"]["raised"], 0);
}

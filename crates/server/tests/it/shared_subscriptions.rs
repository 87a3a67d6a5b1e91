//! Subscriptions of teams and of roles: who sets them up, who has them, and why somebody was told by one.
#![expect(clippy::unwrap_used, reason = "test support")]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, eventually, flood};

const NOBODY: &str = "00000000-0000-0000-0000-000000000009";

async fn team(server: &Server, person: &Person, name: &str, members: &[&Person]) -> String {
    let members: Vec<&String> = members.iter().map(|one| &one.id).collect();
    let body = json!({ "name": name, "members": members });
    let made = server.post(&person.token, "/api/teams", &body).await.expect(StatusCode::CREATED);
    made["id"].as_str().unwrap().to_owned()
}

fn of_country(name: &str, country: &str) -> Value {
    json!({ "name": name, "match": { "country": [country] } })
}

async fn delete(server: &Server, person: &Person, path: &str) -> Answer {
    Answer::of(server.request(Method::DELETE, &person.token, path)).await
}

#[tokio::test]
async fn approvers_set_up_what_teams_and_roles_want_and_what_they_did_stays_known() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let approver = server.person("approver@example.org", "approver").await;
    let viewer = server.person("viewer@example.org", "viewer").await;
    let field = team(&server, &approver, "Field", &[&viewer]).await;
    let other = team(&server, &approver, "Other", &[&viewer]).await;
    let (of_team, of_role) =
        (format!("/api/teams/{field}/subscriptions"), "/api/roles/viewer/subscriptions".to_owned());
    let spain = of_country("Spain", "ES");
    for all in [&of_team, &of_role] {
        server.post(&viewer.token, all, &spain).await.problem(403);
        server.post(&approver.token, all, &of_country("", "Spain")).await.problem(422);
        let post = async |body: &Value| {
            let request = server.request(Method::POST, &approver.token, all);
            Answer::of(request.header("idempotency-key", "once").json(body)).await
        };
        let made = post(&spain).await.expect(StatusCode::CREATED);
        assert!(made["warning"].as_str().unwrap().starts_with("it is the first: everybody "), "{made}");
        assert_eq!(post(&spain).await.expect(StatusCode::CREATED)["id"], made["id"]);
        assert_eq!(server.total(&viewer.token, all).await, 1);
        let second = server.post(&approver.token, all, &of_country("France", "FR")).await;
        let second = second.expect(StatusCode::CREATED);
        assert_eq!(second.get("warning"), None);
        delete(&server, &approver, &format!("{all}/{}", second["id"].as_str().unwrap())).await;
        let one = format!("{all}/{}", made["id"].as_str().unwrap());
        let change = async |version: &str, body: &Value| {
            let request = server.request(Method::PUT, &approver.token, &one);
            Answer::of(request.header("if-match", version).json(body)).await
        };
        let changed = change("\"1\"", &of_country("Iberia", "PT")).await.expect(StatusCode::OK);
        assert_eq!((&changed["name"], &changed["version"]), (&json!("Iberia"), &json!(2)));
        change("\"1\"", &spain).await.problem(412);
        let read = server.get(&viewer.token, &one).await.expect(StatusCode::OK);
        assert_eq!((&read["match"], &read["version"]), (&changed["match"], &json!(2)));
        // It is nobody else's, nor one's own.
        let id = made["id"].as_str().unwrap();
        for elsewhere in [
            format!("/api/teams/{other}/subscriptions/{id}"),
            format!("/api/roles/admin/subscriptions/{id}"),
            format!("/api/subscriptions/{id}"),
        ] {
            server.get(&approver.token, &elsewhere).await.problem(404);
            delete(&server, &approver, &elsewhere).await.problem(404);
        }
        delete(&server, &viewer, &one).await.problem(403);
        assert_eq!(delete(&server, &approver, &one).await.status, StatusCode::NO_CONTENT);
        assert_eq!(server.total(&viewer.token, all).await, 0);
    }
    assert_eq!(server.total(&approver.token, "/api/subscriptions").await, 0);
    let audit = server.get(&admin.token, "/api/audit?limit=50").await.expect(StatusCode::OK);
    let acts: Vec<&Value> = audit["items"].as_array().unwrap().iter().collect();
    let of = |act: &str| acts.iter().filter(|one| one["action"] == act).count();
    let counted = (of("subscription.made"), of("subscription.changed"), of("subscription.deleted"));
    assert_eq!(counted, (4, 2, 4), "{audit}");
    server.get(&viewer.token, &format!("/api/teams/{NOBODY}/subscriptions")).await.problem(404);
    server.post(&approver.token, &format!("/api/teams/{NOBODY}/subscriptions"), &spain).await.problem(404);
    let king = server.get(&viewer.token, "/api/roles/king/subscriptions").await;
    assert!(king.status.is_client_error(), "{}", king.status);
}

#[tokio::test]
async fn subscriptions_go_with_their_team() {
    let server = Server::start().await;
    let approver = server.person("approver@example.org", "approver").await;
    let field = team(&server, &approver, "Field", &[&approver]).await;
    let other = team(&server, &approver, "Other", &[&approver]).await;
    for id in [&field, &other] {
        let all = format!("/api/teams/{id}/subscriptions");
        server.post(&approver.token, &all, &of_country("Spain", "ES")).await.expect(StatusCode::CREATED);
    }
    let path = format!("/api/teams/{field}");
    assert_eq!(delete(&server, &approver, &path).await.status, StatusCode::NO_CONTENT);
    server.get(&approver.token, &format!("{path}/subscriptions")).await.problem(404);
    assert_eq!(server.total(&approver.token, &format!("/api/teams/{other}/subscriptions")).await, 1);
}

#[tokio::test]
async fn people_are_told_by_their_own_their_teams_and_their_roles_subscriptions_and_the_reason_names_which() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let viewer = server.person("viewer@example.org", "viewer").await;
    let analyst = server.person("analyst@example.org", "analyst").await;
    let approver = server.person("approver@example.org", "approver").await;
    let wanted = json!({ "channels": { "alerts": ["inbox"] }, "min_severity": "low" });
    for person in [&admin, &viewer, &analyst, &approver] {
        let request = server.request(Method::PUT, &person.token, "/api/notifications/preferences");
        Answer::of(request.json(&wanted)).await.expect(StatusCode::OK);
    }
    let field = team(&server, &admin, "Field", &[&viewer, &analyst]).await;
    let of_team = format!("/api/teams/{field}/subscriptions");
    for (path, body) in [
        (of_team.as_str(), json!({ "name": "floods", "match": { "hazard": ["flood"] } })),
        ("/api/roles/analyst/subscriptions", of_country("France", "FR")),
        (
            "/api/roles/approver/subscriptions",
            json!({ "name": "quakes", "match": { "hazard": ["earthquake"] } }),
        ),
    ] {
        server.post(&admin.token, path, &body).await.expect(StatusCode::CREATED);
    }
    // Their own alone would not let it through.
    server
        .post(&viewer.token, "/api/subscriptions", &of_country("Japan", "JP"))
        .await
        .expect(StatusCode::CREATED);
    server.ingest(&admin.token, &flood("one")).await;
    server.until_total(&admin.token, "/api/alerts", 1).await;
    let alert =
        server.get(&admin.token, "/api/alerts").await.expect(StatusCode::OK)["items"][0]["id"].clone();
    let why = async |person: &Person| {
        let path = format!("/api/notifications/why?alert={}", alert.as_str().unwrap());
        eventually("the recipients are chosen", async || {
            let answer = server.get(&person.token, &path).await;
            if answer.status != StatusCode::OK {
                return None;
            }
            let why = answer.expect(StatusCode::OK);
            (!why["reasons"][0].as_str().unwrap().contains("still being chosen")).then_some(why)
        })
        .await
    };
    for person in [&viewer, &analyst] {
        let why = why(person).await;
        assert_eq!(why["told"], true, "{why}");
        assert!(why["reasons"][0].as_str().unwrap().contains("subscribed as `team Field: floods`"), "{why}");
    }
    let passed = why(&approver).await;
    assert_eq!(
        (&passed["told"], &passed["reasons"][0]),
        (&json!(false), &json!("no subscription is for it: not `role approver: quakes` by its hazard"))
    );
    let every = why(&admin).await;
    assert_eq!(every["told"], true, "who has none wants those of every place: {every}");
    assert!(!every["reasons"][0].as_str().unwrap().contains("subscribed"), "{every}");
}

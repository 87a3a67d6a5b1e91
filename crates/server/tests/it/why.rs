//! Why somebody was, or was not, told of an item or of a comment; who may ask.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Answer, Server, eventually, flood};

const PREFERENCES: &str = "/api/notifications/preferences";
const WHY: &str = "/api/notifications/why";

#[tokio::test]
async fn of_an_item_one_learns_why_one_was_told_or_not_and_analysts_of_others() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let ada = server.person("ada@example.org", "viewer").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let wants =
        json!({ "channels": { "high_risk": ["inbox"], "new_items": ["inbox"] }, "min_severity": "low" });
    let set = server.request(Method::PUT, &ada.token, PREFERENCES).json(&wants);
    Answer::of(set).await.expect(StatusCode::OK);
    let floods = json!({ "name": "floods", "match": { "hazard": ["flood"] } });
    server.post(&ada.token, "/api/subscriptions", &floods).await.expect(StatusCode::CREATED);
    let id = server.ingest(&admin.token, &flood("one")).await.remove(0);
    let path = format!("{WHY}?item={id}");
    let told = eventually("it is told", async || {
        let answer = server.get(&ada.token, &path).await;
        (answer.status == StatusCode::OK && answer.body["told"] == true).then_some(answer.body)
    })
    .await;
    assert_eq!(told["revision"], 0);
    let reason = told["reasons"][0].as_str().unwrap();
    assert!(reason.starts_with("inbox: sent (asked for ") && reason.contains("`floods`"), "{told}");
    let bobs = server.get(&bob.token, &path).await.expect(StatusCode::OK);
    let why = bobs["reasons"][0].as_str().unwrap();
    assert!(bobs["told"] == false && why.starts_with("as preferences are now: asks for no "), "{bobs}");
    server.get(&bob.token, &format!("{path}&user={}", ada.id)).await.problem(403);
    let asked = server.get(&admin.token, &format!("{path}&user={}", bob.id)).await.expect(StatusCode::OK);
    assert_eq!(asked, bobs);
    let nobody = "00000000-0000-0000-0000-000000000000";
    server.get(&admin.token, &format!("{path}&user={nobody}")).await.problem(404);
    server.get(&bob.token, &format!("{WHY}?item={nobody}")).await.problem(404);
    for odd in [
        String::new(),
        format!("?alert={nobody}&item={id}"),
        format!("?item={id}&revision=1"),
        format!("?item={id}&kind=gossip"),
        format!("?alert={nobody}&kind=mention"),
    ] {
        server.get(&ada.token, &format!("{WHY}{odd}")).await.problem(400);
    }
}

#[tokio::test]
async fn who_names_somebody_and_who_is_named_learn_what_became_of_it_and_others_do_not() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let ada = server.person("ada@example.org", "analyst").await;
    let bob = server.person("bob@example.org", "viewer").await;
    let cleo = server.person("cleo@example.org", "viewer").await;
    let id = server.ingest(&admin.token, &flood("one")).await.remove(0);
    server.item(&ada.token, &id).await;
    let path = format!("{WHY}?item={id}&kind=mention&user={}", bob.id);
    server.get(&bob.token, &path).await.problem(404);
    let story = format!("/api/collaboration/activity/item:{id}");
    let said = json!({ "text": "@bob, look", "mentions": [bob.id] });
    server.post(&ada.token, &story, &said).await.expect(StatusCode::CREATED);
    for asking in [&ada, &bob, &admin] {
        let told = server.get(&asking.token, &path).await.expect(StatusCode::OK);
        assert_eq!(told["told"], true, "{told}");
        assert!(told["reasons"][0].as_str().unwrap().starts_with("inbox: sent ("), "{told}");
    }
    server.get(&cleo.token, &path).await.problem(403);
    // Of the newest comment, not of the one before it.
    let off = server
        .request(Method::PUT, &bob.token, PREFERENCES)
        .json(&json!({ "channels": { "alerts": ["inbox"] } }));
    Answer::of(off).await.expect(StatusCode::OK);
    let again = json!({ "text": "@bob, again", "mentions": [bob.id] });
    server.post(&ada.token, &story, &again).await.expect(StatusCode::CREATED);
    let told = server.get(&ada.token, &path).await.expect(StatusCode::OK);
    assert_eq!(told["told"], false, "{told}");
    let why = told["reasons"][0].as_str().unwrap();
    assert!(why.starts_with("as preferences are now: has switched off "), "{told}");
}

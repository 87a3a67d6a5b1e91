//! What operators see of the log while something else is away.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::time::{Duration, Instant};

use crisislens_testkit::Wire;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::log_view::settled;
use crate::site::Site;
use crate::support::{eventually, note};

const SEARCH: &str = "crisis-lens-main/search";

fn normalized(view: &Value) -> &Value {
    view["items"].as_array().unwrap().iter().find(|topic| topic["name"] == "normalized-items").unwrap()
}

fn trouble_of<'a>(view: &'a Value, name: &str) -> Option<&'a str> {
    let troubles = view["troubles"].as_array().unwrap();
    troubles.iter().find(|trouble| trouble["name"] == name)?["reason"].as_str()
}

#[tokio::test]
async fn topics_are_shown_while_search_is_away_and_say_that_its_place_is_unknown() {
    let Some(site) = Site::with_topics().await else { return };
    let mut wire = Wire::to(site.search_host().to_owned()).await;
    let near = format!("search.url=opensearch://127.0.0.1:{}/{}", wire.port(), site.index());
    let mut node = site.node_with("alone", &[near], &["serve"]);
    node.restart().await;
    let admin = node.person("ada@example.org", "admin").await.token;
    let id = node.ingest(&admin, &note(1)).await.remove(0);
    node.item(&admin, &id).await;
    settled(&node, &admin).await;
    let view = node.get(&admin, "/api/topics").await.expect(StatusCode::OK);
    assert_eq!(normalized(&view)["unknown"], json!([]));
    assert!(normalized(&view)["lag"][SEARCH].is_u64(), "{view}");

    wire.cut().await;
    let asked = Instant::now();
    let view = node.get(&admin, "/api/topics").await.expect(StatusCode::OK);
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    let topic = normalized(&view);
    assert_eq!(topic["unknown"], json!([SEARCH]), "{view}");
    assert!(topic["lag"].get(SEARCH).is_none(), "what is not known is not made up: {topic}");
    assert_eq!(topic["lag"]["crisis-lens-main/incidents"], 0, "the others are where they are");
    let reason = trouble_of(&view, SEARCH).unwrap();
    assert!(reason.contains("search index"), "{reason}");
    let health = node.get("", "/readyz").await.expect(StatusCode::OK);
    assert_eq!(health["ready"], true, "it serves everything else, and no proxy must take it out");
    eventually("health says what is away", async || {
        let reasons = node.get("", "/readyz").await.expect(StatusCode::OK)["reasons"].to_string();
        reasons.contains("search projector").then_some(())
    })
    .await;

    wire.mend().await;
    eventually("search says again where it is", async || {
        let view = node.get(&admin, "/api/topics").await.expect(StatusCode::OK);
        (normalized(&view)["unknown"] == json!([]) && trouble_of(&view, SEARCH).is_none()).then_some(())
    })
    .await;
}

//! What is brought to `/api/ingest`, and where it appears.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Server, eventually, flood, note};

#[tokio::test]
async fn one_object_an_array_and_lines_are_taken_and_appear_everywhere() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "admin").await;
    let token = &ada.token;

    let one = server.ingest(token, &flood("one")).await;
    let many = server.ingest(token, &json!([note(1), note(2)])).await;
    let lines = format!("{}\n\r\n{}\n", note(3), note(4));
    let taken = server.ingest_bytes(token, "application/x-ndjson; charset=utf-8", lines).await;
    let taken = taken.expect(StatusCode::ACCEPTED);
    assert_eq!((one.len(), many.len(), &taken["accepted"]), (1, 2, &json!(2)));
    server.until_total(token, "/api/items", 5).await;

    let answer = server.get(token, &format!("/api/items/{}", one[0])).await;
    assert_eq!(answer.headers["etag"], format!("\"{}\"", answer.body["version"]));
    let item = answer.expect(StatusCode::OK);
    assert_eq!(item["hazard"]["type"], "flood");
    assert_eq!((&item["location"]["lat"], &item["location"]["country"]), (&json!(44.49), &json!("IT")));
    assert_eq!((&item["revision"], &item["status"]), (&json!(1), &json!("new")));

    let found = eventually("the search knows it", async || {
        let found = server.get(token, "/api/items?q=Reno%20hazard:flood").await.expect(StatusCode::OK);
        (found["total"] == 1).then_some(found)
    })
    .await;
    assert_eq!(found["items"][0]["id"], json!(one[0]));

    let facets = server.get(token, "/api/items/facets").await.expect(StatusCode::OK);
    assert_eq!((&facets["source"]["notes"], &facets["source"]["civil-protection"]), (&json!(4), &json!(1)));
    assert_eq!((&facets["hazard"]["flood"], &facets["country"]["IT"]), (&json!(1), &json!(1)));
    assert_eq!(facets["status"]["new"], 5);
    let searched = server.get(token, "/api/items/facets?q=Reno").await.expect(StatusCode::OK);
    assert_eq!((&searched["hazard"]["flood"], &searched["source"]["notes"]), (&json!(1), &Value::Null));

    let grid = server.get(token, "/api/items/grid?cell=5").await.expect(StatusCode::OK);
    assert_eq!((&grid["located"], &grid["total"]), (&json!(1), &json!(5)));
    assert_eq!((&grid["cells"][0]["lat"], &grid["cells"][0]["hazard"]), (&json!(44.49), &json!("flood")));
}

#[tokio::test]
async fn what_is_not_known_of_an_entry_is_kept_as_raw_data() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let mut entry = note(1);
    entry["mood"] = json!({"deep": [1, 2.5, "drei", null]});
    let id = server.ingest(&ada.token, &entry).await.remove(0);
    let item = server.item(&ada.token, &id).await;
    assert_eq!(item["raw_data"], entry);
    let list = server.get(&ada.token, "/api/items").await.expect(StatusCode::OK);
    assert_eq!(list["items"][0]["raw_data"], Value::Null, "lists stay small");
}

#[tokio::test]
async fn the_same_entry_again_changes_nothing_and_another_of_its_id_is_a_revision() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let token = &ada.token;
    let mut entry = note(7);
    entry["timestamp"] = json!("2024-05-01T12:00:00Z");
    let id = server.ingest(token, &entry).await.remove(0);
    let first = server.item(token, &id).await;
    assert_eq!((&first["revision"], &first["version"]), (&json!(1), &json!(1)));

    server.ingest(token, &json!([entry, entry])).await;
    entry["text"] = json!("quiet note number seven, corrected");
    assert_eq!(server.ingest(token, &entry).await, [id.as_str()]);
    let second = eventually("the revision", async || {
        let item = server.item(token, &id).await;
        (item["revision"] != 1).then_some(item)
    })
    .await;
    assert_eq!((&second["revision"], &second["version"]), (&json!(2), &json!(2)));
    assert_eq!(second["text"], entry["text"]);
    assert_eq!(server.total(token, "/api/items").await, 1);
    let found = eventually("the search follows", async || {
        let found = server.get(token, "/api/items?q=corrected").await.expect(StatusCode::OK);
        (found["total"] == 1).then_some(found)
    })
    .await;
    assert_eq!(found["items"][0]["revision"], 2);
    assert_eq!(server.total(token, "/api/items?q=quiet").await, 1);
}

#[tokio::test]
async fn an_undated_entry_that_is_sent_again_is_no_revision_and_keeps_the_time_it_first_came() {
    let server = Server::start().await;
    let ada = server.person("ada@example.org", "analyst").await;
    let token = &ada.token;
    let mut entry = note(8);
    let id = server.ingest(token, &entry).await.remove(0);
    let first = server.item(token, &id).await;
    server.ingest(token, &entry).await;
    server.ingest(token, &json!([entry, entry])).await;
    // Whatever comes behind them on the log has them before it.
    entry["text"] = json!("quiet note number eight, corrected");
    server.ingest(token, &entry).await;
    let corrected = eventually("the revision", async || {
        let item = server.item(token, &id).await;
        (item["text"] == entry["text"]).then_some(item)
    })
    .await;
    assert_eq!((&corrected["revision"], &corrected["version"]), (&json!(2), &json!(2)));
    assert_ne!(corrected["timestamp"], first["timestamp"], "the correction has a time of its own");
    // To return to what was said before is news.
    server.ingest(token, &note(8)).await;
    eventually("the return", async || {
        let item = server.item(token, &id).await;
        (item["revision"] == 3 && item["text"] == first["text"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn only_an_admin_speaks_with_the_voice_of_an_authority() {
    let server = Server::start().await;
    let analyst = server.person("analyst@example.org", "analyst").await;
    let admin = server.person("admin@example.org", "admin").await;
    let kind_of = async |token: &str, entry: &Value| {
        let id = server.ingest(token, entry).await.remove(0);
        server.item(token, &id).await["source_kind"].clone()
    };
    assert_eq!(kind_of(&analyst.token, &flood("a")).await, "social");
    assert_eq!(kind_of(&admin.token, &flood("b")).await, "official");
    assert_eq!(kind_of(&admin.token, &note(1)).await, "social", "who says nothing is a post");
    // The analyst's flood, which came first, raises none by its voice.
    server.until_total(&admin.token, "/api/alerts", 1).await;
}

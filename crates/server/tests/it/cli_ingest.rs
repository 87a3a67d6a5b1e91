//! `crisislens ingest` of documents that do not fit into one request.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::process::Output;

use serde_json::{Value, json};

use crate::support::Server;

/// Raw items of some two kilobytes each.
const ITEMS: u32 = 30;
/// Takes some of them, and not all.
const LIMIT: &str = "http.body_limit_bytes=20000";

fn post(number: u32, bytes: usize) -> Value {
    json!({"source": "notes", "source_id": number.to_string(), "text": "quiet ".repeat(bytes / 6)})
}

/// A document with one item on line 5 that no request can hold.
fn ingest(server: &Server) -> (Option<i32>, String, String) {
    let mut lines: Vec<String> = (0..ITEMS).map(|number| post(number, 2_000).to_string()).collect();
    lines.insert(4, post(1_000, 40_000).to_string());
    let file = server.data_dir().parent().unwrap().join("notes.ndjson");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let Output { status, stdout, stderr } = server.run(&["ingest", file.to_str().unwrap()]);
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn a_document_goes_in_requests_that_fit_and_an_item_that_never_fits_is_named_by_its_line() {
    let mut server = Server::prepare_with(vec!["--set".to_owned(), LIMIT.to_owned()], &["serve"]);
    for running in [false, true] {
        if running {
            server.restart().await;
        }
        let (code, said, noted) = ingest(&server);
        assert_eq!(said.trim(), "31 entries, 30 accepted, 0 skipped, 1 refused", "{noted}");
        assert!(noted.contains("refused line 5, notes/1000:") && noted.contains("20000"), "{noted}");
        assert_eq!(code, Some(1), "what was left out is no success");
    }
    let admin = server.person("ada@example.org", "admin").await.token;
    server.until_total(&admin, "/api/items", u64::from(ITEMS)).await;
}

#[tokio::test]
async fn a_server_that_takes_less_than_the_command_knows_gets_smaller_requests() {
    let server = Server::start_with(&["--set", LIMIT]).await;
    let (code, said, noted) = ingest(&server);
    assert_eq!(said.trim(), "31 entries, 30 accepted, 0 skipped, 1 refused", "{noted}");
    assert!(noted.contains("refused line 5, notes/1000: 413"), "{noted}");
    assert_eq!(code, Some(1));
}

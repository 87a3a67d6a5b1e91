//! The compose file without containers: the same commands in the same environment, against the servers of the tests.

use std::collections::BTreeMap;
use std::path::Path;

use crisislens_servers::compose::{ComposeFile, Places};
use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Server, note};

/// Where the file's services are in this environment; `None`, and a line that says so, without servers.
fn places(signing: &Path) -> Option<Places> {
    let (Ok(kafka), Ok(postgres), Ok(opensearch)) = (
        std::env::var("CRISISLENS_TEST_KAFKA"),
        std::env::var("CRISISLENS_TEST_POSTGRES"),
        std::env::var("CRISISLENS_TEST_OPENSEARCH"),
    ) else {
        println!("skipped: CRISISLENS_TEST_KAFKA, _POSTGRES and _OPENSEARCH name no servers");
        return None;
    };
    let authority = |url: &str| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default().to_owned()
    };
    let authorities = [("kafka:9092", kafka), ("postgres:5432", postgres), ("opensearch:9200", opensearch)]
        .map(|(service, url)| (service.to_owned(), authority(&url)));
    Some(Places {
        authorities: authorities.into(),
        secrets: [("signing".to_owned(), signing.to_owned())].into(),
        values: BTreeMap::new(),
    })
}

#[tokio::test]
async fn the_compose_file_makes_topics_and_two_nodes_that_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let signing = folder.path().join("signing");
    std::fs::write(&signing, "a signing secret of this test, long enough").unwrap();
    let Some(places) = places(&signing) else { return };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infrastructure/compose/docker-compose.yml");
    let words = ["CRISISLENS_POSTGRES_PASSWORD", "KAFKA_UI_PASSWORD", "CRISISLENS_SIGNING_SECRET_FILE"];
    let variables = words.map(|word| (word.to_owned(), "not used outside containers".to_owned()));
    let compose = ComposeFile::read(&file, &variables.into()).unwrap();
    assert_eq!(compose.order().unwrap(), ["topics", "crisislens-1", "crisislens-2"]);

    let service = |name: &str| {
        // All its ways out of the container are in the environment; the address is the host's to give.
        let mut environment = compose.environment(name, &places).unwrap();
        assert_eq!(environment.remove("CRISISLENS__HTTP__LISTEN").as_deref(), Some("0.0.0.0:8000"));
        let command: Vec<&str> = compose.services[name].command.iter().map(String::as_str).collect();
        Server::prepare_in(environment.into_iter().collect(), &command)
    };
    let topics = service("topics");
    topics.cli(&["topics", "init"]);
    assert!(topics.cli(&["topics", "init"]).contains("nothing to do"), "it may be run again");

    let (mut one, mut other) = (service("crisislens-1"), service("crisislens-2"));
    one.restart().await;
    other.restart().await;
    let email = format!("compose-{}@example.org", std::process::id());
    let person = one.person(&email, "analyst").await;
    let posts: Vec<_> = (0..20)
        .map(|number| {
            let mut post = note(number);
            post["source"] = json!(format!("compose-{}", std::process::id()));
            post
        })
        .collect();
    let ids = one.ingest(&person.token, &json!(posts)).await;
    for id in ids {
        other.item(&person.token, &id).await;
    }
    let about = other.get("", "/api/about").await.expect(StatusCode::OK);
    assert_eq!(about["node"], "crisislens-2");
    for node in [&mut one, &mut other] {
        node.terminate();
        assert!(node.ended().await.success());
    }
}

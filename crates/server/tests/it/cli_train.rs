//! `crisislens train`: the same models each time, and a server that uses them.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::fmt::Write;
use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Server, text};

/// Texts of two kinds that our own model does not know: what is informative is said in made-up words.
fn texts(folder: &Path) {
    let mut lines = String::new();
    for number in 0..160 {
        let (words, label) = if number % 2 == 0 {
            ("zorbel quimt flarn", "informative")
        } else {
            ("plink moxie trell", "not_informative")
        };
        let text = format!("{words} number {number} of the day");
        let line = json!({ "text": text, "label": label, "group": format!("event {}", number % 5) });
        writeln!(lines, "{line}").unwrap();
    }
    std::fs::write(folder.join("relevance.ndjson"), lines).unwrap();
    let about = json!({ "data": ["made up"], "licence": "CC0-1.0", "limits": ["two kinds of text"] });
    std::fs::write(folder.join("relevance.about.json"), about.to_string()).unwrap();
}

#[tokio::test]
async fn models_of_ones_own_are_the_same_each_time_and_are_used() {
    let folder = TempDir::new().unwrap();
    let of = |name: &str| folder.path().join(name);
    std::fs::create_dir(of("texts")).unwrap();
    texts(&of("texts"));
    let server = Server::prepare(&[]);
    for out in ["one", "two"] {
        let (data, out) = (of("texts"), of(out));
        let said = server.cli(&["train", "--data", data.to_str().unwrap(), "--out", out.to_str().unwrap()]);
        assert!(
            said.contains("relevance: 160 texts of 5 groups") && said.contains("hazard: there is no"),
            "{said}"
        );
    }
    for name in ["relevance.bin", "relevance.json"] {
        assert_eq!(
            std::fs::read(of("one").join(name)).unwrap(),
            std::fs::read(of("two").join(name)).unwrap(),
            "{name}"
        );
    }
    let card: Value =
        serde_json::from_slice(&std::fs::read(of("one").join("relevance.json")).unwrap()).unwrap();
    assert_eq!((&card["licence"], &card["figures_held_out"]["texts"]), (&json!("CC0-1.0"), &json!(160)));
    assert!(card["figures_held_out"]["accuracy"].as_f64().unwrap() > 0.95, "{card}");

    let models = format!("analysis.models={}", of("one").display());
    for (set, wanted) in [(vec!["--set", models.as_str()], true), (vec![], false)] {
        let server = Server::start_with(&set).await;
        let ada = server.person("ada@example.org", "analyst").await;
        let post = json!({ "source": "posts", "source_id": "1", "text": "zorbel quimt flarn is what they say of the day" });
        let ids = server.ingest(&ada.token, &json!([post])).await;
        server.until_total(&ada.token, "/api/items", 1).await;
        let path = format!("/api/items/{}/explanation", ids[0]);
        let told = server.get(&ada.token, &path).await.expect(StatusCode::OK);
        let models = told["models"].as_array().unwrap();
        let relevance = models.iter().find(|model| model["task"] == "relevance").unwrap();
        let why: Vec<String> =
            relevance["why"].as_array().unwrap().iter().map(|part| text(&part["what"])).collect();
        assert_eq!(why.iter().any(|what| what.contains("zorbel")), wanted, "{why:?}");
        if wanted {
            assert_eq!(relevance["answer"], "informative");
        }
    }
}

#[test]
fn what_cannot_be_learnt_from_says_where_it_is_wrong() {
    let folder = TempDir::new().unwrap();
    let server = Server::prepare(&[]);
    let path = folder.path().to_str().unwrap();
    let out = folder.path().join("out");
    let refused = |said: &str| {
        let output = server.run(&["train", "--data", path, "--out", out.to_str().unwrap()]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(said), "{said}: {error}");
    };
    refused("has no texts to learn from");
    let file = folder.path().join("hazard.ndjson");
    for (line, said) in [
        (
            "{\"text\": \"a\", \"label\": \"flod\", \"group\": \"x\"}",
            "line 2: the label \"flod\" is none of earthquake, flood",
        ),
        ("{\"text\": \"a\", \"label\": \"flood\"}", "line 2: missing field `group`"),
        ("no json", "line 2"),
        ("{\"text\": \"a\", \"label\": \"flood\", \"group\": \"x\"}", "1 texts are too few"),
    ] {
        std::fs::write(&file, format!("\n{line}\n")).unwrap();
        refused(said);
    }
    std::fs::write(&file, [0xff, 0xfe]).unwrap();
    refused("is not UTF-8");
}

//! The command line.
#![expect(clippy::unwrap_used, reason = "test support")]

use serde_json::{Value, json};

use crate::support::{Server, flood, note, recordings};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_command_explains_itself_and_its_arguments() {
    let server = Server::prepare(&[]);
    for (command, mentions) in [
        (
            vec![],
            vec![
                "serve",
                "ingest",
                "publish",
                "topics",
                "dlq",
                "search",
                "users",
                "config",
                "--set",
                "--config",
                "--data-dir",
            ],
        ),
        (vec!["serve"], vec!["--listen", "--exercise", "--speed"]),
        (vec!["ingest"], vec!["<FILE>", "--format", "--source", "--kind", "--exercise", "usgs", "ndjson"]),
        (vec!["publish"], vec!["<TOPIC>", "--key", "--type", "--id", "--raw", "[VALUE]"]),
        (vec!["topics"], vec!["init", "list", "describe", "tail"]),
        (vec!["topics", "init"], vec!["--data-dir"]),
        (vec!["topics", "list"], vec!["--json"]),
        (vec!["topics", "describe"], vec!["<TOPIC>", "--json"]),
        (vec!["topics", "tail"], vec!["<TOPIC>", "--records", "--follow"]),
        (vec!["dlq"], vec!["list", "show", "replay", "discard"]),
        (
            vec!["dlq", "list"],
            vec!["--topic", "--error-class", "--consumer", "--since", "--status", "--json"],
        ),
        (
            vec!["dlq", "replay"],
            vec!["[OFFSETS]", "--all", "--dry-run", "--rate", "--edit", "--parked-too", "--until", "--json"],
        ),
        (vec!["dlq", "discard"], vec!["--reason", "--dry-run"]),
        (vec!["search"], vec!["status", "rebuild"]),
        (vec!["users"], vec!["add", "list", "password", "role"]),
        (
            vec!["users", "add"],
            vec!["<EMAIL>", "--name", "--role", "--email-alerts", "--min-severity", "--or-update"],
        ),
        (vec!["users", "list"], vec!["--json"]),
        (vec!["users", "password"], vec!["<EMAIL>"]),
        (vec!["users", "role"], vec!["<EMAIL>", "<ROLE>"]),
        (vec!["config"], vec!["check", "show"]),
        (vec!["config", "check"], vec!["--config"]),
        (vec!["config", "show"], vec!["--config"]),
    ] {
        let help = server.cli(&[&command[..], &["--help"]].concat());
        for word in mentions {
            assert!(help.contains(word), "{command:?} --help does not mention {word}:\n{help}");
        }
    }
    assert!(server.cli(&["--version"]).starts_with("crisislens "));
    assert_eq!(server.run(&["fly"]).status.code(), Some(2));
}

#[test]
fn config_check_says_what_is_wrong_and_where() {
    let server = Server::prepare(&[]);
    let folder = server.data_dir().parent().unwrap().to_owned();
    let file = folder.join("my.toml");
    let check = |toml: &str, more: &[&str]| {
        std::fs::write(&file, toml).unwrap();
        let output = server.run(&[&["--config", file.to_str().unwrap(), "config", "check"], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    };
    assert_eq!(check("[http]\nlisten = \"127.0.0.1:9\"\n", &[]).0, Some(0));
    for (toml, named) in [
        ("[http]\nlisten = \"here\"\n", vec!["http.listen", "here"]),
        ("[auth]\naccess_minutes = 0\n", vec!["auth.access_minutes"]),
        ("[auth]\naccess_minutes = \"soon\"\n", vec!["auth.access_minutes", "my.toml"]),
        ("[http]\nlisten_on = \"127.0.0.1:9\"\n", vec!["listen_on", "my.toml"]),
        ("[htp]\nlisten = \"127.0.0.1:9\"\n", vec!["htp", "my.toml"]),
        ("[http\n", vec!["my.toml"]),
        ("[exercise]\nspeed = 0.0\n", vec!["exercise.speed"]),
        ("[exercise]\nspeed = nan\n", vec!["exercise.speed"]),
        ("[exercise]\nlibrary = \"nowhere\"\n", vec!["exercise.library", "nowhere"]),
        ("[log]\nurl = \"kafka://broker\"\n", vec!["log.url"]),
        (
            "[[sources.live]]\nname = \"x\"\nkind = \"media\"\nformat = \"telex\"\nurl = \"https://x.example\"\n",
            vec!["sources.contact", "telex"],
        ),
    ] {
        let (code, said) = check(toml, &[]);
        assert_eq!(code, Some(1), "{toml}");
        for word in named {
            assert!(said.contains(word), "{toml}: does not name {word}: {said}");
        }
    }
    let (code, said) = check("", &["--set", "realtime.ping=3"]);
    assert!(code == Some(1) && said.contains("ping"), "{said}");
    let missing = server.run(&["--config", "nowhere.toml", "config", "check"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("nowhere.toml"));

    let mut from_environment = server.command(&["config", "show"]);
    from_environment.env("CRISISLENS__HTTP__LISTEN", "127.0.0.1:7");
    from_environment.env("CRISISLENS__HTTP__ALLOWED_ORIGINS", "https://a.example,https://b.example");
    let shown: Value = serde_json::from_slice(&from_environment.output().unwrap().stdout).unwrap();
    assert_eq!(shown["http"]["listen"], "127.0.0.1:7");
    assert_eq!(shown["http"]["allowed_origins"], json!(["https://a.example", "https://b.example"]));
    // `--set` counts before a command, behind it and behind its own command; of the same name the later wins.
    let words = ["--set", "alerts.name=One", "--set", "notify.at_once=7", "config", "--set"];
    let more = ["alerts.name=Two", "--set", "auth.refresh_days=3", "show", "--set", "auth.refresh_days=4"];
    let shown: Value = serde_json::from_str(&server.cli(&[&words[..], &more[..]].concat())).unwrap();
    assert_eq!((&shown["alerts"]["name"], &shown["notify"]["at_once"]), (&json!("Two"), &json!(7)));
    assert_eq!(shown["auth"]["refresh_days"], 4);
    let bad = server.run(&["serve", "--listen", "here"]);
    assert!(bad.status.code() == Some(1) && String::from_utf8_lossy(&bad.stderr).contains("http.listen"));
}

#[test]
fn a_key_that_alerts_cannot_be_signed_with_is_said_at_the_start_and_by_config_check() {
    let server = Server::prepare(&[]);
    let folder = server.data_dir().parent().unwrap().to_owned();
    let (key, other) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
    let certificate = rcgen::CertificateParams::default().self_signed(&other).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(folder.join("other.pem"), certificate.pem()).unwrap();
    for (sets, named) in [
        (vec!["alerts.key_file=nowhere.pem"], vec!["alerts.key_file", "nowhere.pem", "cannot be read"]),
        (vec!["alerts.key_file=other.pem"], vec!["alerts.key_file", "no private key", "openssl genpkey"]),
        (vec!["alerts.cert_file=other.pem"], vec!["alerts.key_file: is missing"]),
        (
            vec!["alerts.key_file=key.pem", "alerts.cert_file=other.pem"],
            vec!["alerts.cert_file", "is not of the key"],
        ),
    ] {
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        for command in [&["config", "check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let output = server.run(&[command, &sets[..]].concat());
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{command:?} {sets:?}: {said}");
            for word in &named {
                assert!(said.contains(word), "{command:?} {sets:?} does not say {word:?}: {said}");
            }
        }
    }
    server.cli(&["config", "check", "--set", "alerts.key_file=key.pem"]);
}

#[tokio::test]
async fn topics_are_made_listed_described_and_read_whether_a_server_runs_or_not() {
    let mut server = Server::prepare(&[]);
    let topics = async |server: &Server, records: usize| {
        assert_eq!(server.cli(&["topics", "init"]).trim(), "7 topics are there; nothing to do");
        let list = lines(&server.cli(&["topics", "list", "--json"]));
        assert_eq!(list.len(), 7);
        assert!(server.cli(&["topics", "list"]).contains("normalized-items"));
        let described = lines(&server.cli(&["topics", "describe", "raw-items", "--json"]));
        assert_eq!(described[0]["partitions"].as_array().map(Vec::len), Some(6));
        assert!(server.cli(&["topics", "describe", "dlq"]).contains("partition"));
        assert_eq!(lines(&server.cli(&["topics", "tail", "raw-items", "-n", "100"])).len(), records);
        let unknown = server.run(&["topics", "describe", "rumours"]);
        assert!(!unknown.status.success());
        assert!(
            String::from_utf8_lossy(&unknown.stderr).contains("raw-items"),
            "it names those that there are"
        );
        assert!(!server.run(&["topics", "tail", "rumours"]).status.success());
    };
    topics(&server, 0).await;
    server.restart().await;
    let ada = server.person("ada@example.org", "analyst").await;
    server.ingest(&ada.token, &json!([note(1), note(2), note(3)])).await;
    topics(&server, 3).await;
    server.kill9();
    topics(&server, 3).await;
    server.restart().await;
    server.terminate();
    assert!(server.ended().await.success());
    topics(&server, 3).await;
}

#[tokio::test]
async fn a_document_is_ingested_with_and_without_a_server_and_twice_is_as_good_as_once() {
    let mut server = Server::prepare(&[]);
    let folder = server.data_dir().parent().unwrap().to_owned();
    let file = folder.join("week.geojson");
    let packed = std::fs::File::open(recordings().join("usgs-2016-11-03.geojson.gz")).unwrap();
    let unpacked = std::process::Command::new("gunzip").stdin(packed).output().unwrap();
    std::fs::write(&file, &unpacked.stdout).unwrap();
    let ingest = |server: &Server| {
        let said = server.cli(&[
            "ingest",
            file.to_str().unwrap(),
            "--format",
            "usgs",
            "--source",
            "usgs",
            "--kind",
            "official",
        ]);
        let words: Vec<u64> = said
            .split(|letter: char| !letter.is_ascii_digit())
            .filter_map(|word| word.parse().ok())
            .collect();
        let [entries, accepted, skipped] = words[..] else { panic!("{said}") };
        assert_eq!(entries, accepted + skipped);
        accepted
    };
    let accepted = ingest(&server);
    assert!(accepted > 100);
    server.restart().await;
    let admin = server.person("admin@example.org", "admin").await;
    server.until_total(&admin.token, "/api/items", accepted).await;
    assert_eq!(ingest(&server), accepted);
    crate::log_view::settled(&server, &admin.token).await;
    assert_eq!(server.total(&admin.token, "/api/items?source=usgs").await, accepted);
    assert_eq!(
        server.get(&admin.token, "/api/items?limit=1").await.body["items"][0]["source_kind"],
        "official"
    );

    let mut post = note(1);
    post["source"] = json!("pipe");
    let text = format!("{post}\n{}\n{{\"text\":\"no source\"}}\n", flood("one"));
    std::fs::write(&file, text).unwrap();
    let output = server.run(&["ingest", file.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("skipped line 3"), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("2 accepted, 1 skipped"), "{output:?}");
    assert!(!server.run(&["ingest", file.to_str().unwrap(), "--format", "telex"]).status.success());
    assert!(!server.run(&["ingest", "nowhere.json"]).status.success());
}

#[tokio::test]
async fn accounts_are_made_listed_and_changed() {
    let mut server = Server::prepare(&[]);
    server.cli(&[
        "users",
        "add",
        "Ada@Example.org",
        "--name",
        "Ada L",
        "--role",
        "approver",
        "--email-alerts",
    ]);
    server.restart().await;
    server.cli(&["users", "add", "bob@example.org", "--min-severity", "critical"]);
    let users = lines(&server.cli(&["users", "list", "--json"]));
    assert_eq!(users.len(), 2);
    let ada = users.iter().find(|user| user["email"] == "ada@example.org").unwrap();
    assert_eq!((&ada["name"], &ada["role"]), (&json!("Ada L"), &json!("approver")));
    let wants = &ada["preferences"];
    assert_eq!(
        (&wants["channels"]["alerts"], &wants["min_severity"]),
        (&json!(["inbox", "email"]), &json!("medium"))
    );
    assert!(!users.iter().any(|user| user.to_string().contains("argon2")));
    assert!(server.cli(&["users", "list"]).contains("bob@example.org"));

    let again = server.run(&["users", "add", "ada@example.org"]);
    assert!(!again.status.success(), "a second account of an address is refused");
    server.cli(&["users", "add", "ada@example.org", "--role", "viewer", "--or-update"]);
    server.cli(&["users", "role", "bob@example.org", "admin"]);
    let bob = server.login("bob@example.org").await;
    assert_eq!(server.get(&bob.token, "/api/auth/me").await.body["role"], "admin");
    let ada = server.login("ada@example.org").await;
    assert_eq!(server.get(&ada.token, "/api/auth/me").await.body["role"], "viewer");

    let change = server
        .command(&["users", "password", "bob@example.org"])
        .env("CRISISLENS_PASSWORD", "another one")
        .output();
    assert!(change.unwrap().status.success());
    server
        .post("", "/api/auth/login", &json!({"email": "bob@example.org", "password": "correct horse"}))
        .await
        .problem(401);
    let short =
        server.command(&["users", "add", "eve@example.org"]).env("CRISISLENS_PASSWORD", "short").output();
    assert!(!short.unwrap().status.success());
    for wrong in [
        vec!["users", "add", "nobody"],
        vec!["users", "add", "a@b.org", "--role", "king"],
        vec!["users", "password", "nobody@example.org"],
        vec!["users", "role", "nobody@example.org", "admin"],
    ] {
        assert!(!server.run(&wrong).status.success(), "{wrong:?}");
    }
}

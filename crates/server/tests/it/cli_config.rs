//! `crisislens config check`: what is not what it should be is refused with its name.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::fs;

use crate::support::Server;

/// What `config check` says of the settings.
fn check(server: &Server, toml: &str, more: &[&str]) -> (Option<i32>, String) {
    let file = server.data_dir().parent().unwrap().join("my.toml");
    fs::write(&file, toml).unwrap();
    let output = server.run(&[&["--config", file.to_str().unwrap(), "config", "check"], more].concat());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_wrong_type_is_refused_with_its_name_and_what_is_needed() {
    let server = Server::prepare(&[]);
    let live =
        "[[sources.live]]\nname = \"x\"\nkind = \"media\"\nformat = \"usgs\"\nurl = \"https://x.example\"\n";
    for (toml, said) in [
        ("[http]\nlisten = 8000\n", "http.listen = 8000: is a whole number; a text in quotes is needed"),
        ("[http]\nmax_sockets = \"64\"\n", "http.max_sockets = \"64\": is a text; a whole number from 0 to"),
        ("[http]\nmax_sockets = -1\n", "http.max_sockets = -1: is a whole number; a whole number from 0 to"),
        ("[http]\nmax_sockets = 99.5\n", "http.max_sockets = 99.5: is a number; a whole number"),
        ("[auth]\naccess_minutes = true\n", "auth.access_minutes = true: is true or false; a whole number"),
        ("[auth]\nregistration = 1\n", "auth.registration = 1: is a whole number; true or false is needed"),
        (
            "[auth]\nregistration = \"yes\"\n",
            "auth.registration = \"yes\": is a text; true or false is needed",
        ),
        ("[exercise]\nspeed = \"fast\"\n", "exercise.speed = \"fast\": is a text; a number is needed"),
        (
            "[http]\nallowed_origins = \"https://x.example\"\n",
            "http.allowed_origins = \"https://x.example\": is a text; a list",
        ),
        (
            "[http]\nallowed_origins = [\"https://x.example\", 5]\n",
            "http.allowed_origins[1] = 5: is a whole number; a text",
        ),
        (
            "[failures]\ndelays_s = [10, \"soon\"]\n",
            "failures.delays_s[1] = \"soon\": is a text; a whole number",
        ),
        ("http = 5\n", "http = 5: is a whole number; a section"),
        ("[http.listen]\n", "http.listen = {…}: is a section; a text"),
        ("[log.kafka]\nreplication_factor = 3000000000\n", "a whole number from -2147483648 to 2147483647"),
        (
            "[realtime]\nquery_token = \"maybe\"\n",
            "realtime.query_token = \"maybe\": is a text; one of loopback, never, always is needed",
        ),
        (
            "[node]\nroles = [\"api\", \"chef\"]\n",
            "node.roles[1] = \"chef\": is a text; one of api, connectors, workers, notify",
        ),
        ("[log.kafka]\nsecurity = \"ssl\"\n", "one of plaintext, tls, sasl_plaintext, sasl_tls"),
        ("[log.kafka]\nsasl_mechanism = \"plain\"\n", "one of SCRAM-SHA-512, SCRAM-SHA-256, PLAIN"),
        (
            "[http]\nlisten_on = \"x\"\n",
            "http: there is no setting \"listen_on\"; there are listen, trusted_proxies",
        ),
        ("\"http[99999999999]\" = 5\n", "there is no setting \"http[99999999999]\""),
        (
            &format!("{live}interval_s = \"60\"\n"),
            "sources.live[0].interval_s = \"60\": is a text; a whole number",
        ),
        (
            &live.replace("media", "rumour"),
            "sources.live[0].kind = \"rumour\": is a text; one of official, media, social",
        ),
        (&live.replace("format = \"usgs\"\n", ""), "sources.live[0]: format is missing"),
    ] {
        let (code, noted) = check(&server, toml, &[]);
        assert!(code == Some(1) && noted.contains(said), "{toml}: {noted}");
        assert!(noted.contains("my.toml"), "{noted}");
    }
}

#[test]
fn what_the_environment_and_flags_say_becomes_what_its_place_needs_or_is_refused() {
    let server = Server::prepare(&[]);
    for (set, said) in [
        (
            "auth.access_minutes=soon",
            "auth.access_minutes = \"soon\" (in --set): is no such value; a whole number",
        ),
        ("auth.registration=yes", "auth.registration = \"yes\" (in --set): is no such value; true or false"),
        ("a.b[999999999999]=x", "--set a.b[999999999999]=…: b has 0 entries"),
        ("http.allowed_origins[4000000000]=x", "there is no [4000000000]"),
        ("http.allowed_origins[-5]=x", "an index is a number in brackets"),
        ("sources.live[0].name=x", "sources.live[0]: kind is missing"),
        ("realtime.query_token=maybe", "one of loopback, never, always"),
    ] {
        let (code, noted) = check(&server, "", &["--set", set]);
        assert!(code == Some(1) && noted.contains(said), "{set}: {noted}");
    }
    let secret = "x".repeat(100);
    let (_, noted) = check(&server, "", &["--set", &format!("state=postgres://desk:{secret}@db/x")]);
    assert!(noted.contains("postgres://desk:***@db/x") && !noted.contains("xx"), "{noted}");
    let mut command = server.command(&["config", "check"]);
    let output = command.env("CRISISLENS__HTTP__ALLOWED_ORIGINS[888888888888]", "x").output().unwrap();
    let noted = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && noted.contains("there is no [888888888888]"), "{noted}");

    let mut command = server.command(&["config", "show"]);
    command.envs([
        ("CRISISLENS__NODE__NAME", "007"),
        ("CRISISLENS__NODE__ROLES", "api, workers"),
        ("CRISISLENS__AUTH__REGISTRATION", "FALSE"),
        ("CRISISLENS__FAILURES__DELAYS_S", "[1, 2]"),
        ("CRISISLENS__EXERCISE__SPEED", "2"),
    ]);
    command.args(["--set", "node.roles[1]=notify", "--set", "http.listen=8000"]);
    let shown = command.output().unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["node"]["name"], "007", "a name of digits stays as it is");
    assert_eq!(shown["node"]["roles"], serde_json::json!(["api", "notify"]));
    assert_eq!((&shown["auth"]["registration"], &shown["http"]["listen"]), (&false.into(), &"8000".into()));
    assert_eq!(shown["failures"]["delays_s"], serde_json::json!([1, 2]));
    assert_eq!(shown["exercise"]["speed"], 2.0);
}

#[test]
fn a_file_that_is_named_and_cannot_be_read_is_found_by_the_check() {
    let server = Server::prepare(&[]);
    let folder = server.data_dir().parent().unwrap().to_owned();
    let there = folder.join("there.pem");
    fs::write(&there, "a certificate").unwrap();
    let (there, folder) = (there.to_str().unwrap(), folder.to_str().unwrap());
    let url = |scheme: &str, parameter: &str, file: &str| format!("{scheme}{parameter}={file}");
    let postgres = "postgres://desk:hunter2@db/x?";
    for (key, before) in [
        ("auth.secret_file", String::new()),
        ("log.topics_file", String::new()),
        ("log.kafka.password_file", String::new()),
        ("log.kafka.ca_file", String::new()),
        ("log.kafka.cert_file", String::new()),
        ("log.kafka.key_file", String::new()),
        ("state.url", url(postgres, "sslrootcert", "")),
        ("state.url", url(postgres, "sslcert", "")),
        ("state.url", url(postgres, "sslkey", "")),
        ("search.url", "opensearch://desk:hunter2@search/x?tls=true&ca=".to_owned()),
    ] {
        for (file, is_there) in [("/nowhere.pem", false), (folder, false), (there, true)] {
            let (code, noted) = check(&server, "", &["--set", &format!("{key}={before}{file}")]);
            // A certificate is no list of topics.
            if is_there && key != "log.topics_file" {
                assert_eq!(code, Some(0), "{key}: {noted}");
            } else {
                assert!(code == Some(1) && noted.contains(key) && noted.contains(file), "{key}: {noted}");
            }
            assert!(!noted.contains("hunter2"), "{noted}");
        }
    }
}

#[tokio::test]
async fn a_lease_that_no_provider_could_answer_within_is_refused() {
    let server = Server::prepare(&[]);
    let (code, noted) = check(&server, "[notify]\nlease_s = 4\n", &[]);
    assert!(code == Some(1) && noted.contains("notify.lease_s: is not between 5 and 3600"), "{noted}");
    assert_eq!(check(&server, "[notify]\nlease_s = 5\n", &[]).0, Some(0));
}

#[test]
fn what_providers_lack_is_warned_of_and_refused_by_nobody() {
    let server = Server::prepare(&[]);
    let toml =
        "[notify]\nemail = [\"sendgrid\"]\n[notify.sendgrid]\nkey = \"SG.x\"\nfrom = \"a@example.org\"\n";
    let (code, noted) = check(&server, toml, &[]);
    assert_eq!(code, Some(0), "{noted}");
    for said in ["warning: notify.public_url: is missing", "warning: notify.sendgrid.webhook_key: is missing"]
    {
        assert!(noted.contains(said), "{noted}");
    }
    let (code, noted) = check(&server, "[notify]\nsms_prefixes = [\"91\"]\n", &[]);
    assert!(code == Some(1) && noted.contains("notify.sms_prefixes: has what is not +"), "{noted}");
    assert_eq!(check(&server, "", &[]), (Some(0), String::new()));
}

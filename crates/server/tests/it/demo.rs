//! The demo's own recordings, and the guide's walk through them: its commands are done as they are written.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test support")]

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Server, eventually_within, recordings, text};

const GUIDE: &str = include_str!("../../../../docs/guides/demo.md");
/// The guide says a minute, at speed 1 and with the machine to itself.
const BUSY: Duration = Duration::from_secs(180);
/// The services that tell of the flood.
const PRODUCERS: [&str; 3] = ["drill-civil-protection", "drill-river-authority", "drill-satellite-service"];

/// A command of the guide, and the variable that its answer goes to.
struct Command {
    variable: Option<(String, String)>,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Command {
    /// Reads one line as a shell would, of which it knows words and quotes only.
    fn read(line: &str, known: &BTreeMap<String, String>) -> Self {
        let (variable, rest) = match line.split_once("=$(curl ") {
            Some((name, rest)) => (Some(name.to_owned()), rest.strip_suffix(')').unwrap()),
            None => (None, line.strip_prefix("curl ").unwrap()),
        };
        let words = words(rest, known);
        let curl = &words[..words.iter().position(|word| word == "|").unwrap()];
        let field = words.last().unwrap().trim_start_matches('.').to_owned();
        let (mut method, mut headers, mut body, mut path) = (None, Vec::new(), None, String::new());
        let mut at = curl.iter();
        while let Some(word) = at.next() {
            match word.as_str() {
                "-s" => {}
                "-X" => method = at.next().map(|name| name.parse().unwrap()),
                "-d" => body = at.next().cloned(),
                "-H" => {
                    let (name, value) = at.next().unwrap().split_once(": ").unwrap();
                    headers.push((name.to_owned(), value.to_owned()));
                }
                address => path = address.strip_prefix("URL").expect(address).to_owned(),
            }
        }
        let sends = if body.is_some() { Method::POST } else { Method::GET };
        let method = method.unwrap_or(sends);
        Self { variable: variable.map(|name| (name, field)), method, path, headers, body }
    }

    async fn run(&self, server: &Server) -> Answer {
        let mut request = server.request(self.method.clone(), "", &self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        Answer::of(match &self.body {
            Some(body) => request.body(body.clone()),
            None => request,
        })
        .await
    }
}

/// The words of a line, with what variables hold put in; `$URL` stays as a mark.
fn words(line: &str, known: &BTreeMap<String, String>) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut rest = line.chars().peekable();
    while let Some(char) = rest.next() {
        match (char, quote) {
            (mark, Some(open)) if mark == open => quote = None,
            ('\'' | '"', None) => quote = Some(char),
            (' ', None) => words.push(std::mem::take(&mut word)),
            ('$', None | Some('"')) => {
                let mut name = String::new();
                while let Some(letter) = rest.next_if(|letter| letter.is_ascii_uppercase()) {
                    name.push(letter);
                }
                let held = if name == "URL" { Some("URL") } else { known.get(&name).map(String::as_str) };
                word.push_str(held.expect(&name));
            }
            (other, _) => word.push(other),
        }
    }
    words.push(word);
    words
}

/// What stands at `.a[0].b`, of which the dot in front is gone.
fn at(body: &Value, field: &str) -> String {
    let pointer = format!("/{}", field.replace("[0]", ".0").replace('.', "/"));
    match body.pointer(&pointer).expect(field) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn sides(claim: &Value) -> Vec<&str> {
    claim["evidence"].as_array().unwrap().iter().filter_map(|one| one["stance"].as_str()).collect()
}

/// Waits until everything that the invented flood brings has been looked into.
async fn until_told(server: &Server, token: &str) {
    let told = eventually_within(BUSY, "both claims have both sides", async || {
        let items = server.get(token, "/api/items?source=drill-radio,drill-civil-protection").await.body;
        let incident =
            items["items"].as_array()?.iter().find_map(|item| item["incident_id"].as_str())?.to_owned();
        let claims = server.all(token, &format!("/api/claims?incident={incident}")).await;
        let has_both = |topic: &str| {
            claims.iter().any(|claim| {
                let sides = sides(claim);
                claim["topic"] == topic
                    && claim["status"] == "needs_review"
                    && sides.contains(&"supports")
                    && sides.contains(&"refutes")
            })
        };
        (has_both("damage") && has_both("evacuation")).then_some(claims.len())
    });
    assert!(told.await >= 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_walk_through_the_demo_shows_what_the_guide_says() {
    let folder = recordings().display().to_string();
    let server = Server::start_with(&["--exercise", &folder, "--speed", "1"]).await;
    for (email, role) in
        [("analyst@crisislens.example", "analyst"), ("approver@crisislens.example", "approver")]
    {
        server.cli(&["users", "add", email, "--role", role]);
    }
    let ana = server.login("analyst@crisislens.example").await;
    until_told(&server, &ana.token).await;

    let mut known = BTreeMap::from([("PASSWORD".to_owned(), PASSWORD.to_owned())]);
    let mut answers: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let lines: Vec<&str> = GUIDE.lines().filter(|line| line.contains("curl -s ")).collect();
    let lines = lines.iter().filter(|line| line.starts_with("curl ") || line.contains("=$(curl "));
    let mut before: Option<&str> = None;
    for line in lines {
        let mut command = Command::read(line, &known);
        let mut answer = command.run(&server).await;
        // What the guide says to do when a claim was weighed anew meanwhile.
        for _ in 0..20 {
            if answer.status != StatusCode::PRECONDITION_FAILED {
                break;
            }
            let version = Command::read(before.unwrap(), &known);
            known.insert("VERSION".to_owned(), at(&version.run(&server).await.body, "version"));
            command = Command::read(line, &known);
            answer = command.run(&server).await;
        }
        assert!(answer.status.is_success(), "{line}: {} {}", answer.status, answer.body);
        if let Some((name, field)) = &command.variable {
            known.insert(name.clone(), at(&answer.body, field));
        }
        let path = known.iter().fold(command.path.clone(), |path, (name, value)| {
            if value.len() == 36 { path.replace(value.as_str(), name) } else { path }
        });
        answers.entry(path).or_default().push(answer.body);
        before = Some(line);
    }
    let shown = |path: &str| answers.get(path).unwrap_or_else(|| panic!("{path}: {:?}", answers.keys()));

    let incident = &shown("/api/incidents/INCIDENT")[0];
    for producer in PRODUCERS {
        assert!(incident["sources"][producer].as_u64() >= Some(1), "{producer}: {incident}");
    }
    assert_eq!((&incident["exercise"], &incident["hazard"]), (&json!(true), &json!("flood")));

    let why = &shown("/api/items/ITEM/explanation")[0];
    assert_eq!(why["hazard"]["type"], "flood", "{why}");
    assert!(!text(&why["severity_why"]).is_empty() && !why["risk_parts"].as_array().unwrap().is_empty());

    let membership = &why["membership"];
    assert_eq!(
        (&membership["by"], &membership["incident_id"]),
        (&json!("event_id"), &incident["id"]),
        "{why}"
    );
    assert!(membership["event_ids"].as_array().unwrap().contains(&json!("drill:FL-BIDENTE")), "{why}");

    let dam = &shown("/api/claims/DAM")[0];
    let of = |stance: &str| {
        let all = dam["evidence"].as_array().unwrap().iter();
        all.filter(|one| one["stance"] == stance).map(|one| text(&one["source"])).collect::<Vec<_>>()
    };
    assert!(of("supports").contains(&"drill-courier".to_owned()), "{dam}");
    assert!(of("refutes").contains(&"drill-river-authority".to_owned()), "{dam}");
    assert!(dam["veracity_likelihood"].as_f64().unwrap() < 0.5, "an authority says otherwise: {dam}");

    let decided = &shown("/api/claims/CLAIM/verdict")[0];
    assert_eq!(
        (&decided["status"], &decided["waits_for"]),
        (&json!("needs_review"), &json!("second_person")),
        "{decided}"
    );
    let pending = shown("/api/workflows/pending-review")[0]["items"].as_array().unwrap();
    let waits = pending.iter().find(|one| one["waits_for"] == "second_person").unwrap();
    assert_eq!((&waits["id"], &waits["may_answer"]), (&json!(known["CLAIM"]), &json!(true)));

    let approved = &shown("/api/claims/CLAIM/approve")[0];
    assert_eq!((&approved["status"], &approved["verdict"]), (&json!("verified"), &json!("false")));
    let radio = shown("/api/sources/drill-radio/reliability?exercise=true");
    let mean = |one: &Value| one["mean"].as_f64().unwrap();
    assert!(mean(&radio[1]) < mean(&radio[0]), "{radio:#?}");
    assert_eq!((&radio[0]["decided"], &radio[1]["decided"][0]["right"]), (&json!([]), &json!(false)));
}

//! Chains, teams and schedules as people set them up, and every way to say that one sees to an alert.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::sync::atomic::{AtomicU32, Ordering};

use crisislens_notify::protocol::twilio;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::providers::Desk;
use crate::socket::Socket;
use crate::support::{Answer, Server, eventually, flood};

const TEAMS: &str = "/api/teams";
const SCHEDULES: &str = "/api/on-call-schedules";
const CHAINS: &str = "/api/escalation-chains";
const INBOUND: &str = "/api/callbacks/twilio/inbound";
const PHONE: &str = "+390551234567";

/// The alert's id, once it is raised.
async fn alert(server: &Server, token: &str) -> String {
    server.until_total(token, "/api/alerts", 1).await;
    let all = server.get(token, "/api/alerts").await.expect(StatusCode::OK);
    all["items"][0]["id"].as_str().unwrap().to_owned()
}

/// The alert's only escalation, once it stands so.
async fn until_state(server: &Server, token: &str, alert: &str, state: &str) -> Value {
    let path = format!("/api/alerts/{alert}/escalations");
    eventually(&format!("the escalation is {state}"), async || {
        let all = server.get(token, &path).await.expect(StatusCode::OK);
        (all["items"][0]["state"] == state).then_some(all)
    })
    .await
}

#[tokio::test]
async fn teams_schedules_and_chains_are_an_approvers_and_name_only_who_is_there() {
    let server = Server::start().await;
    let approver = server.person("approver@example.org", "approver").await;
    let analyst = server.person("analyst@example.org", "analyst").await;
    let viewer = server.person("viewer@example.org", "viewer").await;
    let nobody = "00000000-0000-0000-0000-000000000009";
    let team = json!({ "name": "night", "members": [viewer.id] });
    server.post(&analyst.token, TEAMS, &team).await.problem(403);
    let unknown = json!({ "name": "night", "members": [viewer.id, nobody] });
    let problem = server.post(&approver.token, TEAMS, &unknown).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "members");
    let team = server.post(&approver.token, TEAMS, &team).await.expect(StatusCode::CREATED);

    let schedule = |members: Value| {
        json!({ "name": "desk", "zone": "Europe/Berlin", "members": members, "starts_on": "2026-01-05",
            "handover": { "every": "day", "hour": 9 } })
    };
    server.post(&analyst.token, SCHEDULES, &schedule(json!([viewer.id]))).await.problem(403);
    server.post(&approver.token, SCHEDULES, &schedule(json!([nobody]))).await.problem(422);
    server.post(&approver.token, SCHEDULES, &schedule(json!([]))).await.problem(422);
    let made = server.post(&approver.token, SCHEDULES, &schedule(json!([viewer.id, analyst.id]))).await;
    let made = made.expect(StatusCode::CREATED);
    let now = format!("{SCHEDULES}/{}/now", made["id"].as_str().unwrap());
    let on_call = server.get(&viewer.token, &format!("{now}?at=2026-01-06T08:00:00Z")).await;
    assert_eq!(
        on_call.expect(StatusCode::OK),
        json!({ "user": analyst.id, "name": "analyst", "until": "2026-01-07T08:00:00Z" })
    );
    let before = server.get(&viewer.token, &format!("{now}?at=2026-01-05T07:59:59Z")).await;
    assert_eq!(before.expect(StatusCode::OK), json!({ "user": null, "name": null, "until": null }));
    server.get(&viewer.token, &format!("{now}?at=yesterday")).await.problem(400);
    server.get(&viewer.token, &format!("{SCHEDULES}/{nobody}/now")).await.problem(404);

    let step = json!({ "teams": [team["id"]], "schedules": [made["id"]], "users": [viewer.id] });
    let chain = |step: &Value, repeat: u64| json!({ "name": "night", "steps": [step], "repeat": repeat });
    server.post(&analyst.token, CHAINS, &chain(&step, 0)).await.problem(403);
    server.post(&approver.token, CHAINS, &chain(&step, 6)).await.problem(422);
    for odd in [
        json!({ "users": [nobody] }),
        json!({ "teams": [nobody] }),
        json!({ "schedules": [team["id"]] }),
        json!({ "roles": ["emperor"] }),
        json!({ "roles": ["admin"], "wait_s": -1 }),
        json!({}),
    ] {
        server.post(&approver.token, CHAINS, &chain(&odd, 0)).await.problem(422);
    }
    let made = server.post(&approver.token, CHAINS, &chain(&step, 5)).await.expect(StatusCode::CREATED);
    let path = format!("{CHAINS}/{}", made["id"].as_str().unwrap());
    let change = |version: &'static str| {
        server.request(Method::PUT, &approver.token, &path).header("if-match", version).json(&chain(&step, 2))
    };
    Answer::of(change("\"7\"")).await.problem(412);
    assert_eq!(Answer::of(change("\"1\"")).await.expect(StatusCode::OK)["repeat"], 2);
    assert_eq!(server.total(&viewer.token, CHAINS).await, 1);
    Answer::of(server.request(Method::DELETE, &analyst.token, &path)).await.problem(403);
    let gone = Answer::of(server.request(Method::DELETE, &approver.token, &path)).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_alert_is_escalated_until_somebody_says_in_the_app_that_they_see_to_it() {
    let server = Server::start().await;
    let admin = server.person("admin@example.org", "admin").await;
    let ada = server.person("ada@example.org", "viewer").await;
    let chain =
        json!({ "name": "night", "steps": [{ "users": [ada.id] }, { "wait_s": 60, "roles": ["admin"] }] });
    server.post(&admin.token, CHAINS, &chain).await.expect(StatusCode::CREATED);
    server.ingest(&admin.token, &flood("one")).await;
    let alert = alert(&server, &admin.token).await;
    let path = format!("/api/alerts/{alert}/escalations");
    server.get(&ada.token, &path).await.problem(403);
    eventually("the first step was done", async || {
        let inbox = server.get(&ada.token, "/api/notifications").await.expect(StatusCode::OK);
        let mut all = inbox["items"].as_array().unwrap().iter();
        all.any(|one| one["type"] == "escalation").then_some(())
    })
    .await;
    let running = until_state(&server, &admin.token, &alert, "running").await;
    assert_eq!(
        (&running["items"][0]["step"], &running["items"][0]["chain"]["name"]),
        (&json!(1), &json!("night"))
    );
    let acknowledge = format!("/api/alerts/{alert}/acknowledge");
    let bob = server.person("bob@example.org", "viewer").await;
    let said = server.post(&bob.token, &acknowledge, &json!({})).await.expect(StatusCode::OK);
    assert_eq!((&said["mine"], &said["rests"]), (&json!(true), &json!(false)), "nobody has called bob");
    until_state(&server, &admin.token, &alert, "running").await;
    let five = json!({ "expires_minutes": 5 });
    let said = server.post(&ada.token, &acknowledge, &five).await.expect(StatusCode::OK);
    assert_eq!(said["rests"], true);
    let rests = until_state(&server, &admin.token, &alert, "acknowledged").await;
    let all = rests["acknowledged"].as_array().unwrap();
    let by: Vec<_> = all.iter().map(|one| (&one["name"], &one["rests"])).collect();
    assert_eq!(by, [(&json!("bob"), &json!(false)), (&json!("ada"), &json!(true))]);
    assert_eq!(rests["items"][0]["next_at"], rests["acknowledged"][1]["expires_at"]);
    server.post(&admin.token, &acknowledge, &json!({})).await.expect(StatusCode::OK);
    let rests = until_state(&server, &admin.token, &alert, "acknowledged").await;
    assert_eq!(
        (&rests["items"][0]["next_at"], rests["acknowledged"].as_array().map(Vec::len)),
        (&Value::Null, Some(3))
    );
    server
        .get(&admin.token, "/api/alerts/00000000-0000-0000-0000-000000000009/escalations")
        .await
        .problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_button_behind_the_link_of_a_mail_acknowledges_and_looking_at_it_does_not() {
    let desk = Desk::open(json!({ "callbacks": { "silent": true } })).await;
    let (server, admin) = (&desk.server, &desk.admin);
    server.post(&admin.token, CHAINS, &calls_ada(&desk, "email")).await.expect(StatusCode::CREATED);
    desk.raise("one").await;
    let mails = eventually("the alert and the call", async || {
        let mails = desk.fakes.journal().taken("sendgrid");
        (mails.len() == 2).then(|| mails.into_iter().map(|mail| mail.message.to_string()).collect::<Vec<_>>())
    })
    .await;
    let (calls, others): (Vec<_>, Vec<_>) =
        mails.into_iter().partition(|mail| mail.contains("/api/notifications/acknowledge/"));
    assert_eq!((calls.len(), others.len()), (1, 1), "the alert itself, which is passed on, ends no call");
    let mail = &calls[0];
    let begin = mail.find("/api/notifications/acknowledge/").unwrap();
    let token = |char: char| char.is_ascii_alphanumeric() || "/-_".contains(char);
    let link: String = mail[begin..].chars().take_while(|char| token(*char)).collect();
    let alert = alert(server, &admin.token).await;
    let look = Answer::of(server.request(Method::GET, "", &link)).await;
    assert_eq!(look.status, StatusCode::OK);
    let running = until_state(server, &admin.token, &alert, "running").await;
    assert_eq!(running["acknowledged"], json!([]));
    let mut watcher = Socket::open(server, "/ws", &admin.token).await;
    watcher.send(&json!({ "type": "join_room", "room": "alerts" })).await;
    watcher.until("joined_room").await;
    for _ in 0..2 {
        assert_eq!(Answer::of(server.request(Method::POST, "", &link)).await.status, StatusCode::OK);
        let rests = until_state(server, &admin.token, &alert, "acknowledged").await;
        let said = &rests["acknowledged"][0];
        assert_eq!((&said["user"], &said["via"]), (&json!(desk.ada.id), &json!("email")));
    }
    let told = watcher.until("user_activity").await;
    assert_eq!((&told["user_id"], &told["data"]["via"]), (&json!(desk.ada.id), &json!("email")));
    // Nobody makes a link of their own: not by a change, nor by one that is for something else.
    let own = link.rsplit('/').next().unwrap();
    let changed = format!("{}A", &own[..own.len() - 1]);
    let other = format!("{}B", &own[..own.len() - 1]);
    let forged = if changed == own { other } else { changed };
    for token in [&forged, "A", &"A".repeat(64)] {
        for method in [Method::GET, Method::POST] {
            let path = format!("/api/notifications/acknowledge/{token}");
            Answer::of(server.request(method, "", &path)).await.problem(404);
        }
    }
    let unsubscribe = format!("/api/notifications/unsubscribe/{own}");
    Answer::of(server.request(Method::POST, "", &unsubscribe)).await.problem(404);
}

/// A chain that calls Ada on a channel, and everybody who runs the installation long after.
fn calls_ada(desk: &Desk, channel: &str) -> Value {
    let steps =
        json!([{ "users": [desk.ada.id], "channels": [channel] }, { "wait_s": 600, "roles": ["admin"] }]);
    json!({ "name": "night", "steps": steps })
}

/// What a telephone sends, signed as Twilio does.
async fn text(desk: &Desk, from: &str, body: &str) -> reqwest::Response {
    static SENT: AtomicU32 = AtomicU32::new(0);
    text_named(desk, &format!("SM{}", SENT.fetch_add(1, Ordering::Relaxed)), from, body).await
}

async fn text_named(desk: &Desk, name: &str, from: &str, body: &str) -> reqwest::Response {
    let form: Vec<(String, String)> =
        [("MessageSid", name), ("From", from), ("To", "+15005550006"), ("Body", body)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
    let signature = twilio::Checker::new(&desk.token).sign(&format!("{}{INBOUND}", desk.server.url), &form);
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    let request = desk
        .server
        .request(Method::POST, "", INBOUND)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-twilio-signature", signature);
    request.body(body).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_telephone_that_had_the_alert_acknowledges_it_by_an_answer() {
    let desk = Desk::open(json!({ "callbacks": { "silent": true } })).await;
    let (server, admin) = (&desk.server, &desk.admin);
    desk.phone(PHONE).await;
    server.post(&admin.token, CHAINS, &calls_ada(&desk, "sms")).await.expect(StatusCode::CREATED);
    let answer = text(&desk, PHONE, "ACK").await;
    assert_eq!(answer.headers()["content-type"], "text/xml; charset=utf-8");
    assert!(answer.text().await.unwrap().contains("No alert went to this number"));
    desk.raise("one").await;
    eventually("the alert and the call", async || {
        (desk.fakes.journal().taken("twilio").len() == 2).then_some(())
    })
    .await;
    let alert = alert(server, &admin.token).await;
    for (from, body) in [("+390550000000", "ACK"), (PHONE, "what is this?"), (PHONE, "")] {
        assert_eq!(text(&desk, from, body).await.status(), StatusCode::OK);
    }
    let form = format!("MessageSid=SM1&From={}&Body=ACK", PHONE.replace('+', "%2B"));
    for signature in ["", "AAAA"] {
        let request = server
            .request(Method::POST, "", INBOUND)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-twilio-signature", signature)
            .body(form.clone());
        Answer::of(request).await.problem(403);
    }
    let running = until_state(server, &admin.token, &alert, "running").await;
    assert_eq!(running["acknowledged"], json!([]), "none of that is an answer of hers");
    let said = text(&desk, PHONE, " ack. ").await.text().await.unwrap();
    assert!(said.starts_with("<?xml") && said.contains("<Message>You see to: "), "{said}");
    let rests = until_state(server, &admin.token, &alert, "acknowledged").await;
    let by = &rests["acknowledged"][0];
    assert_eq!((&by["user"], &by["via"]), (&json!(desk.ada.id), &json!("sms")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_telephone_says_stop_and_gets_nothing_until_it_says_start() {
    let desk = Desk::open(json!({ "callbacks": { "silent": true } })).await;
    desk.phone(PHONE).await;
    let suppressed = async || {
        let path = "/api/notifications/suppressions";
        desk.server.get(&desk.admin.token, path).await.expect(StatusCode::OK)["items"].clone()
    };
    let answer = text(&desk, PHONE, "Stop").await.text().await.unwrap();
    assert!(answer.ends_with("<Response></Response>"), "{answer}");
    let list = suppressed().await;
    assert_eq!((&list[0]["address"], &list[0]["why"]), (&json!(PHONE), &json!("its owner answered STOP")));
    desk.raise("one").await;
    desk.until("sms", "suppressed").await;
    text_named(&desk, "SM start", PHONE, "START").await;
    assert_eq!(suppressed().await, json!([]));
    // A form that comes again does not undo what was said since.
    text(&desk, PHONE, "STOP").await;
    assert_eq!(text_named(&desk, "SM start", PHONE, "START").await.status(), StatusCode::OK);
    assert_eq!(suppressed().await.as_array().map(Vec::len), Some(1));
    text(&desk, PHONE, "START").await;
    assert_eq!(suppressed().await, json!([]));
    assert_eq!(text_named(&desk, "", PHONE, "START").await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_not_called_is_told_by_the_answer_that_calls_go_on() {
    let desk = Desk::open(json!({ "callbacks": { "silent": true } })).await;
    let (server, admin) = (&desk.server, &desk.admin);
    desk.phone(PHONE).await;
    let chain = json!({ "name": "night", "steps": [{ "wait_s": 600, "roles": ["admin"] }] });
    server.post(&admin.token, CHAINS, &chain).await.expect(StatusCode::CREATED);
    desk.raise("one").await;
    desk.until("sms", "sent").await;
    let alert = alert(server, &admin.token).await;
    let said = text(&desk, PHONE, "ACK").await.text().await.unwrap();
    assert!(said.contains("You see to: ") && said.contains("called all the same"), "{said}");
    let running = until_state(server, &admin.token, &alert, "running").await;
    let by = &running["acknowledged"][0];
    assert_eq!((&by["user"], &by["rests"]), (&json!(desk.ada.id), &json!(false)));
}

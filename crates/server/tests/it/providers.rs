//! Messages through providers that are set up, and what those tell of them.
#![expect(clippy::unwrap_used, reason = "test support")]

use crisislens_fakes::faults::Plan;
use crisislens_fakes::{Fakes, Settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, eventually, flood};

/// A server whose mails go out by the stand-in of SendGrid and whose short messages by Twilio's; both tell it what became of them.
pub struct Desk {
    pub server: Server,
    pub fakes: Fakes,
    pub admin: Person,
    pub ada: Person,
    /// By which Twilio signs.
    pub token: String,
}

impl Desk {
    pub async fn open(plan: Value) -> Self {
        Self::open_with(plan, &[]).await
    }

    /// The same with more settings.
    pub async fn open_with(plan: Value, more: &[String]) -> Self {
        let port = crisislens_servers::free_port().unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let settings = Settings {
            http: "127.0.0.1:0".to_owned(),
            smtp: "127.0.0.1:0".to_owned(),
            sendgrid_webhook: Some(format!("{url}/api/callbacks/sendgrid")),
            plan: plan_of(plan),
            ..Settings::default()
        };
        let (account, token) = (settings.twilio_account.clone(), settings.twilio_token.clone());
        let fakes = Fakes::start(settings).await.unwrap();
        let base = fakes.base_url();
        let set = [
            format!("notify.public_url={url}"),
            "notify.repeat_after_s=0".to_owned(),
            r#"notify.email=["sendgrid"]"#.to_owned(),
            r#"notify.sms=["twilio"]"#.to_owned(),
            format!("notify.sendgrid.base_url={base}/sendgrid"),
            "notify.sendgrid.key=SG.fake".to_owned(),
            "notify.sendgrid.from=desk@example.org".to_owned(),
            format!("notify.sendgrid.webhook_key={}", fakes.sendgrid_key()),
            format!("notify.twilio.base_url={base}/twilio"),
            format!("notify.twilio.account_sid={account}"),
            format!("notify.twilio.token={token}"),
            "notify.twilio.from=+15005550006".to_owned(),
        ];
        let arguments: Vec<&str> = set.iter().chain(more).flat_map(|set| ["--set", set.as_str()]).collect();
        let mut server = Server::prepare(&arguments);
        server.restart_at(port).await;
        let admin = server.person("admin@example.org", "admin").await;
        let ada = server.person("ada@example.org", "viewer").await;
        let wanted = json!({ "channels": { "alerts": ["inbox", "email", "sms"] } });
        let request = server.request(Method::PUT, &ada.token, "/api/notifications/preferences").json(&wanted);
        Answer::of(request).await.expect(StatusCode::OK);
        Self { server, fakes, admin, ada, token }
    }

    pub async fn phone(&self, number: &str) {
        let phone = json!({ "label": "mine", "target": { "kind": "phone", "number": number } });
        let devices = "/api/notifications/devices";
        self.server.post(&self.ada.token, devices, &phone).await.expect(StatusCode::CREATED);
    }

    pub async fn raise(&self, id: &str) {
        self.server.ingest(&self.admin.token, &flood(id)).await;
    }

    /// Ada's delivery on a channel once it has this status.
    pub async fn until(&self, channel: &str, status: &str) -> Value {
        eventually(&format!("{channel} is {status}"), async || {
            let path = format!("/api/notifications/deliveries?channel={channel}");
            let all = self.server.get(&self.ada.token, &path).await.expect(StatusCode::OK);
            all["items"].as_array().unwrap().iter().find(|one| one["status"] == status).cloned()
        })
        .await
    }
}

fn plan_of(plan: Value) -> Plan {
    serde_json::from_value(plan).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_providers_tell_late_twice_and_out_of_order_is_where_a_delivery_stands_in_the_end() {
    let plan = json!({ "callbacks": { "duplicates": 2, "shuffled": true, "step_ms": 5 } });
    let desk = Desk::open(plan).await;
    desk.phone("+390551234567").await;
    desk.raise("one").await;
    let mail = desk.until("email", "delivered").await;
    let text = desk.until("sms", "delivered").await;
    assert_eq!((&mail["provider"], &text["provider"]), (&json!("sendgrid"), &json!("twilio")));
    let path = format!("/api/notifications/deliveries/{}", text["id"].as_str().unwrap());
    let whole = eventually("all was told", async || {
        let whole = desk.server.get(&desk.ada.token, &path).await.expect(StatusCode::OK);
        (whole["told"].as_array().unwrap().len() == 2).then_some(whole)
    })
    .await;
    assert_eq!(whole["attempts"].as_array().map(Vec::len), Some(1));
    assert_eq!(whole["provenance"]["url"], flood("one")["url"], "{whole}");
    assert!(whole["provenance"]["item_id"].is_string() && whole["provenance"]["raised_at"].is_string());
    assert_eq!(
        (desk.fakes.journal().taken("sendgrid").len(), desk.fakes.journal().taken("twilio").len()),
        (1, 1)
    );
    let bob = desk.server.person("bob@example.org", "viewer").await;
    desk.server.get(&bob.token, &path).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_bounces_after_all_gets_nothing_more_until_somebody_lets_it() {
    let plan = json!({ "callbacks": { "late_bounce_every": 1, "step_ms": 5 } });
    let desk = Desk::open(plan).await;
    desk.raise("one").await;
    let mail = desk.until("email", "failed").await;
    assert!(mail["sent_at"].is_string());
    let suppressed = "/api/notifications/suppressions";
    let list = desk.server.get(&desk.admin.token, suppressed).await.expect(StatusCode::OK);
    assert_eq!(
        (&list["items"][0]["channel"], &list["items"][0]["address"]),
        (&json!("email"), &json!("ada@example.org"))
    );
    let alert =
        desk.server.get(&desk.admin.token, "/api/alerts").await.expect(StatusCode::OK)["items"][0].clone();
    let correct = format!("/api/alerts/{}/correct", alert["id"].as_str().unwrap());
    let reason = json!({ "reason": "it is worse", "severity": "critical" });
    let corrected = desk.server.post(&desk.admin.token, &correct, &reason).await.expect(StatusCode::OK);
    let set = json!({ "severity": "critical", "reason": "it is worse" });
    assert_eq!(corrected["data"]["corrected"], set, "later revisions keep it");
    // Where mails bounce, the correction is told in the inbox alone.
    desk.server.until_total(&desk.ada.token, "/api/notifications", 2).await;
    // Nor is what it puts right sent again by hand.
    let retry =
        |mail: &Value| format!("/api/notifications/deliveries/{}/retry", mail["id"].as_str().unwrap());
    let refused = desk.server.post(&desk.admin.token, &retry(&mail), &Value::Null).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().starts_with("the alert was corrected since"), "{refused}");
    let mut quake = flood("two");
    quake["title"] = json!("Strong earthquake in Tokyo");
    quake["text"] = json!("A strong earthquake shakes Tokyo.");
    quake["stated"] = json!({ "hazard": "earthquake", "severity": "critical", "lat": 35.68, "lon": 139.69, "place": "Tokyo", "country": "JP" });
    desk.server.ingest(&desk.admin.token, &quake).await;
    let retry = retry(&desk.until("email", "suppressed").await);
    desk.server.post(&desk.ada.token, &retry, &Value::Null).await.problem(403);
    let status = desk.server.post(&desk.admin.token, &retry, &Value::Null).await.status;
    assert_eq!(status, StatusCode::ACCEPTED);
    desk.until("email", "suppressed").await;
    let lift = format!("{suppressed}?channel=email&address=ada%40example.org");
    let lifted = Answer::of(desk.server.request(Method::DELETE, &desk.admin.token, &lift)).await;
    assert_eq!(lifted.status, StatusCode::NO_CONTENT);
    desk.fakes.set_plan(Plan::default());
    let status = desk.server.post(&desk.admin.token, &retry, &Value::Null).await.status;
    assert_eq!(status, StatusCode::ACCEPTED);
    desk.until("email", "delivered").await;
    let taken = desk.fakes.journal().taken("sendgrid");
    assert_eq!(taken.len(), 2, "{taken:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_signed_by_a_provider_is_refused_and_changes_nothing() {
    let desk = Desk::open(json!({ "callbacks": { "silent": true } })).await;
    desk.phone("+390551234567").await;
    desk.raise("one").await;
    let text = desk.until("sms", "sent").await;
    let id = text["id"].as_str().unwrap();
    let form = "MessageSid=SM1&MessageStatus=failed&To=%2B390551234567&ErrorCode=30005";
    for (signature, expected) in [("", 403), ("AAAA", 403), ("no base64 ü", 403)] {
        let request = desk
            .server
            .request(Method::POST, "", &format!("/api/callbacks/twilio?delivery={id}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-twilio-signature", signature.as_bytes())
            .body(form);
        Answer::of(request).await.problem(expected);
    }
    let events = json!([{ "event": "bounce", "email": "ada@example.org", "sg_message_id": "x", "timestamp": 1, "type": "bounce" }]);
    for stamp in ["", "1600112502", "99999999999999999999"] {
        let request = desk
            .server
            .request(Method::POST, "", "/api/callbacks/sendgrid")
            .header("x-twilio-email-event-webhook-timestamp", stamp)
            .header("x-twilio-email-event-webhook-signature", "MEUCIGHQVtGj")
            .json(&events);
        Answer::of(request).await.problem(403);
    }
    // Many events come together: they are looked at before they are refused.
    let many: Vec<_> = (0..2_000).map(|_| events[0].clone()).collect();
    let request = desk.server.request(Method::POST, "", "/api/callbacks/sendgrid").json(&many);
    Answer::of(request).await.problem(403);
    let list =
        desk.server.get(&desk.admin.token, "/api/notifications/suppressions").await.expect(StatusCode::OK);
    assert_eq!(list["items"], json!([]));
    desk.until("sms", "sent").await;
    // Where no provider is set up, nothing is taken from anybody.
    let bare = Server::start().await;
    for path in ["/api/callbacks/sendgrid", "/api/callbacks/twilio"] {
        Answer::of(bare.request(Method::POST, "", path).body("x")).await.problem(403);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_click_in_a_mail_ends_mails_and_looking_at_the_link_does_not() {
    let desk = Desk::open(json!({ "callbacks": { "silent": true } })).await;
    desk.raise("one").await;
    desk.until("email", "sent").await;
    let mail = desk.fakes.journal().taken("sendgrid").remove(0).message;
    let header = mail["headers"]["List-Unsubscribe"].as_str().unwrap();
    let link = header.trim_matches(['<', '>']).strip_prefix(&desk.server.url).unwrap().to_owned();
    let wants = async || {
        let path = "/api/notifications/preferences";
        desk.server.get(&desk.ada.token, path).await.expect(StatusCode::OK)["channels"]["alerts"].clone()
    };
    let look = Answer::of(desk.server.request(Method::GET, "", &link)).await;
    assert_eq!((look.status, wants().await), (StatusCode::OK, json!(["inbox", "email", "sms"])));
    for _ in 0..2 {
        let click = desk.server.request(Method::POST, "", &link).body("List-Unsubscribe=One-Click");
        assert_eq!(Answer::of(click).await.status, StatusCode::OK);
        assert_eq!(wants().await, json!(["inbox", "sms"]));
    }
    let other = format!("{}A", &link[..link.len() - 1]);
    Answer::of(desk.server.request(Method::POST, "", &other)).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_was_gone_is_shown_as_that_and_gets_messages_again_once_it_is_added_anew() {
    let settings = Settings {
        http: "127.0.0.1:0".to_owned(),
        smtp: "127.0.0.1:0".to_owned(),
        plan: plan_of(json!({ "requests": { "push": [{ "status": 410 }] } })),
        ..Settings::default()
    };
    let fakes = Fakes::start(settings).await.unwrap();
    let server = Server::start_with(&[
        "--set",
        r#"notify.webhook=["webhook"]"#,
        "--set",
        "notify.outside.allow_private=true",
    ])
    .await;
    let ada = server.person("ada@example.org", "viewer").await;
    let devices = "/api/notifications/devices";
    let url = fakes.subscribe().unwrap()["endpoint"].clone();
    let hook = json!({ "label": "our bot", "target": { "kind": "webhook", "url": url,
        "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] } });
    server.post(&ada.token, devices, &hook).await.expect(StatusCode::CREATED);
    let test = json!({ "channel": "webhook" });
    let sent = server.post(&ada.token, "/api/notifications/test", &test).await;
    assert!(sent.status.is_success(), "{sent:?}");
    let gone = eventually("the device is shown as gone", async || {
        let all = server.get(&ada.token, devices).await.expect(StatusCode::OK);
        all["items"][0]["suppressed"].as_str().map(str::to_owned)
    })
    .await;
    assert!(gone.starts_with("410"), "{gone}");
    server.post(&ada.token, devices, &hook).await.expect(StatusCode::CREATED);
    let all = server.get(&ada.token, devices).await.expect(StatusCode::OK);
    assert_eq!((all["items"][0].get("suppressed"), &all["total"]), (None, &json!(1)));
}

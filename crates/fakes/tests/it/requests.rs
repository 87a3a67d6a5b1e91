//! Each provider takes a sound request, refuses what the original refuses, and fails as the plan has it.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_fakes::Settings;
use crisislens_fakes::faults::{Fault, Plan};
use crisislens_model::Severity;
use crisislens_notify::protocol::standard_webhooks::Secret;
use crisislens_notify::protocol::vapid::Vapid;
use crisislens_notify::protocol::web_push::Keys;
use crisislens_notify::provider::Outcome;
use crisislens_notify::provider::fcm::{self, AppMessage, ServiceAccount, Target};
use crisislens_notify::provider::sendgrid::{Mail, SendGrid};
use crisislens_notify::provider::twilio::Twilio;
use crisislens_notify::provider::web_push::{self, Subscription};
use crisislens_notify::provider::webhook;
use serde_json::Value;
use uuid::Uuid;

use crate::http::{fakes, post, try_post};

fn mail(to: &str) -> Mail<'_> {
    Mail {
        delivery_id: "d-1",
        to,
        subject: "Flood",
        text: "Leave now",
        html: None,
        unsubscribe: None,
        category: "alert",
    }
}

fn sendgrid(base_url: &str, key: &str) -> SendGrid {
    SendGrid {
        base_url: format!("{base_url}/sendgrid"),
        key: key.to_owned(),
        from: "desk@example.org".to_owned(),
        from_name: "Desk".to_owned(),
        sandbox: false,
    }
}

#[tokio::test]
async fn sendgrid_takes_a_mail_and_refuses_what_is_wrong() {
    let fakes = fakes(Settings::default()).await;
    let now = crate::http::now();
    let ours = sendgrid(fakes.base_url(), "SG.fake");
    let outcome = ours.outcome(&post(ours.request(&mail("ada@example.org"))).await, now);
    let Outcome::Accepted { provider_id: Some(id) } = outcome else { panic!("{outcome:?}") };
    let taken = fakes.journal().taken("sendgrid");
    assert_eq!((taken.len(), &taken[0].id, taken[0].to.as_str()), (1, &id, "ada@example.org"));
    for (ours, to, word) in [
        (ours.clone(), "ada", "suppress"),
        (ours.clone(), "ada@müller.example", "suppress"),
        (SendGrid { from: "desk".to_owned(), ..ours.clone() }, "ada@example.org", "configuration"),
        (sendgrid(fakes.base_url(), "SG.wrong"), "ada@example.org", "configuration"),
    ] {
        let outcome = ours.outcome(&post(ours.request(&mail(to))).await, now);
        assert_eq!(outcome.as_str(), word, "{to}: {outcome:?}");
    }
    let sandbox = SendGrid { sandbox: true, ..ours };
    assert_eq!(post(sandbox.request(&mail("ada@example.org"))).await.status, 200);
}

fn twilio(base_url: &str) -> Twilio {
    let settings = Settings::default();
    Twilio {
        base_url: format!("{base_url}/twilio"),
        account_sid: settings.twilio_account,
        token: settings.twilio_token,
        from: "+15005550006".to_owned(),
        callback_url: None,
    }
}

#[tokio::test]
async fn twilio_takes_a_message_counts_its_segments_and_refuses_what_is_wrong() {
    let fakes = fakes(Settings::default()).await;
    let (ours, now) = (twilio(fakes.base_url()), crate::http::now());
    let text = "Alluvione & fango: 100% più €";
    let answer = post(ours.request("+390551234567", text, 3_600, "d-1")).await;
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((&told["body"], &told["num_segments"]), (&Value::from(text), &Value::from("1")));
    assert!(
        matches!(ours.outcome(&answer, now), Outcome::Accepted { provider_id: Some(sid) } if sid.starts_with("SM"))
    );
    for (ours, to, text, word) in [
        (ours.clone(), "0551234567", "x", "suppress"),
        (ours.clone(), "+15005550001", "x", "suppress"),
        (ours.clone(), "+15005550004", "x", "suppress"),
        (ours.clone(), "+15005550002", "x", "give_up"),
        (ours.clone(), "+390551234567", &*"x".repeat(1_601), "give_up"),
        (Twilio { from: "desk".to_owned(), ..ours.clone() }, "+390551234567", "x", "configuration"),
        (Twilio { token: "wrong".to_owned(), ..ours.clone() }, "+390551234567", "x", "configuration"),
        (
            Twilio { callback_url: Some("https://my_host/x".to_owned()), ..ours.clone() },
            "+390551234567",
            "x",
            "configuration",
        ),
    ] {
        let outcome = ours.outcome(&post(ours.request(to, text, 60, "d-1")).await, now);
        assert_eq!(outcome.as_str(), word, "{to}: {outcome:?}");
    }
}

#[tokio::test]
async fn fcm_gives_a_token_takes_a_message_and_refuses_what_is_wrong() {
    let fakes = fakes(Settings::default()).await;
    let now = crate::http::now();
    let account: ServiceAccount = serde_json::from_str(&fakes.service_account()).unwrap();
    let answer = post(account.token_request(now).unwrap()).await;
    let access = account.token(&answer, now).unwrap();
    let base_url = format!("{}/fcm", fakes.base_url());
    let message = AppMessage {
        delivery_id: "d-1",
        severity: Severity::High,
        title: "Flood",
        body: "Leave now",
        link: "https://desk",
    };
    for (target, word) in [
        (Target::Fid("installation".to_owned()), "accepted"),
        (Target::Token("registration".to_owned()), "accepted"),
        (Target::Token("gone-1".to_owned()), "suppress"),
        (Target::Token("other-1".to_owned()), "suppress"),
        (Target::Token(String::new()), "suppress"),
    ] {
        let answer = post(account.request(&base_url, &access, &target, &message)).await;
        assert_eq!(fcm::outcome(&answer, now).as_str(), word, "{target:?}: {}", answer.said());
    }
    let long = AppMessage { body: &"x".repeat(5_000), ..message.clone() };
    let answer = post(account.request(&base_url, &access, &Target::Fid("f".to_owned()), &long)).await;
    assert_eq!(fcm::outcome(&answer, now).as_str(), "give_up");
    let stranger = fcm::AccessToken { token: "ya29.stranger".to_owned(), ..access };
    let answer = post(account.request(&base_url, &stranger, &Target::Fid("f".to_owned()), &message)).await;
    assert_eq!(fcm::outcome(&answer, now).as_str(), "configuration");
    let late = account.token_request(now - Duration::from_secs(7_200)).unwrap();
    let refused = account.token(&post(late).await, now).unwrap_err();
    assert!(refused.to_string().contains("reasonable timeframe"), "{refused}");
}

#[tokio::test]
async fn a_push_service_passes_on_what_only_the_browser_can_read() {
    let fakes = fakes(Settings::default()).await;
    let now = crate::http::now();
    let browser = fakes.subscribe().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let subscription = Subscription {
        endpoint: text(&browser["endpoint"]),
        keys: Keys::parse(&text(&browser["keys"]["p256dh"]), &text(&browser["keys"]["auth"])).unwrap(),
    };
    let vapid = || Vapid::new(&Vapid::generate().unwrap(), "mailto:desk@example.org").unwrap();
    let ours = vapid();
    let delivery = (Uuid::from_u128(7), Severity::Critical);
    let sound = || web_push::request(&ours, &subscription, delivery, br#"{"title":"Flood"}"#, now).unwrap();
    assert_eq!(web_push::outcome(&post(sound()).await, now).as_str(), "accepted");
    let taken = fakes.journal().taken("push");
    assert_eq!(taken[0].message["text"], r#"{"title":"Flood"}"#);
    assert_eq!(taken[0].message["topic"], delivery.0.simple().to_string());

    let stranger = web_push::request(&vapid(), &subscription, delivery, b"{}", now).unwrap();
    assert_eq!(web_push::outcome(&post(stranger).await, now).as_str(), "configuration");
    let mut changed = sound();
    *changed.body.last_mut().unwrap() ^= 1;
    assert_eq!(post(changed).await.status, 400);
    let mut without = sound();
    without.headers.retain(|(name, _)| *name != "ttl");
    assert_eq!(post(without).await.status, 400);
    let mut unsigned = sound();
    unsigned.headers.retain(|(name, _)| *name != "authorization");
    assert_eq!(post(unsigned).await.status, 401);
    let keys = Keys::parse(&text(&browser["keys"]["p256dh"]), &URL_SAFE_NO_PAD.encode([1; 16])).unwrap();
    let gone = Subscription { endpoint: format!("{}/push/nobody", fakes.base_url()), keys };
    let request = web_push::request(&ours, &gone, delivery, b"{}", now).unwrap();
    assert_eq!(web_push::outcome(&post(request).await, now).as_str(), "suppress");
}

#[tokio::test]
async fn a_program_takes_what_is_signed_for_it_and_knows_it_by_its_id() {
    let fakes = fakes(Settings::default()).await;
    let now = crate::http::now();
    let program = fakes.program().unwrap();
    let url = program["url"].as_str().unwrap();
    let secret = || [Secret::parse(program["secret"].as_str().unwrap()).unwrap()];
    let body = || br#"{"type":"alert"}"#.to_vec();
    let outcome = async |request| webhook::outcome(&post(request).await, now).as_str();
    for _ in 0..2 {
        assert_eq!(outcome(webhook::request(url, &secret(), "msg_1", body(), now)).await, "accepted");
    }
    let taken = fakes.journal().taken("webhook");
    assert_eq!((taken.len(), taken[0].id.as_str(), &taken[1].id), (2, "msg_1", &taken[0].id));
    assert_eq!(taken[0].message["type"], "alert");

    let other = fakes.program().unwrap();
    let stranger = [Secret::parse(other["secret"].as_str().unwrap()).unwrap()];
    assert_eq!(post(webhook::request(url, &stranger, "msg_2", body(), now)).await.status, 401);
    let long_ago = now - Duration::from_secs(600);
    assert_eq!(post(webhook::request(url, &secret(), "msg_2", body(), long_ago)).await.status, 401);
    let mut changed = webhook::request(url, &secret(), "msg_2", body(), now);
    changed.body[2] ^= 1;
    assert_eq!(post(changed).await.status, 401);
    let nobody = format!("{}/webhook/nobody", fakes.base_url());
    assert_eq!(outcome(webhook::request(&nobody, &secret(), "msg_2", body(), now)).await, "suppress");
    let faults = vec![Fault::Limited { retry_after: 1 }];
    fakes.set_plan(Plan { requests: [("webhook".to_owned(), faults)].into(), ..Plan::default() });
    assert_eq!(outcome(webhook::request(url, &secret(), "msg_2", body(), now)).await, "retry");
    assert_eq!(fakes.journal().taken("webhook").len(), 2);
}

#[tokio::test]
async fn they_fail_in_turn_as_the_plan_has_it() {
    let fakes = fakes(Settings::default()).await;
    let (ours, now) = (twilio(fakes.base_url()), crate::http::now());
    let faults = vec![
        Fault::Limited { retry_after: 3 },
        Fault::Status(503),
        Fault::Dropped,
        Fault::Cut,
        Fault::Slow(300),
        Fault::None,
    ];
    fakes.set_plan(Plan { requests: [("twilio".to_owned(), faults)].into(), ..Plan::default() });
    let send = async || try_post(ours.request("+390551234567", "x", 60, "d-1")).await;
    let outcome = async || send().await.map_or_else(Outcome::from, |answer| ours.outcome(&answer, now));
    assert!(matches!(outcome().await, Outcome::Retry { after: Some(after), .. } if after.as_secs() == 3));
    assert_eq!(outcome().await.as_str(), "retry");
    assert_eq!(outcome().await.as_str(), "unknown");
    assert_eq!(fakes.journal().taken("twilio").len(), 0, "nothing was taken so far");
    assert_eq!(outcome().await.as_str(), "unknown");
    assert_eq!(fakes.journal().taken("twilio").len(), 1, "taken, and not answered");
    let begun = Instant::now();
    assert_eq!(outcome().await.as_str(), "accepted");
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(outcome().await.as_str(), "accepted");
    assert_eq!(fakes.journal().taken("twilio").len(), 3);
    fakes.stop().await;
    assert_eq!(outcome().await.as_str(), "retry", "who is not there has taken nothing");
}

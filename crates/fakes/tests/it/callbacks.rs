//! What became of messages is told signed, and as spoiled as the plan has it.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use crisislens_fakes::faults::{Callbacks, Plan};
use crisislens_fakes::{Fakes, Settings, Word};
use crisislens_notify::protocol::{sendgrid as signed, twilio as checked};
use crisislens_notify::provider::sendgrid::{Mail, SendGrid};
use crisislens_notify::provider::twilio::Twilio;
use serde_json::Value;

use crate::http::{fakes, now};

type Got = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// Keeps what is posted to it.
async fn receiver() -> (String, Got) {
    async fn take(State(got): State<Got>, headers: HeaderMap, body: Bytes) {
        got.lock().unwrap().push((headers, body));
    }
    let got = Got::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/told", listener.local_addr().unwrap());
    let router = Router::new().route("/told", post(take)).with_state(Arc::clone(&got));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, got)
}

async fn until(got: &Got, count: usize) -> Vec<(HeaderMap, Bytes)> {
    for _ in 0..1_000 {
        if got.lock().unwrap().len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // No more than that.
    tokio::time::sleep(Duration::from_millis(100)).await;
    got.lock().unwrap().clone()
}

fn plan(callbacks: Callbacks) -> Plan {
    Plan { callbacks, ..Plan::default() }
}

fn sendgrid(fakes: &Fakes) -> SendGrid {
    SendGrid {
        base_url: format!("{}/sendgrid", fakes.base_url()),
        key: "SG.fake".to_owned(),
        from: "desk@example.org".to_owned(),
        from_name: "Desk".to_owned(),
        sandbox: false,
    }
}

fn mail<'a>(delivery_id: &'a str, to: &'a str) -> Mail<'a> {
    Mail { delivery_id, to, subject: "Flood", text: "x", html: None, unsubscribe: None, category: "alert" }
}

/// That of the settings as they are without any, called back at `url`.
fn twilio(fakes: &Fakes, url: &str) -> Twilio {
    let Settings { twilio_account, twilio_token, .. } = Settings::default();
    Twilio {
        base_url: format!("{}/twilio", fakes.base_url()),
        account_sid: twilio_account,
        token: twilio_token,
        from: "+15005550006".to_owned(),
        callback_url: Some(url.to_owned()),
    }
}

/// The fields of a callback of Twilio's.
fn form(body: &[u8]) -> Vec<(String, String)> {
    let pairs = std::str::from_utf8(body).unwrap().split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.replace("%2B", "+"))).collect()
}

#[tokio::test]
async fn sendgrid_signs_its_events_and_names_the_delivery() {
    let (url, got) = receiver().await;
    let callbacks = Callbacks { late_bounce_every: 2, ..Callbacks::default() };
    let settings = Settings { sendgrid_webhook: Some(url), plan: plan(callbacks), ..Settings::default() };
    let fakes = fakes(settings).await;
    let ours = sendgrid(&fakes);
    let checker = signed::Checker::new(&fakes.sendgrid_key()).unwrap();
    for (delivery_id, to, expected) in [
        ("d-1", "ada@example.org", ["processed", "delivered"].as_slice()),
        ("d-2", "ben@example.org", &["processed", "delivered", "bounce"]),
        ("d-3", "bounce@example.org", &["processed", "bounce"]),
        ("d-4", "dropped-quota@example.org", &["dropped"]),
    ] {
        got.lock().unwrap().clear();
        assert_eq!(crate::http::post(ours.request(&mail(delivery_id, to))).await.status, 202);
        let told = until(&got, expected.len()).await;
        let mut kinds = Vec::new();
        for (headers, body) in &told {
            let text = |name: &str| headers[name].to_str().unwrap().to_owned();
            let (stamp, signature) = (text(signed::TIMESTAMP), text(signed::SIGNATURE));
            assert!(checker.is_theirs(&stamp, body, &signature, now().as_second()));
            let events: Value = serde_json::from_slice(body).unwrap();
            assert_eq!(events[0]["delivery_id"], delivery_id);
            if events[0]["event"] == "dropped" {
                assert_eq!(events[0]["reason"], "Recipient List over Package Quota");
            }
            kinds.push(events[0]["event"].as_str().unwrap().to_owned());
        }
        assert_eq!(kinds, expected, "{to}");
    }
}

#[tokio::test]
async fn twilio_signs_its_callbacks_repeats_and_shuffles_them() {
    let (url, got) = receiver().await;
    let settings = Settings {
        plan: plan(Callbacks { duplicates: 1, shuffled: true, ..Callbacks::default() }),
        ..Settings::default()
    };
    let token = settings.twilio_token.clone();
    let fakes = fakes(settings).await;
    let ours = twilio(&fakes, &url);
    assert_eq!(crate::http::post(ours.request("+390551234567", "x", 60, "d-1")).await.status, 201);
    let told = until(&got, 4).await;
    let checker = checked::Checker::new(&token);
    let mut statuses = Vec::new();
    for (headers, body) in &told {
        let form = form(body);
        let told_at = format!("{url}?delivery=d-1");
        assert!(
            checker.is_theirs(&told_at, &form, headers[checked::SIGNATURE].to_str().unwrap()),
            "{form:?}"
        );
        statuses
            .extend(form.iter().find(|(name, _)| name == "MessageStatus").map(|(_, value)| value.clone()));
    }
    assert_eq!(statuses, ["delivered", "delivered", "sent", "sent"]);
    let taken = fakes.journal().taken("twilio");
    assert_eq!(taken[0].message["status_callback"], format!("{url}?delivery=d-1"));
    let told = fakes.told().entries();
    let sound: Vec<_> = told.iter().map(|told| (told.event, told.word, told.status)).collect();
    let events = ["delivered", "delivered", "sent", "sent"];
    assert_eq!(sound, events.map(|event| (event, Word::Theirs, Some(200))));
    assert!(told.iter().all(|told| told.message == taken[0].id && told.to == "+390551234567"), "{told:?}");

    fakes.set_plan(plan(Callbacks { silent: true, ..Callbacks::default() }));
    got.lock().unwrap().clear();
    assert_eq!(crate::http::post(ours.request("+390551234567", "x", 60, "d-1")).await.status, 201);
    assert!(until(&got, 0).await.is_empty());
}

#[tokio::test]
async fn what_is_forged_is_told_in_the_midst_and_what_is_caught_once_more_in_the_end() {
    let (url, got) = receiver().await;
    let callbacks = Callbacks { forged_every: 1, replayed_every: 1, ..Callbacks::default() };
    let settings =
        Settings { sendgrid_webhook: Some(url.clone()), plan: plan(callbacks), ..Settings::default() };
    let token = settings.twilio_token.clone();
    let fakes = fakes(settings).await;
    let ours = sendgrid(&fakes);
    assert_eq!(crate::http::post(ours.request(&mail("d-1", "ada@example.org"))).await.status, 202);
    let told = until(&got, 6).await;
    let checker = signed::Checker::new(&fakes.sendgrid_key()).unwrap();
    let text = |headers: &HeaderMap, name: &str| {
        headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let theirs: Vec<bool> = told
        .iter()
        .map(|(headers, body)| {
            let (stamp, signature) = (text(headers, signed::TIMESTAMP), text(headers, signed::SIGNATURE));
            checker.is_theirs(&stamp, body, &signature, now().as_second())
        })
        .collect();
    assert_eq!(theirs, [true, false, false, false, true, true]);
    for (_, body) in &told[1..4] {
        let events: Value = serde_json::from_slice(body).unwrap();
        assert_eq!((&events[0]["event"], &events[0]["delivery_id"]), (&"bounce".into(), &"d-1".into()));
    }
    // Its signature holds, and is of long ago.
    let (old, body) = &told[3];
    let (stamp, signature) = (text(old, signed::TIMESTAMP), text(old, signed::SIGNATURE));
    assert!(checker.is_theirs(&stamp, body, &signature, stamp.parse().unwrap()));
    let (first, last) = (&told[0], &told[5]);
    assert_eq!((&first.1, &first.0[signed::SIGNATURE]), (&last.1, &last.0[signed::SIGNATURE]));
    let words: Vec<Word> = fakes.told().entries().iter().map(|told| told.word).collect();
    assert_eq!(words, [Word::Theirs, Word::Unsigned, Word::Altered, Word::Old, Word::Theirs, Word::Replayed]);

    got.lock().unwrap().clear();
    let ours = twilio(&fakes, &url);
    assert_eq!(crate::http::post(ours.request("+390551234567", "x", 60, "d-2")).await.status, 201);
    let checker = checked::Checker::new(&token);
    let theirs: Vec<bool> = until(&got, 5)
        .await
        .iter()
        .map(|(headers, body)| {
            let told_at = format!("{url}?delivery=d-2");
            checker.is_theirs(&told_at, &form(body), &text(headers, checked::SIGNATURE))
        })
        .collect();
    assert_eq!(theirs, [true, false, false, true, true]);
    assert_eq!(fakes.untold(), 0);
}

//! Providers that panic, never answer, or answer for one host alone; and tests in quiet hours.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use crisislens_model::{Alert, Channel, Clock, DeliveryStatus, Preferences, Severity, Target, Timestamp};
use crisislens_notify::carrier::{Carriers, Parcel, Provider};
use crisislens_notify::carriers::WebhookCarrier;
use crisislens_notify::contents::{Shown, ShownPush, ShownShort};
use crisislens_notify::provider::Outcome;
use crisislens_notify::provider::client::Client;
use crisislens_notify::templates::Name;
use crisislens_notify::trial;
use crisislens_state::Durability;
use crisislens_state::ledger::Row;
use crisislens_testkit::sample;
use serde_json::json;

use crate::desk::Desk;

/// What becomes of each message, one after the other; then all are taken.
#[derive(Clone, Copy)]
enum Fate {
    Panics,
    NeverAnswers,
}

struct Odd {
    fates: Vec<Fate>,
    asked: AtomicUsize,
}

impl Odd {
    fn new(fates: &[Fate]) -> Arc<Self> {
        Arc::new(Self { fates: fates.to_vec(), asked: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Provider for Odd {
    fn name(&self) -> &'static str {
        "odd"
    }

    fn replaces(&self) -> bool {
        true
    }

    async fn send(&self, _: &Parcel, _: Timestamp) -> Outcome {
        match self.fates.get(self.asked.fetch_add(1, Ordering::Relaxed)) {
            Some(Fate::Panics) => panic!("as a carrier with a mistake"),
            Some(Fate::NeverAnswers) => std::future::pending().await,
            None => Outcome::Accepted { provider_id: None },
        }
    }
}

async fn desk(channel: Channel, provider: Arc<dyn Provider>, people: u64) -> Desk {
    let mut carriers = Carriers::default();
    carriers.add(channel, provider);
    let desk = Desk::with(carriers).await;
    let wants: Preferences =
        serde_json::from_value(json!({ "channels": { "alerts": [channel.as_str()] } })).unwrap();
    for n in 1..=people {
        desk.person(n, wants.clone()).await;
    }
    desk
}

fn alert() -> Alert {
    let expires = "2026-05-01T00:00:00Z".parse().unwrap();
    Alert { severity: Severity::High, expires, ..sample::alert(1, 1) }
}

async fn row(desk: &Desk, person: u64, channel: Channel) -> Row {
    let inbox = desk.inbox(person).await;
    let one = inbox[0].deliveries.iter().find(|one| one.channel == channel && one.to.is_some());
    desk.engines.store.delivery(one.unwrap().id).await.unwrap().unwrap().0
}

fn outcomes(row: &Row) -> Vec<&str> {
    row.attempts.iter().map(|attempt| attempt.outcome.as_deref().unwrap_or("open")).collect()
}

#[tokio::test]
async fn a_carrier_that_panics_gives_its_place_back_and_its_row_is_tried_again() {
    let mut desk = desk(Channel::Email, Odd::new(&[Fate::Panics, Fate::Panics]), 4).await;
    desk.sender.options.at_once = 2;
    desk.raise(&[alert()]).await;
    let mut all = BTreeMap::new();
    for n in 1..=4 {
        let row = row(&desk, n, Channel::Email).await;
        *all.entry(row.status.as_str()).or_insert(0) += 1;
    }
    assert_eq!(all, BTreeMap::from([("sending", 2), ("sent", 2)]), "both places were given back");
    desk.engines.clock.advance(31);
    desk.send().await;
    let mut tried: Vec<Vec<String>> = Vec::new();
    for n in 1..=4 {
        let row = row(&desk, n, Channel::Email).await;
        assert_eq!(row.status, DeliveryStatus::Sent, "{row:?}");
        tried.push(outcomes(&row).into_iter().map(str::to_owned).collect());
    }
    tried.sort_unstable();
    assert_eq!(
        tried,
        [vec!["accepted"], vec!["accepted"], vec!["unknown", "accepted"], vec!["unknown", "accepted"]]
    );
}

#[tokio::test]
async fn a_carrier_that_never_answers_is_let_go_before_the_lease_ends() {
    let mut desk = desk(Channel::Email, Odd::new(&[Fate::NeverAnswers]), 1).await;
    desk.sender.options.lease = Duration::from_millis(600);
    desk.decide(&[alert()]).await;
    let sent = tokio::time::timeout(Duration::from_secs(10), desk.send()).await;
    assert_eq!(sent.expect("it comes to an end"), 1);
    let waits = row(&desk, 1, Channel::Email).await;
    assert_eq!((waits.status, outcomes(&waits)), (DeliveryStatus::Deferred, vec!["unknown"]));
    assert!(waits.reason.contains("no answer within 400ms"), "{}", waits.reason);
    desk.engines.clock.advance(5);
    desk.send().await;
    assert_eq!(row(&desk, 1, Channel::Email).await.status, DeliveryStatus::Sent);
}

/// A program that answers what the address asks for, and who was asked.
async fn programs() -> (String, Arc<Mutex<Vec<String>>>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut read = vec![0; 64 * 1024];
            let length = socket.read(&mut read).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&read[..length]).into_owned();
            seen.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
            let answer = if head.contains("/limited") {
                "HTTP/1.1 429 Slow down\r\nretry-after: 31536000\r\n"
            } else {
                "HTTP/1.1 204 Taken\r\n"
            };
            let answer = format!("{answer}content-length: 0\r\nconnection: close\r\n\r\n");
            socket.write_all(answer.as_bytes()).await.ok();
        }
    });
    (format!("http://{address}"), asked)
}

#[tokio::test]
async fn a_program_that_wants_a_year_of_rest_makes_nobody_elses_wait() {
    let ((theirs, asked), (sound, _)) = (programs().await, programs().await);
    let client = Client::new(reqwest::Client::builder().no_proxy().build().unwrap());
    let desk = desk(Channel::Webhook, Arc::new(WebhookCarrier { client }), 2).await;
    let secrets = vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()];
    desk.contact(1, Target::Webhook { url: format!("{theirs}/limited"), secrets: secrets.clone() }).await;
    desk.contact(2, Target::Webhook { url: format!("{sound}/hook"), secrets }).await;
    desk.raise(&[alert()]).await;
    desk.engines.clock.advance(60);
    desk.raise(&[Alert { revision: 2, ..alert() }]).await;
    assert_eq!(desk.sender.carriers.health(desk.engines.clock.now())[0].rests_until, None);
    for notification in desk.inbox(2).await {
        let hook = notification.deliveries.iter().find(|one| one.channel == Channel::Webhook).unwrap();
        assert_eq!(hook.status, DeliveryStatus::Sent);
    }
    assert_eq!(asked.lock().unwrap().len(), 1, "they get what they asked for");
    desk.engines.clock.advance(14 * 60 + 1);
    desk.send().await;
    assert!(asked.lock().unwrap().len() > 1, "but no more than a quarter of an hour");
}

#[tokio::test]
async fn a_test_is_handed_over_in_quiet_hours() {
    let desk = Desk::open().await;
    let preferences: Preferences = serde_json::from_value(
        json!({ "quiet_hours": [{ "start": "00:00", "end": "00:00" }], "quiet_except": null }),
    )
    .unwrap();
    let user = desk.person(1, preferences).await;
    let now = desk.engines.clock.now();
    let (text, title) = (String::new(), String::new());
    let shown = Shown {
        subject: "Hello".to_owned(),
        text: text.clone(),
        html: text.clone(),
        sms: ShownShort { text: text.clone(), segments: 1, encoding: "GSM-7" },
        push: ShownPush { title, body: text },
        webhook: None,
    };
    let test = trial::notification(&user, Name::Alert, (Channel::Email, &[&user.email]), shown, now);
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    tx.enter(&[test]).await.unwrap();
    tx.commit().await.unwrap();
    desk.send().await;
    assert_eq!(desk.outbox().await.len(), 1);
    assert_eq!(row(&desk, 1, Channel::Email).await.status, DeliveryStatus::Sent);
}

//! Handing messages over to providers that fail, against the stand-ins.

use std::sync::Arc;

use crisislens_fakes::faults::Plan;
use crisislens_fakes::{Entry, Fakes, Settings};
use crisislens_model::{
    Alert, AlertStatus, Channel, Clock, Delivery, DeliveryStatus, Preferences, Severity, SystemClock, Target,
};
use crisislens_notify::carrier::Carriers;
use crisislens_notify::carriers::{
    FcmCarrier, SendGridCarrier, SmtpCarrier, SmtpSettings, TwilioCarrier, WebPushCarrier, WebhookCarrier,
};
use crisislens_notify::protocol::vapid::Vapid;
use crisislens_notify::provider::client::Client;
use crisislens_notify::provider::sendgrid::SendGrid;
use crisislens_notify::provider::twilio::Twilio;
use crisislens_state::Durability;
use crisislens_state::ledger::{ProviderEvent, Row};
use crisislens_testkit::sample;
use serde_json::json;

use crate::desk::Desk;

const PHONE: &str = "+390551234567";
/// Why they get it.
const ASKED: &str = "asked for alerts of medium and above by sms";

async fn fakes() -> Fakes {
    let settings =
        Settings { http: "127.0.0.1:0".to_owned(), smtp: "127.0.0.1:0".to_owned(), ..Settings::default() };
    let fakes = Fakes::start(settings).await.unwrap();
    fakes.set_plan(plan(json!({ "callbacks": { "silent": true } })));
    fakes
}

fn plan(plan: serde_json::Value) -> Plan {
    serde_json::from_value(plan).unwrap()
}

fn client() -> Client {
    Client::new(reqwest::Client::builder().no_proxy().build().unwrap())
}

fn sendgrid(fakes: &Fakes) -> SendGridCarrier {
    let sendgrid = SendGrid {
        base_url: format!("{}/sendgrid", fakes.base_url()),
        key: "SG.fake".to_owned(),
        from: "desk@example.org".to_owned(),
        from_name: "Desk".to_owned(),
        sandbox: false,
    };
    SendGridCarrier { sendgrid, client: client() }
}

fn twilio(fakes: &Fakes) -> TwilioCarrier {
    let Settings { twilio_account, twilio_token, .. } = Settings::default();
    let twilio = Twilio {
        base_url: format!("{}/twilio", fakes.base_url()),
        account_sid: twilio_account,
        token: twilio_token,
        from: "+15005550006".to_owned(),
        callback_url: None,
    };
    TwilioCarrier { twilio, client: client() }
}

fn smtp(fakes: &Fakes) -> SmtpCarrier {
    let settings = SmtpSettings {
        url: format!("smtp://{}", fakes.smtp()),
        from: "Desk <desk@example.org>".to_owned(),
        domain: "example.org".to_owned(),
    };
    SmtpCarrier::new(&settings).unwrap()
}

fn carriers(channel: Channel, provider: impl crisislens_notify::carrier::Provider + 'static) -> Carriers {
    let mut carriers = Carriers::default();
    carriers.add(channel, Arc::new(provider));
    carriers
}

fn wants(channel: &str) -> Preferences {
    serde_json::from_value(json!({ "channels": { "alerts": [channel] } })).unwrap()
}

fn alert(severity: Severity) -> Alert {
    Alert { severity, expires: "2026-05-01T00:00:00Z".parse().unwrap(), ..sample::alert(1, 1) }
}

/// The delivery of person 1's only notification on this channel.
async fn row(desk: &Desk, channel: Channel) -> Row {
    let delivery: Delivery = desk.inbox(1).await[0]
        .deliveries
        .iter()
        .find(|one| one.channel == channel && one.to.is_some())
        .unwrap()
        .clone();
    desk.engines.store.delivery(delivery.id).await.unwrap().unwrap().0
}

fn outcomes(row: &Row) -> Vec<&str> {
    row.attempts.iter().map(|attempt| attempt.outcome.as_deref().unwrap_or("open")).collect()
}

async fn texter(fakes: &Fakes, severity: Severity) -> Desk {
    let desk = Desk::with(carriers(Channel::Sms, twilio(fakes))).await;
    desk.person(1, wants("sms")).await;
    desk.contact(1, Target::Phone { number: PHONE.to_owned() }).await;
    desk.decide(&[alert(severity)]).await;
    desk
}

#[tokio::test]
async fn every_channel_goes_out_by_its_provider_and_says_the_same() {
    let fakes = fakes().await;
    let mut all = carriers(Channel::Email, sendgrid(&fakes));
    all.add(Channel::Sms, Arc::new(twilio(&fakes)));
    let account = serde_json::from_str(&fakes.service_account()).unwrap();
    let base_url = format!("{}/fcm", fakes.base_url());
    all.add(Channel::Push, Arc::new(FcmCarrier::new(account, base_url, client())));
    let vapid = Vapid::new(&Vapid::generate().unwrap(), "mailto:desk@example.org").unwrap();
    all.add(Channel::Push, Arc::new(WebPushCarrier { vapid: Arc::new(vapid), client: client() }));
    let desk = Desk::with(all).await;
    let everything = json!({ "channels": { "alerts": ["inbox", "email", "sms", "push"] } });
    desk.person(1, serde_json::from_value(everything).unwrap()).await;
    desk.contact(1, Target::Phone { number: PHONE.to_owned() }).await;
    desk.contact(1, Target::FcmInstallation { fid: "fid-1".to_owned() }).await;
    let browser = fakes.subscribe().unwrap();
    let key = |name: &str| browser["keys"][name].as_str().unwrap().to_owned();
    desk.contact(
        1,
        Target::WebPush {
            endpoint: browser["endpoint"].as_str().unwrap().to_owned(),
            p256dh: key("p256dh"),
            auth: key("auth"),
        },
    )
    .await;
    // The stand-ins go by the time there is.
    let ahead = SystemClock.now().as_second() - desk.engines.clock.now().as_second();
    desk.engines.clock.advance(ahead);
    let expires = SystemClock.now().checked_add(std::time::Duration::from_secs(3600)).unwrap();
    desk.raise(&[Alert { expires, ..alert(Severity::High) }]).await;
    let inbox = desk.inbox(1).await;
    assert!(
        inbox[0].deliveries.iter().all(|one| one.status == DeliveryStatus::Sent),
        "{:#?} {:#?}",
        inbox[0].deliveries,
        fakes.journal().entries()
    );
    let says = |provider: &str| {
        let entries: Vec<Entry> = fakes.journal().taken(provider);
        assert_eq!(entries.len(), 1, "{provider}");
        entries[0].message.to_string()
    };
    for provider in ["sendgrid", "twilio", "fcm", "push"] {
        assert!(says(provider).contains("Number 1"), "{provider}: {}", says(provider));
    }
    assert!(says("sendgrid").contains("List-Unsubscribe"));
    assert_eq!(desk.send().await, 0);
    assert!(desk.outbox().await.is_empty());
}

#[tokio::test]
async fn a_mail_server_gets_the_mail_with_one_message_id_for_every_try() {
    let fakes = fakes().await;
    fakes.set_plan(plan(json!({ "requests": { "smtp": [{ "status": 421 }, "none"] } })));
    let desk = Desk::with(carriers(Channel::Email, smtp(&fakes))).await;
    desk.person(1, wants("email")).await;
    desk.raise(&[alert(Severity::High)]).await;
    assert_eq!(row(&desk, Channel::Email).await.status, DeliveryStatus::Deferred);
    desk.engines.clock.advance(10);
    desk.send().await;
    let row = row(&desk, Channel::Email).await;
    assert_eq!((row.status, outcomes(&row)), (DeliveryStatus::Sent, vec!["retry", "accepted"]));
    let taken = fakes.journal().taken("smtp");
    assert_eq!(taken.len(), 1);
    let mail = taken[0].message.to_string();
    assert!(
        mail.contains(&format!("<{}@example.org>", row.id)) && mail.contains("List-Unsubscribe"),
        "{mail}"
    );
}

#[tokio::test]
async fn who_says_later_is_asked_later_and_not_before() {
    let fakes = fakes().await;
    fakes.set_plan(plan(json!({ "requests": { "twilio": [{ "limited": { "retry_after": 30 } }, "none"] } })));
    let desk = texter(&fakes, Severity::High).await;
    desk.send().await;
    let first = row(&desk, Channel::Sms).await;
    assert_eq!((first.status, outcomes(&first)), (DeliveryStatus::Deferred, vec!["retry"]));
    desk.engines.clock.advance(29);
    desk.send().await;
    assert!(fakes.journal().taken("twilio").is_empty());
    assert!(first.reason.starts_with("twilio: "), "{}", first.reason);
    desk.engines.clock.advance(2);
    desk.send().await;
    let row = row(&desk, Channel::Sms).await;
    assert_eq!((row.status, outcomes(&row)), (DeliveryStatus::Sent, vec!["retry", "accepted"]));
    assert_eq!(row.reason, ASKED, "the try that failed stands in the attempts");
    assert_eq!(Some(format!("twilio: {}", row.attempts[0].why.as_deref().unwrap())), Some(first.reason));
    assert_eq!(fakes.journal().taken("twilio").len(), 1);
}

#[tokio::test]
async fn a_short_message_that_may_have_been_taken_waits_for_word_of_it() {
    let fakes = fakes().await;
    fakes.set_plan(plan(json!({ "requests": { "twilio": ["cut"] }, "callbacks": { "silent": true } })));
    let desk = texter(&fakes, Severity::High).await;
    desk.send().await;
    let waits = row(&desk, Channel::Sms).await;
    assert_eq!((waits.status, outcomes(&waits)), (DeliveryStatus::Deferred, vec!["unknown"]));
    assert_eq!(waits.reason, "twilio may have it: sent again if it says nothing of it");
    // Word comes: it is not sent again.
    let event = ProviderEvent {
        key: "k".to_owned(),
        delivery: Some(waits.id),
        message: Some("SM1".to_owned()),
        event: "delivered".to_owned(),
        status: Some(DeliveryStatus::Delivered),
        why: None,
        at: sample::at(1),
    };
    let mut tx = desk.engines.store.begin(Durability::Process).await.unwrap();
    tx.take_events("twilio", &[event]).await.unwrap();
    tx.commit().await.unwrap();
    desk.engines.clock.advance(24 * 3600);
    assert_eq!(desk.send().await, 0);
    let arrived = row(&desk, Channel::Sms).await;
    assert_eq!((arrived.status, arrived.reason.as_str()), (DeliveryStatus::Delivered, ASKED));
    assert_eq!(fakes.journal().taken("twilio").len(), 1, "once");
}

#[tokio::test]
async fn a_short_message_of_which_no_word_comes_is_sent_again_and_the_ledger_says_so() {
    let fakes = fakes().await;
    fakes.set_plan(plan(json!({ "requests": { "twilio": ["dropped", "none"] } })));
    let desk = texter(&fakes, Severity::High).await;
    desk.send().await;
    desk.engines.clock.advance(119);
    assert_eq!(desk.send().await, 0);
    desk.engines.clock.advance(2);
    desk.send().await;
    let row = row(&desk, Channel::Sms).await;
    assert_eq!((row.status, outcomes(&row)), (DeliveryStatus::Sent, vec!["unknown", "accepted"]));
    assert_eq!(row.reason, ASKED);
    assert_eq!(fakes.journal().taken("twilio").len(), 1);
}

#[tokio::test]
async fn what_is_critical_does_not_wait_for_word() {
    let fakes = fakes().await;
    fakes.set_plan(plan(json!({ "requests": { "twilio": ["dropped", "none"] } })));
    let desk = texter(&fakes, Severity::Critical).await;
    desk.send().await;
    desk.engines.clock.advance(2);
    desk.send().await;
    assert_eq!(row(&desk, Channel::Sms).await.status, DeliveryStatus::Sent);
}

#[tokio::test]
async fn a_sender_that_died_with_a_message_is_known_as_that_and_what_it_may_have_sent_is_not_sent_at_once() {
    let fakes = fakes().await;
    let desk = texter(&fakes, Severity::High).await;
    let now = desk.engines.clock.now();
    // As one that is killed after it took the row.
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    let mut due = tx.take_due(now, &[(Channel::Sms, 10, 0)]).await.unwrap().remove(0).row;
    due.token += 1;
    due.status = DeliveryStatus::Sending;
    due.provider = Some("twilio".to_owned());
    due.due_at = now.checked_add(std::time::Duration::from_secs(60)).ok();
    due.attempts.push(crisislens_model::Attempt {
        at: now,
        provider: "twilio".to_owned(),
        outcome: None,
        why: None,
    });
    let change = crisislens_state::ledger::Change { row: due.clone(), expected: 0 };
    tx.write_deliveries(&[change]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(desk.send().await, 0, "its lease has not ended");
    desk.engines.clock.advance(61);
    desk.send().await;
    let waits = row(&desk, Channel::Sms).await;
    assert_eq!((waits.status, outcomes(&waits)), (DeliveryStatus::Deferred, vec!["unknown"]));
    assert!(fakes.journal().taken("twilio").is_empty());
    desk.engines.clock.advance(121);
    desk.send().await;
    let sent = row(&desk, Channel::Sms).await;
    assert_eq!((sent.status, outcomes(&sent)), (DeliveryStatus::Sent, vec!["unknown", "accepted"]));
    // The one that was believed dead comes back: what it writes does not count.
    let stale = crisislens_state::ledger::Change {
        row: Row { status: DeliveryStatus::Failed, ..due.clone() },
        expected: due.token,
    };
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    assert_eq!(tx.write_deliveries(&[stale]).await.unwrap(), []);
}

#[tokio::test]
async fn an_address_that_is_none_is_never_tried_again() {
    let fakes = fakes().await;
    let desk = Desk::with(carriers(Channel::Sms, twilio(&fakes))).await;
    desk.person(1, wants("sms")).await;
    desk.contact(1, Target::Phone { number: "+15005550001".to_owned() }).await;
    desk.raise(&[alert(Severity::High)]).await;
    assert_eq!(row(&desk, Channel::Sms).await.status, DeliveryStatus::Failed);
    let suppressed = desk.engines.store.suppressions(None, 10).await.unwrap();
    assert_eq!((suppressed.len(), suppressed[0].address.as_str()), (1, "+15005550001"));
    desk.engines.clock.advance(3600);
    desk.raise(&[Alert { revision: 2, ..alert(Severity::Critical) }]).await;
    let row = row(&desk, Channel::Sms).await;
    assert_eq!(row.status, DeliveryStatus::Suppressed);
    assert!(row.reason.starts_with("nothing goes to this address: "), "{}", row.reason);
    assert_eq!(fakes.journal().entries().len(), 1, "it was asked once in all");
}

#[tokio::test]
async fn a_browser_that_is_gone_is_forgotten() {
    let fakes = fakes().await;
    fakes.set_plan(plan(json!({ "requests": { "push": [{ "status": 410 }] } })));
    let vapid = Arc::new(Vapid::new(&Vapid::generate().unwrap(), "mailto:desk@example.org").unwrap());
    let carrier = WebPushCarrier { vapid, client: client() };
    let desk = Desk::with(carriers(Channel::Push, carrier)).await;
    let user = desk.person(1, wants("push")).await;
    let browser = fakes.subscribe().unwrap();
    let key = |name: &str| browser["keys"][name].as_str().unwrap().to_owned();
    let endpoint = browser["endpoint"].as_str().unwrap().to_owned();
    desk.contact(1, Target::WebPush { endpoint, p256dh: key("p256dh"), auth: key("auth") }).await;
    desk.raise(&[alert(Severity::High)]).await;
    assert_eq!(row(&desk, Channel::Push).await.status, DeliveryStatus::Failed);
    assert!(desk.engines.store.contacts(user.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn where_one_provider_fails_the_next_carries_on() {
    let fakes = fakes().await;
    fakes.set_plan(plan(json!({ "requests": { "smtp": [{ "status": 421 }] } })));
    let mut carriers = carriers(Channel::Email, smtp(&fakes));
    carriers.add(Channel::Email, Arc::new(sendgrid(&fakes)));
    let desk = Desk::with(carriers).await;
    for n in 1..=8 {
        desk.person(n, wants("email")).await;
    }
    desk.decide(&[alert(Severity::High)]).await;
    for _ in 0..20 {
        desk.send().await;
        desk.engines.clock.advance(5);
    }
    assert_eq!(
        fakes.journal().taken("sendgrid").len(),
        8,
        "{:?}",
        desk.sender.carriers.health(sample::at(0))
    );
    assert!(fakes.journal().taken("smtp").is_empty());
    assert_eq!(desk.engines.store.open_deliveries().await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_not_worth_sending_any_more_is_not_sent() {
    let fakes = fakes().await;
    fakes.set_plan(plan(json!({ "requests": { "twilio": [{ "status": 503 }] } })));
    let desk = texter(&fakes, Severity::Low).await;
    assert!(desk.inbox(1).await.is_empty(), "medium and above were asked for");
    let desk = texter(&fakes, Severity::Medium).await;
    for _ in 0..40 {
        desk.send().await;
        desk.engines.clock.advance(900);
    }
    let row = row(&desk, Channel::Sms).await;
    assert_eq!(row.status, DeliveryStatus::Expired);
    assert!(row.reason.starts_with("not worth sending any more after "), "{}", row.reason);
    assert!(fakes.journal().taken("twilio").is_empty());
}

#[tokio::test]
async fn what_is_sent_again_by_hand_says_so_when_it_is_sent() {
    let fakes = fakes().await;
    fakes.set_plan(plan(json!({ "requests": { "twilio": [{ "status": 503 }] } })));
    let desk = texter(&fakes, Severity::High).await;
    for _ in 0..60 {
        desk.send().await;
        desk.engines.clock.advance(900);
    }
    let failed = row(&desk, Channel::Sms).await;
    assert_eq!(failed.status, DeliveryStatus::Expired);
    fakes.set_plan(plan(json!({ "callbacks": { "silent": true } })));
    let now = desk.engines.clock.now();
    let until = now.checked_add(std::time::Duration::from_secs(3600)).unwrap();
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    assert!(tx.send_again(failed.id, now, until).await.unwrap());
    tx.commit().await.unwrap();
    // Its provider rests for a while after so many failures.
    for _ in 0..3 {
        desk.send().await;
        desk.engines.clock.advance(900);
    }
    let sent = row(&desk, Channel::Sms).await;
    assert_eq!((sent.status, sent.reason.as_str()), (DeliveryStatus::Sent, "sent again by hand"));
}

#[tokio::test]
async fn an_exercise_reaches_nobody_outside() {
    let fakes = fakes().await;
    let desk = Desk::with(carriers(Channel::Email, sendgrid(&fakes))).await;
    desk.person(1, wants("email")).await;
    desk.raise(&[Alert { status: AlertStatus::Exercise, ..alert(Severity::Critical) }]).await;
    assert!(fakes.journal().entries().is_empty());
    assert_eq!(desk.outbox().await.len(), 1);
}

#[tokio::test]
async fn a_webhook_is_signed_and_an_address_that_may_not_be_asked_is_not() {
    let fakes = fakes().await;
    let inside = Client::checked(reqwest::Client::new(), |url| Err(format!("{url} is not public")));
    let desk = Desk::with(carriers(Channel::Webhook, WebhookCarrier { client: inside })).await;
    desk.person(1, wants("webhook")).await;
    let url = format!("{}/journal", fakes.base_url());
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
    desk.contact(1, Target::Webhook { url, secrets: vec![secret] }).await;
    desk.raise(&[alert(Severity::High)]).await;
    let row = row(&desk, Channel::Webhook).await;
    assert_eq!(row.status, DeliveryStatus::Deferred);
    assert!(row.attempts[0].why.as_deref().unwrap().contains("is not public"), "{row:?}");
}

#[tokio::test]
async fn a_number_from_before_the_operator_said_how_they_begin_gets_nothing_and_says_why() {
    let fakes = fakes().await;
    let mut carriers = carriers(Channel::Sms, twilio(&fakes));
    carriers.sms_prefixes = vec!["+91".to_owned(), "+1".to_owned()];
    let desk = Desk::with(carriers).await;
    let mut sms = Preferences::of_alerts(true, false, Severity::Low);
    sms.want(crisislens_model::NoticeKind::Alerts, Channel::Sms, true);
    desk.person(1, sms.clone()).await;
    desk.person(2, sms).await;
    desk.contact(1, Target::Phone { number: PHONE.to_owned() }).await;
    desk.contact(2, Target::Phone { number: "+12025550123".to_owned() }).await;
    desk.raise(&[sample::alert(1, 1)]).await;
    let of = async |person| {
        let told = desk.inbox(person).await.remove(0);
        told.deliveries.into_iter().find(|one| one.channel == Channel::Sms).unwrap()
    };
    let (refused, sent) = (of(1).await, of(2).await);
    assert_eq!((refused.status, sent.status), (DeliveryStatus::Suppressed, DeliveryStatus::Sent));
    assert_eq!(
        refused.reason,
        "nothing goes to this address: short messages go only to numbers that begin with +91, +1"
    );
    let kept = desk.engines.store.suppressions(None, 10).await.unwrap();
    assert!(kept.is_empty(), "it gets messages again once the operator lets it: {kept:?}");
}

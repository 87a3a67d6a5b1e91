//! A sound picture passes, and each anomaly that is put into it is found.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(second.unsigned_abs())
}

fn tried(provider: &str, second: i64, outcome: Option<&str>) -> Attempt {
    Attempt { at: at(second), provider: provider.to_owned(), outcome: outcome.map(str::to_owned), why: None }
}

fn delivery(n: usize, channel: Channel, priority: Severity, attempts: Vec<Attempt>) -> Delivery {
    Delivery {
        id: format!("d-{n}"),
        channel,
        to: Some(format!("to {n}")),
        recipient: "ada".to_owned(),
        alert_id: if priority == Severity::Critical { "urgent" } else { "calm" }.to_owned(),
        priority,
        status: DeliveryStatus::Sent,
        reason: String::new(),
        created_at: at(if priority == Severity::Critical { 10 } else { 0 }),
        due_at: None,
        attempts,
    }
}

fn taken(provider: &'static str, n: usize, second: i64) -> Taken {
    Taken { provider, message: format!("{provider} {n}"), key: format!("d{n}"), at: at(second) }
}

fn told(provider: &'static str, n: usize, event: &'static str, word: Word, status: u16) -> Told {
    let (message, to) = (format!("{provider} {n}"), format!("to {n}"));
    Told { provider, at: at(30), message, to, event, word, status: Some(status) }
}

/// A calm alert at six addresses, one for each provider, and a critical one that was decided while the first of them waited.
fn sound() -> Seen {
    let over = [
        (Channel::Email, "sendgrid"),
        (Channel::Email, "smtp"),
        (Channel::Sms, "twilio"),
        (Channel::Push, "web_push"),
        (Channel::Push, "fcm"),
        (Channel::Webhook, "webhook"),
    ];
    let mut seen = Seen { addresses: 6, ..Seen::default() };
    for (n, (channel, provider)) in over.into_iter().enumerate() {
        let accepted = |second| tried(provider, second, Some("accepted"));
        seen.deliveries.push(delivery(n, channel, Severity::Low, vec![accepted(20)]));
        seen.deliveries.push(delivery(n + 6, channel, Severity::Critical, vec![accepted(11)]));
        seen.taken.extend([taken(provider, n, 20), taken(provider, n + 6, 11)]);
    }
    seen.alerts = vec!["calm".to_owned(), "urgent".to_owned()];
    seen.queued = seen.alerts.iter().cloned().collect();
    seen.inboxes = vec![seen.alerts.clone()];
    for (provider, n) in [("sendgrid", 0), ("twilio", 2)] {
        seen.told.push(told(provider, n, "delivered", Word::Theirs, 204));
        seen.told.push(told(provider, n, "delivered", Word::Replayed, 204));
        seen.told.push(told(provider, n, "bounce", Word::Unsigned, 403));
        of(&mut seen, n).status = DeliveryStatus::Delivered;
    }
    seen
}

fn of(seen: &mut Seen, n: usize) -> &mut Delivery {
    let id = format!("d-{n}");
    seen.deliveries.iter_mut().find(|one| one.id == id).unwrap()
}

/// What is wrong with the picture after this was done to it.
fn wrong(change: impl FnOnce(&mut Seen)) -> Vec<Kind> {
    let (mut seen, mut verdict) = (sound(), Verdict::default());
    change(&mut seen);
    judge(&seen, &mut verdict);
    verdict.anomalies.into_iter().map(|anomaly| anomaly.kind).collect()
}

#[test]
fn a_sound_picture_passes_and_is_counted() {
    let mut verdict = Verdict::default();
    let tally = judge(&sound(), &mut verdict);
    assert!(verdict.holds(), "{verdict:?}");
    let expected = Line { deliveries: 2, told: 2, refused: 1, ..Line::default() };
    assert_eq!((tally.lines["sendgrid"], tally.deliveries, tally.overtaken), (expected, 12, 6));
    let words = tally.to_string();
    assert!(
        words.contains("; sendgrid 2: 0 tries again, 0 unknown, 0 repeated, callbacks 2 taken, 1 refused")
    );
}

#[test]
fn what_nobody_had_is_lost_and_what_nobody_sent_a_phantom() {
    assert_eq!(wrong(|seen| seen.taken.retain(|one| one.key != "d1")), [Kind::Lost, Kind::Lost]);
    assert_eq!(wrong(|seen| seen.taken.push(taken("smtp", 99, 1))), [Kind::Phantom]);
    assert_eq!(wrong(|seen| seen.inboxes[0].truncate(1)), [Kind::Lost]);
    assert_eq!(wrong(|seen| seen.inboxes[0].push("calm".to_owned())), [Kind::DuplicateEffect]);
}

#[test]
fn a_message_is_repeated_only_after_a_try_that_nobody_knows_of() {
    let again = |seen: &mut Seen| seen.taken.push(taken("webhook", 5, 21));
    assert_eq!(wrong(again), [Kind::DuplicateEffect, Kind::DuplicateEffect]);
    for outcome in [None, Some("unknown")] {
        let known = wrong(|seen| {
            again(seen);
            of(seen, 5).attempts.insert(0, tried("webhook", 19, outcome));
        });
        assert_eq!(known, []);
    }
    // Nor where another's try is unknown.
    let elsewhere = wrong(|seen| {
        seen.taken.push(taken("smtp", 0, 21));
        of(seen, 0).attempts.insert(0, tried("sendgrid", 19, Some("unknown")));
    });
    assert_eq!(elsewhere, [Kind::DuplicateEffect]);
}

#[test]
fn a_delivery_stands_where_the_provider_told_and_nobody_else() {
    let bounced = |seen: &mut Seen| {
        seen.told.push(told("sendgrid", 0, "bounce", Word::Theirs, 204));
        seen.suppressed.insert((Channel::Email, "to 0".to_owned()));
    };
    assert_eq!(wrong(bounced), [Kind::Broken], "it is still delivered");
    let known = wrong(|seen| {
        bounced(seen);
        let delivery = of(seen, 0);
        (delivery.status, delivery.reason) = (DeliveryStatus::Failed, "550".to_owned());
    });
    assert_eq!(known, []);
    let unsaid = wrong(|seen| of(seen, 1).status = DeliveryStatus::Delivered);
    assert_eq!(unsaid, [Kind::Broken]);
    let forged = wrong(|seen| seen.told.push(told("twilio", 2, "undelivered", Word::Altered, 204)));
    assert_eq!(forged, [Kind::Broken]);
    assert_eq!(wrong(|seen| seen.told.push(told("twilio", 2, "sent", Word::Theirs, 403))), [Kind::Broken]);
    assert_eq!(wrong(|seen| of(seen, 3).status = DeliveryStatus::Deferred), [Kind::Broken, Kind::Broken]);
}

#[test]
fn nothing_goes_to_an_address_that_has_ended() {
    let ended = |seen: &mut Seen, second| {
        seen.told.push(Told { at: at(15), ..told("sendgrid", 0, "bounce", Word::Theirs, 204) });
        let delivery = of(seen, 0);
        (delivery.status, delivery.reason) = (DeliveryStatus::Failed, "550".to_owned());
        delivery.attempts[0].at = at(second);
    };
    assert_eq!(wrong(|seen| ended(seen, 14)), [Kind::Lost], "nobody knows that it has");
    let known = |second| {
        wrong(|seen| {
            ended(seen, second);
            seen.suppressed.insert((Channel::Email, "to 0".to_owned()));
        })
    };
    assert_eq!((known(14), known(16)), (vec![], vec![Kind::Broken]));
    let unended = wrong(|seen| of(seen, 3).status = DeliveryStatus::Suppressed);
    assert_eq!(unended, [Kind::Broken, Kind::Broken]);
}

#[test]
fn what_is_critical_goes_before_what_waits() {
    let late = wrong(|seen| of(seen, 11).attempts[0].at = at(25));
    assert_eq!(late, [Kind::Reordered]);
    let idle = wrong(|seen| seen.deliveries.iter_mut().for_each(|one| one.created_at = at(10)));
    assert_eq!(idle, [Kind::Broken], "nothing waited");
}

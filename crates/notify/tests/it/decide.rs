//! Who is told of an alert, on which channels and when, and why not on the others.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crisislens_model::{
    About, Alert, AlertStatus, Channel, Contact, Delivery, DeliveryId, DeliveryStatus, HazardType,
    Notification, NotificationType, Preferences, Severity, Target, Timestamp, id,
};
use crisislens_notify::{Decision, Matter, Rules, decide};
use crisislens_state::ledger::{Candidate, Earlier};
use crisislens_testkit::sample;
use serde_json::json;

fn who_wants(preferences: Preferences) -> Candidate {
    let mut user = sample::account(1).user;
    user.preferences = preferences;
    Candidate {
        user,
        contacts: Vec::new(),
        subscriptions: Vec::new(),
        earlier: Vec::new(),
        in_inbox: None,
        recent: BTreeMap::new(),
    }
}

fn who_is_told(inbox: bool, email: bool, least: Severity) -> Candidate {
    who_wants(Preferences::of_alerts(inbox, email, least))
}

fn wishes(wishes: serde_json::Value) -> Preferences {
    serde_json::from_value(wishes).unwrap()
}

fn alert(severity: Severity) -> Alert {
    Alert { severity, expires: at("2026-04-01T00:00:00Z"), ..sample::alert(1, 1) }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn told(alert: &Alert, candidate: &Candidate, now: Timestamp) -> Notification {
    match decide(&Matter::alert(alert), candidate, Rules::default(), now) {
        Decision::Told { notification, .. } => *notification,
        Decision::PassedOver { why, .. } => panic!("passed over: {why}"),
    }
}

fn passed(alert: &Alert, candidate: &Candidate, now: Timestamp) -> String {
    match decide(&Matter::alert(alert), candidate, Rules::default(), now) {
        Decision::Told { notification, .. } => panic!("told: {notification:?}"),
        Decision::PassedOver { why, .. } => why,
    }
}

fn channels(notification: &Notification) -> Vec<(Channel, DeliveryStatus, &str)> {
    let deliveries = notification.deliveries.iter();
    deliveries.map(|delivery| (delivery.channel, delivery.status, delivery.reason.as_str())).collect()
}

fn by_mail(notification: &Notification) -> &Delivery {
    notification.deliveries.iter().find(|delivery| delivery.channel == Channel::Email).unwrap()
}

fn went_by_mail(revision: u64, status: DeliveryStatus, at: Timestamp) -> Earlier {
    Earlier {
        id: DeliveryId(id::named("earlier", &revision.to_string())),
        channel: Channel::Email,
        address: "person1@example.org".to_owned(),
        revision,
        priority: Severity::High,
        status,
        at,
        may_be_out: false,
        is_page: false,
    }
}

#[test]
fn nobody_is_told_of_less_than_they_asked_for() {
    for asked in Severity::ALL {
        for severity in Severity::ALL {
            let decision = decide(
                &Matter::alert(&alert(severity)),
                &who_is_told(true, true, asked),
                Rules::default(),
                sample::at(0),
            );
            let is_told = matches!(decision, Decision::Told { .. });
            assert_eq!(is_told, severity >= asked, "asked for {asked:?}, is {severity:?}");
        }
    }
    let why = passed(&alert(Severity::Low), &who_is_told(true, true, Severity::High), sample::at(0));
    assert_eq!(why, "asks for nothing below high");
}

#[test]
fn every_channel_has_its_reason_whether_it_is_used_or_not() {
    let told =
        |inbox, email, least| told(&alert(Severity::High), &who_is_told(inbox, email, least), sample::at(0));
    assert_eq!(
        channels(&told(true, false, Severity::Medium)),
        [
            (Channel::Inbox, DeliveryStatus::Sent, "asked for alerts of medium and above by inbox"),
            (Channel::Email, DeliveryStatus::Suppressed, "has switched off alerts by email"),
        ]
    );
    assert_eq!(
        channels(&told(false, true, Severity::High)),
        [
            (Channel::Inbox, DeliveryStatus::Suppressed, "has switched off alerts by inbox"),
            (Channel::Email, DeliveryStatus::Queued, "asked for alerts of high and above by email"),
        ]
    );
}

#[test]
fn each_telephone_and_device_gets_its_own_and_who_has_given_none_is_told_so() {
    let mut candidate = who_wants(wishes(json!({ "channels": { "alerts": ["sms", "push"] } })));
    for (n, target) in [
        Target::Phone { number: "+34600000001".to_owned() },
        Target::Phone { number: "+34600000002".to_owned() },
    ]
    .into_iter()
    .enumerate()
    {
        let user = candidate.user.id;
        let id = Contact::id_at(user, target.channel(), target.address());
        candidate.contacts.push(Contact {
            id,
            user,
            label: n.to_string(),
            target,
            created_at: sample::at(0),
        });
    }
    let told = told(&alert(Severity::High), &candidate, sample::at(0));
    let to: Vec<_> = told.deliveries.iter().map(|one| (one.channel, one.to.as_deref(), one.status)).collect();
    assert_eq!(
        to,
        [
            (Channel::Inbox, None, DeliveryStatus::Suppressed),
            (Channel::Email, None, DeliveryStatus::Suppressed),
            (Channel::Sms, Some("+34600000001"), DeliveryStatus::Queued),
            (Channel::Sms, Some("+34600000002"), DeliveryStatus::Queued),
            (Channel::Push, None, DeliveryStatus::Suppressed),
        ]
    );
    assert_eq!(told.deliveries[4].reason, "has given no address for push");
    assert_ne!(told.deliveries[2].id, told.deliveries[3].id);
}

#[test]
fn who_has_switched_off_every_channel_gets_no_notification() {
    let why = passed(&alert(Severity::Critical), &who_is_told(false, false, Severity::Low), sample::at(0));
    assert_eq!(why, "has switched off alerts by inbox; has switched off alerts by email");
}

#[test]
fn one_revision_to_one_person_is_one_notification_and_every_other_is_another() {
    let id = |n: u64, revision: u64, recipient: u64| {
        let mut candidate = who_is_told(true, false, Severity::Low);
        candidate.user.id = sample::user_id(recipient);
        told(&sample::alert(n, revision), &candidate, sample::at(revision)).id
    };
    assert_eq!(id(1, 1, 1), id(1, 1, 1));
    let others = [id(1, 1, 1), id(1, 2, 1), id(1, 1, 2), id(2, 1, 1)];
    let apart: std::collections::BTreeSet<_> = others.into_iter().collect();
    assert_eq!(apart.len(), others.len());
}

#[test]
fn the_notification_carries_what_the_alert_says_of_itself() {
    let candidate = who_is_told(true, true, Severity::Low);
    let drill = Alert { status: AlertStatus::Exercise, ..sample::alert(1, 3) };
    let notification = told(&drill, &candidate, sample::at(9));
    let Notification { recipient, about, revision, priority, exercise, created_at, .. } = notification;
    assert_eq!((recipient, about, revision), (candidate.user.id, About::alert(drill.id), 3));
    assert_eq!((priority, exercise, created_at), (drill.severity, true, sample::at(9)));
    assert!(!told(&sample::alert(1, 3), &candidate, sample::at(9)).exercise);
}

#[test]
fn who_has_subscriptions_is_told_of_what_one_of_them_is_for() {
    let mut candidate = who_is_told(true, false, Severity::Low);
    let subscriptions = [
        json!({ "name": "quakes", "match": { "hazard": ["earthquake"] } }),
        json!({ "name": "Spain", "match": { "country": ["ES"] } }),
    ];
    candidate.subscriptions =
        subscriptions.into_iter().map(|one| Arc::new(serde_json::from_value(one).unwrap())).collect();
    let flood = Alert { hazard: HazardType::Flood, country: Some("FR".to_owned()), ..alert(Severity::High) };
    assert_eq!(
        passed(&flood, &candidate, sample::at(0)),
        "no subscription is for it: not `quakes` by its hazard, not `Spain` by its country"
    );
    let spain = Alert { country: Some("ES".to_owned()), ..flood };
    let told = told(&spain, &candidate, sample::at(0));
    assert_eq!(told.kind, NotificationType::Alert);
    assert_eq!(
        told.deliveries[0].reason,
        "asked for alerts of low and above by inbox, subscribed as `Spain`"
    );
}

#[test]
fn in_quiet_hours_all_but_the_inbox_waits_and_what_is_urgent_does_not() {
    let candidate = who_wants(wishes(json!({
        "channels": { "alerts": ["inbox", "email"] }, "zone": "Europe/Madrid",
        "quiet_hours": [{ "start": "22:00", "end": "07:00" }],
    })));
    let night = at("2026-03-02T23:30:00Z");
    let waits = told(&alert(Severity::High), &candidate, night);
    assert_eq!(waits.deliveries[0].status, DeliveryStatus::Sent);
    let mail = by_mail(&waits);
    assert_eq!(mail.status, DeliveryStatus::Deferred);
    assert!(mail.reason.starts_with("quiet hours until 2026-03-03 07:00 CET"), "{}", mail.reason);
    let due = mail.due_at.unwrap();
    let morning = at("2026-03-03T06:00:00Z");
    assert!(morning <= due && due < morning.checked_add(Duration::from_secs(60)).unwrap(), "{due}");
    assert!(mail.expires_at.unwrap() > due, "it is put off and not dropped");
    assert_eq!(by_mail(&told(&alert(Severity::Critical), &candidate, night)).status, DeliveryStatus::Queued);
    let strict = wishes(json!({ "channels": { "alerts": ["email"] }, "quiet_except": null,
        "quiet_hours": [{ "start": "22:00", "end": "07:00" }] }));
    let mail = told(&alert(Severity::Critical), &who_wants(strict), night);
    assert_eq!(by_mail(&mail).status, DeliveryStatus::Deferred);
}

#[test]
fn what_has_lapsed_by_the_end_of_quiet_hours_is_not_sent() {
    let candidate = who_wants(wishes(json!({
        "channels": { "alerts": ["inbox", "email"] }, "quiet_hours": [{ "start": "22:00", "end": "07:00" }],
    })));
    let short = Alert { expires: at("2026-03-03T03:00:00Z"), ..alert(Severity::High) };
    let told = told(&short, &candidate, at("2026-03-02T23:30:00Z"));
    let mail = by_mail(&told);
    assert_eq!(mail.status, DeliveryStatus::Expired);
    assert!(mail.reason.ends_with("; by then it has lapsed"), "{}", mail.reason);
}

#[test]
fn what_is_told_together_waits_for_its_hour_and_what_is_bad_does_not() {
    let candidate = who_wants(wishes(json!({
        "channels": { "alerts": ["inbox", "email"] }, "zone": "Asia/Kolkata", "min_severity": "low",
        "digest": { "at": { "every": "day", "hour": 8 } },
    })));
    let now = at("2026-03-02T10:00:00Z");
    let one = told(&alert(Severity::Medium), &candidate, now);
    let mail = by_mail(&one);
    assert_eq!((mail.status, mail.due_at), (DeliveryStatus::Deferred, Some(at("2026-03-03T02:30:00Z"))));
    assert_eq!(mail.reason, "goes with the digest of 2026-03-03 08:00 IST");
    let other = told(&Alert { severity: Severity::Low, ..sample::alert(2, 1) }, &candidate, now);
    assert!(mail.digest.is_some() && by_mail(&other).digest != mail.digest, "the second lapses before");
    let long = Alert { expires: at("2026-04-01T00:00:00Z"), severity: Severity::Low, ..sample::alert(2, 1) };
    assert_eq!(by_mail(&told(&long, &candidate, now)).digest, mail.digest, "one digest for both");
    let bad = told(&alert(Severity::High), &candidate, now);
    assert_eq!((by_mail(&bad).status, by_mail(&bad).digest), (DeliveryStatus::Queued, None));
}

#[test]
fn who_gets_many_gets_the_rest_later_and_what_is_critical_at_once() {
    let mut candidate =
        who_wants(wishes(json!({ "channels": { "alerts": ["inbox", "email"] }, "max_per_hour": 6 })));
    candidate.recent.insert(Channel::Email, 7);
    let now = at("2026-03-02T10:00:00Z");
    let waits = told(&alert(Severity::High), &candidate, now);
    assert_eq!(by_mail(&waits).due_at, Some(at("2026-03-02T10:20:00Z")));
    assert!(by_mail(&waits).reason.starts_with("7 messages by email within an hour, and the most is 6"));
    assert_eq!(by_mail(&told(&alert(Severity::Critical), &candidate, now)).status, DeliveryStatus::Queued);
    candidate.recent.insert(Channel::Email, 5);
    assert_eq!(by_mail(&told(&alert(Severity::High), &candidate, now)).status, DeliveryStatus::Queued);
}

#[test]
fn who_was_told_is_told_again_when_it_is_worse_or_some_time_has_passed() {
    let now = at("2026-03-02T10:00:00Z");
    let mut candidate = who_is_told(true, true, Severity::Low);
    candidate.earlier = vec![went_by_mail(1, DeliveryStatus::Sent, at("2026-03-02T09:50:00Z"))];
    let again = |severity, now| {
        let update = Alert { kind: "update".to_owned(), revision: 2, ..alert(severity) };
        let told = told(&update, &candidate, now);
        assert_eq!(told.deliveries[0].status, DeliveryStatus::Sent, "the inbox has every revision");
        (by_mail(&told).status, by_mail(&told).reason.clone())
    };
    let (status, why) = again(Severity::High, now);
    assert_eq!(status, DeliveryStatus::Suppressed);
    assert_eq!(why, "was told of it 10 minutes ago and it is no worse; told again after 15 minutes");
    assert_eq!(again(Severity::Critical, now).0, DeliveryStatus::Queued);
    assert_eq!(again(Severity::High, at("2026-03-02T10:05:00Z")).0, DeliveryStatus::Queued);
}

fn replaced(alert: &Alert, candidate: &Candidate, now: Timestamp) -> Vec<DeliveryId> {
    decide(&Matter::alert(alert), candidate, Rules::default(), now).replaced().to_vec()
}

#[test]
fn a_newer_revision_takes_the_place_of_what_has_not_left_but_not_of_what_calls_somebody() {
    let mut candidate = who_is_told(true, true, Severity::Low);
    let waiting = went_by_mail(1, DeliveryStatus::Deferred, sample::at(0));
    let page = Earlier { is_page: true, ..went_by_mail(2, DeliveryStatus::Queued, sample::at(0)) };
    let sent = went_by_mail(3, DeliveryStatus::Sent, sample::at(0));
    candidate.earlier = vec![waiting.clone(), page.clone(), sent];
    let newer = alert(Severity::High);
    assert_eq!(replaced(&newer, &candidate, sample::at(9)), [waiting.id]);
    let cancel = Alert { kind: "cancel".to_owned(), ..newer.clone() };
    assert_eq!(
        replaced(&cancel, &candidate, sample::at(9)),
        [waiting.id, page.id],
        "nobody is called for it"
    );
    // What is no longer for them does not leave in its old form either.
    let calmer = Alert { severity: Severity::Low, ..newer };
    candidate.user.preferences.min_severity = Severity::High;
    assert_eq!(replaced(&calmer, &candidate, sample::at(9)), [waiting.id]);
    let nowhere = wishes(json!({ "channels": {}, "min_severity": "low" }));
    candidate.user.preferences = nowhere;
    assert_eq!(replaced(&calmer, &candidate, sample::at(9)), [waiting.id]);
}

#[test]
fn who_may_have_the_original_is_told_that_it_is_put_right() {
    let now = at("2026-03-02T10:00:00Z");
    let cancel = Alert { kind: "cancel".to_owned(), revision: 2, ..alert(Severity::High) };
    for status in [DeliveryStatus::Deferred, DeliveryStatus::Expired, DeliveryStatus::Canceled] {
        let mut candidate = who_is_told(false, true, Severity::Low);
        candidate.earlier = vec![Earlier { may_be_out: true, ..went_by_mail(1, status, now) }];
        let told = told(&cancel, &candidate, now);
        assert_eq!(told.kind, NotificationType::Correction, "{status:?}");
        assert_eq!(by_mail(&told).status, DeliveryStatus::Queued);
        let waits = status == DeliveryStatus::Deferred;
        assert_eq!(replaced(&cancel, &candidate, now).len(), usize::from(waits), "{status:?}");
        candidate.earlier[0].status = DeliveryStatus::Failed;
        assert_eq!(passed(&cancel, &candidate, now), "the alert never went to them");
    }
}

#[test]
fn a_correction_is_as_urgent_as_what_it_puts_right_and_no_limit_or_end_keeps_it() {
    let now = at("2026-03-02T23:30:00Z");
    let mut candidate = who_wants(wishes(json!({
        "channels": { "alerts": ["email"] }, "min_severity": "low", "max_per_hour": 1,
        "quiet_hours": [{ "start": "22:00", "end": "07:00" }],
    })));
    candidate.recent = BTreeMap::from([(Channel::Email, 9)]);
    let earlier = |priority| Earlier { priority, ..went_by_mail(1, DeliveryStatus::Sent, now) };
    let calm = Alert {
        kind: "correction".to_owned(),
        revision: 2,
        expires: at("2026-03-03T06:00:00Z"),
        ..alert(Severity::Low)
    };
    candidate.earlier = vec![earlier(Severity::Critical)];
    let loud = told(&calm, &candidate, now);
    assert_eq!((by_mail(&loud).status, loud.priority), (DeliveryStatus::Queued, Severity::Critical));
    candidate.earlier = vec![earlier(Severity::High)];
    let quiet = told(&calm, &candidate, now);
    assert_eq!(
        by_mail(&quiet).status,
        DeliveryStatus::Deferred,
        "it waits, and does not lapse with the alert"
    );
    assert!(by_mail(&quiet).due_at.unwrap() >= at("2026-03-03T07:00:00Z"));
}

#[test]
fn what_is_held_is_put_right_for_those_who_had_it_alone() {
    let now = at("2026-03-02T10:00:00Z");
    let correction = Alert { kind: "correction".to_owned(), revision: 2, ..alert(Severity::High) };
    let matter = || Matter { held: Some("silenced".to_owned()), ..Matter::alert(&correction) };
    let mut candidate = who_is_told(true, true, Severity::Low);
    let decided = decide(&matter(), &candidate, Rules::default(), now);
    assert_eq!(decided, Decision::PassedOver { why: "silenced".to_owned(), replaced: Vec::new() });
    candidate.earlier = vec![went_by_mail(1, DeliveryStatus::Sent, now)];
    assert!(matches!(decide(&matter(), &candidate, Rules::default(), now), Decision::Told { .. }));
}

#[test]
fn a_correction_goes_where_the_original_went_whatever_is_asked_for_now_and_to_nobody_else() {
    let now = at("2026-03-02T10:00:00Z");
    let cancel = Alert { kind: "cancel".to_owned(), revision: 3, ..alert(Severity::Low) };
    // Since then they have switched everything off, and have a digest.
    let mut candidate = who_wants(wishes(json!({
        "channels": {}, "min_severity": "critical", "digest": { "at": { "every": "day", "hour": 8 } },
    })));
    candidate.earlier = vec![
        went_by_mail(1, DeliveryStatus::Delivered, now),
        went_by_mail(2, DeliveryStatus::Sent, now),
        Earlier { channel: Channel::Sms, ..went_by_mail(2, DeliveryStatus::Failed, now) },
    ];
    candidate.in_inbox = Some(2);
    let told = told(&cancel, &candidate, now);
    assert_eq!(told.kind, NotificationType::Correction);
    let sent: Vec<_> = told.deliveries.iter().map(|one| (one.channel, one.status)).collect();
    assert_eq!(
        sent,
        [(Channel::Inbox, DeliveryStatus::Sent), (Channel::Email, DeliveryStatus::Queued)],
        "each address once, and not where it failed"
    );
    let never = who_is_told(true, true, Severity::Low);
    assert_eq!(passed(&cancel, &never, now), "the alert never went to them");
}

#[test]
fn what_is_withdrawn_before_it_left_does_not_leave() {
    let cancel = Alert { kind: "cancel".to_owned(), revision: 2, ..alert(Severity::High) };
    let mut candidate = who_is_told(false, true, Severity::Low);
    let waiting = went_by_mail(1, DeliveryStatus::Deferred, sample::at(0));
    candidate.earlier = vec![waiting.clone()];
    match decide(&Matter::alert(&cancel), &candidate, Rules::default(), sample::at(9)) {
        Decision::PassedOver { why, replaced } => {
            assert_eq!(
                (why.as_str(), replaced),
                ("the alert was withdrawn before it left", vec![waiting.id])
            );
        }
        Decision::Told { notification, .. } => panic!("{notification:?}"),
    }
}

#[test]
fn what_was_put_right_is_told_anew_to_those_who_had_not_heard() {
    let correction = Alert { kind: "correction".to_owned(), revision: 2, ..alert(Severity::High) };
    let told = told(&correction, &who_is_told(true, true, Severity::Low), sample::at(0));
    assert_eq!((told.kind, by_mail(&told).status), (NotificationType::Alert, DeliveryStatus::Queued));
}

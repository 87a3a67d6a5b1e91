//! The ledger of deliveries: what has a row, what people and the desk see of it, and how many were reached.

use crisislens_model::{
    About, Attempt, Channel, Delivery, DeliveryId, DeliveryStatus, Notification, NotificationId, Severity,
    Timestamp,
};

use super::edit_locks::once;
use super::nodes::at_once;
use super::sample::at;
use super::{Engine, all_pages, sample};
use crate::Store;
use crate::ledger::{Acknowledgement, Change, DeliveryFilter, Due, ProviderEvent, ReachCount, Row};

/// Every channel that leaves, as much as there is, nothing kept back.
pub(super) const EVERYTHING: [(Channel, usize, usize); 4] = [
    (Channel::Email, 1000, 0),
    (Channel::Sms, 1000, 0),
    (Channel::Push, 1000, 0),
    (Channel::Webhook, 1000, 0),
];

/// Notification number `n` to a person, in their inbox and to an address on each of these channels.
pub(super) fn told(recipient: u64, n: u64, channels: &[Channel]) -> Notification {
    let mut notification = sample::notification(recipient, n);
    for channel in channels {
        add(&mut notification, *channel, DeliveryStatus::Queued);
    }
    notification
}

/// Adds a delivery to the recipient's address on a channel.
pub(super) fn add(notification: &mut Notification, channel: Channel, status: DeliveryStatus) {
    let to = address(notification, channel);
    notification.deliveries.push(sample::delivery(notification.id, channel, Some(&to), status));
}

fn address(notification: &Notification, channel: Channel) -> String {
    format!("{} of {}", channel.as_str(), notification.recipient)
}

/// The id of a notification's delivery on a channel.
pub(super) fn id_on(notification: &Notification, channel: Channel) -> DeliveryId {
    Delivery::id_of(notification.id, channel, Some(&address(notification, channel)))
}

/// Enters notifications in a transaction of their own; those that were new.
pub(super) async fn enter(store: &dyn Store, notifications: &[Notification]) -> Vec<NotificationId> {
    once(store, async |tx| tx.enter(notifications).await).await
}

/// A row as it now stands.
pub(super) async fn row(store: &dyn Store, id: DeliveryId) -> Row {
    store.delivery(id).await.unwrap().unwrap().0
}

/// Takes everything that is due, with a lease until `until`, as a worker does; the rows as it wrote them.
pub(super) async fn claim(store: &dyn Store, now: u64, until: u64) -> Vec<Row> {
    once(store, async |tx| {
        let due = tx.take_due(at(now), &EVERYTHING).await?;
        let leases: Vec<Change> = due.iter().map(|one| leased(one, until)).collect();
        assert_eq!(tx.write_deliveries(&leases).await?.len(), leases.len(), "what was taken can be written");
        Ok(leases.into_iter().map(|change| change.row).collect())
    })
    .await
}

/// A row with a lease, and an attempt that is begun.
pub(super) fn leased(due: &Due, until: u64) -> Change {
    let mut row = due.row.clone();
    let expected = row.token;
    row.token += 1;
    row.status = DeliveryStatus::Sending;
    row.due_at = Some(at(until));
    row.provider = Some("carrier".to_owned());
    row.attempts.push(Attempt { at: at(1), provider: "carrier".to_owned(), outcome: None, why: None });
    Change { row, expected }
}

/// What a worker writes when the provider has taken the message and named it.
pub(super) fn handed_over(leased: &Row, message: &str) -> Change {
    let mut row = leased.clone();
    row.status = DeliveryStatus::Sent;
    "taken by the carrier".clone_into(&mut row.reason);
    row.due_at = None;
    row.sent_at = Some(at(100));
    row.provider_id = Some(message.to_owned());
    for attempt in &mut row.attempts {
        attempt.outcome = Some("accepted".to_owned());
    }
    Change { expected: row.token, row }
}

/// Writes changes in a transaction of their own; which were written.
pub(super) async fn write(store: &dyn Store, changes: &[Change]) -> Vec<DeliveryId> {
    once(store, async |tx| tx.write_deliveries(changes).await).await
}

/// Everything in the ledger, newest first.
pub(super) async fn everything(store: &dyn Store) -> Vec<Row> {
    store.list_deliveries(&DeliveryFilter::default(), 10_000, None).await.unwrap().items
}

/// What is entered again, in one transaction or another and however it was changed, changes nothing.
pub async fn entering_twice_changes_nothing(engine: &dyn Engine) {
    let store = engine.open().await;
    let notes: Vec<Notification> =
        (0..70).map(|n| told(n % 7, n, &[Channel::Email, Channel::Sms, Channel::Push])).collect();
    let twice = [notes.clone(), notes.clone()].concat();
    let mut new = enter(&*store, &twice).await;
    new.sort_unstable();
    let mut ids: Vec<NotificationId> = notes.iter().map(|one| one.id).collect();
    ids.sort_unstable();
    assert_eq!(new, ids, "each is new once");
    let before = everything(&*store).await;
    assert_eq!(before.len(), 3 * notes.len());
    claim(&*store, 20, 100).await;
    let taken = everything(&*store).await;
    assert_ne!(taken, before);

    let other = engine.open().await;
    let unknown = [told(8, 1, &[]).id, told(9, 1, &[]).id];
    let asked = [&ids[..], &unknown[..], &ids[..]].concat();
    assert_eq!(once(&*other, async |tx| tx.unknown_notifications(&asked).await).await, unknown);
    let mut changed = notes.clone();
    for one in &mut changed {
        "another".clone_into(&mut one.subject);
        one.priority = Severity::Critical;
        add(one, Channel::Webhook, DeliveryStatus::Queued);
    }
    assert_eq!(enter(&*other, &changed).await, []);
    once(&*other, async |tx| {
        assert_eq!(tx.enter(&notes).await?, []);
        assert_eq!(tx.enter(&[told(8, 1, &[])]).await?.len(), 1);
        assert_eq!(tx.enter(&[told(8, 1, &[Channel::Email])]).await?, []);
        assert_eq!(tx.enter(&[]).await?, []);
        Ok(())
    })
    .await;
    assert_eq!(everything(&*store).await, taken);
    let listed = store.list_notifications(sample::user_id(3), false, 100, None).await.unwrap().items;
    assert!(listed.iter().all(|one| one.subject != "another" && one.deliveries.len() == 4));
}

/// A delivery has a row where it is still to leave; nothing in an inbox leaves. The row says all that the delivery says.
pub async fn only_what_is_to_leave_has_a_row(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut note = sample::notification(1, 1);
    note.deliveries.clear();
    (note.exercise, note.priority) = (true, Severity::Critical);
    for status in DeliveryStatus::ALL {
        note.deliveries.push(sample::delivery(note.id, Channel::Inbox, Some(status.as_str()), status));
        note.deliveries.push(sample::delivery(note.id, Channel::Sms, Some(status.as_str()), status));
    }
    let deferred = note
        .deliveries
        .iter_mut()
        .find(|one| (one.channel, one.status) == (Channel::Sms, DeliveryStatus::Deferred));
    let deferred = deferred.unwrap();
    (deferred.due_at, deferred.expires_at) = (Some(at(50)), Some(at(90)));
    let deferred = deferred.clone();
    enter(&*store, std::slice::from_ref(&note)).await;
    let mut rows = everything(&*store).await;
    rows.sort_unstable_by_key(|row| row.status);
    let statuses: Vec<DeliveryStatus> = rows.iter().map(|row| row.status).collect();
    assert_eq!(statuses, [DeliveryStatus::Queued, DeliveryStatus::Deferred, DeliveryStatus::Sending]);
    assert_eq!(rows[0].due_at, Some(at(1)), "at once, where nothing puts it off");
    let expected = Row {
        id: deferred.id,
        notification: note.id,
        thread: note.thread(),
        revision: 1,
        recipient: note.recipient,
        channel: Channel::Sms,
        address: "deferred".to_owned(),
        priority: Severity::Critical,
        exercise: true,
        status: DeliveryStatus::Deferred,
        reason: "asked for".to_owned(),
        due_at: Some(at(50)),
        expires_at: at(90),
        created_at: at(1),
        sent_at: None,
        token: 0,
        provider: None,
        provider_id: None,
        attempts: Vec::new(),
        digest: None,
    };
    assert_eq!(rows[1], expected);
    assert_eq!(rows[1].delivery(), deferred);
    assert_eq!(store.delivery(deferred.id).await.unwrap(), Some((expected, Some(note.clone()))));
    assert_eq!(store.open_deliveries().await.unwrap(), 3);
    let in_inbox = note.deliveries.iter().find(|one| one.channel == Channel::Inbox).unwrap();
    assert_eq!(store.delivery(in_inbox.id).await.unwrap(), None);
}

/// A person's list shows each delivery as it now stands, what never had a row as it was decided, and no single tries.
pub async fn notifications_show_deliveries_as_they_now_stand(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut notes: Vec<Notification> = (0..5).map(|n| told(1, n, &[Channel::Email, Channel::Sms])).collect();
    notes.push(told(2, 3, &[Channel::Email]));
    for note in &mut notes {
        add(note, Channel::Push, DeliveryStatus::Suppressed);
    }
    enter(&*store, &notes).await;
    let anna = sample::user_id(1);
    assert_eq!(
        store.list_notifications(anna, false, 10, None).await.unwrap().items,
        [4, 3, 2, 1, 0].map(|n: usize| asked(&notes[n])),
        "before anything has happened"
    );
    let taken = claim(&*store, 10, 60).await;
    let by_email = taken.iter().filter(|row| row.channel == Channel::Email);
    let written: Vec<Change> = by_email.map(|row| handed_over(row, &row.id.to_string())).collect();
    assert_eq!(write(&*store, &written).await.len(), 6);
    once(&*store, async |tx| tx.mark_read(anna, Some(notes[3].id), at(70)).await).await;

    for limit in [1, 2, 10] {
        let listed = all_pages(limit, 5, async |after| {
            store.list_notifications(anna, false, limit, after).await.unwrap()
        })
        .await;
        for (listed, n) in listed.iter().zip([4, 3, 2, 1, 0]) {
            let [inbox, email, sms, push] = &listed.deliveries[..] else { panic!("{listed:?}") };
            let read = if n == 3 { DeliveryStatus::Read } else { DeliveryStatus::Sent };
            assert_eq!(inbox.status, read);
            assert_eq!((email.status, email.sent_at), (DeliveryStatus::Sent, Some(at(100))));
            assert_eq!(email.reason, "taken by the carrier");
            assert_eq!(email.provider.as_deref(), Some("carrier"));
            assert_eq!(email.provider_id, Some(email.id.to_string()));
            assert_eq!((email.due_at, email.expires_at), (None, None));
            assert_eq!((sms.status, sms.due_at), (DeliveryStatus::Sending, Some(at(60))));
            assert_eq!(push, &notes[n].deliveries[3], "it never had a row");
            assert!(listed.deliveries.iter().all(|one| one.attempts.is_empty()));
        }
    }
    let (row, note) = store.delivery(id_on(&notes[3], Channel::Email)).await.unwrap().unwrap();
    assert_eq!(row.attempts[0].outcome.as_deref(), Some("accepted"), "one by one with its tries");
    assert_eq!(note.unwrap().read_at, Some(at(70)));
}

/// A notification as it is listed before anything has happened: what is to leave is due at once.
fn asked(note: &Notification) -> Notification {
    let mut note = note.clone();
    for one in note.deliveries.iter_mut().filter(|one| one.status == DeliveryStatus::Queued) {
        one.due_at = Some(note.created_at);
        one.expires_at = Timestamp::from_second(Timestamp::MAX.as_second()).ok();
    }
    note
}

/// Deliveries are listed newest first, page by page, by every part that is asked for.
pub async fn deliveries_are_paged_and_filtered(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut notes = Vec::new();
    for person in 1..4 {
        for n in 0..4 {
            // Everybody's of one number were decided at one instant.
            let mut note = told(person, n, &[Channel::Email, Channel::Push]);
            note.about = About::alert(sample::alert(n % 2, 1).id);
            notes.push(note);
        }
    }
    enter(&*store, &notes).await;
    let canceled = [id_on(&notes[0], Channel::Email), id_on(&notes[5], Channel::Push)];
    once(&*store, async |tx| tx.cancel_deliveries(&canceled, "replaced").await).await;
    let all = all_pages(5, 24, async |after| {
        store.list_deliveries(&DeliveryFilter::default(), 5, after).await.unwrap()
    })
    .await;
    assert_eq!(all.len(), 24);
    assert!(all.is_sorted_by_key(|row| std::cmp::Reverse((row.created_at, row.id))));
    let (alert, person) = (sample::alert(1, 1).id, sample::user_id(2));
    for filter in [
        DeliveryFilter { alert: Some(alert), ..DeliveryFilter::default() },
        DeliveryFilter { recipient: Some(person), ..DeliveryFilter::default() },
        DeliveryFilter { channel: Some(Channel::Push), ..DeliveryFilter::default() },
        DeliveryFilter { status: Some(DeliveryStatus::Canceled), ..DeliveryFilter::default() },
        DeliveryFilter { channel: Some(Channel::Sms), ..DeliveryFilter::default() },
        DeliveryFilter {
            alert: Some(alert),
            recipient: Some(person),
            channel: Some(Channel::Push),
            status: Some(DeliveryStatus::Canceled),
        },
    ] {
        let fitting: Vec<Row> = all.iter().filter(|row| fits(&filter, row)).cloned().collect();
        let listed = all_pages(3, fitting.len() as u64, async |after| {
            store.list_deliveries(&filter, 3, after).await.unwrap()
        })
        .await;
        assert_eq!(listed, fitting, "{filter:?}");
    }
}

fn fits(filter: &DeliveryFilter, row: &Row) -> bool {
    filter.alert.is_none_or(|alert| Some(alert) == row.alert())
        && filter.recipient.is_none_or(|recipient| recipient == row.recipient)
        && filter.channel.is_none_or(|channel| channel == row.channel)
        && filter.status.is_none_or(|status| status == row.status)
}

/// Reach counts an alert's deliveries by where they stand. An inbox counts where it was told there, as read where it was.
pub async fn reach_counts_who_was_told_where(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut notes: Vec<Notification> =
        (1..6).map(|person| told(person, 1, &[Channel::Email, Channel::Sms])).collect();
    notes.extend((1..3).map(|person| told(person, 2, &[Channel::Email])));
    notes[6].priority = Severity::Critical;
    // Person 5 has switched the inbox off.
    notes[4].deliveries[0].status = DeliveryStatus::Suppressed;
    let mut other = told(1, 3, &[Channel::Email]);
    other.about = About::alert(sample::alert(7, 1).id);
    notes.push(other.clone());
    let mut gathers = told(9, 9, &[Channel::Email]);
    gathers.deliveries.remove(0);
    gathers.deliveries[0].status = DeliveryStatus::Deferred;
    gathers.deliveries[0].digest = Some(DeliveryId(uuid::Uuid::from_u128(9)));
    notes.push(gathers);
    once(&*store, async |tx| {
        tx.begin_fanout(&sample::alert(1, 1), at(0)).await?;
        tx.enter(&notes).await
    })
    .await;
    let taken = claim(&*store, 1, 60).await;
    let first: Vec<&Row> = taken.iter().filter(|row| row.channel == Channel::Email).collect();
    let written: Vec<Change> = first[..2].iter().map(|row| handed_over(row, "x")).collect();
    assert_eq!(write(&*store, &written).await.len(), 2);
    once(&*store, async |tx| tx.mark_read(sample::user_id(2), None, at(70)).await).await;
    once(&*store, async |tx| tx.cancel_deliveries(&[id_on(&notes[5], Channel::Email)], "gone").await).await;

    let mut counts: Vec<_> = store
        .reach(sample::alert(1, 1).id)
        .await
        .unwrap()
        .into_iter()
        .map(|ReachCount { revision, channel, priority, status, count }| {
            (revision, channel, priority, status, count)
        })
        .collect();
    counts.sort_unstable();
    let high = Severity::High;
    assert_eq!(
        counts,
        [
            (1, Channel::Inbox, high, DeliveryStatus::Sent, 3),
            (1, Channel::Inbox, high, DeliveryStatus::Read, 1),
            (1, Channel::Email, high, DeliveryStatus::Sending, 3),
            (1, Channel::Email, high, DeliveryStatus::Sent, 2),
            (1, Channel::Sms, high, DeliveryStatus::Sending, 5),
            // Nobody had chosen its recipients here, so that nobody knows how urgent it was.
            (2, Channel::Inbox, Severity::Low, DeliveryStatus::Sent, 1),
            (2, Channel::Inbox, Severity::Low, DeliveryStatus::Read, 1),
            (2, Channel::Email, high, DeliveryStatus::Canceled, 1),
            (2, Channel::Email, Severity::Critical, DeliveryStatus::Queued, 1),
            (9, Channel::Email, high, DeliveryStatus::Deferred, 1),
        ],
        "the row that carries a digest is nobody's alert"
    );
    let others = store.reach(sample::alert(7, 1).id).await.unwrap();
    assert_eq!(others.iter().map(|one| one.count).sum::<u64>(), 2);
    assert!(store.reach(sample::alert(8, 1).id).await.unwrap().is_empty());
}

/// A person acknowledges an alert once; their last word counts. It is true of what went out to them of that alert, and of nothing else.
pub async fn an_acknowledgement_is_of_what_went_out(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut notes = vec![told(1, 1, &[Channel::Email, Channel::Sms]), told(2, 1, &[Channel::Email])];
    let mut other = told(1, 2, &[Channel::Email]);
    other.about = About::alert(sample::alert(7, 1).id);
    notes.push(other);
    enter(&*store, &notes).await;
    let taken = claim(&*store, 10, 900).await;
    let by_email = taken.iter().filter(|row| row.channel == Channel::Email);
    let written: Vec<Change> = by_email.map(|row| handed_over(row, "m")).collect();
    write(&*store, &written).await;
    let (alert, anna) = (sample::alert(1, 1).id, sample::user_id(1));
    let word = |n: u64, via: &str, expires: Option<u64>| Acknowledgement {
        alert,
        user: anna,
        via: via.to_owned(),
        at: at(n),
        expires_at: expires.map(at),
    };
    let both = at_once(engine, async |tx| tx.acknowledge(&word(20, "app", None)).await).await;
    assert!(matches!(both, [Ok(true), Ok(false)]), "{both:?}");
    assert!(!once(&*store, async |tx| tx.acknowledge(&word(30, "sms\0", Some(90))).await).await);
    let bert = Acknowledgement { user: sample::user_id(5), ..word(25, "api", None) };
    assert!(once(&*store, async |tx| tx.acknowledge(&bert).await).await, "nothing had gone to them");
    let last = Acknowledgement { via: "sms\u{FFFD}".to_owned(), ..word(30, "", Some(90)) };
    assert_eq!(store.acknowledgements(alert).await.unwrap(), [bert, last]);
    assert!(store.acknowledgements(sample::alert(7, 1).id).await.unwrap().is_empty());
    let stands = async |n: usize, channel: Channel| row(&*store, id_on(&notes[n], channel)).await.status;
    assert_eq!(stands(0, Channel::Email).await, DeliveryStatus::Acked);
    let arrived = ProviderEvent {
        key: "late".to_owned(),
        delivery: Some(id_on(&notes[0], Channel::Email)),
        message: None,
        event: "bounce".to_owned(),
        status: Some(DeliveryStatus::Failed),
        why: Some("550".to_owned()),
        at: at(40),
    };
    assert_eq!(once(&*store, async |tx| tx.take_events("carrier", &[arrived]).await).await.len(), 1);
    let kept = row(&*store, id_on(&notes[0], Channel::Email)).await;
    let reason = "taken by the carrier";
    assert_eq!((kept.status, kept.reason.as_str()), (DeliveryStatus::Acked, reason), "nothing takes it back");
    assert_eq!(stands(0, Channel::Sms).await, DeliveryStatus::Sending, "it has not gone out yet");
    assert_eq!(stands(1, Channel::Email).await, DeliveryStatus::Sent, "another's");
    assert_eq!(stands(2, Channel::Email).await, DeliveryStatus::Sent, "of another alert");
}

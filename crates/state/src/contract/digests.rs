//! Digests: one row carries many, and what it carries goes its way; and which rows may still be ended.

use crisislens_model::{Channel, DeliveryId, DeliveryStatus, Notification, id};

use super::edit_locks::once;
use super::ledger::{
    EVERYTHING, add, claim, enter, everything, handed_over, id_on, leased, row, told, write,
};
use super::nodes::MOMENT;
use super::sample::at;
use super::{Engine, begin, sample};
use crate::Store;
use crate::ledger::{Change, ProviderEvent, Row};

/// When digests are due here.
const DUE: u64 = 60;

/// The digest of a person.
fn digest_of(person: u64) -> DeliveryId {
    DeliveryId(id::named("digest", &person.to_string()))
}

/// Notification number `n`, which goes with the person's digest and is worth sending until `until`.
pub(super) fn gathered(person: u64, n: u64, until: u64) -> Notification {
    let mut note = sample::notification(person, n);
    add(&mut note, Channel::Email, DeliveryStatus::Deferred);
    let delivery = &mut note.deliveries[1];
    delivery.due_at = Some(at(DUE));
    delivery.expires_at = Some(at(until));
    delivery.digest = Some(digest_of(person));
    "goes with the digest".clone_into(&mut delivery.reason);
    note
}

async fn carried(store: &dyn Store, digest: DeliveryId) -> Vec<Notification> {
    begin(store).await.carried(digest).await.unwrap()
}

/// Those that wait for one digest have one row that is due, for as long as any of them is worth sending. It is no notification; it
/// gives those that it carries, and where it goes they go.
pub async fn what_gathers_goes_together(engine: &dyn Engine) {
    let store = engine.open().await;
    let notes = [gathered(1, 2, 90), gathered(1, 1, 120), gathered(1, 3, 70)];
    enter(&*store, &notes[..2]).await;
    enter(&*store, &notes[2..]).await;
    enter(&*store, &[gathered(2, 1, 90)]).await;
    let (digest, id) = (row(&*store, digest_of(1)).await, digest_of(1));
    assert_eq!(
        (digest.notification.0, digest.recipient, &digest.address),
        (id.0, notes[0].recipient, &to(1))
    );
    assert_eq!((digest.status, digest.digest), (DeliveryStatus::Deferred, None));
    assert_eq!((digest.due_at, digest.expires_at), (Some(at(DUE)), at(120)));
    assert_eq!(store.delivery(id).await.unwrap().unwrap().1, None);
    for note in &notes {
        let member = row(&*store, id_on(note, Channel::Email)).await;
        assert_eq!((member.digest, member.due_at, member.token), (Some(id), None, 0));
        assert_eq!(member.reason, "goes with the digest");
    }
    assert_eq!(store.open_deliveries().await.unwrap(), 2, "one for each person");
    assert!(claim(&*store, DUE - 1, 90).await.is_empty());
    let by_time = [1, 0, 2].map(|n| notes[n].clone());
    assert_eq!(carried(&*store, id).await, by_time, "first first");
    let taken = claim(&*store, DUE, 90).await;
    assert_eq!(taken.len(), 2);
    let taken: Vec<Row> = taken.into_iter().filter(|row| row.id == id).collect();
    assert_eq!(carried(&*store, id).await, by_time, "also when it was taken");

    // Put off, they are put off.
    let mut later = taken[0].clone();
    (later.status, later.due_at) = (DeliveryStatus::Deferred, Some(at(100)));
    write(&*store, &[Change { row: later, expected: 1 }]).await;
    assert_eq!(row(&*store, id_on(&notes[0], Channel::Email)).await.status, DeliveryStatus::Deferred);
    let taken = claim(&*store, 100, 200).await;
    let taken = taken.iter().find(|row| row.id == id).unwrap();
    assert_eq!(write(&*store, &[handed_over(taken, "message")]).await, [id]);
    for note in &notes {
        let member = row(&*store, id_on(note, Channel::Email)).await;
        assert_eq!(
            (member.status, member.sent_at, member.due_at),
            (DeliveryStatus::Sent, Some(at(100)), None)
        );
        assert_eq!(
            (member.provider.as_deref(), member.provider_id.as_deref()),
            (Some("carrier"), Some("message"))
        );
        assert_eq!((member.reason.as_str(), member.digest), ("taken by the carrier", Some(id)));
    }
    let other = row(&*store, id_on(&gathered(2, 1, 90), Channel::Email)).await;
    assert_eq!(other.status, DeliveryStatus::Deferred, "another's digest is another's");
    let listed = store.list_notifications(sample::user_id(1), false, 10, None).await.unwrap().items;
    assert!(listed.iter().all(|note| note.deliveries.len() == 2 && note.deliveries[1].digest == Some(id)));
}

fn to(person: u64) -> String {
    format!("email of {}", sample::user_id(person))
}

/// What comes when the digest was taken, or has ended, goes alone and at its own time.
pub async fn who_comes_too_late_for_a_digest_goes_alone(engine: &dyn Engine) {
    let store = engine.open().await;
    enter(&*store, &[gathered(1, 1, 90)]).await;
    let taken = claim(&*store, DUE, 90).await.remove(0);
    let late = [gathered(1, 2, 90), gathered(1, 3, 90), gathered(2, 1, 90)];
    enter(&*store, &late[..1]).await;
    write(&*store, &[handed_over(&taken, "message")]).await;
    enter(&*store, &late[1..]).await;
    for note in &late[..2] {
        let alone = row(&*store, id_on(note, Channel::Email)).await;
        assert_eq!((alone.digest, alone.due_at), (None, Some(at(DUE))));
        assert_eq!(alone.status, DeliveryStatus::Deferred);
        assert!(alone.reason.contains("digest"), "{}", alone.reason);
    }
    assert!(carried(&*store, digest_of(1)).await.is_empty(), "its members have gone with it");
    let taken = claim(&*store, DUE, 90).await;
    assert_eq!(taken.len(), 3, "two alone and another's digest: {taken:?}");
}

/// One that is entered while the digest is being taken either is carried by it, or goes alone: none is lost, none goes twice.
pub async fn a_digest_that_is_taken_takes_nobody_more(engine: &dyn Engine) {
    let (one, two) = (engine.open().await, engine.open().await);
    enter(&*one, &[gathered(1, 1, 90)]).await;
    for (n, commits) in [(2, false), (3, true)] {
        let mut tx = begin(&*one).await;
        let due = tx.take_due(at(DUE), &EVERYTHING).await.unwrap();
        assert_eq!(due.len(), 1);
        let carries = tx.carried(digest_of(1)).await.unwrap().len();
        tx.write_deliveries(&[leased(&due[0], 200)]).await.unwrap();
        let ends = async {
            tokio::time::sleep(MOMENT).await;
            if commits {
                tx.commit().await.unwrap();
            } else {
                drop(tx);
            }
        };
        let late = gathered(1, n, 90);
        tokio::join!(enter(&*two, std::slice::from_ref(&late)), ends);
        let entered = row(&*one, id_on(&late, Channel::Email)).await;
        let now = carried(&*one, digest_of(1)).await.len();
        if commits {
            assert_eq!((entered.digest, entered.due_at, now), (None, Some(at(DUE)), carries));
        } else {
            assert_eq!((entered.digest, entered.due_at, now), (Some(digest_of(1)), None, carries + 1));
        }
    }
}

/// A digest that is being made on two nodes at once is one digest, whoever waits for whom.
pub async fn two_that_make_the_same_digests_make_each_once(engine: &dyn Engine) {
    let nodes = [engine.open().await, engine.open().await];
    let mut notes: Vec<Vec<Notification>> =
        [1, 2].into_iter().map(|n| (0..100).map(|person| gathered(person, n, 90)).collect()).collect();
    notes[1].reverse();
    tokio::join!(enter(&*nodes[0], &notes[0]), enter(&*nodes[1], &notes[1]));
    assert_eq!(nodes[0].open_deliveries().await.unwrap(), 100);
    assert_eq!(everything(&*nodes[0]).await.len(), 300);
    assert_eq!(carried(&*nodes[1], digest_of(7)).await.len(), 2);
}

/// Only what nobody has taken is ended, with the reason given: not what is on its way, has gone, or leaves with a digest that was
/// taken.
pub async fn only_what_nobody_has_taken_is_canceled(engine: &dyn Engine) {
    let store = engine.open().await;
    let queued: Vec<Notification> = (0..80).map(|n| told(n, 1, &[Channel::Sms])).collect();
    let later = gathered(200, 1, 90);
    let taken = told(201, 1, &[Channel::Email]);
    enter(&*store, &[taken.clone(), gathered(202, 1, 90)]).await;
    let leased = claim(&*store, DUE, 500).await;
    assert_eq!(leased.len(), 2);
    enter(&*store, &queued).await;
    enter(&*store, &[later.clone(), told(203, 1, &[])]).await;
    let mut ids: Vec<DeliveryId> = queued.iter().map(|note| id_on(note, Channel::Sms)).collect();
    let doomed = ids.len() as u64 + 1;
    ids.push(id_on(&later, Channel::Email));
    ids.push(id_on(&taken, Channel::Email));
    ids.push(id_on(&gathered(202, 1, 90), Channel::Email));
    ids.push(id_on(&told(203, 1, &[]), Channel::Sms));
    let why = "revision 2 took its place: it's $1 ? \\ %";
    assert_eq!(once(&*store, async |tx| tx.cancel_deliveries(&ids, why).await).await.len() as u64, doomed);
    for id in &ids[..81] {
        let ended = row(&*store, *id).await;
        assert_eq!((ended.status, ended.reason.as_str()), (DeliveryStatus::Canceled, why));
        assert_eq!((ended.due_at, ended.digest, ended.token), (None, None, 0));
    }
    assert_eq!(row(&*store, ids[81]).await.status, DeliveryStatus::Sending);
    assert_eq!(row(&*store, ids[82]).await.digest, Some(digest_of(202)), "it is on its way");
    assert!(carried(&*store, digest_of(200)).await.is_empty());
    assert_eq!(carried(&*store, digest_of(202)).await.len(), 1);
    let done: Vec<Change> = leased.iter().map(|row| handed_over(row, "m")).collect();
    assert_eq!(write(&*store, &done).await.len(), 2);
    assert!(once(&*store, async |tx| tx.cancel_deliveries(&ids, "again").await).await.is_empty());
    assert!(once(&*store, async |tx| tx.cancel_deliveries(&[], why).await).await.is_empty());
    for id in &ids[81..83] {
        assert_eq!(row(&*store, *id).await.status, DeliveryStatus::Sent);
    }
}

/// What is being taken when it is to be ended is not ended, and what is being ended is not taken: it never leaves as canceled.
pub async fn what_is_being_taken_is_not_canceled(engine: &dyn Engine) {
    let (one, two) = (engine.open().await, engine.open().await);
    let (alone, member) = (told(1, 1, &[Channel::Sms]), gathered(2, 1, 90));
    enter(&*one, &[alone.clone(), member.clone()]).await;
    let ids = [id_on(&alone, Channel::Sms), id_on(&member, Channel::Email)];
    let cancel = async || once(&*two, async |tx| tx.cancel_deliveries(&ids, "replaced").await).await;
    let mut tx = begin(&*one).await;
    let due = tx.take_due(at(DUE), &EVERYTHING).await.unwrap();
    let carries = tx.carried(digest_of(2)).await.unwrap();
    let leases: Vec<Change> = due.iter().map(|one| leased(one, 200)).collect();
    tx.write_deliveries(&leases).await.unwrap();
    let ends = async {
        tokio::time::sleep(MOMENT).await;
        tx.commit().await.unwrap();
    };
    let (canceled, ()) = tokio::join!(cancel(), ends);
    assert_eq!((carries.len(), canceled.len()), (1, 0), "both are on their way");
    let done: Vec<Change> = leases.iter().map(|lease| handed_over(&lease.row, "m")).collect();
    write(&*one, &done).await;
    for id in ids {
        assert_eq!(row(&*one, id).await.status, DeliveryStatus::Sent);
    }

    let (alone, member) = (told(3, 1, &[Channel::Sms]), gathered(4, 1, 90));
    enter(&*one, &[alone.clone(), member.clone()]).await;
    let mut tx = begin(&*one).await;
    let ids = [id_on(&alone, Channel::Sms), id_on(&member, Channel::Email)];
    assert_eq!(tx.cancel_deliveries(&ids, "replaced").await.unwrap().len(), 2);
    let ends = async {
        tokio::time::sleep(MOMENT).await;
        tx.commit().await.unwrap();
    };
    let (_, ()) = tokio::join!(claim(&*two, DUE, 200), ends);
    for id in ids {
        let ended = row(&*one, id).await;
        assert_eq!((ended.status, ended.token), (DeliveryStatus::Canceled, 0));
    }
    assert!(carried(&*one, digest_of(4)).await.is_empty());
}

/// What had failed and is sent again begins anew: what was told of it before, or is told again, moves it no more, and a digest takes
/// with it what it carried. What has gone well, or is on its way, is not sent again.
pub async fn what_is_sent_again_begins_anew(engine: &dyn Engine) {
    let store = engine.open().await;
    let (alone, member) = (told(1, 1, &[Channel::Sms]), gathered(2, 1, 90));
    enter(&*store, &[alone.clone(), member.clone()]).await;
    let ids = [id_on(&alone, Channel::Sms), digest_of(2)];
    let again =
        async |id: DeliveryId| once(&*store, async |tx| tx.send_again(id, at(200), at(800)).await).await;
    let event = |n: u64, id: DeliveryId, status: DeliveryStatus| ProviderEvent {
        key: format!("{n} {id}"),
        delivery: Some(id),
        message: None,
        event: "told".to_owned(),
        status: Some(status),
        why: Some(format!("reason {n}")),
        at: at(n),
    };
    let tell = async |event: &ProviderEvent| {
        once(&*store, async |tx| tx.take_events("carrier", std::slice::from_ref(event)).await).await.len()
    };
    let taken = claim(&*store, DUE, 90).await;
    assert!(!again(ids[0]).await, "it is on its way");
    let done: Vec<Change> = taken.iter().map(|row| handed_over(row, &row.id.to_string())).collect();
    write(&*store, &done).await;
    assert!(!again(ids[0]).await, "it has gone");
    assert!(!again(DeliveryId(uuid::Uuid::nil())).await);
    for id in ids {
        let failed = event(1, id, DeliveryStatus::Failed);
        tell(&failed).await;
        assert!(again(id).await);
        assert!(!again(id).await, "it is to be sent again");
        tell(&failed).await;
        let stands = row(&*store, id).await;
        assert_eq!(
            (stands.status, stands.due_at, stands.sent_at),
            (DeliveryStatus::Queued, Some(at(200)), None)
        );
        assert_eq!((stands.expires_at, stands.token), (at(800), 1));
        assert_eq!(store.told_of(id).await.unwrap().len(), 1, "what was told before is kept");
    }
    assert_eq!(carried(&*store, digest_of(2)).await, std::slice::from_ref(&member));
    let taken = claim(&*store, 200, 300).await;
    assert_eq!(taken.len(), 2);
    let done: Vec<Change> = taken.iter().map(|row| handed_over(row, &format!("second {}", row.id))).collect();
    write(&*store, &done).await;
    for id in ids {
        tell(&event(2, id, DeliveryStatus::Delivered)).await;
        let stands = row(&*store, id).await;
        assert_eq!((stands.status, stands.reason.as_str()), (DeliveryStatus::Delivered, "reason 2"));
    }
    let carried = row(&*store, id_on(&member, Channel::Email)).await;
    assert_eq!((carried.status, carried.sent_at), (DeliveryStatus::Delivered, Some(at(100))));

    // One that a digest carried may be sent again by itself; the digest is no more of its business.
    let member = gathered(3, 1, 90);
    enter(&*store, std::slice::from_ref(&member)).await;
    let taken = claim(&*store, DUE, 90).await;
    write(&*store, &[handed_over(&taken[0], "third")]).await;
    tell(&event(3, digest_of(3), DeliveryStatus::Failed)).await;
    let id = id_on(&member, Channel::Email);
    assert!(again(id).await);
    tell(&event(4, digest_of(3), DeliveryStatus::Failed)).await;
    let stands = row(&*store, id).await;
    assert_eq!((stands.status, stands.due_at, stands.digest), (DeliveryStatus::Queued, Some(at(200)), None));
}

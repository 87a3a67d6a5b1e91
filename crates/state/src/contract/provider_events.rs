//! What providers tell of messages: taken once, and in whatever order it comes the end is the same.

use crisislens_model::{Channel, Delivery, DeliveryId, DeliveryStatus, Notification};

use super::digests::gathered;
use super::edit_locks::once;
use super::ledger::{EVERYTHING, claim, enter, handed_over, id_on, row, told, write};
use super::nodes::{MOMENT, at_once};
use super::sample::{Random, at};
use super::{Engine, begin, sample};
use crate::Store;
use crate::ledger::{Change, DeskObject, ProviderEvent, Row, Suppression, Told};

const CARRIER: &str = "carrier";

/// Event number `n` of a message, `n` seconds into the samples' time.
fn event(n: u64, message: &str, status: Option<DeliveryStatus>, why: Option<&str>) -> ProviderEvent {
    ProviderEvent {
        key: format!("{message} {n}"),
        delivery: None,
        message: Some(message.to_owned()),
        event: format!("event {n}"),
        status,
        why: why.map(str::to_owned),
        at: at(n),
    }
}

fn told_by(provider: &str, event: &ProviderEvent) -> Told {
    Told { provider: provider.to_owned(), event: event.event.clone(), why: event.why.clone(), at: event.at }
}

async fn take(store: &dyn Store, provider: &str, events: &[ProviderEvent]) -> u64 {
    once(store, async |tx| tx.take_events(provider, events).await).await.len() as u64
}

/// Enters notification number `n` to a person, by short message, and takes it as a worker does; the row as it was written.
async fn on_its_way(store: &dyn Store, person: u64, n: u64) -> Row {
    let note = told(person, n, &[Channel::Sms]);
    enter(store, std::slice::from_ref(&note)).await;
    let taken = claim(store, 500, 1000).await;
    taken.into_iter().find(|row| row.id == id_on(&note, Channel::Sms)).unwrap()
}

/// An event that is told again, also with others and with other words, is no second one and moves nothing; what it lacked the first
/// time it may bring. One that says nothing of the delivery is kept all the same.
pub async fn an_event_is_taken_once(engine: &dyn Engine) {
    let store = engine.open().await;
    let sent = on_its_way(&*store, 1, 1).await;
    write(&*store, &[handed_over(&sent, "m")]).await;
    let arrived = event(1, "m", Some(DeliveryStatus::Delivered), None);
    let odd = event(2, "m", None, Some("an odd one"));
    assert_eq!(take(&*store, CARRIER, &[arrived.clone(), arrived.clone()]).await, 1);
    assert_eq!(take(&*store, CARRIER, &[odd.clone(), arrived.clone()]).await, 1);
    assert_eq!(take(&*store, CARRIER, &[]).await, 0);
    let stands = row(&*store, sent.id).await;
    assert_eq!((stands.status, stands.reason.as_str()), (DeliveryStatus::Delivered, "taken by the carrier"));
    assert_eq!((stands.due_at, stands.sent_at), (None, Some(at(100))));
    let history = [told_by(CARRIER, &arrived), told_by(CARRIER, &odd)];
    assert_eq!(store.told_of(sent.id).await.unwrap(), history);

    let explained = ProviderEvent { why: Some("to the handset".to_owned()), ..arrived.clone() };
    assert_eq!(take(&*store, CARRIER, std::slice::from_ref(&explained)).await, 0);
    assert_eq!(take(&*store, CARRIER, std::slice::from_ref(&arrived)).await, 0);
    assert_eq!(row(&*store, sent.id).await.reason, "to the handset");
    let history = [told_by(CARRIER, &explained), told_by(CARRIER, &odd)];
    assert_eq!(store.told_of(sent.id).await.unwrap(), history);
    // Another provider's keys are its own.
    let by_id = ProviderEvent { delivery: Some(sent.id), message: None, ..arrived.clone() };
    assert_eq!(take(&*store, "another", &[by_id]).await, 1);
    assert_eq!(store.told_of(sent.id).await.unwrap().len(), 3);
    assert!(store.told_of(DeliveryId(uuid::Uuid::nil())).await.unwrap().is_empty());
}

/// However what is told of some messages is ordered, repeated and cut into requests, and whether it comes before the message has a
/// name, before the worker writes or after: each delivery stands where it stands.
pub async fn whatever_the_order_the_end_is_the_same(engine: &dyn Engine) {
    const STATUSES: [Option<DeliveryStatus>; 7] = [
        None,
        Some(DeliveryStatus::Sent),
        Some(DeliveryStatus::Sent),
        Some(DeliveryStatus::Delivered),
        Some(DeliveryStatus::Failed),
        Some(DeliveryStatus::Read),
        Some(DeliveryStatus::Suppressed),
    ];
    const WORDS: [Option<&str>; 4] = [None, None, Some("451 later"), Some("550 nobody")];
    let store = engine.open().await;
    let mut random = Random(20);
    for round in 0..12 {
        let messages = [format!("{round} a"), format!("{round} b")];
        let events: Vec<ProviderEvent> = (0..1 + random.below(7))
            .map(|n| event(n, &messages[(n % 2) as usize], random.pick(&STATUSES), random.pick(&WORDS)))
            .collect();
        let mut ends: Vec<Vec<(DeliveryStatus, String, Vec<Told>)>> = Vec::new();
        for order in 0..4 {
            // The same events about other messages.
            let about = |event: &ProviderEvent| ProviderEvent {
                key: format!("{order} {}", event.key),
                message: event.message.as_ref().map(|message| format!("{message} {order}")),
                ..event.clone()
            };
            let mut events: Vec<ProviderEvent> = events.iter().map(about).collect();
            let mut taken = Vec::new();
            for person in [1, 2] {
                taken.push(on_its_way(&*store, person, 10 * round + order).await);
            }
            let done: Vec<Change> = taken
                .iter()
                .zip(&messages)
                .map(|(row, message)| handed_over(row, &format!("{message} {order}")))
                .collect();
            if order > 0 {
                events.extend_from_within(..);
                for place in (1..events.len()).rev() {
                    events.swap(place, random.below(place as u64 + 1) as usize);
                }
            }
            let written = random.below(events.len() as u64 + 1) as usize;
            let (before, after) =
                if order == 0 { (&events[..0], &events[..]) } else { events.split_at(written) };
            for part in before.chunks(2) {
                take(&*store, CARRIER, part).await;
            }
            assert_eq!(write(&*store, &done).await.len(), 2);
            for part in after.chunks(3) {
                take(&*store, CARRIER, part).await;
            }
            let mut end = Vec::new();
            for row_taken in &taken {
                let stands = row(&*store, row_taken.id).await;
                assert_eq!((stands.due_at, stands.sent_at), (None, Some(at(100))));
                end.push((stands.status, stands.reason, store.told_of(stands.id).await.unwrap()));
            }
            ends.push(end);
        }
        assert!(ends.iter().all(|end| *end == ends[0]), "round {round}: {ends:#?}");
    }
}

/// What a provider told of a delivery after a worker took it and before it wrote stands, whatever the worker believes: it is not sent
/// again, and never falls below what was told.
pub async fn what_was_told_before_the_worker_wrote_stands(engine: &dyn Engine) {
    let store = engine.open().await;
    for (n, told) in (1..).zip([DeliveryStatus::Sent, DeliveryStatus::Delivered, DeliveryStatus::Failed]) {
        for (m, believed) in (0..).zip([
            DeliveryStatus::Sent,
            DeliveryStatus::Deferred,
            DeliveryStatus::Expired,
            DeliveryStatus::Failed,
        ]) {
            let taken = on_its_way(&*store, n, m).await;
            let by_id = ProviderEvent {
                delivery: Some(taken.id),
                ..event(m, &format!("m {n} {m}"), Some(told), Some("told"))
            };
            take(&*store, CARRIER, &[by_id]).await;
            let moved = row(&*store, taken.id).await;
            assert_eq!(
                (moved.status, moved.due_at, moved.token),
                (told, None, 1),
                "nobody takes it any more"
            );
            let mut change = handed_over(&taken, &format!("m {n} {m}"));
            change.row.status = believed;
            change.row.due_at = (believed == DeliveryStatus::Deferred).then(|| at(20));
            "believed".clone_into(&mut change.row.reason);
            assert_eq!(write(&*store, &[change.clone()]).await, [taken.id]);
            let stands = row(&*store, taken.id).await;
            assert_eq!((stands.status, stands.reason.as_str()), (told, "told"), "{told:?} {believed:?}");
            assert_eq!((stands.due_at, stands.sent_at), (None, Some(at(100))));
            assert_eq!(stands.attempts, change.row.attempts, "what was tried is kept");
            assert!(claim(&*store, 900, 2000).await.is_empty());
        }
    }
}

/// What only says how a message waits at the provider takes the delivery from nobody.
pub async fn an_event_never_strands_a_delivery(engine: &dyn Engine) {
    let store = engine.open().await;
    let note = told(1, 1, &[Channel::Sms]);
    enter(&*store, std::slice::from_ref(&note)).await;
    let id = id_on(&note, Channel::Sms);
    for (n, status) in (0..).zip([DeliveryStatus::Queued, DeliveryStatus::Deferred, DeliveryStatus::Sending])
    {
        let waits = ProviderEvent { delivery: Some(id), ..event(n, "m", Some(status), Some("waits")) };
        assert_eq!(take(&*store, CARRIER, &[waits]).await, 1);
        let stands = row(&*store, id).await;
        assert_eq!((stands.status, stands.due_at), (DeliveryStatus::Queued, Some(at(1))), "{status:?}");
    }
    assert_eq!(store.told_of(id).await.unwrap().len(), 3);
}

/// An event of a message that nobody knows waits until it is known, and then moves its delivery; only that provider's message of that
/// name. A delivery that nobody knows is found by the message, too.
pub async fn an_event_of_an_unknown_message_waits_for_it(engine: &dyn Engine) {
    let store = engine.open().await;
    let rows =
        [on_its_way(&*store, 1, 1).await, on_its_way(&*store, 2, 1).await, on_its_way(&*store, 3, 1).await];
    let early = [
        event(1, "m1", Some(DeliveryStatus::Sent), Some("on its way")),
        event(2, "m1", Some(DeliveryStatus::Failed), Some("550")),
        event(3, "m2", Some(DeliveryStatus::Delivered), None),
        event(4, "nobody's", Some(DeliveryStatus::Delivered), None),
    ];
    assert_eq!(take(&*store, CARRIER, &early).await, 4);
    assert_eq!(take(&*store, "another", &[event(9, "m1", Some(DeliveryStatus::Read), None)]).await, 1);
    assert_eq!(take(&*store, CARRIER, &early[1..]).await, 0);
    assert_eq!(row(&*store, rows[0].id).await, rows[0]);
    let named: Vec<Change> =
        rows.iter().zip(["m1", "m2", "m3"]).map(|(row, message)| handed_over(row, message)).collect();
    write(&*store, &named).await;
    let mut stand = Vec::new();
    for one in &rows {
        let stands = row(&*store, one.id).await;
        stand.push((stands.status, stands.reason));
    }
    let by_carrier = "taken by the carrier".to_owned();
    assert_eq!(
        stand,
        [
            (DeliveryStatus::Failed, "550".to_owned()),
            (DeliveryStatus::Delivered, by_carrier.clone()),
            (DeliveryStatus::Sent, by_carrier)
        ]
    );
    let history = [told_by(CARRIER, &early[0]), told_by(CARRIER, &early[1])];
    assert_eq!(store.told_of(rows[0].id).await.unwrap(), history);
    assert_eq!(take(&*store, CARRIER, &early).await, 0);
    let odd = ProviderEvent {
        delivery: Some(DeliveryId(uuid::Uuid::nil())),
        ..event(5, "m3", Some(DeliveryStatus::Delivered), None)
    };
    assert_eq!(take(&*store, CARRIER, &[odd]).await, 1);
    assert_eq!(row(&*store, rows[2].id).await.status, DeliveryStatus::Delivered);
}

/// An event that comes while the answer that names its message is being written is not lost, whoever is first.
pub async fn an_event_and_the_name_of_its_message_meet(engine: &dyn Engine) {
    let (one, two) = (engine.open().await, engine.open().await);
    for (n, writes_first) in [(1, true), (2, false)] {
        let taken = on_its_way(&*one, n, 1).await;
        let (change, event) = (
            handed_over(&taken, &format!("m{n}")),
            event(1, &format!("m{n}"), Some(DeliveryStatus::Failed), None),
        );
        let mut tx = begin(&*one).await;
        if writes_first {
            tx.write_deliveries(std::slice::from_ref(&change)).await.unwrap();
        } else {
            tx.take_events(CARRIER, std::slice::from_ref(&event)).await.unwrap();
        }
        let ends = async {
            tokio::time::sleep(MOMENT).await;
            tx.commit().await.unwrap();
        };
        let other = async {
            if writes_first {
                take(&*two, CARRIER, std::slice::from_ref(&event)).await;
            } else {
                write(&*two, std::slice::from_ref(&change)).await;
            }
        };
        tokio::join!(other, ends);
        assert_eq!(row(&*one, taken.id).await.status, DeliveryStatus::Failed, "{writes_first}");
        assert_eq!(one.told_of(taken.id).await.unwrap().len(), 1);
    }
}

/// Two nodes that are told the same at once, in whatever order, take it once between them.
pub async fn two_that_are_told_the_same_take_it_once(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut changes = Vec::new();
    for n in 0..30 {
        changes.push(handed_over(&on_its_way(&*store, n, 1).await, &format!("m{n}")));
    }
    write(&*store, &changes).await;
    let events: Vec<ProviderEvent> = (0..30)
        .flat_map(|n| {
            let message = format!("m{n}");
            [
                event(1, &message, Some(DeliveryStatus::Delivered), Some("there")),
                event(2, &message, Some(DeliveryStatus::Failed), Some("550")),
            ]
        })
        .collect();
    for round in 0..5 {
        let mut told: Vec<ProviderEvent> = events
            .iter()
            .map(|one| ProviderEvent { key: format!("{round} {}", one.key), ..one.clone() })
            .collect();
        let straight = told.clone();
        told.reverse();
        let nodes = [engine.open().await, engine.open().await];
        let (one, two) = tokio::join!(take(&*nodes[0], CARRIER, &straight), take(&*nodes[1], CARRIER, &told));
        assert_eq!(one + two, events.len() as u64);
    }
    let both = at_once(engine, async |tx| tx.take_events("another", &events).await).await;
    assert!(matches!(&both, [Ok(one), Ok(two)] if (one.len(), two.len()) == (60, 0)), "{both:?}");
    for change in &changes {
        let stands = row(&*store, change.row.id).await;
        assert_eq!((stands.status, stands.reason.as_str()), (DeliveryStatus::Failed, "550"));
        assert_eq!(store.told_of(change.row.id).await.unwrap().len(), 10);
    }
}

/// What is told of a digest is true of all that it carries, before the worker writes and after.
pub async fn what_is_told_of_a_digest_is_told_of_what_it_carries(engine: &dyn Engine) {
    let store = engine.open().await;
    for (person, tells_first) in [(1, true), (2, false)] {
        let notes: Vec<Notification> = (1..4).map(|n| gathered(person, n, 900)).collect();
        enter(&*store, &notes).await;
        let taken = claim(&*store, 100, 1000).await.remove(0);
        let arrived = event(1, &format!("m{person}"), Some(DeliveryStatus::Delivered), Some("250 ok"));
        let by_id = ProviderEvent { delivery: Some(taken.id), ..arrived };
        if tells_first {
            take(&*store, CARRIER, std::slice::from_ref(&by_id)).await;
        }
        assert_eq!(write(&*store, &[handed_over(&taken, &format!("m{person}"))]).await, [taken.id]);
        if !tells_first {
            take(&*store, CARRIER, &[ProviderEvent { delivery: None, ..by_id }]).await;
        }
        for note in &notes {
            let member = row(&*store, id_on(note, Channel::Email)).await;
            assert_eq!((member.status, member.reason.as_str()), (DeliveryStatus::Delivered, "250 ok"));
            assert_eq!((member.sent_at, member.due_at), (Some(at(100)), None), "{tells_first}");
            assert_eq!(member.provider.as_deref(), Some(CARRIER));
            assert_eq!(member.provider_id, Some(format!("m{person}")));
        }
    }
}

/// An address is suppressed once, with the first reason, on one channel; let go, it is not any more.
pub async fn an_address_is_suppressed_until_it_is_let_go(engine: &dyn Engine) {
    let store = engine.open().await;
    let no = |n: u64, channel: Channel, why: &str| Suppression {
        channel,
        address: format!("person{n}@example.org"),
        why: why.to_owned(),
        at: at(n),
    };
    let (email, sms) = (Channel::Email, Channel::Sms);
    once(&*store, async |tx| {
        for n in [2, 1, 3] {
            assert!(tx.suppress(&no(n, email, "first")).await?);
        }
        assert!(!tx.suppress(&Suppression { at: at(9), ..no(2, email, "second") }).await?);
        assert!(tx.suppress(&no(2, sms, "another way")).await?);
        Ok(())
    })
    .await;
    let newest =
        [no(3, email, "first"), no(2, email, "first"), no(2, sms, "another way"), no(1, email, "first")];
    assert_eq!(store.suppressions(None, 10).await.unwrap(), newest);
    assert_eq!(store.suppressions(None, 2).await.unwrap(), newest[..2]);
    assert_eq!(store.suppressions(Some(sms), 10).await.unwrap(), newest[2..3]);
    once(&*store, async |tx| {
        assert!(tx.unsuppress(email, "person2@example.org").await?);
        assert!(!tx.unsuppress(email, "person2@example.org").await?);
        assert!(!tx.unsuppress(Channel::Push, "person3@example.org").await?);
        assert!(tx.suppress(&no(2, email, "again")).await?);
        Ok(())
    })
    .await;
    assert_eq!(store.suppressions(Some(email), 10).await.unwrap()[1], no(2, email, "again"));
}

/// Whatever providers and people say stands in the ledger as a text; it loses at most its NULs, and the same word finds it again.
pub async fn hostile_words_are_harmless_in_the_ledger(engine: &dyn Engine) {
    let word = "näh\0'; DROP TABLE deliveries; -- $1 ? \\ %s \u{2028}\u{10FFFF}\"";
    let kept = word.replace('\0', "\u{FFFD}");
    let store = engine.open().await;
    let mut notes = [told(1, 1, &[]), gathered(2, 1, 90), told(3, 1, &[Channel::Email])];
    notes[0].subject = word.to_owned();
    notes[0].deliveries.push(Delivery {
        reason: word.to_owned(),
        ..sample::delivery(notes[0].id, Channel::Sms, Some(word), DeliveryStatus::Queued)
    });
    let no = Suppression { channel: Channel::Sms, address: word.to_owned(), why: word.to_owned(), at: at(1) };
    once(&*store, async |tx| {
        assert!(tx.suppress(&no).await?);
        assert!(!tx.suppress(&no).await?);
        tx.enter(&notes).await
    })
    .await;
    let id = notes[0].deliveries[1].id;
    let entered = row(&*store, id).await;
    assert_eq!((&entered.address, &entered.reason), (&kept, &kept));
    let due = once(&*store, async |tx| tx.take_due(at(9), &EVERYTHING).await).await;
    let due = due.iter().find(|one| one.row.id == id).unwrap();
    assert_eq!(due.suppressed.as_ref(), Some(&kept));
    assert_eq!(due.notification.as_ref().unwrap().subject, word);
    let last = id_on(&notes[2], Channel::Email);
    once(&*store, async |tx| tx.cancel_deliveries(&[last], word).await).await;
    assert_eq!(row(&*store, last).await.reason, kept);

    let told = ProviderEvent {
        key: word.to_owned(),
        event: word.to_owned(),
        why: Some(word.to_owned()),
        ..event(1, word, Some(DeliveryStatus::Failed), None)
    };
    assert_eq!(take(&*store, word, std::slice::from_ref(&told)).await, 1, "before the message is known");
    assert_eq!(take(&*store, word, std::slice::from_ref(&told)).await, 0);
    let changes: Vec<Change> = claim(&*store, 80, 900)
        .await
        .iter()
        .zip([word, "another"])
        .map(|(row, message)| {
            let mut change = handed_over(row, message);
            change.row.provider = Some(word.to_owned());
            change.row.reason = word.to_owned();
            change.row.attempts[0].why = Some(word.to_owned());
            change
        })
        .collect();
    assert_eq!(write(&*store, &changes).await.len(), 2, "one of them a digest");
    for Change { row: written, .. } in &changes {
        let stands = row(&*store, written.id).await;
        assert_eq!((stands.provider.as_ref(), &stands.reason), (Some(&kept), &kept));
        assert_eq!(stands.attempts[0].why.as_deref(), Some(word), "JSON can say it");
    }
    let stands = row(&*store, changes[0].row.id).await;
    assert_eq!((stands.status, stands.provider_id.as_ref()), (DeliveryStatus::Failed, Some(&kept)));
    let history = Told { provider: kept.clone(), event: kept.clone(), why: Some(kept.clone()), at: at(1) };
    assert_eq!(store.told_of(stands.id).await.unwrap(), [history]);
    let again = ProviderEvent { key: "another".to_owned(), status: Some(DeliveryStatus::Read), ..told };
    assert_eq!(take(&*store, word, &[again]).await, 1);
    assert_eq!(row(&*store, stands.id).await.status, DeliveryStatus::Read);
    let member = row(&*store, id_on(&notes[1], Channel::Email)).await;
    assert_eq!((member.provider.as_ref(), &member.reason), (Some(&kept), &kept));

    let object = DeskObject {
        id: uuid::Uuid::from_u128(1),
        owner: uuid::Uuid::nil(),
        version: 1,
        changed_at: at(1),
        document: word.to_owned(),
    };
    once(&*store, async |tx| {
        tx.put_desk_object(word, &object).await?;
        let mut fanout = {
            tx.begin_fanout(&sample::alert(1, 1), at(1)).await?;
            tx.next_fanout().await?.unwrap()
        };
        fanout.held = Some(word.to_owned());
        tx.put_fanout(&fanout).await?;
        let reasons = [(word.to_owned(), vec![sample::user_id(1)])].into();
        tx.put_passed_over(fanout.alert.id, 1, sample::user_id(1), &reasons).await
    })
    .await;
    assert_eq!(store.desk_objects(word, None).await.unwrap()[0].document, kept);
    let alert = sample::alert(1, 1).id;
    assert_eq!(store.fanouts(alert).await.unwrap()[0].held.as_ref(), Some(&kept));
    let why = store.passed_over(alert, 1, sample::user_id(1)).await.unwrap();
    assert_eq!(why.as_deref(), Some(word), "JSON can say it");
    assert!(once(&*store, async |tx| tx.unsuppress(Channel::Sms, word).await).await);
}

/// What a worker put off because a try failed says again why it was decided once its provider says that it arrived, a digest why what
/// it carries was.
pub async fn what_arrives_says_why_it_was_decided(engine: &dyn Engine) {
    let store = engine.open().await;
    let note = told(1, 1, &[Channel::Sms]);
    enter(&*store, &[note, gathered(2, 2, 900)]).await;
    for (n, taken) in (1..).zip(claim(&*store, 100, 1000).await) {
        let mut waits = taken.clone();
        (waits.status, waits.due_at) = (DeliveryStatus::Deferred, Some(at(2000)));
        "carrier may have it".clone_into(&mut waits.reason);
        write(&*store, &[Change { expected: taken.token, row: waits }]).await;
        let arrived = ProviderEvent {
            delivery: Some(taken.id),
            ..event(n, "m", Some(DeliveryStatus::Delivered), None)
        };
        take(&*store, CARRIER, &[arrived]).await;
        let stands = row(&*store, taken.id).await;
        let decided = if taken.notification.0 == taken.id.0 { "goes with the digest" } else { "asked for" };
        assert_eq!((stands.status, stands.reason.as_str()), (DeliveryStatus::Delivered, decided));
    }
}

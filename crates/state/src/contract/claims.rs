//! Who takes a delivery, and in which order: one worker at a time, and nobody who came too late writes.

use std::sync::Arc;
use std::time::Duration;

use crisislens_model::{
    Channel, Contact, DeliveryId, DeliveryStatus, Notification, Severity, Target, Timestamp,
};

use super::edit_locks::once;
use super::ledger::{
    EVERYTHING, add, claim, enter, everything, handed_over, id_on, leased, row, told, write,
};
use super::nodes::MOMENT;
use super::sample::at;
use super::{Engine, begin, sample};
use crate::Store;
use crate::ledger::{Change, Due, Row, Suppression};

async fn look(store: &dyn Store, now: u64, limits: &[(Channel, usize, usize)]) -> Vec<Row> {
    // Looked at and left.
    let due = once(store, async |tx| tx.take_due(at(now), limits).await).await;
    due.into_iter().map(|one| one.row).collect()
}

fn urgent(recipient: u64, n: u64, priority: Severity, channel: Channel) -> Notification {
    Notification { priority, ..told(recipient, n, &[channel]) }
}

/// The most urgent comes first and of those the longest due, on each channel as many as are asked for; what is below high leaves
/// the reserve to what is not.
pub async fn the_most_urgent_is_taken_first_within_each_channels_limits(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut notes = Vec::new();
    for (person, priority) in
        (1..5).zip([Severity::Low, Severity::Critical, Severity::Medium, Severity::High])
    {
        // The later ones are written first.
        for n in [3, 1, 2] {
            notes.push(urgent(person, n, priority, Channel::Sms));
            notes.push(urgent(person, 10 + n, priority, Channel::Email));
        }
    }
    enter(&*store, &notes).await;
    let of = |rows: Vec<Row>| -> Vec<(Channel, Severity, Timestamp)> {
        rows.iter().map(|row| (row.channel, row.priority, row.created_at)).collect()
    };
    let (sms, email) = (Channel::Sms, Channel::Email);
    let expected = |channel: Channel, from: u64, severities: &[(Severity, u64)]| -> Vec<_> {
        let of_one = |(severity, count): &(Severity, u64)| {
            let severity = *severity;
            (1..=*count).map(move |n| (channel, severity, at(from + n)))
        };
        severities.iter().flat_map(of_one).collect()
    };
    let (low, medium, high, critical) = (Severity::Low, Severity::Medium, Severity::High, Severity::Critical);
    assert_eq!(of(look(&*store, 100, &[(sms, 2, 0)]).await), expected(sms, 0, &[(critical, 2)]));
    assert_eq!(
        of(look(&*store, 100, &[(email, 4, 0), (sms, 100, 0)]).await),
        [
            expected(email, 10, &[(critical, 3), (high, 1)]),
            expected(sms, 0, &[(critical, 3), (high, 3), (medium, 3), (low, 3)])
        ]
        .concat()
    );
    for (limit, reserve, from_below) in
        [(8, 2, &[][..]), (8, 1, &[(medium, 1)]), (12, 2, &[(medium, 3), (low, 1)])]
    {
        let taken = of(look(&*store, 100, &[(sms, limit, reserve)]).await);
        assert_eq!(taken, expected(sms, 0, &[&[(critical, 3), (high, 3)], from_below].concat()));
    }
    assert_eq!(of(look(&*store, 100, &[(sms, 3, 3)]).await), expected(sms, 0, &[(critical, 3)]));
    assert!(look(&*store, 100, &[(sms, 0, 0), (Channel::Push, 10, 0)]).await.is_empty());
    assert!(look(&*store, 100, &[]).await.is_empty());
}

/// What waits for its time is not taken before, nor what has ended or goes with another; the next time is known by channel.
pub async fn what_is_not_due_is_not_taken(engine: &dyn Engine) {
    let store = engine.open().await;
    let next_of = async |channels: &[Channel], least: Severity| {
        let channels: Vec<_> = channels.iter().map(|channel| (*channel, least)).collect();
        store.next_due(&channels).await.unwrap()
    };
    let next = async |channels: &[Channel]| next_of(channels, Severity::Low).await;
    assert_eq!(next(&Channel::ALL).await, None);
    let mut later = told(1, 1, &[Channel::Email, Channel::Sms]);
    for (delivery, due) in later.deliveries[1..].iter_mut().zip([50, 40]) {
        delivery.status = DeliveryStatus::Deferred;
        delivery.due_at = Some(at(due));
    }
    later.priority = Severity::Critical;
    let mut others = told(2, 60, &[Channel::Email]);
    add(&mut others, Channel::Push, DeliveryStatus::Suppressed);
    others.priority = Severity::Medium;
    enter(&*store, &[later.clone(), others.clone()]).await;
    assert_eq!(store.open_deliveries().await.unwrap(), 3);
    assert_eq!(next(&Channel::ALL).await, Some(at(40)));
    assert_eq!(next(&[Channel::Email]).await, Some(at(50)));
    assert_eq!(next(&[Channel::Push, Channel::Webhook]).await, None);
    assert_eq!(next(&[]).await, None);
    assert!(look(&*store, 39, &EVERYTHING).await.is_empty());
    let ids = |rows: Vec<Row>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(look(&*store, 40, &EVERYTHING).await), [id_on(&later, Channel::Sms)]);
    let both = [id_on(&later, Channel::Email), id_on(&others, Channel::Email)];
    assert_eq!(ids(look(&*store, 60, &[(Channel::Email, 9, 0)]).await), both);
    once(&*store, async |tx| tx.cancel_deliveries(&both[..1], "replaced").await).await;
    assert_eq!(ids(look(&*store, 60, &[(Channel::Email, 9, 0)]).await), both[1..]);
    assert_eq!(next(&[Channel::Email]).await, Some(at(60)));
    assert_eq!(next_of(&[Channel::Email], Severity::Medium).await, Some(at(60)));
    assert_eq!(next_of(&[Channel::Email], Severity::High).await, None);
    let taken = claim(&*store, 60, 80).await;
    assert_eq!(next(&Channel::ALL).await, Some(at(80)), "the end of a lease is a time to look");
    let done: Vec<Change> = taken.iter().map(|row| handed_over(row, "m")).collect();
    write(&*store, &done).await;
    assert_eq!((next(&Channel::ALL).await, store.open_deliveries().await.unwrap()), (None, 0));
    assert!(look(&*store, 1000, &EVERYTHING).await.is_empty());
}

/// What is due comes with its notification, the person and their contact as they now are, and with why nothing goes there.
pub async fn what_is_due_comes_with_all_that_sending_needs(engine: &dyn Engine) {
    let store = engine.open().await;
    let number = "+34600123456";
    let mut note = sample::notification(1, 1);
    for to in [number, "+34600999999"] {
        note.deliveries.push(sample::delivery(note.id, Channel::Sms, Some(to), DeliveryStatus::Queued));
    }
    let mail = "person1@example.org";
    note.deliveries.push(sample::delivery(note.id, Channel::Email, Some(mail), DeliveryStatus::Queued));
    let gone = told(2, 2, &[Channel::Email]);
    let account = sample::account(1);
    let contact = phone(1, number);
    let no = Suppression {
        channel: Channel::Email,
        address: mail.to_owned(),
        why: "550 no such mailbox".to_owned(),
        at: at(0),
    };
    once(&*store, async |tx| {
        tx.add_account(&account).await?;
        tx.put_contact(&contact).await?;
        // The same address, reached in another way.
        tx.suppress(&Suppression { channel: Channel::Sms, ..no.clone() }).await?;
        tx.suppress(&no).await?;
        tx.enter(&[note.clone(), gone.clone()]).await
    })
    .await;
    once(&*store, async |tx| tx.mark_read(account.user.id, None, at(5)).await).await;
    let due = begin(&*store).await.take_due(at(9), &EVERYTHING).await.unwrap();
    let about = |channel: Channel, to: &str| {
        due.iter().find(|one| one.row.channel == channel && one.row.address == to).unwrap()
    };
    let read = Notification { read_at: Some(at(5)), ..note.clone() };
    let expected = |one: &Due| Due {
        row: one.row.clone(),
        notification: Some(read.clone()),
        user: Some(account.user.clone()),
        contact: None,
        suppressed: None,
    };
    let sms = about(Channel::Sms, number);
    assert_eq!(*sms, Due { contact: Some(contact), ..expected(sms) });
    let taken_back = about(Channel::Sms, "+34600999999");
    assert_eq!(*taken_back, expected(taken_back));
    let email = about(Channel::Email, mail);
    assert_eq!(*email, Due { suppressed: Some(no.why), ..expected(email) });
    let nobodys = due.iter().find(|one| one.row.recipient == gone.recipient).unwrap();
    assert_eq!((&nobodys.user, &nobodys.notification), (&None, &Some(gone)));
    assert_eq!(due.len(), 4);
}

/// A telephone of person number `n`.
pub(super) fn phone(n: u64, number: &str) -> Contact {
    let user = sample::user_id(n);
    Contact {
        id: Contact::id_at(user, Channel::Sms, number),
        user,
        label: format!("telephone {number}"),
        target: Target::Phone { number: number.to_owned() },
        created_at: at(n),
    }
}

/// While a lease lasts nobody else gets the row. When it has ended a second gets it with a higher token, and nothing that the
/// first still writes counts.
pub async fn a_lease_keeps_others_away_until_it_ends(engine: &dyn Engine) {
    let (one, two) = (engine.open().await, engine.open().await);
    let note = told(1, 1, &[Channel::Email]);
    enter(&*one, std::slice::from_ref(&note)).await;
    let id = id_on(&note, Channel::Email);
    let first = claim(&*one, 10, 40).await.remove(0);
    assert_eq!((first.token, &row(&*two, id).await), (1, &first));
    assert!(claim(&*two, 39, 70).await.is_empty());
    let second = claim(&*two, 40, 70).await.remove(0);
    assert_eq!((second.token, second.attempts.len()), (2, 2));
    assert_eq!(write(&*one, &[handed_over(&first, "of the first")]).await, []);
    let renewed = Change { row: Row { due_at: Some(at(500)), ..first.clone() }, expected: first.token };
    assert_eq!(write(&*one, &[renewed]).await, []);
    assert_eq!(row(&*one, id).await, second, "the first has written nothing");
    let unknown = Change { row: Row { id: DeliveryId(uuid::Uuid::nil()), ..second.clone() }, expected: 2 };
    assert_eq!(write(&*one, &[unknown, handed_over(&second, "of the second")]).await, [id]);
    let stands = row(&*one, id).await;
    assert_eq!(stands, Row { token: 2, ..handed_over(&second, "of the second").row });
    assert_eq!(write(&*one, &[handed_over(&first, "of the first")]).await, []);

    // Put off for another try: taken again, the same way.
    let note = told(1, 2, &[Channel::Email]);
    enter(&*one, std::slice::from_ref(&note)).await;
    let first = claim(&*one, 10, 40).await.remove(0);
    let mut again = first.clone();
    (again.status, again.due_at) = (DeliveryStatus::Deferred, Some(at(20)));
    "the carrier was busy".clone_into(&mut again.reason);
    assert_eq!(write(&*one, &[Change { row: again.clone(), expected: 1 }]).await.len(), 1);
    assert_eq!(row(&*one, again.id).await, again);
    assert!(claim(&*two, 19, 70).await.is_empty());
    assert_eq!(claim(&*two, 20, 70).await[0].token, 2);
}

/// Many workers on two nodes take what is due at once: nobody gets what another has, and nothing is left.
pub async fn no_row_is_taken_by_two(engine: &dyn Engine) {
    const ROWS: u64 = 120;
    let nodes = [engine.open().await, engine.open().await];
    let notes: Vec<Notification> =
        (0..ROWS).map(|n| urgent(n, n % 5, Severity::ALL[(n % 4) as usize], Channel::Sms)).collect();
    enter(&*nodes[0], &notes).await;
    let work = |store: Arc<dyn Store>| async move {
        let mut taken: Vec<DeliveryId> = Vec::new();
        // Who finds nothing may have found all of it with the others.
        for _ in 0..ROWS {
            let mut tx = begin(&*store).await;
            let due = tx.take_due(at(50), &[(Channel::Sms, 7, 0)]).await.unwrap();
            tokio::task::yield_now().await;
            let leases: Vec<Change> = due.iter().map(|one| leased(one, 90)).collect();
            assert_eq!(tx.write_deliveries(&leases).await.unwrap().len(), leases.len());
            tx.commit().await.unwrap();
            taken.extend(leases.iter().map(|lease| lease.row.id));
            if leases.is_empty() {
                break;
            }
        }
        taken
    };
    let workers: Vec<_> = (0..6).map(|n| tokio::spawn(work(Arc::clone(&nodes[n % 2])))).collect();
    let mut taken = Vec::new();
    for worker in workers {
        taken.extend(worker.await.unwrap());
    }
    taken.sort_unstable();
    let mut all: Vec<DeliveryId> = notes.iter().map(|note| id_on(note, Channel::Sms)).collect();
    all.sort_unstable();
    assert_eq!(taken, all);
    assert!(everything(&*nodes[0]).await.iter().all(|row| row.token == 1));
}

/// What one transaction has taken no other gets while it is open, nor after; what it leaves without a word is anybody's.
pub async fn what_an_open_transaction_has_taken_is_its_own(engine: &dyn Engine) {
    let (one, two) = (engine.open().await, engine.open().await);
    let notes: Vec<Notification> = (0..10).map(|n| told(n, n, &[Channel::Email])).collect();
    enter(&*one, &notes).await;
    for commits in [false, true] {
        let mut tx = begin(&*one).await;
        let due = tx.take_due(at(50), &[(Channel::Email, 4, 0)]).await.unwrap();
        let leases: Vec<Change> = due.iter().map(|one| leased(one, 90)).collect();
        tx.write_deliveries(&leases).await.unwrap();
        let ends = async {
            tokio::time::sleep(MOMENT).await;
            if commits {
                tx.commit().await.unwrap();
            } else {
                drop(tx);
            }
        };
        let (others, ()) = tokio::join!(look(&*two, 50, &EVERYTHING), ends);
        if commits {
            let mut all: Vec<DeliveryId> = leases.iter().map(|lease| lease.row.id).collect();
            all.extend(others.iter().map(|row| row.id));
            all.sort_unstable();
            let mut ids: Vec<DeliveryId> = notes.iter().map(|note| id_on(note, Channel::Email)).collect();
            ids.sort_unstable();
            assert_eq!(all, ids, "each in one of the two");
        } else {
            // It may have been asked while the first was open, or after; and a server may take a moment to undo it.
            assert!(matches!(others.len(), 6 | 10), "{}", others.len());
            while look(&*two, 50, &EVERYTHING).await.len() < 10 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
    assert_eq!(look(&*two, 50, &EVERYTHING).await.len(), 6);
}

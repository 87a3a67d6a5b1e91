//! What a person may have so many of: counted by one transaction at a time, and of what left for them in an hour each once.

use std::cell::Cell;

use crisislens_model::{About, Channel, DeliveryStatus, Notification, Severity, UserId};

use super::claims::phone;
use super::digests::gathered;
use super::edit_locks::once;
use super::ledger::{claim, enter, handed_over, leased, told, write};
use super::nodes::at_once;
use super::sample::{at, user_id};
use super::{Engine, sample};
use crate::Store;
use crate::ledger::Change;

async fn enroll(store: &dyn Store, person: u64) {
    once(store, async |tx| tx.add_account(&sample::account(person)).await).await;
}

/// Of two that add a device or send a test at once the second counts what the first has made, so that both keep to the most.
pub async fn two_that_count_at_once_count_each_other(engine: &dyn Engine) {
    let store = engine.open().await;
    enroll(&*store, 1).await;
    enroll(&*store, 2).await;
    let made = Cell::new(0);
    let both = at_once(engine, async |tx| {
        let there = tx.contacts_to_add_to(user_id(1)).await?.len();
        made.set(made.get() + 1);
        tx.put_contact(&phone(1, &format!("+3460000000{}", made.get()))).await?;
        Ok(there)
    })
    .await;
    assert_eq!(both.map(Result::unwrap), [0, 1]);
    assert_eq!(once(&*store, async |tx| tx.contacts_to_add_to(user_id(2)).await).await, []);

    let test = |n: u64| Notification { about: About::default(), revision: 0, ..sample::notification(1, n) };
    // What tells of an alert is no test.
    enter(&*store, &[sample::notification(1, 7), test(1)]).await;
    let made = Cell::new(4);
    let both = at_once(engine, async |tx| {
        let before = tx.told_alone(user_id(1), at(1), 10).await?;
        made.set(made.get() + 1);
        tx.enter(&[test(made.get())]).await?;
        Ok(before.into_iter().map(|one| one.id).collect::<Vec<_>>())
    })
    .await;
    assert_eq!(both.map(Result::unwrap), [vec![], vec![test(5).id]]);
    let newest = once(&*store, async |tx| tx.told_alone(user_id(1), at(0), 2).await).await;
    assert_eq!(newest, [test(6), test(5)]);
}

/// What was handed over lately, is being handed over or was put off then counts by channel and severity, a digest as one; what only
/// waits does not, nor what is long ago.
pub async fn what_leaves_within_an_hour_is_counted(engine: &dyn Engine) {
    let store = engine.open().await;
    for person in 1..=3 {
        enroll(&*store, person).await;
    }
    let (email, sms) = (Channel::Email, Channel::Sms);
    let mut low = told(1, 3, &[sms]);
    low.priority = Severity::Low;
    enter(&*store, &[told(1, 1, &[email, sms]), told(1, 2, &[email]), low, told(2, 4, &[sms])]).await;
    enter(&*store, &[gathered(1, 5, 900), gathered(1, 6, 900), told(3, 7, &[email])]).await;
    let count = async |people: &[UserId], since: u64, now: u64| {
        let counted = once(&*store, async |tx| tx.handed_over(people, at(since), at(now)).await).await;
        counted.into_iter().collect::<Vec<_>>()
    };
    let everybody = [user_id(1), user_id(2), user_id(3)];
    assert_eq!(count(&everybody, 0, 60).await, [], "nothing has left");
    let taken = claim(&*store, 60, 300).await;
    let mine = |channel, severity, number| ((user_id(1), channel, severity), number);
    let of_the_first =
        [mine(email, Severity::High, 3), mine(sms, Severity::Low, 1), mine(sms, Severity::High, 1)];
    assert_eq!(count(&[user_id(1)], 60, 60).await, of_the_first, "with the digest as one");
    // One is put off, one fails, the others are handed over.
    let mut changes: Vec<Change> = taken.iter().map(|row| handed_over(row, &row.id.to_string())).collect();
    for change in &mut changes {
        if change.row.recipient == user_id(1) && change.row.channel == sms {
            let is_low = change.row.priority == Severity::Low;
            change.row.status = if is_low { DeliveryStatus::Deferred } else { DeliveryStatus::Failed };
            change.row.due_at = is_low.then(|| at(500));
            change.row.sent_at = None;
        }
    }
    write(&*store, &changes).await;
    let later = [mine(email, Severity::High, 3), mine(sms, Severity::Low, 1)];
    assert_eq!(count(&[user_id(1)], 100, 200).await, later);
    assert_eq!(count(&[user_id(1)], 101, 500).await, [], "what is due again is counted when it leaves");
    assert_eq!(count(&everybody, 100, 500).await.len(), 3);
    assert_eq!(count(&[], 0, 200).await, []);
}

/// Two that hand over what one person gets do not both find that there is room.
pub async fn two_that_hand_over_at_once_count_each_other(engine: &dyn Engine) {
    let store = engine.open().await;
    enroll(&*store, 1).await;
    enter(&*store, &[told(1, 1, &[Channel::Email]), told(1, 2, &[Channel::Email])]).await;
    let both = at_once(engine, async |tx| {
        let due = tx.take_due(at(60), &[(Channel::Email, 1, 0)]).await?;
        let before = tx.handed_over(&[user_id(1)], at(0), at(60)).await?;
        let leases: Vec<Change> = due.iter().map(|one| leased(one, 300)).collect();
        tx.write_deliveries(&leases).await?;
        Ok((due.len(), before.into_values().sum::<u64>()))
    })
    .await;
    assert_eq!(both.map(Result::unwrap), [(1, 0), (1, 1)]);
}

//! Whom an alert reached, and how soon they acknowledged it.

use crisislens_model::{Alert, Channel, DeliveryStatus, Severity, Timestamp, UserId};

use super::edit_locks::once;
use super::ledger::{claim, enter, handed_over, told, write};
use super::sample::{at, user_id};
use super::{Engine, sample};
use crate::Store;
use crate::ledger::{Acknowledgement, Prompt};

async fn acknowledge(store: &dyn Store, user: u64, now: u64) {
    let acknowledgement = Acknowledgement {
        alert: sample::alert(1, 1).id,
        user: user_id(user),
        via: "app".to_owned(),
        at: at(now),
        expires_at: None,
    };
    once(store, async |tx| tx.acknowledge(&acknowledgement).await).await;
}

/// Somebody counts at every severity at which they were told, from the first time on, whether in their inbox or by a message that was handed
/// over; and by the first time that they acknowledged it. Who was not told does not count.
pub async fn people_count_where_they_were_told(engine: &dyn Engine) {
    let store = engine.open().await;
    let (high, critical) = (sample::alert(1, 1), sample::alert(1, 2));
    let critical = Alert { severity: Severity::Critical, ..critical };
    once(&*store, async |tx| {
        tx.begin_fanout(&high, at(0)).await?;
        tx.begin_fanout(&critical, at(1)).await?;
        tx.add_account(&sample::account(1)).await
    })
    .await;
    // Person 1 in their inbox and by mail, then again when it got worse; 2 by mail alone; the mail to 3 has not left, that to 4 failed.
    let mut notes: Vec<_> = (1..5).map(|person| told(person, 1, &[Channel::Email])).collect();
    notes.push(told(1, 2, &[]));
    for note in &mut notes[1..4] {
        note.deliveries[0].status = DeliveryStatus::Suppressed;
    }
    let mut other = told(1, 1, &[]);
    other.id = sample::notification(9, 9).id;
    other.about = crisislens_model::About::alert(sample::alert(7, 1).id);
    notes.push(other);
    enter(&*store, &notes).await;
    let taken = claim(&*store, 1, 60).await;
    let of = |person: u64| taken.iter().find(|row| row.recipient == user_id(person)).unwrap();
    let mut failed = handed_over(of(4), "m4");
    failed.row.status = DeliveryStatus::Failed;
    assert_eq!(write(&*store, &[handed_over(of(1), "m1"), handed_over(of(2), "m2"), failed]).await.len(), 3);
    let alert = high.id;
    assert!(store.promptness(alert).await.unwrap().is_empty(), "nobody has acknowledged it");
    for (person, now) in [(1, 20), (2, 130), (3, 25), (4, 26), (5, 27), (1, 50)] {
        acknowledge(&*store, person, now).await;
    }
    let told = [(Severity::High, 2), (Severity::Critical, 1)];
    assert_eq!(store.people_told(alert).await.unwrap(), told);
    let prompt = |user: u64, severity: Severity, told_at: u64, acknowledged_at: u64| Prompt {
        user: user_id(user),
        severity,
        told_at: at(told_at),
        acknowledged_at: at(acknowledged_at),
    };
    let mut wanted = [
        prompt(1, Severity::High, 1, 20),
        prompt(1, Severity::Critical, 2, 20),
        prompt(2, Severity::High, 100, 130),
    ];
    wanted.sort_by_key(|one| (one.user.0, one.severity));
    assert_eq!(store.promptness(alert).await.unwrap(), wanted);
    let named: Vec<(UserId, Timestamp, Option<String>)> = store
        .acknowledgers(alert)
        .await
        .unwrap()
        .into_iter()
        .map(|one| (one.acknowledgement.user, one.acknowledgement.at, one.name))
        .collect();
    let known = |user: u64, now: u64, name: Option<&str>| (user_id(user), at(now), name.map(str::to_owned));
    assert_eq!(
        named,
        [
            known(3, 25, None),
            known(4, 26, None),
            known(5, 27, None),
            known(1, 50, Some("Person 1")),
            known(2, 130, None)
        ]
    );
    let nobody = sample::alert(8, 1).id;
    assert!(store.people_told(nobody).await.unwrap().is_empty());
    assert!(store.promptness(nobody).await.unwrap().is_empty());
}

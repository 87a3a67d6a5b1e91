//! Escalations: begun once, taken by one, resting while somebody sees to the alert.

use crisislens_model::{
    About, Alert, AlertId, Channel, Contact, DeliveryStatus, Notification, NotificationType, Role, Severity,
    Target, Timestamp, UserId, id,
};
use uuid::Uuid;

use super::edit_locks::once;
use super::ledger::{EVERYTHING, handed_over, leased, write};
use super::sample::{at, user_id};
use super::{Engine, begin, sample};
use crate::Store;
use crate::escalations::{Escalation, EscalationState, Reachable};
use crate::ledger::{Acknowledgement, Row, Suppression};

fn alert(n: u64) -> AlertId {
    sample::alert(n, 1).id
}

/// The escalation of alert number `n`, whose next step is due then.
fn escalation(n: u64, next_at: u64) -> Escalation {
    Escalation {
        id: id::derived(alert(n).0, "escalation", 1),
        alert: alert(n),
        chain: Uuid::from_u128(7),
        document: r#"{"name":"night"}"#.to_owned(),
        step: 0,
        round: 0,
        next_at: Some(at(next_at)),
        state: EscalationState::Running,
        version: 1,
        started_at: at(0),
    }
}

async fn start(store: &dyn Store, escalations: &[Escalation]) -> u64 {
    once(store, async |tx| tx.begin_escalations(escalations).await).await
}

async fn of(store: &dyn Store, n: u64) -> Escalation {
    store.escalations(alert(n)).await.unwrap().remove(0)
}

/// People who work at the desk.
async fn analysts(store: &dyn Store, people: &[u64]) {
    for n in people {
        let mut account = sample::account(*n);
        account.user.role = Role::Analyst;
        once(store, async |tx| tx.add_account(&account).await).await;
    }
}

async fn acknowledge(store: &dyn Store, n: u64, user: u64, now: u64, expires_at: Option<u64>) {
    let acknowledgement = Acknowledgement {
        alert: alert(n),
        user: user_id(user),
        via: "app".to_owned(),
        at: at(now),
        expires_at: expires_at.map(at),
    };
    once(store, async |tx| tx.acknowledge(&acknowledgement).await).await;
}

/// One begins once, however often and from whatever node; what it was begun with stays.
pub async fn an_escalation_begins_once(engine: &dyn Engine) {
    let store = engine.open().await;
    assert_eq!(store.next_escalation().await.unwrap(), None);
    assert_eq!(start(&*store, &[escalation(1, 10), escalation(2, 5)]).await, 2);
    let other = engine.open().await;
    assert_eq!(start(&*other, &[Escalation { step: 3, ..escalation(1, 99) }, escalation(3, 20)]).await, 1);
    assert_eq!(other.escalations(alert(1)).await.unwrap(), [escalation(1, 10)]);
    assert_eq!(other.next_escalation().await.unwrap(), Some(at(5)));
    assert!(other.escalations(alert(9)).await.unwrap().is_empty());
}

/// What is due is taken first first, written by who has the version before, and not at all where the transaction is dropped.
pub async fn a_step_that_is_due_is_taken_and_written_once(engine: &dyn Engine) {
    let store = engine.open().await;
    start(&*store, &[escalation(1, 10), escalation(2, 5), escalation(3, 30)]).await;
    let mut tx = begin(&*store).await;
    assert_eq!(tx.take_escalation(at(4)).await.unwrap(), None);
    let mut taken = tx.take_escalation(at(10)).await.unwrap().unwrap();
    assert_eq!(taken, escalation(2, 5), "the longest due is the first");
    taken.step = 1;
    taken.next_at = Some(at(40));
    taken.version = 2;
    assert!(tx.put_escalation(&taken).await.unwrap());
    drop(tx);
    assert_eq!(of(&*store, 2).await, escalation(2, 5), "what was dropped has not happened");
    let mut tx = begin(&*store).await;
    assert!(tx.put_escalation(&taken).await.unwrap());
    assert!(!tx.put_escalation(&taken).await.unwrap(), "it has that version by now");
    assert_eq!(tx.take_escalation(at(10)).await.unwrap(), Some(escalation(1, 10)));
    tx.commit().await.unwrap();
    assert_eq!(of(&*store, 2).await, taken);
}

/// Two that work at once never have the same one.
pub async fn no_escalation_is_taken_by_two(engine: &dyn Engine) {
    const WORKERS: usize = 4;
    let store = engine.open().await;
    let all: Vec<Escalation> = (1..=12).map(|n| escalation(n, n)).collect();
    start(&*store, &all).await;
    let work = |store: std::sync::Arc<dyn Store>| async move {
        let mut done = Vec::new();
        loop {
            let mut tx = begin(&*store).await;
            let Some(one) = tx.take_escalation(at(100)).await.unwrap() else { return done };
            tokio::task::yield_now().await;
            let over = Escalation { next_at: None, version: 2, state: EscalationState::Ended, ..one.clone() };
            assert!(tx.put_escalation(&over).await.unwrap());
            tx.commit().await.unwrap();
            done.push(one.id);
        }
    };
    let workers: Vec<_> = (0..WORKERS).map(|_| tokio::spawn(work(std::sync::Arc::clone(&store)))).collect();
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker.await.unwrap());
    }
    done.sort_unstable();
    let mut expected: Vec<Uuid> = all.iter().map(|one| one.id).collect();
    expected.sort_unstable();
    assert_eq!(done, expected);
}

/// An acknowledgement lets it rest in the same transaction: for good, or until the last one ends, but never to a time before the step
/// was due anyway. What is over stays over.
pub async fn an_acknowledgement_lets_escalations_rest(engine: &dyn Engine) {
    let store = engine.open().await;
    analysts(&*store, &[1, 2]).await;
    start(&*store, &[escalation(1, 10), escalation(2, 50), escalation(3, 10)]).await;
    acknowledge(&*store, 1, 1, 5, Some(20)).await;
    let rests = of(&*store, 1).await;
    assert_eq!((rests.state, rests.next_at, rests.version), (EscalationState::Acknowledged, Some(at(20)), 2));
    acknowledge(&*store, 1, 2, 6, Some(30)).await;
    assert_eq!(of(&*store, 1).await.next_at, Some(at(30)), "until the last one ends");
    acknowledge(&*store, 1, 1, 7, None).await;
    assert_eq!(of(&*store, 1).await.next_at, None, "for good");
    acknowledge(&*store, 1, 2, 8, Some(40)).await;
    assert_eq!(of(&*store, 1).await.next_at, None, "the other's still counts");
    acknowledge(&*store, 2, 1, 5, Some(20)).await;
    assert_eq!(of(&*store, 2).await.next_at, Some(at(50)), "the step was not due before");
    let over = Escalation { state: EscalationState::Ended, next_at: None, version: 2, ..escalation(3, 10) };
    once(&*store, async |tx| tx.put_escalation(&over).await).await;
    acknowledge(&*store, 3, 1, 5, None).await;
    assert_eq!(of(&*store, 3).await, over);
    let mut tx = begin(&*store).await;
    assert_eq!(tx.acknowledged_by(alert(1)).await.unwrap().len(), 2);
    assert!(tx.acknowledged_by(alert(9)).await.unwrap().is_empty());
}

/// Calls that wait when somebody sees to it do not leave; what else is told of the alert does.
pub async fn calls_that_wait_end_when_somebody_sees_to_it(engine: &dyn Engine) {
    let store = engine.open().await;
    analysts(&*store, &[1]).await;
    start(&*store, &[escalation(1, 10), escalation(2, 10)]).await;
    let mail = |n: u64, of: u64, kind: NotificationType| {
        let mut one = Notification { about: About::alert(alert(of)), kind, ..sample::notification(3, n) };
        one.deliveries =
            vec![sample::delivery(one.id, Channel::Email, Some("a@b.example"), DeliveryStatus::Queued)];
        one
    };
    let mails = [
        mail(1, 1, NotificationType::Escalation),
        mail(2, 1, NotificationType::Alert),
        mail(3, 2, NotificationType::Escalation),
    ];
    once(&*store, async |tx| tx.enter(&mails).await).await;
    acknowledge(&*store, 1, 1, 5, None).await;
    let mut statuses = Vec::new();
    for one in &mails {
        statuses.push(store.delivery(one.deliveries[0].id).await.unwrap().unwrap().0.status);
    }
    assert_eq!(statuses, [DeliveryStatus::Canceled, DeliveryStatus::Queued, DeliveryStatus::Queued]);
}

/// Whoever reads along, be it by a mail that was passed on, ends no call of others: only those whom a chain has called for this alert, and
/// analysts and above. What others say is kept all the same, and counts once they are called.
pub async fn only_who_was_called_or_works_at_the_desk_lets_escalations_rest(engine: &dyn Engine) {
    let store = engine.open().await;
    analysts(&*store, &[1]).await;
    once(&*store, async |tx| tx.add_account(&sample::account(2)).await).await;
    start(&*store, &[escalation(1, 10), escalation(2, 10)]).await;
    let told = |n: u64, of: u64, kind: NotificationType| {
        let about = About::alert(alert(of));
        Notification { about, kind, body: r#""type":"escalation""#.to_owned(), ..sample::notification(2, n) }
    };
    let along = [told(1, 1, NotificationType::Alert), told(2, 2, NotificationType::Escalation)];
    once(&*store, async |tx| tx.enter(&along).await).await;
    let may = async |n: u64, user: u64| store.may_rest(alert(n), user_id(user)).await.unwrap();
    assert_eq!(
        (may(1, 1).await, may(1, 2).await, may(2, 2).await, may(2, 9).await),
        (true, false, true, false)
    );
    acknowledge(&*store, 1, 2, 5, None).await;
    assert_eq!(of(&*store, 1).await, escalation(1, 10), "nobody has called them for this one");
    acknowledge(&*store, 2, 2, 5, None).await;
    assert_eq!(of(&*store, 2).await.state, EscalationState::Acknowledged);
    let said = store.acknowledgers(alert(1)).await.unwrap().remove(0);
    assert_eq!((said.acknowledgement.user, said.rests), (user_id(2), false));
    acknowledge(&*store, 1, 1, 6, None).await;
    assert_eq!(of(&*store, 1).await.next_at, None);
    let mut tx = begin(&*store).await;
    let by: Vec<UserId> = tx.rested_by(alert(1)).await.unwrap().iter().map(|one| one.user).collect();
    assert_eq!((by, tx.acknowledged_by(alert(1)).await.unwrap().len()), (vec![user_id(1)], 2));
    drop(tx);
    let called = told(3, 1, NotificationType::Escalation);
    once(&*store, async |tx| tx.enter(std::slice::from_ref(&called)).await).await;
    let said = store.acknowledgers(alert(1)).await.unwrap();
    assert!(said.iter().all(|one| one.rests), "{said:?}");
}

/// What is withdrawn ends what is open, and nothing else.
pub async fn what_is_withdrawn_ends_its_escalations(engine: &dyn Engine) {
    let store = engine.open().await;
    start(&*store, &[escalation(1, 10), escalation(2, 10)]).await;
    analysts(&*store, &[1]).await;
    acknowledge(&*store, 1, 1, 5, None).await;
    assert_eq!(once(&*store, async |tx| tx.cancel_escalations(alert(1)).await).await, 1);
    assert_eq!(once(&*store, async |tx| tx.cancel_escalations(alert(1)).await).await, 0);
    let over = of(&*store, 1).await;
    assert_eq!((over.state, over.next_at), (EscalationState::Cancelled, None));
    assert_eq!(of(&*store, 2).await.state, EscalationState::Running);
    let mut tx = begin(&*store).await;
    assert_eq!(tx.told_alert(alert(1)).await.unwrap(), None);
    for revision in [2, 1] {
        tx.begin_fanout(&sample::alert(1, revision), at(1)).await.unwrap();
    }
    assert_eq!(tx.told_alert(alert(1)).await.unwrap(), Some(sample::alert(1, 2)));
}

/// People and roles are found each once, with their contacts, and with those addresses that nothing goes to.
pub async fn who_is_to_be_reached_is_found_once(engine: &dyn Engine) {
    let store = engine.open().await;
    let phone = |n: u64| {
        let target = Target::Phone { number: format!("+3460000000{n}") };
        let id = Contact::id_at(user_id(n), Channel::Sms, target.address());
        Contact { id, user: user_id(n), label: "mine".to_owned(), target, created_at: at(n) }
    };
    once(&*store, async |tx| {
        for n in 1..=4 {
            let mut account = sample::account(n);
            account.user.role = if n == 3 { Role::Admin } else { Role::Viewer };
            tx.add_account(&account).await?;
            tx.put_contact(&phone(n)).await?;
        }
        let stopped = Suppression {
            channel: Channel::Sms,
            address: "+34600000001".to_owned(),
            why: "STOP".to_owned(),
            at: at(1),
        };
        tx.suppress(&stopped).await
    })
    .await;
    let mut tx = begin(&*store).await;
    let people = [user_id(3), user_id(1), user_id(1), user_id(99)];
    let (found, others) = tx.reachable(&people, &[Role::Admin, Role::Approver], 10).await.unwrap();
    assert!(others.is_empty());
    let mut expected: Vec<UserId> = vec![user_id(1), user_id(3)];
    expected.sort_unstable();
    assert_eq!(found.iter().map(|one| one.user.id).collect::<Vec<_>>(), expected);
    let one = |n: u64| found.iter().find(|one| one.user.id == user_id(n)).unwrap();
    assert_eq!(one(1).contacts, [phone(1)]);
    let stopped = store.suppressed_contacts(user_id(1)).await.unwrap();
    assert_eq!((stopped.len(), stopped[0].why.as_str()), (1, "STOP"));
    assert!(store.suppressed_contacts(user_id(3)).await.unwrap().is_empty());
    assert_eq!(one(1).suppressed, [(Channel::Sms, "+34600000001".to_owned())]);
    let Reachable { suppressed, .. } = one(3);
    assert!(suppressed.is_empty());
    assert_eq!(tx.reachable(&[], &[], 10).await.unwrap(), (Vec::new(), Vec::new()));
    // As many as are wanted: those who are named before those of a role.
    let (found, others) = tx.reachable(&[user_id(3)], &[Role::Viewer], 2).await.unwrap();
    assert_eq!((found.len(), others.len()), (2, 2));
    assert!(found.iter().any(|one| one.user.id == user_id(3)));
    let viewers: Vec<UserId> = found.iter().map(|one| one.user.id).chain(others).collect();
    assert_eq!(viewers.iter().collect::<std::collections::BTreeSet<_>>().len(), 4, "each once");
}

/// A telephone is known by the alert that last went to it, and by everybody whose it is: not by what failed, is an exercise, or was
/// withdrawn since.
pub async fn what_went_to_a_telephone_is_found_by_its_number(engine: &dyn Engine) {
    let store = engine.open().await;
    let number = "+34600123456";
    let texted_of = |user: u64, n: u64, alert_number: u64, when: u64| {
        let mut one: Notification = sample::notification(user, n);
        one.about = About::alert(alert(alert_number));
        one.priority = Severity::High;
        one.created_at = at(when);
        one.deliveries = vec![sample::delivery(one.id, Channel::Sms, Some(number), DeliveryStatus::Queued)];
        one
    };
    // The first alert is sent last, as what waited for quiet hours is; an exercise, what failed and what was withdrawn later still.
    let drill = Notification { exercise: true, ..texted_of(1, 4, 4, 22) };
    let sent = [texted_of(1, 1, 1, 10), texted_of(1, 2, 2, 20), texted_of(2, 3, 2, 21), drill];
    let sent = [&sent[..], &[texted_of(1, 5, 5, 23), texted_of(1, 6, 6, 24)]].concat();
    once(&*store, async |tx| tx.enter(&sent).await).await;
    let texted = async |since: u64| store.texted(number, at(since)).await.unwrap();
    assert_eq!(texted(0).await, None, "nothing has left yet");
    let rows = once(&*store, async |tx| {
        let due = tx.take_due(at(30), &EVERYTHING).await?;
        let changes: Vec<_> = due.iter().map(|one| leased(one, 100)).collect();
        tx.write_deliveries(&changes).await?;
        Ok(changes.into_iter().map(|change| change.row).collect::<Vec<_>>())
    })
    .await;
    let when = |row: &Row| match (row.alert().unwrap(), row.recipient) {
        (of, _) if of == alert(1) => 90,
        (of, user) if of == alert(2) => {
            if user == user_id(2) {
                81
            } else {
                80
            }
        }
        (of, _) if of == alert(4) => 100,
        _ => 110,
    };
    let hand = |row: &Row| {
        let mut change = handed_over(row, &format!("SM {}", row.id));
        change.row.sent_at = Some(at(when(row)));
        if row.alert() == Some(alert(5)) {
            change.row.status = DeliveryStatus::Failed;
        }
        change
    };
    let (first, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.alert() == Some(alert(1)));
    let handed: Vec<_> = others.into_iter().map(hand).collect();
    write(&*store, &handed).await;
    let withdrawn = Alert { kind: "cancel".to_owned(), ..sample::alert(6, 2) };
    once(&*store, async |tx| tx.put_alert(&withdrawn).await).await;
    // What is under way may have arrived; it counts by when it was decided.
    assert_eq!(texted(0).await, Some((alert(2), vec![user_id(2), user_id(1)])));
    assert_eq!(texted(82).await, None, "too long ago");
    let handed: Vec<_> = first.into_iter().map(hand).collect();
    write(&*store, &handed).await;
    assert_eq!(texted(82).await, Some((alert(1), vec![user_id(1)])));
    assert_eq!(texted(91).await, None, "too long ago");
    assert_eq!(store.texted("+1", Timestamp::MIN).await.unwrap(), None);
}

/// An answer is read once, however often it comes; and one by which messages begin again lifts what an answer ended, not what else keeps
/// an address from them.
pub async fn an_answer_is_read_once_and_lifts_what_an_answer_ended(engine: &dyn Engine) {
    let store = engine.open().await;
    let take =
        async |message: &str| once(&*store, async |tx| tx.take_answer("twilio", message, at(1)).await).await;
    assert!(take("SM1").await);
    assert!(!take("SM1").await && take("SM2").await);
    let reasons = [
        (1, "its owner answered STOP", true),
        (2, "twilio: undelivered error 21610", true),
        (3, "twilio: undelivered error 30005", false),
        (4, "400: the number +21610 is none", false),
    ];
    for (n, why, is_lifted) in reasons {
        let address = format!("+3460000000{n}");
        let stop =
            |channel| Suppression { channel, address: address.clone(), why: why.to_owned(), at: at(n) };
        once(&*store, async |tx| {
            tx.suppress(&stop(Channel::Email)).await?;
            tx.suppress(&stop(Channel::Sms)).await
        })
        .await;
        assert_eq!(once(&*store, async |tx| tx.lift_answered(&address).await).await, is_lifted, "{why}");
        assert!(!once(&*store, async |tx| tx.lift_answered(&address).await).await);
    }
    assert_eq!(store.suppressions(Some(Channel::Sms), 10).await.unwrap().len(), 2);
    assert_eq!(store.suppressions(Some(Channel::Email), 10).await.unwrap().len(), 4);
}

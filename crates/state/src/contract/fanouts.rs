//! Choosing the recipients of alerts, page by page, and what people set up for it.

use std::collections::BTreeMap;

use crisislens_model::{
    About, Alert, AlertMatch, Channel, Contact, DeliveryStatus, Notification, Severity, Subscription, UserId,
};
use uuid::Uuid;

use super::claims::phone;
use super::digests::gathered;
use super::edit_locks::once;
use super::ledger::{add, claim, enter, handed_over, id_on, told, write};
use super::nodes::{MOMENT, at_once};
use super::sample::at;
use super::{Engine, begin, sample};
use crate::ledger::{Candidate, DeskObject, Earlier, Fanout, Who};
use crate::{StateError, Store};

fn alert(n: u64, revision: u64, severity: Severity) -> Alert {
    Alert { severity, ..sample::alert(n, revision) }
}

fn begun(alert: Alert, second: u64) -> Fanout {
    Fanout { alert, after: None, begun_at: at(second), done_at: None, considered: 0, told: 0, held: None }
}

/// Choosing a revision's recipients begins once, with the alert as it then was, and goes on where it was left.
pub async fn choosing_recipients_begins_once(engine: &dyn Engine) {
    let store = engine.open().await;
    assert!(!store.has_fanout().await.unwrap());
    assert_eq!(once(&*store, async |tx| tx.next_fanout().await).await, None);
    let (first, second) = (alert(1, 1, Severity::High), alert(1, 2, Severity::Low));
    once(&*store, async |tx| {
        assert!(tx.begin_fanout(&second, at(6)).await?);
        assert!(tx.begin_fanout(&first, at(5)).await?);
        assert!(!tx.begin_fanout(&Alert { title: "another".to_owned(), ..first.clone() }, at(7)).await?);
        Ok(())
    })
    .await;
    let fanouts = store.fanouts(first.id).await.unwrap();
    assert_eq!(fanouts, [begun(first.clone(), 5), begun(second.clone(), 6)], "first first");
    let half = Fanout { after: Some(sample::user_id(3)), considered: 500, told: 70, ..fanouts[0].clone() };
    once(&*store, async |tx| tx.put_fanout(&half).await).await;
    let store = engine.open().await;
    assert_eq!(once(&*store, async |tx| tx.next_fanout().await).await.as_ref(), Some(&half));
    let held = Fanout { done_at: Some(at(9)), held: Some("silenced".to_owned()), ..half };
    once(&*store, async |tx| {
        tx.put_fanout(&held).await?;
        assert!(!tx.begin_fanout(&first, at(10)).await?, "what is done stays done");
        Ok(())
    })
    .await;
    assert_eq!(store.fanouts(first.id).await.unwrap(), [held, begun(second, 6)]);
    assert!(store.has_fanout().await.unwrap());
    assert!(store.fanouts(sample::alert(2, 1).id).await.unwrap().is_empty());
}

/// The most urgent alert is next, of those the one that has waited longest; a revision waits for those before it, however urgent it is.
pub async fn the_most_urgent_alert_is_next_and_revisions_keep_their_order(engine: &dyn Engine) {
    let store = engine.open().await;
    let order = [
        (alert(3, 1, Severity::Critical), 30),
        (alert(4, 1, Severity::High), 10),
        (alert(2, 7, Severity::High), 20),
        (alert(1, 1, Severity::Low), 5),
        (alert(1, 2, Severity::Critical), 6),
        (alert(1, 3, Severity::Low), 7),
    ];
    once(&*store, async |tx| {
        for (alert, second) in order.iter().rev() {
            assert!(tx.begin_fanout(alert, at(*second)).await?);
        }
        Ok(())
    })
    .await;
    for (n, (alert, second)) in order.iter().enumerate() {
        assert!(store.has_fanout().await.unwrap());
        let next = once(&*store, async |tx| {
            let next = tx.next_fanout().await?.unwrap();
            tx.put_fanout(&Fanout { done_at: Some(at(50)), ..next.clone() }).await?;
            Ok(next)
        })
        .await;
        assert_eq!(next, begun(alert.clone(), *second), "{n}");
    }
    assert!(!store.has_fanout().await.unwrap());
    assert_eq!(once(&*store, async |tx| tx.next_fanout().await).await, None);
}

/// Two nodes do not work on one page at once: the second has something else, or goes on where the first has ended.
pub async fn one_of_two_chooses_a_page_of_recipients(engine: &dyn Engine) {
    let store = engine.open().await;
    let (urgent, later, other) =
        (alert(1, 1, Severity::High), alert(1, 2, Severity::Critical), alert(2, 1, Severity::Low));
    once(&*store, async |tx| {
        for alert in [&urgent, &later, &other] {
            tx.begin_fanout(alert, at(1)).await?;
        }
        Ok(())
    })
    .await;
    let both = at_once(engine, async |tx| {
        let Some(mut next) = tx.next_fanout().await? else { return Ok(None) };
        next.considered += 500;
        next.after = Some(sample::user_id(1));
        tx.put_fanout(&next).await?;
        Ok(Some((next.alert, next.considered)))
    })
    .await;
    let [Ok(first), Ok(second)] = both else { panic!("{both:?}") };
    assert_eq!(first, Some((urgent.clone(), 500)));
    assert!(second == Some((other, 500)) || second == Some((urgent.clone(), 1000)), "{second:?}");

    // With nothing else to do the second has nothing, or what the first has left.
    let (one, two) = (engine.open().await, engine.open().await);
    once(&*one, async |tx| {
        let other = tx.next_fanout().await?.unwrap();
        assert_eq!(other.alert, urgent);
        tx.put_fanout(&Fanout { done_at: Some(at(9)), ..begun(alert(2, 1, Severity::Low), 1) }).await
    })
    .await;
    let mut tx = begin(&*one).await;
    let mut next = tx.next_fanout().await.unwrap().unwrap();
    next.done_at = Some(at(9));
    tx.put_fanout(&next).await.unwrap();
    let ends = async {
        tokio::time::sleep(MOMENT).await;
        tx.commit().await.unwrap();
    };
    let (seen, ()) = tokio::join!(once(&*two, async |tx| tx.next_fanout().await), ends);
    assert!(seen.is_none_or(|seen| seen.alert == later), "the next revision comes when this one is done");
    assert_eq!(once(&*two, async |tx| tx.next_fanout().await).await.unwrap().alert, later);
}

fn subscription(n: u64) -> Subscription {
    let matches = AlertMatch { keyword: vec![format!("word {n}")], ..AlertMatch::default() };
    Subscription { name: format!("subscription {n}"), matches, ..Subscription::default() }
}

fn object(n: u128, owner: Uuid, version: u64, document: &str) -> DeskObject {
    DeskObject {
        id: Uuid::from_u128(n),
        owner,
        version,
        changed_at: at(version),
        document: document.to_owned(),
    }
}

/// People come in the order of their ids, page by page, each with their contacts, subscriptions, what earlier revisions came to, the
/// newest in their inbox, and how many messages were lately decided; nobody with another's.
pub async fn candidates_come_page_by_page_with_what_decides(engine: &dyn Engine) {
    const PEOPLE: u64 = 9;
    let store = engine.open().await;
    let this = sample::alert(1, 1).id;
    let mut people: BTreeMap<UserId, Candidate> = BTreeMap::new();
    let mut contacts: Vec<Contact> = Vec::new();
    let mut subscriptions = Vec::new();
    for n in 0..PEOPLE {
        let user = sample::account(n).user;
        let mut candidate = Candidate {
            user,
            contacts: Vec::new(),
            subscriptions: Vec::new(),
            earlier: Vec::new(),
            in_inbox: None,
            recent: BTreeMap::new(),
        };
        for m in (0..n % 3).rev() {
            let contact = Contact { created_at: at(m), ..phone(n, &format!("+3460000{n}{m}")) };
            candidate.contacts.insert(0, contact.clone());
            contacts.push(contact);
            let id = u128::from(100 * n + m);
            let one = subscription(10 * n + m);
            subscriptions.push(object(id, candidate.user.id.0, 1, &serde_json::to_string(&one).unwrap()));
            candidate.subscriptions.insert(0, one.into());
        }
        people.insert(candidate.user.id, candidate);
    }
    // A team whose number lies among those of people.
    let between = people.keys().nth(3).unwrap().0.as_u128() + 1;
    subscriptions.push(object(9_999, Uuid::from_u128(between), 1, "{}"));
    once(&*store, async |tx| {
        for n in 0..PEOPLE {
            tx.add_account(&sample::account(n)).await?;
        }
        for contact in &contacts {
            tx.put_contact(contact).await?;
        }
        for one in &subscriptions {
            tx.put_desk_object("subscription", one).await?;
        }
        let owner = sample::user_id(0).0;
        tx.put_desk_object("silence", &object(1, owner, 1, r#"{"name":"no subscription"}"#)).await
    })
    .await;
    history(&*store, &mut people).await;

    let expected: Vec<Candidate> = people.into_values().collect();
    for limit in [1, 4, 9, 100] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = begin(&*store)
                .await
                .candidates(Who::Everybody { after, limit }, Some(this), at(50))
                .await
                .unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.user.id);
            found.extend(page);
        }
        for candidate in &mut found {
            candidate.earlier.sort_by_key(|one| (one.revision, one.channel, one.id));
        }
        assert_eq!(found, expected, "{limit}");
    }
    let behind = Who::Everybody { after: Some(UserId(Uuid::max())), limit: 10 };
    assert!(begin(&*store).await.candidates(behind, Some(this), at(0)).await.unwrap().is_empty());

    let these: Vec<UserId> = expected.iter().map(|one| one.user.id).rev().step_by(2).collect();
    let asked = [these.as_slice(), &[UserId(Uuid::max())]].concat();
    let mut found = begin(&*store).await.candidates(Who::These(&asked), Some(this), at(50)).await.unwrap();
    for candidate in &mut found {
        candidate.earlier.sort_by_key(|one| (one.revision, one.channel, one.id));
    }
    let theirs = |one: &&Candidate| these.contains(&one.user.id);
    assert_eq!(found, expected.iter().filter(theirs).cloned().collect::<Vec<_>>());
    let about_nothing = begin(&*store).await.candidates(Who::These(&these), None, at(50)).await.unwrap();
    assert!(about_nothing.iter().all(|one| one.earlier.is_empty() && one.in_inbox.is_none()));
    assert!(begin(&*store).await.candidates(Who::These(&[]), None, at(50)).await.unwrap().is_empty());
}

/// What was decided for people before.
async fn history(store: &dyn Store, people: &mut BTreeMap<UserId, Candidate>) {
    let earlier = |note: &Notification, channel: Channel, status: DeliveryStatus| Earlier {
        id: id_on(note, channel),
        channel,
        address: note.deliveries.iter().find(|one| one.channel == channel).unwrap().to.clone().unwrap(),
        revision: note.revision,
        priority: note.priority,
        status,
        at: note.created_at,
        may_be_out: false,
        is_page: false,
    };
    let of = |people: &mut BTreeMap<UserId, Candidate>, note: &Notification, one: Earlier| {
        people.get_mut(&note.recipient).unwrap().earlier.push(one);
    };
    let mut about_another = told(2, 70, &[Channel::Email, Channel::Sms]);
    about_another.about = About::alert(sample::alert(8, 1).id);
    // Sent, and long ago.
    let first = told(1, 1, &[Channel::Email]);
    // Waiting: the same person, decided lately, once in an hour's count.
    let second = told(1, 60, &[Channel::Email, Channel::Push]);
    // Ended before it left; and in no inbox.
    let mut third = told(2, 61, &[Channel::Email]);
    third.deliveries[0].status = DeliveryStatus::Suppressed;
    // Critical messages count for nothing, and what never was to leave even less.
    let mut fourth = Notification { priority: Severity::Critical, ..told(3, 62, &[Channel::Sms]) };
    add(&mut fourth, Channel::Push, DeliveryStatus::Suppressed);
    // Three that one message will carry.
    let carried: Vec<Notification> = (63..66).map(|n| gathered(4, n, 900)).collect();

    enter(store, std::slice::from_ref(&first)).await;
    let taken = claim(store, 5, 30).await;
    write(store, &[handed_over(&taken[0], "m")]).await;
    enter(store, &[second.clone(), third.clone(), fourth.clone(), about_another]).await;
    enter(store, &carried).await;
    once(store, async |tx| tx.cancel_deliveries(&[id_on(&third, Channel::Email)], "replaced").await).await;

    let sent = earlier(&first, Channel::Email, DeliveryStatus::Sent);
    of(people, &first, Earlier { at: at(100), ..sent });
    for channel in [Channel::Email, Channel::Push] {
        of(people, &second, earlier(&second, channel, DeliveryStatus::Queued));
    }
    of(people, &third, earlier(&third, Channel::Email, DeliveryStatus::Canceled));
    of(people, &fourth, earlier(&fourth, Channel::Sms, DeliveryStatus::Queued));
    for note in &carried {
        of(people, note, earlier(note, Channel::Email, DeliveryStatus::Deferred));
    }
    let facts = [
        (1, Some(60), vec![(Channel::Email, 1), (Channel::Push, 1)]),
        (2, None, vec![(Channel::Email, 1), (Channel::Sms, 1)]),
        (3, Some(62), vec![]),
        (4, Some(65), vec![(Channel::Email, 1)]),
    ];
    for (person, in_inbox, recent) in facts {
        let candidate = people.get_mut(&sample::user_id(person)).unwrap();
        (candidate.in_inbox, candidate.recent) = (in_inbox, recent.into_iter().collect());
    }
}

/// Why somebody was told nothing is found by the page on which they were looked at; who was told, or never looked at, has no reason.
pub async fn who_was_passed_over_is_told_why(engine: &dyn Engine) {
    let store = engine.open().await;
    let user = |n: u128| UserId(Uuid::from_u128(n));
    let alert = sample::alert(1, 1).id;
    let first: BTreeMap<String, Vec<UserId>> = [
        ("switched off".to_owned(), vec![user(11), user(13)]),
        ("asks for nothing below high".to_owned(), vec![user(12)]),
    ]
    .into();
    let second = [("switched off".to_owned(), vec![user(22)])].into();
    let again = [("another reason".to_owned(), vec![user(22), user(23)])].into();
    once(&*store, async |tx| {
        tx.put_passed_over(alert, 1, user(10), &first).await?;
        tx.put_passed_over(alert, 1, user(20), &second).await?;
        tx.put_passed_over(alert, 2, user(10), &second).await?;
        tx.put_passed_over(alert, 1, user(20), &again).await
    })
    .await;
    for (n, revision, expected) in [
        (10, 1, None),
        (11, 1, Some("switched off")),
        (12, 1, Some("asks for nothing below high")),
        (13, 1, Some("switched off")),
        (22, 1, Some("another reason")),
        (23, 1, Some("another reason")),
        (24, 1, None),
        (9, 1, None),
        (11, 2, None),
        (22, 2, Some("switched off")),
        (11, 3, None),
    ] {
        let why = store.passed_over(alert, revision, user(n)).await.unwrap();
        assert_eq!(why.as_deref(), expected, "{n} {revision}");
    }
    assert_eq!(store.passed_over(sample::alert(2, 1).id, 1, user(11)).await.unwrap(), None);
}

/// A contact is its owner's: written again it is replaced, nobody else takes it away, and there is none without an account.
pub async fn contacts_are_their_owners(engine: &dyn Engine) {
    let store = engine.open().await;
    let (anna, bert) = (sample::user_id(1), sample::user_id(2));
    let contacts = [phone(1, "+34600123456"), phone(1, "+34600123457"), phone(2, "+34600123456")];
    once(&*store, async |tx| {
        tx.add_account(&sample::account(1)).await?;
        tx.add_account(&sample::account(2)).await?;
        for contact in &contacts {
            tx.put_contact(contact).await?;
        }
        Ok(())
    })
    .await;
    let renamed = Contact { label: "at work".to_owned(), created_at: at(90), ..contacts[0].clone() };
    once(&*store, async |tx| {
        tx.put_contact(&renamed).await?;
        assert!(!tx.delete_contact(bert, renamed.id).await?, "not Bert's to delete");
        Ok(())
    })
    .await;
    assert_eq!(store.contacts(anna).await.unwrap(), [contacts[1].clone(), renamed.clone()], "first first");
    once(&*store, async |tx| {
        assert!(tx.delete_contact(anna, renamed.id).await?);
        assert!(!tx.delete_contact(anna, renamed.id).await?);
        Ok(())
    })
    .await;
    assert_eq!(store.contacts(anna).await.unwrap(), contacts[1..2]);
    assert_eq!(store.contacts(bert).await.unwrap(), contacts[2..]);
    let refused = begin(&*store).await.put_contact(&phone(9, "+34600000000")).await;
    assert!(matches!(refused, Err(StateError::Refused(_))), "{refused:?}");
}

/// What people set up is written in place of the version before alone: an older one, one made twice, one deleted meanwhile is refused.
pub async fn what_people_set_up_changes_version_by_version(engine: &dyn Engine) {
    let store = engine.open().await;
    let (anna, team) = (sample::user_id(1).0, Uuid::from_u128(7));
    let put = async |kind: &str, one: DeskObject| {
        let mut tx = begin(&*store).await;
        tx.put_desk_object(kind, &one).await?;
        tx.commit().await
    };
    let is_at = |answer: Result<(), StateError>| match answer {
        Err(StateError::VersionConflict { current }) => current,
        other => panic!("{other:?}"),
    };
    put("silence", object(2, anna, 1, "first")).await.unwrap();
    put("silence", object(1, team, 1, "a team's")).await.unwrap();
    put("team", object(2, Uuid::nil(), 1, "of another kind")).await.unwrap();
    assert_eq!(is_at(put("silence", object(2, anna, 1, "made twice")).await), 1);
    put("silence", object(2, team, 2, "second")).await.unwrap();
    put("silence", object(2, anna, 3, "third")).await.unwrap();
    for version in [1, 2, 3, 5] {
        assert_eq!(is_at(put("silence", object(2, anna, version, "from elsewhere")).await), 3);
    }
    let silences = [object(1, team, 1, "a team's"), object(2, anna, 3, "third")];
    assert_eq!(store.desk_objects("silence", None).await.unwrap(), silences, "by id");
    assert_eq!(store.desk_objects("silence", Some(anna)).await.unwrap(), silences[1..]);
    assert_eq!(begin(&*store).await.set_up("silence").await.unwrap(), silences);
    assert!(store.desk_objects("nothing", None).await.unwrap().is_empty());

    once(&*store, async |tx| {
        assert!(tx.delete_desk_object("silence", Uuid::from_u128(2)).await?);
        assert!(!tx.delete_desk_object("silence", Uuid::from_u128(2)).await?);
        Ok(())
    })
    .await;
    assert_eq!(is_at(put("silence", object(2, anna, 4, "of what is gone")).await), 0);
    put("silence", object(2, anna, 1, "anew")).await.unwrap();
    assert_eq!(store.desk_objects("team", None).await.unwrap().len(), 1);

    let next = object(2, anna, 2, "one of two");
    let both = at_once(engine, async |tx| tx.put_desk_object("silence", &next).await).await;
    assert!(matches!(both, [Ok(()), Err(StateError::VersionConflict { current: 2 })]), "{both:?}");
    let new = object(3, anna, 1, "one of two");
    let both = at_once(engine, async |tx| tx.put_desk_object("silence", &new).await).await;
    assert!(matches!(both, [Ok(()), Err(StateError::VersionConflict { current: 1 })]), "{both:?}");
}

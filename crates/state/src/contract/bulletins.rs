//! News of items: kept until they are told, page by page, to those who ask for items.

use crisislens_model::{
    About, Channel, DeliveryStatus, News, NoticeKind, Notification, NotificationType, Preferences, Severity,
    UserId,
};
use uuid::Uuid;

use super::edit_locks::once;
use super::ledger::{add, told};
use super::sample::{at, user_id};
use super::{Engine, begin, sample};
use crate::ledger::{Bulletin, Who};
use crate::people::Account;

fn news(n: u64) -> News {
    News::of(&sample::item(n), true).unwrap()
}

fn bulletin(n: u64, due: u64) -> Bulletin {
    Bulletin { id: Uuid::from_u128(n.into()), due_at: at(due), after: None, news: vec![news(n), news(n + 1)] }
}

/// News are told from their time on, first first, go on where they were left, and are gone once they are told.
pub async fn news_are_kept_until_they_are_told(engine: &dyn Engine) {
    let store = engine.open().await;
    assert_eq!(store.next_bulletin_at().await.unwrap(), None);
    let (first, second) = (bulletin(1, 20), bulletin(2, 10));
    once(&*store, async |tx| {
        tx.put_bulletin(&first).await?;
        tx.put_bulletin(&second).await
    })
    .await;
    assert_eq!(store.next_bulletin_at().await.unwrap(), Some(at(10)));
    assert_eq!(once(&*store, async |tx| tx.next_bulletin(at(9)).await).await, None);
    assert_eq!(once(&*store, async |tx| tx.next_bulletin(at(30)).await).await, Some(second.clone()));
    let half = Bulletin { after: Some(user_id(3)), ..second };
    once(&*store, async |tx| tx.put_bulletin(&half).await).await;
    let store = engine.open().await;
    assert_eq!(once(&*store, async |tx| tx.next_bulletin(at(10)).await).await.as_ref(), Some(&half));
    once(&*store, async |tx| tx.delete_bulletin(half.id).await).await;
    assert_eq!(once(&*store, async |tx| tx.next_bulletin(at(10)).await).await, None);
    assert_eq!(store.next_bulletin_at().await.unwrap(), Some(at(20)));
}

/// Those who have a channel for items are looked at when items come, and nobody else; what they change counts at once.
pub async fn who_asks_for_items_is_looked_at(engine: &dyn Engine) {
    let store = engine.open().await;
    let asks = |kind: NoticeKind| {
        let mut preferences = Preferences::default();
        preferences.channels.insert(kind, vec![Channel::Push]);
        preferences
    };
    let asking = async || {
        let mut tx = begin(&*store).await;
        let mut found: Vec<UserId> = Vec::new();
        loop {
            let who = Who::AskingForItems { after: found.last().copied(), limit: 2 };
            let page = tx.candidates(who, None, at(0)).await.unwrap();
            if page.is_empty() {
                break;
            }
            found.extend(page.iter().map(|one| one.user.id));
        }
        assert_eq!(tx.are_items_asked_for().await.unwrap(), !found.is_empty());
        found
    };
    once(&*store, async |tx| {
        for n in 0..3 {
            tx.add_account(&sample::account(n)).await?;
        }
        Ok(())
    })
    .await;
    assert!(asking().await.is_empty(), "nobody asks for items who has not said so");
    once(&*store, async |tx| {
        for n in 3..8 {
            let mut account: Account = sample::account(n);
            account.user.preferences = asks(NoticeKind::HighRisk);
            tx.add_account(&account).await?;
        }
        tx.set_preferences(user_id(1), &asks(NoticeKind::NewItems)).await?;
        tx.set_preferences(user_id(4), &Preferences::default()).await
    })
    .await;
    let mut expected = [1, 3, 5, 6, 7].map(user_id);
    expected.sort();
    assert_eq!(asking().await, expected);
}

/// A person was told of a thread if it stands in their inbox or something of it is to leave, or has left; not if that came to nothing.
pub async fn who_was_told_of_a_thread_lately_is_known(engine: &dyn Engine) {
    let store = engine.open().await;
    let of = |user: u64, n: u64, item: u64, severity: Severity, channels: &[Channel]| {
        let mut one: Notification = told(user, n, channels);
        one.kind = NotificationType::HighRisk;
        one.about = About { item_id: Some(news(item).item), ..About::default() };
        one.revision = 0;
        one.priority = severity;
        one
    };
    let by_mail_alone = |mut one: Notification, status: DeliveryStatus| {
        one.deliveries.clear();
        add(&mut one, Channel::Email, status);
        one
    };
    let notes = [
        of(1, 1, 1, Severity::High, &[]),
        by_mail_alone(of(2, 2, 1, Severity::High, &[]), DeliveryStatus::Queued),
        by_mail_alone(of(3, 3, 1, Severity::High, &[]), DeliveryStatus::Suppressed),
        of(4, 4, 2, Severity::High, &[Channel::Sms]),
        of(5, 5, 1, Severity::Critical, &[]),
    ];
    once(&*store, async |tx| tx.enter(&notes).await).await;
    let thread = |n: usize| notes[n].thread();
    assert_ne!(thread(0), thread(4), "what is worse is another thread");
    let users = [1, 2, 3, 4].map(user_id);
    let ask = async |threads: &[Uuid], users: &[UserId], since: u64| {
        let told = begin(&*store).await.told_since(threads, users, at(since)).await.unwrap();
        let mut told: Vec<(Uuid, UserId)> = told.into_iter().collect();
        told.sort();
        told
    };
    let mut both = [(thread(0), user_id(1)), (thread(0), user_id(2))];
    both.sort();
    assert_eq!(ask(&[thread(0)], &users, 0).await, both);
    assert_eq!(ask(&[thread(0)], &users, 2).await, [(thread(0), user_id(2))]);
    assert_eq!(ask(&[thread(3)], &users, 0).await, [(thread(3), user_id(4))]);
    assert!(ask(&[thread(4)], &users, 0).await.is_empty(), "told to somebody else");
    assert!(ask(&[], &users, 0).await.is_empty() && ask(&[thread(0)], &[], 0).await.is_empty());
    let (row, _) = store.delivery(notes[1].deliveries[0].id).await.unwrap().unwrap();
    assert_eq!((row.alert(), row.thread), (None, thread(0)));
}

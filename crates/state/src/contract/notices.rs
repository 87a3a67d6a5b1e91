//! Notifications and the development outbox.

use crisislens_model::{Channel, DeliveryStatus, Notification, id};

use super::{Engine, all_pages, begin, sample};
use crate::notices::OutboxMessage;

/// Each person reads their own; one that was read stays read when it is written again.
pub async fn notifications_are_read_one_by_one_or_all(engine: &dyn Engine) {
    let store = engine.open().await;
    let (anna, bert) = (sample::user_id(1), sample::user_id(2));
    let mut tx = begin(&*store).await;
    let annas: Vec<Notification> = (0..5).map(|n| sample::notification(1, n)).collect();
    assert_eq!(tx.enter(&annas).await.unwrap().len(), 5);
    tx.enter(&[sample::notification(2, 0)]).await.unwrap();
    let third = sample::notification(1, 3);
    assert!(tx.has_notification(anna, third.id).await.unwrap());
    assert!(!tx.has_notification(bert, third.id).await.unwrap());
    assert_eq!(tx.mark_read(bert, Some(third.id), sample::at(50)).await.unwrap(), 0, "not Bert's to read");
    assert_eq!(tx.mark_read(anna, Some(third.id), sample::at(60)).await.unwrap(), 1);
    assert_eq!(tx.mark_read(anna, Some(third.id), sample::at(70)).await.unwrap(), 0, "it was read before");
    assert_eq!(tx.enter(&[third]).await.unwrap(), [], "it is there");
    tx.commit().await.unwrap();

    let numbers = |page: &[Notification]| page.iter().map(|one| one.revision).collect::<Vec<_>>();
    let all =
        all_pages(2, 5, async |after| store.list_notifications(anna, false, 2, after).await.unwrap()).await;
    assert_eq!(numbers(&all), [4, 3, 2, 1, 0]);
    let inbox = all.iter().map(|one| one.deliveries[0].status).collect::<Vec<_>>();
    assert_eq!((inbox[0], inbox[1]), (DeliveryStatus::Sent, DeliveryStatus::Read));
    assert_eq!(all[1].read_at, Some(sample::at(60)), "writing it again does not make it unread");
    let third = store.notification(anna, all[1].id).await.unwrap();
    assert_eq!(third.as_ref(), Some(&all[1]), "one as in the list");
    assert_eq!(store.notification(bert, all[1].id).await.unwrap(), None, "not Bert's");
    let unread = store.list_notifications(anna, true, 10, None).await.unwrap();
    assert_eq!((unread.total, numbers(&unread.items)), (4, vec![4, 2, 1, 0]));
    assert_eq!(store.unread(anna).await.unwrap(), 4);

    let mut tx = begin(&*store).await;
    assert_eq!(tx.mark_read(anna, None, sample::at(80)).await.unwrap(), 4);
    tx.commit().await.unwrap();
    assert_eq!((store.unread(anna).await.unwrap(), store.unread(bert).await.unwrap()), (0, 1));
    let read = store.list_notifications(anna, false, 10, None).await.unwrap().items;
    assert_eq!((read[0].read_at, read[1].read_at), (Some(sample::at(80)), Some(sample::at(60))));
}

/// A message that is handed over again changes nothing.
pub async fn an_outbox_message_is_kept_once(engine: &dyn Engine) {
    let store = engine.open().await;
    let message = |n: u64, subject: &str| OutboxMessage {
        id: id::named("message", &n.to_string()),
        channel: Channel::Email,
        to: "anna@example.org".to_owned(),
        subject: subject.to_owned(),
        text: "text".to_owned(),
        html: Some("<p>html</p>".to_owned()),
        payload: None,
        at: sample::at(n),
        exercise: false,
        notification_id: sample::notification(1, n).id,
    };
    let mut tx = begin(&*store).await;
    let first: Vec<OutboxMessage> = (0..5).map(|n| message(n, "first")).collect();
    tx.put_outbox_messages(&first).await.unwrap();
    tx.put_outbox_messages(&[message(3, "second")]).await.unwrap();
    tx.commit().await.unwrap();
    let pages = async |channel: Option<Channel>, total: u64| {
        let page = async |after| store.list_outbox_messages(channel, 2, after).await.unwrap();
        all_pages(2, total, page).await
    };
    assert_eq!(pages(None, 5).await, [4, 3, 2, 1, 0].map(|n| message(n, "first")));
    // By channel, which is no part of an id: a page ends where there are no more of that channel.
    let texts = [5, 7].map(|n| OutboxMessage { channel: Channel::Sms, ..message(n, "short") });
    let mut tx = begin(&*store).await;
    tx.put_outbox_messages(&texts).await.unwrap();
    tx.put_outbox_messages(&[message(6, "mail")]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(pages(Some(Channel::Sms), 2).await, [texts[1].clone(), texts[0].clone()]);
    let mails = pages(Some(Channel::Email), 6).await;
    assert!(mails.len() == 6 && mails.iter().all(|one| one.channel == Channel::Email));
    assert!(pages(Some(Channel::Push), 0).await.is_empty());
    assert_eq!(pages(None, 8).await.len(), 8);
}

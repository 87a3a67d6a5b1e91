//! What every engine of [`Store`] must do: one case per promise of the port, for tests. A case panics where a promise
//! is broken.
//!
//! Each case wants an engine of its own that begins empty. What is opened twice stands for two nodes. Knows no engine and no SQL.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test support: a broken promise ends the test")]

pub mod activities;
pub mod allowances;
pub mod bulletins;
pub mod claims;
pub mod copies;
pub mod dead_letters;
pub mod delayed;
pub mod digests;
pub mod edit_locks;
pub mod escalations;
pub mod fanouts;
pub mod filters;
pub mod hostile;
pub mod incidents;
pub mod items;
pub mod ledger;
pub mod lock_model;
pub mod lock_races;
pub mod nodes;
pub mod notices;
pub mod outbox;
pub mod people;
pub mod provider_events;
pub mod reach;
pub mod sample;
pub mod stream;
pub mod subscriptions;
pub mod verification;

use std::sync::Arc;

use async_trait::async_trait;
use crisislens_model::{ItemFilter, SourceKind, SourceStatus};

use crate::incidents::IncidentFilter;
use crate::items::ItemRow;
use crate::{Cursor, Durability, Page, Store, Tx};

/// Opens the engine under test.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The store as it was last committed; another handle may still be open.
    async fn open(&self) -> Arc<dyn Store>;
}

/// A transaction as workers open it.
async fn begin(store: &dyn Store) -> Box<dyn Tx> {
    store.begin(Durability::Process).await.unwrap()
}

/// Puts items in a transaction of their own.
async fn put(store: &dyn Store, rows: Vec<ItemRow>) {
    let mut tx = begin(store).await;
    tx.put_items(rows).await.unwrap();
    tx.commit().await.unwrap();
}

/// Every page of a list, joined; checks that each page keeps the limit and says the same total.
async fn all_pages<T>(limit: usize, total: u64, page: impl AsyncFn(Option<Cursor>) -> Page<T>) -> Vec<T> {
    let (mut things, mut after) = (Vec::new(), None);
    loop {
        let page = page(after).await;
        assert!(page.items.len() <= limit, "a page of {} is over the limit of {limit}", page.items.len());
        assert_eq!(page.total, total, "every page says how many there are in all");
        things.extend(page.items);
        after = page.next;
        if after.is_none() {
            return things;
        }
    }
}

/// What was committed is there after reopening, whatever it is, and for people's writes as for workers'.
pub async fn reopening_keeps_everything(engine: &dyn Engine) {
    let store = engine.open().await;
    let (row, incident) = (sample::row(1), sample::incident(1));
    let mut tx = begin(&*store).await;
    tx.put_items(vec![row.clone()]).await.unwrap();
    tx.put_incidents(std::slice::from_ref(&incident)).await.unwrap();
    tx.put_alert(&sample::alert(1, 1)).await.unwrap();
    tx.advance("group/stage", crisislens_model::Topic::RawItems, 2, 0, 7).await.unwrap();
    tx.publish(vec![sample::record(1)], sample::at(0)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin(Durability::Power).await.unwrap();
    tx.add_account(&sample::account(1)).await.unwrap();
    tx.put_setting("epoch", "7").await.unwrap();
    tx.commit().await.unwrap();
    let mut lost = begin(&*store).await;
    lost.put_items(vec![sample::row(2)]).await.unwrap();
    drop(lost);
    drop(store);

    let store = engine.open().await;
    assert_eq!(sample::json(&store.item(row.item.id).await.unwrap().unwrap()), sample::json(&row.item));
    assert_eq!(store.incident(incident.id).await.unwrap(), Some(incident));
    assert_eq!(store.alert(sample::alert(1, 1).id).await.unwrap(), Some(sample::alert(1, 1)));
    assert_eq!(store.offset("group/stage", crisislens_model::Topic::RawItems, 2).await.unwrap(), 7);
    assert_eq!(store.waiting(0, 10).await.unwrap().len(), 1);
    assert_eq!(store.users().await.unwrap(), [sample::account(1).user]);
    assert_eq!(store.setting("epoch").await.unwrap().as_deref(), Some("7"));
    assert_eq!(store.list_items(&ItemFilter::default(), 10, None).await.unwrap().total, 1);
}

/// A setting is made once; a source's memory stays where a status comes without one.
pub async fn settings_are_made_once_and_a_sources_memory_stays(engine: &dyn Engine) {
    let store = engine.open().await;
    let status = |entries| SourceStatus {
        name: "usgs".to_owned(),
        kind: SourceKind::Official,
        connector: "usgs".to_owned(),
        url: None,
        mode: "live".to_owned(),
        last_polled_at: Some(sample::at(entries)),
        last_ok_at: None,
        last_error: Some("timed out".to_owned()),
        entries,
        published: 0,
        skipped: 0,
        recent_skips: Vec::new(),
    };
    let mut tx = begin(&*store).await;
    assert_eq!(tx.setting_or("secret", "first").await.unwrap(), "first");
    assert_eq!(tx.setting_or("secret", "second").await.unwrap(), "first");
    tx.put_setting("secret", "third").await.unwrap();
    tx.put_source(&status(1), Some(r#"{"etag":"a"}"#)).await.unwrap();
    tx.put_source(&status(2), None).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.setting("secret").await.unwrap().as_deref(), Some("third"));
    assert_eq!(store.setting("unset").await.unwrap(), None);
    assert_eq!(store.sources().await.unwrap(), [status(2)]);
    assert_eq!(store.source_memory("usgs").await.unwrap().as_deref(), Some(r#"{"etag":"a"}"#));
    assert_eq!(store.source_memory("gdacs").await.unwrap(), None);
}

/// Transactions that begin at once happen one after the other: none sees the half of another, none is lost.
pub async fn transactions_happen_one_after_the_other(engine: &dyn Engine) {
    const WRITERS: usize = 20;
    let store = engine.open().await;
    let count_up = |store: Arc<dyn Store>| async move {
        let mut tx = begin(&*store).await;
        let count: usize = tx.setting_or("count", "0").await.unwrap().parse().unwrap();
        tokio::task::yield_now().await;
        tx.put_setting("count", &(count + 1).to_string()).await.unwrap();
        tx.commit().await.unwrap();
    };
    let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(count_up(Arc::clone(&store)))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(store.setting("count").await.unwrap(), Some(WRITERS.to_string()));
}

/// A reader sees the last commit while a transaction is open, and a transaction that is dropped leaves nothing.
pub async fn what_is_not_committed_is_seen_by_nobody(engine: &dyn Engine) {
    let store = engine.open().await;
    put(&*store, vec![sample::row(1)]).await;
    let mut tx = begin(&*store).await;
    tx.put_items(vec![sample::row(2)]).await.unwrap();
    tx.put_incidents(&[sample::incident(1)]).await.unwrap();
    tx.enter(&[sample::notification(1, 1)]).await.unwrap();
    tx.claim("c", &[sample::event(1)], sample::at(0)).await.unwrap();
    tx.advance("c", crisislens_model::Topic::RawItems, 0, 0, 1).await.unwrap();
    tx.publish(vec![sample::record(1)], sample::at(0)).await.unwrap();
    let everything = ItemFilter::default();
    assert_eq!(store.list_items(&everything, 10, None).await.unwrap().total, 1, "while it is open");
    drop(tx);

    let mut tx = begin(&*store).await;
    assert_eq!(tx.claim("c", &[sample::event(1)], sample::at(0)).await.unwrap(), [true]);
    drop(tx);
    assert_eq!(store.list_items(&everything, 10, None).await.unwrap().total, 1);
    assert_eq!(store.list_incidents(&IncidentFilter::default(), 10, None).await.unwrap().total, 0);
    assert_eq!(store.unread(sample::user_id(1)).await.unwrap(), 0);
    assert!(store.offsets().await.unwrap().is_empty());
    assert!(store.waiting(0, 10).await.unwrap().is_empty());
}

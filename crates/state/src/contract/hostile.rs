//! Texts and sizes that a careless store refuses, cuts or changes.

use crisislens_model::{Item, ItemFilter};
use serde_json::value::RawValue;

use super::{Engine, begin, put, sample};
use crate::dead_letters::LetterFilter;

/// What an item says is kept as it came: NUL, controls, characters of every plane, what only JSON can say.
pub async fn hostile_texts_are_kept_as_they_came(engine: &dyn Engine) {
    let store = engine.open().await;
    let text = "a\0b\u{1}\u{7f}\u{85}\u{2028}\u{FFFD}\u{FFFF}\u{10FFFF}'; DROP TABLE items; -- $1 ? \\";
    let raw = r#"{"nul": "\u0000", "lone": "\ud800 \udfff", "same": 1, "same": 1.00, "big": 1e400}"#;
    let source = "feed\0with a nul".to_owned();
    let item = Item {
        source: source.clone(),
        text: text.to_owned(),
        title: Some(text.to_owned()),
        tags: vec![text.to_owned()],
        raw_data: Some(RawValue::from_string(raw.to_owned()).unwrap()),
        ..sample::item(1)
    };
    put(&*store, vec![sample::row_of(item.clone())]).await;
    let read = store.item(item.id).await.unwrap().unwrap();
    assert_eq!(
        (&read.source, &read.text, &read.title, &read.tags),
        (&source, &item.text, &item.title, &item.tags)
    );
    assert_eq!(read.raw_data.unwrap().get(), raw);
    let filter = ItemFilter { source: vec![source], ..ItemFilter::default() };
    assert_eq!(store.list_items(&filter, 10, None).await.unwrap().total, 1);
    let nobody = ItemFilter { country: vec![text.to_owned()], ..ItemFilter::default() };
    assert_eq!(store.list_items(&nobody, 10, None).await.unwrap().total, 0);
    let mut tx = begin(&*store).await;
    assert_eq!(tx.known_items(&[item.id]).await.unwrap()[&item.id].tags, item.tags);
}

/// Texts that stand in columns of their own lose at most their NULs, and the same word finds them again.
pub async fn hostile_words_find_their_rows(engine: &dyn Engine) {
    let store = engine.open().await;
    let word = "näh\0'; --\u{10FFFF}";
    let mut letter = super::dead_letters::letter(1);
    letter.message = word.to_owned();
    letter.error_class = word.to_owned();
    letter.consumer = word.to_owned();
    let mut account = sample::account(1);
    account.user.name = word.to_owned();
    let mut tx = begin(&*store).await;
    tx.put_setting(word, word).await.unwrap();
    tx.put_letters(&[letter]).await.unwrap();
    tx.add_account(&account).await.unwrap();
    tx.advance(word, crisislens_model::Topic::RawItems, 0, 0, 3).await.unwrap();
    tx.commit().await.unwrap();
    let kept = word.replace('\0', "\u{FFFD}");
    assert_eq!(store.setting(word).await.unwrap().as_deref(), Some(&*kept));
    assert_eq!(store.offset(word, crisislens_model::Topic::RawItems, 0).await.unwrap(), 3);
    assert_eq!(store.user(account.user.id).await.unwrap().unwrap().name, kept);
    let filter = LetterFilter {
        error_class: Some(word.to_owned()),
        consumer: Some(word.to_owned()),
        ..LetterFilter::default()
    };
    let found = store.letters(&filter, 10, None).await.unwrap();
    assert_eq!((found.total, &found.items[0].message), (1, &kept));
}

/// A record of 10 MB goes through whole, as an item's raw data and through the outbox.
pub async fn ten_megabytes_go_through_whole(engine: &dyn Engine) {
    const SIZE: usize = 10 << 20;
    let store = engine.open().await;
    let raw = format!("\"{}\"", "x".repeat(SIZE));
    let mut item = sample::item(1);
    item.raw_data = Some(RawValue::from_string(raw.clone()).unwrap());
    put(&*store, vec![sample::row_of(item.clone())]).await;
    let read = store.item(item.id).await.unwrap().unwrap().raw_data.unwrap();
    assert!(read.get() == raw, "the raw data is the same");

    let mut record = sample::record(1);
    record.value = Some((0..SIZE).map(|n| (n * 7) as u8).collect());
    let mut tx = begin(&*store).await;
    tx.publish(vec![record.clone()], sample::at(0)).await.unwrap();
    tx.commit().await.unwrap();
    let waiting = store.waiting(0, 1).await.unwrap();
    assert!(waiting[0].record == record, "the record is the same");
}

//! Consumers of `dlq`: the index of letters, and that no letter ever makes another.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crisislens_log::LogRecord;
use crisislens_model::{Header, NewRecord, Topic};
use crisislens_state::Tx;
use crisislens_state::dead_letters::{LetterFilter, LetterStatus};
use crisislens_stream::{ApplyError, FailurePolicy, Handler, LetterIndex, Reject, Runner};
use crisislens_testkit::{Engines, quick_policy, until};
use tokio_util::sync::CancellationToken;

use crate::toy::{Toy, record, record_of};

on_both! {
    every_letter_is_noted_with_what_it_says,
    the_same_letters_are_noted_once_though_they_are_read_again,
    a_letter_that_no_consumer_can_work_makes_no_other_letter,
    a_letter_that_cannot_be_noted_waits_and_is_never_given_up,
}

async fn every_letter_is_noted_with_what_it_says(engines: Engines) {
    let toy = Arc::new(Toy::default());
    engines.append(vec![record(1, "fine"), record(2, "panic"), record(3, "fails"), record(4, "never")]).await;
    engines.apply(&toy).await;
    engines.relay_all().await;
    let foreign = NewRecord {
        topic: Topic::Dlq,
        key: b"k".to_vec(),
        value: Some(b"what is this".to_vec()),
        headers: vec![Header::new("cl_attempts", [0xFF])],
    };
    engines.append(vec![foreign]).await;
    engines.apply(&Arc::new(LetterIndex)).await;
    let page = engines.store.letters(&LetterFilter::default(), 10, None).await.unwrap();
    assert_eq!(page.total, 4);
    let records = engines.records(Topic::Dlq).await;
    let mut seen = Vec::new();
    for letter in &page.items {
        let record = records.iter().find(|record| record.offset == letter.offset).unwrap();
        assert_eq!(
            (letter.key.as_slice(), letter.size_bytes),
            (&record.key[..], record.value.as_ref().map_or(0, |value| value.len() as u64))
        );
        assert_eq!(letter.status, LetterStatus::Waiting);
        seen.push((letter.error_class.as_str(), letter.topic, letter.attempts, letter.consumer.as_str()));
    }
    seen.sort_unstable_by_key(|letter| letter.0);
    let raw = Topic::RawItems;
    assert_eq!(
        seen,
        [
            ("failed", raw, 3, "toys/count"),
            ("foreign", Topic::Dlq, 0, ""),
            ("panic", raw, 1, "toys/count"),
            ("unwanted", raw, 1, "toys/count"),
        ]
    );
}

async fn the_same_letters_are_noted_once_though_they_are_read_again(engines: Engines) {
    engines.append(vec![record(1, "panic"), record(1, "panic")]).await;
    engines.apply(&Arc::new(Toy::default())).await;
    engines.relay_all().await;
    engines.apply(&Arc::new(LetterIndex)).await;
    let engines = engines.reopen().await;
    engines.apply(&Arc::new(LetterIndex)).await;
    // One event that died at two places is two letters.
    assert_eq!(engines.store.letters(&LetterFilter::default(), 10, None).await.unwrap().total, 2);
}

/// Reads `dlq` and fails at every letter, in its own way.
struct Clumsy {
    way: Way,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Rejects,
    PanicsOnReading,
    SaysNever,
    Fails,
}

#[async_trait]
impl Handler for Clumsy {
    type Work = ();

    fn group(&self) -> &'static str {
        "clumsy"
    }

    fn stage(&self) -> &'static str {
        match self.way {
            Way::Rejects => "rejects",
            Way::PanicsOnReading => "panics",
            Way::SaysNever => "never",
            Way::Fails => "fails",
        }
    }

    fn topic(&self) -> Topic {
        Topic::Dlq
    }

    fn prepare(&self, _: &LogRecord) -> Result<Option<()>, Reject> {
        match self.way {
            Way::Rejects => Err(Reject::decode("it says nothing to me")),
            Way::PanicsOnReading => panic!("as a handler with a bug might"),
            Way::SaysNever | Way::Fails => Ok(Some(())),
        }
    }

    async fn apply(&self, _: &mut dyn Tx, _: &[()]) -> Result<(), ApplyError> {
        match self.way {
            Way::SaysNever => Err(Reject::invalid("never").into()),
            _ => Err(ApplyError::Failed("it is cursed".to_owned())),
        }
    }
}

async fn a_letter_that_no_consumer_can_work_makes_no_other_letter(engines: Engines) {
    engines.append(vec![record(1, "panic"), record_of("other", 2, "panic")]).await;
    engines.apply(&Arc::new(Toy::default())).await;
    engines.relay_all().await;
    // Where letters cannot be written either, nothing waits: none is to be written.
    engines.gate.set(None, Some("nothing reaches the log".to_owned()));
    for way in [Way::Rejects, Way::PanicsOnReading, Way::SaysNever] {
        engines.apply(&Arc::new(Clumsy { way })).await;
    }
    assert!(engines.store.waiting(0, 10).await.unwrap().is_empty());
    assert_eq!(engines.records(Topic::Dlq).await.len(), 2);
}

async fn a_letter_that_cannot_be_noted_waits_and_is_never_given_up(engines: Engines) {
    engines.append(vec![record(1, "panic")]).await;
    engines.apply(&Arc::new(Toy::default())).await;
    engines.relay_all().await;
    let clumsy = Arc::new(Clumsy { way: Way::Fails });
    let delayed = async || engines.store.delayed(&clumsy.consumer(), Topic::Dlq, 0).await.unwrap();
    for delays in [vec![], vec![Duration::from_secs(10)]] {
        let policy = FailurePolicy { delays, ..quick_policy() };
        let cancel = CancellationToken::new();
        let running = tokio::spawn(Runner { policy, ..engines.runner(&clumsy) }.run(cancel.clone()));
        let before = delayed().await.first().map_or(0, |one| one.failures);
        until("it was tried again and again", async || {
            engines.clock.advance(10);
            delayed().await.first().is_some_and(|one| one.failures > before + 10)
        })
        .await;
        cancel.cancel();
        running.await.unwrap().unwrap();
    }
    assert!(engines.store.waiting(0, 10).await.unwrap().is_empty());
    assert_eq!(engines.records(Topic::Dlq).await.len(), 1);
}

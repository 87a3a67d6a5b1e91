//! Dead letters that are sent again: each once for each decision, whoever asks how often and is killed when.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crisislens_log::{LogError, LogRecord, TopicDefinitions};
use crisislens_model::{EventId, Header, NewRecord, Topic, record as headers};
use crisislens_state::Tx;
use crisislens_state::dead_letters::{Letter, LetterFilter, LetterStatus};
use crisislens_stream::redrive::{Decided, Redrive, RedriveError, Replay};
use crisislens_stream::{ApplyError, Handler, LetterIndex, Reject};
use crisislens_testkit::{Engines, sample};

use crate::toy::{Toy, number, record, record_of};

on_both! {
    a_letter_is_sent_again_once_however_often_it_is_asked_for,
    a_redrive_killed_at_random_moments_and_run_again_sends_every_letter_once,
    who_applied_a_record_without_an_id_does_not_apply_it_again_when_another_gets_it_back,
    a_letter_with_more_headers_than_its_topic_takes_is_not_sent,
    a_letter_can_be_sent_with_another_value_that_its_topic_takes,
    a_discarded_letter_is_never_sent,
    a_letter_that_dies_a_fourth_time_is_parked_until_a_person_sends_it,
    what_cannot_be_sent_says_why_and_nothing_is_decided,
}

fn redrive(engines: &Engines) -> Redrive {
    Redrive {
        store: Arc::clone(&engines.store),
        log: Arc::clone(&engines.log),
        clock: engines.clock.clone(),
        relay: Arc::clone(&engines.wake),
    }
}

/// Lets records die, and notes their letters; those that wait for a decision, oldest first.
async fn noted(engines: &Engines) -> Vec<Letter> {
    engines.apply(&Arc::new(Toy::default())).await;
    engines.relay_all().await;
    engines.apply(&Arc::new(LetterIndex)).await;
    let mut letters = engines.store.letters(&LetterFilter::default(), 1_000, None).await.unwrap().items;
    letters.retain(|letter| matches!(letter.status, LetterStatus::Waiting | LetterStatus::Parked));
    letters.sort_unstable_by_key(|letter| letter.offset);
    letters
}

async fn dead(engines: &Engines, records: Vec<NewRecord>) -> Vec<Letter> {
    engines.append(records).await;
    noted(engines).await
}

async fn status(engines: &Engines, offset: u64) -> LetterStatus {
    engines.store.letter(offset).await.unwrap().unwrap().status
}

/// What was done, oldest first: action, subject, actor.
async fn audit(engines: &Engines) -> Vec<(String, String, String)> {
    let entries = engines.store.audit(1_000, None).await.unwrap().items.into_iter().rev();
    entries.map(|entry| (entry.action, entry.subject, entry.actor)).collect()
}

/// The numbers of `raw-items`, rising.
async fn raw(engines: &Engines) -> Vec<u64> {
    let records = engines.records(Topic::RawItems).await;
    let value = |record: &LogRecord| {
        let text = String::from_utf8(record.value.as_ref().unwrap().to_vec()).unwrap();
        text.split(' ').next().unwrap().parse().unwrap()
    };
    let mut numbers: Vec<u64> = records.iter().map(value).collect();
    numbers.sort_unstable();
    numbers
}

/// The numbers that handlers published, rising, and the keys in their headers' place.
async fn claims(engines: &Engines) -> Vec<u64> {
    let records = engines.records(Topic::Claims).await;
    let mut numbers: Vec<u64> = records.iter().map(|record| number(record.value.as_deref())).collect();
    numbers.sort_unstable();
    numbers
}

async fn a_letter_is_sent_again_once_however_often_it_is_asked_for(engines: Engines) {
    let letters = dead(&engines, vec![record(1, "panic"), record(2, "panic")]).await;
    let (first, second) = (letters[0].offset, letters[1].offset);
    let redrive = redrive(&engines);
    assert_eq!(redrive.replay(first, Replay::default(), "ada").await.unwrap(), Decided::Done);
    let again = redrive.replay(first, Replay::default(), "bob").await.unwrap();
    assert_eq!(again, Decided::Already(LetterStatus::Replayed));

    let asked: Vec<_> = (0..8)
        .map(|place| {
            let redrive = redrive.clone();
            tokio::spawn(async move { redrive.replay(second, Replay::default(), &format!("p{place}")).await })
        })
        .collect();
    let mut done = 0;
    for one in asked {
        done += usize::from(one.await.unwrap().unwrap() == Decided::Done);
    }
    assert_eq!(done, 1);
    engines.relay_all().await;
    assert_eq!(raw(&engines).await, [1, 1, 2, 2], "each once more");
    let audit = audit(&engines).await;
    let expected = ("dlq.replay".to_owned(), format!("dlq/{first}"), "ada".to_owned());
    assert_eq!((audit.len(), &audit[0]), (2, &expected));
}

async fn a_redrive_killed_at_random_moments_and_run_again_sends_every_letter_once(engines: Engines) {
    let count = 40;
    let letters = dead(&engines, (0..count).map(|number| record(number, "panic")).collect()).await;
    assert_eq!(letters.len() as u64, count);
    let mut random = sample::Random(23);
    let mut engines = engines;
    for round in 0..12 {
        let (redrive, offsets) = (redrive(&engines), letters.iter().map(|letter| letter.offset));
        let offsets: Vec<u64> = offsets.collect();
        let running = tokio::spawn(async move {
            for offset in offsets {
                redrive.replay(offset, Replay::default(), "ada").await.unwrap();
            }
        });
        tokio::time::sleep(Duration::from_micros(random.below(20_000))).await;
        running.abort();
        let _ = running.await;
        if round % 6 == 5 {
            engines = engines.reopen().await;
        }
    }
    let redrive = redrive(&engines);
    for letter in &letters {
        redrive.replay(letter.offset, Replay::default(), "ada").await.unwrap();
        assert_eq!(status(&engines, letter.offset).await, LetterStatus::Replayed);
    }
    engines.relay_all().await;
    let twice: Vec<u64> = (0..count).flat_map(|number| [number, number]).collect();
    assert_eq!(raw(&engines).await, twice);
    assert_eq!(audit(&engines).await.len() as u64, count, "one entry for each decision");
}

/// Applies every record of `raw-items`, whatever it says, and publishes its number as 1000 and more.
struct Other;

#[async_trait]
impl Handler for Other {
    type Work = (Vec<u8>, u64);

    fn group(&self) -> &'static str {
        "others"
    }

    fn stage(&self) -> &'static str {
        "count"
    }

    fn topic(&self) -> Topic {
        Topic::RawItems
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<Self::Work>, Reject> {
        let text =
            std::str::from_utf8(record.value.as_deref().unwrap_or_default()).map_err(Reject::decode)?;
        let number = text.split(' ').next().unwrap_or_default().parse::<u64>().map_err(Reject::decode)?;
        Ok(Some((record.key.to_vec(), number + 1000)))
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Self::Work]) -> Result<(), ApplyError> {
        for (key, number) in work {
            let value = Some(number.to_string().into_bytes());
            let record = NewRecord { topic: Topic::Claims, key: key.clone(), value, headers: vec![] };
            tx.publish(vec![record], sample::at(0)).await?;
        }
        Ok(())
    }
}

async fn who_applied_a_record_without_an_id_does_not_apply_it_again_when_another_gets_it_back(
    engines: Engines,
) {
    let bare = NewRecord { headers: vec![], ..record(7, "panic") };
    let letters = dead(&engines, vec![bare, record(8, "panic")]).await;
    engines.apply(&Arc::new(Other)).await;
    let redrive = redrive(&engines);
    for letter in letters {
        let value =
            if letter.origin_offset == 0 && letter.key == record(7, "").key { "7 fine" } else { "8 fine" };
        let replay = Replay { value: Some(value.into()), ..Replay::default() };
        assert_eq!(redrive.replay(letter.offset, replay, "ada").await.unwrap(), Decided::Done);
    }
    engines.relay_all().await;
    engines.apply(&Arc::new(Other)).await;
    assert!(noted(&engines).await.is_empty());
    assert_eq!(claims(&engines).await, [7, 8, 1007, 1008], "each of the two consumers once for each");
}

/// What goes back has two headers more than what died.
async fn a_letter_with_more_headers_than_its_topic_takes_is_not_sent(engines: Engines) {
    let mut full = record(4, "panic");
    let most = TopicDefinitions::max_headers(Topic::RawItems);
    full.headers.extend((full.headers.len()..most).map(|number| Header::new(format!("h{number}"), *b"v")));
    let letter = dead(&engines, vec![full]).await.remove(0);
    let refused = redrive(&engines).replay(letter.offset, Replay::default(), "ada").await;
    assert!(matches!(refused, Err(RedriveError::Log(LogError::TooManyHeaders { .. }))), "{refused:?}");
    assert_eq!(status(&engines, letter.offset).await, LetterStatus::Waiting);
}

async fn a_letter_can_be_sent_with_another_value_that_its_topic_takes(engines: Engines) {
    let letter = dead(&engines, vec![record(3, "panic")]).await.remove(0);
    let redrive = redrive(&engines);
    let limit = engines.log.definitions().get(Topic::RawItems).max_message_bytes;
    let large = Replay { value: Some(vec![b'x'; limit]), ..Replay::default() };
    let refused = redrive.replay(letter.offset, large, "ada").await;
    assert!(matches!(refused, Err(RedriveError::TooLarge { topic: Topic::RawItems, .. })), "{refused:?}");
    assert_eq!(status(&engines, letter.offset).await, LetterStatus::Waiting);

    let edited = Replay { value: Some(b"3 fine".to_vec()), ..Replay::default() };
    assert_eq!(redrive.replay(letter.offset, edited, "ada").await.unwrap(), Decided::Done);
    engines.relay_all().await;
    let sent = engines.records(Topic::RawItems).await.into_iter().find(|one| one.offset == 1).unwrap();
    let original = record(3, "panic");
    assert_eq!((sent.key.to_vec(), sent.value.as_deref()), (original.key, Some(&b"3 fine"[..])));
    assert_eq!(sent.headers[0], original.headers[0], "its own headers are as they were");
    assert_eq!(headers::header(&sent.headers, "cl_redrive_count"), Some("1"));
    assert_eq!(headers::header(&sent.headers, "cl_event_id"), Some(&*letter.event_id.to_string()));
    assert!(headers::header(&sent.headers, "cl_error_msg").is_none());
    assert!(noted(&engines).await.is_empty());
    assert_eq!(claims(&engines).await, [3]);
    let entry = engines.store.audit(1, None).await.unwrap().items.remove(0);
    assert_eq!((&entry.detail["edited"], &entry.detail["redrive"]), (&true.into(), &1.into()));
}

async fn a_discarded_letter_is_never_sent(engines: Engines) {
    let letter = dead(&engines, vec![record(3, "panic")]).await.remove(0);
    let redrive = redrive(&engines);
    assert_eq!(redrive.discard(letter.offset, "a test of somebody", "ada").await.unwrap(), Decided::Done);
    let discarded = Decided::Already(LetterStatus::Discarded);
    assert_eq!(redrive.replay(letter.offset, Replay::default(), "bob").await.unwrap(), discarded);
    let parked_too = Replay { parked_too: true, ..Replay::default() };
    assert_eq!(redrive.replay(letter.offset, parked_too, "bob").await.unwrap(), discarded);
    assert_eq!(redrive.discard(letter.offset, "again", "bob").await.unwrap(), discarded);
    engines.relay_all().await;
    assert_eq!(raw(&engines).await, [3]);
    let found = engines.store.letter(letter.offset).await.unwrap().unwrap();
    assert_eq!(found.decided_by.as_deref(), Some("ada"));
    let entries = engines.store.audit(10, None).await.unwrap().items;
    assert_eq!((entries.len(), &entries[0].detail["reason"]), (1, &"a test of somebody".into()));
}

async fn a_letter_that_dies_a_fourth_time_is_parked_until_a_person_sends_it(engines: Engines) {
    engines.append(vec![record(3, "panic")]).await;
    let redrive = redrive(&engines);
    for round in 0..3 {
        let letter = noted(&engines).await.remove(0);
        assert_eq!((letter.redrive_count, letter.status), (round, LetterStatus::Waiting));
        assert_eq!(letter.event_id, EventId(crisislens_model::id::named("toy", "3")), "it is the same event");
        assert_eq!(redrive.replay(letter.offset, Replay::default(), "ada").await.unwrap(), Decided::Done);
        engines.relay_all().await;
    }
    let parked = noted(&engines).await.remove(0);
    assert_eq!((parked.redrive_count, parked.status), (3, LetterStatus::Parked));
    let again = redrive.replay(parked.offset, Replay::default(), "ada").await.unwrap();
    assert_eq!(again, Decided::Already(LetterStatus::Parked));
    let by_hand = Replay { value: Some(b"3 fine".to_vec()), parked_too: true };
    assert_eq!(redrive.replay(parked.offset, by_hand, "ada").await.unwrap(), Decided::Done);
    engines.relay_all().await;
    assert!(noted(&engines).await.is_empty());
    assert_eq!(claims(&engines).await, [3]);
}

async fn what_cannot_be_sent_says_why_and_nothing_is_decided(engines: Engines) {
    let foreign = NewRecord { topic: Topic::Dlq, headers: vec![], ..record_of("k", 1, "fine") };
    let letter = dead(&engines, vec![foreign]).await.remove(0);
    let redrive = redrive(&engines);
    let unknown = redrive.replay(99, Replay::default(), "ada").await;
    assert!(matches!(unknown, Err(RedriveError::Unknown(99))), "{unknown:?}");
    let refused = redrive.replay(letter.offset, Replay::default(), "ada").await;
    assert!(matches!(refused, Err(RedriveError::Foreign(offset)) if offset == letter.offset), "{refused:?}");
    assert_eq!(status(&engines, letter.offset).await, LetterStatus::Waiting);
    assert!(audit(&engines).await.is_empty());
    assert_eq!(redrive.discard(letter.offset, "not ours", "ada").await.unwrap(), Decided::Done);
}

//! Dead letters and the audit log.

use crisislens_model::{Topic, id};

use super::{Engine, all_pages, begin, sample};
use crate::Store;
use crate::audit::AuditEntry;
use crate::dead_letters::{Letter, LetterCount, LetterFilter, LetterStatus};

/// Whether a letter is what a filter asks for.
type Matches = fn(&Letter) -> bool;

/// The letter at offset `n`: two topics, three classes, an event of its own, failed at second `n`.
pub(super) fn letter(n: u64) -> Letter {
    Letter {
        offset: n,
        event_id: sample::event(n),
        topic: [Topic::RawItems, Topic::Alerts][n as usize % 2],
        partition: 3,
        origin_offset: 1000 + n,
        key: vec![0, 255, n as u8],
        consumer: format!("group/stage {}", n % 2),
        stage: "decode".to_owned(),
        error_class: ["decode", "invalid", "failed"][n as usize % 3].to_owned(),
        message: "expected `,` at line 1 — \"näh\"".to_owned(),
        attempts: 4,
        first_failed_at: sample::at(n),
        last_failed_at: sample::at(n + 10),
        size_bytes: 10_000_000_000,
        redrive_count: 2,
        status: LetterStatus::Waiting,
        decided_at: None,
        decided_by: None,
    }
}

async fn put(store: &dyn Store, letters: &[Letter]) {
    let mut tx = begin(store).await;
    tx.put_letters(letters).await.unwrap();
    tx.commit().await.unwrap();
}

async fn decide(store: &dyn Store, offset: u64, from: LetterStatus, to: LetterStatus, at: u64) -> bool {
    let mut tx = begin(store).await;
    let moved = tx.decide_letter(offset, from, to, sample::at(at), "anna").await.unwrap();
    tx.commit().await.unwrap();
    moved
}

/// Letters come newest first, page by page, by everything a filter can ask for.
pub async fn letters_are_paged_and_filtered(engine: &dyn Engine) {
    let store = engine.open().await;
    let letters: Vec<Letter> = (0..100).map(letter).collect();
    put(&*store, &letters).await;
    let filters: Vec<(LetterFilter, Matches)> = vec![
        (LetterFilter::default(), |_| true),
        (LetterFilter { topic: Some(Topic::Alerts), ..LetterFilter::default() }, |one| {
            one.topic == Topic::Alerts
        }),
        (LetterFilter { error_class: Some("failed".to_owned()), ..LetterFilter::default() }, |one| {
            one.error_class == "failed"
        }),
        (LetterFilter { consumer: Some("group/stage 0".to_owned()), ..LetterFilter::default() }, |one| {
            one.consumer == "group/stage 0"
        }),
        (LetterFilter { event_id: Some(sample::event(7)), ..LetterFilter::default() }, |one| one.offset == 7),
        (
            LetterFilter {
                since: Some(sample::at(30)),
                until: Some(sample::at(40)),
                ..LetterFilter::default()
            },
            |one| (20..30).contains(&one.offset),
        ),
        (LetterFilter { offsets: vec![5, 99, 500, 0], ..LetterFilter::default() }, |one| {
            [5, 99, 0].contains(&one.offset)
        }),
        (LetterFilter { status: vec![LetterStatus::Discarded], ..LetterFilter::default() }, |_| false),
        (
            LetterFilter {
                topic: Some(Topic::RawItems),
                error_class: Some("decode".to_owned()),
                status: vec![LetterStatus::Waiting, LetterStatus::Parked],
                ..LetterFilter::default()
            },
            |one| one.offset % 6 == 0,
        ),
    ];
    for (filter, matches) in filters {
        let mut expected: Vec<&Letter> = letters.iter().filter(|one| matches(one)).collect();
        expected.reverse();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.letters(&filter, 7, after).await.unwrap();
            assert!(page.items.len() <= 7);
            assert_eq!(page.total, expected.len() as u64, "{filter:?}");
            found.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
        expected.reverse();
        go_through(&*store, &filter, &expected).await;
    }
    assert_eq!(store.letter(7).await.unwrap(), Some(letter(7)));
    assert_eq!(store.letter(500).await.unwrap(), None);
}

/// Whether the letters that `filter` asks for come oldest first, with the number of those that are left.
async fn go_through(store: &dyn Store, filter: &LetterFilter, expected: &[&Letter]) {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let left = (expected.len() - found.len()) as u64;
        assert_eq!(store.letters_after(filter, 0, after).await.unwrap().total, left, "{filter:?}");
        let page = store.letters_after(filter, 7, after).await.unwrap();
        assert!(page.items.len() <= 7 && page.total == left, "{filter:?}: {}", page.total);
        found.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
}

/// A decision moves a letter once, says who made it, and stays when the letter is noted again.
pub async fn a_letter_is_decided_once_from_where_it_stands(engine: &dyn Engine) {
    use LetterStatus::{Discarded, Parked, Replayed, Waiting};
    let store = engine.open().await;
    put(&*store, &(0..4).map(letter).collect::<Vec<_>>()).await;
    assert!(decide(&*store, 1, Waiting, Replayed, 50).await);
    assert!(!decide(&*store, 1, Waiting, Replayed, 60).await, "it is replayed already");
    assert!(decide(&*store, 2, Waiting, Parked, 50).await);
    assert!(decide(&*store, 2, Parked, Discarded, 70).await);
    assert!(!decide(&*store, 500, Waiting, Discarded, 50).await, "there is none");
    put(&*store, &(0..5).map(letter).collect::<Vec<_>>()).await;

    let decided = |n: u64, status: LetterStatus, at: u64| Letter {
        status,
        decided_at: Some(sample::at(at)),
        decided_by: Some("anna".to_owned()),
        ..letter(n)
    };
    let all = store.letters(&LetterFilter::default(), 10, None).await.unwrap().items;
    let expected = [letter(4), letter(3), decided(2, Discarded, 70), decided(1, Replayed, 50), letter(0)];
    assert_eq!(all, expected);
    let count = |topic: Topic, class: &str, status: LetterStatus, letters: u64, oldest: u64| LetterCount {
        topic,
        error_class: class.to_owned(),
        status,
        letters,
        oldest: sample::at(oldest),
    };
    assert_eq!(
        store.letter_counts().await.unwrap(),
        [
            count(Topic::Alerts, "decode", Waiting, 1, 13),
            count(Topic::Alerts, "invalid", Replayed, 1, 11),
            count(Topic::RawItems, "decode", Waiting, 1, 10),
            count(Topic::RawItems, "failed", Discarded, 1, 12),
            count(Topic::RawItems, "invalid", Waiting, 1, 14),
        ]
    );
}

/// What was done is listed newest first, and an entry that comes again is one.
pub async fn what_was_done_is_kept_newest_first(engine: &dyn Engine) {
    let store = engine.open().await;
    let entry = |n: u64| AuditEntry {
        id: id::named("audit", &n.to_string()),
        at: sample::at(n / 2),
        actor: "anna".to_owned(),
        action: "dlq.replay".to_owned(),
        subject: format!("dlq/{n}"),
        detail: serde_json::json!({ "edited": n.is_multiple_of(2), "why": "the \"bridge\"" }),
    };
    let mut tx = begin(&*store).await;
    for n in 0..9 {
        tx.record_audit(&entry(n)).await.unwrap();
    }
    tx.record_audit(&AuditEntry { actor: "mallory".to_owned(), ..entry(4) }).await.unwrap();
    tx.commit().await.unwrap();
    let mut expected: Vec<AuditEntry> = (0..9).map(entry).collect();
    expected.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.id)));
    assert_eq!(all_pages(4, 9, async |after| store.audit(4, after).await.unwrap()).await, expected);
}

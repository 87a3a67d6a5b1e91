//! Items: put, known, read, paged, joined, edited.

use std::collections::BTreeSet;

use crisislens_model::{
    HazardGuess, HazardType, IncidentId, Item, ItemCorrection, ItemFilter, ItemId, ItemStatus, JoinedItem,
    PutRight, Relevance, RiskLevel, Severity, id,
};

use super::{Engine, begin, put, sample};
use crate::StateError;
use crate::items::{Found, ItemEdit, ItemRow, KnownItem};

/// An item reads back as it was put; only reading it alone brings its raw data, byte for byte.
pub async fn an_item_reads_back_and_its_raw_data_only_alone(engine: &dyn Engine) {
    let store = engine.open().await;
    let rows: Vec<ItemRow> = (0..151).map(sample::row).collect();
    put(&*store, rows.clone()).await;
    for row in &rows {
        let read = store.item(row.item.id).await.unwrap().unwrap();
        assert_eq!(sample::json(&read), sample::json(&row.item));
        let bytes = |item: &Item| item.raw_data.as_ref().map(|data| data.get().to_owned());
        assert_eq!(bytes(&read), bytes(&row.item));
    }
    let page = store.list_items(&ItemFilter::default(), 1000, None).await.unwrap();
    assert_eq!((page.total, page.items.len(), page.next), (151, 151, None));
    assert!(page.items.iter().all(|item| item.raw_data.is_none()));
    let asked = [rows[150].item.id, ItemId::of("nobody", "0"), rows[3].item.id, rows[77].item.id];
    let (found, looked_for) = store.items_by_id(&asked).await.unwrap();
    assert_eq!(looked_for, 4);
    assert_eq!(found.iter().map(|item| item.id).collect::<Vec<_>>(), [asked[0], asked[2], asked[3]]);
    assert!(found.iter().all(|item| item.raw_data.is_none()));
    assert!(store.item(asked[1]).await.unwrap().is_none());
}

/// A revision takes the place of the one before, in lists, in counts and in its document.
pub async fn a_revision_keeps_one_row(engine: &dyn Engine) {
    let store = engine.open().await;
    put(&*store, (0..10).map(sample::row).collect()).await;
    let revised = Item {
        text: "It was the other river".to_owned(),
        status: ItemStatus::Verified,
        location: None,
        raw_data: None,
        timestamp: sample::at(500),
        revision: 2,
        version: 3,
        ..sample::item(4)
    };
    put(&*store, vec![sample::row_of(revised.clone())]).await;
    let page = store.list_items(&ItemFilter::default(), 100, None).await.unwrap();
    assert_eq!((page.total, page.items.len()), (10, 10));
    assert_eq!(sample::json(&page.items[0]), sample::json(&revised), "it is now the newest");
    assert_eq!(sample::json(&store.item(revised.id).await.unwrap()), sample::json(&Some(revised)));
    let facets = store.facets(&ItemFilter::default()).await.unwrap();
    assert_eq!((facets["status"]["new"], facets["status"]["verified"], facets["country"]["FJ"]), (9, 1, 9));
}

/// A worker learns inside the transaction what it must keep of an item, and of the uncommitted too.
pub async fn a_worker_knows_what_it_must_keep(engine: &dyn Engine) {
    let store = engine.open().await;
    let item = Item {
        tags: vec!["bridge".to_owned(), "\"'; --".to_owned()],
        status: ItemStatus::InReview,
        assignee: Some(sample::user_id(1)),
        incident_id: Some(sample::incident(1).id),
        duplicate_of: Some(sample::item(2).id),
        corrected: Some(put_right()),
        revision: 3,
        version: 9,
        ..sample::item(1)
    };
    let mut tx = begin(&*store).await;
    tx.put_items(vec![sample::row_of(item.clone()), sample::row(2)]).await.unwrap();
    let known = tx.known_items(&[item.id, sample::item(2).id, sample::item(3).id]).await.unwrap();
    assert_eq!(known.len(), 2);
    let KnownItem {
        content_hash,
        revision,
        version,
        status,
        assignee,
        tags,
        incident_id,
        duplicate_of,
        counts_for,
        source_kind: _,
        corrected,
    } = known[&item.id].clone();
    assert_eq!((content_hash, revision, version, status), ([3; 32], 3, 9, ItemStatus::InReview));
    assert_eq!((assignee, incident_id, duplicate_of), (item.assignee, item.incident_id, item.duplicate_of));
    assert_eq!((tags, counts_for), (item.tags, None));
    assert_eq!(corrected, item.corrected);
    let other = &known[&sample::item(2).id];
    assert_eq!((other.revision, other.version, other.tags.len(), other.incident_id), (1, 1, 0, None));
}

fn put_right() -> PutRight {
    let to =
        ItemCorrection { location: Some(None), severity: Some(Severity::Low), ..ItemCorrection::default() };
    PutRight { to, by: sample::user_id(1), at: sample::at(5) }
}

/// What people put right is what filters see from then on.
pub async fn a_correction_moves_what_is_filtered_by(engine: &dyn Engine) {
    let store = engine.open().await;
    put(&*store, vec![sample::row(1)]).await;
    let before = sample::item(1);
    let found = Found {
        corrected: Some(put_right()),
        language: before.language.clone(),
        hazard: HazardGuess { kind: HazardType::Landslide, confidence: 1.0, why: Vec::new() },
        relevance: Some(Relevance { informative: false, probability: 0.0 }),
        humanitarian: None,
        location: None,
        severity: Severity::Critical,
        severity_why: "so they say".to_owned(),
        risk_score: 0.875,
        risk_parts: Vec::new(),
        risk_level: RiskLevel::High,
    };
    let edit = ItemEdit { found: Some(Box::new(found)), ..ItemEdit::default() };
    let mut tx = begin(&*store).await;
    let edited = tx.edit_item(before.id, before.version, &edit).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let read = store.item(before.id).await.unwrap().unwrap();
    assert_eq!(sample::json(&edited), sample::json(&Item { raw_data: None, ..read.clone() }));
    assert_eq!((read.relevance.unwrap().informative, read.humanitarian), (false, None));
    assert_eq!((read.corrected, read.status), (Some(put_right()), before.status));
    let count = async |filter: ItemFilter| store.list_items(&filter, 9, None).await.unwrap().total;
    assert_eq!(count(ItemFilter { hazard: vec![HazardType::Landslide], ..ItemFilter::default() }).await, 1);
    assert_eq!(count(ItemFilter { hazard: vec![before.hazard.kind], ..ItemFilter::default() }).await, 0);
    assert_eq!(count(ItemFilter { min_risk: Some(0.875), ..ItemFilter::default() }).await, 1);
    assert!(store.grid(&ItemFilter::default(), 2.0, 9).await.unwrap().is_empty(), "it is nowhere");
}

/// The original of a text is the oldest item of the same source that repeats none itself.
pub async fn the_original_of_a_text_is_the_oldest_of_its_source(engine: &dyn Engine) {
    let store = engine.open().await;
    let row = |n: u64, source: &str, fingerprint: u64, duplicate_of: Option<ItemId>| ItemRow {
        item: Item { source: source.to_owned(), duplicate_of, ..sample::item(n) },
        content_hash: [0; 32],
        fingerprint: Some(fingerprint),
    };
    let first = sample::item(1).id;
    // The highest bit must survive a signed column.
    let high = u64::MAX - 5;
    put(&*store, vec![row(1, "a", high, None)]).await;
    put(&*store, vec![row(2, "a", high, Some(first)), row(3, "b", high, None), row(4, "a", high, None)])
        .await;
    put(&*store, vec![row(5, "a", 6, Some(first))]).await;
    let asked: Vec<(String, u64)> = [("a", high), ("b", high), ("a", 6), ("c", high)]
        .map(|(name, print)| (name.to_owned(), print))
        .into();
    let mut tx = begin(&*store).await;
    let originals = tx.originals(&asked).await.unwrap();
    assert_eq!(originals.get(&asked[0]), Some(&first));
    assert_eq!(originals.get(&asked[1]), Some(&sample::item(3).id));
    assert_eq!((originals.get(&asked[2]), originals.get(&asked[3])), (None, None));
}

/// Someone who pages while items come in sees each item that was there once, whatever is added where.
pub async fn pages_stay_whole_while_items_are_added(engine: &dyn Engine) {
    let store = engine.open().await;
    // Twelve items to a second: the cursor must tell items of one instant apart.
    let item = |n: u64, second: u64| Item { timestamp: sample::at(second), ..sample::item(n) };
    let there: Vec<Item> = (0..120).map(|n| item(n, 100 + n / 12)).collect();
    put(&*store, there.iter().cloned().map(sample::row_of).collect()).await;
    let (mut seen, mut after) = (Vec::new(), None);
    for round in 0.. {
        let page = store.list_items(&ItemFilter::default(), 7, after).await.unwrap();
        seen.extend(page.items.iter().map(|item| item.id));
        after = page.next;
        if after.is_none() {
            break;
        }
        let (newer, among) = (item(1000 + round, 900), item(2000 + round, 100 + round % 10));
        put(&*store, vec![sample::row_of(newer), sample::row_of(among)]).await;
    }
    let once: BTreeSet<ItemId> = seen.iter().copied().collect();
    assert_eq!(once.len(), seen.len(), "nothing comes twice");
    assert!(there.iter().all(|item| once.contains(&item.id)), "nothing that was there is missing");
    assert!(!once.contains(&sample::item(1000).id), "what is newer than the first page does not come");
}

/// Reading all by rising id comes by each item once, without raw data.
pub async fn every_item_is_read_once_by_rising_id(engine: &dyn Engine) {
    let store = engine.open().await;
    assert_eq!(store.item_count().await.unwrap(), 0);
    let mut expected: Vec<Item> = (0..100).map(|n| Item { raw_data: None, ..sample::item(n) }).collect();
    expected.sort_by_key(|item| item.id);
    put(&*store, (0..100).map(sample::row).collect()).await;
    assert_eq!(store.item_count().await.unwrap(), 100);
    let mut read: Vec<Item> = Vec::new();
    loop {
        let page = store.items_after(read.last().map(|item| item.id), 30).await.unwrap();
        assert!(page.len() <= 30);
        if page.is_empty() {
            break;
        }
        read.extend(page);
    }
    assert_eq!(sample::json(&read), sample::json(&expected));
}

/// A page of large items is short, and the next one goes on behind it.
pub async fn large_items_are_read_a_few_at_a_time(engine: &dyn Engine) {
    let store = engine.open().await;
    let large = |n| sample::row_of(Item { text: "x".repeat(1 << 20), ..sample::item(n) });
    put(&*store, (0..12).map(large).collect()).await;
    let (mut read, mut pages) = (BTreeSet::new(), Vec::new());
    loop {
        let page = store.items_after(read.last().copied(), 100).await.unwrap();
        pages.push(page.len());
        if page.is_empty() {
            break;
        }
        read.extend(page.iter().map(|item| item.id));
    }
    assert_eq!(read.len(), 12);
    assert!(pages.iter().all(|page| *page <= 5), "{pages:?}");

    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = store.list_items(&ItemFilter::default(), 100, after).await.unwrap();
        assert!(page.total == 12 && page.items.len() <= 5, "{}", page.items.len());
        listed.extend(page.items.iter().map(|item| item.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed.len(), 12);
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), read);

    let (mut found, mut left) = (Vec::new(), listed.as_slice());
    while !left.is_empty() {
        let (items, looked_for) = store.items_by_id(left).await.unwrap();
        assert!((1..=5).contains(&looked_for), "{looked_for}");
        found.extend(items.iter().map(|item| item.id));
        left = &left[looked_for..];
    }
    assert_eq!(found, listed);
}

/// Joining raises the version, is seen wherever the item is, and answers in the order asked.
pub async fn joining_an_incident_raises_the_version(engine: &dyn Engine) {
    let store = engine.open().await;
    put(&*store, (0..100).map(sample::row).collect()).await;
    let incident = IncidentId(id::named("incident", "x"));
    let ids = [sample::item(70).id, sample::item(3).id, ItemId::of("nobody", "0"), sample::item(99).id];
    let mut tx = begin(&*store).await;
    let joined = tx.join_incident(&ids.map(|id| (id, incident))).await.unwrap();
    tx.commit().await.unwrap();
    let expected = [ids[0], ids[1], ids[3]].map(|id| JoinedItem { id, version: 2 });
    assert_eq!(joined, expected);
    let item = store.item(ids[0]).await.unwrap().unwrap();
    assert_eq!((item.incident_id, item.version, item.revision), (Some(incident), 2, 1));
    let filter = ItemFilter { incident: Some(incident), ..ItemFilter::default() };
    let listed = store.list_items(&filter, 10, None).await.unwrap();
    assert_eq!((listed.total, listed.items[0].version, listed.items[0].incident_id), (3, 2, Some(incident)));
}

/// An edit wants the version it was made against, changes only what it names, and says what the item now is.
pub async fn an_edit_of_an_older_version_is_refused(engine: &dyn Engine) {
    let store = engine.open().await;
    put(&*store, vec![sample::row(1)]).await;
    let id = sample::item(1).id;
    let tag = ItemEdit { tags: Some(vec!["bridge".to_owned()]), ..ItemEdit::default() };
    let verify = ItemEdit { status: Some(ItemStatus::Verified), ..ItemEdit::default() };

    let mut tx = begin(&*store).await;
    let edited = tx.edit_item(id, 1, &tag).await.unwrap().unwrap();
    assert_eq!(
        (edited.version, edited.status, &edited.tags[..]),
        (2, ItemStatus::New, &["bridge".to_owned()][..])
    );
    assert!(tx.edit_item(ItemId::of("nobody", "0"), 1, &tag).await.unwrap().is_none());
    tx.commit().await.unwrap();

    let mut tx = begin(&*store).await;
    let refused = tx.edit_item(id, 1, &verify).await;
    assert!(matches!(refused, Err(StateError::VersionConflict { current: 2 })), "{refused:?}");
    drop(tx);

    let mut tx = begin(&*store).await;
    let edited = tx.edit_item(id, 2, &verify).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let read = store.item(id).await.unwrap().unwrap();
    assert_eq!((read.version, read.status, read.revision), (3, ItemStatus::Verified, 1));
    assert_eq!(read.tags, ["bridge"], "what an edit does not name stays");
    assert!(read.raw_data.is_some(), "an edit leaves the raw data");
    assert_eq!(sample::json(&edited), sample::json(&Item { raw_data: None, ..read }));
    let verified = ItemFilter { status: vec![ItemStatus::Verified], ..ItemFilter::default() };
    assert_eq!(store.list_items(&verified, 10, None).await.unwrap().total, 1);
}

//! Incidents and alerts.

use crisislens_model::incident::Voices;
use crisislens_model::{
    Alert, AlertId, ExerciseId, HazardType, Incident, IncidentId, IncidentStatus, Item, ItemFilter, ItemId,
    Severity, SourceKind,
};

use super::{Engine, all_pages, begin, sample};
use crate::alerts::AlertFilter;
use crate::incidents::{Figures, IncidentFilter, IncidentIndex, MAX_KEY_INCIDENTS, size};
use crate::{Cursor, Store};

async fn put(store: &dyn Store, incidents: &[Incident]) {
    let mut tx = begin(store).await;
    tx.put_incidents(incidents).await.unwrap();
    tx.commit().await.unwrap();
}

fn ids(incidents: &[Incident]) -> Vec<IncidentId> {
    incidents.iter().map(|incident| incident.id).collect()
}

/// Incidents come last seen first, page by page, by status and hazard; writing one again leaves one.
pub async fn incidents_are_paged_and_filtered(engine: &dyn Engine) {
    let store = engine.open().await;
    let status =
        |n: u64| [IncidentStatus::Open, IncidentStatus::Monitoring, IncidentStatus::Closed][n as usize % 3];
    // Two to a second, so that the id decides between them.
    let mut incidents: Vec<Incident> = (0..30)
        .map(|n| Incident { status: status(n / 3), last_seen: sample::at(n / 2), ..sample::incident(n) })
        .collect();
    put(&*store, &incidents).await;
    incidents[5].title = "Renamed".to_owned();
    incidents[5].last_seen = sample::at(99);
    incidents[5].version = 2;
    put(&*store, &incidents[5..6]).await;
    assert_eq!(store.incident(incidents[5].id).await.unwrap().as_ref(), Some(&incidents[5]));
    assert_eq!(store.incident(sample::incident(99).id).await.unwrap(), None);

    incidents.sort_by_key(|incident| std::cmp::Reverse((incident.last_seen, incident.id)));
    for status in [None, Some(IncidentStatus::Open), Some(IncidentStatus::Closed)] {
        for hazard in [None, Some(HazardType::Flood), Some(HazardType::Volcano)] {
            let wanted: Vec<Incident> = incidents
                .iter()
                .filter(|incident| status.is_none_or(|status| incident.status == status))
                .filter(|incident| hazard.is_none_or(|hazard| incident.hazard == hazard))
                .cloned()
                .collect();
            let filter = IncidentFilter { status, hazard, ..IncidentFilter::default() };
            let pages = all_pages(4, wanted.len() as u64, async |after| {
                store.list_incidents(&filter, 4, after).await.unwrap()
            });
            assert_eq!(ids(&pages.await), ids(&wanted), "{status:?} {hazard:?}");
        }
    }
}

fn index(n: u64, keys: &[u64], due: Option<u64>) -> IncidentIndex {
    IncidentIndex { id: sample::incident(n).id, keys: keys.to_vec(), due: due.map(sample::at) }
}

/// A worker finds incidents by the keys that they were kept under last, those that stand first, the largest of each key.
pub async fn incidents_are_found_by_their_keys(engine: &dyn Engine) {
    let store = engine.open().await;
    let merged = Incident { merged_into: Some(sample::incident(1).id), ..sample::incident(9) };
    put(&*store, &[sample::incident(1), sample::incident(4), sample::incident(5), merged.clone()]).await;
    let mut tx = begin(&*store).await;
    tx.index_incidents(&[index(1, &[7, u64::MAX], None), index(4, &[7], None), index(9, &[u64::MAX], None)])
        .await
        .unwrap();
    assert_eq!(
        ids(&tx.find_incidents(&[7]).await.unwrap()),
        [sample::incident(4).id, sample::incident(1).id]
    );
    assert_eq!(tx.find_incidents(&[u64::MAX]).await.unwrap(), [sample::incident(1), merged]);
    assert_eq!(tx.find_incidents(&[7, u64::MAX, 8]).await.unwrap().len(), 3);
    assert!(tx.find_incidents(&[]).await.unwrap().is_empty());
    let [one, four, nine] = [1, 4, 9].map(|n| sample::incident(n).id);
    assert_eq!(ids(&tx.glance_at_incidents(&[7], &[]).await.unwrap()), [four, one]);
    let unknown = sample::incident(99).id;
    assert_eq!(
        ids(&tx.glance_at_incidents(&[7, 8], &[four, nine, unknown]).await.unwrap()),
        [four, one, nine]
    );
    assert!(tx.glance_at_incidents(&[], &[]).await.unwrap().is_empty());
    tx.index_incidents(&[index(4, &[8], None)]).await.unwrap();
    assert_eq!(ids(&tx.find_incidents(&[7]).await.unwrap()), [sample::incident(1).id]);
    let found = tx.find_incidents(&[7, 8, u64::MAX]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.incidents_of_keys(&[u64::MAX, 8, 7, 7]).await.unwrap(), found);
    assert_eq!((found.len(), store.incidents_of_keys(&[]).await.unwrap().len()), (3, 0));

    let many = MAX_KEY_INCIDENTS as u64 + 8;
    let sized = |n: u64| Incident { item_count: n, ..sample::incident(100 + n) };
    put(&*store, &(0..many).map(sized).collect::<Vec<_>>()).await;
    let mut tx = begin(&*store).await;
    tx.index_incidents(&(0..many).map(|n| index(100 + n, &[70], None)).collect::<Vec<_>>()).await.unwrap();
    let found = tx.find_incidents(&[70]).await.unwrap();
    assert_eq!(found.len(), MAX_KEY_INCIDENTS);
    tx.commit().await.unwrap();
    assert_eq!(store.incidents_of_keys(&[70]).await.unwrap(), found);
    assert!(found.iter().all(|incident| incident.item_count >= 8), "the largest are found");
    let listed = store.list_incidents(&IncidentFilter::default(), 1, None).await.unwrap();
    assert_eq!(listed.total, 3 + many, "what was merged is not listed");
}

/// How large an incident is stands beside its keys, whoever writes it and in whatever order.
pub async fn the_largest_of_a_key_are_those_that_have_grown(engine: &dyn Engine) {
    let store = engine.open().await;
    let many = 3 * MAX_KEY_INCIDENTS as u64;
    let sized = |n: u64, items: u64| Incident { item_count: items, ..sample::incident(n) };
    put(&*store, &(0..many).map(|n| sized(n, 1)).collect::<Vec<_>>()).await;
    let mut tx = begin(&*store).await;
    let keys = |n: u64| if n.is_multiple_of(2) { vec![7, u64::MAX] } else { vec![7] };
    tx.index_incidents(&(0..many).map(|n| index(n, &keys(n), None)).collect::<Vec<_>>()).await.unwrap();
    // One in three grows after it has got its keys: 2, 4, 8 … items, one more than can be told apart.
    let grown: Vec<u64> = (0..many).step_by(3).collect();
    let items = |n: u64| 2_u64.pow(1 + n as u32 / 3 % 30);
    tx.put_incidents(&grown.iter().map(|n| sized(*n, items(*n))).collect::<Vec<_>>()).await.unwrap();
    let mut found = ids(&tx.find_incidents(&[7]).await.unwrap());
    found.sort_unstable();
    let mut wanted: Vec<IncidentId> = grown.iter().map(|n| sample::incident(*n).id).collect();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "{MAX_KEY_INCIDENTS} have grown");
    let even = tx.find_incidents(&[u64::MAX]).await.unwrap();
    let large = |incident: &Incident| incident.item_count > 1;
    assert_eq!((even.len(), even.iter().filter(|one| large(one)).count()), (MAX_KEY_INCIDENTS, 16));
    // One that gets other keys keeps its size, and one that shrinks loses it.
    tx.index_incidents(&[index(0, &[70], None), index(1, &[70], None)]).await.unwrap();
    tx.put_incidents(&[sized(3, 0), sized(1, u64::MAX >> 1)]).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = begin(&*store).await;
    let found = ids(&tx.find_incidents(&[7]).await.unwrap());
    assert!(!found.contains(&sample::incident(3).id) && !found.contains(&sample::incident(0).id));
    assert_eq!(tx.find_incidents(&[70]).await.unwrap().len(), 2);
    assert_eq!((size(0), size(1), size(2), size(3), size(4)), (0, 1, 2, 2, 3));
    assert_eq!((size(1 << 23), size((1 << 23) - 1), size(u64::MAX)), (24, 23, 24));
}

/// What all items of an incident say together, read page by page or at once.
pub async fn an_incidents_items_are_paged_and_summed(engine: &dyn Engine) {
    let store = engine.open().await;
    let one = sample::incident(1).id;
    let voices = [SourceKind::Official, SourceKind::Media, SourceKind::Social, SourceKind::Social];
    // Three to a second, so that the id decides between them; what a text says of voices is no voice.
    let of = |n: u64| Item {
        incident_id: Some(one),
        timestamp: sample::at(n / 3),
        source_kind: voices[n as usize % 4],
        text: r#"{"source_kind":"official"}"#.to_owned(),
        severity: Severity::ALL[n as usize % 3],
        risk_score: n as f64 / 100.0,
        ..sample::item(n)
    };
    let mut tx = begin(&*store).await;
    tx.put_items((0..40).map(|n| sample::row_of(of(n))).collect()).await.unwrap();
    tx.put_items(vec![sample::row(99)]).await.unwrap();
    let mut wanted: Vec<Item> = (0..40).map(of).collect();
    wanted.sort_by_key(|item| (item.timestamp, item.id));
    for limit in [1, 7, 40, 99] {
        let mut read: Vec<Item> = Vec::new();
        loop {
            let after = read.last().map(|item| Cursor { at: item.timestamp, id: item.id.0 });
            let page = tx.items_of_incident(one, limit, after).await.unwrap();
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        let ids = |items: &[Item]| items.iter().map(|item| item.id).collect::<Vec<_>>();
        assert_eq!(ids(&read), ids(&wanted), "by {limit}");
    }
    let figures = Figures {
        voices: Voices { official: 10, media: 10, social: 20 },
        first_seen: sample::at(0),
        last_seen: sample::at(13),
        severity: Severity::ALL[2],
        risk_score: 0.39,
    };
    assert_eq!(tx.figures_of_incident(one).await.unwrap(), Some(figures));
    assert_eq!(tx.figures_of_incident(sample::incident(2).id).await.unwrap(), None);
}

/// A copy counts for one item at most, and with that for its incident.
pub async fn copies_count_for_what_they_were_counted_for(engine: &dyn Engine) {
    let store = engine.open().await;
    let [one, two] = [sample::incident(1).id, sample::incident(2).id];
    let id = |n: u64| sample::item(n).id;
    let original = |n: u64, incident| Item { incident_id: Some(incident), ..sample::item(n) };
    let copy = |n: u64| Item { duplicate_of: Some(id(1)), ..sample::item(n) };
    let mut tx = begin(&*store).await;
    let items = [original(1, one), original(2, one), original(3, two), copy(4), copy(5), copy(6)];
    tx.put_items(items.map(sample::row_of).into()).await.unwrap();
    assert_eq!(tx.copies_of_incident(one).await.unwrap(), 0, "none was counted");
    tx.count_copies(&[(id(4), Some(id(1))), (id(5), Some(id(1))), (id(6), Some(id(3)))]).await.unwrap();
    tx.count_copies(&[]).await.unwrap();
    assert_eq!(tx.copies_of_incident(one).await.unwrap(), 2);
    assert_eq!(tx.copies_of_incident(two).await.unwrap(), 1);
    let of_items = tx.copies_of_items(&[id(1), id(2), id(3), id(9)]).await.unwrap();
    assert_eq!(of_items, [(id(1), 2), (id(3), 1)].into());
    assert!(tx.copies_of_items(&[]).await.unwrap().is_empty());
    // Written again, it counts for what it did until somebody says otherwise.
    tx.put_items(vec![sample::row_of(Item { version: 2, ..sample::item(4) })]).await.unwrap();
    let known = tx.known_items(&[id(4)]).await.unwrap();
    assert_eq!((known[&id(4)].counts_for, known[&id(4)].duplicate_of), (Some(id(1)), None));
    tx.count_copies(&[(id(4), None), (id(5), Some(id(2)))]).await.unwrap();
    tx.join_incident(&[(id(2), two)]).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = begin(&*store).await;
    assert_eq!(tx.copies_of_incident(one).await.unwrap(), 0);
    assert_eq!(tx.copies_of_incident(two).await.unwrap(), 2);
}

/// Incidents wait to be made anew in the order in which that was asked, each once, until it is done; one that is not there keeps nobody, and waits no
/// more. One that is put off waits behind the others.
pub async fn stale_incidents_wait_their_turn(engine: &dyn Engine) {
    let store = engine.open().await;
    put(&*store, &[sample::incident(1), sample::incident(2), sample::incident(3)]).await;
    let id = |n: u64| sample::incident(n).id;
    let mut tx = begin(&*store).await;
    assert_eq!(tx.next_stale().await.unwrap(), None);
    tx.note_stale(&[id(9)], sample::at(1)).await.unwrap();
    tx.note_stale(&[id(2), id(2)], sample::at(5)).await.unwrap();
    tx.note_stale(&[id(1), id(2)], sample::at(7)).await.unwrap();
    tx.note_stale(&[], sample::at(0)).await.unwrap();
    assert_eq!(tx.next_stale().await.unwrap(), Some(id(2)));
    tx.commit().await.unwrap();
    // What is not committed has not been done.
    let mut tx = begin(&*store).await;
    tx.drop_stale(&[id(2)]).await.unwrap();
    assert_eq!(tx.next_stale().await.unwrap(), Some(id(1)));
    drop(tx);
    let mut tx = begin(&*store).await;
    assert_eq!(tx.next_stale().await.unwrap(), Some(id(2)));
    tx.drop_stale(&[id(2), id(3)]).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = begin(&*store).await;
    assert_eq!(tx.next_stale().await.unwrap(), Some(id(1)));
    tx.note_stale(&[id(3)], sample::at(8)).await.unwrap();
    tx.drop_stale(&[id(1)]).await.unwrap();
    tx.note_stale(&[id(1)], sample::at(9)).await.unwrap();
    assert_eq!(tx.next_stale().await.unwrap(), Some(id(3)));
    tx.drop_stale(&[id(3), id(1)]).await.unwrap();
    assert_eq!(tx.next_stale().await.unwrap(), None);
    // The one that was not there when its turn came waits no more once it is.
    tx.put_incidents(&[sample::incident(9)]).await.unwrap();
    assert_eq!(tx.next_stale().await.unwrap(), None);
}

/// Where items are is read without keeping them.
pub async fn homes_of_items_are_read(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut tx = begin(&*store).await;
    let home = sample::incident(1).id;
    let items = [Item { incident_id: Some(home), ..sample::item(1) }, sample::item(2)];
    tx.put_items(items.map(sample::row_of).into()).await.unwrap();
    let asked = [sample::item(2).id, sample::item(1).id, sample::item(1).id, sample::item(9).id];
    assert_eq!(tx.homes_of(&asked).await.unwrap(), [(sample::item(1).id, home)].into());
    assert!(tx.homes_of(&[]).await.unwrap().is_empty());
}

/// What is to be looked at comes the longest due first, and not once nothing is due.
pub async fn incidents_are_looked_at_when_they_are_due(engine: &dyn Engine) {
    let store = engine.open().await;
    put(&*store, &[sample::incident(1), sample::incident(2), sample::incident(3)]).await;
    let mut tx = begin(&*store).await;
    tx.index_incidents(&[index(1, &[], Some(30)), index(2, &[], Some(10)), index(3, &[], None)])
        .await
        .unwrap();
    assert!(tx.due_incidents(sample::at(9), 10).await.unwrap().is_empty());
    assert_eq!(tx.due_incidents(sample::at(10), 10).await.unwrap(), [sample::incident(2)]);
    assert_eq!(tx.due_incidents(sample::at(40), 1).await.unwrap(), [sample::incident(2)]);
    tx.put_incidents(&[sample::incident(2)]).await.unwrap();
    assert_eq!(
        tx.due_incidents(sample::at(40), 5).await.unwrap().len(),
        2,
        "writing one does not put it off"
    );
    tx.index_incidents(&[index(2, &[], None)]).await.unwrap();
    assert_eq!(tx.due_incidents(sample::at(40), 5).await.unwrap(), [sample::incident(1)]);
}

/// Items go from one incident into another with their versions, out of it, and are remembered as parted until they are put back.
pub async fn items_move_between_incidents(engine: &dyn Engine) {
    let store = engine.open().await;
    let [one, two] = [sample::incident(1).id, sample::incident(2).id];
    let of = |n: u64| Item { incident_id: Some(if n < 3 { one } else { two }), ..sample::item(n) };
    let mut tx = begin(&*store).await;
    tx.put_items((0..4).map(|n| sample::row_of(of(n))).collect()).await.unwrap();
    tx.hold_items_of(&[one, two]).await.unwrap();
    let first = tx.items_of_incident(one, 2, None).await.unwrap();
    assert_eq!(
        first.iter().map(|item| item.id).collect::<Vec<_>>(),
        [sample::item(0).id, sample::item(1).id]
    );
    assert_eq!(tx.sources_of_incident(one).await.unwrap(), [("sample".to_owned(), 3)].into());
    let moved = tx.move_items(one, two).await.unwrap();
    assert_eq!(moved.len(), 3);
    assert!(moved.is_sorted_by_key(|item| item.id));
    assert!(moved.iter().all(|item| item.version == of(0).version + 1));
    let left = tx.leave_incident(&[of(3).id, sample::item(9).id]).await.unwrap();
    assert_eq!((left.len(), left[0].id), (1, of(3).id));
    tx.part_items(&[(of(3).id, two), (of(3).id, two), (of(0).id, one)]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.incidents_left_by(of(3).id).await.unwrap(), [two]);
    assert!(store.incidents_left_by(of(1).id).await.unwrap().is_empty());
    let stored = store.item(of(3).id).await.unwrap().unwrap();
    assert_eq!((stored.incident_id, stored.version), (None, of(3).version + 1));
    assert_eq!(store.item(of(0).id).await.unwrap().unwrap().incident_id, Some(two));

    let mut tx = begin(&*store).await;
    assert!(tx.items_of_incident(one, 9, None).await.unwrap().is_empty());
    assert_eq!(tx.parted_from(&[of(3).id, of(1).id]).await.unwrap(), [(of(3).id, two)]);
    tx.unpart_items(&[of(3).id, of(0).id], two).await.unwrap();
    assert_eq!(tx.parted_from(&[of(3).id, of(0).id]).await.unwrap(), [(of(0).id, one)]);
}

/// An alert's newest revision stands for it; every revision stays readable.
pub async fn alerts_keep_their_revisions(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut tx = begin(&*store).await;
    assert_eq!(tx.alert_of(sample::incident(1).id).await.unwrap(), None);
    for (n, revision) in [(1, 1), (2, 1), (1, 2), (3, 1), (1, 3)] {
        tx.put_alert(&sample::alert(n, revision)).await.unwrap();
    }
    assert_eq!(tx.alert_of(sample::incident(1).id).await.unwrap(), Some(sample::alert(1, 3)));
    let written = tx.revisions_of_alert(sample::alert(1, 1).id).await.unwrap();
    assert_eq!(written, [1, 2, 3].map(|revision| sample::alert(1, revision)), "before they are committed");
    assert!(tx.revisions_of_alert(sample::alert(9, 1).id).await.unwrap().is_empty());
    tx.commit().await.unwrap();

    let id = sample::alert(1, 1).id;
    assert_eq!(store.alert(id).await.unwrap(), Some(sample::alert(1, 3)));
    let revisions = store.alert_revisions(id).await.unwrap();
    assert_eq!(revisions, [sample::alert(1, 1), sample::alert(1, 2), sample::alert(1, 3)]);
    let mut expected = [sample::alert(1, 3), sample::alert(2, 1), sample::alert(3, 1)];
    expected.sort_by_key(|alert: &Alert| std::cmp::Reverse((alert.effective, alert.id)));
    let listed =
        all_pages(2, 3, async |after| store.list_alerts(&AlertFilter::default(), 2, after).await.unwrap())
            .await;
    assert_eq!(listed, expected);
    assert!(store.alert_revisions(sample::alert(9, 1).id).await.unwrap().is_empty());
}

/// What is part of an exercise is told from what is meant in earnest, and one exercise from another; who writes that they are part of one is
/// not taken at their word.
pub async fn exercises_are_told_apart(engine: &dyn Engine) {
    let store = engine.open().await;
    let run = |n: u128| Some(ExerciseId(uuid::Uuid::from_u128(n)));
    // In earnest, played without an id, and two that people have started.
    let worlds = [(false, None), (true, None), (true, run(1)), (true, run(2))];
    let lie = format!(r#"{{"exercise":true,"exercise_id":"{}"}}"#, uuid::Uuid::from_u128(1));
    let mut tx = begin(&*store).await;
    for (n, (exercise, exercise_id)) in (0..).zip(worlds) {
        let item = Item { exercise, exercise_id, text: lie.clone(), ..sample::item(n) };
        tx.put_items(vec![sample::row_of(item)]).await.unwrap();
        let incident = Incident { exercise, exercise_id, title: lie.clone(), ..sample::incident(n) };
        tx.put_incidents(&[incident]).await.unwrap();
        tx.put_alert(&sample::alert(n, 1)).await.unwrap();
    }
    tx.commit().await.unwrap();
    // What is written again stays what it is.
    let mut tx = begin(&*store).await;
    for (n, (exercise, exercise_id)) in (0..).zip(worlds) {
        let item = Item { exercise, exercise_id, version: 2, ..sample::item(n) };
        tx.put_items(vec![sample::row_of(item)]).await.unwrap();
        let incident = Incident { exercise, exercise_id, version: 2, ..sample::incident(n) };
        tx.put_incidents(&[incident]).await.unwrap();
        tx.put_alert(&sample::alert(n, 2)).await.unwrap();
    }
    tx.commit().await.unwrap();
    for (exercise, exercise_id, wanted) in [
        (None, None, vec![0, 1, 2, 3]),
        (Some(false), None, vec![0]),
        (Some(true), None, vec![1, 2, 3]),
        (None, run(2), vec![3]),
        (Some(true), run(1), vec![2]),
        (Some(false), run(1), vec![]),
        (None, run(3), vec![]),
    ] {
        let asked = format!("{exercise:?} {exercise_id:?}");
        let filter = ItemFilter { exercise, exercise_id, ..ItemFilter::default() };
        let page = store.list_items(&filter, 10, None).await.unwrap();
        let mut found: Vec<ItemId> = page.items.iter().map(|item| item.id).collect();
        let mut items: Vec<ItemId> = wanted.iter().map(|n| sample::item(*n).id).collect();
        found.sort();
        items.sort();
        assert_eq!((found, page.total), (items, wanted.len() as u64), "items {asked}");
        let facets = store.facets(&filter).await.unwrap();
        assert_eq!(facets["status"].values().sum::<u64>(), wanted.len() as u64, "facets {asked}");
        let cells = store.grid(&filter, 2.0, 100).await.unwrap();
        assert_eq!(cells.iter().map(|cell| cell.count).sum::<u64>(), wanted.len() as u64, "grid {asked}");

        let filter = IncidentFilter { exercise, exercise_id, ..IncidentFilter::default() };
        let page = store.list_incidents(&filter, 10, None).await.unwrap();
        let mut found = ids(&page.items);
        let mut incidents: Vec<IncidentId> = wanted.iter().map(|n| sample::incident(*n).id).collect();
        found.sort();
        incidents.sort();
        assert_eq!((found, page.total), (incidents, wanted.len() as u64), "incidents {asked}");

        let page = store.list_alerts(&AlertFilter { exercise, exercise_id }, 10, None).await.unwrap();
        let mut found: Vec<AlertId> = page.items.iter().map(|alert| alert.id).collect();
        let mut alerts: Vec<AlertId> = wanted.iter().map(|n| sample::alert(*n, 1).id).collect();
        found.sort();
        alerts.sort();
        assert_eq!((found, page.total), (alerts, wanted.len() as u64), "alerts {asked}");
    }
}

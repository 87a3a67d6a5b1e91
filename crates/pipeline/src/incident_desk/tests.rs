//! What becomes of incidents of many items.

use crisislens_model::{Item, SourceKind};
use crisislens_state::Durability;
use crisislens_state::contract::sample;
use crisislens_testkit::Engines;

use super::*;

/// More than two pages, the first items without a hazard.
const MANY: u64 = 2 * REBUILT_AT_ONCE as u64 + 300;

fn item(n: u64) -> Item {
    let kinds = [SourceKind::Official, SourceKind::Media, SourceKind::Social];
    let mut item = sample::item(n);
    if n < REBUILT_AT_ONCE as u64 + 7 {
        item.hazard = crisislens_model::HazardGuess::default();
    }
    Item {
        // Several to a second.
        timestamp: sample::at(n / 4),
        source: format!("source {}", n % 5),
        source_kind: kinds[n as usize % 3],
        text: format!("barranco {}", ["crecido", "desbordado", "seco"][n as usize * 3 / MANY as usize]),
        severity: if n == MANY - 2 { Severity::Critical } else { Severity::Low },
        risk_score: n as f64 / 10_000.0,
        incident_id: Some(sample::incident(1).id),
        ..item
    }
}

async fn stored() -> (Engines, Vec<Item>) {
    let engines = Engines::open().await;
    let mut items: Vec<Item> = (0..MANY).map(item).collect();
    let mut tx = engines.store.begin(Durability::Power).await.unwrap();
    tx.put_items(items.iter().cloned().map(sample::row_of).collect()).await.unwrap();
    tx.commit().await.unwrap();
    items.sort_by_key(|item| (item.timestamp, item.id));
    (engines, items)
}

/// What all `items` make that are in memory at once.
fn in_memory(incident: &mut Incident, items: &[Item]) {
    let opener = items.iter().find(|item| item.hazard.kind.is_some()).unwrap();
    let mut anew = incident::open(opener);
    items.iter().filter(|item| item.id != opener.id).for_each(|item| incident::join(&mut anew, item));
    incident::renew(incident, Some(anew));
}

#[tokio::test]
async fn an_incident_of_many_pages_is_what_its_items_make() {
    let (engines, items) = stored().await;
    let mut tx = engines.store.begin(Durability::Power).await.unwrap();
    let (mut paged, mut whole) = (sample::incident(1), sample::incident(1));
    rebuilt(&mut *tx, &mut paged).await.unwrap();
    in_memory(&mut whole, &items);
    assert_eq!(paged, whole);
    assert_eq!((paged.item_count, paged.voices.official + paged.voices.media), (MANY, MANY / 3 * 2 + 1));
    assert!(paged.words.contains_key("seco"), "the words of the last are there: {:?}", paged.words);
    assert_eq!(paged.severity, Severity::Critical);
}

#[tokio::test]
async fn of_what_is_too_large_to_be_read_every_figure_is_right() {
    let (engines, items) = stored().await;
    let mut tx = engines.store.begin(Durability::Power).await.unwrap();
    let set = |incident: &mut Incident| incident.set_by_people(None, Some(Some(Severity::Medium)), None);
    let (mut large, mut whole) = (sample::incident(1), sample::incident(1));
    // What it was made of before.
    in_memory(&mut large, &items[items.len() - 20..]);
    set(&mut large);
    set(&mut whole);
    let before = large.clone();
    rebuilt_of(&mut *tx, &mut large, MANY - 1).await.unwrap();
    in_memory(&mut whole, &items);
    let figures = |of: &Incident| {
        let counts = (of.item_count, of.source_count, of.sources.clone(), of.voices, of.copies);
        (
            counts,
            of.first_seen,
            of.last_seen,
            of.risk_score,
            of.severity,
            of.set.as_ref().unwrap().found_severity,
        )
    };
    assert_eq!(figures(&large), figures(&whole));
    assert_eq!(
        (large.severity, large.version),
        (Severity::Medium, before.version + 1),
        "what people set holds"
    );
    assert_eq!((large.words, large.centre, large.title), (before.words, before.centre, before.title));
    // One less, and it is read.
    let mut small = sample::incident(1);
    rebuilt_of(&mut *tx, &mut small, MANY).await.unwrap();
    assert_eq!(small.words, whole.words);
}

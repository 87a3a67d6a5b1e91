//! Items whose place has a namesake in another country go where something goes on.

use crisislens_analysis::work;
use crisislens_model::{HazardType, Item, ItemId, RawItem, SourceKind, Stated, Topic};
use crisislens_state::Durability;
use crisislens_stream::Handler;

use crate::flow::{ANALYZER, Flow, raw_record, says};

const TEXT: &str = "Flooding in Valencia, cars swept away and the bridge is closed";

/// An authority's flood near the Spanish Valencia.
fn flood() -> RawItem {
    RawItem {
        source_kind: SourceKind::Official,
        stated: Some(Stated {
            hazard: Some(HazardType::Flood),
            severity: Some(crisislens_model::Severity::High),
            lat: Some(39.5),
            lon: Some(-0.5),
            place: Some("Province of Valencia, Spain".to_owned()),
            ..Stated::default()
        }),
        ..says("aemet", "1", 0, "Heavy rain and floods in the province")
    }
}

fn country(item: &Item) -> Option<&str> {
    item.location.as_ref().and_then(|place| place.country.as_deref())
}

#[tokio::test]
async fn a_post_goes_where_the_flood_is_and_its_other_meanings_are_kept() {
    let flow = Flow::open().await;
    let early = says("a", "1", 0, TEXT);
    flow.bring(std::slice::from_ref(&early)).await;
    assert_eq!(country(&flow.item(&early).await), Some("VE"), "nothing goes on: the larger one");

    let flow = Flow::open().await;
    let official = flood();
    flow.bring(std::slice::from_ref(&official)).await;
    let later = says("b", "2", 10, TEXT);
    // In one batch with what is clear.
    let clear = says("b", "3", 11, "Flooding in Valencia, Venezuela, roads closed and cars swept away");
    flow.bring(&[later.clone(), clear.clone()]).await;
    let [official, later, clear] =
        [flow.item(&official).await, flow.item(&later).await, flow.item(&clear).await];
    assert_eq!((country(&later), country(&clear)), (Some("ES"), Some("VE")));
    assert_eq!(later.incident_id, official.incident_id);
    assert_ne!(clear.incident_id, official.incident_id);
    let place = later.location.unwrap();
    assert_eq!(place.alternatives[0].country.as_deref(), Some("VE"));
    assert!(place.why.iter().any(|why| why.contains("goes on in ES")), "{:?}", place.why);
    assert!(later.relevance.unwrap().informative && later.humanitarian.is_some());
}

#[tokio::test]
async fn a_revision_stays_in_the_country_of_its_incident() {
    let flow = Flow::open().await;
    flow.bring(&[flood()]).await;
    let first = says("b", "2", 10, TEXT);
    flow.bring(std::slice::from_ref(&first)).await;
    let before = flow.item(&first).await;
    // Whoever is new would not be told of that flood at this time.
    let revised = says("b", "2", -60 * 24 * 30, "Flood in Valencia, now also the power is out");
    flow.bring(std::slice::from_ref(&revised)).await;
    let after = flow.item(&first).await;
    assert_eq!((after.revision, country(&after)), (2, Some("ES")));
    assert_eq!(after.incident_id, before.incident_id);
    let other = says("c", "3", -60 * 24 * 30, TEXT);
    flow.bring(std::slice::from_ref(&other)).await;
    assert_eq!(country(&flow.item(&other).await), Some("VE"));
}

#[tokio::test]
async fn what_goes_on_in_an_exercise_places_nothing_that_is_real() {
    let flow = Flow::open().await;
    let played = RawItem { id: ItemId::in_exercise("aemet", "1"), exercise: true, ..flood() };
    flow.bring(&[played]).await;
    let real = says("b", "2", 10, TEXT);
    flow.bring(std::slice::from_ref(&real)).await;
    assert_eq!(country(&flow.item(&real).await), Some("VE"));
}

/// Whoever writes has others wait: what a text says is read before, and the place is chosen of what was kept of it.
#[test]
fn no_text_is_read_while_others_wait_to_write() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let filling = "The water rises and nobody comes to help us here. ";
    let post = RawItem { text: format!("{TEXT}. {}", filling.repeat(20_000)), ..says("b", "2", 10, "") };
    let (flow, work) = runtime.block_on(async {
        let flow = Flow::open().await;
        flow.bring(&[flood()]).await;
        flow.engines.append(vec![raw_record(&post)]).await;
        let records = flow.engines.records(Topic::RawItems).await;
        let longest = records.iter().max_by_key(|one| one.value.as_ref().map(|value| value.len())).unwrap();
        let work = flow.normalise.prepare(longest).unwrap().unwrap();
        (flow, [work])
    });
    let (_, whole) = work::of(|| ANALYZER.analyze(&post));
    let ((), within) = work::of(|| {
        runtime.block_on(async {
            let mut tx = flow.engines.store.begin(Durability::Process).await.unwrap();
            flow.normalise.apply(&mut *tx, &work).await.unwrap();
            tx.commit().await.unwrap();
        });
    });
    assert_eq!(country(&runtime.block_on(flow.item(&post))), Some("ES"), "it was chosen again");
    assert!(whole > 10_000 && within * 20 < whole, "{within} of {whole} steps");
}

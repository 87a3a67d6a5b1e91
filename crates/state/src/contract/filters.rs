//! Filters, facets and the map's grid: what is counted is what [`ItemFilter::matches`] means.

use std::collections::HashMap;

use crisislens_model::filter::ItemFacts;
use crisislens_model::{BoundingBox, Item, ItemFilter, ItemId};

use super::{Engine, all_pages, put, sample};
use crate::items::{Facets, GridCell};

const ITEMS: u64 = 300;
const FILTERS: usize = 200;
/// Of the grid, in degrees.
const CELL: f64 = 30.0;

fn random_items(seed: u64) -> Vec<Item> {
    let mut random = sample::Random(seed);
    (0..ITEMS).map(|n| random.item(n)).collect()
}

fn matching<'a>(items: &'a [Item], filter: &ItemFilter) -> Vec<&'a Item> {
    let mut found: Vec<&Item> = items.iter().filter(|item| filter.matches(&ItemFacts::from(*item))).collect();
    found.sort_by_key(|item| std::cmp::Reverse((item.timestamp, item.id)));
    found
}

/// Lists hold exactly what the filter matches, newest first, however long the pages are.
pub async fn lists_hold_exactly_what_the_filter_matches(engine: &dyn Engine) {
    let (store, items) = (engine.open().await, random_items(1));
    put(&*store, items.iter().cloned().map(sample::row_of).collect()).await;
    let mut random = sample::Random(2);
    let mut found = 0;
    for _ in 0..FILTERS {
        let (filter, limit) = (random.filter(), random.pick(&[7, 50, 1000]));
        let wanted: Vec<ItemId> = matching(&items, &filter).iter().map(|item| item.id).collect();
        found += wanted.len();
        let pages = all_pages(limit, wanted.len() as u64, async |after| {
            store.list_items(&filter, limit, after).await.unwrap()
        });
        let listed: Vec<ItemId> = pages.await.iter().map(|item| item.id).collect();
        assert_eq!(listed, wanted, "{filter:?}");
    }
    assert!(found > FILTERS, "the filters match too little to say anything: {found}");
}

/// Facets count the items that match, by each value that occurs.
pub async fn facets_count_exactly_what_the_filter_matches(engine: &dyn Engine) {
    let (store, items) = (engine.open().await, random_items(3));
    put(&*store, items.iter().cloned().map(sample::row_of).collect()).await;
    let mut random = sample::Random(4);
    for _ in 0..FILTERS {
        let filter = random.filter();
        let facets = store.facets(&filter).await.unwrap();
        assert_eq!(facets, counted(&matching(&items, &filter)), "{filter:?}");
    }
}

fn counted(items: &[&Item]) -> Facets {
    let mut facets: Facets =
        ["source", "hazard", "country", "status", "severity"].map(|name| (name.to_owned(), [].into())).into();
    for item in items {
        let country = item.location.as_ref().and_then(|place| place.country.as_deref());
        for (facet, value) in [
            ("source", Some(item.source.as_str())),
            ("hazard", Some(item.hazard.kind.as_str())),
            ("country", country),
            ("status", Some(item.status.as_str())),
            ("severity", Some(item.severity.as_str())),
        ] {
            let Some(value) = value else { continue };
            *facets.entry(facet.to_owned()).or_default().entry(value.to_owned()).or_default() += 1;
        }
    }
    facets
}

/// A box whose west lies east of its east crosses the antimeridian.
pub async fn a_box_across_the_antimeridian_holds_both_its_sides(engine: &dyn Engine) {
    let store = engine.open().await;
    let at = |n: u64, lon: f64| {
        let mut item = sample::item(n);
        if let Some(place) = item.location.as_mut() {
            (place.lat, place.lon) = (-15.0, lon);
        }
        item
    };
    let longitudes = [178.0, 180.0, -180.0, -172.0, 169.9, -169.9, 0.0];
    let mut items: Vec<Item> = (0..).zip(longitudes).map(|(n, lon)| at(n, lon)).collect();
    items.push(Item { location: None, ..sample::item(99) });
    put(&*store, items.into_iter().map(sample::row_of).collect()).await;

    let bbox = Some(BoundingBox { west: 170.0, south: -20.0, east: -170.0, north: 0.0 });
    let across = ItemFilter { bbox, ..ItemFilter::default() };
    let found = store.list_items(&across, 100, None).await.unwrap();
    let mut inside: Vec<f64> = found.items.iter().filter_map(Item::point).map(|point| point.1).collect();
    inside.sort_by(f64::total_cmp);
    assert_eq!((found.total, &inside[..]), (4, &[-180.0, -172.0, 178.0, 180.0][..]));
    let cells = store.grid(&across, CELL, 10).await.unwrap();
    assert_eq!(cells.iter().map(|cell| cell.count).sum::<u64>(), 4);
}

/// The grid counts every matching item that has a place once, in its cell, and says the worst and the most frequent.
pub async fn the_grid_sums_what_the_filter_matches(engine: &dyn Engine) {
    let (store, items) = (engine.open().await, random_items(5));
    put(&*store, items.iter().cloned().map(sample::row_of).collect()).await;
    let mut random = sample::Random(6);
    for _ in 0..FILTERS / 4 {
        let filter = random.filter();
        let mut by_cell: HashMap<(i64, i64), Vec<&Item>> = HashMap::new();
        for item in matching(&items, &filter) {
            let Some((lat, lon)) = item.point() else { continue };
            by_cell.entry(cell_of(lat, lon)).or_default().push(item);
        }
        let cells = store.grid(&filter, CELL, 1000).await.unwrap();
        assert!(cells.is_sorted_by(|a, b| a.count >= b.count), "largest first: {cells:?}");
        assert_eq!(cells.len(), by_cell.len(), "{filter:?}");
        for cell in &cells {
            check_cell(cell, &by_cell[&cell_of(cell.lat, cell.lon)]);
        }
        let fewer = store.grid(&filter, CELL, 2).await.unwrap();
        let counts = |cells: &[GridCell]| cells.iter().take(2).map(|cell| cell.count).collect::<Vec<_>>();
        assert_eq!(counts(&fewer), counts(&cells), "a limit leaves the largest");
        assert!(fewer.len() <= 2);
    }
}

fn cell_of(lat: f64, lon: f64) -> (i64, i64) {
    (((lat + 90.0) / CELL) as i64, ((lon + 180.0) / CELL) as i64)
}

fn check_cell(cell: &GridCell, items: &[&Item]) {
    assert_eq!(cell.count, items.len() as u64);
    assert_eq!(Some(cell.severity), items.iter().map(|item| item.severity).max());
    let mean = |of: fn((f64, f64)) -> f64| {
        items.iter().filter_map(|item| item.point()).map(of).sum::<f64>() / items.len() as f64
    };
    assert!(
        (cell.lat - mean(|point| point.0)).abs() < 1e-9 && (cell.lon - mean(|point| point.1)).abs() < 1e-9
    );
    let times = |hazard| items.iter().filter(|item| item.hazard.kind == hazard).count();
    let most = items.iter().map(|item| times(item.hazard.kind)).max();
    assert_eq!(Some(times(cell.hazard)), most, "{:?} is the most frequent", cell.hazard);
}

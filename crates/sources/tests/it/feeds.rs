//! Recordings of the producers that may not be passed on: `CRISISLENS_DATA` (with `feeds` inside) or `../shared/data` beside the project
//! has them. Without them the tests say so and pass.

use std::path::PathBuf;

use crisislens_model::{HazardType, Severity};
use crisislens_sources::{Format, Parsed, parse};

use crate::support::{close, ctx, item};

fn read(format: Format, file: &str) -> Option<Parsed> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("CRISISLENS_DATA").map_or(beside, PathBuf::from);
    // The folder of labelled sets lies beside that of recordings.
    let root = if root.join("feeds").is_dir() { root } else { root.join("..") };
    let path = root.join("feeds").join(file);
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
        return None;
    }
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    Some(parse(format, &bytes, &ctx()).unwrap_or_else(|error| panic!("{file}: {error}")))
}

fn counts(parsed: &Parsed) -> (u64, usize, usize) {
    (parsed.entries, parsed.items.len(), parsed.skips.len())
}

#[test]
fn every_event_of_eonet_is_an_item_and_most_share_an_id_with_gdacs() {
    let Some(events) = read(Format::Eonet, "eonet/v3_events_2025-11-10.json.gz") else { return };
    assert_eq!(counts(&events), (5662, 5662, 0), "{:?}", events.skips);
    let stated = || events.items.iter().filter_map(|item| item.stated.as_ref());
    assert!(stated().all(|stated| stated.lat.is_some() && stated.hazard.is_some()));
    let gdacs = stated().filter(|s| s.event_id.as_deref().is_some_and(|id| id.starts_with("gdacs:"))).count();
    assert_eq!(gdacs, 3856);
    let placed = stated().filter(|stated| stated.country.is_some()).count();
    println!("country known for {placed} of 5662");
    assert!(placed >= 5_600, "all but icebergs and cyclones: {placed}");
    let lit = stated().filter(|stated| stated.hazard == Some(HazardType::None)).count();
    assert!((1..1_000).contains(&lit), "{lit}");
}

#[test]
fn disasters_of_reliefweb_have_their_hazard_even_in_the_short_list() {
    let Some(list) = read(Format::ReliefWeb, "reliefweb/v1_disasters_list_2024-08.json") else { return };
    let (entries, items, skips) = counts(&list);
    println!("{items} of {entries} go on");
    assert!(entries == 1000 && items > 50 && items + skips == 1000 && list.next.is_some());
    assert!(list.skips.iter().all(|skip| skip.reason.contains("is over")), "{:?}", list.skips.first());
    let whole = |item: &&crisislens_model::RawItem| {
        item.stated.as_ref().is_some_and(|stated| stated.hazard.is_some() && stated.country.is_some())
    };
    assert!(list.items.iter().filter(whole).count() >= items * 98 / 100);
    let Some(one) = read(Format::ReliefWeb, "reliefweb/v1_disasters_25466.json") else { return };
    let stated = one.items[0].stated.as_ref().unwrap();
    assert_eq!((stated.hazard, stated.country.as_deref()), (Some(HazardType::Flood), Some("BF")));
    assert_eq!(stated.event_id.as_deref(), Some("glide:FL-2015-000106-BFA"));
}

#[test]
fn ten_years_of_outbreak_news_are_read() {
    let Some(news) = read(Format::WhoDon, "who-don/don_2015-2026.jsonl.gz") else { return };
    assert_eq!(counts(&news), (548, 548, 0), "{:?}", news.skips);
    let report = item(&news, "2026-DON598");
    assert_eq!(report.stated.as_ref().unwrap().country.as_deref(), Some("BD"));
    assert!(news.items.iter().all(|item| !item.text.starts_with("See all")));
}

#[test]
fn meteoalarm_is_read_in_all_three_forms() {
    let Some(json) = read(Format::Meteoalarm, "meteoalarm/2026-04_germany_warnings.json") else { return };
    assert_eq!(counts(&json), (4, 3, 1), "a test is no warning: {:?}", json.skips);
    assert!(json.items.iter().all(|item| item.stated.as_ref().unwrap().event_id.is_none()));
    let over = json.items.iter().filter(|item| item.stated.as_ref().unwrap().withdrawn).count();
    assert_eq!(over, 1);
    for (file, count) in [("france_sample", 12), ("uk_sample", 25)] {
        let Some(index) = read(Format::Meteoalarm, &format!("meteoalarm/2022-12-08_{file}.xml")) else {
            return;
        };
        assert_eq!(index.items.len(), count);
        assert!(index.items.iter().all(|item| item.stated.as_ref().unwrap().hazard.is_some()), "{file}");
    }
    let Some(detail) = read(Format::Meteoalarm, "meteoalarm/2022-12-08_uk_nothern_ireland_sample_detail.xml")
    else {
        return;
    };
    assert_eq!(detail.items[0].stated.as_ref().unwrap().country.as_deref(), Some("GB"));
}

#[test]
fn a_day_of_the_whole_globe_is_some_hundred_fires_and_not_twenty_thousand() {
    let Some(day) = read(Format::FirmsCsv, "firms/MODIS_C6_1_Global_24h_2022-02-26.csv") else { return };
    println!("{} fires of 19416 pixels; {:?}", day.items.len(), day.skips.last());
    assert!((300..2_500).contains(&day.items.len()), "{}", day.items.len());
    assert!(day.items.iter().all(|item| item.stated.as_ref().unwrap().lat.is_some()));
}

#[test]
fn a_quarter_of_an_hour_of_gdelt_is_sifted() {
    let Some(events) = read(Format::Gdelt, "gdelt/v2_20150218230000_events.csv") else { return };
    println!("{} articles of 100 events: {:?}", events.items.len(), events.skips);
    assert!(events.items.len() < 20);
    let Some(articles) = read(Format::Gdelt, "gdelt/v2_20150218230000_gkg.csv") else { return };
    println!("{} articles of 100: {:?}", articles.items.len(), articles.skips);
    assert!((1..40).contains(&articles.items.len()));
}

#[test]
fn activations_hazards_and_national_alerts_are_read() {
    let Some(list) = read(Format::CopernicusEms, "copernicus-ems/rapidmapping-activations-list.json") else {
        return;
    };
    assert_eq!(counts(&list), (3, 3, 0));
    let Some(detail) = read(Format::CopernicusEms, "copernicus-ems/EMSR871-flood-detail.json") else {
        return;
    };
    let stated = detail.items[0].stated.as_ref().unwrap();
    assert_eq!((stated.hazard, stated.country.as_deref()), (Some(HazardType::Flood), Some("IT")));
    assert!(stated.lat.is_some_and(|lat| (40.0..43.0).contains(&lat)), "{:?}", stated.lat);
    let Some(pdc) = read(Format::Pdc, "pdc/hazard_data.json") else { return };
    let stated = pdc.items[0].stated.as_ref().unwrap();
    assert_eq!((stated.hazard, stated.severity), (Some(HazardType::Landslide), Some(Severity::High)));
    assert!(close(stated.lat, -9.77) && stated.country.as_deref() == Some("PE"));
    let Some(canada) = read(Format::EcccGeoJson, "national-met/eccc_alerts_2026-03.json") else { return };
    assert_eq!(counts(&canada), (7, 7, 0), "{:?}", canada.skips);
    let Some(norway) = read(Format::MetNoGeoJson, "national-met/metno_alerts_2026-03.json") else { return };
    assert_eq!(counts(&norway), (29, 29, 0), "{:?}", norway.skips);
    assert!(norway.undated.is_empty());
}

#[test]
fn listings_and_live_threads_of_reddit_are_read() {
    for file in ["listing_hot_2016-03-01", "listing_new_2016-03-01", "live_thread_updates_2016-12-19"] {
        let Some(listing) = read(Format::Reddit, &format!("reddit/{file}.json")) else { return };
        assert_eq!((listing.entries, listing.items.len()), (100, 100), "{file}: {:?}", listing.skips);
    }
}

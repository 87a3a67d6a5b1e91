//! The wider set of recorded feeds in `../shared/data`, where a developer has it; it is no part of the repository.

use std::path::PathBuf;

use crisislens_model::{HazardType, Severity};
use crisislens_sources::{Format, Parsed, parse};

use crate::support::{close, ctx, item};

fn shared(file: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !root.is_dir() {
        println!("skipped: ../shared/data is not here");
        return None;
    }
    Some(std::fs::read(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}")))
}

fn read(format: Format, file: &str) -> Option<Parsed> {
    let bytes = shared(file)?;
    Some(parse(format, &bytes, &ctx()).unwrap_or_else(|error| panic!("{file}: {error}")))
}

#[test]
fn a_usgs_detail_document_is_one_item() {
    let Some(parsed) = read(Format::UsgsGeoJson, "feeds/usgs/detail_us6000pi9w.geojson") else { return };
    let quake = item(&parsed, "us6000pi9w");
    let stated = quake.stated.as_ref().unwrap();
    assert_eq!(stated.severity, Some(Severity::Critical), "PAGER red");
    assert!(close(stated.magnitude, 7.1));
}

#[test]
fn every_alert_of_a_busy_nws_hour_is_an_item() {
    let Some(parsed) = read(Format::NwsGeoJson, "feeds/nws/alerts_active_2026-08_rewrapped.json") else {
        return;
    };
    assert_eq!((parsed.entries, parsed.items.len()), (61, 61), "{:?}", parsed.skips);
    let flood = item(&parsed, "KGJT.FF.W.0095.2026");
    let stated = flood.stated.as_ref().unwrap();
    assert_eq!((stated.hazard, stated.severity), (Some(HazardType::Flood), Some(Severity::High)));
    assert!(close(stated.lat, 38.0) || stated.lat.is_some_and(|lat| (37.9..38.1).contains(&lat)));
    assert!(stated.lon.is_some_and(|lon| (-108.15..-107.9).contains(&lon)));
}

#[test]
fn every_sample_of_the_cap_schemas_is_read() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cap-schema");
    let Ok(files) = std::fs::read_dir(root) else { return println!("skipped: ../shared/data is not here") };
    let mut read = 0;
    for file in
        files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "xml"))
    {
        let parsed = parse(Format::Cap, &std::fs::read(&file).unwrap(), &ctx()).unwrap();
        assert_eq!((parsed.entries, parsed.items.len()), (1, 1), "{}: {:?}", file.display(), parsed.skips);
        read += 1;
    }
    assert_eq!(read, 19);
}

#[test]
fn a_cancelled_alert_withdraws_the_one_it_speaks_of() {
    let Some(parsed) = read(Format::Cap, "cap-schema/ipaws-5e6dd9de023f1930ef6548d9.xml") else { return };
    let cancel = item(&parsed, "AS-NV-e18921c7-1b35-4a81-9705-42d25c265ddd");
    assert!(cancel.stated.as_ref().unwrap().withdrawn);
}

#[test]
fn meteoalarm_indexes_and_alerts_are_read() {
    for (file, count) in [("france_sample", 12), ("uk_sample", 25)] {
        let Some(parsed) = read(Format::Cap, &format!("feeds/meteoalarm/2022-12-08_{file}.xml")) else {
            return;
        };
        assert_eq!(
            (parsed.entries, parsed.items.len()),
            (count, count as usize),
            "{file}: {:?}",
            parsed.skips
        );
    }
    let Some(parsed) = read(Format::Cap, "feeds/meteoalarm/2022-12-08_france_sample_detail.xml") else {
        return;
    };
    let alert = &parsed.items[0];
    assert!(
        alert.language_hint.as_deref().is_some_and(|tag| tag.starts_with("en")),
        "{:?}",
        alert.language_hint
    );
    assert_eq!(alert.stated.as_ref().unwrap().country.as_deref(), Some("FR"));
}

#[test]
fn news_feeds_in_several_encodings_are_read() {
    for (file, count) in [
        ("news-rss/bbc_2023-11-24.xml", 16),
        ("news-rss/nytimes_2023-11-24.xml", 25),
        ("news-rss/atom_mediarss_reddit_1.xml", 25),
        ("news-rss/rss_2.0_ilgiornale.xml", 1),
        ("news-rss/rss_2.0_spiegel.xml", 1),
        ("nhc/index-at_2024-09-02.xml", 2),
        ("usgs/all_day_2018-12-07.atom", 505),
    ] {
        let Some(parsed) = read(Format::Feed, &format!("feeds/{file}")) else { return };
        assert_eq!(
            (parsed.entries, parsed.items.len()),
            (count, count as usize),
            "{file}: {:?}",
            parsed.skips
        );
        assert!(parsed.items.iter().all(|item| !item.text.contains("</")), "{file}");
    }
    let Some(golem) = read(Format::Feed, "feeds/news-rss/rss_1.0_iso8859.xml") else { return };
    assert_eq!(
        golem.items[0].title.as_deref(),
        Some("Digitalministerium: Neue Glasfaserförderung mit Schnellkasse")
    );
    assert!(golem.items[0].text.starts_with("Ab April soll es wieder Förderung"), "{}", golem.items[0].text);
}

#[test]
fn mastodon_timelines_and_streams_are_read() {
    let Some(timeline) = read(Format::Mastodon, "feeds/mastodon/timeline_public_anonymous_2022-11-08.json")
    else {
        return;
    };
    assert_eq!((timeline.entries, timeline.items.len()), (20, 20), "{:?}", timeline.skips);
    let post = &timeline.items[0];
    assert_eq!(post.source_id, "https://infosec.exchange/users/securescientist/statuses/109308114023332115");
    assert_eq!(post.author.as_deref(), Some("securescientist@infosec.exchange"));
    assert!(post.text.starts_with("still waiting on our #chi2023 reviews."), "{}", post.text);
    assert!(!post.raw_data.as_ref().unwrap().get().contains("followers_count"));
    let Some(stream) = read(Format::Mastodon, "feeds/mastodon/public_stream_2022-11-21.jsonl") else {
        return;
    };
    assert_eq!(stream.entries, 48);
    assert!(stream.items.len() >= 40, "{:?}", stream.skips);
}

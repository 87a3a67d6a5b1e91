//! What the parsers make of the recordings in this repository.

use crisislens_model::{HazardType, ItemId, Severity};
use crisislens_sources::Format;

use crate::support::{close, fixture, item, parsed, recording};

#[test]
fn every_earthquake_of_a_usgs_day_becomes_an_item() {
    let day = parsed(Format::UsgsGeoJson, &recording("usgs-2016-11-03.geojson.gz"));
    assert_eq!((day.entries, day.items.len(), day.skips.len()), (151, 151, 0));
    let first = item(&day, "ci37517303");
    assert_eq!(first.id, ItemId::of("test", "ci37517303"));
    assert_eq!(first.timestamp.to_string(), "2016-11-03T18:38:16.09Z");
    let stated = first.stated.as_ref().unwrap();
    assert_eq!(stated.hazard, Some(HazardType::Earthquake));
    assert_eq!(stated.severity, Some(Severity::Low));
    assert_eq!(stated.country.as_deref(), Some("US"));
    assert!(close(stated.lat, 35.6175) && close(stated.lon, -118.2047) && close(stated.magnitude, 1.09));
    assert!(first.raw_data.as_ref().unwrap().get().contains("\"code\":\"37517303\""));
}

#[test]
fn the_italian_earthquake_is_found_with_its_country() {
    let day = parsed(Format::UsgsGeoJson, &recording("usgs-2016-11-03.geojson.gz"));
    let italian = day
        .items
        .iter()
        .find(|item| item.title.as_deref().is_some_and(|title| title.contains("Pieve Torina")))
        .unwrap();
    let stated = italian.stated.as_ref().unwrap();
    assert!(close(stated.magnitude, 4.8));
    assert_eq!(stated.country.as_deref(), Some("IT"));
    assert!(italian.text.starts_with("Magnitude 4.8 earthquake"), "{}", italian.text);
}

#[test]
fn whole_weeks_of_usgs_are_read() {
    for (file, count) in [("usgs-2019-01-30.geojson.gz", 233), ("usgs-week-2014-04-15.geojson.gz", 1513)] {
        let parsed = parsed(Format::UsgsGeoJson, &recording(file));
        assert_eq!(
            (parsed.entries, parsed.items.len()),
            (count, count as usize),
            "{file}: {:?}",
            parsed.skips
        );
    }
}

#[test]
fn gdacs_alert_levels_become_severities() {
    let feed = parsed(Format::GdacsRss, &recording("gdacs-2019-12-30.xml.gz"));
    assert_eq!((feed.entries, feed.items.len(), feed.skips.len()), (16, 16, 0));
    let cyclone = item(&feed, "TC1000643");
    let stated = cyclone.stated.as_ref().unwrap();
    assert_eq!(stated.hazard, Some(HazardType::TropicalCyclone));
    assert_eq!(stated.severity, Some(Severity::Low));
    assert_eq!(stated.country.as_deref(), Some("MU"));
    assert_eq!(stated.event_id.as_deref(), Some("gdacs:TC1000643"));
    assert!(close(stated.lat, -19.4) && close(stated.lon, 59.8));
    assert_eq!(cyclone.media.len(), 1);
    assert_eq!(cyclone.url.as_deref(), Some("http://www.gdacs.org/report.aspx?eventtype=TC&eventid=1000643"));
    assert_eq!(item(&feed, "TC1000641").stated.as_ref().unwrap().severity, Some(Severity::High));
    assert_eq!(item(&feed, "DR1013281").stated.as_ref().unwrap().hazard, Some(HazardType::Drought));
}

#[test]
fn a_byte_order_mark_encoded_twice_does_not_hide_gdacs() {
    let feed = parsed(Format::GdacsRss, &recording("gdacs-2024-12-10.xml"));
    assert_eq!((feed.entries, feed.items.len()), (2, 2));
    let quake = item(&feed, "EQ1457082");
    let stated = quake.stated.as_ref().unwrap();
    assert!(close(stated.magnitude, 5.8) && close(stated.lat, 51.1125) && close(stated.lon, -177.2133));
    assert_eq!(stated.country.as_deref(), Some("US"));
    assert_eq!(quake.timestamp.to_string(), "2024-12-10T18:09:57Z");
}

#[test]
fn an_nws_update_is_known_by_its_vtec_event() {
    let alerts = parsed(Format::NwsGeoJson, &recording("nws-zone-2024-07.json"));
    assert_eq!(alerts.entries, 2);
    let heat = alerts.items.iter().find(|item| item.text.contains("Dangerously hot")).unwrap();
    assert!(heat.source_id.starts_with("KPSR.EH.W."), "{}", heat.source_id);
    let stated = heat.stated.as_ref().unwrap();
    assert_eq!(stated.event_id.as_deref(), Some(format!("nws:{}", heat.source_id).as_str()));
    assert_eq!(stated.hazard, Some(HazardType::Heat));
    assert_eq!(stated.severity, Some(Severity::High));
    assert_eq!(stated.country.as_deref(), Some("US"));
    assert_eq!(stated.expires.unwrap().to_string(), "2024-07-19T10:00:00Z");
}

#[test]
fn the_atom_index_of_the_nws_keeps_each_area_of_a_happening() {
    let index = parsed(Format::Cap, &recording("nws-atom-2018-08-15.xml.gz"));
    assert_eq!((index.entries, index.items.len(), index.skips.len()), (163, 163, 0), "{:?}", index.skips);
    let wind = item(&index, "PAFG.HW.W.0011.2018");
    let stated = wind.stated.as_ref().unwrap();
    assert_eq!((stated.hazard, stated.severity), (Some(HazardType::Storm), Some(Severity::High)));
    assert_eq!(stated.place.as_deref(), Some("Eastern Beaufort Sea Coast"));
    assert_eq!(stated.country.as_deref(), Some("US"));
    let surf: Vec<_> =
        index.items.iter().filter(|item| item.source_id.starts_with("PAFG.SU.Y.0007")).collect();
    assert_eq!(surf.len(), 2);
    assert!(
        surf.iter()
            .all(|item| item.stated.as_ref().unwrap().event_id.as_deref() == Some("nws:PAFG.SU.Y.0007.2018"))
    );
}

#[test]
fn cap_alerts_of_several_countries_are_read() {
    let australia = parsed(Format::Cap, &fixture("structure-fire.cap"));
    let fire = &australia.items[0];
    let stated = fire.stated.as_ref().unwrap();
    assert_eq!(fire.source_id, "tag:example.org,2026-01-05:1");
    assert_eq!(stated.country.as_deref(), Some("AU"));
    assert_eq!(stated.hazard, Some(HazardType::Technological), "a house burns, not the bush");
    assert!(close(stated.lat, -35.25) && close(stated.lon, 147.5));
    assert!(fire.text.starts_with("STATUS: Out of control\nTYPE: Structure fire"), "{}", fire.text);

    let canada = parsed(Format::Cap, &fixture("update-two-languages.cap"));
    let update = &canada.items[0];
    assert_eq!(update.source_id, "2.49.0.1.124.0000feed.2026", "a revision of the first reference");
    assert_eq!(update.language_hint.as_deref(), Some("en-CA"));
    let stated = update.stated.as_ref().unwrap();
    assert_eq!((stated.country.as_deref(), stated.hazard), (Some("CA"), Some(HazardType::Storm)));
    assert!(close(stated.lat, 43.0) && close(stated.lon, -83.0), "the larger of two areas decides");

    let montana = parsed(Format::Cap, &recording("cap-weather.cap"));
    assert_eq!(montana.items[0].source_id, "KTFX.FF.A.0003.2010");
    assert_eq!(montana.items[0].stated.as_ref().unwrap().severity, Some(Severity::High));
}

#[test]
fn an_alert_in_latin_1_keeps_its_accents() {
    let alert = parsed(Format::Cap, &recording("cap-earthquake-iso8859-1.cap"));
    let quake = &alert.items[0];
    assert_eq!(quake.title.as_deref(), Some("EQ 4.6 Usulután, Usulután, El Salvador - PRELIMINARY REPORT"));
    let stated = quake.stated.as_ref().unwrap();
    assert!(close(stated.magnitude, 4.6) && close(stated.lat, 12.747));
    assert_eq!(stated.event_id.as_deref(), Some("usgs:usB000D5T4"));
    assert_eq!(stated.severity, None, "Unknown says nothing");
    assert!(!quake.raw_data.as_ref().unwrap().get().contains("SignatureValue"));
}

#[test]
fn posts_hold_no_name_and_no_number() {
    let mut count = 0;
    for file in ["italy-2016", "mexico-2017", "kerala-2018", "california-2018"] {
        let posts = parsed(Format::RawNdjson, &recording(&format!("posts-{file}.ndjson.gz")));
        assert!(posts.skips.is_empty(), "{:?}", posts.skips);
        count += posts.items.len();
        for post in &posts.items {
            assert_eq!(post.source, "posts");
            assert!(!names_someone(&post.text), "{}", post.text);
            assert_eq!(long_number(&post.text), None, "{}: {}", post.source_id, post.text);
        }
    }
    assert_eq!(count, 4490);
}

#[test]
fn the_check_of_posts_finds_numbers_names_and_links() {
    for text in [
        "Whatsapp no.9446568222 now",
        "contact : 0471- 4013939 #Kerala",
        "Number 9207733036,8129533036",
        "+44 (0) 20 7008 1500",
        "at 844.709.6301.",
        "1-530-635-0812",
        "at 10.308208,76.351140",
        "९४४६५६८२२२",
    ] {
        assert!(long_number(text).is_some(), "{text}");
    }
    for text in ["gave $1,000,000 to", "₹1,00,00,000", "dead: 279, 388 hurt", "on 24 August 2016", "6.2"] {
        assert_eq!(long_number(text), None, "{text}");
    }
    for text in [
        "RT @anna hi",
        "anna@upi",
        "anna@ g m a i l",
        "write to a.b@example.org",
        "http://example.org/anna",
        "wa.me/x",
    ] {
        assert!(names_someone(text), "{text}");
    }
    assert!(!names_someone("RT @user: [mail] [link] @ home and/or away"));
}

/// A name after `@`, a mail address or a link.
fn names_someone(text: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let named = text.match_indices(['@', '＠']).any(|(at, sign)| {
        let after = &text[at + sign.len()..];
        let name = after.split(|c| !word(c)).next().unwrap_or_default();
        !name.is_empty() && (name != "user" || text[..at].ends_with(word))
    });
    let path = text.split_whitespace().any(|part| {
        part.split_once('/').is_some_and(|(host, rest)| {
            let top = host.rsplit_once('.').map_or("", |(_, top)| top);
            rest.starts_with(word)
                && (2..=6).contains(&top.len())
                && top.chars().all(|c| c.is_ascii_alphabetic())
        })
    });
    let lower = text.to_lowercase().replace(' ', "");
    let mail = ["gmail", "yahoo", "hotmail"].iter().any(|host| lower.contains(&format!("@{host}")));
    named || mail || path || text.contains("://") || text.contains("www.")
}

/// Seven digits or more with nothing but separators between them, unless they are an amount such as 1,000,000.
fn long_number(text: &str) -> Option<String> {
    let between = |c: char| c.is_whitespace() || "-‐‑‒–—.()+/_,\u{20e3}\u{fe0f}".contains(c);
    text.replace(", ", "; ")
        .split(|c: char| !c.is_numeric() && !between(c))
        .map(|run| run.trim_matches(between))
        .find(|run| run.chars().filter(|c| c.is_numeric()).count() >= 7 && !is_amount(run))
        .map(str::to_owned)
}

fn is_amount(run: &str) -> bool {
    let groups: Vec<&str> = run.split(',').collect();
    let digits = run.chars().all(|c| c.is_ascii_digit() || c == ',');
    let sizes = groups.iter().skip(1).all(|group| matches!(group.len(), 2 | 3));
    digits
        && sizes
        && groups[0].len() <= 3
        && groups.len() > 1
        && groups.last().is_some_and(|last| last.len() == 3)
}

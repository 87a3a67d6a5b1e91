//! Broken and hostile documents: a clear error or a skip, never a panic.

use crisislens_model::{HazardType, Severity};
use crisislens_sources::{DocumentError, Format, parse};
use proptest::prelude::*;

use crate::producers::FILES;
use crate::support::{close, ctx, fixture, item, parsed, recording};

#[test]
fn one_bad_entry_does_not_hide_the_others() {
    let document = br#"{"type":"FeatureCollection","features":[
        {"id":"a","properties":{"time":1478198296090,"mag":5.0,"place":"Italy"},"geometry":null},
        {"id":"b","properties":{"time":"soon"}}, 7, {"properties":{}},
        {"id":"c","properties":{"time":1478198296090,"mag":99,"title":"t"}},
        {"id":"d","properties":{"time":1478198296090,"status":"deleted"}}]}"#;
    let parsed = parsed(Format::UsgsGeoJson, document);
    let ids: Vec<&str> = parsed.items.iter().map(|item| item.source_id.as_str()).collect();
    assert_eq!((parsed.entries, ids), (6, vec!["a", "d"]));
    assert!(parsed.items[1].stated.as_ref().unwrap().withdrawn);
    let reasons: Vec<String> =
        parsed.skips.iter().map(|skip| format!("{}: {}", skip.entry, skip.reason)).collect();
    assert!(reasons[0].starts_with("b: properties.time"), "{reasons:?}");
    assert!(reasons[3].starts_with("c: stated.magnitude"), "{reasons:?}");
}

#[test]
fn a_quarry_blast_is_no_hazard() {
    let document =
        br#"{"type":"Feature","id":"q","properties":{"time":1478198296090,"mag":1.6,"type":"quarry blast"}}"#;
    let parsed = parsed(Format::UsgsGeoJson, document);
    assert_eq!(parsed.items[0].stated.as_ref().unwrap().hazard, Some(HazardType::None));
}

#[test]
fn the_newest_of_two_entries_with_one_identity_is_kept() {
    let lines = b"{\"source\":\"s\",\"source_id\":\"1\",\"text\":\"old\",\"timestamp\":\"2026-01-01T00:00:00Z\"}\n\
                  {\"source\":\"s\",\"source_id\":\"1\",\"text\":\"new\",\"timestamp\":\"2026-01-02T00:00:00Z\"}";
    let parsed = parsed(Format::RawNdjson, lines);
    assert_eq!((parsed.entries, parsed.items.len(), parsed.skips.len()), (2, 1, 1));
    assert_eq!(parsed.items[0].text, "new");
}

#[test]
fn a_line_that_is_no_json_is_skipped_with_its_number() {
    let parsed =
        parsed(Format::RawNdjson, b"{\"source\":\"s\",\"source_id\":\"1\",\"text\":\"a\"}\n\nnonsense\n");
    assert_eq!((parsed.entries, parsed.items.len()), (2, 1));
    assert_eq!(parsed.skips[0].entry, "line 3");
    assert!(parsed.undated.contains(&parsed.items[0].id));
}

#[test]
fn documents_of_another_kind_are_refused_in_words() {
    for (format, bytes) in [
        (Format::UsgsGeoJson, "<html>Gateway timeout</html>"),
        (Format::NwsGeoJson, "{\"status\":503}"),
        (Format::GdacsRss, "<html><body/></html>"),
        (Format::Cap, "<html><body/></html>"),
        (Format::Feed, "<html><body/></html>"),
        (Format::Feed, "upstream request timeout"),
        (Format::Mastodon, "rate limited"),
        (Format::Mastodon, ""),
    ] {
        let error = parse(format, bytes.as_bytes(), &ctx()).unwrap_err();
        assert!(!error.to_string().is_empty(), "{format}");
    }
}

#[test]
fn entities_and_nesting_cannot_blow_a_document_up() {
    let bomb = b"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'aaaaaaaaaa'>]><rss><channel/></rss>";
    for format in [Format::GdacsRss, Format::Cap, Format::Feed] {
        let error = parse(format, bomb, &ctx()).unwrap_err();
        assert!(error.to_string().contains("DOCTYPE"), "{error}");
    }
    let deep = format!("{}{}", "<item>".repeat(10_000), "</item>".repeat(10_000));
    for format in [Format::GdacsRss, Format::Cap, Format::Feed] {
        assert!(matches!(parse(format, deep.as_bytes(), &ctx()), Err(DocumentError::Xml(_))));
    }
    let nested = format!("[{}{}]", "[".repeat(10_000), "]".repeat(10_000));
    for format in [Format::UsgsGeoJson, Format::NwsGeoJson, Format::Mastodon, Format::RawNdjson, Format::Feed]
    {
        if let Ok(parsed) = parse(format, nested.as_bytes(), &ctx()) {
            assert!(parsed.items.is_empty());
        }
    }
}

#[test]
fn a_feed_entry_that_breaks_the_reader_leaves_the_others() {
    let document = r#"<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id><title>f</title>
        <entry><id>1</id><title>Flood</title><updated>2026-08-01T00:00:00Z</updated></entry>
        <entry><id>2</id><title>Fire</title><content type="no type at all/">x</content></entry>
        <entry><id>3</id><title>Storm</title><updated>2026-08-01T00:00:00Z</updated></entry></feed>"#;
    let parsed = parsed(Format::Feed, document.as_bytes());
    assert_eq!(parsed.entries, 3);
    assert!(
        parsed.items.iter().any(|item| item.source_id == "1")
            && parsed.items.iter().any(|item| item.source_id == "3")
    );
}

const MEDIA_FEED: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"><id>f</id><title>f</title>
<entry><id>1</id><title type="html">Flood &amp;amp; fire</title><updated>2026-08-01T00:00:00Z</updated>
<media:group><media:content url="https://example.org/1.jpg" type="image/jpeg"><media:thumbnail url="https://example.org/t.jpg"/>
</media:content></media:group><link href="https://example.org/1"/><content type="html">&lt;p&gt;Text&lt;/p&gt;</content></entry>
<entry><id>2</id><title>Storm</title><media:thumbnail url="https://example.org/2.jpg"/><published>2026-08-01T00:00:00Z</published>
<summary>s</summary></entry></feed>"#;

#[test]
fn pictures_of_a_feed_are_found() {
    let parsed = parsed(Format::Feed, MEDIA_FEED.as_bytes());
    assert_eq!(parsed.items[0].media, ["https://example.org/1.jpg", "https://example.org/t.jpg"]);
    assert_eq!(parsed.items[0].title.as_deref(), Some("Flood & fire"));
    assert_eq!((parsed.items[0].text.as_str(), parsed.items[1].text.as_str()), ("Text", "s"));
}

#[test]
fn a_json_feed_is_read_and_an_entry_without_a_date_says_so() {
    let document = r#"{"version":"https://jsonfeed.org/version/1.1","title":"f","items":[
        {"id":"1","url":"https://example.org/1","title":"Flood","content_text":"Water rises"}]}"#;
    let parsed = parsed(Format::Feed, document.as_bytes());
    assert_eq!(parsed.items[0].text, "Water rises");
    assert!(parsed.undated.contains(&parsed.items[0].id));
}

#[test]
fn flawed_cap_alerts_are_still_read() {
    let canada = parsed(Format::Cap, &fixture("canada_errors.cap"));
    let update = item(&canada, "2.49.0.1.124.0000abcd.2026");
    assert_eq!(
        update.title.as_deref(),
        Some("thunderstorm: Northern Shore"),
        "no reference: it stands alone"
    );
    assert_eq!(update.stated.as_ref().unwrap().country.as_deref(), Some("CA"));

    let noaa = parsed(Format::Cap, &fixture("noaa_errors.cap"));
    let stated = noaa.items[0].stated.as_ref().unwrap();
    assert_eq!((stated.severity, stated.hazard), (None, Some(HazardType::Flood)));
    assert!(stated.lat.is_some_and(|lat| (40.8..41.2).contains(&lat)), "{:?}", stated.lat);

    let invalid = parsed(Format::Cap, &fixture("invalid.cap"));
    assert_eq!((invalid.entries, invalid.skips.len()), (1, 0));
    assert_eq!(invalid.items[0].title.as_deref(), Some("Storm: New York"));
}

#[test]
fn documents_in_latin_1_keep_their_accents() {
    let alert = parsed(Format::Cap, &fixture("latin1.cap"));
    assert_eq!(alert.items[0].title.as_deref(), Some("Inundación en la montaña"));
    assert_eq!(alert.items[0].text, "El río creció: «evacúe» ahora.");
    let stated = alert.items[0].stated.as_ref().unwrap();
    assert_eq!(stated.severity, Some(Severity::High));
    assert!(close(stated.lat, 12.5) && close(stated.lon, -88.5));

    let news = parsed(Format::Feed, &fixture("latin1-rss.xml"));
    assert_eq!((news.entries, news.items.len()), (1, 1));
    assert_eq!(news.items[0].title.as_deref(), Some("Überschwemmung an der Mühle"));
    assert!(news.items[0].text.starts_with("Der Fluß führt Hochwasser"), "{}", news.items[0].text);
}

#[test]
fn a_feed_that_was_cut_off_says_so() {
    let error = parse(Format::Feed, &fixture("rss-cut-off.xml"), &ctx()).unwrap_err();
    assert!(matches!(error, DocumentError::Xml(_)), "{error:?}");
    assert_eq!(error.to_string(), "the document ends inside <channel>: it was cut off");
}

const FIXTURES: [&str; 5] = [
    "structure-fire.cap",
    "update-two-languages.cap",
    "noaa_errors.cap",
    "latin1-rss.xml",
    "rss-cut-off.xml",
];

fn mutate(bytes: &mut Vec<u8>, changes: &[(usize, u8, u8)]) {
    for (at, what, byte) in changes {
        let at = at % bytes.len().max(1);
        match what % 4 {
            0 if at < bytes.len() => bytes[at] = *byte,
            1 => bytes.insert(at.min(bytes.len()), *byte),
            2 if at < bytes.len() => bytes.truncate(at.max(1)),
            _ if at < bytes.len() => {
                bytes.remove(at);
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_makes_a_parser_panic_and_what_it_gives_is_sound(
        file in 0_usize..11 + FILES.len(),
        as_format in 0_usize..Format::ALL.len(),
        changes in prop::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 1..24),
    ) {
        let known = [
            ("gdacs-2024-12-10.xml", Format::GdacsRss),
            ("structure-fire.cap", Format::Cap),
            ("cap-earthquake-iso8859-1.cap", Format::Cap),
            ("cap-weather.cap", Format::Cap),
            ("nws-zone-2024-07.json", Format::NwsGeoJson),
            ("update-two-languages.cap", Format::Feed),
            ("noaa_errors.cap", Format::Cap),
            ("latin1-rss.xml", Format::Feed),
            ("rss-cut-off.xml", Format::Feed),
            ("gdacs-2024-12-10.xml", Format::Feed),
        ];
        let (mut bytes, own) = match known.get(file) {
            None if file > known.len() => {
                let (own, name) = FILES[file - known.len() - 1];
                (fixture(name), own)
            }
            Some((name, own)) if FIXTURES.contains(name) => (fixture(name), *own),
            Some((name, own)) => (recording(name), *own),
            None => (MEDIA_FEED.as_bytes().to_vec(), Format::Feed),
        };
        mutate(&mut bytes, &changes);
        for format in [own, Format::ALL[as_format]] {
            if let Ok(parsed) = parse(format, &bytes, &ctx()) {
                prop_assert_eq!(parsed.entries as usize, parsed.items.len() + parsed.skips.len());
                for item in &parsed.items {
                    prop_assert_eq!(item.problems(ctx().now), vec![]);
                }
            }
        }
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), format in 0_usize..Format::ALL.len()) {
        let _ = parse(Format::ALL[format], &bytes, &ctx());
    }
}

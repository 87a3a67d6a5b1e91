//! What the connectors make of small documents in the shape of each producer: whole, odd and broken entries.

use crisislens_model::{HazardType, RawItem, Severity, Stated};
use crisislens_sources::{DocumentError, Format, Parsed, SourceContext, parse};

use crate::support::{close, ctx, fixture, item, now, parsed};

fn read(format: Format, file: &str) -> Parsed {
    parsed(format, &fixture(file))
}

fn stated<'a>(parsed: &'a Parsed, source_id: &str) -> &'a Stated {
    item(parsed, source_id).stated.as_ref().unwrap()
}

fn ids(parsed: &Parsed) -> Vec<&str> {
    parsed.items.iter().map(|item: &RawItem| item.source_id.as_str()).collect()
}

/// Each skip as `entry: reason`.
fn skips(parsed: &Parsed) -> Vec<String> {
    assert_eq!(parsed.entries as usize, parsed.items.len() + parsed.skips.len());
    parsed.skips.iter().map(|skip| format!("{}: {}", skip.entry, skip.reason)).collect()
}

#[test]
fn eonet_events_stand_where_they_were_last_and_carry_the_ids_of_others() {
    let events = read(Format::Eonet, "eonet.json");
    assert_eq!(
        ids(&events),
        ["EONET_900001", "EONET_900002", "EONET_900003", "EONET_900004", "EONET_900006"]
    );
    let skips = skips(&events);
    assert_eq!(skips[0], "EONET_900005: has no geometry with a date");
    assert_eq!(skips[1], "entry 7: has no id");

    let fire = stated(&events, "EONET_900001");
    assert_eq!(fire.event_id.as_deref(), Some("gdacs:WF9000001"), "the id GDACS itself gives");
    assert_eq!(fire.other_event_ids, ["eonet:EONET_900001"]);
    assert_eq!((fire.country.as_deref(), fire.place.as_deref()), (Some("CL"), Some("Chile")));
    assert_eq!(fire.expires.unwrap().to_string(), "2026-01-09T00:00:00Z", "a closed event has ended");
    assert!(item(&events, "EONET_900001").text.ends_with("Closed on 2026-01-09."));

    let typhoon = stated(&events, "EONET_900002");
    assert_eq!((typhoon.hazard, typhoon.severity), (Some(HazardType::TropicalCyclone), Some(Severity::High)));
    assert!(close(typhoon.lat, 12.5) && close(typhoon.lon, 178.5), "the newest position, wrapped");
    assert_eq!(item(&events, "EONET_900002").timestamp.to_string(), "2026-01-07T06:00:00Z");
    assert_eq!(typhoon.expires, None);

    let burn = stated(&events, "EONET_900003");
    assert_eq!(burn.hazard, Some(HazardType::None), "lit on purpose");
    assert_eq!(burn.country.as_deref(), Some("US"));
    assert!(close(burn.lat, 44.5) && close(burn.lon, -119.5));
    let volcano = stated(&events, "EONET_900004");
    assert_eq!(volcano.event_id.as_deref(), Some("glide:VO-2026-000001-GTM"));
    assert_eq!(volcano.other_event_ids, ["cems:EMSR999", "eonet:EONET_900004"]);
    assert_eq!(stated(&events, "EONET_900006").lat, None, "a point off the globe is no point");
}

#[test]
fn reliefweb_disasters_and_reports_are_told_apart_and_led_by_their_glide_number() {
    let list = read(Format::ReliefWeb, "reliefweb.json");
    assert_eq!(ids(&list), ["disaster/90001", "disaster/90002", "report/90001", "disaster/90005"]);
    assert_eq!(
        skips(&list),
        ["90004: has neither a name nor a title", "90006: is over and has no date; ask for the field `date`"]
    );
    assert!(list.next.as_deref().is_some_and(|next| next.ends_with("offset=5")), "{:?}", list.next);

    let flood = item(&list, "disaster/90001");
    let said = flood.stated.as_ref().unwrap();
    assert_eq!(flood.text, "The river rose. Two villages are cut off.");
    assert_eq!(flood.url.as_deref(), Some("https://reliefweb.int/disaster/fl-2026-000001-bfa"));
    assert_eq!((said.hazard, said.country.as_deref()), (Some(HazardType::Flood), Some("BF")));
    assert_eq!(said.place.as_deref(), Some("Burkina Faso; Niger"));
    assert_eq!(said.lat, None, "the middle of a country is no place");
    assert_eq!(said.event_id.as_deref(), Some("glide:FL-2026-000001-BFA"));
    assert_eq!(said.other_event_ids, ["reliefweb:90001"]);
    assert_eq!(flood.timestamp.to_string(), "2026-01-05T00:00:00Z");

    let short = stated(&list, "disaster/90002");
    assert_eq!((short.hazard, short.country.as_deref()), (Some(HazardType::Epidemic), Some("TG")));
    assert!(list.undated.contains(&item(&list, "disaster/90002").id));
    let report = item(&list, "report/90001");
    assert_eq!(
        (report.author.as_deref(), report.language_hint.as_deref()),
        (Some("Example Relief"), Some("fr"))
    );
    let said = report.stated.as_ref().unwrap();
    assert_eq!(said.event_id, None, "it speaks of two disasters");
    assert_eq!(said.other_event_ids.len(), 4);
}

#[test]
fn outbreak_news_has_one_name_in_the_api_and_in_archives() {
    let list = read(Format::WhoDon, "who-don.json");
    assert_eq!(ids(&list), ["2026-DON990", "2026-DON991"]);
    assert_eq!(skips(&list).len(), 2);
    assert!(list.next.as_deref().is_some_and(|next| next.ends_with("$skip=50")));
    let cholera = item(&list, "2026-DON990");
    assert_eq!(cholera.text, "Since 1 January, 120 cases were reported.\n\nThe risk is assessed as high.");
    assert_eq!(
        cholera.url.as_deref(),
        Some("https://www.who.int/emergencies/disease-outbreak-news/item/2026-DON990")
    );
    assert_eq!(cholera.timestamp.to_string(), "2026-01-06T15:30:00Z");
    let said = stated(&list, "2026-DON990");
    assert_eq!((said.hazard, said.country.as_deref()), (Some(HazardType::Epidemic), Some("MZ")));
    assert_eq!(stated(&list, "2026-DON991").country, None, "the whole world is no country");

    let archive = read(Format::WhoDon, "who-don.jsonl");
    assert_eq!(ids(&archive), ["2026-DON989", "2026-DON988"]);
    assert_eq!(skips(&archive)[0], "2026-DON987: its date, `soon`, is no date");
    let nine = item(&archive, "2026-DON989");
    assert_eq!(
        (nine.title.as_deref(), nine.text.as_str()),
        (Some("Cholera - MZ"), "Situation at a glance\nNine cases.")
    );
    assert_eq!(stated(&archive, "2026-DON989").country.as_deref(), Some("MZ"));
    assert_eq!(stated(&archive, "2026-DON988").country, None, "one of two countries would be a guess");
}

#[test]
fn advisories_of_a_cyclone_belong_to_it_and_revise_each_other() {
    let storm = read(Format::NhcRss, "nhc-storm.xml");
    assert_eq!(ids(&storm)[..2], ["AL992026/summary", "AL992026/TCP"]);
    assert_eq!(skips(&storm), ["entry 4: has no title"]);
    for id in ["AL992026/summary", "AL992026/TCP"] {
        let said = stated(&storm, id);
        assert_eq!(said.event_id.as_deref(), Some("atcf:AL992026"));
        assert_eq!(
            (said.hazard, said.severity),
            (Some(HazardType::TropicalCyclone), Some(Severity::Critical))
        );
        assert!(close(said.lat, 12.8) && close(said.lon, -53.5));
    }
    assert_eq!(item(&storm, "AL992026/TCP").text, "The eye is near 12.8 North.\nTake care.");
    assert_eq!(storm.items[2].stated.as_ref().unwrap().event_id, None, "its wallet may be anyone's");

    let quiet = read(Format::NhcRss, "nhc-no-storm.xml");
    assert_eq!(ids(&quiet), ["https://www.nhc.noaa.gov/gtwo.php?basin=atlc"], "without the minute of issue");
    assert_eq!(skips(&quiet), ["https://www.nhc.noaa.gov/: says that there is no cyclone"]);
    assert_eq!(quiet.items[0].stated.as_ref().unwrap().severity, Some(Severity::Low));
    let outlook = &quiet.items[0].text;
    assert!(
        outlook.contains("\nA tropical wave just offshore of the west coast of Africa is\n"),
        "{outlook}"
    );
}

#[test]
fn meteoalarm_warnings_in_json_are_read_as_the_cap_alerts_they_were() {
    let warnings = read(Format::Meteoalarm, "meteoalarm.json");
    assert_eq!(
        ids(&warnings),
        ["2.49.0.0.276.0.EX.1", "2.49.0.0.276.0.EX.0"],
        "updates revise what they refer to"
    );
    let reasons = skips(&warnings);
    assert_eq!(reasons[0], "T.1: its status is Test");
    assert_eq!(reasons[1..], ["entry 4: has no alert", "entry 5: its alert has no identifier"]);
    let gusts = item(&warnings, "2.49.0.0.276.0.EX.1");
    assert_eq!(gusts.title.as_deref(), Some("Official WARNING of GALE-FORCE GUSTS"));
    assert_eq!(gusts.language_hint.as_deref(), Some("en"));
    let said = gusts.stated.as_ref().unwrap();
    assert_eq!(
        (said.hazard, said.severity),
        (Some(HazardType::Storm), Some(Severity::High)),
        "the level's colour"
    );
    assert_eq!((said.country.as_deref(), said.place.as_deref()), (Some("DE"), Some("Musterkreis")));
    assert!(close(said.lat, 51.0) && close(said.lon, 11.0));
    assert_eq!(said.event_id, None, "`Update` is no incident, though it stands where one should");
    assert_eq!(said.other_event_ids, ["cap:2.49.0.0.276.0.EX.1"]);
    assert!(!said.withdrawn);
    assert!(stated(&warnings, "2.49.0.0.276.0.EX.0").withdrawn, "all clear");
}

#[test]
fn fire_pixels_become_fires_and_doubtful_ones_do_not() {
    let fires = read(Format::FirmsCsv, "firms.csv");
    assert_eq!(ids(&fires), ["2026-01-05/5.0,5.0", "2026-01-05/-10.0,20.0"]);
    let reasons = skips(&fires);
    assert_eq!(
        reasons[..2],
        ["line 8: 95, 5 is not on the globe", "line 9: `2026-01-05 2575` is no date and time"]
    );
    assert!(reasons[2].starts_with("line 10: its frp"), "{reasons:?}");
    assert!(reasons[3].starts_with("line 11: "), "{reasons:?}");
    assert!(reasons[4].starts_with("single pixels: 1 pixels lie alone"), "{reasons:?}");
    let fire = item(&fires, "2026-01-05/-10.0,20.0");
    assert_eq!(fire.timestamp.to_string(), "2026-01-05T13:30:00Z");
    assert_eq!(
        fire.text,
        "Aqua, Terra saw fire in 3 pixels on 2026-01-05 between 00:20 and 13:30 UTC, with 120 MW of radiative power together and \
         60 MW in the strongest."
    );
    let said = fire.stated.as_ref().unwrap();
    assert_eq!((said.hazard, said.severity), (Some(HazardType::Wildfire), None));
    assert!(close(said.lat, -10.008_333) && close(said.lon, 20.0025));
}

#[test]
fn a_later_pass_revises_the_fire_and_a_day_that_is_cut_is_not_told_again() {
    let whole = String::from_utf8(fixture("firms.csv")).unwrap();
    let lines: Vec<&str> = whole.lines().take(4).collect();
    let early = parsed(Format::FirmsCsv, lines[..3].join("\n").as_bytes());
    assert!(early.items.is_empty(), "two pixels are too few");
    let strong = [&lines[..3], &["-10.015,20.0,338,1.0,1.0,2026-01-05,0020,T,90,6.1NRT,291,30,N"]].concat();
    let first = parsed(Format::FirmsCsv, strong.join("\n").as_bytes());
    let later = parsed(Format::FirmsCsv, [&strong[..], &lines[3..4]].concat().join("\n").as_bytes());
    assert_eq!(ids(&first), ids(&later));
    assert_ne!(first.items[0].content_hash(), later.items[0].content_hash());

    // The window has moved on: only the pixel of 13:30 is left of the day, and another day has begun.
    let next_day = "40.0,10.0,338,1.0,1.0,2026-01-06,0100,T,90,6.1NRT,291,400,N";
    let still = "-10.02,20.0,338,1.0,1.0,2026-01-05,1330,A,80,6.1NRT,291,400,D";
    let moved = parsed(Format::FirmsCsv, [lines[0], still, next_day].join("\n").as_bytes());
    assert_eq!(ids(&moved), ["2026-01-06/40.0,10.0"]);
    assert!(skips(&moved)[0].contains("no longer holds the start of its day"));
}

#[test]
fn gdelt_rows_about_a_crisis_become_one_item_for_each_article() {
    let events = read(Format::Gdelt, "gdelt-events.tsv");
    assert_eq!(ids(&events), ["https://news.example.org/a", "https://news.example.org/e"]);
    let reasons = skips(&events);
    assert_eq!(reasons[0], "line 7: its event id is no number");
    assert_eq!(reasons[1], "line 8: has no address of its article");
    assert_eq!(reasons[2], "line 9: its time of adding is no date");
    assert_eq!(reasons[3], "line 10: has 2 columns instead of 61");
    assert_eq!(reasons[4], "rows: 3 rows are not about a crisis of these days");
    let fight = item(&events, "https://news.example.org/a");
    assert_eq!(
        fight.title.as_deref(),
        Some("Fighting in Exampletown, Free State, South Africa"),
        "the loudest row"
    );
    let said = fight.stated.as_ref().unwrap();
    assert_eq!(
        (said.hazard, said.country.as_deref()),
        (Some(HazardType::Violence), Some("ZA")),
        "SF is FIPS"
    );
    assert_eq!(said.event_id.as_deref(), Some("gdelt:900000002"));
    assert!(close(said.lat, -30.3) && close(said.lon, 25.3));
    assert_eq!(
        stated(&events, "https://news.example.org/e").lat,
        None,
        "the middle of a country is no place"
    );

    let articles = read(Format::Gdelt, "gdelt-gkg.tsv");
    assert_eq!(
        ids(&articles),
        ["https://news.example.org/flood", "https://news.example.org/two-towns-fear-an-outbreak"]
    );
    let flood = item(&articles, "https://news.example.org/flood");
    assert_eq!(flood.title.as_deref(), Some("Floods & fear in Exampletown"));
    assert_eq!(flood.media, ["https://news.example.org/p.jpg"]);
    let said = flood.stated.as_ref().unwrap();
    assert_eq!((said.hazard, said.country.as_deref()), (Some(HazardType::Flood), Some("MZ")));
    assert!(close(said.lat, -17.9));
    let two = stated(&articles, "https://news.example.org/two-towns-fear-an-outbreak");
    let title = item(&articles, "https://news.example.org/two-towns-fear-an-outbreak").title.as_deref();
    assert_eq!(title, Some("two towns fear an outbreak"));
    assert_eq!((two.lat, two.country.as_deref()), (None, Some("TD")), "two towns of one country");
}

#[test]
fn the_list_of_gdelt_leads_to_events_or_articles_and_mentions_are_refused() {
    let list = fixture("gdelt-lastupdate.txt");
    let next = |url| parse(Format::Gdelt, &list, &SourceContext { url, ..ctx() }).unwrap().next.unwrap();
    assert!(
        next(Some("http://data.gdeltproject.org/gdeltv2/lastupdate.txt"))
            .ends_with("20260105231500.export.CSV.zip")
    );
    assert!(next(Some("http://data.gdeltproject.org/gdeltv2/lastupdate.txt#gkg")).ends_with("gkg.csv.zip"));
    let broken = [fixture("gdelt-gkg.tsv"), "x\t".repeat(70).into_bytes()].concat();
    assert_eq!(parsed(Format::Gdelt, &broken).items.len(), 2, "one broken row does not hide the table");
    let mentions = vec!["1"; 16].join("\t");
    let error = parse(Format::Gdelt, mentions.as_bytes(), &ctx()).unwrap_err();
    assert!(error.to_string().contains("mentions"), "{error}");
}

#[test]
fn copernicus_activations_are_placed_and_keep_the_id_of_gdacs() {
    let list = read(Format::CopernicusEms, "copernicus.json");
    assert_eq!(ids(&list), ["EMSR998", "EMSR997", "EMSR996"]);
    assert_eq!(skips(&list), ["EMSR995: has no activationTime", "X1: its code, `X1`, is no activation"]);
    assert!(list.next.as_deref().is_some_and(|next| next.ends_with("offset=4")));
    let fire = stated(&list, "EMSR998");
    assert_eq!((fire.hazard, fire.country.as_deref()), (Some(HazardType::Wildfire), Some("ES")));
    assert_eq!(
        (fire.event_id.as_deref(), fire.other_event_ids.as_slice()),
        (Some("gdacs:WF9000001"), &["cems:EMSR998".to_owned()][..])
    );
    assert!(close(fire.lat, 41.85) && close(fire.lon, 3.02));
    let flood = item(&list, "EMSR997");
    assert!(flood.text.starts_with("The river rose over its banks."), "{}", flood.text);
    assert!(flood.text.contains("Activated by: Italy, Civil Protection."), "{}", flood.text);
    assert!(!flood.raw_data.as_ref().unwrap().get().contains("products"));
    let said = flood.stated.as_ref().unwrap();
    assert!(close(said.lat, 41.5) && close(said.lon, 14.5), "the middle of its areas");
    assert_eq!(stated(&list, "EMSR996").hazard, Some(HazardType::Landslide));
}

#[test]
fn pdc_words_become_severities_and_an_exercise_stays_one() {
    let list = read(Format::Pdc, "pdc.json");
    assert_eq!(ids(&list), ["900001", "900002"]);
    assert_eq!(skips(&list)[0], "900003: has no last_Update in milliseconds");
    let slide = stated(&list, "900001");
    assert_eq!((slide.hazard, slide.severity), (Some(HazardType::Landslide), Some(Severity::High)));
    assert_eq!(
        (slide.country.as_deref(), slide.event_id.as_deref()),
        (Some("PE"), Some("glide:LS-2026-000001-PER"))
    );
    assert_eq!(slide.expires.unwrap().as_millisecond(), 1_767_319_200_000);
    assert!(!item(&list, "900001").exercise);
    let drill = item(&list, "900002");
    assert!(drill.exercise);
    let said = drill.stated.as_ref().unwrap();
    assert_eq!((said.severity, said.lat), (Some(Severity::Low), None));
    assert_eq!(said.expires.unwrap().as_millisecond(), 1_767_232_800_000, "a terminated hazard has ended");
}

#[test]
fn national_alerts_of_canada_and_norway_are_read() {
    let canada = read(Format::EcccGeoJson, "eccc.json");
    assert_eq!(ids(&canada), ["900202601050503_fea1-1", "900202601050503_fea1-2"]);
    assert_eq!(skips(&canada).len(), 2);
    assert!(canada.next.as_deref().is_some_and(|next| next.ends_with("offset=4")));
    let rain = stated(&canada, "900202601050503_fea1-1");
    assert_eq!((rain.hazard, rain.severity), (Some(HazardType::Winter), Some(Severity::High)));
    assert_eq!(rain.place.as_deref(), Some("Example - Lake, ON"));
    assert!(close(rain.lat, 43.5) && close(rain.lon, -79.5));
    let snow = stated(&canada, "900202601050503_fea1-2");
    assert!(snow.withdrawn && !rain.withdrawn);
    assert_eq!(
        (snow.severity, &snow.event_id),
        (Some(Severity::Medium), &rain.event_id),
        "areas of one alert"
    );

    let norway = read(Format::MetNoGeoJson, "metno.json");
    assert_eq!(norway.items.len(), 2, "{:?}", norway.skips);
    assert_eq!(skips(&norway), ["x: its status is Test", "entry 4: has no id"]);
    let gale = item(&norway, "2.49.0.1.578.0.260106050000.0833_1_0");
    assert_eq!(
        (gale.timestamp.to_string().as_str(), gale.language_hint.as_deref()),
        ("2026-01-06T05:00:00Z", Some("no"))
    );
    assert_eq!(gale.url.as_deref(), Some("https://www.met.no/eksempel"));
    let said = gale.stated.as_ref().unwrap();
    assert_eq!((said.hazard, said.severity), (Some(HazardType::Storm), Some(Severity::Medium)));
    assert_eq!(said.expires.unwrap().to_string(), "2026-01-07T10:00:00Z");
    let fire = stated(&norway, "2.49.0.1.578.0.20260105192210.079");
    assert_eq!(
        (fire.hazard, fire.severity, fire.withdrawn),
        (Some(HazardType::Wildfire), Some(Severity::High), true)
    );
}

#[test]
fn deleted_posts_are_withdrawn_and_votes_are_no_revision() {
    let bytes = fixture("reddit.json");
    let listing = parsed(Format::Reddit, &bytes);
    assert_eq!(ids(&listing), ["t3_900001", "t3_900002", "t1_900004", "LiveUpdate_1"]);
    let reasons = skips(&listing);
    assert_eq!(reasons[0], "t3_900003: is an advertisement");
    assert_eq!(reasons[1], "t1_x: its kind, `more`, is no post");
    assert_eq!(reasons[2], "t3_900005: has no created_utc");
    let bridge = item(&listing, "t3_900001");
    assert_eq!(
        (bridge.title.as_deref(), bridge.text.as_str()),
        (Some("Bridge & road under water"), "Water stands > 1 m high.")
    );
    assert_eq!(bridge.media, ["https://i.example.org/a.jpg?w=1&h=2"]);
    let gone = item(&listing, "t3_900002");
    assert!(gone.stated.as_ref().unwrap().withdrawn && stated(&listing, "LiveUpdate_1").withdrawn);
    assert!(!serde_json::to_string(gone).unwrap().to_lowercase().contains("name of a person"));
    assert!(!serde_json::to_string(gone).unwrap().contains("name_of_a_person"));
    assert_eq!(item(&listing, "t1_900004").text, "Saw it too.");

    let voted =
        String::from_utf8(bytes).unwrap().replace("\"score\": 12, \"ups\": 12", "\"score\": 13, \"ups\": 99");
    let again = parsed(Format::Reddit, voted.as_bytes());
    assert_eq!(item(&again, "t3_900001").content_hash(), bridge.content_hash());
    assert!(!bridge.raw_data.as_ref().unwrap().get().contains("t2_1"), "nothing about the person");
}

#[test]
fn a_document_that_was_cut_off_gives_what_came_before_and_says_so() {
    for (format, file, key) in [
        (Format::Eonet, "eonet.json", "\"EONET_900004\""),
        (Format::ReliefWeb, "reliefweb.json", "\"90002\""),
        (Format::WhoDon, "who-don.json", "\"2026-DON991\""),
        (Format::Meteoalarm, "meteoalarm.json", "000000000003"),
        (Format::CopernicusEms, "copernicus.json", "EMSR997"),
        (Format::Pdc, "pdc.json", "900002"),
        (Format::EcccGeoJson, "eccc.json", "fea1-2"),
        (Format::MetNoGeoJson, "metno.json", "20260105192210"),
        (Format::Reddit, "reddit.json", "t3_900002"),
        (Format::ClaimReview, "claim-review.json", "/checks/dam"),
        (Format::ClaimReview, "claim-review-api.json", "/checks/bridge"),
    ] {
        let text = String::from_utf8(fixture(file)).unwrap();
        let cut = parsed(format, &text.as_bytes()[..text.find(key).unwrap()]);
        assert!(cut.cut_off && !cut.items.is_empty(), "{file}: {cut:?}");
        assert!(skips(&cut).last().unwrap().contains("was cut off"), "{file}");
        assert!(!parsed(format, text.as_bytes()).cut_off, "{file}");
    }
}

#[test]
fn other_documents_and_wrong_types_are_refused_in_words() {
    for format in Format::ALL {
        for document in ["<html><body>Gateway timeout</body></html>", "upstream request timeout", "[]x", "7"]
        {
            let read = parse(format, document.as_bytes(), &ctx());
            let empty = read.as_ref().is_ok_and(|parsed| parsed.items.is_empty());
            assert!(read.is_err() || empty, "{format} {document}");
        }
    }
    for (format, document) in [
        (Format::Eonet, r#"{"events": {}}"#),
        (Format::ReliefWeb, r#"{"error": {"message": "appname is required"}}"#),
        (Format::CopernicusEms, r#"{"detail": "Not found."}"#),
        (Format::Pdc, r#"{"message": "Unauthorized"}"#),
        (Format::Reddit, r#"{"message": "Too Many Requests", "error": 429}"#),
        (Format::FirmsCsv, "Invalid MAP_KEY."),
        (Format::WhoDon, "down for maintenance"),
        (Format::Gdelt, "a\tb\tc"),
        (
            Format::ClaimReview,
            r#"{"error": {"code": 403, "message": "The request is missing a valid API key."}}"#,
        ),
    ] {
        let error = parse(format, document.as_bytes(), &ctx()).unwrap_err();
        assert!(
            matches!(error, DocumentError::Unexpected { .. } | DocumentError::Json(_)),
            "{format}: {error}"
        );
    }
}

#[test]
fn every_item_of_every_fixture_is_sound() {
    for (format, file) in FILES {
        let parsed = read(format, file);
        assert!(!parsed.items.is_empty(), "{file}");
        for item in &parsed.items {
            assert_eq!(item.problems(now()), vec![], "{file} {}", item.source_id);
            assert!(
                item.raw_data.is_some() && item.url.as_deref().is_none_or(|url| url.starts_with("http")),
                "{file}"
            );
        }
    }
}

pub const FILES: [(Format, &str); 18] = [
    (Format::Eonet, "eonet.json"),
    (Format::ReliefWeb, "reliefweb.json"),
    (Format::WhoDon, "who-don.json"),
    (Format::WhoDon, "who-don.jsonl"),
    (Format::NhcRss, "nhc-storm.xml"),
    (Format::NhcRss, "nhc-no-storm.xml"),
    (Format::Meteoalarm, "meteoalarm.json"),
    (Format::Meteoalarm, "structure-fire.cap"),
    (Format::FirmsCsv, "firms.csv"),
    (Format::Gdelt, "gdelt-events.tsv"),
    (Format::Gdelt, "gdelt-gkg.tsv"),
    (Format::CopernicusEms, "copernicus.json"),
    (Format::Pdc, "pdc.json"),
    (Format::EcccGeoJson, "eccc.json"),
    (Format::MetNoGeoJson, "metno.json"),
    (Format::Reddit, "reddit.json"),
    (Format::ClaimReview, "claim-review.json"),
    (Format::ClaimReview, "claim-review-api.json"),
];

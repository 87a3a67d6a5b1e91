//! Several producers tell of one event, and of others beside it.
//!
//! The recordings of the floods in Spain of 2024 stand in `../shared`, since their producers' terms differ; where they are missing the test
//! that reads them says so and is skipped.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crisislens_model::{HazardType, Incident, ItemId, RawItem, Severity, SourceKind, Stated, Timestamp};
use crisislens_sources::{Format, SourceContext, parse};
use crisislens_state::incidents::IncidentFilter;
use serde_json::{Value, json};

use crate::flow::{Flow, minute, says};

/// What an authority states of a flood at a point.
fn flood(source: &str, id: &str, at: Timestamp, (lat, lon): (f64, f64), stated: Stated) -> RawItem {
    RawItem {
        source_kind: SourceKind::Official,
        timestamp: at,
        stated: Some(Stated {
            hazard: Some(stated.hazard.unwrap_or(HazardType::Flood)),
            severity: Some(stated.severity.unwrap_or(Severity::High)),
            lat: Some(lat),
            lon: Some(lon),
            ..stated
        }),
        ..says(source, id, 0, &format!("Report {id} of {source}"))
    }
}

async fn incidents(flow: &Flow) -> Vec<Incident> {
    flow.engines.store.list_incidents(&IncidentFilter::default(), 100, None).await.unwrap().items
}

#[tokio::test]
async fn an_id_that_only_one_of_them_shares_with_each_brings_them_together() {
    let flow = Flow::open().await;
    let ids = |own: &str, others: &[&str]| Stated {
        event_id: Some(own.to_owned()),
        other_event_ids: others.iter().map(|id| (*id).to_owned()).collect(),
        ..Stated::default()
    };
    let here = (39.3, -0.7);
    flow.bring(&[flood("gdacs", "1", minute(0), here, ids("gdacs:FL1", &["glide:FL-2026-000001-ESP"]))])
        .await;
    // 500 km off, and months later: only the id says so.
    let far =
        flood("reliefweb", "2", minute(0), (42.0, 3.1), ids("reliefweb:9", &["glide:FL-2026-000001-ESP"]));
    let other = flood("gdacs", "3", minute(0), (42.0, 3.1), ids("gdacs:FL2", &["glide:FL-2026-000002-ESP"]));
    flow.bring(&[far]).await;
    flow.bring(&[other]).await;
    flow.bring(&[flood("cems", "4", minute(9), (36.0, -6.0), ids("cems:EMSR1", &["reliefweb:9"]))]).await;
    let found = incidents(&flow).await;
    let mut counts: Vec<u64> = found.iter().map(|one| one.source_count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 3], "{found:#?}");
}

fn recordings() -> Option<PathBuf> {
    let above = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let from = std::env::var_os("CRISISLENS_SHARED").map_or_else(|| above.join("shared"), PathBuf::from);
    let dir = from.join("data/feeds/one-event-many-producers/spain-floods-2024");
    dir.is_dir().then_some(dir)
}

fn read(dir: &std::path::Path, name: &str) -> Value {
    let text = std::fs::read_to_string(dir.join(name)).unwrap();
    // One of them begins with comments on where it is from.
    let json: Vec<&str> = text.lines().filter(|line| !line.starts_with("//")).collect();
    serde_json::from_str(&json.join("\n")).unwrap()
}

fn day(text: &str) -> Timestamp {
    let day = text.get(..10).unwrap();
    format!("{day}T12:00:00Z").parse().unwrap()
}

/// What a connector makes of a document, as the server has it read.
fn read_by(format: Format, source: &str, document: &str) -> Vec<RawItem> {
    let now = "2026-03-01T12:00:00Z".parse().unwrap();
    let ctx = SourceContext { source, kind: SourceKind::Official, now, exercise: false, url: None };
    let parsed = parse(format, document.as_bytes(), &ctx).unwrap();
    assert!(parsed.skips.is_empty() && parsed.entries > 0, "{:?}", parsed.skips);
    parsed.items
}

/// The feed of GDACS as it stood with an episode of which the record is there: the same elements have the same names.
fn gdacs_feed(told: &Value) -> String {
    let (place, facts) = (&told["geometry"]["coordinates"], &told["properties"]);
    let word = |field: &str| facts[field].as_str().unwrap_or_default();
    format!(
        r#"<?xml version="1.0"?>
<rss version="2.0" xmlns:gdacs="http://www.gdacs.org" xmlns:georss="http://www.georss.org/georss"><channel><item>
<title>{title}</title><description>{title}</description><link>{link}</link><guid isPermaLink="false">FL{id}</guid>
<georss:point>{lat} {lon}</georss:point><gdacs:fromdate>{from}Z</gdacs:fromdate><gdacs:todate>{to}Z</gdacs:todate>
<gdacs:eventtype>{kind}</gdacs:eventtype><gdacs:eventid>{id}</gdacs:eventid><gdacs:episodeid>{episode}</gdacs:episodeid>
<gdacs:alertlevel>{level}</gdacs:alertlevel><gdacs:alertscore>{score}</gdacs:alertscore>
<gdacs:country>{country}</gdacs:country><gdacs:iso3>{iso3}</gdacs:iso3><gdacs:glide>{glide}</gdacs:glide>
</item></channel></rss>"#,
        title = word("htmldescription"),
        link = facts["url"]["report"].as_str().unwrap().replace('&', "&amp;"),
        lat = place[1],
        lon = place[0],
        from = word("fromdate"),
        to = word("todate"),
        kind = word("eventtype"),
        id = facts["eventid"],
        episode = facts["episodeid"],
        level = word("alertlevel"),
        score = facts["alertscore"],
        country = word("country"),
        iso3 = word("iso3"),
        glide = word("glide"),
    )
}

/// A line for producers that have no connector of their own: the shape of the ingest API, whose reading is the server's.
fn line(source: &str, id: &str, day: &str, text: &str, stated: Value) -> String {
    let said = json!({ "source": source, "source_id": id, "timestamp": format!("{day}T12:00:00Z"), "text": text, "stated": stated });
    format!("{said}\n")
}

fn without_tags(text: &str) -> String {
    let pieces = text.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, behind)| behind));
    pieces.collect::<Vec<_>>().join(" ")
}

/// What the producers say, each by its own way in, in the order of the days that they say it of.
fn spain(dir: &std::path::Path) -> Vec<RawItem> {
    let mut all = Vec::new();
    for name in ["gdacs_1102983-1.json", "gdacs_1102983-2.json"] {
        all.extend(read_by(Format::GdacsRss, "gdacs", &gdacs_feed(&read(dir, name))));
    }
    let mut lines = String::new();
    for one in read(dir, "glide_FL-2024-000199-ESP.json")["glideset"].as_array().unwrap() {
        let word = |field: &str| one[field].as_str().unwrap();
        let id = format!("{}-{}-{}", word("event"), word("number"), word("geocode"));
        let day = format!(
            "{}-{:02}-{:02}",
            one["year"],
            one["month"].as_u64().unwrap(),
            one["day"].as_u64().unwrap()
        );
        let stated = json!({ "hazard": "flood", "event_id": format!("glide:{id}"), "lat": one["latitude"], "lon": one["longitude"] });
        lines += &line("glide", &id, &day, word("comments"), stated);
    }
    let told = read(dir, "idmc_idu_ESP.json");
    let displaced = told.as_array().or_else(|| told.as_object()?.values().find_map(Value::as_array)).unwrap();
    for one in displaced {
        let word = |field: &str| one[field].as_str().unwrap_or_default();
        let hazard = match word("type") {
            "Flood" => "flood",
            "Wildfire" => "wildfire",
            _ => "landslide",
        };
        let mut stated = json!({ "hazard": hazard, "severity": "medium", "lat": one["latitude"], "lon": one["longitude"] });
        if !word("event_codes").is_empty() {
            stated["other_event_ids"] = json!([format!("glide:{}", word("event_codes"))]);
        }
        let text = without_tags(word("standard_popup_text"));
        lines += &line("idmc", &one["id"].to_string(), word("displacement_date"), &text, stated);
    }
    all.extend(read_by(Format::RawNdjson, "desk", &lines));
    all.sort_by_key(|raw| raw.timestamp);
    all
}

#[tokio::test]
async fn the_floods_in_spain_of_2024_are_one_incident_of_three_producers() {
    let Some(dir) = recordings() else {
        eprintln!(
            "skipped: the recordings of the floods in Spain are not here; CRISISLENS_SHARED says where they are"
        );
        return;
    };
    let flow = Flow::open().await;
    let mut all = spain(&dir);
    for part in all.chunks(4) {
        flow.bring(part).await;
    }
    // The second episode is a revision of what GDACS says of the event.
    let ids: BTreeSet<ItemId> = all.iter().map(|raw| raw.id).collect();
    assert_eq!((all.len(), flow.count().await), (ids.len() + 1, ids.len() as u64));
    all.dedup_by_key(|raw| raw.id);
    let found = incidents(&flow).await;
    let id = "glide:FL-2024-000199-ESP";
    let dana: Vec<&Incident> =
        found.iter().filter(|one| one.event_ids.iter().any(|known| known == id)).collect();
    assert_eq!(dana.len(), 1, "{dana:#?}");
    assert!(dana[0].sources.len() >= 3, "{:#?}", dana[0]);
    assert_eq!((dana[0].hazard, dana[0].country.as_deref()), (HazardType::Flood, Some("ES")));
    // What carries its id, one of GDACS and one of GLIDE with four of IDMC, and nothing else but a flood near it in its days.
    let mut inside = 0;
    for raw in &all {
        let item = flow.item(raw).await;
        let stated = raw.stated.as_ref().unwrap();
        let carries = stated.event_id.iter().chain(&stated.other_event_ids).any(|known| known == id);
        let joined = item.incident_id == Some(dana[0].id);
        assert!(joined || !carries, "{} {}", raw.source, raw.source_id);
        assert!(!joined || stated.hazard == Some(HazardType::Flood), "{} {}", raw.source, raw.source_id);
        inside += u64::from(joined);
        let days = (raw.timestamp.as_second() - day("2024-10-30").as_second()).abs() / 86_400;
        assert!(!joined || days < 21, "{} {} is of another time", raw.source, raw.source_id);
    }
    assert_eq!(inside, dana[0].item_count);
    assert!(found.len() >= 8, "the fires and landslides of that year are apart: {}", found.len());
}

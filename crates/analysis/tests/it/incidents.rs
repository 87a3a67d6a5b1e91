//! Which items make one incident.

use crisislens_analysis::incident::{self, Decision};
use crisislens_model::{HazardType, Incident, Item, RawItem, Severity, Stated, Timestamp};

use crate::make::{item, official, post};

fn at(raw: RawItem, time: &str) -> Item {
    item(RawItem { timestamp: time.parse::<Timestamp>().unwrap(), ..raw })
}

fn quake(name: &str, lat: f64, lon: f64, magnitude: f64) -> RawItem {
    let stated = Stated {
        hazard: Some(HazardType::Earthquake),
        severity: Some(if magnitude >= 5.5 { Severity::High } else { Severity::Low }),
        lat: Some(lat),
        lon: Some(lon),
        place: Some(name.to_owned()),
        magnitude: Some(magnitude),
        ..Stated::default()
    };
    official(&format!("M {magnitude} - {name}"), stated)
}

fn italy() -> Incident {
    incident::open(&at(quake("10km SE of Norcia, Italy", 42.7, 13.2, 6.2), "2016-08-24T01:36:00Z"))
}

fn joins(item: &Item, open: &[Incident]) -> Option<usize> {
    match incident::decide(item, open) {
        Decision::Join { index, .. } => Some(index),
        _ => None,
    }
}

#[test]
fn an_official_quake_opens_an_incident_with_a_readable_title() {
    let first = at(quake("10km SE of Norcia, Italy", 42.7, 13.2, 6.2), "2016-08-24T01:36:00Z");
    assert_eq!(incident::decide(&first, &[]), Decision::Open);
    let opened = incident::open(&first);
    assert_eq!(opened.title, "Earthquake near Norcia, Italy");
    assert_eq!((opened.country.as_deref(), opened.version, opened.item_count), (Some("IT"), 1, 1));
    assert_eq!(incident::open(&first).id, opened.id);
}

#[test]
fn posts_join_by_place_and_by_country_and_not_from_afar_or_later() {
    let open = [italy()];
    for text in
        ["Earthquake shakes L'Aquila", "Devastating earthquake in Italy", "#ItalyEarthquake my prayers"]
    {
        assert_eq!(joins(&at(post(text), "2016-08-24T09:00:00Z"), &open), Some(0), "{text}");
    }
    for (text, time) in [
        ("Earthquake in Tokyo", "2016-08-24T09:00:00Z"),
        ("Earthquake in Italy", "2016-09-24T09:00:00Z"),
        ("Flood in Italy", "2016-08-24T09:00:00Z"),
    ] {
        assert_eq!(joins(&at(post(text), time), &open), None, "{text}");
    }
}

#[test]
fn small_quakes_stay_unless_an_incident_is_near() {
    let small = at(quake("2km N of Norcia, Italy", 42.81, 13.1, 1.9), "2016-08-24T03:00:00Z");
    assert_eq!(incident::decide(&small, &[]), Decision::Stay);
    assert_eq!(joins(&small, &[italy()]), Some(0));
}

#[test]
fn one_event_id_is_one_incident_however_far() {
    let mut first = quake("Norcia, Italy", 42.7, 13.2, 6.2);
    first.stated.as_mut().unwrap().event_id = Some("EQ123".to_owned());
    let mut other = quake("Elsewhere", -10.0, 100.0, 6.3);
    other.stated.as_mut().unwrap().event_id = Some("EQ123".to_owned());
    let open = [italy(), incident::open(&at(first, "2016-08-24T01:36:00Z"))];
    assert_eq!(joins(&at(other, "2018-08-24T01:36:00Z"), &open), Some(1));
}

#[test]
fn exercises_never_meet_real_incidents() {
    let mut drill = quake("Norcia, Italy", 42.7, 13.2, 6.2);
    drill.exercise = true;
    assert_eq!(incident::decide(&at(drill, "2016-08-24T02:00:00Z"), &[italy()]), Decision::Open);
}

#[test]
fn duplicates_and_vague_posts_belong_nowhere() {
    let mut copy = at(post("Earthquake in Italy"), "2016-08-24T09:00:00Z");
    copy.duplicate_of = Some(copy.id);
    assert_eq!(incident::decide(&copy, &[italy()]), Decision::Stay);
    assert_eq!(
        incident::decide(&at(post("Was that an earthquake?"), "2016-08-24T09:00:00Z"), &[italy()]),
        Decision::Stay
    );
}

#[test]
fn a_cyclone_takes_in_its_floods() {
    let storm = incident::open(&at(
        post("Hurricane nears Houston, Texas, hurricane warning"),
        "2017-08-25T00:00:00Z",
    ));
    assert_eq!(storm.hazard, HazardType::TropicalCyclone);
    assert_eq!(
        joins(
            &at(post("Flooding in Galveston, Texas"), "2017-08-27T00:00:00Z"),
            std::slice::from_ref(&storm)
        ),
        Some(0)
    );
    assert_eq!(joins(&at(post("Flooding in Chicago"), "2017-08-27T00:00:00Z"), &[storm]), None);
}

#[test]
fn joining_keeps_the_accounts_and_an_official_point_names_the_incident() {
    let mut incident = incident::open(&at(post("Huge earthquake in Italy"), "2016-08-24T02:00:00Z"));
    assert_eq!(incident.title, "Earthquake in Italy");
    for _ in 0..40 {
        incident::join(&mut incident, &at(post("Earthquake felt in Rome"), "2016-08-24T02:05:00Z"));
    }
    assert_eq!(incident.title, "Earthquake near Rome, Italy");
    let mut authority = quake("10km SE of Norcia, Italy", 42.7, 13.2, 6.2);
    authority.source = "usgs".to_owned();
    incident::join(&mut incident, &at(authority, "2016-08-24T01:36:00Z"));
    assert_eq!(incident.title, "Earthquake near Norcia, Italy");
    assert_eq!((incident.item_count, incident.source_count, incident.version), (42, 2, 42));
    assert_eq!(incident.severity, Severity::High);
    assert_eq!(incident.first_seen.to_string(), "2016-08-24T01:36:00Z");
    let centre = incident.centre.unwrap();
    assert!((centre.lat - 42.7).abs() < 0.1 && (centre.lon - 13.2).abs() < 0.1, "{centre:?}");
}

#[test]
fn the_centre_moves_across_the_antimeridian_the_short_way() {
    let mut incident = incident::open(&at(quake("A", -18.0, 179.0, 6.0), "2016-08-24T01:36:00Z"));
    incident::join(&mut incident, &at(quake("B", -18.0, -179.0, 6.0), "2016-08-24T02:36:00Z"));
    assert!(incident.centre.unwrap().lon.abs() > 179.9, "{:?}", incident.centre);
}

#[test]
fn a_grave_warning_opens_an_incident_even_where_it_names_no_hazard_and_no_place() {
    let stated = Stated { severity: Some(Severity::High), ..Stated::default() };
    let warning = item(official("Take shelter now and follow instructions.", stated));
    assert!(warning.location.is_none(), "{:?}", warning.location);
    assert_eq!(incident::decide(&warning, &[italy()]), Decision::Open);
    let mild = item(official("Take care.", Stated { severity: Some(Severity::Medium), ..Stated::default() }));
    assert_eq!(incident::decide(&mild, &[italy()]), Decision::Stay);
}

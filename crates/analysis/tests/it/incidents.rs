//! Which items make one incident.

use crisislens_analysis::incident::{self, Decision, keys};
use crisislens_model::{
    HazardType, Incident, IncidentId, IncidentStatus, Item, Precision, RawItem, RiskWeights, Severity,
    SourceKind, Stated, Timestamp,
};

use crate::make::{item, made_anew, official, post};

pub fn at(raw: RawItem, time: &str) -> Item {
    item(RawItem { timestamp: time.parse::<Timestamp>().unwrap(), ..raw })
}

pub fn quake(name: &str, lat: f64, lon: f64, magnitude: f64) -> RawItem {
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

pub fn italy() -> Incident {
    incident::open(&at(quake("10km SE of Norcia, Italy", 42.7, 13.2, 6.2), "2016-08-24T01:36:00Z"))
}

pub fn joins(item: &Item, open: &[Incident]) -> Option<usize> {
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

/// Whether `item` is looked for where `incident` is kept.
fn is_found(item: &Item, incident: &Incident) -> bool {
    let kept = keys::of_incident(incident);
    keys::of_item(item).iter().any(|key| kept.contains(key))
}

/// A small generator, the same numbers every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.below(1_000_001) as f64 / 1_000_000.0
    }
}

/// An item about a hazard at a point, some hours into a day, known as exactly as `precision` says.
fn about(kind: HazardType, lat: f64, lon: f64, precision: Precision, hours: i64) -> Item {
    let mut item = at(quake("Norcia, Italy", 42.7, 13.2, 6.2), "2016-08-24T01:36:00Z");
    item.hazard.kind = kind;
    item.timestamp = Timestamp::from_second(item.timestamp.as_second() + hours * 3_600).unwrap();
    let place = item.location.as_mut().unwrap();
    (place.lat, place.lon, place.precision) = (lat, lon, precision);
    item
}

#[test]
fn whatever_an_item_may_join_is_found_by_its_keys_wherever_on_the_globe() {
    let mut chance = Chance(7);
    let precisions = [Precision::Country, Precision::Admin1, Precision::City, Precision::Point];
    let (mut joined, mut found) = (0, 0);
    for _ in 0..6_000 {
        let kind = HazardType::ALL[chance.below(HazardType::ALL.len() as u64) as usize];
        let poles = [90.0, -90.0, 89.5, -89.9];
        let (lat, lon) = match chance.below(4) {
            0 => (poles[chance.below(4) as usize], chance.between(-180.0, 180.0)),
            1 => (chance.between(-60.0, 60.0), [180.0, -180.0, 179.9][chance.below(3) as usize]),
            _ => (chance.between(-90.0, 90.0), chance.between(-180.0, 180.0)),
        };
        let first = about(kind, lat, lon, precisions[chance.below(4) as usize], 0);
        let incident = incident::open(&first);
        let near_lat = (lat + chance.between(-8.0, 8.0)).clamp(-90.0, 90.0);
        let near_lon = (lon + chance.between(-12.0, 12.0) + 540.0).rem_euclid(360.0) - 180.0;
        let other = if chance.below(3) == 0 {
            HazardType::ALL[chance.below(HazardType::ALL.len() as u64) as usize]
        } else {
            kind
        };
        let hours = chance.between(-24.0 * 40.0, 24.0 * 40.0) as i64;
        let item = about(other, near_lat, near_lon, precisions[chance.below(4) as usize], hours);
        let fits = joins(&item, std::slice::from_ref(&incident)).is_some();
        found += usize::from(is_found(&item, &incident));
        joined += usize::from(fits);
        assert!(!fits || is_found(&item, &incident), "{item:?} fits {incident:?} and is not found");
        assert!(keys::of_item(&item).len() <= 80, "{}", keys::of_item(&item).len());
    }
    assert!(joined > 300 && found < 4_000, "{joined} joined, {found} found");
}

#[test]
fn what_is_far_off_in_space_or_time_is_not_even_looked_at() {
    let incident = italy();
    let far = at(quake("Honshu, Japan", 38.0, 142.0, 6.2), "2016-08-24T02:00:00Z");
    let late = at(quake("Norcia, Italy", 42.7, 13.2, 6.2), "2017-08-24T02:00:00Z");
    assert!(!is_found(&far, &incident) && !is_found(&late, &incident));
}

#[test]
fn quiet_incidents_are_watched_and_then_closed_unless_people_have_said_otherwise() {
    let mut incident = italy();
    let days = |days: i64| Timestamp::from_second(incident.last_seen.as_second() + days * 86_400).unwrap();
    let (one, two, six) = (days(1), days(2), days(6));
    assert_eq!(incident::settle(&incident, one), None);
    assert_eq!(incident::settle(&incident, two), Some(IncidentStatus::Monitoring));
    assert_eq!(incident::settle(&incident, six), Some(IncidentStatus::Closed));
    incident.heard_at = Some(days(5));
    assert_eq!(incident::settle(&incident, six), None, "a recording of old days is not over");
    incident.heard_at = None;
    assert!(incident::next_look(&incident).unwrap() > one && incident::next_look(&incident).unwrap() < two);
    incident.set_by_people(None, None, Some(Some(IncidentStatus::Open)));
    assert_eq!((incident::settle(&incident, six), incident::next_look(&incident)), (None, None));
    incident.set_by_people(None, None, Some(Some(IncidentStatus::Closed)));
    assert!(!is_found(&at(post("Earthquake in Italy"), "2016-08-24T09:00:00Z"), &incident));
}

#[test]
fn a_closed_incident_takes_in_its_events_id_only_and_opens_again() {
    let mut raw = quake("Norcia, Italy", 42.7, 13.2, 6.2);
    raw.stated.as_mut().unwrap().event_id = Some("EQ123".to_owned());
    let revised = at(raw, "2016-08-24T01:36:00Z");
    let mut incident = incident::open(&revised);
    incident.status = IncidentStatus::Closed;
    let nearby = at(post("Earthquake shakes L'Aquila"), "2016-08-24T09:00:00Z");
    assert_eq!(joins(&nearby, std::slice::from_ref(&incident)), None);
    assert_eq!(joins(&revised, std::slice::from_ref(&incident)), Some(0));
    assert!(is_found(&revised, &incident));
    incident::join(&mut incident, &revised);
    assert_eq!(incident.status, IncidentStatus::Open);
    incident.set_by_people(None, None, Some(Some(IncidentStatus::Closed)));
    incident::join(&mut incident, &revised);
    assert_eq!(incident.status, IncidentStatus::Closed, "what people have closed stays closed");
    let worse = Item { severity: Severity::Critical, ..revised };
    incident::join(&mut incident, &worse);
    assert_eq!(
        (incident.status, incident.severity),
        (IncidentStatus::Open, Severity::Critical),
        "but not when it gets worse"
    );
}

#[test]
fn what_people_set_stays_until_it_is_taken_back() {
    let mut incident = italy();
    let found = (incident.title.clone(), incident.severity);
    incident.set_by_people(Some(Some("Amatrice".to_owned())), Some(Some(Severity::Low)), None);
    incident::join(&mut incident, &at(post("Earthquake felt in Rome"), "2016-08-24T02:05:00Z"));
    assert_eq!((incident.title.as_str(), incident.severity), ("Amatrice", Severity::Low));
    incident.set_by_people(None, Some(None), None);
    assert_eq!((incident.title.as_str(), incident.severity), ("Amatrice", found.1));
    incident.set_by_people(Some(None), None, None);
    assert_eq!((incident.title, incident.severity, incident.set), (found.0, found.1, None));
}

#[test]
fn what_would_have_joined_a_merged_incident_still_finds_it() {
    let mut into = italy();
    let mut from = incident::open(&at(quake("Palermo, Italy", 38.1, 13.4, 5.0), "2016-08-24T04:00:00Z"));
    incident::merge(&mut into, &mut from);
    assert_eq!((into.item_count, from.merged_into, from.status), (2, Some(into.id), IncidentStatus::Closed));
    let sicily = at(quake("Palermo, Italy", 38.1, 13.4, 3.0), "2016-08-24T05:00:00Z");
    assert!(is_found(&sicily, &from));
    assert_eq!(
        joins(&sicily, &[into, from]),
        Some(1),
        "its place leads to the merged one, and that to the other"
    );
}

#[test]
fn what_was_split_off_has_its_own_items_and_what_is_nearer_joins_it() {
    let north = at(quake("Norcia, Italy", 42.79, 13.09, 6.0), "2016-08-24T01:36:00Z");
    let mut south = at(quake("L'Aquila, Italy", 42.35, 13.40, 5.0), "2016-08-24T02:36:00Z");
    south.id = crisislens_model::ItemId::of("usgs", "south");
    let mut whole = incident::open(&north);
    for _ in 0..30 {
        incident::join(&mut whole, &north);
    }
    incident::join(&mut whole, &south);
    let id = IncidentId(crisislens_model::id::named("incident", "split"));
    let title = Some("The southern one".to_owned());
    let parted = incident::split(&mut whole, id, std::slice::from_ref(&south), title).unwrap();
    assert_eq!((parted.item_count, parted.title.as_str()), (1, "The southern one"));
    assert_eq!(parted.split_from, Some(whole.id));
    let version = whole.version;
    made_anew(&mut whole, &vec![north; 31]);
    assert_eq!((whole.item_count, whole.version), (31, version + 1));
    assert!((whole.centre.unwrap().lat - 42.79).abs() < 0.001, "{:?}", whole.centre);
    let open = [whole, parted];
    for (name, lat, lon, expected) in [("L'Aquila", 42.36, 13.41, 1), ("Norcia", 42.80, 13.10, 0)] {
        let item = at(quake(&format!("{name}, Italy"), lat, lon, 3.0), "2016-08-24T06:00:00Z");
        assert_eq!(joins(&item, &open), Some(expected), "{name}");
    }
    let again = at(quake("L'Aquila, Italy", 42.36, 13.41, 3.0), "2016-08-24T06:00:00Z");
    let barred = incident::decide_but(&again, &open[..1], &[open[0].id]);
    assert!(!matches!(barred, Decision::Join { .. }), "{barred:?}");
    let mut empty = open[1].clone();
    made_anew(&mut empty, &[]);
    assert_eq!((empty.item_count, empty.status), (0, IncidentStatus::Closed));
}

#[test]
fn words_tell_incidents_of_one_country_apart() {
    let time = |hour: u32| format!("2026-03-01T{hour:02}:00:00Z");
    let mut north =
        incident::open(&at(post("Flood in Genoa, Italy: the Bisagno torrent burst its banks"), &time(1)));
    let mut south = incident::open(&at(
        post("Flood in Palermo, Italy: an underpass full of cars, drivers missing"),
        &time(1),
    ));
    for n in 2..6 {
        incident::join(
            &mut north,
            &at(post("Flood in Genoa: the torrent Bisagno is in the streets"), &time(n)),
        );
        incident::join(&mut south, &at(post("Flood in Palermo: cars in the underpass"), &time(n)));
    }
    for n in 6..9 {
        incident::join(&mut north, &at(post("Flooding in Genoa, Italy, by the torrent"), &time(n)));
    }
    let open = [south, north];
    let asks = |text: &str| joins(&at(post(text), &time(10)), &open);
    assert_eq!(asks("Floods in Italy, terrible"), Some(1), "where no word tells, the larger one");
    assert_eq!(
        asks("Italy flood: cars still lie in that underpass, drivers missing"),
        Some(0),
        "words before size"
    );
    match incident::decide(&at(post("Italy flood: cars still lie in that underpass"), &time(10)), &open) {
        Decision::Join { why, .. } => assert!(why.contains("underpass"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn words_of_an_incident_are_few_whatever_is_said() {
    let mut flood = incident::open(&at(
        post("Flood in Genoa, Italy: the Bisagno burst its banks"),
        "2026-03-01T01:00:00Z",
    ));
    for n in 0..300_u32 {
        let noise: String =
            (0..40).map(|k| format!("w{} ", "abcdefghij".repeat(1 + (n + k) as usize % 3))).collect();
        let text = format!("Flood in Genoa: the Bisagno rises. {noise} https://example.org/{n} 洪水 {n}");
        incident::join(&mut flood, &at(post(&text), "2026-03-01T02:00:00Z"));
    }
    assert!(flood.words.len() <= 48, "{}", flood.words.len());
    assert!(flood.words["bisagno"] >= 300);
    assert!(
        flood.words.keys().all(|word| !word.contains("example") && word.chars().all(char::is_alphabetic))
    );
    let mut other =
        incident::open(&at(post("Flood in Genoa, Italy: schools closed"), "2026-03-01T01:00:00Z"));
    incident::merge(&mut other, &mut flood);
    assert!(other.words.len() <= 48 && other.words["bisagno"] >= 300);
    made_anew(&mut other, &[]);
    assert!(other.words.is_empty());
}

#[test]
fn the_risk_of_an_incident_is_the_sum_of_eight_parts() {
    let mut flood = incident::open(&at(
        post("Flood in Genoa, Italy: the Bisagno burst its banks"),
        "2026-03-01T01:00:00Z",
    ));
    let assessed = |incident: &mut Incident| {
        incident::assess(incident, &RiskWeights::default());
        incident.risk.clone().unwrap()
    };
    let part = |risk: &crisislens_model::incident::Risk, name: &str| {
        risk.parts.iter().find(|part| part.name == name).unwrap().contribution
    };
    let alone = assessed(&mut flood);
    let sums = |risk: &crisislens_model::incident::Risk| {
        let (weights, score) =
            risk.parts.iter().fold((0.0, 0.0), |(w, s), part| (w + part.weight, s + part.contribution));
        assert!((weights - 1.0).abs() < 1e-12 && (score - risk.score).abs() < 1e-12 && risk.parts.len() == 8);
        assert!(
            risk.parts.iter().all(|part| (0.0..=1.0).contains(&part.value) && !part.why.is_empty()),
            "{risk:?}"
        );
    };
    sums(&alone);
    assert_eq!(part(&alone, "corroboration"), 0.0);
    // Copies spread it and confirm nothing.
    flood.copies = 200;
    let copied = assessed(&mut flood);
    assert!(part(&copied, "virality") > part(&alone, "virality"));
    assert_eq!(part(&copied, "corroboration"), 0.0);
    // An authority confirms it.
    let warning =
        Stated { hazard: Some(HazardType::Flood), severity: Some(Severity::High), ..Stated::default() };
    incident::join(
        &mut flood,
        &at(
            RawItem { source: "civil".to_owned(), ..official("Flood warning for Genoa, Italy", warning) },
            "2026-03-01T03:00:00Z",
        ),
    );
    let confirmed = assessed(&mut flood);
    sums(&confirmed);
    for name in ["corroboration", "source_reliability", "evidence_quality", "sentiment"] {
        assert!(part(&confirmed, name) > part(&copied, name), "{name}: {confirmed:?}");
    }
    assert_eq!((flood.voices.official, flood.voices.social), (1, 1));
    // What was stored before voices were counted is read and assessed too.
    let mut old = serde_json::to_value(&flood).unwrap();
    for name in ["voices", "copies", "risk", "words"] {
        old.as_object_mut().unwrap().remove(name);
    }
    let mut old: Incident = serde_json::from_value(old).unwrap();
    sums(&assessed(&mut old));
    made_anew(&mut old, &[]);
    sums(&assessed(&mut old));
}

#[test]
fn grave_items_of_one_place_are_one_incident_however_unsure_their_hazard_is() {
    let says = |kind: SourceKind, n: u32| {
        let text = format!("Flood in Bergamo, bridge collapsed, 30 dead #{n}");
        let mut item = at(crate::make::raw(kind, &text), &format!("2026-03-01T0{n}:00:00Z"));
        // As where two hazards are named.
        item.hazard.confidence = 0.4;
        item
    };
    let first = says(SourceKind::Media, 1);
    assert!(incident::must_open(&first), "{}", first.risk_score);
    let mut flood = incident::open(&first);
    for n in 2..6 {
        let next = says(SourceKind::Media, n);
        assert!(
            keys::of_item(&next).iter().any(|key| keys::of_incident(&flood).contains(key)),
            "found by its keys"
        );
        assert_eq!(joins(&next, std::slice::from_ref(&flood)), Some(0), "{n}");
        incident::join(&mut flood, &next);
    }
    // The public alone joins it too, and opens none.
    let post = says(SourceKind::Social, 7);
    assert!(post.severity >= Severity::High && !incident::must_open(&post), "{}", post.risk_score);
    assert_eq!(joins(&post, std::slice::from_ref(&flood)), Some(0));
    assert_eq!(incident::decide(&post, &[]), Decision::Stay);
    // What is said elsewhere is another one.
    let mut far = says(SourceKind::Media, 8);
    far.location.as_mut().unwrap().lat -= 10.0;
    assert_eq!(incident::decide(&far, std::slice::from_ref(&flood)), Decision::Open);
}

//! Why an item is in its incident, or in none, or in one of its own.

use crisislens_analysis::incident::{self, By, Decision};
use crisislens_model::{Incident, IncidentId, Item, Precision, Severity};

use crate::incidents::{at, italy, joins, quake};
use crate::make::{item, post};

#[test]
fn an_item_says_why_it_is_in_its_incident_and_what_else_it_might_have_joined() {
    let time = "2016-08-24T09:00:00Z";
    let (amatrice, tokyo) = (italy(), incident::open(&at(quake("Tokyo, Japan", 35.7, 139.7, 6.0), time)));
    let first = at(quake("10km SE of Norcia, Italy", 42.7, 13.2, 6.2), "2016-08-24T01:36:00Z");
    let opening = incident::membership(&first, Some(&amatrice), std::slice::from_ref(&amatrice), &[]);
    assert_eq!((opening.by, opening.runner_up.is_none()), (By::Opening, true), "{opening:?}");

    let near = at(post("Earthquake shakes L'Aquila"), time);
    let another = incident::open(&at(quake("L'Aquila, Italy", 42.35, 13.4, 4.8), time));
    let open = [another.clone(), amatrice.clone(), tokyo];
    let best = joins(&near, &open).unwrap();
    let why = incident::membership(&near, Some(&open[best]), &open, &[]);
    assert_eq!((why.by, why.fitting), (By::Nearness, 2), "{why:?}");
    let (fit, next) = (why.fit.unwrap(), why.runner_up.unwrap());
    assert_eq!((fit.incident, next.incident), (open[best].id, open[1 - best].id));
    assert!(fit.score >= next.score && why.why.contains("km from its middle"), "{fit:?} {next:?}");
    // Where people have put it into the other, that one is told as its own, and what rules say as the runner-up.
    let moved = incident::membership(&near, Some(&open[1 - best]), &open, &[open[best].id]);
    assert_eq!((moved.by, moved.fitting), (By::Nearness, 1), "{moved:?}");
    assert!(moved.runner_up.is_none() && moved.why.contains("People have taken it out"), "{moved:?}");

    let mut told = quake("12km SE of Norcia, Italy", 42.7, 13.2, 6.2);
    if let Some(stated) = &mut told.stated {
        stated.event_id = Some("usgs:1".to_owned());
        stated.other_event_ids = (0..20).map(|n| format!("glide:{n}")).collect();
    }
    let mut known = amatrice.clone();
    known.event_ids = (0..20).map(|n| format!("glide:{n}")).collect();
    let by_id = incident::membership(&at(told, time), Some(&known), &[], &[]);
    assert_eq!((by_id.by, by_id.event_ids.len(), by_id.event_ids[0].as_str()), (By::EventId, 8, "glide:0"));

    let flood = at(post("Flood in Tokyo"), time);
    let far = incident::membership(&flood, Some(&amatrice), &[], &[]);
    assert_eq!((far.by, far.fit), (By::Others, None), "people have put it there");
}

#[test]
fn an_item_in_no_incident_says_why_not() {
    let time = "2016-08-24T09:00:00Z";
    let alone = |item: &Item, open: &[Incident], parted: &[IncidentId]| {
        let told = incident::membership(item, None, open, parted);
        assert_eq!(told.by == By::Copy, item.duplicate_of.is_some());
        told.why
    };
    let copy = Item { duplicate_of: Some(item(post("x")).id), ..at(post("Earthquake in Italy"), time) };
    assert!(alone(&copy, &[italy()], &[]).contains("repeats another item"));
    assert!(alone(&at(post("What a lovely morning"), time), &[], &[]).contains("names no hazard"));
    let mut unsure = at(post("Earthquake shakes L'Aquila"), time);
    unsure.hazard.confidence = 0.31;
    unsure.severity = Severity::Low;
    let why = alone(&unsure, &[italy()], &[]);
    assert!(why.contains("less sure (0.31) than is asked for (0.50)"), "{why}");
    let nowhere = Item { location: None, ..at(post("A huge earthquake, everything shakes"), time) };
    let nowhere = Item { hazard: at(post("Earthquake shakes L'Aquila"), time).hazard, ..nowhere };
    assert!(alone(&nowhere, &[], &[]).contains("names no place"), "{nowhere:?}");
    let late = at(post("Earthquake shakes L'Aquila"), time);
    assert!(alone(&late, &[italy()], &[]).contains("It would join “Earthquake near Norcia, Italy” now"));
    assert!(alone(&late, &[italy()], &[italy().id]).contains("People have taken it out"));
}

#[test]
fn floods_in_two_far_towns_of_a_country_are_two() {
    let lisbon = incident::open(&at(post("Flood in Lisbon"), "2026-03-01T01:00:00Z"));
    let porto = at(post("Flood in Porto"), "2026-03-01T02:00:00Z");
    assert_eq!(porto.location.as_ref().unwrap().precision, Precision::City);
    assert_eq!(incident::decide(&porto, std::slice::from_ref(&lisbon)), Decision::Open);
    for text in ["Flood in Setúbal", "Flooding in Santarém, Portugal", "Floods in Portugal"] {
        assert_eq!(
            joins(&at(post(text), "2026-03-01T02:00:00Z"), std::slice::from_ref(&lisbon)),
            Some(0),
            "{text}"
        );
    }
}

#[test]
fn what_is_said_of_a_whole_vast_country_is_of_no_single_town_among_several() {
    let time = |hour: u32| format!("2026-03-01T{hour:02}:00:00Z");
    let houston = incident::open(&at(post("Flood in Houston: the bayou is over its banks"), &time(1)));
    let chicago = incident::open(&at(post("Flood in Chicago: cars in an underpass"), &time(1)));
    let fire = incident::open(&at(post("Wildfire near Denver"), &time(1)));
    let said = |text: &str| at(post(text), &time(3));
    let vague = said("Flooding in the US");
    assert_eq!(joins(&vague, &[houston.clone(), fire]), Some(0), "it is the only one");
    let both = [houston, chicago];
    assert_eq!(incident::decide(&vague, &both), Decision::Open);
    assert_eq!(joins(&said("Flooding in the US, terrible, cars in that underpass"), &both), Some(1));
    let mut whole = incident::open(&vague);
    whole.id = IncidentId(crisislens_model::id::named("incident", "whole"));
    let [houston, chicago] = both;
    let three = [houston, whole, chicago];
    assert_eq!(joins(&said("More flooding in the US"), &three), Some(1), "that of the country takes it");
    let found = incident::membership(&vague, Some(&three[1]), &three, &[]);
    assert_eq!(found.fitting, 1, "{found:?}");
}

//! What incidents are kept and looked for under, so that a look-up reads the few that an item may join, however many there are.
//!
//! Whatever [`super::decide`] lets an item join shares a key with it: an id of the event; a cell of the globe with hazard and time; a
//! country with hazard and time. Cells are cubes through which the globe passes, so that the poles and the antimeridian are nothing
//! special: the straight way is never longer than the way over the ground. Their edge is twice the hazard's reach.

use std::collections::BTreeSet;

use crisislens_model::{HazardType, Incident, IncidentStatus, Item, Precision, Timestamp};

use super::{event_ids, is_vague, magnitude, may_join, reach};
use crate::claims::keys::hash;
use crate::world::World;

const EARTH_KM: f64 = 6371.0088;
/// Added to every reach: what rounding may take away.
const MARGIN_KM: f64 = 1.0;
/// Periods that an incident is kept under, its last ones: years for the slow ones, a year for the others.
const MAX_PERIODS: i64 = 128;

/// The keys that `incident` is kept under. One that is closed is found by the ids of its event alone; one that was merged into another
/// is found like any other, because what would have joined it joins that one.
#[must_use]
pub fn of_incident(incident: &Incident) -> Vec<u64> {
    let (kind, world) = (incident.hazard, World::of(incident.exercise, incident.exercise_id));
    let mut keys: BTreeSet<u64> = incident.event_ids.iter().map(|id| hash(world, &["event", id])).collect();
    if incident.status == IncidentStatus::Closed && incident.merged_into.is_none() {
        return keys.into_iter().collect();
    }
    let [first, last] = [incident.first_seen, incident.last_seen].map(|at| period(kind, at, 0));
    for period in first.max(last.saturating_sub(MAX_PERIODS - 1))..=last {
        let mut keep = |what: &str, at: &str| keys.insert(key(world, what, kind, at, period));
        if let Some(centre) = incident.centre {
            for cell in cells(kind, (centre.lat, centre.lon), 0.0) {
                keep("at", &cell);
            }
        }
        if let Some(country) = &incident.country {
            keep("in", country);
            if incident.centre.is_some_and(|centre| is_vague(&centre)) {
                keep("somewhere in", country);
            }
        }
    }
    keys.into_iter().collect()
}

/// The keys under which the incidents are that `item` may join.
#[must_use]
pub fn of_item(item: &Item) -> Vec<u64> {
    let world = World::of(item.exercise, item.exercise_id);
    let mut keys: BTreeSet<u64> = event_ids(item).map(|id| hash(world, &["event", id])).collect();
    let Some(place) = item.location.as_ref().filter(|_| may_join(item)) else {
        return keys.into_iter().collect();
    };
    let mine = item.hazard.kind;
    let is_exact = place.precision != Precision::Country;
    for kind in HazardType::ALL.iter().copied().filter(|kind| mine == *kind || reach::related(mine, *kind)) {
        let near = if is_exact {
            let reach_km = reach::radius_km(kind, magnitude(item)) + reach::slack_km(place.precision);
            cells(kind, (place.lat, place.lon), reach_km + MARGIN_KM)
        } else {
            Vec::new()
        };
        // As many windows as an incident may lie before or behind the item.
        for period in [-1, 0, 1].map(|shift| period(kind, item.timestamp, shift)) {
            keys.extend(near.iter().map(|cell| key(world, "at", kind, cell, period)));
            let country = place.country.as_ref().filter(|_| kind == mine);
            keys.extend(country.map(|country| {
                key(world, if is_exact { "somewhere in" } else { "in" }, kind, country, period)
            }));
        }
    }
    keys.into_iter().collect()
}

fn key(world: World, what: &str, kind: HazardType, at: &str, period: i64) -> u64 {
    hash(world, &[what, kind.as_str(), at, &period.to_string()])
}

/// The number of the period of `at`, which is as long as the hazard's window.
fn period(kind: HazardType, at: Timestamp, shift: i64) -> i64 {
    at.as_second().div_euclid(reach::window(kind).as_secs().max(1).cast_signed()) + shift
}

/// The cells within `reach_km` of a point: eight at most.
fn cells(kind: HazardType, (lat, lon): (f64, f64), reach_km: f64) -> Vec<String> {
    let edge_km = 2.0 * (reach::max_reach_km(kind) + MARGIN_KM);
    let (lat, lon) = (lat.to_radians(), lon.to_radians());
    let point = [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()];
    let span = point.map(|share| {
        let at = share * EARTH_KM;
        let [low, high] = [at - reach_km, at + reach_km].map(|at| (at / edge_km).floor() as i64);
        low..=high
    });
    let mut cells = Vec::with_capacity(8);
    for x in span[0].clone() {
        for y in span[1].clone() {
            cells.extend(span[2].clone().map(|z| format!("{x} {y} {z}")));
        }
    }
    cells
}

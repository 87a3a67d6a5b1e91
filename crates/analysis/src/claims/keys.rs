//! Keys under which a store finds the claims that one can be compared with: a bounded set, the same on every node for ever.
//!
//! Two claims of one topic and subject share a key if they belong to one incident, or lie within the radius of `same` (or in one country)
//! and within its time window. Each point lies in four overlapping cells, each moment in two overlapping windows, so that no border
//! parts neighbours. Each is also kept under what exactly it states there: of a disaster so many figures go round that the place alone says
//! nothing any more, and who says the same must be found all the same. Claims known by their words have the keys of near-duplicates (`duplicate`). Limit: a claim without a place is found
//! by its incident or its words only.

use crisislens_model::Timestamp;
use crisislens_model::claim::Slots;
use crisislens_model::place::distance_km;

use super::same::{Statement, WINDOW_HOURS, is_told_by_text};
use crate::duplicate;
use crate::text::fold;
use crate::world::World;

/// Most keys of one claim.
pub const MAX_KEYS: usize = 32;
/// Height of a cell in degrees: 222 km, more than the largest radius.
const CELL_DEGREES: f64 = 2.0;
/// FNV-1a, 64 bits (Fowler, Noll, Vo): offset basis and prime.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The keys of `statement`. A claim is kept under all of them and looked for under all of them.
#[must_use]
pub fn keys(statement: &Statement<'_>) -> Vec<u64> {
    let slots = statement.slots;
    let topic = statement.topic.as_str();
    let worded = is_told_by_text(statement.topic);
    let mut keys = Vec::new();
    let mut add = |parts: &[&str]| keys.push(hash(statement.world, parts));
    if let Some(incident) = statement.incident.filter(|_| !worded) {
        let incident = incident.to_string();
        add(&["incident", topic, &slots.subject, &incident]);
        add(&["exactly", topic, &slots.subject, &incident, &figure(slots)]);
    }
    if let Some(place) = slots.place.as_ref().filter(|_| !worded) {
        let mut where_at = cells(place.lat, place.lon);
        for window in windows_of("said", statement.said_at) {
            for at in &where_at {
                add(&["exactly", topic, &slots.subject, at, &window, &figure(slots)]);
            }
        }
        where_at.extend(place.country.clone());
        for window in windows(statement) {
            for at in &where_at {
                add(&["place", topic, &slots.subject, at, &window]);
            }
        }
    }
    if worded || (slots.place.is_none() && statement.incident.is_none()) {
        keys.extend(duplicate::bands_of(&fold::key(statement.text), statement.world));
    }
    keys.sort_unstable();
    keys.dedup();
    keys.truncate(MAX_KEYS);
    keys
}

/// The overlapping windows of when it was said, and of the time that it names.
fn windows(statement: &Statement<'_>) -> Vec<String> {
    let mut windows = windows_of("said", statement.said_at);
    windows.extend(statement.slots.time.into_iter().flat_map(|time| windows_of("named", time)));
    windows
}

fn windows_of(mark: &str, time: Timestamp) -> Vec<String> {
    let number = time.as_second().div_euclid((WINDOW_HOURS + 1) * 3_600);
    vec![format!("{mark} {number}"), format!("{mark} {}", number + 1)]
}

/// How many or how much, and whether it is denied.
fn figure(slots: &Slots) -> String {
    let quantity =
        slots.quantity.as_ref().map(|one| (one.low.to_bits(), one.high.map(f64::to_bits), &one.unit));
    format!("{} {quantity:?}", slots.negated)
}

/// The four cells of a point. Cells of a row are as many as keep them at least as wide as high, and meet at the antimeridian.
fn cells(lat: f64, lon: f64) -> Vec<String> {
    let row = (lat / CELL_DEGREES).floor();
    let mut cells = Vec::with_capacity(4);
    for row in [row, row + 1.0] {
        // Where the row is narrowest: at the edge nearer to a pole of all points that can have it.
        let edge = ((row.abs() + 1.0) * CELL_DEGREES).min(90.0);
        let degree_km = distance_km((edge, 0.0), (edge, 1.0));
        let wide = (CELL_DEGREES * 111.2 / degree_km.max(0.1)).min(360.0);
        let count = (360.0 / wide).floor().max(1.0);
        let column = ((lon + 180.0).rem_euclid(360.0) / 360.0 * count).floor();
        for column in [column, column + 1.0] {
            cells.push(format!("{row} {}", column.rem_euclid(count)));
        }
    }
    cells
}

pub(crate) fn hash(world: World, parts: &[&str]) -> u64 {
    let mut hash = BASIS ^ u64::from(world.is_exercise()) ^ world.salt();
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0x1f])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(a: (f64, f64), b: (f64, f64)) -> bool {
        let (a, b) = (cells(a.0, a.1), cells(b.0, b.1));
        a.iter().any(|cell| b.contains(cell))
    }

    #[test]
    fn neighbours_share_a_cell_over_every_border_and_far_places_do_not() {
        for (a, b) in [
            ((9.99, 76.0), (10.01, 76.0)),
            ((0.5, 179.9), (-0.5, -179.9)),
            ((60.0, 29.0), (60.5, 32.0)),
            ((89.9, 0.0), (89.9, 180.0)),
            ((-89.0, 10.0), (-89.0, -170.0)),
        ] {
            assert!(share(a, b), "{a:?} {b:?}");
        }
        assert!(!share((10.0, 76.0), (20.0, 76.0)) && !share((10.0, 76.0), (10.0, 85.0)));
    }

    /// Stored keys stay good: this test may only change together with a new table in the store.
    #[test]
    fn keys_are_the_same_for_ever() {
        assert_eq!(hash(World::Real, &["place", "deaths"]), hash(World::Real, &["place", "deaths"]));
        let one = World::Exercise(crisislens_model::ExerciseId(uuid::Uuid::from_u128(1)));
        let worlds = [World::Real, World::Drill, one].map(|world| hash(world, &["place", "deaths"]));
        assert!(worlds[0] != worlds[1] && worlds[1] != worlds[2] && worlds[0] != worlds[2]);
        assert_eq!(cells(9.9, 76.2), ["4 125", "4 126", "5 125", "5 126"]);
    }
}

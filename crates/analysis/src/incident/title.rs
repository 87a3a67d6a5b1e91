//! What an incident is called: "Earthquake near Norcia, Italy", "Flood in Kerala, India".

use crisislens_model::{HazardType, Item, Location, Precision};

/// A title from an item's hazard and place.
pub(super) fn of(item: &Item) -> String {
    match &item.location {
        Some(place) => for_hazard(item.hazard.kind, place),
        None => item.title.clone().unwrap_or_else(|| item.hazard.kind.title().to_owned()),
    }
}

/// The same from its parts.
pub(super) fn for_hazard(kind: HazardType, place: &Location) -> String {
    let joint = if place.precision >= Precision::City { "near" } else { "in" };
    format!("{} {joint} {}", kind.title(), area(place))
}

/// The name of a place without the distance in front: "3km WSW of Pieve Torina, Italy" is Pieve Torina, Italy.
pub(super) fn area(place: &Location) -> &str {
    let name = place.name.trim();
    let is_distance =
        |text: &str| text.starts_with(|char: char| char.is_ascii_digit()) && text.contains("km");
    for joint in [" of ", " from "] {
        if let Some((before, after)) = name.split_once(joint)
            && is_distance(before)
        {
            return after;
        }
    }
    name
}

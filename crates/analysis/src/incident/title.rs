//! What an incident is called: "Earthquake near Norcia, Italy", "Flood in Kerala, India".

use crisislens_model::{HazardType, Item, Location, Precision};

/// A title from an item's hazard and place.
pub(super) fn of(item: &Item) -> String {
    match &item.location {
        Some(place) => for_hazard(item.hazard.kind, place),
        None => item.title.clone().unwrap_or_else(|| word(item.hazard.kind).to_owned()),
    }
}

/// The same from its parts.
pub(super) fn for_hazard(kind: HazardType, place: &Location) -> String {
    let joint = if place.precision >= Precision::City { "near" } else { "in" };
    format!("{} {joint} {}", word(kind), area(place))
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

fn word(kind: HazardType) -> &'static str {
    match kind {
        HazardType::Earthquake => "Earthquake",
        HazardType::Tsunami => "Tsunami",
        HazardType::Flood => "Flood",
        HazardType::TropicalCyclone => "Tropical cyclone",
        HazardType::Storm => "Storm",
        HazardType::Tornado => "Tornado",
        HazardType::Winter => "Winter weather",
        HazardType::Heat => "Extreme heat",
        HazardType::Drought => "Drought",
        HazardType::Wildfire => "Wildfire",
        HazardType::Volcano => "Volcanic activity",
        HazardType::Landslide => "Landslide",
        HazardType::Epidemic => "Outbreak",
        HazardType::Technological => "Technological accident",
        HazardType::Transport => "Transport accident",
        HazardType::Violence => "Violence",
        HazardType::Other | HazardType::None => "Incident",
    }
}

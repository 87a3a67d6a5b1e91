//! How far hazards reach in space and time. Figures are working values for a desk, not physics: wide enough that one
//! happening stays one incident, narrow enough that two countries' floods stay two.

use std::time::Duration;

use crisislens_model::{HazardType, Location, Precision};

/// Weight of a place that an authority names: it sets the middle, however many posts there are, and it shows later
/// that an authority has spoken.
pub(super) const OFFICIAL_WEIGHT: f64 = 100.0;
/// Weight of a point that anybody else gives.
pub(super) const POINT_WEIGHT: f64 = 0.4;
/// Weight of a town named in a text.
pub(super) const TOWN_WEIGHT: f64 = 0.2;
/// Weight of a first-level division's centre.
pub(super) const DIVISION_WEIGHT: f64 = 0.06;
/// Weight of a country's centre: a hint, soon outweighed.
pub(super) const VAGUE_WEIGHT: f64 = 0.004;

const DAY: Duration = Duration::from_secs(86_400);

/// How long after its last item (or before its first) an incident takes in another.
pub(super) fn window(hazard: HazardType) -> Duration {
    match hazard {
        HazardType::Flood | HazardType::Wildfire | HazardType::TropicalCyclone | HazardType::Volcano => {
            DAY * 7
        }
        HazardType::Drought | HazardType::Epidemic => DAY * 30,
        HazardType::Heat => DAY * 5,
        _ => DAY * 3,
    }
}

/// After so long without an item an incident is only watched, and after so long again it is closed: then it takes in nothing any more, but
/// for what carries its event's id.
pub(super) fn quiet(hazard: HazardType) -> [Duration; 2] {
    let window = window(hazard);
    [window / 2, window * 2]
}

/// How far from its middle an incident takes in an item.
pub(super) fn radius_km(hazard: HazardType, magnitude: Option<f64>) -> f64 {
    match hazard {
        // Felt reports and aftershocks reach farther with size: 150 km below 6, 300 km at 7, at most 450.
        HazardType::Earthquake => {
            (150.0 + magnitude.map_or(0.0, |magnitude| (magnitude - 6.0).max(0.0) * 150.0)).min(450.0)
        }
        HazardType::Tsunami => 800.0,
        HazardType::TropicalCyclone => 500.0,
        HazardType::Drought | HazardType::Heat | HazardType::Winter | HazardType::Epidemic => 400.0,
        HazardType::Flood => 200.0,
        HazardType::Storm => 250.0,
        HazardType::Tornado => 120.0,
        HazardType::Wildfire | HazardType::Volcano => 100.0,
        HazardType::Landslide => 80.0,
        HazardType::Technological | HazardType::Transport | HazardType::Violence => 60.0,
        HazardType::Other | HazardType::None => 100.0,
    }
}

/// How far an incident's middle may ever be from an item that it takes in, but for what is known by its country only.
pub(super) fn max_reach_km(hazard: HazardType) -> f64 {
    radius_km(hazard, Some(f64::MAX)) + slack_km(Precision::Admin1)
}

/// How far the place of an item may be from where the thing is.
pub(super) fn slack_km(precision: Precision) -> f64 {
    match precision {
        Precision::Point | Precision::City => 0.0,
        Precision::Admin1 | Precision::Country => 150.0,
    }
}

/// Countries of more than 1.5 million km², in which things of one kind go on in several places at once.
const VAST: [&str; 17] =
    ["RU", "CA", "CN", "US", "BR", "AU", "IN", "AR", "KZ", "DZ", "CD", "SA", "MX", "ID", "SD", "LY", "IR"];

/// Whether nothing nearer is known than such a country.
pub(super) fn is_vast_country(place: Option<&Location>) -> bool {
    place.is_some_and(|place| {
        place.precision == Precision::Country
            && place.country.as_deref().is_some_and(|country| VAST.contains(&country))
    })
}

/// Whether an item of `item` may belong to an incident of `incident` though they differ: a cyclone brings the rest.
pub(super) fn related(item: HazardType, incident: HazardType) -> bool {
    incident == HazardType::TropicalCyclone
        && matches!(item, HazardType::Storm | HazardType::Flood | HazardType::Tornado)
        || (incident == HazardType::Earthquake && item == HazardType::Tsunami)
}

//! The point that a text gives, held against the places that it names.
//!
//! A place that is named near it, or in which it lies, gives it the name, be it only the second that the name may mean. Where the text
//! names another place, coordinates that are explicit are what is meant, less surely, and the name is told as a reason; two bare
//! numbers may be anything, or stand the other way round: there the name holds.

use crisislens_model::place::{distance_km, on_the_globe};
use crisislens_model::{Location, Precision, Stated};

use super::coordinates::Given;
use super::gazetteer::Gazetteer;
use super::stated;

/// As near as this a named place is the same.
const SAME_KM: f64 = 161.0;
/// A bare pair must lie as near as this to a town, unless a place is named.
const NEAR_LAND_KM: f64 = 100.0;

/// What was made of a text's coordinates.
pub(crate) enum Point {
    /// The text is about this point.
    Taken(Location),
    /// They do not fit the named place: why.
    Refused(String),
}

/// What `given` says of a text of which the places that it names say that it is about `read`.
pub(crate) fn settle(gazetteer: &Gazetteer, given: Given, read: Option<&Location>) -> Option<Point> {
    let point = (given.lat, given.lon);
    let Some(read) = read else {
        let is_near = given.explicit || gazetteer.nearest_city(point, NEAR_LAND_KM).is_some();
        let sure = if given.explicit { 0.95 } else { 0.85 };
        return if is_near { alone(gazetteer, point, sure, &given).map(Point::Taken) } else { None };
    };
    if let Some(location) = named(gazetteer, point, read, &given) {
        return Some(Point::Taken(location));
    }
    let swapped = (given.lon, given.lat);
    if !given.ordered
        && on_the_globe(swapped.0, swapped.1)
        && let Some(mut location) = named(gazetteer, swapped, read, &given)
    {
        location.why.push("the longitude stands first in the text".to_owned());
        return Some(Point::Taken(location));
    }
    let km = distance_km(point, (read.lat, read.lon));
    if !given.explicit {
        let (lat, lon) = point;
        return Some(Point::Refused(format!(
            "{lat}, {lon} in the text lies {km:.0} km away and is not taken"
        )));
    }
    let mut location = alone(gazetteer, point, 0.6, &given)?;
    location.why.push(format!("the text names {}, too, {km:.0} km away", read.name));
    Some(Point::Taken(location))
}

/// The point by the name of the place that `read` says or may say, where that is near or around it.
fn named(gazetteer: &Gazetteer, point: (f64, f64), read: &Location, given: &Given) -> Option<Location> {
    let here = alone(gazetteer, point, 0.97, given)?;
    let far = |lat: f64, lon: f64| distance_km(point, (lat, lon));
    let others = read.alternatives.iter().map(|other| (&other.name, other.lat, other.lon));
    let near = std::iter::once((&read.name, read.lat, read.lon))
        .chain(others)
        .map(|(name, lat, lon)| (name, far(lat, lon)))
        .find(|(_, km)| *km <= SAME_KM);
    let is_around = read.country == here.country
        && here.country.is_some()
        && match read.precision {
            Precision::Country => true,
            Precision::Admin1 => read.admin1 == here.admin1,
            Precision::City | Precision::Point => false,
        };
    let mut location = here;
    match near {
        Some((name, km)) if read.precision != Precision::Country => {
            location.why.push(format!("names {name}, {km:.0} km away"));
            location.name.clone_from(name);
        }
        _ if is_around => location.why.push(format!("names {}, in which it lies", read.name)),
        _ => return None,
    }
    Some(location)
}

fn alone(gazetteer: &Gazetteer, (lat, lon): (f64, f64), confidence: f64, given: &Given) -> Option<Location> {
    let stated = Stated { lat: Some(lat), lon: Some(lon), ..Stated::default() };
    let mut location = stated::point(gazetteer, &stated, "the text")?;
    let how = if given.explicit {
        "coordinates in the text"
    } else {
        "two numbers in the text that are coordinates"
    };
    if let Some(first) = location.why.first_mut() {
        *first = format!("{how}: {lat}, {lon}");
    }
    Some(Location { confidence, ..location })
}

//! Places that the source states: coordinates win over everything read from the text.

use crisislens_model::place::on_the_globe;
use crisislens_model::{Location, Precision, Stated};

use super::gazetteer::{Gazetteer, Kind, Place};

/// A point this near to a town belongs to the town's country.
const NEAREST_LIMIT_KM: f64 = 100.0;

/// The stated point, named and put into its country as far as the source or the gazetteer can tell.
pub(crate) fn point(gazetteer: &Gazetteer, stated: &Stated, source: &str) -> Option<Location> {
    let (lat, lon) = (stated.lat?, stated.lon?);
    if !on_the_globe(lat, lon) {
        return None;
    }
    let mut why = vec![format!("coordinates stated by {source}")];
    let named = stated.place.as_deref().and_then(|name| area_of(gazetteer, name));
    let nearest = gazetteer.nearest_city((lat, lon), NEAREST_LIMIT_KM);
    let country = stated.country.clone().or_else(|| {
        if let Some(place) = &named {
            why.push(format!("country from the place's name ({})", place.name));
            return Some(place.country_code());
        }
        nearest.map(|(city, km)| {
            why.push(format!("country of {}, {km:.0} km away", city.name));
            city.country_code()
        })
    });
    let agrees = |place: &Place| country.as_deref() == Some(place.country_code().as_str());
    let admin1 =
        named.filter(|place| agrees(place)).and_then(|place| gazetteer.admin_name(&place)).or_else(|| {
            nearest.filter(|(city, _)| agrees(city)).and_then(|(city, _)| gazetteer.admin_name(&city))
        });
    let name = match stated.place.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => nearest.map_or_else(
            || format!("{lat:.2}, {lon:.2}"),
            |(city, km)| format!("{km:.0} km from {}", city.name),
        ),
    };
    Some(Location {
        name,
        lat,
        lon,
        country,
        admin1: admin1.map(str::to_owned),
        precision: Precision::Point,
        confidence: 1.0,
        why,
        alternatives: Vec::new(),
    })
}

/// The country or division that ends a place's name: "3km WSW of Pieve Torina, Italy", "8 km N of Ridgecrest, CA".
pub(crate) fn area_of(gazetteer: &Gazetteer, name: &str) -> Option<Place> {
    let last = name.rsplit([',', ';']).next()?.trim();
    let key = crate::gazetteer_key(last);
    if last.len() == 2 && last.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let state = gazetteer.lookup(&format!("us {key}")).next();
        if let Some(place) = state.and_then(|entry| gazetteer.place(entry.place)) {
            return Some(place);
        }
    }
    let mut areas: Vec<Place> = gazetteer
        .lookup(&key)
        .filter_map(|entry| gazetteer.place(entry.place))
        .filter(|place| place.kind != Kind::City)
        .collect();
    // "…, Georgia" is the state only where a comma puts a town before it in USGS style; countries come first else.
    areas.sort_by_key(|place| std::cmp::Reverse(place.kind));
    areas.first().copied()
}

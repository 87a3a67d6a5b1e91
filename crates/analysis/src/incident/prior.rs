//! What goes on in the countries that a name may lie in: "Valencia is flooded" is said of the Valencia where there is a flood.

use crisislens_model::place::distance_km;
use crisislens_model::{Incident, Item, Location};

use super::wording::{self, Wording};
use super::{fit, is_followed, is_one_world, is_vague};
use crate::CountryPrior;
use crate::place::prior::{BESIDE, MOST};

/// What an incident there gives by itself, in powers of ten of people …
const HERE: f64 = 0.4;
/// … where an authority speaks of it …
const AUTHORITY: f64 = 0.5;
/// … where all telling words of the item are its own …
const WORDS: f64 = 0.3;
/// … and where it has many items, by the logarithm of their number.
const SIZE: f64 = 0.1;
const MOST_SIZE: f64 = 0.2;

/// How much the incidents `open` speak for each of `places`, and for the countries in which they lie: what `item` names may be any of
/// these. Only what the item would join, were it there, counts; of several incidents of a place the one that speaks most for it. In one
/// country the place where something goes on goes before its namesakes; of an incident that is known by its country only nobody can
/// tell which of them is meant.
#[must_use]
pub fn country_prior(item: &Item, places: &[Location], open: &[Incident]) -> CountryPrior {
    let mut found: Vec<(usize, &Incident)> = Vec::new();
    let mut there = item.clone();
    for incident in open.iter().filter(|incident| is_one_world(incident, item) && is_followed(incident)) {
        let mut fitting: Vec<usize> = Vec::new();
        for (index, place) in places.iter().enumerate().filter(|(_, place)| place.country.is_some()) {
            there.location = Some(place.clone());
            if fit(&there, incident, false).is_some() {
                fitting.push(index);
            }
        }
        found.extend(nearest(places, &fitting, incident).into_iter().map(|index| (index, incident)));
    }
    let words = if found.len() > 1 { wording::words(item) } else { Default::default() };
    let candidates: Vec<&Incident> = found.iter().map(|(_, incident)| *incident).collect();
    let wording = Wording::new(&words, &candidates);
    let mut weights: Vec<Option<f64>> = vec![None; places.len()];
    for (index, incident) in found {
        let size = (SIZE * crate::linear::number::ln(1.0 + incident.item_count as f64)).min(MOST_SIZE);
        let authority = if incident.voices.official > 0 { AUTHORITY } else { 0.0 };
        let weight = HERE + authority + WORDS * wording.speaks_for(incident).0 + size;
        weights[index] = Some(weights[index].map_or(weight, |known| known.max(weight)));
    }
    give(places, &weights)
}

/// What is known of an item that is in `home`: it is there, and of `places` of one country in the one nearest to it.
#[must_use]
pub fn home_prior(home: &Incident, places: &[Location]) -> CountryPrior {
    let Some(country) = home.country.as_deref() else { return CountryPrior::default() };
    let mut prior = CountryPrior::sure(country);
    let same: Vec<usize> =
        (0..places.len()).filter(|at| places[*at].country.as_deref() == Some(country)).collect();
    if same.len() < 2 || home.centre.is_none_or(|centre| is_vague(&centre)) {
        return prior;
    }
    let chosen = nearest(places, &same, home);
    for at in same {
        let weight = if chosen.contains(&at) { MOST } else { MOST - BESIDE };
        prior.give_place(&places[at], weight, false);
        prior.give_namesakes(&places[at], MOST - BESIDE);
    }
    prior
}

/// Of places in which an incident may be, one of each country: the nearest, or the likeliest where nobody knows where in the country it
/// is.
fn nearest(places: &[Location], fitting: &[usize], incident: &Incident) -> Vec<usize> {
    let centre = incident.centre.filter(|centre| !is_vague(centre));
    let km = |at: usize| {
        centre.map_or(0.0, |centre| distance_km((places[at].lat, places[at].lon), (centre.lat, centre.lon)))
    };
    let is_chosen = |at: usize| {
        let mut others =
            fitting.iter().filter(|other| **other != at && places[**other].country == places[at].country);
        others.all(|other| km(at) < km(*other) || (km(at) <= km(*other) && at < *other))
    };
    fitting.iter().copied().filter(|at| is_chosen(*at)).collect()
}

/// The prior of `places` with what speaks for each.
fn give(places: &[Location], weights: &[Option<f64>]) -> CountryPrior {
    let mut prior = CountryPrior::default();
    for (place, weight) in places.iter().zip(weights) {
        let Some(country) = place.country.as_deref() else { continue };
        let here = places.iter().zip(weights).filter(|(other, _)| other.country == place.country);
        let most = here.filter_map(|(_, weight)| *weight).fold(f64::NEG_INFINITY, f64::max);
        match weight {
            Some(weight) => {
                prior.give(country, *weight);
                prior.give_place(place, *weight, true);
                prior.give_namesakes(place, most - BESIDE);
            }
            None if most.is_finite() => prior.give_place(place, most - BESIDE, false),
            None => {}
        }
    }
    prior
}

//! What is known of countries and of single places besides the text: where something goes on that a text may speak of.

use std::collections::BTreeMap;

use crisislens_model::Location;

use super::gazetteer::Place;

/// Most that a country is given: a factor of 25 in people.
pub const MOST: f64 = 1.4;
/// How much less a namesake in the same country is given than the one where something goes on: more than rivals are apart.
pub const BESIDE: f64 = 1.1;
/// Places whose coordinates differ by less than these degrees are one.
const SAME: f64 = 0.001;

/// A place that a name may mean, with what it is given.
#[derive(Debug, Clone, PartialEq)]
struct Spot {
    name: String,
    lat: f64,
    lon: f64,
    weight: f64,
    /// Something goes on there.
    active: bool,
}

/// How much names that may lie in a country are believed more, in powers of ten of people, by country; and what single places of such
/// a name are given instead.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CountryPrior {
    countries: BTreeMap<[u8; 2], f64>,
    places: Vec<Spot>,
    /// Other places of a name in a country.
    namesakes: Vec<([u8; 2], String, f64)>,
}

impl CountryPrior {
    /// Gives `country`, ISO 3166-1 alpha-2, at least `weight`, and never more than [`MOST`]; what is no such code is given nothing.
    pub fn give(&mut self, country: &str, weight: f64) {
        let Some(code) = crate::country_bytes(country) else { return };
        let weight = weight.clamp(0.0, MOST);
        self.countries.entry(code).and_modify(|known| *known = known.max(weight)).or_insert(weight);
    }

    /// Gives one place `weight` instead of what its country is given; `active` where something goes on there.
    pub fn give_place(&mut self, place: &Location, weight: f64, active: bool) {
        let Location { name, lat, lon, .. } = place.clone();
        self.places.push(Spot { name, lat, lon, weight: weight.clamp(-BESIDE, MOST), active });
    }

    /// Gives all other places of the name of `place` in its country `weight`.
    pub fn give_namesakes(&mut self, place: &Location, weight: f64) {
        let Some(code) = place.country.as_deref().and_then(crate::country_bytes) else { return };
        let name = place.name.split(", ").next().unwrap_or_default().to_owned();
        self.namesakes.push((code, name, weight.clamp(-BESIDE, MOST)));
    }

    /// This place, with all that is given at most, before its namesakes wherever.
    pub(crate) fn only(place: &Location) -> Self {
        let mut prior = place.country.as_deref().map(Self::sure).unwrap_or_default();
        prior.give_place(place, MOST, false);
        prior.give_namesakes(place, MOST - BESIDE);
        prior
    }

    /// One country, with all that is given at most.
    #[must_use]
    pub fn sure(country: &str) -> Self {
        let mut prior = Self::default();
        prior.give(country, MOST);
        prior
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.countries.is_empty() && self.places.is_empty()
    }

    /// What is given to a place.
    pub(crate) fn of(&self, place: &Place) -> f64 {
        let own = self.places.iter().find(|spot| is_at(spot, place.lat, place.lon)).map(|spot| spot.weight);
        let namesake = || {
            let mut known = self.namesakes.iter();
            known
                .find(|(code, name, _)| *code == place.country && name == place.name)
                .map(|(.., weight)| *weight)
        };
        own.or_else(namesake).or_else(|| self.countries.get(&place.country).copied()).unwrap_or_default()
    }

    /// What it says of `taken`, for a person; `decided` where another place were taken without it.
    pub(crate) fn reason(&self, taken: &Location, decided: bool) -> Option<String> {
        let name = &taken.name;
        let active: Vec<&Spot> = self.places.iter().filter(|spot| spot.active).collect();
        let list = active.iter().map(|spot| spot.name.as_str()).collect::<Vec<_>>().join(" and in ");
        let is_there = active.iter().any(|spot| is_at(spot, taken.lat, taken.lon));
        Some(match (active.len(), decided) {
            (0, true) => format!("of places of this name, {name} is where its incident is"),
            (0, false) => return None,
            (1, true) if is_there => format!("of places of this name, something goes on in {list}"),
            (1, _) if is_there => {
                format!("it is the likeliest of its name by itself; something goes on in {list}, too")
            }
            (_, true) => {
                format!("of places of this name, something goes on in {list}; most speaks for {name}")
            }
            (1, false) => format!("something goes on in {list}, but {name} is far likelier of this name"),
            (_, false) => {
                format!(
                    "something goes on in {list}, which does not decide: {name} is the likeliest of its name"
                )
            }
        })
    }
}

fn is_at(spot: &Spot, lat: f64, lon: f64) -> bool {
    (spot.lat - lat).abs() < SAME && (spot.lon - lon).abs() < SAME
}

//! What goes on in the countries that a name may lie in: "Valencia is flooded" is said of the Valencia where there is a flood.

use crisislens_model::{Incident, Item, Location};

use super::wording::{self, Wording};
use super::{fit, is_followed, is_one_world};
use crate::CountryPrior;

/// What an incident there gives by itself, in powers of ten of people …
const HERE: f64 = 0.4;
/// … where an authority speaks of it …
const AUTHORITY: f64 = 0.5;
/// … where all telling words of the item are its own …
const WORDS: f64 = 0.3;
/// … and where it has many items, by the logarithm of their number.
const SIZE: f64 = 0.1;
const MOST_SIZE: f64 = 0.2;

/// How much the incidents `open` speak for each country in which `places` lie: what `item` names may be any of these. Only what the
/// item would join, were it there, counts; of several incidents of a country the one that speaks most for it.
#[must_use]
pub fn country_prior(item: &Item, places: &[Location], open: &[Incident]) -> CountryPrior {
    let mut prior = CountryPrior::default();
    let mut found: Vec<(&str, &Incident)> = Vec::new();
    let mut there = item.clone();
    for place in places {
        let Some(country) = place.country.as_deref() else { continue };
        there.location = Some(place.clone());
        let fitting = open
            .iter()
            .filter(|incident| is_one_world(incident, item) && is_followed(incident))
            .filter(|incident| fit(&there, incident, false).is_some());
        found.extend(fitting.map(|incident| (country, incident)));
    }
    let words = if found.len() > 1 { wording::words(item) } else { Default::default() };
    let candidates: Vec<&Incident> = found.iter().map(|(_, incident)| *incident).collect();
    let wording = Wording::new(&words, &candidates);
    for (country, incident) in found {
        let size = (SIZE * crate::linear::number::ln(1.0 + incident.item_count as f64)).min(MOST_SIZE);
        let authority = if incident.voices.official > 0 { AUTHORITY } else { 0.0 };
        prior.give(country, HERE + authority + WORDS * wording.speaks_for(incident).0 + size);
    }
    prior
}

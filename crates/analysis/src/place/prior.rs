//! What is known of countries besides the text: where something goes on that a text may speak of.

use std::collections::BTreeMap;

/// Most that a country is given: a factor of 25 in people.
pub const MOST: f64 = 1.4;

/// How much names that may lie in a country are believed more, in powers of ten of people, by country.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CountryPrior(BTreeMap<[u8; 2], f64>);

impl CountryPrior {
    /// Gives `country`, ISO 3166-1 alpha-2, at least `weight`, and never more than [`MOST`]; what is no such code is given nothing.
    pub fn give(&mut self, country: &str, weight: f64) {
        let Some(code) = crate::country_bytes(country) else { return };
        let weight = weight.clamp(0.0, MOST);
        self.0.entry(code).and_modify(|known| *known = known.max(weight)).or_insert(weight);
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
        self.0.is_empty()
    }

    /// Whether it speaks for a country.
    pub(crate) fn gives(&self, country: &str) -> bool {
        crate::country_bytes(country).is_some_and(|code| self.of(code) > 0.0)
    }

    /// What is given to a country.
    pub(crate) fn of(&self, country: [u8; 2]) -> f64 {
        self.0.get(&country).copied().unwrap_or_default()
    }
}

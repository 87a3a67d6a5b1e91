//! Where an item is: the stated point, the stated area, the text's coordinates, the places that the text names.

use crisislens_model::{Language, Location, RawItem};

use crate::place::given::{self, Point};
use crate::place::resolve::{self, About, Hints};
use crate::place::{self, Given, Mention};
use crate::text::{Clean, Doc};
use crate::{Analyzer, CountryPrior, country_bytes};

impl Analyzer {
    /// The stated point, else the point or the place that title, text and stated area give; with it where else the name nearly may be.
    pub(crate) fn locate(
        &self,
        raw: &RawItem,
        given: Option<Given>,
        mentions: &[Mention],
        language: &Language,
        prior: &CountryPrior,
    ) -> (Option<Location>, Vec<Location>) {
        let gazetteer = &self.gazetteer;
        let stated = raw.stated.as_ref();
        if let Some(point) = stated.and_then(|stated| place::stated::point(gazetteer, stated, &raw.source)) {
            return (Some(point), Vec::new());
        }
        let hints = hints(raw, language, prior);
        let country = hints.country;
        if let Some(name) = stated.and_then(|stated| stated.place.as_deref()) {
            let doc = Doc::new(Clean::new(None, name), |_| false);
            let named = place::mention::find(gazetteer, None, &doc, &[]);
            let meanings = resolve::meanings(gazetteer, &named, hints);
            if let Some(About { mut location, rivals }) = resolve::about(gazetteer, &named, &meanings)
                && (country.is_none() || location.country == stated.and_then(|stated| stated.country.clone()))
            {
                location.why.insert(0, format!("area stated by {}", raw.source));
                location.confidence = location.confidence.max(0.85);
                return (Some(location), unless(country, rivals));
            }
        }
        let mut read = self.told(mentions, hints);
        let is_within = |place: &Location| {
            country.is_none_or(|code| place.country.as_deref().and_then(country_bytes) == Some(code))
        };
        let named = read.as_ref().map(|about| &about.location).filter(|place| is_within(place));
        match given.and_then(|given| given::settle(gazetteer, given, named)) {
            Some(Point::Taken(point)) if is_within(&point) => return (Some(point), Vec::new()),
            Some(Point::Refused(why)) => {
                read.iter_mut().for_each(|about| about.location.why.push(why.clone()))
            }
            _ => {}
        }
        let Some(code) = country else {
            return read.map_or_else(Default::default, |about| (Some(about.location), about.rivals));
        };
        // A stated country holds; a place read elsewhere does not.
        match read {
            Some(About { location, .. }) if is_within(&location) => (Some(location), Vec::new()),
            _ => {
                let stated = gazetteer.country(code).map(|country| {
                    let why = vec![format!("country stated by {}", raw.source)];
                    resolve::location(gazetteer, &country, 0.9, why)
                });
                (stated, Vec::new())
            }
        }
    }

    /// The place that the names say; where they may say several, with what is known besides.
    fn told(&self, mentions: &[Mention], hints: Hints<'_>) -> Option<About> {
        let about = |hints: Hints<'_>| {
            let meanings = resolve::meanings(&self.gazetteer, mentions, hints);
            resolve::about(&self.gazetteer, mentions, &meanings)
        };
        let mut read = about(hints)?;
        if let Some(prior) = hints.prior.filter(|_| !read.location.alternatives.is_empty()) {
            let by_itself = about(Hints { prior: None, ..hints });
            let decided = by_itself.is_none_or(|other| other.location.name != read.location.name);
            read.location.why.extend(prior.reason(&read.location, decided));
        }
        Some(read)
    }
}

/// Where a country is stated, nothing else is thought of.
fn unless(country: Option<[u8; 2]>, rivals: Vec<Location>) -> Vec<Location> {
    if country.is_some() { Vec::new() } else { rivals }
}

/// What the source states of the country, and the language where it is sure.
pub(crate) fn hints<'a>(raw: &RawItem, language: &'a Language, prior: &'a CountryPrior) -> Hints<'a> {
    let country = raw.stated.as_ref().and_then(|stated| stated.country.as_deref()).and_then(country_bytes);
    let language = (language.confidence >= 0.5).then_some(language.code.as_str());
    Hints { country, language, prior: Some(prior).filter(|prior| !prior.is_empty()) }
}

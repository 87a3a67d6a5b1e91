//! What filters look at, kept beside each routed event.

use std::borrow::Cow;

use crisislens_model::filter::{ItemFacts, PlaceFact};
use crisislens_model::incident::Centre;
use crisislens_model::{ExerciseId, HazardType, IncidentId, ItemFilter, Severity};

/// What a filter can ask of an event.
#[derive(Debug, Clone)]
pub enum Facts {
    /// Nothing: the event reaches everybody in its rooms.
    Free,
    /// An item's.
    Item(Box<ItemFacts<'static>>),
    /// An incident's or an alert's.
    Happening(Happening),
    /// A claim's.
    Saying(Saying),
}

/// The part of a claim that a filter applies to. It has no source, status or severity of an item, so that conditions on these keep it out.
#[derive(Debug, Clone)]
pub struct Saying {
    /// Of which incident, where known.
    pub incident: Option<IncidentId>,
    /// What sort of hazard its items speak of.
    pub hazard: HazardType,
    /// ISO 3166-1 alpha-2, where known.
    pub country: Option<String>,
    /// Latitude and longitude in degrees, where known.
    pub point: Option<(f64, f64)>,
    /// The risk, where it is said.
    pub risk_score: Option<f64>,
    /// In earnest, or of which exercise.
    pub played: Played,
}

/// Whether something is part of an exercise, and of which.
#[derive(Debug, Clone, Copy, Default)]
pub enum Played {
    /// It is meant in earnest.
    #[default]
    No,
    /// Of this one; none where nobody has started it.
    In(Option<ExerciseId>),
    /// Of one that is not said: every one will do.
    Somewhere,
}

impl Played {
    /// Of what says both.
    #[must_use]
    pub fn of(exercise: bool, id: Option<ExerciseId>) -> Self {
        if exercise { Self::In(id) } else { Self::No }
    }

    fn pass(self, filter: &ItemFilter) -> bool {
        filter.exercise.is_none_or(|wanted| wanted != matches!(self, Self::No))
            && filter.exercise_id.is_none_or(|wanted| match self {
                Self::No => false,
                Self::In(id) => id == Some(wanted),
                Self::Somewhere => true,
            })
    }
}

/// The part of an incident or alert that a filter applies to. Conditions on an item's status and time let it pass.
#[derive(Debug, Clone)]
pub struct Happening {
    /// Which.
    pub incident: IncidentId,
    /// What sort.
    pub hazard: HazardType,
    /// ISO 3166-1 alpha-2, where known.
    pub country: Option<String>,
    /// How bad.
    pub severity: Severity,
    /// Middle of the area, where known.
    pub centre: Option<Centre>,
    /// Who has told of it, in order; none where that is not said, and then every source will do.
    pub sources: Option<Vec<String>>,
    /// The risk, where it is said.
    pub risk_score: Option<f64>,
    /// In earnest, or of which exercise.
    pub played: Played,
}

impl Facts {
    /// An item's facts, freed from the text they were read from.
    #[must_use]
    pub fn item(facts: ItemFacts<'_>) -> Self {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let place = |place: PlaceFact<'_>| PlaceFact {
            lat: place.lat,
            lon: place.lon,
            country: place.country.map(own),
        };
        Self::Item(Box::new(ItemFacts {
            status: facts.status,
            source: own(facts.source),
            source_kind: facts.source_kind,
            hazard: facts.hazard,
            location: facts.location.map(place),
            severity: facts.severity,
            risk_score: facts.risk_score,
            timestamp: facts.timestamp,
            incident_id: facts.incident_id,
            exercise: facts.exercise,
            exercise_id: facts.exercise_id,
        }))
    }

    /// Whether `filter` lets the event through.
    #[must_use]
    pub fn pass(&self, filter: &ItemFilter) -> bool {
        match self {
            Self::Free => true,
            Self::Item(facts) => filter.matches(facts),
            Self::Happening(happening) => happening.pass(filter),
            Self::Saying(saying) => saying.pass(filter),
        }
    }
}

impl Saying {
    fn pass(&self, filter: &ItemFilter) -> bool {
        filter.source.is_empty()
            && filter.status.is_empty()
            && filter.severity.is_empty()
            && (filter.hazard.is_empty() || filter.hazard.contains(&self.hazard))
            && (filter.country.is_empty()
                || self.country.as_ref().is_some_and(|code| filter.country.contains(code)))
            && filter.bbox.is_none_or(|bbox| self.point.is_some_and(|(lat, lon)| bbox.contains(lat, lon)))
            && filter.incident.is_none_or(|incident| self.incident == Some(incident))
            && self.played.pass(filter)
            && filter.min_risk.is_none_or(|least| self.risk_score.is_some_and(|risk| risk >= least))
            && filter.max_risk.is_none_or(|most| self.risk_score.is_none_or(|risk| risk <= most))
    }
}

impl Happening {
    fn pass(&self, filter: &ItemFilter) -> bool {
        let country = |wanted: &String| self.country.as_ref() == Some(wanted);
        (filter.hazard.is_empty() || filter.hazard.contains(&self.hazard))
            && (filter.severity.is_empty() || filter.severity.contains(&self.severity))
            && (filter.country.is_empty() || filter.country.iter().any(country))
            && filter
                .bbox
                .is_none_or(|bbox| self.centre.is_some_and(|centre| bbox.contains(centre.lat, centre.lon)))
            && (filter.source.is_empty()
                || self
                    .sources
                    .as_ref()
                    .is_none_or(|told| filter.source.iter().any(|source| told.binary_search(source).is_ok())))
            && filter.incident.is_none_or(|incident| incident == self.incident)
            && self.played.pass(filter)
            && filter.min_risk.is_none_or(|least| self.risk_score.is_none_or(|risk| risk >= least))
            && filter.max_risk.is_none_or(|most| self.risk_score.is_none_or(|risk| risk <= most))
    }
}
